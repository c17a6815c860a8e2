using System.Runtime.CompilerServices;

namespace Hornet.Runtime;

// Memory operators and the waits of shared memories.
internal static unsafe partial class Builtins
{
    /// <summary>memory.grow. <paramref name="result"/> gets the pages before, or 2^64 - 1.</summary>
    public static TrapCode MemoryGrow(VmContext* context, uint memory, ulong delta, ulong* result)
    {
        VmMemory* vm = context->Memories[memory];
        Store store = Store.Of(context->Store);
        LinearMemory storage = store.MemoryOf(vm);
        byte log2 = vm->PageSizeLog2;
        ulong old = vm->Length;
        *result = old >> log2;
        if (delta == 0) return TrapCode.None;
        bool fits = delta <= LinearMemory.MaxPages(storage.Type) - (old >> log2);
        ulong? maximum = storage.Type.Limits.Max is { } pages ? Math.Min(pages, ulong.MaxValue >> log2) << log2 : null;
        if (fits && store.MayGrowMemory(old, old + (delta << log2), maximum) && storage.TryGrow(delta, out ulong before))
        {
            *result = before;
            return TrapCode.None;
        }
        *result = ulong.MaxValue;
        return store.GrowFailed();
    }

    /// <summary>memory.size, in pages.</summary>
    public static ulong MemorySize(VmContext* context, uint memory)
    {
        VmMemory* vm = context->Memories[memory];
        return Volatile.Read(ref vm->Length) >> vm->PageSizeLog2;
    }

    public static TrapCode MemoryCopy(VmContext* context, uint destination, uint source, ulong to, ulong from, ulong count)
    {
        VmMemory* target = context->Memories[destination];
        VmMemory* origin = context->Memories[source];
        if (!Fits(to, count, target->Length) || !Fits(from, count, origin->Length)) return TrapCode.MemoryOutOfBounds;
        Buffer.MemoryCopy(origin->Base + from, target->Base + to, count, count);
        return TrapCode.None;
    }

    public static TrapCode MemoryFill(VmContext* context, uint memory, ulong to, uint value, ulong count)
    {
        VmMemory* target = context->Memories[memory];
        if (!Fits(to, count, target->Length)) return TrapCode.MemoryOutOfBounds;
        System.Runtime.InteropServices.NativeMemory.Fill(target->Base + to, (nuint)count, (byte)value);
        return TrapCode.None;
    }

    public static TrapCode MemoryInit(VmContext* context, uint memory, uint segment, ulong to, uint from, uint count)
    {
        VmMemory* target = context->Memories[memory];
        VmDataSegment* data = &context->DataSegments[segment];
        if (!Fits(to, count, target->Length) || !Fits(from, count, data->Length)) return TrapCode.MemoryOutOfBounds;
        Buffer.MemoryCopy(data->Bytes + from, target->Base + to, count, count);
        return TrapCode.None;
    }

    public static void DataDrop(VmContext* context, uint segment) => context->DataSegments[segment].Length = 0;

    /// <summary>memory.atomic.wait32. <paramref name="address"/> includes the operator's offset.</summary>
    public static TrapCode AtomicWait32(VmContext* context, uint memory, ulong address, uint expected, long timeout, uint* result) =>
        AtomicWait(context, memory, address, expected, is64: false, timeout, result);

    /// <summary>memory.atomic.wait64.</summary>
    public static TrapCode AtomicWait64(VmContext* context, uint memory, ulong address, ulong expected, long timeout, uint* result) =>
        AtomicWait(context, memory, address, expected, is64: true, timeout, result);

    static TrapCode AtomicWait(VmContext* context, uint memory, ulong address, ulong expected, bool is64, long timeout, uint* result)
    {
        VmMemory* vm = context->Memories[memory];
        uint size = is64 ? 8u : 4u;
        if (!Fits(address, size, Volatile.Read(ref vm->Length))) return TrapCode.MemoryOutOfBounds;
        if ((address & (size - 1)) != 0) return TrapCode.UnalignedAtomic;
        if (!vm->IsShared) return TrapCode.ExpectedSharedMemory;
        Store store = Store.Of(context->Store);
        return store.MemoryOf(vm).Waiters!.Wait(store, address, vm->Base + address, expected, is64, timeout, out *result);
    }

    /// <summary>memory.atomic.notify. <paramref name="result"/> gets the number of threads woken.</summary>
    public static TrapCode AtomicNotify(VmContext* context, uint memory, ulong address, uint count, uint* result)
    {
        VmMemory* vm = context->Memories[memory];
        if (!Fits(address, 4, Volatile.Read(ref vm->Length))) return TrapCode.MemoryOutOfBounds;
        if ((address & 3) != 0) return TrapCode.UnalignedAtomic;
        // Nobody can wait on a memory that is not shared.
        *result = vm->IsShared ? Store.Of(context->Store).MemoryOf(vm).Waiters!.Notify(address, count) : 0;
        return TrapCode.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Fits(ulong start, ulong count, ulong length) => start <= length && count <= length - start;
}
