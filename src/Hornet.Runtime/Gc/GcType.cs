using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>How a field or element lies in an object.</summary>
internal enum GcStorage : byte
{
    I8, I16, Bits32, Bits64, V128,
    /// <summary>A GcRef, which the collector follows and changes.</summary>
    Ref,
    /// <summary>A function's number in the store's table of functions, 0 for null: never a pointer.</summary>
    Func,
}

/// <summary>Where a struct's field lies.</summary>
internal readonly record struct GcField(int Offset, GcStorage Storage);

/// <summary>
/// The layout of a struct or array type. An object is a header (type id, and an array's length or 0), then a struct's fields in
/// their order, each aligned to its size but at most 8, or an array's elements; the next object begins at a multiple of 8.
/// </summary>
internal sealed class GcType
{
    public const int HeaderBytes = 8;

    GcType(CompositeKind kind, GcField[] fields, GcStorage element, int size)
    {
        (Kind, Fields, Element, Size) = (kind, fields, element, size);
        References = [.. fields.Where(f => f.Storage == GcStorage.Ref).Select(f => f.Offset)];
    }

    public CompositeKind Kind { get; }
    public GcField[] Fields { get; }
    public GcStorage Element { get; }
    /// <summary>Bytes of a struct, header included; of an array's header.</summary>
    public int Size { get; }
    /// <summary>Offsets of the fields that the collector follows.</summary>
    public int[] References { get; }

    /// <param name="type">A struct or array type.</param>
    /// <param name="isFunc">Whether a concrete reference type of the same index space is a function type.</param>
    public static GcType Of(SubType type, Func<int, bool> isFunc)
    {
        if (type is ArrayType array) return new(CompositeKind.Array, [], StorageOf(array.Element.Storage, isFunc), HeaderBytes);
        ReadOnlySpan<FieldType> fields = ((StructType)type).Fields;
        GcField[] places = new GcField[fields.Length];
        int at = HeaderBytes;
        for (int i = 0; i < places.Length; i++)
        {
            GcStorage storage = StorageOf(fields[i].Storage, isFunc);
            int size = Bytes(storage), alignment = Math.Min(size, 8);
            at = (at + alignment - 1) & -alignment;
            places[i] = new(at, storage);
            at += size;
        }
        return new(CompositeKind.Struct, places, default, at);
    }

    public static GcStorage StorageOf(ValType type, Func<int, bool> isFunc)
    {
        if (!type.IsRef)
            return type == ValType.I8 ? GcStorage.I8 : type == ValType.I16 ? GcStorage.I16 : type == ValType.V128 ? GcStorage.V128 : type.ByteSize == 4 ? GcStorage.Bits32 : GcStorage.Bits64;
        HeapType heap = type.Heap;
        return heap == HeapType.Func || heap == HeapType.NoFunc || heap.IsConcrete && isFunc(heap.Code) ? GcStorage.Func : GcStorage.Ref;
    }

    public static int Bytes(GcStorage storage) => storage switch { GcStorage.I8 => 1, GcStorage.I16 => 2, GcStorage.Bits64 => 8, GcStorage.V128 => 16, _ => 4 };
}
