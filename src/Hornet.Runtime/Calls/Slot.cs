using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>How a .NET type travels in slots. The comparisons of types are constant when this is compiled, so nothing is boxed.</summary>
internal static unsafe class Slot<T>
{
    /// <summary>The wasm type; throws where there is none.</summary>
    public static ValueKind Kind => Slot.KindOf(typeof(T));

    public static ValType Type => ValueKinds.TypeOf(Kind);

    /// <summary>Slots that a value takes.</summary>
    public static int Count => typeof(T) == typeof(V128) || typeof(T) == typeof(Vector128<byte>) ? 2 : 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read(Store store, ValRaw* at)
    {
        if (typeof(T) == typeof(int)) return As(at->I32);
        if (typeof(T) == typeof(uint)) return As(at->U32);
        if (typeof(T) == typeof(long)) return As(at->I64);
        if (typeof(T) == typeof(ulong)) return As(at->U64);
        if (typeof(T) == typeof(float)) return As(at->F32);
        if (typeof(T) == typeof(double)) return As(at->F64);
        if (typeof(T) == typeof(V128)) return As(*(V128*)at);
        if (typeof(T) == typeof(Vector128<byte>)) return As(*(Vector128<byte>*)at);
        if (typeof(T) == typeof(Function)) return As(store.FunctionAt(at->Func));
        return Cast(store, at->Ref);
    }

    /// <summary>Reads a value and moves past it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Take(Store store, ref ValRaw* at)
    {
        T value = Read(store, at);
        at += Count;
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Store store, ValRaw* at, T value)
    {
        if (typeof(T) == typeof(int) || typeof(T) == typeof(uint)) at->U64 = Unsafe.As<T, uint>(ref value);
        else if (typeof(T) == typeof(long) || typeof(T) == typeof(ulong) || typeof(T) == typeof(double)) at->U64 = Unsafe.As<T, ulong>(ref value);
        else if (typeof(T) == typeof(float)) at->U64 = Unsafe.As<T, uint>(ref value);
        else if (typeof(T) == typeof(V128) || typeof(T) == typeof(Vector128<byte>)) *(V128*)at = Unsafe.As<T, V128>(ref value);
        else if (typeof(T) == typeof(Function)) at->Func = store.ReferenceOf((Function?)(object?)value);
        else at->U64 = store.HandleOf(value).Bits;
    }

    /// <summary>Writes a value and moves past it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(Store store, ref ValRaw* at, T value)
    {
        Write(store, at, value);
        at += Count;
    }

    // SAFETY: called only where V is T.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T As<V>(V value) => Unsafe.As<V, T>(ref value);

    static T Cast(Store store, GcRef reference)
    {
        object? value = store.ObjectAt(reference);
        if (value is T t) return t;
        if (value is null) return default!;
        throw new InvalidCastException($"the guest passed a reference to {value.GetType().Name} where {typeof(T).Name} is expected");
    }
}

internal static class Slot
{
    public static ValueKind KindOf(Type type) => TryKindOf(type) ??
        throw new ArgumentException($"{type} is not a type of WebAssembly: use int, uint, long, ulong, float, double, V128, Function or a class");

    public static ValueKind? TryKindOf(Type type)
    {
        if (type == typeof(int) || type == typeof(uint)) return ValueKind.Int32;
        if (type == typeof(long) || type == typeof(ulong)) return ValueKind.Int64;
        if (type == typeof(float)) return ValueKind.Float32;
        if (type == typeof(double)) return ValueKind.Float64;
        if (type == typeof(V128) || type == typeof(Vector128<byte>)) return ValueKind.V128;
        if (type == typeof(Function)) return ValueKind.FuncRef;
        return type.IsValueType ? null : ValueKind.ExternRef;
    }

    public static int CountOf(ValueKind kind) => kind == ValueKind.V128 ? 2 : 1;
}
