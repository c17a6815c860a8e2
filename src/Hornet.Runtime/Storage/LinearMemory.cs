using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// The bytes of a memory and the <see cref="VmMemory"/> that code sees. Address space for everything that the memory can become
/// is reserved at the beginning where the system allows, so that the base never moves; only a memory that outgrows a smaller
/// reservation does, and never a shared one.
/// </summary>
internal sealed unsafe class LinearMemory
{
    readonly Engine _engine;
    readonly Lock? _growing;
    MemorySlot _slot;
    // Where its slot is that of an instance: what it begins with.
    MemoryImage? _image;
    ulong _committed;
    bool _released, _moved;
    ulong _initial;

    LinearMemory(MemoryType type, Engine engine, MemorySlot slot)
    {
        Type = type;
        _engine = engine;
        _slot = slot;
        if (type.IsShared)
        {
            _growing = new();
            Waiters = new WaitQueues();
        }
        else
        {
            GC.SuppressFinalize(this);
        }
    }

    public VmMemory* Vm { get; private set; }
    public MemoryType Type { get; }

    /// <summary>Threads that wait on addresses of a shared memory.</summary>
    public WaitQueues? Waiters { get; }

    /// <summary>Leases that forbid disposal and moving.</summary>
    public int Leases;

    /// <summary>Whether an <see cref="InstanceSlot"/> keeps it, not its store.</summary>
    public bool IsKept { get; init; }

    public ulong Pages => Vm->Length >> Type.PageSizeLog2;

    /// <summary>Most pages of a type, its own maximum and the address space considered.</summary>
    public static ulong MaxPages(MemoryType type)
    {
        // 2^48 bytes are more than any machine maps; the byte length of a 32-bit memory is at most 2^32.
        ulong most = (type.Is64 ? 1UL << 48 : 1UL << 32) >> type.PageSizeLog2;
        return Math.Min(type.Limits.Max ?? most, most);
    }

    /// <summary>Bytes of a type's minimum; more than any memory can have where that is too large.</summary>
    public static ulong InitialBytes(MemoryType type) => type.Limits.Min > MaxPages(type) ? ulong.MaxValue : type.Limits.Min << type.PageSizeLog2;

    /// <summary>A memory of the type's minimum, zero or as an image has it, or null where there is not enough memory.</summary>
    /// <exception cref="PoolExhaustedException">The engine's pool has no slot for it.</exception>
    /// <exception cref="LinkException">The system or the commit budget does not allow it: the message says which.</exception>
    public static LinearMemory Create(MemoryType type, Engine engine, MemoryImage? image = null, bool kept = false, ulong? length = null)
    {
        if (type.Limits.Min > MaxPages(type)) throw new LinkException($"a memory of {type.Limits.Min} pages is too large");
        ulong bytes = length ?? InitialBytes(type);
        if (!Take(engine, bytes)) throw OverBudget(engine, bytes);
        MemorySlot? slot = null;
        try
        {
            slot = Slot(type, engine, bytes);
        }
        finally
        {
            if (slot is null) engine.Commit.Return(bytes);
        }
        if (slot is null) throw new LinkException($"not enough memory for {bytes >> type.PageSizeLog2} pages: {MemorySlot.WhyNot()}");
        if (!slot.Prepare(image, bytes))
        {
            string why = VirtualMemory.System.WhyNot();
            slot.Release();
            engine.Commit.Return(bytes);
            throw new LinkException($"not enough memory for {bytes >> type.PageSizeLog2} pages: {why}");
        }
        LinearMemory memory = new(type, engine, slot) { IsKept = kept, _committed = bytes, _initial = bytes, _image = image };
        VmMemory* vm = memory.Vm = (VmMemory*)NativeMemory.AllocZeroed((nuint)sizeof(VmMemory));
        vm->Base = slot.Base;
        vm->Length = bytes;
        vm->Reserved = slot.Reserved;
        vm->PageSizeLog2 = type.PageSizeLog2;
        vm->Is64 = type.Is64;
        vm->IsShared = type.IsShared;
        return memory;
    }

    static MemorySlot? Slot(MemoryType type, Engine engine, ulong bytes)
    {
        VirtualMemory system = VirtualMemory.System;
        ulong reservation = engine.Options.MemoryReservation, most = MaxPages(type) << type.PageSizeLog2;
        ulong wanted = type.IsShared ? most : Math.Max(bytes, Math.Min(most, reservation));
        // Small maxima still take the whole reservation: compiled code counts on it and on the guard.
        if (!type.Is64 && system.CanReserve && reservation == 1UL << 32) wanted = 1UL << 32;
        if (!system.CanReserve && !type.IsShared) wanted = bytes;
        MemorySlot? slot = engine.Allocator.RentMemory(bytes, wanted, type.IsShared);
        // Address space is scarce (ulimit -v, no overcommit): take what is needed now, and move when growing.
        return slot is null && !type.IsShared && (type.Is64 || !engine.Options.GuardsAccesses) ? MemorySlot.TryReserve(bytes, 0) : slot;
    }

    public static LinkException OverBudget(Engine engine, ulong bytes) =>
        new($"not enough memory for {bytes} bytes: the engine's memories and tables have {engine.Commit.Used}, and may have {engine.Commit.Limit} together (Config.WithCommitBudget)");

    // Memory that is warm but unused counts, too, and goes first.
    static bool Take(Engine engine, ulong bytes)
    {
        while (!engine.Commit.TryTake(bytes))
            if (!engine.Allocator.TryEvict()) return false;
        return true;
    }

    /// <summary>Its instance has gone: the next one finds it as it began. False: it was of no further use, and is gone, too.</summary>
    public bool TryRecycle()
    {
        if (_moved || Leases != 0)
        {
            Release();
            return false;
        }
        _slot.Reset(Vm->Length, _engine.Allocator.MemoryKeepResident);
        if (!_slot.Prepare(_image, _initial))
        {
            Release();
            return false;
        }
        _engine.Commit.Return(_committed);
        _committed = 0;
        Vm->Length = _initial;
        return true;
    }

    /// <summary>A memory that was recycled is used again; false where the budget does not allow it.</summary>
    public bool TryReuse()
    {
        if (!Take(_engine, Vm->Length)) return false;
        _committed = Vm->Length;
        return true;
    }

    /// <summary>Adds pages, all zero. False where the type, the machine, a lease or the budget does not allow it.</summary>
    /// <param name="delta">Pages to add.</param>
    /// <param name="old">Pages before.</param>
    public bool TryGrow(ulong delta, out ulong old)
    {
        if (_growing is null) return TryGrowUnlocked(delta, out old);
        lock (_growing) return TryGrowUnlocked(delta, out old);
    }

    bool TryGrowUnlocked(ulong delta, out ulong old)
    {
        old = Pages;
        if (delta == 0) return true;
        if (delta > MaxPages(Type) - old) return false;
        ulong added = delta << Type.PageSizeLog2, length = Vm->Length + added;
        if (length > _engine.Allocator.MostMemory || !Take(_engine, added)) return false;
        if (length <= Vm->Reserved ? Extend(length) : Move(length))
        {
            _committed += added;
            Volatile.Write(ref Vm->Length, length);
            return true;
        }
        _engine.Commit.Return(added);
        return false;
    }

    bool Extend(ulong length) => _slot.Extend(length);

    // Only memories of unshared type get here; a span or pointer into the old place must not be in use (Memory's documentation says so).
    bool Move(ulong length)
    {
        if (Leases != 0 || _engine.Options.Pooling is not null) return false;
        // Half as much again, so that growing page by page does not copy each time.
        ulong most = MaxPages(Type) << Type.PageSizeLog2;
        MemorySlot? slot = MemorySlot.TryReserve(Math.Min(most, length + length / 2), 0) ?? MemorySlot.TryReserve(length, 0);
        if (slot is null) return false;
        if (!slot.Prepare(null, length))
        {
            slot.Release();
            return false;
        }
        Buffer.MemoryCopy(Vm->Base, slot.Base, length, Vm->Length);
        _slot.Release();
        _slot = slot;
        _image = null;
        _moved = true;
        Vm->Base = slot.Base;
        Vm->Reserved = slot.Reserved;
        return true;
    }

    // Shared memories have many owners and no one who disposes them; the others are released by their store.
    ~LinearMemory()
    {
        if (Type.IsShared) Release();
    }

    /// <summary>Gives everything back; nothing may use the memory afterwards.</summary>
    public void Release()
    {
        if (_released) return;
        _released = true;
        _slot.Release();
        NativeMemory.Free(Vm);
        Vm = null;
        _engine.Commit.Return(_committed);
        _engine.Allocator.Wake();
        GC.SuppressFinalize(this);
    }
}
