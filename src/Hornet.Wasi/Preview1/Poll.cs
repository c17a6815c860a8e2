using System.Buffers;
using System.Runtime.InteropServices;
using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;
using Hornet.Wasi.Waiting;

namespace Hornet.Wasi.Preview1;

/// <summary>poll_oneoff.</summary>
internal static unsafe class Poll
{
    /// <summary>More than any program has descriptors; a guest's number must not become a host's allocation.</summary>
    const uint MaxSubscriptions = 16384;
    const int OnStack = 8;

    public static Errno Oneoff(WasiContext context, GuestMemory memory, ValRaw* a) => Oneoff(context, memory, a, sizeof(Subscription), 0);

    /// <summary>wasi_unstable has one more number at the beginning of a clock's subscription.</summary>
    public static Errno UnstableOneoff(WasiContext context, GuestMemory memory, ValRaw* a) => Oneoff(context, memory, a, sizeof(Subscription) + 8, 8);

    static Errno Oneoff(WasiContext context, GuestMemory memory, ValRaw* a, int size, int clockShift)
    {
        uint input = a[0].U32, output = a[1].U32, count = a[2].U32;
        if (count == 0)
            return Errno.Inval;
        if (count > MaxSubscriptions)
            return Errno.TooBig;
        if (!memory.Contains(input, (ulong)count * (uint)size) || !memory.Contains(output, (ulong)count * (uint)sizeof(Event)) || !memory.Contains(a[3].U32, 4))
            return Errno.Fault;
        WaitItem[]? rentedItems = count > OnStack ? ArrayPool<WaitItem>.Shared.Rent((int)count) : null;
        Subscription[]? rented = count > OnStack ? ArrayPool<Subscription>.Shared.Rent((int)count) : null;
        // An array of references cannot lie on the stack; a few items are cheap.
        Span<WaitItem> items = (rentedItems ?? new WaitItem[OnStack]).AsSpan(0, (int)count);
        Span<Subscription> subscriptions = (rented ?? stackalloc Subscription[OnStack])[..(int)count];
        WaitItem[] before = context.Waiter.Call?.Before ?? [];
        try
        {
            items.Clear();
            for (int i = 0; i < items.Length; i++)
            {
                uint at = input + (uint)(i * size);
                _ = memory.TryRead(at, out subscriptions[i]);
                if (clockShift != 0 && subscriptions[i].Type == EventType.Clock)
                {
                    _ = memory.TryRead(at + (uint)clockShift, out Subscription shifted);
                    shifted.UserData = subscriptions[i].UserData;
                    shifted.Type = EventType.Clock;
                    subscriptions[i] = shifted;
                }
                items[i] = Subscribe(context, subscriptions[i]);
                // After a wait: a time-out counts from the first try.
                if (i < before.Length && items[i].Descriptor is null && before[i].Descriptor is null && items[i].Clock == before[i].Clock)
                    items[i].Deadline = before[i].Deadline;
            }
            // What cannot be waited for is an event of its own, and there is nothing left to wait for.
            if (!HasError(items))
            {
                Errno errno = context.Waiter.Wait(items);
                if (errno != Errno.Success)
                    return errno;
            }
            uint events = 0;
            for (int i = 0; i < items.Length; i++)
            {
                if (!items[i].Ready && items[i].Error == Errno.Success)
                    continue;
                var happened = new Event { UserData = subscriptions[i].UserData, Error = items[i].Error, Type = subscriptions[i].Type };
                if (items[i].Descriptor is { } descriptor && items[i].Error == Errno.Success)
                {
                    if (items[i].Interest == Interest.Read)
                        happened.Bytes = descriptor.Available;
                    happened.Flags = items[i].HungUp ? (ushort)1 : (ushort)0;
                }
                _ = memory.Write(output + events++ * (uint)sizeof(Event), happened);
            }
            return memory.Write(a[3].U32, events);
        }
        finally
        {
            if (rentedItems is not null)
                ArrayPool<WaitItem>.Shared.Return(rentedItems, clearArray: true);
            if (rented is not null)
                ArrayPool<Subscription>.Shared.Return(rented);
        }
    }

    static WaitItem Subscribe(WasiContext context, in Subscription subscription)
    {
        var item = new WaitItem();
        switch (subscription.Type)
        {
            case EventType.Clock:
                item.Clock = subscription.Clock;
                item.Error = context.Clock.Time(subscription.Clock, out ulong now);
                bool absolute = (subscription.ClockFlags & 1) != 0;
                item.Deadline = absolute ? subscription.Timeout
                    : subscription.Timeout > ulong.MaxValue - now ? ulong.MaxValue : now + subscription.Timeout;
                break;
            case EventType.FdRead or EventType.FdWrite:
                bool read = subscription.Type == EventType.FdRead;
                item.Interest = read ? Interest.Read : Interest.Write;
                item.Error = context.Descriptors.Get(subscription.Descriptor, Rights.PollFdReadwrite, out item.Descriptor!);
                break;
            default:
                item.Error = Errno.Inval;
                break;
        }
        return item;
    }

    static bool HasError(Span<WaitItem> items)
    {
        foreach (ref WaitItem item in items)
            if (item.Error != Errno.Success)
                return true;
        return false;
    }

    internal enum EventType : byte { Clock, FdRead, FdWrite }

    [StructLayout(LayoutKind.Explicit, Size = 48)]
    struct Subscription
    {
        [FieldOffset(0)] public ulong UserData;
        [FieldOffset(8)] public EventType Type;
        [FieldOffset(16)] public uint Descriptor;
        [FieldOffset(16)] public uint Clock;
        [FieldOffset(24)] public ulong Timeout;
        [FieldOffset(32)] public ulong Precision;
        [FieldOffset(40)] public ushort ClockFlags;
    }

    [StructLayout(LayoutKind.Explicit, Size = 32)]
    struct Event
    {
        [FieldOffset(0)] public ulong UserData;
        [FieldOffset(8)] public Errno Error;
        [FieldOffset(10)] public EventType Type;
        [FieldOffset(16)] public ulong Bytes;
        [FieldOffset(24)] public ushort Flags;
    }
}
