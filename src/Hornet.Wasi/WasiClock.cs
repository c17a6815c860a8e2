using Hornet.Wasi.Host;
using Hornet.Wasi.Waiting;

namespace Hornet.Wasi;

/// <summary>The guest's clocks: the system's, or those of a <see cref="TimeProvider"/>. Clocks have preview 1's numbers.</summary>
internal sealed class WasiClock(IHostSystem host, TimeProvider? provider)
{
    public const uint Realtime = 0, Monotonic = 1, ProcessCpu = 2, ThreadCpu = 3;

    /// <summary>Whether the system's clocks are not the guest's.</summary>
    public bool IsReplaced => provider is not null;

    public Errno Time(uint clock, out ulong nanoseconds)
    {
        if (provider is null)
            return host.ClockTime(clock, out nanoseconds);
        switch (clock)
        {
            case Realtime:
                nanoseconds = Saturated((Int128)(provider.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
                return Errno.Success;
            // What a guest uses of the processor is no part of a replaced time: its CPU clocks stand with the monotonic one.
            case Monotonic or ProcessCpu or ThreadCpu:
                nanoseconds = Saturated((Int128)provider.GetTimestamp() * 1_000_000_000 / provider.TimestampFrequency);
                return Errno.Success;
            default:
                nanoseconds = 0;
                return Errno.Inval;
        }
    }

    /// <summary>.NET's calendar is longer than 64 bits of nanoseconds, at both ends.</summary>
    static ulong Saturated(Int128 nanoseconds) => (ulong)Int128.Clamp(nanoseconds, 0, ulong.MaxValue);

    public Errno Resolution(uint clock, out ulong nanoseconds)
    {
        if (provider is null)
            return host.ClockResolution(clock, out nanoseconds);
        nanoseconds = clock == Realtime ? 100 : (ulong)long.Max(1, 1_000_000_000 / provider.TimestampFrequency);
        return clock <= ThreadCpu ? Errno.Success : Errno.Inval;
    }

    /// <summary>Wakes when the replaced clock says that the time is over.</summary>
    public ITimer CreateTimer(long nanoseconds, Waker waker)
    {
        // Longer than a timer takes is cut; the waiter looks at the clock again and goes on.
        long ticks = long.Clamp(nanoseconds / 100 + 1, 1, TimeSpan.FromDays(40).Ticks);
        return provider!.CreateTimer(static state => ((Waker)state!).Wake(), waker, TimeSpan.FromTicks(ticks), Timeout.InfiniteTimeSpan);
    }
}
