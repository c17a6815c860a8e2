using System.CommandLine;
using Hornet.Cli.Commands;

namespace Hornet.Cli;

/// <summary>
/// Where the words of the command line belong: to hornet up to the module's file, and from there on to the guest, untouched. The parser
/// itself would take '--' away from the guest and an unknown option for the file. Running a module builds only its own command: the
/// root, which reads resources and asks reflection for its name, costs a tenth of the start.
/// </summary>
internal static class CommandLine
{
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };
    private static readonly InvocationConfiguration Invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };

    // In the order of the help. Only the command that was asked for is built.
    private static readonly (string Name, Func<Command> Build)[] Commands =
    [
        ("run",            () => new RunCommand()),
        ("compile",        () => new CompileCommand()),
        ("validate",       () => new ValidateCommand()),
        ("objdump",        () => new ObjdumpCommand()),
        ("parse",          () => new ParseCommand()),
        ("print",          () => new PrintCommand()),
        ("dump",           () => new DumpCommand()),
        ("strip",          () => new StripCommand()),
        ("preinit",        () => new PreinitCommand()),
        ("demangle",       () => new DemangleCommand()),
        ("metadata",       () => new MetadataCommand()),
        ("wast",           () => new WastCommand()),
        ("json-from-wast", () => new JsonFromWastCommand()),
        ("explain",        () => new ExplainCommand()),
        ("explore",        () => new ExploreCommand()),
        ("addr2line",      () => new Addr2LineCommand()),
        ("completion",     () => new CompletionCommand()),
        ("targets",        () => new TargetsCommand()),
    ];

    public static int Invoke(string[] args)
    {
        if (args.Length == 0)
            return AtRoot("--help");
        // The shell's completion script asks through the directive [suggest].
        if (IsHelp(args[0]) || args[0] == "--version" || args[0].StartsWith('['))
            return AtRoot(args);
        if (args[0] == "run")
            return Run(args[1..]);
        foreach (var (name, build) in Commands)
            if (name == args[0])
                return Inspect(build(), args);
        return Run(args, isShort: true);
    }

    private static int Run(string[] words, bool isShort = false)
    {
        if (isShort)
            CheckFirstWord(words[0]);
        var run = new RunCommand();
        var file = FileOf(run, words);
        if (file is null)
            return AtRoot("run", "--help");
        if (file < words.Length)
            run.GuestArguments = words[(file.Value + 1)..];
        return Parsed(run, run.Parse(words[..Math.Min(words.Length, file.Value + 1)], Parser));
    }

    private static int Inspect(Command command, string[] args)
    {
        foreach (var word in args.TakeWhile(w => w != "--"))
            if (IsHelp(word))
                return AtRoot(args);
            else if (word.Length > 1 && word[0] == '-')
                OptionOf(command, word);
        return Parsed(command, command.Parse(args[1..], Parser));
    }

    private static int AtRoot(params string[] args) => Root().Parse(args, Parser).Invoke(Invocation);

    private static RootCommand Root()
    {
        var root = new RootCommand("Runs and inspects WebAssembly. 'hornet FILE' is short for 'hornet run FILE'.");
        foreach (var (_, build) in Commands)
            root.Add(build());
        // The root command's own --version asks reflection for the assembly's version, which a trimmed executable answers differently.
        foreach (var option in root.Options)
            if (option is VersionOption)
                option.Action = new VersionAction();
        return root;
    }

    private static int Parsed(Command command, ParseResult result)
    {
        if (result.Errors.Count > 0)
            throw new UsageException($"{result.Errors[0].Message} (hornet {command.Name} --help)");
        return result.Invoke(Invocation);
    }

    /// <summary>A first word that is neither an option nor a file is a command, misspelt or Wasmtime's.</summary>
    private static void CheckFirstWord(string word)
    {
        if (word.StartsWith('-') || File.Exists(word))
            return;
        if (AbsentCommands.Instead(word) is { } instead)
            throw new UsageException($"'{word}' is a command of Wasmtime's that Hornet does not have: {instead}");
        if (Suggestion.For(word, Commands.Select(c => c.Name)) is { Length: > 0 } suggestion)
            throw new UsageException($"there is no file and no command '{word}'{suggestion}");
    }

    /// <summary>Where the module's file stands among the words behind 'run'; their number where there is none; null where help is asked for.</summary>
    private static int? FileOf(RunCommand run, string[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word == "--")
                return i + 1;
            if (word == "-" || !word.StartsWith('-'))
                return i;
            if (IsHelp(word))
                return null;
            // The value is the next word, unless it is attached: --dir=x, -Wfuel=1.
            var attached = word.StartsWith("--", StringComparison.Ordinal) ? word.Contains('=') : word.Length > 2;
            if (OptionOf(run, word).Arity.MaximumNumberOfValues > 0 && !attached)
                i++;
        }
        return words.Length;
    }

    private static bool IsHelp(string word) => word is "--help" or "-h" or "-?";

    private static Option OptionOf(Command command, string word)
    {
        var name = word.StartsWith("--", StringComparison.Ordinal) ? word.Split('=')[0] : word[..2];
        foreach (var option in command.Options)
            if (option.Name == name || option.Aliases.Contains(name))
                return option;
        if (AbsentCommands.OptionInstead(name) is { } instead)
            throw new UsageException($"'{name}' is an option of Wasmtime's that Hornet does not have: {instead}");
        throw new UsageException($"unknown option '{name}'{Suggestion.For(name, command.Options.SelectMany(o => o.Aliases.Append(o.Name)))} (hornet {command.Name} --help)");
    }
}
