using System.CommandLine;
using System.CommandLine.Help;
using Hornet.Cli.Commands;

namespace Hornet.Cli;

/// <summary>
/// Where the words of the command line belong: to hornet up to the module's file, and from there on to the guest, untouched. The parser
/// itself would take '--' away from the guest and an unknown option for the file.
/// </summary>
internal static class CommandLine
{
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };
    private static readonly InvocationConfiguration Invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };

    public static int Invoke(RootCommand root, RunCommand run, string[] args)
    {
        if (args.Length == 0)
            return root.Parse(["--help"], Parser).Invoke(Invocation);
        // The shell's completion script asks through the directive [suggest].
        if (args[0].StartsWith('['))
            return root.Parse(args, Parser).Invoke(Invocation);
        var command = root.Subcommands.FirstOrDefault(c => c.Name == args[0]);
        if (command is null)
        {
            if (root.Options.Any(o => o.Name == args[0] || o.Aliases.Contains(args[0])))
                return root.Parse(args, Parser).Invoke(Invocation);
            if (AbsentCommands.Instead(args[0]) is { } instead && !File.Exists(args[0]))
                throw new UsageException($"'{args[0]}' is a command of Wasmtime's that Hornet does not have: {instead}");
            if (!args[0].StartsWith('-') && !File.Exists(args[0]) && Suggestion.For(args[0], root.Subcommands.Select(c => c.Name)) is { Length: > 0 } suggestion)
                throw new UsageException($"there is no file and no command '{args[0]}'{suggestion}");
        }
        if (command is not null && command != run)
        {
            foreach (var word in args.Skip(1).TakeWhile(a => a != "--"))
                if (word.Length > 1 && word[0] == '-')
                    OptionOf(command, word);
            return Parse(root, command, args);
        }

        var words = command is null ? args : args[1..];
        var file = FileOf(run, words);
        if (file < words.Length)
            run.GuestArguments = words[(file + 1)..];
        return Parse(root, run, ["run", .. words[..Math.Min(words.Length, file + 1)]]);
    }

    private static int Parse(RootCommand root, Command command, string[] args)
    {
        var result = root.Parse(args, Parser);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
            throw new UsageException($"{result.Errors[0].Message} (hornet {command.Name} --help)");
        return result.Invoke(Invocation);
    }

    /// <summary>Where the module's file stands among the words behind 'run'; their number where there is none.</summary>
    private static int FileOf(RunCommand run, string[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word == "--")
                return i + 1;
            if (word == "-" || !word.StartsWith('-'))
                return i;
            // The value is the next word, unless it is attached: --dir=x, -Wfuel=1.
            var attached = word.StartsWith("--", StringComparison.Ordinal) ? word.Contains('=') : word.Length > 2;
            if (OptionOf(run, word).Arity.MaximumNumberOfValues > 0 && !attached)
                i++;
        }
        return words.Length;
    }

    private static Option OptionOf(Command command, string word)
    {
        var name = word.StartsWith("--", StringComparison.Ordinal) ? word.Split('=')[0] : word[..2];
        var known = command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive)));
        foreach (var option in known)
            if (option.Name == name || option.Aliases.Contains(name))
                return option;
        if (AbsentCommands.OptionInstead(name) is { } instead)
            throw new UsageException($"'{name}' is an option of Wasmtime's that Hornet does not have: {instead}");
        throw new UsageException($"unknown option '{name}'{Suggestion.For(name, known.Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name)))} (hornet {command.Name} --help)");
    }
}
