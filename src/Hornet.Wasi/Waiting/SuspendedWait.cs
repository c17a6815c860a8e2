using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;
using Hornet.Wasi.Preview1;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// A function of preview 1 that waits without a thread: its guest has been left, and when something has happened the function is called
/// once more with the same arguments. What it has done by then stands here, so that the second call goes on where the first one stopped.
/// </summary>
internal sealed unsafe class SuspendedWait(WasiContext context, Preview1Function function, VmContext* caller, ValRaw* values) : HostOperation
{
    static long s_numbers;

    /// <summary>A clock that no timer follows (a process's time on the processor) is looked at no more often than this.</summary>
    const ulong Shortest = 1_000_000;

    readonly long _number = Interlocked.Increment(ref s_numbers);
    ITimer? _timer;
    ulong _deadline;
    bool _hasDeadline, _isRegistered;

    /// <summary>What is waited for: poll_oneoff's subscriptions, or a descriptor.</summary>
    public WaitItem[] Items { get; set; } = [];

    /// <summary>Bytes that earlier calls have transferred.</summary>
    public ulong Done { get; set; }

    public new void Wake() => base.Wake();

    public override void Begin()
    {
        _isRegistered = true;
        context.Waker.Add(this);
        bool ready = false;
        long timeout = -1;
        foreach (ref WaitItem item in Items.AsSpan())
        {
            if (item.Descriptor is { } descriptor)
            {
                if (descriptor.WaitHandle >= 0)
                    Poller.Of(context.Host).Watch(descriptor.WaitHandle, Waiter.EventsOf(item.Interest), this);
                else
                    ready |= descriptor.IsReady(item.Interest);
                continue;
            }
            long left = Waiter.Left(context.Clock, item);
            if (left >= 0)
                timeout = timeout < 0 ? left : long.Min(timeout, left);
        }
        if (ready)
            Wake();
        else if (timeout >= 0)
            SetTimer((ulong)timeout);
    }

    void SetTimer(ulong nanoseconds)
    {
        if (context.Clock.IsReplaced)
        {
            _timer = context.Clock.CreateTimer((long)nanoseconds, context.Waker);
            return;
        }
        _ = context.Host.ClockTime(WasiClock.Monotonic, out ulong now);
        foreach (ref WaitItem item in Items.AsSpan())
            if (item.Descriptor is null && item.Clock > WasiClock.Monotonic)
                nanoseconds = ulong.Max(nanoseconds, Shortest);
        _deadline = nanoseconds > ulong.MaxValue - now ? ulong.MaxValue : now + nanoseconds;
        _hasDeadline = true;
        Poller.Of(context.Host).Add(_deadline, _number, this);
    }

    public override CallStatus Resume(Store store)
    {
        Unregister();
        CallStatus status = function.Run(store, context, caller, values, this);
        if (status == CallStatus.Suspended)
            Begin();
        return status;
    }

    public override void Abandon() => Unregister();

    /// <summary>By the store's driver: another call of the store changes what this one waits for.</summary>
    public void LookAgain()
    {
        Unregister();
        Wake();
    }

    void Unregister()
    {
        if (!_isRegistered)
            return;
        _isRegistered = false;
        context.Waker.Remove(this);
        _timer?.Dispose();
        _timer = null;
        if (_hasDeadline)
            Poller.Of(context.Host).Remove(_deadline, _number, this);
        _hasDeadline = false;
        foreach (ref WaitItem item in Items.AsSpan())
            if (item.Descriptor is { WaitHandle: >= 0 } descriptor)
                Poller.Of(context.Host).Unwatch(descriptor.WaitHandle, this);
    }
}
