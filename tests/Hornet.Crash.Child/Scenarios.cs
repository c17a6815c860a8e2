namespace Hornet.Crash;

/// <summary>The ways to kill a host, by name.</summary>
static partial class Scenarios
{
    public static readonly (string Name, Action<Host> Run)[] All =
    [
        ("recursion", Recursion),
        ("mixed-recursion", MixedRecursion),
        ("guest-host-guest", GuestHostGuest),
        ("2000-levels", TwoThousandLevels),
        ("memory", WildAccesses),
        ("memory64", WildAccesses64),
        ("faults", Faults),
        ("bulk", Bulk),
        ("start-function", TrapInStart),
        ("bad-modules", BadModules),
        ("deep-nesting", DeepNesting),
        ("grow", Grow),
        ("tables", GrowTables),
        ("instances", TenThousandInstances),
        ("host-exceptions", HostExceptions),
        ("host-stack-near-its-end", HostStackNearItsEnd),
        ("thread-interrupt", ThreadInterrupt),
        ("cancelled-task", CancelledTask),
        ("null-references", NullReferences),
        ("dispose-store", DisposeStoreWhileRunning),
        ("dispose-engine", DisposeEngineWhileRunning),
        ("dispose-module", DisposeModuleWhileRunning),
        ("finalisers", Finalisers),
        ("gc-stress", GcStress),
        ("threads", ManyThreads),
        ("child-process", ChildProcess),
        ("sigchld", ChildrenDying),
        ("sigprof", Profiler),
        ("timeout", Timeout),
        ("timeout-wasi", TimeoutOfSleep),
        ("misuse", Misuse),
        ("20000-instances", TwentyThousand),
        ("100000-instances", HundredThousand),
        ("no-address-space", NoAddressSpace),
        ("no-files", NoFiles),
        ("no-mappings", NoMappings),
    ];
}
