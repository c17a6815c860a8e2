using System.CommandLine;

namespace Hornet.Cli.Options;

/// <summary>The option groups that a command takes: -W, -S, -D, -O, -C. A group's table is only built when it is asked.</summary>
internal sealed class OptionGroups
{
    private readonly (char Letter, Option<string[]> Option)[] options;

    public OptionGroups(params ReadOnlySpan<char> letters)
    {
        options = new (char, Option<string[]>)[letters.Length];
        for (var i = 0; i < letters.Length; i++)
            options[i] = (letters[i], Option(letters[i]));
    }

    public void AddTo(Command command)
    {
        foreach (var (_, option) in options)
            command.Add(option);
    }

    /// <summary>Prints the lists that were asked for with <c>-W help</c> and its like; whether there was one.</summary>
    public bool PrintHelp(ParseResult result)
    {
        var asked = false;
        foreach (var (letter, option) in options)
            if (result.GetValue(option) is { } given && given.Contains("help"))
            {
                Console.Out.Write(Group(letter).Help());
                asked = true;
            }
        return asked;
    }

    /// <summary>What the options say.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="settings">What holds where nothing is said.</param>
    public RunSettings Settings(ParseResult result, RunSettings? settings = null)
    {
        settings ??= new();
        foreach (var (letter, option) in options)
            if (result.GetValue(option) is { Length: > 0 } given)
                Group(letter).Apply(settings, given);
        return settings;
    }

    private static OptionGroup Group(char letter) => letter switch
    {
        'W' => WasmOptions.Group,
        'S' => WasiOptions.Group,
        'D' => DebugOptions.Group,
        'O' => CodeOptions.Optimize,
        'C' => CodeOptions.Codegen,
        _ => throw new ArgumentOutOfRangeException(nameof(letter), letter, null),
    };

    private static Option<string[]> Option(char letter)
    {
        var (word, description) = letter switch
        {
            'W' => ("wasm", "limits, and features of WebAssembly"),
            'S' => ("wasi", "what the guest sees of the system"),
            'D' => ("debug", "what helps to find a fault in a guest"),
            'O' => ("optimize", "how code is optimised"),
            'C' => ("codegen", "how code is generated"),
            _ => throw new ArgumentOutOfRangeException(nameof(letter), letter, null),
        };
        return new($"--{word}", $"-{letter}")
        {
            Description = $"{description}; '-{letter} help' lists them", HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false,
        };
    }
}
