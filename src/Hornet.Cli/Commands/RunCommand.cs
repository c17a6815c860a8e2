using System.CommandLine;
using Hornet.Cli.Options;
using Hornet.Cli.Running;

namespace Hornet.Cli.Commands;

/// <summary>hornet run FILE: instantiates a module and calls its command, or the function that --invoke names.</summary>
internal sealed class RunCommand : Command
{
    private readonly Argument<string?> file = new("FILE") { Description = "the module; '-' reads it from standard input", Arity = ArgumentArity.ZeroOrOne };
    private readonly Argument<string[]> guestArguments = new("ARGS") { Description = "everything behind the file is the guest's", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> directories = Many("--dir", "HOST[::GUEST]", "a directory that the guest may use, and under which name");
    private readonly Option<string[]> environment = Many("--env", "NAME[=VALUE]", "a variable for the guest; without a value it is this process's");
    private readonly Option<string?> invoke = One("--invoke", "FUNC", "call this export with ARGS instead of the command, and print its results");
    private readonly Option<string?> argv0 = One("--argv0", "NAME", "what the guest sees as its own name");
    private readonly Option<string[]> preloads = Many("--preload", "NAME=FILE", "instantiate this module first; others import from it by the name");
    private readonly Option<bool> allowPrecompiled = new("--allow-precompiled") { Description = "FILE and preloads may be images made by 'hornet compile': machine code that is run as it is", Arity = ArgumentArity.Zero };
    private readonly Option<string?> profile = One("--profile", "perfmap|jitdump", "write down what machine code is called, for Linux perf: /tmp/perf-PID.map, or jit-PID.dump here");
    private readonly OptionGroups groups = new('W', 'S', 'D', 'O', 'C');

    public RunCommand() : base("run", "Run a WebAssembly module.")
    {
        Add(file);
        Add(guestArguments);
        Add(directories);
        Add(environment);
        Add(invoke);
        Add(argv0);
        Add(preloads);
        Add(allowPrecompiled);
        Add(profile);
        groups.AddTo(this);
        SetAction(Run);
    }

    /// <summary>What stands behind the file on the command line.</summary>
    public string[] GuestArguments { get; set; } = [];

    private int Run(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var settings = groups.Settings(result);
        var path = result.GetValue(file) ?? throw new UsageException("hornet run needs a FILE (hornet run --help)");
        settings.Arguments = [result.GetValue(argv0) ?? Path.GetFileName(path), .. GuestArguments];
        settings.Invoke = result.GetValue(invoke);
        settings.AllowPrecompiled = result.GetValue(allowPrecompiled);
        if (result.GetValue(profile) is { } strategy)
            settings.Profiling = OptionValue.Choice("--profile", strategy, "perfmap", "jitdump") == "perfmap" ? ProfilingStrategy.PerfMap : ProfilingStrategy.JitDump;
        foreach (var directory in result.GetValue(directories) ?? [])
            settings.Directories.Add(Pair("--dir", directory, "::", "HOST::GUEST") ?? (directory, directory));
        foreach (var variable in result.GetValue(environment) ?? [])
            if (Pair("--env", variable, "=", "NAME=VALUE") is { } pair)
                settings.Environment.Add(pair);
            else if (Environment.GetEnvironmentVariable(variable) is { } value)
                settings.Environment.Add((variable, value));
        foreach (var preload in result.GetValue(preloads) ?? [])
            settings.Preloads.Add(Pair("--preload", preload, "=", "NAME=FILE") ?? throw new UsageException($"--preload: expected NAME=FILE, not '{preload}'"));
        if (settings.Profiling != ProfilingStrategy.None && !settings.Native)
            throw new UsageException("--profile names machine code, which the interpreter has none of: add -C compiler=native");
        return new GuestProcess(settings).Run(path);
    }

    /// <summary>What stands before and behind a separator; null where there is none.</summary>
    private static (string, string)? Pair(string option, string text, string separator, string form)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        if (at == 0 || text.Length == 0)
            throw new UsageException($"{option}: expected {form}, not '{text}'");
        return at < 0 ? null : (text[..at], text[(at + separator.Length)..]);
    }

    private static Option<string[]> Many(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private static Option<string?> One(string name, string value, string description) => new(name) { Description = description, HelpName = value };
}
