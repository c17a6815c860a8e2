using System.Diagnostics;
using System.Globalization;

namespace Hornet.Bench;

/// <summary>What a process of either side measures of itself: the first compilation in it, a later one, and its memory.</summary>
internal static class Compilation
{
    /// <summary>Prints "cold warm cold-processor warm-processor peak": milliseconds and megabytes.</summary>
    public static void Measure(int size, Action compile)
    {
        var cold = Time(compile);
        var peak = double.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        var warm = size > 50_000_000 ? cold : Time(compile);
        for (var i = 0; i < 2 && size < 5_000_000; i++)
            warm = Time(compile);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cold.Wall} {warm.Wall} {cold.Processor} {warm.Processor} {peak}"));
    }

    private static (double Wall, double Processor) Time(Action action)
    {
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        action();
        return (watch.Elapsed.TotalMilliseconds, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalMilliseconds);
    }
}
