using Hornet.Native;

namespace Hornet;

/// <summary>How a sampling profiler outside learns what the machine code of guests is called.</summary>
public enum ProfilingStrategy
{
    None,
    /// <summary>Linux perf's map file, /tmp/perf-PID.map: addresses and names.</summary>
    PerfMap,
    /// <summary>Linux perf's jitdump file, jit-PID.dump: addresses, names and the code itself, for <c>perf inject --jit</c>.</summary>
    JitDump,
}

/// <summary>Tells profilers of machine code. Off, it costs nothing.</summary>
public static class NativeProfiling
{
    /// <summary>From now on writes down all machine code of the process; what guests' code there is already is not written.</summary>
    /// <param name="strategy">In which form; None ends it.</param>
    /// <param name="folder">Where to; null: where perf looks, which is /tmp for a map and the current directory for a dump.</param>
    /// <returns>The file, or null.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static string? Start(ProfilingStrategy strategy, string? folder = null)
    {
        CodeProfile.Current?.Dispose();
        CodeProfile.Current = strategy switch
        {
            ProfilingStrategy.None => null,
            ProfilingStrategy.PerfMap => new PerfMap(Path.Combine(folder ?? "/tmp", $"perf-{Environment.ProcessId}.map")),
            ProfilingStrategy.JitDump => new JitDump(Path.Combine(folder ?? Environment.CurrentDirectory, $"jit-{Environment.ProcessId}.dump")),
            _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, null),
        };
        if (CodeProfile.Current is { } profile && NativeConfig.Obstacle is null) Stubs.Process.NameIn(profile);
        return CodeProfile.Current?.Path;
    }
}
