using System.Runtime.CompilerServices;

namespace Hornet.Runtime;

/// <summary>What a thread keeps between calls into guests: the limit of its stack, and a guest stack at hand.</summary>
internal sealed unsafe class ThreadBlock
{
    [ThreadStatic] static ThreadBlock? t_current;

    // A request handler has one store at a time, and now and then one more.
    const int MostResources = 4;

    readonly StoreResources?[] _resources = new StoreResources?[MostResources];
    GuestStack? _stack;
    // Whether a call has the stack: until it is back, it is not this thread's.
    bool _isRented, _handlesFaults;
    // The engine that the stack fits and the thread is prepared for, by its id: one comparison says what many would.
    int _readyFor;
    int _resourcesKept;

    ThreadBlock() { }

    // The thread has gone and nobody else knows this.
    ~ThreadBlock() => GiveUpStack();

    public static ThreadBlock Current => t_current ?? Create();

    /// <summary>The thread's managed id.</summary>
    public int Id { get; } = Environment.CurrentManagedThreadId;

    /// <summary>The store in which this thread is making an instance, where that may have to wait for slots of a pool.</summary>
    public Store? Instantiating { get; set; }

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

    /// <summary>Whether a call can begin on this thread without more ado: with <see cref="TakeStack"/>, and without <see cref="PrepareFor"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host
    public bool IsReadyFor(Engine engine) => _readyFor == engine.Id && !_isRented;

    /// <summary>After a call of the engine's: whether the next one can begin at once.</summary>
    public void GetReadyFor(Engine engine) => _readyFor = HasStack(engine) && (_handlesFaults || !engine.Tier.TrapsByFaults) ? engine.Id : 0;

    /// <summary>Before a thread calls or resumes code of a tier.</summary>
    public void PrepareFor(Tier tier)
    {
        if (_handlesFaults || !tier.TrapsByFaults) return;
        tier.PrepareThread();
        _handlesFaults = true;
    }

    bool HasStack(Engine engine) => _stack is { } stack && !_isRented && stack.Owner == engine.Stacks;

    /// <summary>A stack for a call; the thread's own where it fits.</summary>
    /// <exception cref="PoolExhaustedException">All stacks of the engine's pool are in use.</exception>
    public GuestStack RentStack(Engine engine) => HasStack(engine) ? TakeStack() : engine.Stacks.Rent();

    /// <summary>The thread's own stack, where it <see cref="IsReadyFor"/> the engine.</summary>
    public GuestStack TakeStack()
    {
        _isRented = true;
        return _stack!;
    }

    public void ReturnStack(GuestStack stack)
    {
        if (stack == _stack) _isRented = false;
        else Keep(stack);
    }

    // The one that was used last is the likeliest to be used next: another engine's size must not stay in the way.
    void Keep(GuestStack stack)
    {
        GiveUpStack();
        _stack = stack;
        _isRented = false;
        _readyFor = 0;
    }

    void GiveUpStack()
    {
        if (!_isRented) _stack?.Owner.Return(_stack);
    }

    static ThreadBlock Create() => t_current = new();
}
