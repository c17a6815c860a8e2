using System.Reflection;

namespace CargoWasi;

/// <summary>
/// <c>cargo wasi</c>: Cargo with the right <c>--target</c> and Hornet as the runner. Cargo keeps its own terminal: what it prints, its
/// colours and its progress are untouched.
/// </summary>
static class Program
{
    static string Version => typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split((char)43)[0] ?? "";

    static int Main(string[] args)
    {
        // Cargo starts a subcommand as `cargo-wasi wasi ...`; started by hand there is no such word.
        ArraySegment<string> words = new(args);
        if (words.Count > 0 && words[0] == "wasi") words = words[1..];
        Shell shell = Shell.Create(null);
        // The child that has the terminal gets the interrupt too and decides how to end.
        Console.CancelKeyPress += static (_, e) => e.Cancel = true;
        try
        {
            return Dispatch(words, ref shell);
        }
        catch (UsageException e)
        {
            shell.Error(e.Message, e.Remedy);
            return 101; // Cargo's own code for an error
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            shell.Error(e.Message);
            return 101;
        }
    }

    static int Dispatch(ArraySegment<string> words, ref Shell shell)
    {
        switch (words.Count == 0 ? "--help" : words[0])
        {
            case "--help" or "-h":
                Console.Write(Help.Text);
                return 0;
            case "help":
                if (words.Count > 1) return ChildProcess.Become(Toolchain.CargoProgram, ["help", .. words[1..]]);
                Console.Write(Help.Text);
                return 0;
            case "--version" or "-V" or "version":
                Console.WriteLine($"cargo-wasi {Version}");
                return 0;
            case "runner":
                return Hornet.Run(words[1..]);
            case "self":
                return Self(words[1..]);
            case var option when option.StartsWith('-'):
                throw new UsageException($"'{option}' must follow a subcommand", "cargo wasi SUBCOMMAND [OPTIONS], as in 'cargo wasi build --release'");
        }
        Invocation invocation = Invocation.Parse(words);
        shell = Shell.Create(invocation.Color);
        if (invocation.WantsHelp)
        {
            int code = ChildProcess.Run(Toolchain.CargoProgram, CargoWords(invocation, null));
            if (code == 0) Console.Write("\n" + Help.Options);
            return code;
        }
        if (!invocation.Command.TakesTarget) return ChildProcess.Become(Toolchain.CargoProgram, CargoWords(invocation, null));
        return new Build(invocation, shell).Run();
    }

    /// <summary>Cargo's command line: the user's, with the target put in where there is none.</summary>
    public static List<string> CargoWords(Invocation invocation, string? target)
    {
        List<string> words = [];
        if (invocation.Toolchain is { } toolchain) words.Add(toolchain);
        words.Add(invocation.Subcommand);
        if (target is not null && !invocation.HasTargetOption) words.AddRange(["--target", target]);
        words.AddRange(invocation.CargoArguments);
        words.AddRange(invocation.TrailingArguments);
        return words;
    }

    static int Self(ArraySegment<string> words)
    {
        switch (words.Count == 0 ? "" : words[0])
        {
            case "env":
                // For plain `cargo run --target ...`, in a shell's start-up file: eval "$(cargo wasi self env)"
                foreach (string target in Hornet.RunnableTargets(Hornet.Find()))
                    Console.WriteLine($"export {CargoConfiguration.RunnerVariable(target)}='{Environment.ProcessPath} runner'");
                return 0;
            case "clean" or "update-check":
                Console.WriteLine($"cargo wasi self {words[0]}: nothing to do; this cargo-wasi downloads nothing and keeps no cache outside target/");
                return 0;
            default:
                throw new UsageException($"there is no 'cargo wasi self {(words.Count == 0 ? "" : words[0])}'", "cargo wasi self env prints the settings that make plain 'cargo run --target' use Hornet");
        }
    }
}
