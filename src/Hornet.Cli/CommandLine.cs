using System.CommandLine;
using System.CommandLine.Help;
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

    public static int Invoke(string[] args) => args switch
    {
        [] => AtRoot("--help"),
        // The shell's completion script asks through the directive [suggest].
        ["--help" or "-h" or "-?" or "--version", ..] or [['[', ..], ..] => AtRoot(args),
        ["validate" or "objdump" or "parse" or "print" or "dump" or "strip" or "metadata" or "wast" or "json-from-wast" or "explain" or "addr2line" or "completion" or "targets", .. var words] => Inspect(args, words),
        ["run", .. var words] => Run(words),
        _ => Run(args, isShort: true),
    };

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

    private static int Inspect(string[] args, string[] words)
    {
        var root = Root();
        var command = root.Subcommands.First(c => c.Name == args[0]);
        foreach (var word in words.TakeWhile(w => w != "--"))
            if (word.Length > 1 && word[0] == '-' && !IsHelp(word))
                OptionOf(command, word);
        return Parsed(command, root.Parse(args, Parser));
    }

    private static int AtRoot(params string[] args) => Root().Parse(args, Parser).Invoke(Invocation);

    private static RootCommand Root()
    {
        var root = new RootCommand("Runs and inspects WebAssembly. 'hornet FILE' is short for 'hornet run FILE'.")
        {
            new RunCommand(), new ValidateCommand(), new ObjdumpCommand(), new ParseCommand(), new PrintCommand(), new DumpCommand(), new StripCommand(),
            new MetadataCommand(), new WastCommand(), new JsonFromWastCommand(), new ExplainCommand(), new Addr2LineCommand(), new CompletionCommand(), new TargetsCommand(),
        };
        // The root command's own --version asks reflection for the assembly's version, which a trimmed executable answers differently.
        foreach (var option in root.Options)
            if (option is VersionOption)
                option.Action = new VersionAction();
        return root;
    }

    private static int Parsed(Command command, ParseResult result)
    {
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
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
        if (Suggestion.For(word, Root().Subcommands.Select(c => c.Name)) is { Length: > 0 } suggestion)
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
