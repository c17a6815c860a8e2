namespace Hornet.Runtime;

/// <summary>
/// The slots of a pooling engine for one kind of thing, all of one size, reserved when the engine is made: side by side in as few mappings
/// as the system allows, a guard on either side of each. What they hold is zero while nobody uses them; who used one has to see to that.
/// </summary>
/// <remarks>
/// A closed array is inaccessible; who takes a slot opens what it needs of it, which splits the mapping. An open one is one accessible mapping: its
/// guards are marks in the page tables (<see cref="VirtualMemory.Guard"/>), which cost no mapping. Where the system knows no such marks, the
/// array is reserved inaccessible and its slots are opened whole, one by one, as long as that leaves the process enough mappings.
/// </remarks>
internal sealed unsafe class SlotArray
{
    readonly record struct Region(nint At, nuint Bytes, int First, int Slots);

    readonly List<Region> _regions = [];
    readonly Stack<nint> _free = new();
    readonly Lock _lock = new();
    readonly nuint _size, _guard;
    bool _marks, _opens, _gone;
    int _next, _rented;

    /// <param name="limit">How many, and what sets it.</param>
    /// <param name="size">Bytes of each that may be used.</param>
    /// <param name="guard">Bytes between two that nobody may use; at least a page.</param>
    /// <param name="open">Whether all of a slot is accessible while it is rented.</param>
    /// <param name="setting">What sets the size.</param>
    /// <exception cref="PoolExhaustedException">There is no address space for so many.</exception>
    public SlotArray(PoolLimit limit, ulong size, ulong guard, bool open, string setting)
    {
        VirtualMemory system = VirtualMemory.System;
        _size = Math.Max(system.RoundUp((nuint)size), system.PageSize);
        _guard = Math.Max(system.RoundUp((nuint)guard), system.PageSize);
        Slots = limit.Most;
        if (Reserve(Slots))
        {
            if (open) Open();
            return;
        }
        Unmap();
        throw limit.NoAddressSpace(_size + _guard, setting);
    }

    public int Slots { get; }

    /// <summary>Bytes of a slot that may be used.</summary>
    public nuint SlotSize => _size;

    /// <summary>Slots that somebody has.</summary>
    public int Rented => Volatile.Read(ref _rented);

    /// <summary>Whether it has been closed, and the last slot returned.</summary>
    public bool IsGone => _gone && _regions.Count == 0;

    /// <summary>Whether an address lies in it.</summary>
    public bool Contains(byte* at)
    {
        lock (_lock) return _regions.Exists(r => (nuint)((nint)at - r.At) < r.Bytes);
    }

    // One mapping where there is so much room in one place, else several. The first guard is a page.
    bool Reserve(int slots)
    {
        if (slots == 0) return true;
        VirtualMemory system = VirtualMemory.System;
        UInt128 bytes = (UInt128)(_size + _guard) * (uint)slots + system.PageSize;
        byte* at = bytes <= 1UL << 47 ? system.Reserve((nuint)bytes) : null;
        if (at == null) return slots > 1 && Reserve(slots - slots / 2) && Reserve(slots / 2);
        int first = _regions.Count == 0 ? 0 : _regions[^1].First + _regions[^1].Slots;
        _regions.Add(new((nint)at, (nuint)bytes, first, slots));
        return true;
    }

    void Open()
    {
        VirtualMemory system = VirtualMemory.System;
        _marks = system.CanGuard;
        bool afford = Slots <= system.MostMappings / 16;
        // Strict accounting of memory (vm.overcommit_memory = 2) may refuse the whole but not its parts.
        if ((_marks || !afford) && _regions.TrueForAll(r => system.Commit((byte*)r.At, r.Bytes)))
        {
            foreach (Region region in _regions) system.AvoidHugePages((byte*)region.At, region.Bytes);
            return;
        }
        _marks = false;
        _opens = true;
    }

    /// <summary>Where a slot lies, rented or not.</summary>
    public byte* SlotAt(int slot)
    {
        foreach (Region region in _regions)
            if (slot - region.First < region.Slots) return (byte*)region.At + VirtualMemory.System.PageSize + (nuint)(slot - region.First) * (_size + _guard);
        return null;
    }

    /// <summary>A slot that nobody uses, all zero; null where there is none.</summary>
    /// <exception cref="LinkException">The system has no more mappings or page tables for it.</exception>
    public byte* TryRent()
    {
        lock (_lock)
        {
            if (_regions.Count == 0) return null;
            if (!_free.TryPop(out nint at))
            {
                if (_next == Slots) return null;
                at = (nint)SlotAt(_next);
                if (!Prepare((byte*)at)) throw new LinkException($"not enough memory for another slot of the pool: {VirtualMemory.System.WhyNot()}");
                _next++;
            }
            _rented++;
            return (byte*)at;
        }
    }

    // Once for each slot: what is marked or opened stays so.
    bool Prepare(byte* at)
    {
        VirtualMemory system = VirtualMemory.System;
        if (_marks) return system.Guard(at - system.PageSize, system.PageSize) && system.Guard(at + _size, _guard);
        return !_opens || system.Commit(at, _size);
    }

    /// <summary>Gives a slot back, all zero and in a closed array inaccessible.</summary>
    public void Return(byte* slot) => Return(slot, reusable: true);

    /// <summary>A slot that the system will not let go of is never used again.</summary>
    public void Lose(byte* slot) => Return(slot, reusable: false);

    void Return(byte* slot, bool reusable)
    {
        lock (_lock)
        {
            _rented--;
            if (reusable) _free.Push((nint)slot);
            if (!_gone || _rented > 0) return;
        }
        Unmap();
    }

    void Unmap()
    {
        foreach (Region region in _regions) VirtualMemory.System.Release((byte*)region.At, region.Bytes);
        _regions.Clear();
    }

    // A forgotten store's finaliser may come after this one.
    ~SlotArray() => Close();

    /// <summary>No slot is rented any more; the last one that comes back takes the mapping along.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _gone = true;
            if (_rented > 0) return;
        }
        Unmap();
    }
}
