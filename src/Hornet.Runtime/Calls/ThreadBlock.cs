namespace Hornet.Runtime;

/// <summary>What a thread keeps between calls into guests: the limit of its stack, and a guest stack at hand.</summary>
internal sealed unsafe class ThreadBlock
{
    [ThreadStatic] static ThreadBlock? t_current;

    // A request handler has one store at a time, and now and then one more.
    const int MostResources = 4;

    readonly StoreResources?[] _resources = new StoreResources?[MostResources];
    GuestStack? _stack;
    int _resourcesKept;

    ThreadBlock() { }

    // The thread has gone and nobody else knows this.
    ~ThreadBlock() => _stack?.Owner.Return(_stack);

    public static ThreadBlock Current => t_current ?? Create();

    /// <summary>The address below which this thread's stack must not be used for host functions and nested calls.</summary>
    public byte* HostStackLimit { get; } = HostStack.Limit();

    /// <summary>What a store that was disposed on this thread has left, or null.</summary>
    public StoreResources? TakeResources() => _resourcesKept == 0 ? null : Take(_resources, --_resourcesKept);

    static StoreResources? Take(StoreResources?[] kept, int index)
    {
        StoreResources? resources = kept[index];
        kept[index] = null;
        return resources;
    }

    /// <summary>Keeps what a store leaves for the next one; false where there is enough of it.</summary>
    public bool KeepResources(StoreResources resources)
    {
        if (_resourcesKept == MostResources) return false;
        _resources[_resourcesKept++] = resources;
        return true;
    }

    /// <summary>A stack for a call; the thread's own where it fits.</summary>
    /// <exception cref="PoolExhaustedException">All stacks of the engine's pool are in use.</exception>
    public GuestStack RentStack(Engine engine)
    {
        GuestStack? stack = _stack;
        if (stack is null || stack.Owner != engine.Stacks) return engine.Stacks.Rent();
        _stack = null;
        return stack;
    }

    public void ReturnStack(GuestStack stack)
    {
        // The one that was used last is the likeliest to be used next: another engine's size must not stay in the way.
        _stack?.Owner.Return(_stack);
        _stack = stack;
    }

    static ThreadBlock Create() => t_current = new();
}
