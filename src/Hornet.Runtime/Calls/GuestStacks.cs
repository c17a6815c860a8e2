namespace Hornet.Runtime;

/// <summary>The guest stacks of an engine that no call and no thread has. Each thread keeps the one that it used last, so that calls do not come here.</summary>
/// <param name="size">Bytes of each.</param>
/// <param name="allocator">Of a pooling engine; null: of all others, which share their stacks.</param>
internal sealed unsafe class GuestStacks(long size, InstanceAllocator? allocator)
{
    static readonly System.Collections.Concurrent.ConcurrentDictionary<long, GuestStacks> s_shared = new();

    // Threads come and go: as many stacks as a busy machine's threads may need at once.
    const int MostKept = 64;

    // Milliseconds: who asks for too many stacks shall not have the process collect all the time.
    const int CollectEvery = 1000;

    readonly Stack<GuestStack> _kept = [];
    bool _gone;
    long _collected = -CollectEvery;

    public static GuestStacks Shared(long size) => s_shared.GetOrAdd(size, static size => new(size, null));

    // Stacks that are out hold this: then it does not come here before they do.
    ~GuestStacks()
    {
        _gone = true;
        foreach (GuestStack stack in _kept) Release(stack);
    }

    /// <exception cref="PoolExhaustedException">All stacks of the engine's pool are in use.</exception>
    public GuestStack Rent()
    {
        lock (_kept)
        {
            if (_kept.TryPop(out GuestStack? kept)) return kept;
        }
        if (allocator is null) return new(size, this);
        try
        {
            return RentOfPool();
        }
        catch (PoolExhaustedException) when (MayCollect())
        {
            // Threads that have ended keep theirs until the collector finds that out.
            System.GC.Collect();
            System.GC.WaitForPendingFinalizers();
            return RentOfPool();
        }
    }

    GuestStack RentOfPool()
    {
        GuestStack? back = null;
        byte* place = allocator!.RentStack(() =>
        {
            lock (_kept) return _kept.TryPop(out back);
        });
        return back ?? (place == null ? new(size, this) : new(size, this, place));
    }

    bool MayCollect()
    {
        long now = Environment.TickCount64, last = Volatile.Read(ref _collected);
        return now - last >= CollectEvery && Interlocked.CompareExchange(ref _collected, now, last) == last;
    }

    /// <summary>What a call has left in it goes back to the system, a part at both ends apart that stays.</summary>
    public void Return(GuestStack stack)
    {
        stack.Reset((nuint)(allocator?.Pooling!.StackKeepResident ?? 0));
        lock (_kept)
        {
            if (!_gone && _kept.Count < MostKept)
            {
                _kept.Push(stack);
                stack = null!;
            }
        }
        if (stack is null)
        {
            allocator?.Wake();
            return;
        }
        Release(stack);
    }

    void Release(GuestStack stack)
    {
        if (!stack.IsOfPool)
        {
            stack.Release();
            return;
        }
        stack.Reset(0);
        allocator!.ReturnStack(stack.Base);
    }
}

/// <summary>A stack for guest code, with an inaccessible page at either end.</summary>
internal sealed unsafe class GuestStack
{
    readonly byte* _mapping;
    readonly nuint _mapped;

    /// <summary>In a slot of a pool, with guards about it.</summary>
    public GuestStack(long size, GuestStacks owner, byte* slot)
    {
        Owner = owner;
        Base = slot;
        End = slot + VirtualMemory.System.RoundUp((nuint)size);
    }

    public GuestStack(long size, GuestStacks owner)
    {
        VirtualMemory system = VirtualMemory.System;
        nuint page = system.PageSize;
        Owner = owner;
        nuint usable = system.RoundUp((nuint)size);
        _mapped = usable + 2 * page;
        _mapping = system.Reserve(_mapped);
        if (_mapping == null) throw new InsufficientMemoryException($"no address space for a guest stack of {size} bytes");
        if (!system.Commit(_mapping + page, usable))
        {
            system.Release(_mapping, _mapped);
            throw new InsufficientMemoryException($"no room for a guest stack of {size} bytes");
        }
        Base = _mapping + page;
        End = Base + usable;
    }

    /// <summary>Whether it lies in a slot of its engine's pool.</summary>
    public bool IsOfPool => _mapping == null;

    public GuestStacks Owner { get; }
    public byte* Base { get; }
    public byte* End { get; }

    /// <summary>Gives all pages back, but some bytes at either end; what is in those is only ever read by guests after they have written it.</summary>
    public void Reset(nuint keep)
    {
        nuint size = (nuint)(End - Base), kept = VirtualMemory.System.RoundUp(Math.Min(keep, size / 2));
        if (2 * kept < size) VirtualMemory.System.Reset(Base + kept, size - 2 * kept);
    }

    public void Release() => VirtualMemory.System.Release(_mapping, _mapped);
}
