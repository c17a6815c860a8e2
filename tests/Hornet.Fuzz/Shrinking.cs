using System.Diagnostics;

namespace Hornet.Fuzz;

/// <summary>Makes a list of decisions shorter and lower for as long as it still fails.</summary>
public static class Shrinking
{
    public static int[] Run(int[] decisions, Func<int[], bool> fails, TimeSpan limit)
    {
        Stopwatch clock = Stopwatch.StartNew();
        int[] best = decisions;
        bool better = true;
        while (better && clock.Elapsed < limit)
        {
            better = false;
            for (int size = Math.Max(1, best.Length / 2); size > 0; size /= 2)
            {
                for (int at = 0; at < best.Length && clock.Elapsed < limit;)
                {
                    int end = Math.Min(best.Length, at + size);
                    if (Try([.. best[..at], .. best[end..]])) continue;
                    if (best.AsSpan(at, end - at).ContainsAnyExcept(0)) Try([.. best[..at], .. new int[end - at], .. best[end..]]);
                    at += size;
                }
            }
            for (int at = 0; at < best.Length && clock.Elapsed < limit; at++)
                while (best[at] > 0 && (Lower(at, best[at] / 2) || Lower(at, best[at] - 1)) && clock.Elapsed < limit) { }
        }
        return best;

        bool Lower(int at, int value)
        {
            int[] candidate = [.. best];
            candidate[at] = value;
            return Try(candidate);
        }

        bool Try(int[] candidate)
        {
            if (!fails(candidate)) return false;
            best = candidate;
            better = true;
            return true;
        }
    }
}
