using System.Runtime.ExceptionServices;

namespace Hornet.Runtime;

/// <summary>
/// The calls of one store that can wait, and who takes their next steps. Any thread may say that a call can go on; one thread at a time
/// drives the store, and who finds it driven leaves word for when the driver leaves. It is also the synchronization context of
/// asynchronous host functions: what stands behind their awaits takes its turn like the guests. docs/vm.md, "Calls that wait".
/// </summary>
internal sealed unsafe class TaskQueue(Store store) : SynchronizationContext, IThreadPoolWorkItem
{
    /// <summary>How many calls may take a step in the middle of each other: each has a stack of its own, and an exception that passes through all of them a longer trace at each.</summary>
    const int MostNested = 200;

    readonly Lock _lock = new();
    // Guarded by the lock: what has a step to take, what waits, whether a work item is on its way.
    readonly Queue<Step> _runnable = [];
    readonly List<GuestTask> _suspended = [];
    bool _scheduled, _closed;
    ManualResetEventSlim? _blocked;
    // Whether a work item found the store driven and has gone again.
    bool _wanted;
    // Activations that are not reached from the current one, because another call took a step in the middle of them.
    readonly List<nint> _covered = [];

    /// <summary>A step of a guest's call, or of a host function.</summary>
    readonly record struct Step(GuestTask? Task, SendOrPostCallback? Callback = null, object? State = null);

    /// <summary>The call that takes a step, or null.</summary>
    public GuestTask? Running { get; private set; }

    // Odd while a work item takes a turn of a host function.
    int _hostTurns;

    /// <summary>Changes at the beginning and at the end of each turn that a host function takes without a call of its store; odd in between.</summary>
    public int HostTurns => Volatile.Read(ref _hostTurns);

    /// <summary>How many calls wait.</summary>
    public int SuspendedCount { get { lock (_lock) return _suspended.Count; } }

    /// <summary>Takes a call's first step on this thread if the store is free, or if this thread is in a host function of it.</summary>
    public void Start(GuestTask task)
    {
        if (store.IsDriver)
        {
            byte here;
            if (_covered.Count >= MostNested || &here < ThreadBlock.Current.HostStackLimit) throw new TrapException(TrapCode.StackOverflow);
            if (Drive(new(task))) task.Complete();
        }
        else if (store.TryEnter())
        {
            bool ended = Drive(new(task));
            store.Leave();
            if (ended) task.Complete();
        }
        else
        {
            ObjectDisposedException.ThrowIf(!Post(task), store);
        }
    }

    /// <summary>A task can take a step. From any thread.</summary>
    /// <returns>False where the store has been disposed.</returns>
    public bool Post(GuestTask task)
    {
        lock (_lock)
        {
            if (_closed) return false;
            if (task.IsQueued || task.IsDone) return true;
            task.IsQueued = true;
            _runnable.Enqueue(new(task));
            if (!MustSchedule()) return true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    /// <summary>A host function can go on. From any thread.</summary>
    public override void Post(SendOrPostCallback callback, object? state)
    {
        lock (_lock)
        {
            if (!_closed)
            {
                _runnable.Enqueue(new(null, callback, state));
                if (MustSchedule()) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }
        }
        // There are no turns any more; what the function has to put in order it still can.
        ThreadPool.QueueUserWorkItem(_ => callback(state));
    }

    public override void Send(SendOrPostCallback callback, object? state) => throw new NotSupportedException("a store's turns cannot be waited for");
    public override SynchronizationContext CreateCopy() => this;

    bool MustSchedule()
    {
        _blocked?.Set();
        if (_scheduled) return false;
        return _scheduled = true;
    }

    // One turn at a time: between them the store is free, so that whoever hears of a call's end can use it.
    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            int host;
            lock (_lock)
            {
                Step next;
                while (_runnable.TryPeek(out next) && next.Task is { IsDone: true }) _runnable.Dequeue();
                if (_runnable.Count == 0)
                {
                    _scheduled = false;
                    return;
                }
                host = next.Task is null ? 1 : 0;
            }
            Volatile.Write(ref _hostTurns, _hostTurns + host);
            if (!store.TryEnter())
            {
                Volatile.Write(ref _hostTurns, _hostTurns + host);
                Volatile.Write(ref _wanted, true);
                Interlocked.MemoryBarrier();
                // The driver sees the wish when it leaves, unless it has just done so.
                if (store.IsDriven || !Interlocked.Exchange(ref _wanted, false)) return;
                continue;
            }
            bool ended = TryDequeue(out Step step) && Drive(step);
            store.Leave();
            Volatile.Write(ref _hostTurns, _hostTurns + host);
            if (ended) step.Task!.Complete();
        }
    }

    /// <summary>The store's driver has left: the work item that found it driven comes again.</summary>
    public void DriverLeft()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _wanted) && Interlocked.Exchange(ref _wanted, false)) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    bool TryDequeue(out Step step)
    {
        lock (_lock)
        {
            bool any = _runnable.TryDequeue(out step);
            if (step.Task is { } task) task.IsQueued = false;
            return any;
        }
    }

    // One step, perhaps in the middle of another call. Whether it was a call's last one: then whoever awaits the call is told, once the
    // store is free for him.
    bool Drive(in Step step)
    {
        VmStore* vm = store.Vm;
        Activation* outer = vm->Current;
        GuestTask? outerTask = Running;
        if (outer != null) _covered.Add((nint)outer);
        vm->Current = null;
        Running = step.Task;
        bool ended = false;
        if (step.Task is { } task) ended = task.Step();
        else Call(step.Callback!, step.State);
        Running = outerTask;
        vm->Current = outer;
        if (outer != null) _covered.RemoveAt(_covered.Count - 1);
        // The inner one has taken the flag down.
        if (outerTask is { IsCancelled: true }) store.Cancelled(outerTask);
        return ended;
    }

    void Call(SendOrPostCallback callback, object? state)
    {
        SynchronizationContext? outer = Current;
        SetSynchronizationContext(this);
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            // Of an `async void` method, as everywhere: nobody's to catch.
            ExceptionDispatchInfo thrown = ExceptionDispatchInfo.Capture(exception);
            ThreadPool.QueueUserWorkItem(_ => thrown.Throw());
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>The task that takes a step waits from now on.</summary>
    public void Suspend(GuestTask task)
    {
        lock (_lock)
        {
            task.Place = _suspended.Count;
            _suspended.Add(task);
        }
        // Whoever interrupted it while it ran has not seen it here.
        if (task.IsCancelled || store.Vm->Interrupt != 0) Post(task);
    }

    /// <summary>The task goes on, or has ended.</summary>
    public void Remove(GuestTask task)
    {
        lock (_lock)
        {
            if (task.Place < 0) return;
            GuestTask last = _suspended[^1];
            _suspended[last.Place = task.Place] = last;
            _suspended.RemoveAt(_suspended.Count - 1);
            task.Place = -1;
        }
    }

    /// <summary>All that wait look at the store's flag. From any thread.</summary>
    public void WakeAll()
    {
        lock (_lock)
            foreach (GuestTask task in _suspended) Post(task);
    }

    /// <summary>The store is going, and driven by this thread.</summary>
    public void Close()
    {
        List<GuestTask> tasks;
        Step[] steps;
        lock (_lock)
        {
            _closed = true;
            steps = [.. _runnable];
            tasks = [.. _suspended];
            _runnable.Clear();
        }
        foreach (Step step in steps)
        {
            if (step.Task is { } task) tasks.Add(task);
            else Post(step.Callback!, step.State);
        }
        foreach (GuestTask task in tasks) task.Forsake();
    }

    /// <summary>Gives the innermost activation of each call that has begun and not ended, but for the current one.</summary>
    public void VisitActivations(Action<nint> visit)
    {
        foreach (nint covered in _covered) visit(covered);
        foreach (GuestTask task in _suspended) visit((nint)task.Innermost);
    }

    /// <summary>
    /// The driver waits for a host function's task where the guest cannot be left. The store's other calls go on meanwhile, on this thread;
    /// what interrupts the guest ends the wait.
    /// </summary>
    public void Block(Task task)
    {
        BlockedThread thread = new();
        ManualResetEventSlim? outer;
        lock (_lock) (outer, _blocked) = (_blocked, thread.Event);
        task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(thread.Event.Set);
        try
        {
            while (!task.IsCompleted)
            {
                thread.Event.Reset();
                store.SetWaiter(thread);
                if (store.Vm->Interrupt != 0 && store.Interrupted() is var trap && trap != TrapCode.None) throw new TrapException(trap);
                byte here;
                if (&here >= ThreadBlock.Current.HostStackLimit && TryDequeue(out Step next))
                {
                    if (Drive(next)) next.Task!.Complete();
                }
                else if (!task.IsCompleted) thread.Event.Wait();
            }
        }
        finally
        {
            store.SetWaiter(null);
            lock (_lock) _blocked = outer;
            // What came meanwhile may be what a thread further out waits for.
            outer?.Set();
        }
    }

    sealed class BlockedThread : IWaiter
    {
        public readonly ManualResetEventSlim Event = new(false, 0);
        void IWaiter.Wake() => Event.Set();
    }
}
