using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// One thread for all guests of the process that wait without one: it waits for all their handles and for the nearest of their deadlines,
/// and wakes those whose turn has come. It says no more than "look again": who is woken asks his own descriptors.
/// </summary>
internal sealed class Poller
{
    const short PollIn = 1;

    static readonly Lock s_lock = new();
    static Poller? s_process;

    readonly IHostSystem _host;
    readonly Lock _lock = new();
    readonly int _watch, _wake;
    // Who waits for a handle; a handle is watched once for all of them, and by that it is forgotten when it is ready.
    readonly Dictionary<int, Watched> _handles = [];
    readonly SortedSet<(ulong Time, long Number, SuspendedWait Wait)> _deadlines = new(Comparer<(ulong Time, long Number, SuspendedWait Wait)>.Create(static (a, b) =>
        a.Time != b.Time ? a.Time.CompareTo(b.Time) : a.Number.CompareTo(b.Number)));
    // The time for which the thread sleeps.
    ulong _alarm = ulong.MaxValue;

    sealed class Watched
    {
        public short Events;
        public readonly List<SuspendedWait> Waits = [];
    }

    Poller(IHostSystem host)
    {
        _host = host;
        _watch = host.CreateWatch();
        _wake = host.CreateWake();
        new Thread(Run) { IsBackground = true, Name = "Hornet WASI" }.Start();
    }

    /// <summary>The process's, made when a guest first waits.</summary>
    public static Poller Of(IHostSystem host)
    {
        lock (s_lock) return s_process ??= new(host);
    }

    /// <summary>Wakes when the handle is ready, or at once where the system cannot say.</summary>
    public void Watch(int handle, short events, SuspendedWait wait)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle, out Watched? watched)) _handles.Add(handle, watched = new());
            watched.Waits.Add(wait);
            watched.Events |= events;
            // Again even for the same events: the handle may have been closed, and its number be another's.
            if (_host.Watch(_watch, handle, watched.Events) == Errno.Success) return;
            _handles.Remove(handle);
        }
        // A file, or a handle that is gone: trying again will tell.
        wait.Wake();
    }

    public void Unwatch(int handle, SuspendedWait wait)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle, out Watched? watched) || !watched.Waits.Remove(wait) || watched.Waits.Count > 0) return;
            _handles.Remove(handle);
            _host.Unwatch(_watch, handle);
        }
    }

    /// <summary>Wakes at a time of the monotonic clock.</summary>
    public void Add(ulong time, long number, SuspendedWait wait)
    {
        lock (_lock)
        {
            _deadlines.Add((time, number, wait));
            if (time >= _alarm) return;
            _alarm = time;
        }
        _host.SignalWake(_wake);
    }

    public void Remove(ulong time, long number, SuspendedWait wait)
    {
        lock (_lock) _deadlines.Remove((time, number, wait));
    }

    void Run()
    {
        HandleInterest[] interests = [new() { Handle = _watch, Wanted = PollIn }, new() { Handle = _wake, Wanted = PollIn }];
        int[] ready = new int[256];
        List<SuspendedWait> due = [];
        while (true)
        {
            _ = _host.Wait(interests, Timeout());
            _host.ClearWake(_wake);
            int count = interests[0].Ready != 0 ? _host.TakeReady(_watch, ready) : 0;
            lock (_lock)
            {
                for (int i = 0; i < count; i++)
                {
                    if (!_handles.Remove(ready[i], out Watched? watched)) continue;
                    _host.Unwatch(_watch, ready[i]);
                    due.AddRange(watched.Waits);
                }
                while (_deadlines.Count > 0 && _deadlines.Min is var next && next.Time <= Now())
                {
                    _deadlines.Remove(next);
                    due.Add(next.Wait);
                }
            }
            foreach (SuspendedWait wait in due) wait.Wake();
            due.Clear();
        }
    }

    long Timeout()
    {
        lock (_lock)
        {
            if (_deadlines.Count == 0)
            {
                _alarm = ulong.MaxValue;
                return -1;
            }
            _alarm = _deadlines.Min.Time;
            ulong now = Now();
            return _alarm <= now ? 0 : (long)ulong.Min(_alarm - now, long.MaxValue);
        }
    }

    ulong Now() => _host.ClockTime(WasiClock.Monotonic, out ulong now) == Errno.Success ? now : 0;
}
