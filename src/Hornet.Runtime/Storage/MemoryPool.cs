namespace Hornet.Runtime;

/// <summary>
/// The memory slots of a pooling engine, reserved at its beginning: side by side in as few mappings as the system allows, a guard behind
/// each, or, where code compares every access with the length, without guards and accessible at all times, so that one mapping serves all.
/// </summary>
internal sealed unsafe class MemoryPool
{
    readonly List<(nint At, nuint Bytes)> _regions = [];
    readonly Stack<MemorySlot> _free;
    bool _abandoned;
    int _rented;

    /// <param name="slots">How many.</param>
    /// <param name="size">Bytes that a memory may grow to.</param>
    /// <param name="guard">Bytes behind each that nobody may use.</param>
    /// <param name="open">Whether all slots are accessible at all times.</param>
    public MemoryPool(int slots, ulong size, ulong guard, bool open)
    {
        (Slots, SlotSize) = (slots, size);
        VirtualMemory system = VirtualMemory.System;
        nuint stride = system.RoundUp((nuint)size) + (open ? 0 : system.RoundUp((nuint)guard));
        _free = new(slots);
        if (Reserve(slots, (nuint)size, stride, open)) return;
        Unmap();
        throw new PoolExhaustedException($"no address space for {slots} memories of {stride} bytes each: lower PoolingAllocationConfig.TotalMemories (-O pooling-total-memories), "
            + "Config.WithStaticMemoryMaximumSize (-O memory-reservation) or MaxMemorySize (-O pooling-max-memory-size), or raise the process's limit (ulimit -v)", "TotalMemories");
    }

    public int Slots { get; }
    public ulong SlotSize { get; }

    // One mapping where there is so much room in one place, else several.
    bool Reserve(int slots, nuint size, nuint stride, bool open)
    {
        VirtualMemory system = VirtualMemory.System;
        byte* at = (UInt128)stride * (uint)slots <= 1UL << 47 ? system.Reserve(Math.Max(stride * (nuint)slots, system.PageSize)) : null;
        if (at == null) return slots > 1 && Reserve(slots - slots / 2, size, stride, open) && Reserve(slots / 2, size, stride, open);
        _regions.Add(((nint)at, stride * (nuint)slots));
        if (open && !system.Commit(at, stride * (nuint)slots)) return false;
        // The first slot is taken first.
        for (int i = slots - 1; i >= 0; i--) _free.Push(new(this, at + stride * (nuint)i, size, open));
        return true;
    }

    /// <summary>A slot that nobody uses, or null.</summary>
    public MemorySlot? TryRent()
    {
        lock (_free)
        {
            if (_abandoned || !_free.TryPop(out MemorySlot? slot)) return null;
            _rented++;
            return slot;
        }
    }

    public void Return(MemorySlot slot)
    {
        bool clear = slot.Clear();
        lock (_free)
        {
            _rented--;
            // A slot that the system will not let go of is never used again.
            if (clear) _free.Push(slot);
            if (!_abandoned || _rented > 0) return;
        }
        Unmap();
    }

    void Unmap()
    {
        foreach ((nint at, nuint bytes) in _regions) VirtualMemory.System.Release((byte*)at, bytes);
        _regions.Clear();
    }

    // A forgotten store's finaliser may come after this one.
    ~MemoryPool() => Close();

    /// <summary>No slot is rented any more; the last one that comes back takes the mapping along.</summary>
    public void Close()
    {
        lock (_free)
        {
            _abandoned = true;
            if (_rented > 0) return;
        }
        Unmap();
    }
}
