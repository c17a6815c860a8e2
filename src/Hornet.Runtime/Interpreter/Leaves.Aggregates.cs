using System.Runtime.CompilerServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

// Structs, arrays, casts. What allocates may collect: operands lie in homes that the collector knows, and are read afterwards.
internal static unsafe partial class Leaves
{
    static GcHeap Heap(Machine* m) => Hornet.Store.Of(m->Store).Heap;

    /// <summary>Room for an object of a type of the module's, or 0 after a trap. The next instruction's ip names the safepoint.</summary>
    static uint Allocate(byte* ip, int size, byte* fp, Machine* m, GcHeap heap, uint id, uint length, ulong bytes)
    {
        Expose(ip + size - 1, fp, m);
        uint reference = heap.Allocate(id, length, bytes, out TrapCode trap);
        if (reference == 0) Raise(ip, fp, m, trap);
        return reference;
    }

    /// <summary>Fields: result, type, where the fields' values are.</summary>
    public static byte* StructNew(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        uint id = m->Vm->TypeIds[Number(ip, 20)];
        GcType type = heap.TypeOf(id);
        uint reference = Allocate(ip, 28, fp, m, heap, id, 0, (uint)type.Size);
        if (reference == 0) return null;
        byte* at = heap.At(reference);
        ulong* value = (ulong*)(fp + Number(ip, 24));
        foreach (GcField field in type.Fields)
        {
            heap.Write(at + field.Offset, field.Storage, value);
            value += field.Storage == GcStorage.V128 ? 2 : 1;
        }
        Long(ip, fp, 16) = reference;
        return ip + 28;
    }

    /// <summary>Fields: result, type.</summary>
    public static byte* StructNewDefault(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        uint id = m->Vm->TypeIds[Number(ip, 20)];
        uint reference = Allocate(ip, 24, fp, m, heap, id, 0, (uint)heap.TypeOf(id).Size);
        if (reference == 0) return null;
        Long(ip, fp, 16) = reference;
        return ip + 24;
    }

    /// <summary>A field that no handler reads. Fields: result, object, offset, storage.</summary>
    public static byte* StructGet(byte* ip, byte* fp, Machine* m)
    {
        uint reference = UInt(ip, fp, 20);
        if (reference == 0) return Raise(ip, fp, m, TrapCode.NullStructReference);
        GcHeap heap = Heap(m);
        heap.Read(heap.At(reference) + Number(ip, 24), (GcStorage)Number(ip, 28), (ulong*)Unsafe.AsPointer(ref Long(ip, fp, 16)));
        return ip + 32;
    }

    /// <summary>Fields: object, value, offset, storage.</summary>
    public static byte* StructSet(byte* ip, byte* fp, Machine* m)
    {
        uint reference = UInt(ip, fp, 16);
        if (reference == 0) return Raise(ip, fp, m, TrapCode.NullStructReference);
        GcHeap heap = Heap(m);
        heap.Write(heap.At(reference) + Number(ip, 24), (GcStorage)Number(ip, 28), (ulong*)(fp + Number(ip, 20)));
        return ip + 32;
    }

    static uint NewArray(byte* ip, int size, byte* fp, Machine* m, GcHeap heap, int type, uint length, out GcType layout)
    {
        uint id = m->Vm->TypeIds[type];
        layout = heap.TypeOf(id);
        return Allocate(ip, size, fp, m, heap, id, length, GcType.HeaderBytes + (ulong)length * (uint)GcType.Bytes(layout.Element));
    }

    /// <summary>array.new, or array.new_default where the value's field is 0. Fields: result, type, value, length.</summary>
    public static byte* ArrayNew(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        uint length = UInt(ip, fp, 28);
        uint reference = NewArray(ip, 32, fp, m, heap, Number(ip, 20), length, out GcType type);
        if (reference == 0) return null;
        if (Number(ip, 24) != 0) Builtins.ArrayFill(m->Vm, type.Element, reference, 0, length, (ulong*)(fp + Number(ip, 24)));
        Long(ip, fp, 16) = reference;
        return ip + 32;
    }

    /// <summary>Fields: result, type, where the elements' values are, their number.</summary>
    public static byte* ArrayNewFixed(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        uint length = (uint)Number(ip, 28);
        uint reference = NewArray(ip, 32, fp, m, heap, Number(ip, 20), length, out GcType type);
        if (reference == 0) return null;
        byte* at = heap.At(reference) + GcType.HeaderBytes;
        ulong* value = (ulong*)(fp + Number(ip, 24));
        int size = GcType.Bytes(type.Element), slots = type.Element == GcStorage.V128 ? 2 : 1;
        for (uint i = 0; i < length; i++) heap.Write(at + (ulong)i * (uint)size, type.Element, value + i * slots);
        Long(ip, fp, 16) = reference;
        return ip + 32;
    }

    /// <summary>Fields: result, offset, length, type, segment.</summary>
    public static byte* ArrayNewData(byte* ip, byte* fp, Machine* m)
    {
        Expose(ip + 35, fp, m);
        uint reference;
        return Made(ip, 36, fp, m, Builtins.NewArrayFromData(m->Vm, (uint)Number(ip, 28), (uint)Number(ip, 32), UInt(ip, fp, 20), UInt(ip, fp, 24), &reference), reference);
    }

    /// <summary>Fields: result, offset, length, type, segment.</summary>
    public static byte* ArrayNewElem(byte* ip, byte* fp, Machine* m)
    {
        Expose(ip + 35, fp, m);
        uint reference;
        return Made(ip, 36, fp, m, Builtins.NewArrayFromElem(m->Vm, (uint)Number(ip, 28), (uint)Number(ip, 32), UInt(ip, fp, 20), UInt(ip, fp, 24), &reference), reference);
    }

    static byte* Made(byte* ip, int size, byte* fp, Machine* m, TrapCode trap, uint reference)
    {
        if (trap != TrapCode.None) return Raise(ip, fp, m, trap);
        Long(ip, fp, 16) = reference;
        return ip + size;
    }

    /// <summary>An array's range, or null after a trap.</summary>
    static byte* Range(byte* ip, byte* fp, Machine* m, GcHeap heap, uint reference, uint from, uint count, GcStorage element)
    {
        if (reference == 0)
        {
            Raise(ip, fp, m, TrapCode.NullArrayReference);
            return null;
        }
        byte* at = heap.At(reference);
        if ((ulong)from + count > *(uint*)(at + 4))
        {
            Raise(ip, fp, m, TrapCode.ArrayOutOfBounds);
            return null;
        }
        return at + GcType.HeaderBytes + (ulong)from * (uint)GcType.Bytes(element);
    }

    /// <summary>Fields: result, array, index, storage.</summary>
    public static byte* ArrayGet(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        GcStorage storage = (GcStorage)Number(ip, 28);
        byte* at = Range(ip, fp, m, heap, UInt(ip, fp, 20), UInt(ip, fp, 24), 1, storage);
        if (at == null) return null;
        heap.Read(at, storage, (ulong*)Unsafe.AsPointer(ref Long(ip, fp, 16)));
        return ip + 32;
    }

    /// <summary>Fields: array, index, value, storage.</summary>
    public static byte* ArraySet(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        GcStorage storage = (GcStorage)Number(ip, 28);
        byte* at = Range(ip, fp, m, heap, UInt(ip, fp, 16), UInt(ip, fp, 20), 1, storage);
        if (at == null) return null;
        heap.Write(at, storage, (ulong*)(fp + Number(ip, 24)));
        return ip + 32;
    }

    static byte* Done(byte* ip, int size, byte* fp, Machine* m, TrapCode trap) => trap == TrapCode.None ? ip + size : Raise(ip, fp, m, trap);

    /// <summary>Fields: array, index, value, count, storage.</summary>
    public static byte* ArrayFill(byte* ip, byte* fp, Machine* m) =>
        Done(ip, 36, fp, m, Builtins.ArrayFill(m->Vm, (GcStorage)Number(ip, 32), UInt(ip, fp, 16), UInt(ip, fp, 20), UInt(ip, fp, 28), (ulong*)(fp + Number(ip, 24))));

    /// <summary>Fields: target, index, source, index, count, storage.</summary>
    public static byte* ArrayCopy(byte* ip, byte* fp, Machine* m) =>
        Done(ip, 40, fp, m, Builtins.ArrayCopy(m->Vm, (GcStorage)Number(ip, 36), UInt(ip, fp, 16), UInt(ip, fp, 20), UInt(ip, fp, 24), UInt(ip, fp, 28), UInt(ip, fp, 32)));

    /// <summary>Fields: array, index, offset, count, segment, storage.</summary>
    public static byte* ArrayInitData(byte* ip, byte* fp, Machine* m) =>
        Done(ip, 40, fp, m, Builtins.ArrayInitData(m->Vm, (GcStorage)Number(ip, 36), (uint)Number(ip, 32), UInt(ip, fp, 16), UInt(ip, fp, 20), UInt(ip, fp, 24), UInt(ip, fp, 28)));

    /// <summary>Fields: array, index, offset, count, segment, storage.</summary>
    public static byte* ArrayInitElem(byte* ip, byte* fp, Machine* m) =>
        Done(ip, 40, fp, m, Builtins.ArrayInitElem(m->Vm, (GcStorage)Number(ip, 36), (uint)Number(ip, 32), UInt(ip, fp, 16), UInt(ip, fp, 20), UInt(ip, fp, 24), UInt(ip, fp, 28)));

    /// <summary>ref.test. Fields: result, reference, heap type, whether null passes.</summary>
    public static byte* RefTest(byte* ip, byte* fp, Machine* m)
    {
        Int(ip, fp, 16) = Is(m, Long(ip, fp, 20), new HeapType(Number(ip, 24)), Number(ip, 28) != 0) ? 1 : 0;
        return ip + 32;
    }

    /// <summary>ref.cast. Fields: reference, heap type, whether null passes.</summary>
    public static byte* RefCast(byte* ip, byte* fp, Machine* m) =>
        Is(m, Long(ip, fp, 16), new HeapType(Number(ip, 20)), Number(ip, 24) != 0) ? ip + 28 : Raise(ip, fp, m, TrapCode.CastFailure);

    /// <summary>Whether a value is of a type of the current instance's module. spec: exec/values, value typing</summary>
    static bool Is(Machine* m, ulong value, HeapType type, bool nullable)
    {
        if (value == 0) return nullable;
        if (type.IsConcrete)
        {
            uint id = m->Vm->TypeIds[type.Code];
            Hornet.Store store = Hornet.Store.Of(m->Store);
            TypeRegistry types = store.Engine.Types;
            // References to functions are pointers, and no other kind of value ever meets a function type.
            if (types[id].Kind == CompositeKind.Func) return types.IsSubtype(((VmFuncRef*)value)->TypeId, id);
            GcRef reference = new((uint)value);
            return reference.IsObject && types.IsSubtype(*(uint*)store.Heap.At(reference.Bits), id);
        }
        GcRef any = new((uint)value);
        if (type == HeapType.Func || type == HeapType.Extern || type == HeapType.Any || type == HeapType.Exn) return true;
        if (type == HeapType.Eq) return any.IsI31 || any.IsObject;
        if (type == HeapType.I31) return any.IsI31;
        if (!any.IsObject) return false;
        GcHeap heap = Heap(m);
        if (type == HeapType.Struct) return heap.TypeOf(*(uint*)heap.At(any.Bits)).Kind == CompositeKind.Struct;
        return type == HeapType.Array && heap.TypeOf(*(uint*)heap.At(any.Bits)).Kind == CompositeKind.Array;
    }
}
