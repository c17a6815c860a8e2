using Hornet.Wasm;

namespace Hornet;

/// <summary>The kinds of values that cross between host and guest.</summary>
public enum ValueKind : byte
{
    Int32,
    Int64,
    Float32,
    Float64,
    V128,
    /// <summary>A function reference of any type: <see cref="Function"/>.</summary>
    FuncRef,
    /// <summary>A reference to any .NET object.</summary>
    ExternRef,
    /// <summary>A reference of the any hierarchy: structs, arrays, i31.</summary>
    AnyRef,
    /// <summary>A caught exception.</summary>
    ExnRef,
}

internal static class ValueKinds
{
    public static ValueKind Of(ValType type)
    {
        if (type == ValType.I32) return ValueKind.Int32;
        if (type == ValType.I64) return ValueKind.Int64;
        if (type == ValType.F32) return ValueKind.Float32;
        if (type == ValType.F64) return ValueKind.Float64;
        if (type == ValType.V128) return ValueKind.V128;
        return HierarchyOf(type.Heap, null);
    }

    /// <summary>The kind of a type whose concrete references are ids of <paramref name="types"/>.</summary>
    public static ValueKind Of(ValType type, TypeRegistry types) => type.IsRef && type.Heap.IsConcrete ? HierarchyOf(type.Heap, types) : Of(type);

    static ValueKind HierarchyOf(HeapType heap, TypeRegistry? types)
    {
        if (heap.IsConcrete) return types is null || types[(uint)heap.Code].Kind == CompositeKind.Func ? ValueKind.FuncRef : ValueKind.AnyRef;
        if (heap == HeapType.Func || heap == HeapType.NoFunc) return ValueKind.FuncRef;
        if (heap == HeapType.Extern || heap == HeapType.NoExtern) return ValueKind.ExternRef;
        if (heap == HeapType.Exn || heap == HeapType.NoExn) return ValueKind.ExnRef;
        return ValueKind.AnyRef;
    }

    /// <summary>The nullable type of this kind.</summary>
    public static ValType TypeOf(ValueKind kind) => kind switch
    {
        ValueKind.Int32 => ValType.I32,
        ValueKind.Int64 => ValType.I64,
        ValueKind.Float32 => ValType.F32,
        ValueKind.Float64 => ValType.F64,
        ValueKind.V128 => ValType.V128,
        ValueKind.FuncRef => ValType.FuncRef,
        ValueKind.ExternRef => ValType.ExternRef,
        ValueKind.AnyRef => ValType.AnyRef,
        ValueKind.ExnRef => ValType.ExnRef,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
