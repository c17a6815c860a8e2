namespace CargoWasi;

/// <summary>The hornet command that runs what is built.</summary>
static class Hornet
{
    /// <summary>Options that <c>cargo wasi</c> hands to the runner, separated by <see cref="Separator"/>.</summary>
    public const string OptionsVariable = "CARGO_WASI_HORNET_OPTIONS";
    public const char Separator = '\x1f';

    /// <summary>HORNET, the executable beside this one, or the one on the path; null where there is none.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("HORNET") is { Length: > 0 } own) return own;
        if (Path.GetDirectoryName(Environment.ProcessPath) is { } directory)
        {
            string beside = Path.Combine(directory, OperatingSystem.IsWindows() ? "hornet.exe" : "hornet");
            if (File.Exists(beside)) return beside;
        }
        return ChildProcess.Find("hornet");
    }

    /// <summary>As <see cref="Find"/>, or an error that says where it was looked for.</summary>
    public static string Require() => Find() ?? throw new UsageException("the 'hornet' command was not found",
        "put it beside cargo-wasi or on the path, or name it in the environment variable HORNET");

    /// <summary>The Rust targets that this hornet runs. Without one, those that every hornet runs: a build needs no runner.</summary>
    public static IReadOnlyCollection<string> RunnableTargets(string? hornet)
    {
        string? listed = hornet is null ? null : ChildProcess.Output(hornet, "targets");
        return listed is null ? ["wasm32-wasip1", "wasm32-wasi"] : listed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>
    /// What Cargo starts for each program, test and benchmark: <c>cargo-wasi runner FILE ARGS</c> becomes <c>hornet run</c> with the
    /// capabilities that the package asks for. The working directory and the package's own are granted; of the environment, what
    /// Cargo and Rust's own libraries read.
    /// </summary>
    public static int Run(IReadOnlyList<string> words)
    {
        if (words.Count == 0) throw new UsageException("cargo-wasi runner needs a FILE", "Cargo starts it; see docs/cargo-wasi.md");
        string? package = Environment.GetEnvironmentVariable("CARGO_MANIFEST_DIR");
        PackageSettings settings = PackageSettings.Read(package is null ? null : Path.Combine(package, "Cargo.toml"));
        List<string> options = ["run", "--dir", "."];
        // Tests name their data by absolute paths made from CARGO_MANIFEST_DIR at compile time.
        foreach (string? directory in (string?[])[package, Environment.GetEnvironmentVariable("CARGO_TARGET_TMPDIR")])
            if (directory is not null && Directory.Exists(directory)) options.AddRange(["--dir", $"{directory}::{directory}"]);
        foreach (string dir in settings.Dirs) options.AddRange(["--dir", dir]);
        if (settings.InheritEnv) options.AddRange(["-S", "inherit-env=y"]);
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal))
        {
            bool known = name.StartsWith("RUST_", StringComparison.Ordinal) || name.StartsWith("CARGO_PKG_", StringComparison.Ordinal) || name.StartsWith("CARGO_MANIFEST_", StringComparison.Ordinal);
            if (known && !settings.InheritEnv) options.AddRange(["--env", name]);
        }
        foreach ((string name, string value) in settings.Env) options.AddRange(["--env", $"{name}={value}"]);
        options.AddRange(settings.HornetArgs);
        if (Environment.GetEnvironmentVariable(OptionsVariable) is { Length: > 0 } given) options.AddRange(given.Split(Separator));
        return ChildProcess.Become(Require(), [.. options, .. words]);
    }
}
