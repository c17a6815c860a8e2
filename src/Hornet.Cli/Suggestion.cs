namespace Hornet.Cli;

/// <summary>The word that was probably meant.</summary>
internal static class Suggestion
{
    /// <summary>"; did you mean 'x'?" where one of the words is near enough, else nothing.</summary>
    public static string For(string given, IEnumerable<string> words)
    {
        string? best = null;
        // A third of the letters may be wrong, and at least two: a transposition counts as two.
        var least = Math.Max(2, given.Length / 3) + 1;
        foreach (var word in words)
        {
            var distance = Distance(given, word);
            if (distance < least)
                (best, least) = (word, distance);
        }
        return best is null ? "" : $"; did you mean '{best}'?";
    }

    /// <summary>Levenshtein's distance: insertions, deletions and substitutions from one to the other.</summary>
    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitute, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
