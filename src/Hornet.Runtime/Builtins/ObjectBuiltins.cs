using System.Runtime.CompilerServices;

namespace Hornet.Runtime;

// Structs and arrays. References come as numbers, and results are left where the caller says. What allocates may collect: the
// caller's frames are visible, and its numbers are stale afterwards.
internal static unsafe partial class Builtins
{
    static GcHeap HeapOf(VmContext* context) => Store.Of(context->Store).Heap;

    /// <summary>A struct of a type of the module's, all fields zero.</summary>
    public static TrapCode NewStruct(VmContext* context, uint type, uint* result)
    {
        GcHeap heap = HeapOf(context);
        uint id = context->TypeIds[type];
        *result = heap.Allocate(id, 0, (uint)heap.TypeOf(id).Size, out TrapCode trap);
        return trap;
    }

    /// <summary>An array of a type of the module's, all elements zero.</summary>
    public static TrapCode NewArray(VmContext* context, uint type, uint length, uint* result)
    {
        GcHeap heap = HeapOf(context);
        uint id = context->TypeIds[type];
        *result = heap.Allocate(id, length, GcType.HeaderBytes + (ulong)length * (uint)GcType.Bytes(heap.TypeOf(id).Element), out TrapCode trap);
        return trap;
    }

    static GcStorage ElementOf(VmContext* context, uint type) => HeapOf(context).TypeOf(context->TypeIds[type]).Element;

    public static TrapCode NewArrayFromData(VmContext* context, uint type, uint segment, uint from, uint length, uint* result)
    {
        GcStorage element = ElementOf(context, type);
        // Before anything is allocated.
        if (from + (ulong)length * (uint)GcType.Bytes(element) > context->DataSegments[segment].Length) return TrapCode.MemoryOutOfBounds;
        TrapCode trap = NewArray(context, type, length, result);
        return trap != TrapCode.None ? trap : ArrayInitData(context, element, segment, *result, 0, from, length);
    }

    public static TrapCode NewArrayFromElem(VmContext* context, uint type, uint segment, uint from, uint length, uint* result)
    {
        if ((ulong)from + length > context->ElemSegments[segment].Length) return TrapCode.TableOutOfBounds;
        TrapCode trap = NewArray(context, type, length, result);
        return trap != TrapCode.None ? trap : ArrayInitElem(context, ElementOf(context, type), segment, *result, 0, from, length);
    }

    static TrapCode Range(GcHeap heap, uint array, uint index, uint count, GcStorage element, out byte* at)
    {
        at = null;
        if (array == 0) return TrapCode.NullArrayReference;
        byte* start = heap.At(array);
        if ((ulong)index + count > *(uint*)(start + 4)) return TrapCode.ArrayOutOfBounds;
        at = start + GcType.HeaderBytes + (ulong)index * (uint)GcType.Bytes(element);
        return TrapCode.None;
    }

    /// <summary>array.fill. <paramref name="value"/> is a slot, or two of a vector.</summary>
    public static TrapCode ArrayFill(VmContext* context, GcStorage element, uint array, uint index, uint count, ulong* value)
    {
        GcHeap heap = HeapOf(context);
        TrapCode trap = Range(heap, array, index, count, element, out byte* at);
        if (trap != TrapCode.None || count == 0) return trap;
        // A function's number is looked up once.
        heap.Write(at, element, value);
        switch (GcType.Bytes(element))
        {
            case 1: new Span<byte>(at, (int)count).Fill(*at); break;
            case 2: new Span<ushort>(at, (int)count).Fill(*(ushort*)at); break;
            case 4: new Span<uint>(at, (int)count).Fill(*(uint*)at); break;
            case 8: new Span<ulong>(at, (int)count).Fill(*(ulong*)at); break;
            default: new Span<UInt128>(at, (int)count).Fill(Unsafe.ReadUnaligned<UInt128>(at)); break;
        }
        return TrapCode.None;
    }

    public static TrapCode ArrayCopy(VmContext* context, GcStorage element, uint target, uint to, uint source, uint from, uint count)
    {
        GcHeap heap = HeapOf(context);
        TrapCode trap = Range(heap, target, to, count, element, out byte* destination);
        if (trap != TrapCode.None) return trap;
        trap = Range(heap, source, from, count, element, out byte* origin);
        if (trap != TrapCode.None) return trap;
        ulong bytes = (ulong)count * (uint)GcType.Bytes(element);
        Buffer.MemoryCopy(origin, destination, bytes, bytes);
        return TrapCode.None;
    }

    public static TrapCode ArrayInitData(VmContext* context, GcStorage element, uint segment, uint array, uint index, uint from, uint count)
    {
        TrapCode trap = Range(HeapOf(context), array, index, count, element, out byte* to);
        if (trap != TrapCode.None) return trap;
        VmDataSegment data = context->DataSegments[segment];
        ulong bytes = (ulong)count * (uint)GcType.Bytes(element);
        if (from + bytes > data.Length) return TrapCode.MemoryOutOfBounds;
        Buffer.MemoryCopy(data.Bytes + from, to, bytes, bytes);
        return TrapCode.None;
    }

    public static TrapCode ArrayInitElem(VmContext* context, GcStorage element, uint segment, uint array, uint index, uint from, uint count)
    {
        GcHeap heap = HeapOf(context);
        TrapCode trap = Range(heap, array, index, count, element, out byte* to);
        if (trap != TrapCode.None) return trap;
        VmElemSegment* items = &context->ElemSegments[segment];
        if ((ulong)from + count > items->Length) return TrapCode.TableOutOfBounds;
        for (uint i = 0; i < count; i++)
        {
            ulong item = Element(context, segment, from + i);
            heap.Write(to + 4ul * i, element, &item);
        }
        return TrapCode.None;
    }
}
