namespace Hornet.Cli.Options;

/// <summary>-O and -C: which tier runs guests, how code is made, how memory is laid out; and what to do instead of Wasmtime's options that are not here.</summary>
internal static class CodeOptions
{
    private const string OneAlgorithm = "there is one; -O opt-level=0 compiles fastest";
    private const string Always = "the engine decides; nothing needs to be set";
    private const string NoChoice = "the layout of memories is chosen by the engine";

    public static OptionGroup Optimize { get; } = new('O', "Optimisation options",
    [
        new("opt-level", "0|1|2|s", "0 compiles fastest, 1 and 2 make the fastest code, s makes it shorter (2)", (s, o, v) => s.Config.WithOptimizationLevel(OptionValue.Choice(o, v, "0", "1", "2", "s") switch
        {
            "0" => OptimizationLevel.None,
            "s" => OptimizationLevel.SpeedAndSize,
            _ => OptimizationLevel.Speed,
        })),
        new("signals-based-traps", null, "machine code traps by faulting (on), or compares and calls, with no signal handlers", (s, o, v) => s.Config.WithSignalsBasedTraps(OptionValue.Flag(o, v))),
        new("memory-reservation", "BYTES", "address space for a memory with 32-bit addresses: 4g, so that none moves", (s, o, v) => s.Config.WithStaticMemoryMaximumSize((ulong)OptionValue.Size(o, v))),
        new("pooling-allocator", null, "take what instances are made of from a pool that is reserved at the start", (s, o, v) => s.Pooling = OptionValue.Flag(o, v)),
        Pool("pooling-total-core-instances", "N", "instances at once", (p, o, v) => p with { TotalCoreInstances = OptionValue.Count(o, v) }),
        Pool("pooling-total-memories", "N", "memories at once; their address space is reserved", (p, o, v) => p with { TotalMemories = OptionValue.Count(o, v) }),
        Pool("pooling-total-tables", "N", "tables at once", (p, o, v) => p with { TotalTables = OptionValue.Count(o, v) }),
        Pool("pooling-total-stacks", "N", "guest stacks at once", (p, o, v) => p with { TotalStacks = OptionValue.Count(o, v) }),
        Pool("pooling-total-gc-heaps", "N", "heaps for objects and exceptions at once", (p, o, v) => p with { TotalGcHeaps = OptionValue.Count(o, v) }),
        Pool("pooling-max-memory-size", "BYTES", "what a memory may grow to", (p, o, v) => p with { MaxMemorySize = (ulong)OptionValue.Size(o, v) }),
        Pool("pooling-table-elements", "N", "what a table may grow to", (p, o, v) => p with { TableElements = OptionValue.Number(o, v) }),
        Pool("pooling-max-core-instance-size", "BYTES", "an instance's globals and function references", (p, o, v) => p with { MaxCoreInstanceSize = (int)Math.Min(int.MaxValue, OptionValue.Size(o, v)) }),
        Pool("pooling-max-memories-per-module", "N", "memories that a module may define", (p, o, v) => p with { MaxMemoriesPerModule = OptionValue.Count(o, v) }),
        Pool("pooling-max-tables-per-module", "N", "tables that a module may define", (p, o, v) => p with { MaxTablesPerModule = OptionValue.Count(o, v) }),
        Pool("pooling-max-unused-warm-slots", "N", "instances' parts that stay ready while nobody uses them", (p, o, v) => p with { MaxUnusedWarmSlots = OptionValue.Count(o, v) }),
        Pool("pooling-memory-keep-resident", "BYTES", "of a memory that stays with its slot", (p, o, v) => p with { LinearMemoryKeepResident = (ulong)OptionValue.Size(o, v) }),
        Pool("pooling-table-keep-resident", "BYTES", "of a table that stays with its slot", (p, o, v) => p with { TableKeepResident = (ulong)OptionValue.Size(o, v) }),
        Pool("pooling-async-stack-keep-resident", "BYTES", "of a stack that no thread keeps", (p, o, v) => p with { StackKeepResident = (ulong)OptionValue.Size(o, v) }),
        new("memory-guard-size", "BYTES", "inaccessible address space behind each memory", (s, o, v) => s.Config.WithMemoryGuardSize((ulong)OptionValue.Size(o, v))),
    ],
    [
        new("regalloc-algorithm", OneAlgorithm),
        new("dynamic-memory-guard-size", NoChoice),
        new("memory-reservation-for-growth", NoChoice),
        new("memory-may-move", NoChoice),
        new("memory-init-cow", NoChoice),
        new("guard-before-linear-memory", NoChoice),
        new("table-lazy-init", NoChoice),
    ]);

    public static OptionGroup Codegen { get; } = new('C', "Code generation options",
    [
        new("compiler", "native|interpreter", "what runs the guest: machine code (if not told otherwise, and where it can be made), or the interpreter, which needs neither signals nor executable memory", (s, o, v) => (s.Native, s.TierChosen) = (OptionValue.Choice(o, v, "native", "interpreter") == "native", true)),
        new("tier-up", null, "interpret functions until they are hot, and compile them then (on), or compile them at their first call", (s, o, v) => s.TierUp = OptionValue.Flag(o, v)),
        new("lazy", null, "compile functions at their first call (on), or all of them before the guest starts", (s, o, v) => s.Lazy = OptionValue.Flag(o, v)),
        new("cache", null, "keep machine code for the next run of the same module (on)", (s, o, v) => s.Cache = OptionValue.Flag(o, v)),
    ],
    [
        new("collector", Always),
        new("cache-config", "code is kept in hornet/images in the user's directory for caches (XDG_CACHE_HOME); -C cache=n keeps none"),
        new("cranelift-debug-verifier", Always),
        new("enable-verifier", Always),
        new("parallel-compilation", "-C lazy=n compiles on all cores"),
        new("native-unwind-info", Always),
        new("inlining", "the compiler does not inline yet"),
        new("pcc", Always),
    ]);

    private static GroupOption Pool(string name, string value, string summary, Func<PoolingAllocationConfig, string, string?, PoolingAllocationConfig> set) =>
        new(name, value, summary, (s, o, v) => s.Pool = set(s.Pool ?? new(), o, v));
}
