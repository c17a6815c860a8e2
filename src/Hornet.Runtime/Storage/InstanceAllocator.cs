using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// Where an engine's instances get what they are made of. On demand: from the system, as much as there is. Pooling: what
/// <see cref="PoolingAllocationConfig"/> says, and no more. Either way parts that no instance uses stay warm with their template, up to a
/// number; nothing here is touched by an instance that finds such parts.
/// </summary>
internal sealed class InstanceAllocator
{
    // On demand: enough for the requests of a busy moment.
    const int WarmOnDemand = 64;
    const ulong ResidentOnDemand = 256 << 10, TableResidentOnDemand = 64 << 10;

    readonly EngineOptions _options;
    readonly MemoryPool? _memories;
    readonly Counter _instances, _tables, _heaps, _memorySlots, _stacks;
    readonly object _gate = new();
    readonly List<WeakReference<InstanceTemplate>> _templates = [];
    int _nextTemplate, _waiters, _idle;
    volatile bool _closed;

    sealed class Counter(int limit, string what, string property, string option)
    {
        public int Limit => limit;
        public int Used;

        public PoolExhaustedException Exhausted() =>
            new($"all {limit} {what} of the pool are in use: dispose stores, or raise PoolingAllocationConfig.{property} (-O {option})", property);
    }

    public InstanceAllocator(EngineOptions options)
    {
        _options = options;
        PoolingAllocationConfig? pool = Pooling = options.Pooling;
        _instances = new(pool?.TotalCoreInstances ?? int.MaxValue, "core instances", nameof(pool.TotalCoreInstances), "pooling-total-core-instances");
        _tables = new(pool?.TotalTables ?? int.MaxValue, "tables", nameof(pool.TotalTables), "pooling-total-tables");
        _heaps = new(pool?.TotalGcHeaps ?? int.MaxValue, "GC heaps", nameof(pool.TotalGcHeaps), "pooling-total-gc-heaps");
        _memorySlots = new(pool?.TotalMemories ?? int.MaxValue, "memories", nameof(pool.TotalMemories), "pooling-total-memories");
        _stacks = new(pool?.TotalStacks ?? int.MaxValue, "guest stacks", nameof(pool.TotalStacks), "pooling-total-stacks");
        StackKeepResident = (nuint)(pool?.StackKeepResident ?? 0);
        MostIdle = pool?.MaxUnusedWarmSlots ?? WarmOnDemand;
        MemoryKeepResident = (nuint)(pool?.LinearMemoryKeepResident ?? ResidentOnDemand);
        TableKeepResident = (nuint)(pool?.TableKeepResident ?? TableResidentOnDemand);
        if (pool is null || pool.TotalMemories == 0) return;
        // Code that compares every access needs neither guards nor inaccessible bytes; all other code counts on the whole reservation.
        bool guarded = options.GuardsAccesses || options.MemoryReservation == 1UL << 32;
        _memories = new(pool.TotalMemories, guarded ? Math.Max(pool.MaxMemorySize, 1UL << 32) : pool.MaxMemorySize, options.MemoryGuard, open: !guarded);
    }

    public PoolingAllocationConfig? Pooling { get; }
    public nuint MemoryKeepResident { get; }
    public nuint TableKeepResident { get; }
    public nuint StackKeepResident { get; }

    /// <summary>Parts of instances that may be ready and unused.</summary>
    public int MostIdle { get; }

    /// <summary>Parts of instances that are ready and unused.</summary>
    public int Idle => Volatile.Read(ref _idle);

    /// <summary>A slot for a memory; null where the system has no address space.</summary>
    /// <exception cref="PoolExhaustedException">All slots of the pool are in use, or it is larger than a slot.</exception>
    public MemorySlot? RentMemory(ulong bytes, ulong reserve, bool shared)
    {
        if (_memories is null || shared)
        {
            if (Pooling is not null && !shared) throw _memorySlots.Exhausted();
            ulong guard = VirtualMemory.System.CanReserve ? _options.MemoryGuard : 0;
            MemorySlot? own;
            while ((own = MemorySlot.TryReserve(reserve, guard)) is null && TryEvict()) { }
            return own;
        }
        if (bytes > Pooling!.MaxMemorySize)
            throw new PoolExhaustedException($"a memory of {bytes} bytes is larger than the pool's {Pooling.MaxMemorySize}: raise PoolingAllocationConfig.MaxMemorySize (-O pooling-max-memory-size)", nameof(Pooling.MaxMemorySize));
        MemorySlot? slot = null;
        Wait(_memorySlots, () => (slot = _memories.TryRent()) is not null);
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
        Take(_instances);
    }

    public void ReturnInstance() => Return(_instances);

    public void TakeTable(ulong elements)
    {
        if (Pooling is null) return;
        Fits(elements, Pooling.TableElements, "elements of a table", nameof(Pooling.TableElements), "pooling-table-elements");
        Take(_tables);
    }

    public void ReturnTable() => Return(_tables);

    /// <summary>A stack is to be made, or <paramref name="instead"/> says that one has come back meanwhile: both count as taken.</summary>
    public void TakeStack(Func<bool> instead)
    {
        if (Pooling is null) return;
        Wait(_stacks, () =>
        {
            if (_stacks.Used >= _stacks.Limit && !instead()) return false;
            _stacks.Used++;
            return true;
        });
    }

    /// <summary>Stacks that calls and threads have.</summary>
    public int StacksUsed => Volatile.Read(ref _stacks.Used);

    public void ReturnStack() => Return(_stacks);

    /// <summary>Guests ask for a heap in the middle of their running: nobody waits, and where there is none the guest traps.</summary>
    public bool TryTakeHeap()
    {
        if (Pooling is null) return true;
        lock (_gate)
        {
            if (_heaps.Used >= _heaps.Limit) return false;
            _heaps.Used++;
            return true;
        }
    }

    public void ReturnHeap() => Return(_heaps);

    static void Fits(ulong wanted, ulong most, string what, string property, string option)
    {
        if (wanted > most) throw new PoolExhaustedException($"{wanted} {what} are more than the pool's {most}: raise PoolingAllocationConfig.{property} (-O {option})", property);
    }

    void Take(Counter counter)
    {
        if (Pooling is null) return;
        Wait(counter, () =>
        {
            if (counter.Used >= counter.Limit) return false;
            counter.Used++;
            return true;
        });
    }

    void Return(Counter counter)
    {
        if (Pooling is null) return;
        lock (_gate)
        {
            counter.Used--;
            Monitor.PulseAll(_gate);
        }
    }

    // Everything of the pool that is scarce is taken here: first what is free, then what is warm but unused, then what comes back in time.
    void Wait(Counter counter, Func<bool> take)
    {
        lock (_gate)
        {
            if (take()) return;
            long start = Environment.TickCount64;
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
                    if (left == 0) throw counter.Exhausted();
                    Monitor.Wait(_gate, left);
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
        _memories?.Close();
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
