using Hornet.Runtime;

namespace Hornet;

/// <summary>
/// The guest that calls an asynchronous host function; valid until the function's task has ended. What stands behind an <c>await</c> of
/// the function takes its turn among the calls of the store, so that it may use the store's memories, tables and functions like any
/// host function; behind <c>ConfigureAwait(false)</c> it may not, because a guest may be running.
/// </summary>
public readonly unsafe struct AsyncCaller
{
    readonly VmContext* _context;
    readonly GuestTask? _task;

    internal AsyncCaller(Store store, VmContext* context)
    {
        Store = store;
        _context = context;
        _task = store.RunningTask;
    }

    /// <summary>The store of the calling instance.</summary>
    public Store Store { get; }

    /// <summary>The calling instance, or null where the host itself called.</summary>
    public Instance? Instance => _context == null ? null : Store.InstanceAt(_context->Instance);

    /// <summary>Cancelled when the guest's call has ended without waiting for this function: cancelled, interrupted, or its store disposed.</summary>
    public CancellationToken CancellationToken => _task?.Stopping ?? default;

    /// <summary>The calling instance's export of this name if it is a memory, else null.</summary>
    public Memory? GetMemory(string name) => Instance?.GetMemory(name);

    /// <summary>The calling instance's export of this name if it is a function, else null.</summary>
    public Function? GetFunction(string name) => Instance?.GetFunction(name);

    /// <summary>What the store carries for its host.</summary>
    public object? GetData() => Store.GetData();
}
