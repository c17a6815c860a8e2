using System.Buffers;
using Hornet.Base;
using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// Where a guest waits. One that can be left without a thread (<see cref="SuspendedWait"/>) is; for others a thread waits here: all that is waited for goes into one call of the system: its handles, the nearest
/// deadline as the time-out, and the waker for everything else, so a waiting guest uses no processor and can always be woken.
/// </summary>
internal sealed unsafe class Waiter(IHostSystem host, WasiClock clock, Waker waker) : IWaiter
{
    const short PollIn = 1, PollOut = 4, PollError = 8, PollHangUp = 16, PollInvalid = 32;
    const int OnStack = 16;

    Store? _store;

    /// <summary>A store's interruptions (deadline, cancellation, epoch) end its guests' waits.</summary>
    public void Attach(Store store) => _store = store;

    void IWaiter.Wake() => waker.Wake();

    /// <summary>Whether the guest must stop.</summary>
    public bool IsInterrupted => _store is not null && _store.Vm->Interrupt != 0 && _store.Interrupted() != TrapCode.None;

    /// <summary>Waits until a descriptor can go on.</summary>
    public Errno Wait(Descriptor descriptor, Interest interest)
    {
        var item = new WaitItem { Descriptor = descriptor, Interest = interest };
        return Wait(new Span<WaitItem>(ref item));
    }

    /// <summary>The call that may wait by leaving its guest, if it is one.</summary>
    public SuspendableCall? Call { get; set; }

    SuspendableCall? _spare;

    /// <summary>A function begins, for the first time or after a wait. Whoever calls this puts back what <see cref="Call"/> was when it ends.</summary>
    public SuspendableCall? Begin(bool suspendable, SuspendedWait? resumed)
    {
        if (!suspendable)
            return Call = null;
        // One for all calls, unless one comes in the middle of another.
        SuspendableCall call = Call is null ? _spare ??= new() : new();
        call.Start(resumed);
        return Call = call;
    }

    /// <summary>Waits until at least one item is ready, and marks all that are.</summary>
    /// <returns><see cref="Errno.Suspended"/> where the guest is to be left; then the same call comes again.</returns>
    public Errno Wait(Span<WaitItem> items)
    {
        if (Call is { } call)
            return IsInterrupted ? Errno.Intr : Look(items) ? Errno.Success : call.Suspend(items);
        HandleInterest[]? rented = items.Length < OnStack ? null : ArrayPool<HandleInterest>.Shared.Rent(items.Length + 1);
        Span<HandleInterest> handles = rented ?? stackalloc HandleInterest[OnStack];
        ITimer? timer = null;
        try
        {
            int wake = waker.Arm();
            _store?.SetWaiter(this);
            while (true)
            {
                waker.Clear();
                if (IsInterrupted)
                    return Errno.Intr;
                int count = 0;
                handles[count++] = new HandleInterest { Handle = wake, Wanted = PollIn };
                bool any = LookAtOnce(items, handles, ref count, out long timeout);
                if (any)
                    timeout = 0;
                else if (timeout > 0 && clock.IsReplaced)
                {
                    // Another's clock: it tells when the time has come.
                    timer?.Dispose();
                    timer = clock.CreateTimer(timeout, waker);
                    timeout = -1;
                }
                Errno errno = host.Wait(handles[..count], timeout);
                if (errno != Errno.Success)
                    return errno;
                any |= LookAtHandles(items, handles);
                if (any)
                    return Errno.Success;
            }
        }
        finally
        {
            _store?.SetWaiter(null);
            timer?.Dispose();
            if (rented is not null)
                ArrayPool<HandleInterest>.Shared.Return(rented);
        }
    }

    /// <summary>Marks what is ready now.</summary>
    bool Look(Span<WaitItem> items)
    {
        HandleInterest[]? rented = items.Length < OnStack ? null : ArrayPool<HandleInterest>.Shared.Rent(items.Length + 1);
        Span<HandleInterest> handles = rented ?? stackalloc HandleInterest[OnStack];
        // In the waker's place nothing: the system passes over negative handles.
        handles[0] = new HandleInterest { Handle = -1 };
        int count = 1;
        bool any = LookAtOnce(items, handles, ref count, out _);
        if (count > 1 && host.Wait(handles[..count], 0) == Errno.Success)
            any |= LookAtHandles(items, handles);
        if (rented is not null)
            ArrayPool<HandleInterest>.Shared.Return(rented);
        return any;
    }

    /// <summary>What to wait for on a descriptor's handle.</summary>
    public static short EventsOf(Interest interest) => interest == Interest.Read ? PollIn : PollOut;

    /// <summary>Nanoseconds until a clock's item is ready, at least 0.</summary>
    public static long Left(WasiClock clock, in WaitItem item) =>
        clock.Time(item.Clock, out ulong now) != Errno.Success || now >= item.Deadline ? 0 : (long)ulong.Min(item.Deadline - now, long.MaxValue);

    /// <summary>Marks what is ready without asking the system; collects the handles and the nearest deadline (-1: none) of the rest.</summary>
    bool LookAtOnce(Span<WaitItem> items, Span<HandleInterest> handles, ref int count, out long timeout)
    {
        bool any = false;
        timeout = -1;
        foreach (ref WaitItem item in items)
        {
            if (item.Descriptor is { } descriptor)
            {
                if (descriptor.WaitHandle >= 0)
                    handles[count++] = new HandleInterest { Handle = descriptor.WaitHandle, Wanted = EventsOf(item.Interest) };
                else
                    item.Ready = descriptor.IsReady(item.Interest);
            }
            else
            {
                item.Error = clock.Time(item.Clock, out ulong now);
                item.Ready = item.Error != Errno.Success || now >= item.Deadline;
                if (!item.Ready)
                {
                    long left = (long)ulong.Min(item.Deadline - now, long.MaxValue);
                    timeout = timeout < 0 ? left : long.Min(timeout, left);
                }
            }
            any |= item.Ready;
        }
        return any;
    }

    bool LookAtHandles(Span<WaitItem> items, Span<HandleInterest> handles)
    {
        bool any = false;
        int at = 1;
        foreach (ref WaitItem item in items)
        {
            if (item.Descriptor is not { WaitHandle: >= 0 })
            {
                if (item.Descriptor is null && !item.Ready)
                    item.Ready = clock.Time(item.Clock, out ulong now) != Errno.Success || now >= item.Deadline;
                any |= item.Ready;
                continue;
            }
            short events = handles[at++].Ready;
            if (events == 0)
                continue;
            any = item.Ready = true;
            item.HungUp = (events & PollHangUp) != 0 || item.Interest == Interest.Write && (events & PollError) != 0;
            if ((events & PollInvalid) != 0)
                item.Error = Errno.BadF;
        }
        return any;
    }
}
