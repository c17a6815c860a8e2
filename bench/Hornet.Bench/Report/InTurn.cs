using System.Diagnostics;

namespace Hornet.Bench;

/// <summary>
/// Short things of several subjects, in turn: a round of each is as many repetitions as take the scale's time. What counts is processor
/// time of the whole process, work put off to other threads included; a busy machine disturbs it least.
/// </summary>
internal static class InTurn
{
    /// <param name="scale">How long, how often.</param>
    /// <param name="unit">"ns", "µs" or "ms".</param>
    /// <param name="subjects">Each does its thing so many times.</param>
    public static Series[] Measure(Scale scale, string unit, params (string Name, Action<int> Run)[] subjects)
    {
        var perUnit = unit switch { "ns" => 1.0, "µs" => 1e3, _ => 1e6 };
        var counts = Array.ConvertAll(subjects, s => Count(s.Run, scale));
        var figures = subjects.Select(_ => new double[scale.Rounds * 3]).ToArray();
        for (var round = 0; round < figures[0].Length; round++)
        {
            for (var i = 0; i < subjects.Length; i++)
            {
                var start = Natives.ProcessMilliseconds();
                subjects[i].Run(counts[i]);
                figures[i][round] = (Natives.ProcessMilliseconds() - start) * 1e6 / counts[i] / perUnit;
            }
        }
        return [.. subjects.Zip(figures, (s, f) => new Series(s.Name, f))];
    }

    private static int Count(Action<int> run, Scale scale)
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            run(1);
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds >= scale.WarmUp)
                break;
        }
        for (var count = 1; ; count *= 2)
        {
            var start = Stopwatch.GetTimestamp();
            run(count);
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds >= scale.Milliseconds)
                return count;
        }
    }
}
