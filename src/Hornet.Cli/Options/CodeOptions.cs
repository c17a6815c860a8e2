namespace Hornet.Cli.Options;

/// <summary>-O and -C: how code is made and memory laid out. The command has one tier today, the interpreter, so most of both lists says what to do instead.</summary>
internal static class CodeOptions
{
    private const string NoCompiler = "there is no compiler yet; the interpreter runs everything";
    private const string NoPool = "instances are not pooled yet; limit them with -W max-instances=N and -W max-memory-size=BYTES";
    private const string NoChoice = "the layout of memories is chosen by the engine";

    public static OptionGroup Optimize { get; } = new('O', "Optimisation options",
    [
        new("memory-reservation", "BYTES", "address space for a memory with 32-bit addresses: 4g, so that none moves", (s, o, v) => s.Config.WithStaticMemoryMaximumSize((ulong)OptionValue.Size(o, v))),
        new("memory-guard-size", "BYTES", "inaccessible address space behind each memory", (s, o, v) => s.Config.WithMemoryGuardSize((ulong)OptionValue.Size(o, v))),
    ],
    [
        new("opt-level", NoCompiler),
        new("regalloc-algorithm", NoCompiler),
        new("signals-based-traps", NoCompiler),
        new("dynamic-memory-guard-size", NoChoice),
        new("memory-reservation-for-growth", NoChoice),
        new("memory-may-move", NoChoice),
        new("memory-init-cow", NoChoice),
        new("guard-before-linear-memory", NoChoice),
        new("table-lazy-init", NoChoice),
        new("pooling-allocator", NoPool),
        new("pooling-total-memories", NoPool),
        new("pooling-total-tables", NoPool),
        new("pooling-total-stacks", NoPool),
        new("pooling-max-memory-size", NoPool),
    ]);

    public static OptionGroup Codegen { get; } = new('C', "Code generation options", [],
    [
        new("compiler", NoCompiler),
        new("collector", NoCompiler),
        new("cache", "modules are read so fast that nothing is cached"),
        new("cache-config", "modules are read so fast that nothing is cached"),
        new("cranelift-debug-verifier", NoCompiler),
        new("enable-verifier", NoCompiler),
        new("parallel-compilation", NoCompiler),
        new("native-unwind-info", NoCompiler),
        new("inlining", NoCompiler),
        new("pcc", NoCompiler),
    ]);
}
