using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// Where an engine's instances get what they are made of. On demand: from the system, as much as there is. Pooling: what
/// <see cref="PoolingAllocationConfig"/> says, and no more. Either way parts that no instance uses stay warm with their template, up to a
/// number; nothing here is touched by an instance that finds such parts.
/// </summary>
internal sealed unsafe class InstanceAllocator
{
    // On demand: enough for the requests of a busy moment.
    const int WarmOnDemand = 64;
    const ulong ResidentOnDemand = 256 << 10, TableResidentOnDemand = 64 << 10;

    // Bytes of a block that has a mapping of its own.
    const int MapFrom = 64 << 10;

    // Milliseconds: as often, who waits for the pool looks whether its store is interrupted.
    const int LookEvery = 20;

    // Most instances' blocks are smaller than this, and page tables are paid for by what lies close together.
    const ulong SmallBlock = 16 << 10;

    readonly EngineOptions _options;
    readonly PoolLimit _instances, _tables, _heaps, _memories, _stacks;
    // Null where the engine is not a pooling one.
    readonly SlotArray? _memorySlots, _blockSlots, _smallBlockSlots, _tableSlots, _heapSlots, _stackSlots;
    readonly bool _openMemories;
    readonly object _gate = new();
    readonly List<WeakReference<InstanceTemplate>> _templates = [];
    int _nextTemplate, _waiters, _idle;
    volatile bool _closed;

    /// <param name="options">The engine's.</param>
    /// <param name="stackBytes">Of each guest stack.</param>
    public InstanceAllocator(EngineOptions options, long stackBytes)
    {
        _options = options;
        PoolingAllocationConfig? pool = Pooling = options.Pooling;
        _instances = new(pool?.TotalCoreInstances ?? int.MaxValue, "core instances", nameof(pool.TotalCoreInstances), "pooling-total-core-instances");
        _tables = new(pool?.TotalTables ?? int.MaxValue, "tables", nameof(pool.TotalTables), "pooling-total-tables");
        _heaps = new(pool?.TotalGcHeaps ?? int.MaxValue, "GC heaps", nameof(pool.TotalGcHeaps), "pooling-total-gc-heaps");
        _memories = new(pool?.TotalMemories ?? int.MaxValue, "memories", nameof(pool.TotalMemories), "pooling-total-memories");
        _stacks = new(pool?.TotalStacks ?? int.MaxValue, "guest stacks", nameof(pool.TotalStacks), "pooling-total-stacks");
        MostIdle = pool?.MaxUnusedWarmSlots ?? WarmOnDemand;
        MemoryKeepResident = (nuint)(pool?.LinearMemoryKeepResident ?? ResidentOnDemand);
        TableKeepResident = (nuint)(pool?.TableKeepResident ?? TableResidentOnDemand);
        if (pool is null) return;
        Waits = pool.Wait != TimeSpan.Zero;
        // Code that compares every access needs no inaccessible bytes; all other code counts on the whole reservation.
        bool guarded = options.GuardsAccesses || options.MemoryReservation == 1UL << 32;
        _openMemories = !guarded;
        try
        {
            _memorySlots = new(_memories, guarded ? Math.Max(pool.MaxMemorySize, 1UL << 32) : pool.MaxMemorySize, guarded ? options.MemoryGuard : 0, open: !guarded,
                "Config.WithStaticMemoryMaximumSize (-O memory-reservation) or MaxMemorySize (-O pooling-max-memory-size)");
            const string blocks = "MaxCoreInstanceSize (-O pooling-max-core-instance-size)";
            _smallBlockSlots = new(_instances, SmallBlock, 0, open: true, blocks);
            _blockSlots = (ulong)pool.MaxCoreInstanceSize <= SmallBlock ? _smallBlockSlots : new(_instances, (ulong)pool.MaxCoreInstanceSize, 0, open: true, blocks);
            _tableSlots = new(_tables, Math.Min(pool.TableElements, WasmLimits.TableElements) * sizeof(ulong), 0, open: true, "TableElements (-O pooling-table-elements)");
            _heapSlots = new(_heaps, GcHeap.ReservedBytes(options), 0, open: true, "Config.WithMaximumHeapSize");
            _stackSlots = new(_stacks, (ulong)stackBytes, 0, open: true, "Config.WithMaximumStackSize (-W max-wasm-stack)");
        }
        catch (PoolExhaustedException)
        {
            Close();
            throw;
        }
    }

    public PoolingAllocationConfig? Pooling { get; }

    /// <summary>Whether an instantiation may have to wait for something to come free.</summary>
    public bool Waits { get; }
    public nuint MemoryKeepResident { get; }
    public nuint TableKeepResident { get; }
    /// <summary>Parts of instances that may be ready and unused.</summary>
    public int MostIdle { get; }

    /// <summary>Parts of instances that are ready and unused.</summary>
    public int Idle => Volatile.Read(ref _idle);

    /// <summary>A slot for a memory; null where the system has no address space. Shared memories are never the pool's: nobody says when the last thread has left one.</summary>
    /// <exception cref="PoolExhaustedException">All slots of the pool are in use, or it is larger than a slot.</exception>
    public MemorySlot? RentMemory(ulong bytes, ulong reserve, bool shared)
    {
        if (Pooling is not null && bytes > Pooling.MaxMemorySize)
            throw new PoolExhaustedException($"a memory of {bytes} bytes is larger than the pool's {Pooling.MaxMemorySize}: raise PoolingAllocationConfig.MaxMemorySize (-O pooling-max-memory-size)", nameof(Pooling.MaxMemorySize));
        ulong guard = VirtualMemory.System.CanReserve ? _options.MemoryGuard : 0;
        MemorySlot? slot;
        do slot = _memorySlots is not null && !shared ? MemorySlot.TryRent(_memorySlots, _openMemories, () => (nint)Take(_memories, _memorySlots)) : MemorySlot.TryReserve(reserve, guard);
        while (slot is null && TryEvict());
        return slot;
    }

    /// <summary>Bytes that a memory may grow to, its type apart.</summary>
    public ulong MostMemory => Pooling?.MaxMemorySize ?? ulong.MaxValue;

    /// <summary>Elements that a table may grow to, its type apart.</summary>
    public ulong MostElements => Pooling?.TableElements ?? ulong.MaxValue;

    /// <summary>A module's instance is about to be made from nothing.</summary>
    public void TakeInstance(Module module)
    {
        if (Pooling is null) return;
        Fits((ulong)module.Layout.Size, (ulong)Pooling.MaxCoreInstanceSize, "bytes of an instance's block", nameof(Pooling.MaxCoreInstanceSize), "pooling-max-core-instance-size");
        ModuleEnvironment env = module.Environment;
        Fits((ulong)(env.Memories.Count - env.ImportedMemories), (ulong)Pooling.MaxMemoriesPerModule, "memories of a module", nameof(Pooling.MaxMemoriesPerModule), "pooling-max-memories-per-module");
        Fits((ulong)(env.Tables.Count - env.ImportedTables), (ulong)Pooling.MaxTablesPerModule, "tables of a module", nameof(Pooling.MaxTablesPerModule), "pooling-max-tables-per-module");
        Wait(_instances, () =>
        {
            if (_instances.Used >= _instances.Most) return false;
            _instances.Used++;
            return true;
        });
    }

    public void ReturnInstance()
    {
        if (Pooling is null) return;
        lock (_gate)
        {
            _instances.Used--;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Zeroed bytes for the block of an instance, which has been taken.</summary>
    public byte* RentBlock(int bytes)
    {
        if (BlockSlots(bytes) is { } slots) return Take(_instances, slots);
        // SAFETY: aligned to 16 bytes, as everywhere on 64-bit systems.
        if (bytes < MapFrom) return (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        // Pages that cost nothing until they are touched; what the allocator has had before, it would clear.
        VirtualMemory system = VirtualMemory.System;
        nuint mapped = system.RoundUp((nuint)bytes);
        byte* at = system.Reserve(mapped);
        if (at != null && system.Commit(at, mapped)) return at;
        if (at != null) system.Release(at, mapped);
        throw new LinkException($"not enough memory for the {bytes} bytes of an instance's block: {system.WhyNot()}");
    }

    public void ReturnBlock(byte* block, int bytes)
    {
        VirtualMemory system = VirtualMemory.System;
        if (BlockSlots(bytes) is { } slots)
        {
            system.Reset(block, system.RoundUp((nuint)bytes));
            slots.Return(block);
        }
        else if (bytes < MapFrom) NativeMemory.Free(block);
        else system.Release(block, system.RoundUp((nuint)bytes));
    }

    SlotArray? BlockSlots(int bytes) => (ulong)bytes <= SmallBlock ? _smallBlockSlots : _blockSlots;

    /// <summary>A place for as many elements as the pool allows a table, all zero; null where the engine is not a pooling one.</summary>
    public byte* RentTable(ulong elements)
    {
        if (_tableSlots is null) return null;
        Fits(elements, Pooling!.TableElements, "elements of a table", nameof(Pooling.TableElements), "pooling-table-elements");
        return Take(_tables, _tableSlots);
    }

    /// <summary>Takes such a place back, all zero.</summary>
    public void ReturnTable(byte* slots) => Return(_tableSlots!, slots);

    /// <summary>Bytes of a place for a table.</summary>
    public nuint TableBytes => _tableSlots!.SlotSize;

    /// <summary>A place for a guest stack; null where the engine is not a pooling one any more, or <paramref name="instead"/> says that a stack has come back meanwhile.</summary>
    public byte* RentStack(Func<bool> instead)
    {
        // What is there when the engine is disposed goes on working.
        if (_stackSlots is null || _stackSlots.IsGone) return null;
        byte* at = null;
        Wait(_stacks, () => instead() || (at = _stackSlots.TryRent()) != null);
        return at;
    }

    /// <summary>Takes such a place back, all zero.</summary>
    public void ReturnStack(byte* stack) => Return(_stackSlots!, stack);

    /// <summary>Stacks that calls and threads have.</summary>
    public int StacksUsed => _stackSlots?.Rented ?? 0;

    /// <summary>Slots of each kind, for tests.</summary>
    internal (SlotArray Memories, SlotArray Blocks, SlotArray SmallBlocks, SlotArray Tables, SlotArray Heaps, SlotArray Stacks) Slots =>
        (_memorySlots!, _blockSlots!, _smallBlockSlots!, _tableSlots!, _heapSlots!, _stackSlots!);

    /// <summary>A place for a heap. Guests ask for it in the middle of their running: nobody waits, and where there is none the guest traps.</summary>
    public byte* TryRentHeap(nuint bytes)
    {
        if (_heapSlots is null || _heapSlots.IsGone) return VirtualMemory.System.Reserve(bytes);
        try
        {
            return _heapSlots.TryRent();
        }
        catch (LinkException)
        {
            return null;
        }
    }

    public void ReturnHeap(byte* heap, nuint bytes)
    {
        if (_heapSlots is null || !_heapSlots.Contains(heap))
        {
            VirtualMemory.System.Release(heap, bytes);
            return;
        }
        VirtualMemory.System.Reset(heap, bytes);
        _heapSlots.Return(heap);
    }

    static void Fits(ulong wanted, ulong most, string what, string property, string option)
    {
        if (wanted > most) throw new PoolExhaustedException($"{wanted} {what} are more than the pool's {most}: raise PoolingAllocationConfig.{property} (-O {option})", property);
    }

    byte* Take(PoolLimit limit, SlotArray slots)
    {
        byte* at = null;
        Wait(limit, () => (at = slots.TryRent()) != null);
        return at;
    }

    void Return(SlotArray slots, byte* at)
    {
        slots.Return(at);
        Wake();
    }

    // Everything of the pool that is scarce is taken here: first what is free, then what is warm but unused, then what comes back in time.
    void Wait(PoolLimit limit, Func<bool> take)
    {
        lock (_gate)
        {
            if (take()) return;
            long start = Environment.TickCount64;
            Store? store = ThreadBlock.Current.Instantiating is { } waiting && waiting.Engine.Options.Interruptible ? waiting : null;
            _waiters++;
            try
            {
                while (true)
                {
                    Interlocked.MemoryBarrier();
                    do
                    {
                        if (take()) return;
                    }
                    while (TryEvict());
                    TimeSpan wait = Pooling!.Wait;
                    int left = wait == Timeout.InfiniteTimeSpan ? Timeout.Infinite : (int)Math.Max(0, Math.Min(int.MaxValue, wait.TotalMilliseconds) - (Environment.TickCount64 - start));
                    if (left == 0) throw limit.Exhausted();
                    Monitor.Wait(_gate, store is null ? left : left == Timeout.Infinite ? LookEvery : Math.Min(left, LookEvery));
                    if (store?.EndOfWait() is { } end) throw end;
                }
            }
            finally
            {
                _waiters--;
            }
        }
    }

    /// <summary>A template has parts that stay warm: they can be taken from it.</summary>
    public void Register(InstanceTemplate template)
    {
        lock (_gate)
        {
            _templates.RemoveAll(static t => !t.TryGetTarget(out _));
            _templates.Add(new(template));
        }
    }

    /// <summary>The engine is disposed: nothing stays warm, and the reservation goes when its last slot is returned.</summary>
    public void Close()
    {
        _closed = true;
        while (TryEvict()) { }
        foreach (SlotArray? slots in (SlotArray?[])[_memorySlots, _blockSlots, _smallBlockSlots, _tableSlots, _heapSlots, _stackSlots]) slots?.Close();
    }

    /// <summary>Whether one more may stay warm, counting it.</summary>
    public bool TryKeep()
    {
        if (_closed) return false;
        if (Interlocked.Increment(ref _idle) <= MostIdle) return true;
        Interlocked.Decrement(ref _idle);
        return false;
    }

    /// <summary>One that was warm is in use, or gone.</summary>
    public void Unkeep() => Interlocked.Decrement(ref _idle);

    /// <summary>Something that waiters could have is warm now.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _waiters) == 0) return;
        lock (_gate) Monitor.PulseAll(_gate);
    }

    /// <summary>Gives up the warm parts of one instance of some template; false where there are none.</summary>
    public bool TryEvict(InstanceTemplate? except = null)
    {
        lock (_gate)
        {
            for (int i = 0; i < _templates.Count; i++)
            {
                _nextTemplate = (_nextTemplate + 1) % _templates.Count;
                if (_templates[_nextTemplate].TryGetTarget(out InstanceTemplate? template) && template != except && template.TryEvict()) return true;
            }
            return false;
        }
    }
}
