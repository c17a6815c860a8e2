namespace Hornet.Cli.Options;

/// <summary>-S: what the guest sees of the system.</summary>
internal static class WasiOptions
{
    private const string NoNetwork = "the guest has no network yet; pass data through standard streams or files";
    private const string NoComponents = "components are not implemented yet; WASI preview 1 is always there";

    public static OptionGroup Group { get; } = new('S', "WASI options",
    [
        new("inherit-env", null, "the guest sees this process's environment", (s, o, v) => s.InheritEnvironment = OptionValue.Flag(o, v)),
        new("inherit-stdin", null, "the guest reads this process's standard input (on)", (s, o, v) => s.InheritStandardInput = OptionValue.Flag(o, v)),
        new("inherit-stdout", null, "the guest writes to this process's standard output (on)", (s, o, v) => s.InheritStandardOutput = OptionValue.Flag(o, v)),
        new("inherit-stderr", null, "the guest writes to this process's standard error (on)", (s, o, v) => s.InheritStandardError = OptionValue.Flag(o, v)),
        new("listenfd", null, "the guest gets the listening sockets that this process was started with (LISTEN_FDS), from descriptor 3 on", (s, o, v) => s.ListenFd = OptionValue.Flag(o, v)),
        new("tcplisten", "ADDRESS:PORT", "the guest gets a socket that listens there; may be given several times", (s, o, v) => s.Listeners.Add(OptionValue.EndPoint(o, v))),
    ],
    [
        new("cli", NoComponents),
        new("common", NoComponents),
        new("preview2", NoComponents),
        new("p3", NoComponents),
        new("http", NoNetwork),
        new("inherit-network", NoNetwork),
        new("allow-ip-name-lookup", NoNetwork),
        new("tcp", NoNetwork),
        new("udp", NoNetwork),
        new("tls", NoNetwork),
        new("network-error-code", NoNetwork),
        new("nn", "neural networks belong into the guest or into a host function of your own"),
        new("nn-graph", "neural networks belong into the guest or into a host function of your own"),
        new("threads", "wasi-threads is not implemented"),
        new("config", "pass values with --env NAME=VALUE"),
        new("config-var", "pass values with --env NAME=VALUE"),
        new("keyvalue", "use files below a directory given with --dir"),
        new("keyvalue-in-memory-data", "use files below a directory given with --dir"),
    ]);
}
