using System.Runtime.CompilerServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// How a .NET return type becomes wasm results: a value tuple is several results, everything else is one. Where the items of a
/// tuple lie is found once, by reading a tuple whose bytes are numbered; so nothing is boxed later and nothing is reflected on.
/// </summary>
internal static unsafe class Results<R>
{
    /// <summary>What a typed call has room for.</summary>
    const int MaxSlots = 16;

    // One field, so that no exception leaves the type's initialiser: what is wrong is told by Types.
    static readonly Shape s_shape = Find();

    readonly record struct Item(ValueKind Kind, int Offset);

    readonly record struct Shape(Item[]? Items, string? Error);

    /// <summary>Whether this is one result; constant for the types of numbers, so that they need no look at the shape.</summary>
    static bool IsSingle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(R) == typeof(int) || typeof(R) == typeof(uint) || typeof(R) == typeof(long) || typeof(R) == typeof(ulong)
            || typeof(R) == typeof(float) || typeof(R) == typeof(double) || s_shape.Items is null;
    }

    /// <summary>The wasm types of the results.</summary>
    public static ValType[] Types()
    {
        if (s_shape.Error is { } error) throw new ArgumentException(error);
        if (s_shape.Items is not { } items) return [Slot<R>.Type];
        ValType[] types = new ValType[items.Length];
        for (int i = 0; i < types.Length; i++) types[i] = ValueKinds.TypeOf(items[i].Kind);
        return types;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static R Read(Store store, ValRaw* at) => IsSingle ? Slot<R>.Read(store, at) : ReadItems(at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Store store, ValRaw* at, R value)
    {
        if (IsSingle) Slot<R>.Write(store, at, value);
        else WriteItems(at, ref value);
    }

    static R ReadItems(ValRaw* at)
    {
        Unsafe.SkipInit(out R value);
        ref byte start = ref Unsafe.As<R, byte>(ref value);
        foreach (Item item in s_shape.Items!)
        {
            // SAFETY: the offsets are those of the tuple's items, found in Items.
            ref byte to = ref Unsafe.Add(ref start, item.Offset);
            switch (item.Kind)
            {
                case ValueKind.Int32 or ValueKind.Float32:
                    Unsafe.WriteUnaligned(ref to, at->U32);
                    break;
                case ValueKind.V128:
                    Unsafe.WriteUnaligned(ref to, *(V128*)at);
                    at++;
                    break;
                default:
                    Unsafe.WriteUnaligned(ref to, at->U64);
                    break;
            }
            at++;
        }
        return value;
    }

    static void WriteItems(ValRaw* at, ref R value)
    {
        ref byte start = ref Unsafe.As<R, byte>(ref value);
        foreach (Item item in s_shape.Items!)
        {
            ref byte from = ref Unsafe.Add(ref start, item.Offset);
            switch (item.Kind)
            {
                case ValueKind.Int32 or ValueKind.Float32:
                    at->U64 = Unsafe.ReadUnaligned<uint>(ref from);
                    break;
                case ValueKind.V128:
                    *(V128*)at = Unsafe.ReadUnaligned<V128>(ref from);
                    at++;
                    break;
                default:
                    at->U64 = Unsafe.ReadUnaligned<ulong>(ref from);
                    break;
            }
            at++;
        }
    }

    static Shape Find()
    {
        if (!typeof(R).IsValueType || default(R) is not ITuple) return default;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<R>())
            return new(null, $"{typeof(R)} has references among its items: results of that kind go through the untyped call");
        if (Unsafe.SizeOf<R>() > byte.MaxValue) return new(null, $"{typeof(R)} has too many items");
        Unsafe.SkipInit(out R numbered);
        for (int i = 0; i < Unsafe.SizeOf<R>(); i++) Unsafe.Add(ref Unsafe.As<R, byte>(ref numbered), i) = (byte)i;
        ITuple tuple = (ITuple)(object)numbered!;
        Item[] items = new Item[tuple.Length];
        int slots = 0;
        for (int i = 0; i < items.Length; i++)
        {
            // Little-endian: the lowest byte of an item is its first, so it is the item's offset.
            object item = tuple[i]!;
            int offset = item switch
            {
                int v => v,
                uint v => (int)v,
                long v => (int)v,
                ulong v => (int)v,
                float v => BitConverter.SingleToInt32Bits(v),
                double v => (int)BitConverter.DoubleToInt64Bits(v),
                V128 v => (int)v.Low,
                System.Runtime.Intrinsics.Vector128<byte> v => v[0],
                _ => -1,
            };
            if (offset < 0 && Slot.TryKindOf(item.GetType()) is null) return new(null, $"{item.GetType()} is not a type of WebAssembly");
            items[i] = new(Slot.KindOf(item.GetType()), (byte)offset);
            slots += Slot.CountOf(items[i].Kind);
        }
        return slots <= MaxSlots ? new(items, null) : new(null, $"{typeof(R)} has too many items");
    }
}
