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
    readonly EngineOptions _options;
    readonly CommitBudget _budget;
    readonly Lock? _growing;
    nuint _mapped;
    ulong _committed;

    LinearMemory(MemoryType type, EngineOptions options, CommitBudget budget)
    {
        Type = type;
        _options = options;
        _budget = budget;
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

    public ulong Pages => Vm->Length >> Type.PageSizeLog2;

    /// <summary>Most pages of a type, its own maximum and the address space considered.</summary>
    public static ulong MaxPages(MemoryType type)
    {
        // 2^48 bytes are more than any machine maps; the byte length of a 32-bit memory is at most 2^32.
        ulong most = (type.Is64 ? 1UL << 48 : 1UL << 32) >> type.PageSizeLog2;
        return Math.Min(type.Limits.Max ?? most, most);
    }

    /// <summary>A zeroed memory of the type's minimum, or null where there is not enough memory.</summary>
    public static LinearMemory? TryCreate(MemoryType type, EngineOptions options, CommitBudget budget)
    {
        if (type.Limits.Min > MaxPages(type)) return null;
        LinearMemory memory = new(type, options, budget);
        ulong bytes = type.Limits.Min << type.PageSizeLog2;
        if (!budget.TryTake(bytes)) return null;
        if (!memory.Map(bytes))
        {
            budget.Return(bytes);
            return null;
        }
        return memory;
    }

    bool Map(ulong bytes)
    {
        VirtualMemory system = VirtualMemory.System;
        ulong most = MaxPages(Type) << Type.PageSizeLog2;
        ulong wanted = Type.IsShared ? most : Math.Max(bytes, Math.Min(most, _options.MemoryReservation));
        // Small maxima still take the whole reservation: compiled code counts on it and on the guard.
        if (!Type.Is64 && system.CanReserve && _options.MemoryReservation == 1UL << 32) wanted = 1UL << 32;
        if (!system.CanReserve && !Type.IsShared) wanted = bytes;
        byte* at = null;
        ulong reserved = wanted;
        if (wanted <= 1UL << 46)
        {
            _mapped = system.RoundUp((nuint)wanted) + (system.CanReserve ? system.RoundUp((nuint)_options.MemoryGuard) : 0);
            at = _mapped == 0 ? system.Reserve(_mapped = system.PageSize) : system.Reserve(_mapped);
        }
        if (at == null)
        {
            // Address space is scarce (ulimit -v, no overcommit): take what is needed now, and move when growing.
            if (Type.IsShared || (_options.GuardsAccesses && !Type.Is64)) return false;
            reserved = bytes;
            _mapped = system.RoundUp((nuint)Math.Max(bytes, 1));
            at = system.Reserve(_mapped);
            if (at == null) return false;
        }
        nuint committed = system.RoundUp((nuint)bytes);
        if (!system.Commit(at, committed))
        {
            system.Release(at, _mapped);
            return false;
        }
        _committed = bytes;
        Vm = (VmMemory*)NativeMemory.AllocZeroed((nuint)sizeof(VmMemory));
        Vm->Base = at;
        Vm->Length = bytes;
        Vm->Reserved = reserved;
        Vm->PageSizeLog2 = Type.PageSizeLog2;
        Vm->Is64 = Type.Is64;
        Vm->IsShared = Type.IsShared;
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
        if (!_budget.TryTake(added)) return false;
        if (length <= Vm->Reserved ? Extend(length) : Move(length))
        {
            _committed += added;
            Volatile.Write(ref Vm->Length, length);
            return true;
        }
        _budget.Return(added);
        return false;
    }

    bool Extend(ulong length)
    {
        VirtualMemory system = VirtualMemory.System;
        nuint from = system.RoundUp((nuint)Vm->Length), to = system.RoundUp((nuint)length);
        return system.Commit(Vm->Base + from, to - from);
    }

    // Only memories of unshared type get here; a span or pointer into the old place must not be in use (Memory's documentation says so).
    bool Move(ulong length)
    {
        if (Leases != 0) return false;
        VirtualMemory system = VirtualMemory.System;
        // Half as much again, so that growing page by page does not copy each time.
        ulong most = MaxPages(Type) << Type.PageSizeLog2;
        ulong reserved = Math.Min(most, length + length / 2);
        nuint mapped = system.RoundUp((nuint)reserved);
        byte* at = system.Reserve(mapped);
        if (at == null)
        {
            reserved = length;
            mapped = system.RoundUp((nuint)length);
            at = system.Reserve(mapped);
            if (at == null) return false;
        }
        if (!system.Commit(at, system.RoundUp((nuint)length)))
        {
            system.Release(at, mapped);
            return false;
        }
        Buffer.MemoryCopy(Vm->Base, at, length, Vm->Length);
        system.Release(Vm->Base, _mapped);
        _mapped = mapped;
        Vm->Base = at;
        Vm->Reserved = reserved;
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
        if (Vm == null) return;
        VirtualMemory.System.Release(Vm->Base, _mapped);
        NativeMemory.Free(Vm);
        Vm = null;
        _budget.Return(_committed);
        GC.SuppressFinalize(this);
    }
}
