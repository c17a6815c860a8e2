namespace CargoWasi;

/// <summary>One run of Cargo for a WASI target, and what follows it.</summary>
sealed class Build(Invocation invocation, Shell shell)
{
    public int Run()
    {
        string directory = invocation.ManifestPath is { } path ? Path.GetDirectoryName(Path.GetFullPath(path))! : Environment.CurrentDirectory;
        PackageSettings settings = PackageSettings.Read(invocation.ManifestPath ?? PackageSettings.FindManifest(directory));
        foreach (string warning in settings.Warnings) shell.Warning(warning);
        foreach (string name in (string[])["WASM_BINDGEN", "CARGO_WASI_UPDATE_CHECK"])
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 }) shell.Warning($"${name} has no meaning any more: cargo-wasi neither runs wasm-bindgen nor downloads anything");

        string? hornet = invocation.Command.Runs ? Hornet.Require() : Hornet.Find();
        Toolchain toolchain = Toolchain.Ask(invocation.Toolchain);
        string target = toolchain.Choose(invocation.Target ?? settings.Target ?? WasiTargetOfEnvironment(), Hornet.RunnableTargets(hornet), hornet ?? "hornet");

        Dictionary<string, string> environment = [];
        List<string> words = Program.CargoWords(invocation, target);
        if (invocation.Command.Runs) SetRunner(target, toolchain, directory, environment, words);
        if (invocation.RunnerOptions.Count > 0) environment[Hornet.OptionsVariable] = string.Join(Hornet.Separator, invocation.RunnerOptions);
        if (invocation.Verbose) shell.Status("Running", $"`{toolchain.Cargo} {string.Join(' ', words)}`");

        List<Artifact> artifacts = [];
        int code;
        if (invocation is { JsonMessages: true, Command.Links: true })
        {
            // The user's tool reads these messages: they pass as they come, and are read on the way.
            using StreamWriter output = new(Console.OpenStandardOutput()) { AutoFlush = true };
            code = ChildProcess.Run(toolchain.Cargo, words, line =>
            {
                output.WriteLine(line);
                Artifact.Collect(line, artifacts);
            }, environment);
        }
        else
        {
            code = ChildProcess.Run(toolchain.Cargo, words, environment);
            // Everything is fresh now: asking again costs milliseconds, and the first run had the terminal to itself.
            if (code == 0 && invocation.Command.Links) ChildProcess.Run(toolchain.Cargo, WithJsonMessages(words), line => Artifact.Collect(line, artifacts), environment, dropErrors: true);
        }
        if (code != 0) return code;
        Finisher finisher = new(shell, hornet, invocation.Verbose, invocation.Quiet);
        foreach (Artifact artifact in artifacts) finisher.Finish(artifact);
        return 0;
    }

    // A target in Cargo's environment is the user's choice too, where it is one for WASI.
    static string? WasiTargetOfEnvironment() =>
        Environment.GetEnvironmentVariable("CARGO_BUILD_TARGET") is { } target && target.Contains("wasi", StringComparison.Ordinal) ? target : null;

    void SetRunner(string target, Toolchain toolchain, string directory, Dictionary<string, string> environment, List<string> words)
    {
        if (CargoConfiguration.UsersRunner(target, toolchain.Rustc, directory) is { } where)
        {
            if (invocation.Verbose) shell.Status("Runner", $"as set in {where}");
            if (invocation.RunnerOptions.Count > 0) shell.Warning($"{string.Join(' ', invocation.RunnerOptions)} has no effect: {where} sets a runner of its own");
            return;
        }
        string self = Environment.ProcessPath ?? throw new UsageException("this program's own path is unknown");
        // Cargo splits the variable at white space; a path that has some goes through an option, which takes a list.
        if (!self.Any(char.IsWhiteSpace)) environment[CargoConfiguration.RunnerVariable(target)] = self + " runner";
        else words.InsertRange(invocation.Toolchain is null ? 1 : 2, ["--config", $"target.{target}.runner=['{self}', 'runner']"]);
    }

    static List<string> WithJsonMessages(List<string> words)
    {
        List<string> json = [];
        int end = words.IndexOf("--");
        if (end < 0) end = words.Count;
        for (int i = 0; i < end; i++)
        {
            if (words[i] == "--message-format") i++;
            else json.Add(words[i]);
        }
        return [.. json, "--message-format", "json", .. words[end..]];
    }
}
