using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>How many bytes values take in a frame.</summary>
internal static class FrameLayout
{
    public static int Bytes(ValType type) => type.IsVector ? 2 * ValRaw.Size : ValRaw.Size;

    public static int Bytes(ReadOnlySpan<ValType> types)
    {
        int bytes = 0;
        foreach (ValType type in types) bytes += Bytes(type);
        return bytes;
    }

    /// <summary>Whether values of this type are GcRefs: references that are not functions.</summary>
    public static bool IsGcRef(ValType type, ModuleEnvironment env)
    {
        if (!type.IsRef) return false;
        HeapType heap = type.Heap;
        return heap.IsConcrete ? env.Types[heap.Code].Kind != CompositeKind.Func : heap != HeapType.Func && heap != HeapType.NoFunc;
    }
}
