using Hornet.Runtime;

namespace Hornet;

// What stops a guest from outside: fuel, epochs, deadlines, cancellation.
public sealed unsafe partial class Store
{
    /// <summary>Why the guest is to stop; bits of <see cref="VmStore.Interrupt"/>.</summary>
    [Flags]
    enum Interruption { None = 0, Epoch = 1, Deadline = 2, Cancelled = 4, Asked = 8, Call = 16 }

    readonly Lock _clock = new();
    Timer? _timer;
    CancellationTokenRegistration _cancellation;
    IWaiter? _waiter;
    ulong _epochDeadline = ulong.MaxValue;
    bool _watched;

    /// <summary>What to do when the epoch's deadline has come.</summary>
    /// <param name="store">The store whose guest is running.</param>
    /// <returns>Ticks from now to the next deadline, or null: the guest traps.</returns>
    public delegate ulong? EpochDeadlineCallback(Store store);

    EpochDeadlineCallback? _epochCallback;

    /// <summary>Units of fuel left. Needs <see cref="Config.WithFuelConsumption"/>.</summary>
    public ulong Fuel
    {
        get
        {
            CheckFuel();
            return (ulong)Math.Max(0, Vm->Fuel);
        }
        set
        {
            CheckFuel();
            Vm->Fuel = (long)Math.Min(value, long.MaxValue);
        }
    }

    /// <summary>The guest is interrupted when the engine's epoch has counted this many more ticks.</summary>
    public void SetEpochDeadline(ulong ticksBeyondCurrent)
    {
        CheckInterruptible();
        if (!_watched)
        {
            _watched = true;
            Engine.Watch(this);
        }
        lock (_clock)
        {
            ulong now = Engine.Epoch;
            _epochDeadline = ticksBeyondCurrent > ulong.MaxValue - now ? ulong.MaxValue : now + ticksBeyondCurrent;
            Lower(Interruption.Epoch);
        }
        EpochReached(Engine.Epoch);
    }

    /// <summary>Decides what happens when the epoch's deadline has come; without a callback the guest traps.</summary>
    public void SetEpochDeadlineCallback(EpochDeadlineCallback? callback) => _epochCallback = callback;

    /// <summary>The guest is interrupted when this time has passed; null: no time-out. Waits end too.</summary>
    public void SetDeadline(TimeSpan? timeout)
    {
        CheckInterruptible();
        lock (_clock)
        {
            _timer?.Dispose();
            _timer = null;
            Lower(Interruption.Deadline);
            if (timeout is not { } time) return;
            _timer = new Timer(static state =>
            {
                if (((WeakReference<Store>)state!).TryGetTarget(out Store? store)) store.Raise(Interruption.Deadline);
            }, new WeakReference<Store>(this), time, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Cancelling this token interrupts the guest: its caller gets an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken
    {
        get;
        set
        {
            if (value.CanBeCanceled) CheckInterruptible();
            _cancellation.Dispose();
            lock (_clock) Lower(Interruption.Cancelled);
            field = value;
            if (!value.CanBeCanceled) return;
            _cancellation = value.UnsafeRegister(static state =>
            {
                if (((WeakReference<Store>)state!).TryGetTarget(out Store? store)) store.Raise(Interruption.Cancelled);
            }, new WeakReference<Store>(this));
        }
    }

    /// <summary>Interrupts the guest that is running, or the next one that runs. May be called from any thread.</summary>
    public void Interrupt()
    {
        CheckInterruptible();
        Raise(Interruption.Asked);
    }

    /// <summary>The epoch counts so much now. From any thread.</summary>
    internal void EpochReached(ulong now)
    {
        lock (_clock)
        {
            if (now < _epochDeadline || _disposed) return;
            Interlocked.Or(ref Vm->Interrupt, (int)Interruption.Epoch);
            _waiter?.Wake();
            _tasks?.WakeAll();
        }
    }

    void Raise(Interruption reason)
    {
        lock (_clock)
        {
            // The lock keeps the store's memory while it is written to from another thread.
            if (_disposed || Vm == null) return;
            Interlocked.Or(ref Vm->Interrupt, (int)reason);
            _waiter?.Wake();
            _tasks?.WakeAll();
        }
    }

    void Lower(Interruption reason) => Interlocked.And(ref Vm->Interrupt, ~(int)reason);

    /// <summary>A guest has seen the flag: whether it must stop.</summary>
    internal TrapCode Interrupted()
    {
        if ((Vm->Interrupt & (int)Interruption.Call) != 0)
        {
            // One call is to stop; whether it is this one is looked at again once the flag is down.
            Lower(Interruption.Call);
            if (RunningTask is { IsCancelled: true })
            {
                Interlocked.Or(ref Vm->Interrupt, (int)Interruption.Call);
                return TrapCode.Interrupt;
            }
        }
        if (Vm->Interrupt == (int)Interruption.Epoch && _epochCallback is { } callback)
        {
            try
            {
                if (callback(this) is { } ticks)
                {
                    SetEpochDeadline(ticks);
                    return TrapCode.None;
                }
            }
            catch (Exception e)
            {
                KeepException(e);
            }
        }
        return Vm->Interrupt == 0 ? TrapCode.None : TrapCode.Interrupt;
    }

    /// <summary>What the outer caller gets for a guest that was interrupted.</summary>
    Exception InterruptException(TrapException trap)
    {
        int flags = Vm->Interrupt;
        if (RunningTask is { IsCancelled: true } task) return new OperationCanceledException("the guest's call was cancelled", trap, task.Cancellation);
        lock (_clock) Lower(Interruption.Asked);
        return (flags & (int)Interruption.Cancelled) != 0 ? new OperationCanceledException("the guest was cancelled", trap, CancellationToken) : trap;
    }

    /// <summary>What ends a wait for slots of the pool before its time; null: nothing.</summary>
    internal Exception? EndOfWait() => Vm->Interrupt != 0 && Interrupted() != TrapCode.None ? InterruptException(new TrapException(TrapCode.Interrupt)) : null;

    /// <summary>Something that an interruption must wake; null: nothing.</summary>
    internal void SetWaiter(IWaiter? waiter)
    {
        lock (_clock)
        {
            _waiter = waiter;
            if (Vm->Interrupt != 0) waiter?.Wake();
        }
    }

    void StopClocks()
    {
        _timer?.Dispose();
        _cancellation.Dispose();
        // Whoever raises a flag right now is done before the memory goes. Nobody does where interruption is not on.
        if (Engine.Options.Interruptible) lock (_clock) _waiter = null;
    }

    void CheckFuel()
    {
        CheckAccess();
        if (!Engine.Options.ConsumeFuel) throw new InvalidOperationException("fuel is not on: Config.WithFuelConsumption(true)");
    }

    void CheckInterruptible()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!Engine.Options.Interruptible) throw new InvalidOperationException("interruption is not on: Config.WithEpochInterruption(true)");
    }
}

/// <summary>A wait that can be ended early.</summary>
internal interface IWaiter
{
    void Wake();
}
