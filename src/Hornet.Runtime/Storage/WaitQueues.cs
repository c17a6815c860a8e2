namespace Hornet.Runtime;

/// <summary>Threads that wait at addresses of one shared memory. Source: threads proposal, wait and notify.</summary>
internal sealed unsafe class WaitQueues
{
    /// <summary>What memory.atomic.wait returns.</summary>
    public const uint Woken = 0, NotEqual = 1, TimedOut = 2;

    readonly Lock _lock = new();
    readonly Dictionary<ulong, LinkedList<Waiter>> _queues = [];

    sealed class Waiter : IWaiter
    {
        public readonly ManualResetEventSlim Event = new(false, 0);
        public bool Notified;

        void IWaiter.Wake() => Event.Set();
    }

    /// <summary>Waits until notified, timed out (nanoseconds; negative: never), or the store is interrupted.</summary>
    public TrapCode Wait(Store store, ulong address, void* at, ulong expected, bool is64, long timeout, out uint result)
    {
        Waiter waiter = new();
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            // Under the lock that notify takes: whoever changes the value and notifies cannot come in between.
            ulong value = is64 ? Volatile.Read(ref *(ulong*)at) : Volatile.Read(ref *(uint*)at);
            if (value != expected)
            {
                result = NotEqual;
                return TrapCode.None;
            }
            if (!_queues.TryGetValue(address, out LinkedList<Waiter>? queue)) _queues.Add(address, queue = new());
            node = queue.AddLast(waiter);
        }
        store.SetWaiter(waiter);
        TrapCode trap = Sleep(store, waiter, timeout);
        store.SetWaiter(null);
        lock (_lock)
        {
            if (!waiter.Notified) Remove(address, node);
            result = waiter.Notified ? Woken : TimedOut;
        }
        waiter.Event.Dispose();
        return waiter.Notified ? TrapCode.None : trap;
    }

    static TrapCode Sleep(Store store, Waiter waiter, long timeout)
    {
        long end = timeout < 0 ? long.MaxValue : Environment.TickCount64 + timeout / 1_000_000 + (timeout % 1_000_000 != 0 ? 1 : 0);
        while (true)
        {
            int milliseconds = timeout < 0 ? Timeout.Infinite : (int)Math.Clamp(end - Environment.TickCount64, 0, int.MaxValue);
            bool set = waiter.Event.Wait(milliseconds);
            if (waiter.Notified || !set) return TrapCode.None;
            TrapCode trap = store.Interrupted();
            if (trap != TrapCode.None) return trap;
            waiter.Event.Reset();
            if (waiter.Notified) return TrapCode.None;
        }
    }

    /// <summary>Wakes the first <paramref name="count"/> that wait at an address.</summary>
    public uint Notify(ulong address, uint count)
    {
        uint woken = 0;
        lock (_lock)
        {
            if (!_queues.TryGetValue(address, out LinkedList<Waiter>? queue)) return 0;
            while (woken < count && queue.First is { } node)
            {
                node.Value.Notified = true;
                node.Value.Event.Set();
                Remove(address, node);
                woken++;
            }
        }
        return woken;
    }

    void Remove(ulong address, LinkedListNode<Waiter> node)
    {
        LinkedList<Waiter> queue = node.List!;
        queue.Remove(node);
        if (queue.Count == 0) _queues.Remove(address);
    }
}
