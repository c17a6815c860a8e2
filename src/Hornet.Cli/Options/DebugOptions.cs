namespace Hornet.Cli.Options;

/// <summary>-D: what helps to find a fault in a guest.</summary>
internal static class DebugOptions
{
    public static OptionGroup Group { get; } = new('D', "Debug options",
    [
        new("backtrace", null, "print the guest's frames when it traps (on)", (s, o, v) => s.Backtrace = OptionValue.Flag(o, v)),
    ],
    [
        new("debug-info", "backtraces name functions and, where the module has DWARF line tables, lines of source without it"),
        new("guest-debug", "there is no debugger interface yet; backtraces name functions and offsets"),
        new("address-map", "offsets are always known to the interpreter"),
        new("logging", "there is no log; messages go to standard error"),
        new("log-to-files", "there is no log; messages go to standard error"),
        new("coredump", "core dumps are not written yet; the backtrace goes to standard error"),
    ]);
}
