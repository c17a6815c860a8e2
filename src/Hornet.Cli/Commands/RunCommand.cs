using System.CommandLine;
using Hornet.Cli.Options;

namespace Hornet.Cli.Commands;

/// <summary>hornet run FILE: instantiates a module and calls its command, or the function that --invoke names.</summary>
internal sealed class RunCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module; '-' reads it from standard input" };
    private readonly Argument<string[]> guestArguments = new("ARGS") { Description = "everything behind the file is the guest's", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> directories = Many("--dir", "HOST[::GUEST]", "a directory that the guest may use, and under which name");
    private readonly Option<string[]> environment = Many("--env", "NAME[=VALUE]", "a variable for the guest; without a value it is this process's");
    private readonly Option<string?> invoke = One("--invoke", "FUNC", "call this export with ARGS instead of the command, and print its results");
    private readonly Option<string?> argv0 = One("--argv0", "NAME", "what the guest sees as its own name");
    private readonly Option<string[]> preloads = Many("--preload", "NAME=FILE", "instantiate this module first; others import from it by the name");

    private readonly (OptionGroup Group, Option<string[]> Option)[] groups;

    public RunCommand() : base("run", "Run a WebAssembly module.")
    {
        groups =
        [
            (WasmOptions.Group, GroupOf('W', "wasm", "limits and features of WebAssembly")),
        ];
        Add(file);
        Add(guestArguments);
        foreach (var option in new Option[] { directories, environment, invoke, argv0, preloads })
            Add(option);
        foreach (var (_, option) in groups)
            Add(option);
        SetAction(Run);
    }

    /// <summary>What stands behind the file on the command line.</summary>
    public string[] GuestArguments { get; set; } = [];

    private int Run(ParseResult result) { Console.WriteLine(result.GetValue(file)); return 0; }

    private static Option<string[]> Many(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private static Option<string?> One(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<string[]> GroupOf(char letter, string word, string description) =>
        new($"-{letter}", $"--{word}") { Description = $"{description}; '-{letter} help' lists them", HelpName = "NAME[=VALUE]", Arity = ArgumentArity.OneOrMore };
}
