using Hornet.Wasm;

namespace Hornet.Cli.Options;

/// <summary>-W: limits on the guest, and which parts of WebAssembly are on.</summary>
internal static class WasmOptions
{
    public static OptionGroup Group { get; } = new('W', "WebAssembly options",
    [
        new("fuel", "N", "trap after N units of fuel, about one per instruction", (s, o, v) => s.Fuel = OptionValue.Number(o, v)),
        new("timeout", "TIME", "trap after so long: 500ms, 2s, 1.5m", (s, o, v) => s.Timeout = OptionValue.Duration(o, v)),
        new("max-memory-size", "BYTES", "no memory grows past this: 65536, 64k, 1g", (s, o, v) => s.Limits = s.Limits with { MemorySize = (ulong)OptionValue.Size(o, v) }),
        new("max-wasm-stack", "BYTES", "how deep the guest's stack may grow", (s, o, v) => s.MaxWasmStack = Stack(o, v)),
        new("max-table-elements", "N", "no table grows past this", (s, o, v) => s.Limits = s.Limits with { TableElements = OptionValue.Number(o, v) }),
        new("max-instances", "N", "how many instances a store may hold", (s, o, v) => s.Limits = s.Limits with { Instances = OptionValue.Count(o, v) }),
        new("max-tables", "N", "how many tables a store may hold", (s, o, v) => s.Limits = s.Limits with { Tables = OptionValue.Count(o, v) }),
        new("max-memories", "N", "how many memories a store may hold", (s, o, v) => s.Limits = s.Limits with { Memories = OptionValue.Count(o, v) }),
        new("trap-on-grow-failure", null, "memory.grow and table.grow trap instead of returning -1", (s, o, v) => s.Limits = s.Limits with { TrapOnGrowFailure = OptionValue.Flag(o, v) }),
        new("unknown-imports-trap", null, "a function that is imported and not known traps when it is called", (s, o, v) => s.UnknownImportsTrap = OptionValue.Flag(o, v)),
        new("unknown-imports-default", null, "a function that is imported and not known returns zeros", (s, o, v) => s.UnknownImportsDefault = OptionValue.Flag(o, v)),
        new("nan-canonicalization", null, "NaNs that arithmetic makes have one bit pattern", (s, o, v) => s.Config.WithCraneliftNaNCanonicalization(OptionValue.Flag(o, v))),
        new("relaxed-simd-deterministic", null, "relaxed SIMD gives the same results on every machine (on)", (s, o, v) => s.Config.WithDeterministicRelaxedSimd(OptionValue.Flag(o, v))),
        new("all-proposals", null, "everything below", (s, o, v) => s.Features = OptionValue.Flag(o, v) ? Features.All : Features.Mvp),
        Feature("mutable-global", Features.MutableGlobal),
        Feature("sign-extension", Features.SignExtension),
        Feature("saturating-float-to-int", Features.SaturatingFloatToInt),
        Feature("multi-value", Features.MultiValue),
        Feature("reference-types", Features.ReferenceTypes),
        Feature("bulk-memory", Features.BulkMemory),
        Feature("simd", Features.Simd),
        Feature("relaxed-simd", Features.RelaxedSimd),
        Feature("tail-call", Features.TailCall),
        Feature("function-references", Features.FunctionReferences),
        Feature("gc", Features.Gc),
        Feature("exceptions", Features.Exceptions),
        Feature("legacy-exceptions", Features.LegacyExceptions),
        Feature("memory64", Features.Memory64),
        Feature("multi-memory", Features.MultiMemory),
        Feature("extended-const", Features.ExtendedConst),
        Feature("threads", Features.Threads),
        Feature("wide-arithmetic", Features.WideArithmetic),
        Feature("custom-page-sizes", Features.CustomPageSizes),
    ],
    [
        new("epoch-interruption", "use -W timeout=TIME, which interrupts at the same points"),
        new("async-stack-size", "use -W max-wasm-stack=BYTES: guests always run on a stack of their own"),
        new("async-stack-zero-init", "guest stacks are always fresh"),
        new("unknown-exports-allow", "exports that the command does not know are always ignored"),
        new("wmemcheck", "build the program with its compiler's sanitizers instead"),
        new("shared-memory", "use -W threads"),
        new("shared-everything-threads", "use -W threads for shared memories"),
        new("gc-support", "use -W gc"),
        new("stack-switching", "the proposal is not implemented"),
        new("component-model", "components are not implemented yet; give a core module"),
        new("component-model-async", "components are not implemented yet; give a core module"),
        new("component-model-gc", "components are not implemented yet; give a core module"),
    ]);

    private static long Stack(string option, string? value)
    {
        var size = OptionValue.Size(option, value);
        return size is >= 16 << 10 and <= 1L << 32 ? size : throw new UsageException($"{option}: a guest's stack has from 16k to 4g bytes, not {value}");
    }

    private static GroupOption Feature(string name, Features feature) =>
        new(name, null, (Features.Default & feature) != 0 ? "(on unless told otherwise)" : "(off unless told otherwise)",
            (s, o, v) => s.Switch(feature, OptionValue.Flag(o, v)));
}
