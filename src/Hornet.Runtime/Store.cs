using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Runtime;

namespace Hornet;

/// <summary>
/// Owns instances and everything in them. Belongs to one caller at a time (checked): it may move from thread to thread between
/// calls, never be used by two at once. Disposing it gives its guests' memory back; it is refused while a call is running or a lease lives,
/// ends calls that are waiting (<see cref="ObjectDisposedException"/>), and spans of its memories must not be used afterwards.
/// </summary>
public sealed unsafe partial class Store : IDisposable
{
    StoreResources _resources;
    // Most stores have one instance.
    Instance? _instance;
    List<Instance>? _moreInstances;
    bool _disposed;

    public Store(Engine engine) : this(engine, null) { }

    /// <summary>A store that carries an object for its host.</summary>
    public Store(Engine engine, object? data)
    {
        ArgumentNullException.ThrowIfNull(engine);
        engine.CheckAlive();
        Engine = engine;
        Data = data;
        _resources = StoreResources.For(this);
    }

    public Engine Engine { get; }

    /// <summary>What the store carries for its host.</summary>
    public object? Data { get; set; }

    public object? GetData() => Data;
    public void SetData(object? data) => Data = data;

    /// <summary>The store's WASI world, if it was given one; goes with the store.</summary>
    internal IDisposable? Wasi { get; set; }

    internal VmStore* Vm => _resources.Vm;
    internal StoreResources Resources => _resources;

    /// <summary>The store that a guest runs in; the caller is inside a call of it, so it is alive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Store Of(VmStore* vm)
    {
        WeakGCHandle<Store>.FromIntPtr(vm->Store).TryGetTarget(out Store? store);
        return store!;
    }

    internal void CheckOwns(Extern item)
    {
        if (item.Store != this) throw new InvalidOperationException($"the {item.ExternKind} belongs to another store");
    }

    internal Instance InstanceAt(int index) => index == 0 ? _instance! : _moreInstances![index - 1];

    int InstanceCount => _instance is null ? 0 : 1 + (_moreInstances?.Count ?? 0);

    internal int AddInstance(Instance instance)
    {
        if (_instance is null)
        {
            _instance = instance;
            return 0;
        }
        (_moreInstances ??= []).Add(instance);
        return _moreInstances.Count;
    }

    /// <summary>Gives back everything that the store owns.</summary>
    /// <exception cref="InvalidOperationException">A call is running, or a lease of one of its memories is alive.</exception>
    public void Dispose()
    {
        if (_disposed) return;
        EnterToDispose();
        foreach (LinearMemory memory in _resources.Memories)
        {
            if (memory.Leases == 0) continue;
            Leave();
            throw new InvalidOperationException("the store cannot be disposed while a lease of one of its memories is alive");
        }
        _disposed = true;
        StopClocks();
        _tasks?.Close();
        Wasi?.Dispose();
        ReleaseHeap();
        _resources = _resources.Release();
        // Nobody enters any more without asking.
        _bias = 0;
        Leave();
    }
}
