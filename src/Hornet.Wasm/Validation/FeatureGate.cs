namespace Hornet.Wasm;

/// <summary>Turns the use of something that is switched off into an error that says which feature it needs.</summary>
static class FeatureGate
{
    public static void Require(Features enabled, Features needed, long offset)
    {
        if ((needed & ~enabled) != 0) Fail(needed & ~enabled, offset);
    }

    // spec: the types that each proposal added
    public static Features NeededBy(ValType type)
    {
        if (type.IsVector) return Features.Simd;
        if (!type.IsRef) return Features.Mvp;
        if (type.Heap.IsConcrete) return Features.ReferenceTypes | Features.FunctionReferences;
        Features heap = NeededBy(type.Heap);
        return type.IsNullable ? heap : heap | Features.FunctionReferences;
    }

    public static Features NeededBy(HeapType heap)
    {
        if (heap.IsConcrete) return Features.FunctionReferences;
        if (heap == HeapType.Func || heap == HeapType.Extern) return Features.ReferenceTypes;
        if (heap == HeapType.Exn || heap == HeapType.NoExn) return Features.ReferenceTypes | Features.Exceptions;
        return Features.ReferenceTypes | Features.Gc;
    }

    public static void Check(ValType type, Features enabled, long offset) => Require(enabled, NeededBy(type), offset);

    static void Fail(Features missing, long offset) => WasmFormatException.ThrowUnsupported(offset, $"the feature {Name(missing)} is not enabled");

    /// <summary>As in the table of operators: <c>bulk-memory</c>.</summary>
    public static string Name(Features features)
    {
        Features first = (Features)((uint)features & (~(uint)features + 1));
        return first switch
        {
            Features.MutableGlobal => "mutable-global",
            Features.SignExtension => "sign-extension",
            Features.SaturatingFloatToInt => "saturating-float-to-int",
            Features.MultiValue => "multi-value",
            Features.ReferenceTypes => "reference-types",
            Features.BulkMemory => "bulk-memory",
            Features.Simd => "simd",
            Features.RelaxedSimd => "relaxed-simd",
            Features.TailCall => "tail-call",
            Features.FunctionReferences => "function-references",
            Features.Gc => "gc",
            Features.Exceptions => "exceptions",
            Features.Memory64 => "memory64",
            Features.MultiMemory => "multi-memory",
            Features.ExtendedConst => "extended-const",
            Features.Threads => "threads",
            Features.WideArithmetic => "wide-arithmetic",
            Features.CustomPageSizes => "custom-page-sizes",
            _ => "legacy-exceptions",
        };
    }
}
