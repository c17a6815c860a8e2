namespace Hornet.Runtime;

/// <summary>The guest stacks of an engine that no call and no thread has. Each thread keeps the one that it used last, so that calls do not come here.</summary>
/// <param name="size">Bytes of each.</param>
/// <param name="allocator">Of a pooling engine; null: of all others, which share their stacks.</param>
internal sealed unsafe class GuestStacks(long size, InstanceAllocator? allocator)
{
    static readonly System.Collections.Concurrent.ConcurrentDictionary<long, GuestStacks> s_shared = new();

    // Threads come and go: as many stacks as a busy machine's threads may need at once.
    const int MostKept = 64;

    readonly Stack<GuestStack> _kept = [];
    bool _gone;

    public static GuestStacks Shared(long size) => s_shared.GetOrAdd(size, static size => new(size, null));

    // Stacks that are out hold this: then it does not come here before they do.
    ~GuestStacks()
    {
        _gone = true;
        foreach (GuestStack stack in _kept) stack.Release();
    }

    /// <exception cref="PoolExhaustedException">All stacks of the engine's pool are in use.</exception>
    public GuestStack Rent()
    {
        lock (_kept)
        {
            if (_kept.TryPop(out GuestStack? kept)) return kept;
        }
        allocator?.TakeStack(HasKept);
        lock (_kept)
        {
            // Waiting has brought one back: it is counted already.
            if (_kept.TryPop(out GuestStack? kept))
            {
                allocator?.ReturnStack();
                return kept;
            }
        }
        try
        {
            return new(size, this);
        }
        catch
        {
            allocator?.ReturnStack();
            throw;
        }
    }

    bool HasKept()
    {
        lock (_kept) return _kept.Count > 0;
    }

    /// <summary>What a call has left in it goes back to the system, a part at both ends apart that stays.</summary>
    public void Return(GuestStack stack)
    {
        stack.Reset(allocator?.StackKeepResident ?? 0);
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
        stack.Release();
        allocator?.ReturnStack();
    }
}

/// <summary>A stack for guest code, with an inaccessible page at either end.</summary>
internal sealed unsafe class GuestStack
{
    readonly byte* _mapping;
    readonly nuint _mapped;

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
