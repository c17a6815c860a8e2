namespace Hornet.Cli.Commands;

/// <summary>What Wasmtime's command has at its top and Hornet's has not, and what to do instead.</summary>
internal static class AbsentCommands
{
    public static string? Instead(string command) => command switch
    {
        "serve" => "HTTP is not served yet; run a WASI program and pass data through standard streams",
        "explore" => "use 'hornet objdump' to look into a module",
        "config" => "there is no configuration file; everything is an option",
        "settings" => "the code generator detects the CPU and has no settings to list",
        "wizer" => "'hornet preinit FILE -o OUT' does it",
        "hot-blocks" => "blocks are not counted; perf on the process shows where time goes",
        _ => null,
    };

    public static string? OptionInstead(string option) => option switch
    {
        "--config" => "there is no configuration file; everything is an option",
        "--mapdir" => "use --dir HOST::GUEST",
        "--fuel" => "use -W fuel=N",
        "--listenfd" or "--tcplisten" => "the guest has no network yet",
        "-g" => "backtraces name functions and, where the module has DWARF line tables, lines of source without it",
        "--addr" => "HTTP is not served yet",
        _ => null,
    };
}
