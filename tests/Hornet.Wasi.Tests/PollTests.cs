using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Tests;

/// <summary>Clocks, random numbers, waiting, sockets.</summary>
public sealed class PollTests
{
    const long Millisecond = 1_000_000;

    static void Clock(Guest guest, int index, ulong id, uint clock, long timeout, bool absolute = false)
    {
        uint at = (uint)(0x20000 + index * 48);
        guest.Memory.Slice((int)at, 48).Clear();
        guest.Write(at, id);
        guest.Write(at + 16, clock);
        guest.Write(at + 24, timeout);
        guest.Write(at + 40, (ushort)(absolute ? 1 : 0));
    }

    static void Descriptor(Guest guest, int index, ulong id, bool write, uint fd)
    {
        uint at = (uint)(0x20000 + index * 48);
        guest.Memory.Slice((int)at, 48).Clear();
        guest.Write(at, id);
        guest.Write(at + 8, (byte)(write ? 2 : 1));
        guest.Write(at + 16, fd);
    }

    static (ulong Id, Errno Error, byte Type, ulong Bytes, ushort Flags)[] Poll(Guest guest, int count)
    {
        Assert.Equal(Errno.Success, guest.Call("poll_oneoff", 0x20000, 0x40000, count, 0x8000));
        var events = new (ulong, Errno, byte, ulong, ushort)[guest.Read<int>(0x8000)];
        for (int i = 0; i < events.Length; i++)
        {
            uint at = (uint)(0x40000 + i * 32);
            events[i] = (guest.Read<ulong>(at), guest.Read<Errno>(at + 8), guest.Read<byte>(at + 10), guest.Read<ulong>(at + 16), guest.Read<ushort>(at + 24));
        }
        return events;
    }

    [Fact]
    public void Clocks_go_forward()
    {
        using Guest guest = new(new WasiConfiguration());
        ulong a = guest.Now(1), b = guest.Now(1);
        Assert.True(b >= a);
        Assert.InRange((double)guest.Now(0) / 1e9, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 5, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5);
        Assert.True(guest.Now(2) > 0);
        Assert.True(guest.Now(3) > 0);
        Assert.Equal(Errno.Inval, guest.Call("clock_time_get", 4, 0, 0x8000));
        for (int clock = 0; clock < 4; clock++)
        {
            Assert.Equal(Errno.Success, guest.Call("clock_res_get", clock, 0x8000));
            Assert.InRange(guest.Read<ulong>(0x8000), 1ul, 100_000_000ul);
        }
        Assert.Equal(Errno.Inval, guest.Call("clock_res_get", -1, 0x8000));
        Assert.Equal(Errno.Success, guest.Call("random_get", 0x8000, 64));
        Assert.True(guest.Memory.Slice(0x8000, 64).IndexOfAnyExcept((byte)0) >= 0);
        Assert.Equal(Errno.Success, guest.Call("random_get", 0x8000, 0));
        Assert.Equal(Errno.Success, guest.Call("sched_yield"));
    }

    /// <summary>A sleeping guest uses no processor: the thread's own CPU clock, as the guest sees it, hardly moves.</summary>
    [Fact]
    public void Sleeping_costs_no_processor()
    {
        using Guest guest = new(new WasiConfiguration());
        Clock(guest, 0, 7, 1, 1);
        Poll(guest, 1);
        ulong cpu = guest.Now(3), start = guest.Now(1);
        Clock(guest, 0, 7, 1, 500 * Millisecond);
        Clock(guest, 1, 8, 1, 100_000 * Millisecond);
        Clock(guest, 2, 9, 0, 200_000 * Millisecond);
        Assert.Equal([(7ul, Errno.Success, (byte)0, 0ul, (ushort)0)], Poll(guest, 3));
        ulong slept = guest.Now(1) - start, used = guest.Now(3) - cpu;
        Assert.InRange(slept, 500ul * Millisecond, 5000ul * Millisecond);
        Assert.True(used < 20 * Millisecond, $"used {used} ns of processor for a sleep of {slept} ns");
    }

    [Fact]
    public void Several_clocks_and_absolute_times()
    {
        using Guest guest = new(new WasiConfiguration());
        Clock(guest, 0, 1, 1, (long)guest.Now(1) + 20 * Millisecond, absolute: true);
        Clock(guest, 1, 2, 0, (long)guest.Now(0) + 10_000 * Millisecond, absolute: true);
        Assert.Equal([1ul], Poll(guest, 2).Select(e => e.Id));
        // Long past, both at once, and one that is not a clock.
        Clock(guest, 0, 1, 1, 1, absolute: true);
        Clock(guest, 1, 2, 0, 1, absolute: true);
        Assert.Equal([1ul, 2ul], Poll(guest, 2).Select(e => e.Id));
        Clock(guest, 1, 2, 9, 1, absolute: true);
        Assert.Contains((2ul, Errno.Inval, (byte)0, 0ul, (ushort)0), Poll(guest, 2));
        Assert.Equal(Errno.Inval, guest.Call("poll_oneoff", 0x20000, 0x40000, 0, 0x8000));
        // A time-out that does not fit is no short one.
        Clock(guest, 0, 1, 1, -1);
        Clock(guest, 1, 2, 1, 10 * Millisecond);
        Assert.Equal([2ul], Poll(guest, 2).Select(e => e.Id));
    }

    [Fact]
    public void Descriptors_that_are_ready_or_bad()
    {
        using Scratch scratch = new();
        File.WriteAllText(scratch["f"], "12345");
        using Guest guest = new(new WasiConfiguration().WithStandardInput(new MemoryStream([1, 2])).WithPreopenedDirectory(scratch.Path, "/"));
        Assert.Equal(Errno.Success, guest.Open("f", out uint file));
        Descriptor(guest, 0, 1, false, file);
        Descriptor(guest, 1, 2, true, file);
        Descriptor(guest, 2, 3, false, 0);
        Descriptor(guest, 3, 4, true, 1);
        Clock(guest, 4, 5, 1, 10_000 * Millisecond);
        (ulong Id, Errno Error, byte Type, ulong Bytes, ushort Flags)[] events = Poll(guest, 5);
        Assert.Equal([(1, Errno.Success, 1, 5, 0), (2, Errno.Success, 2, 0, 0), (3, Errno.Success, 1, 2, 0), (4, Errno.Success, 2, 0, 0)], events);
        Descriptor(guest, 0, 1, false, 77);
        events = Poll(guest, 1);
        Assert.Equal([(1, Errno.BadF, 1, 0, 0)], events);
        // More than fit on the stack.
        for (int i = 0; i < 200; i++)
            Descriptor(guest, i, (ulong)i, i % 2 == 0, file);
        Assert.Equal(200, Poll(guest, 200).Length);
    }

    /// <summary>A clock of the host's own: an hour passes when it says so.</summary>
    sealed class HandClock : TimeProvider
    {
        readonly List<HandTimer> _timers = [];
        long _ticks = TimeSpan.FromDays(1).Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Volatile.Read(ref _ticks));
        public override long GetTimestamp() => Volatile.Read(ref _ticks);
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public int Timers { get { lock (_timers) return _timers.Count; } }

        public void Advance(TimeSpan by)
        {
            Interlocked.Add(ref _ticks, by.Ticks);
            lock (_timers)
                foreach (HandTimer timer in _timers.ToArray())
                    if (timer.Due <= _ticks)
                        timer.Callback(timer.State);
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            HandTimer timer = new(this, callback, state, Volatile.Read(ref _ticks) + dueTime.Ticks);
            lock (_timers)
                _timers.Add(timer);
            return timer;
        }

        sealed record HandTimer(HandClock Owner, TimerCallback Callback, object? State, long Due) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();
            public void Dispose()
            {
                lock (Owner._timers)
                    Owner._timers.Remove(this);
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }

    [Fact]
    public void A_replaced_clock_and_random_source_rule()
    {
        HandClock clock = new();
        using Guest guest = new(new WasiConfiguration().WithClock(clock).WithRandom(bytes => bytes.Fill(4)));
        Assert.Equal(86_400_000_000_000ul, guest.Now(0));
        Assert.Equal(86_400_000_000_000ul, guest.Now(1));
        Task<ulong[]> sleeper = Task.Run(() =>
        {
            Clock(guest, 0, 1, 1, 3_600_000 * Millisecond);
            return Poll(guest, 1).Select(e => e.Id).ToArray();
        });
        Assert.True(SpinWait.SpinUntil(() => clock.Timers == 1, 5000));
        Assert.False(sleeper.Wait(50));
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(sleeper.Wait(50));
        clock.Advance(TimeSpan.FromMinutes(1) + TimeSpan.FromTicks(1));
        Assert.Equal([1ul], sleeper.Result);
        Assert.Equal(0, clock.Timers);
        Assert.Equal(Errno.Success, guest.Call("random_get", 0x8000, 4));
        Assert.Equal(0x04040404u, guest.Read<uint>(0x8000));
    }

    [Fact]
    public void A_listener_accepts_receives_and_sends()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Scratch scratch = new();
        using Guest guest = new(new WasiConfiguration().WithPreopenedListener(listener).WithPreopenedDirectory(scratch.Path, "/dir"));
        Assert.Equal(FileType.SocketStream, guest.Fdstat(3).Type);
        // The directory behind it can be found.
        Assert.Equal(Errno.Success, guest.Call("fd_prestat_get", 3, 0x8000));
        Assert.Equal(1, guest.Read<byte>(0x8000));
        Assert.Equal(Errno.Success, guest.Call("fd_prestat_get", 4, 0x8000));
        Assert.Equal(4u << 0, guest.Read<uint>(0x8004));
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 3, (long)FdFlags.NonBlock));
        Assert.Equal(Errno.Again, guest.Call("sock_accept", 3, 0, 0x8000));
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 3, 0));
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task connect = Task.Run(async () =>
        {
            await Task.Delay(50);
            await client.ConnectAsync(listener.LocalEndPoint!);
        });
        Assert.Equal(Errno.Success, guest.Call("sock_accept", 3, 0, 0x8000));
        uint fd = guest.Read<uint>(0x8000);
        connect.Wait();
        Assert.Equal(5u, fd);
        Assert.Equal(FileType.SocketStream, guest.Fdstat(fd).Type);
        client.Send("hello"u8);
        guest.Write(0x9000, 0x10000u);
        guest.Write(0x9004, 100);
        Assert.Equal(Errno.Success, guest.Call("sock_recv", fd, 0x9000, 1, 1, 0x8000, 0x8004));
        Assert.Equal(5, guest.Read<int>(0x8000));
        guest.Write(0x9004, 3);
        Assert.Equal(Errno.Success, guest.Call("sock_recv", fd, 0x9000, 1, 2, 0x8000, 0x8004));
        Assert.Equal("hel"u8, guest.Memory.Slice(0x10000, 3));
        Assert.Equal("lo", guest.ReadText(fd));
        Descriptor(guest, 0, 1, false, fd);
        Clock(guest, 1, 2, 1, 30 * Millisecond);
        Assert.Equal([2ul], Poll(guest, 2).Select(e => e.Id));
        "world"u8.CopyTo(guest.Memory[0x10000..]);
        guest.Write(0x9004, 5);
        Assert.Equal(Errno.Success, guest.Call("sock_send", fd, 0x9000, 1, 0, 0x8000));
        byte[] buffer = new byte[10];
        Assert.Equal(5, client.Receive(buffer));
        Assert.Equal(Errno.Success, guest.Call("sock_shutdown", fd, 2));
        Assert.Equal(0, client.Receive(buffer));
        Assert.Equal(Errno.Pipe, guest.Call("sock_send", fd, 0x9000, 1, 0, 0x8000));
        client.Close();
        (ulong Id, Errno Error, byte Type, ulong Bytes, ushort Flags)[] hangUp = Poll(guest, 2);
        Assert.Equal((1ul, (ushort)1), (hangUp[0].Id, hangUp[0].Flags));
        Assert.Equal("", guest.ReadText(fd));
        // What is no socket, and what is no connection.
        Assert.Equal(Errno.NotSock, guest.Call("sock_recv", 4, 0x9000, 1, 0, 0x8000, 0x8004));
        Assert.Equal(Errno.NotSock, guest.Call("sock_accept", 0, 0, 0x8000));
        Assert.Equal(Errno.Inval, guest.Call("sock_send", 3, 0x9000, 1, 0, 0x8000));
        Assert.Equal(Errno.BadF, guest.Call("sock_shutdown", 99, 3));
        Assert.Equal(Errno.Inval, guest.Call("sock_shutdown", fd, 0));
    }

    /// <summary>wasi_unstable differs in four places.</summary>
    [Fact]
    public void The_unstable_layouts()
    {
        using Scratch scratch = new();
        File.WriteAllText(scratch["f"], "12345");
        using Guest guest = new(scratch.Path);
        Assert.Equal(Errno.Success, guest.Open("f", out uint fd));
        Assert.Equal(Errno.Success, guest.CallUnstable("fd_filestat_get", fd, 0x8000));
        Assert.Equal(1u, guest.Read<uint>(0x8000 + 20));
        Assert.Equal(5ul, guest.Read<ulong>(0x8000 + 24));
        // Origins: current 0, end 1, set 2.
        Assert.Equal(Errno.Success, guest.CallUnstable("fd_seek", fd, 3, 2, 0x8000));
        Assert.Equal(Errno.Success, guest.CallUnstable("fd_seek", fd, 1, 0, 0x8000));
        Assert.Equal(4ul, guest.Read<ulong>(0x8000));
        Assert.Equal(Errno.Success, guest.CallUnstable("fd_seek", fd, -5, 1, 0x8000));
        Assert.Equal(0ul, guest.Read<ulong>(0x8000));
        // A clock's subscription has 56 bytes.
        guest.Memory.Slice(0x20000, 112).Clear();
        guest.Write(0x20000, 42ul);
        guest.Write(0x20000 + 24, 1u);
        guest.Write(0x20000 + 32, 20 * Millisecond);
        guest.Write(0x20000 + 56, 43ul);
        guest.Write(0x20000 + 56 + 24, 1u);
        guest.Write(0x20000 + 56 + 32, 20_000 * Millisecond);
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(Errno.Success, guest.CallUnstable("poll_oneoff", 0x20000, 0x40000, 2, 0x8000));
        Assert.InRange(watch.ElapsedMilliseconds, 19, 5000);
        Assert.Equal(1, guest.Read<int>(0x8000));
        Assert.Equal(42ul, guest.Read<ulong>(0x40000));
    }
}
