namespace Hornet.Wast.Tests;

/// <summary>exclusions.txt.</summary>
sealed class Exclusions
{
    readonly Dictionary<string, string> _reasons = [];
    readonly HashSet<string> _used = [];

    public static Exclusions Read()
    {
        Exclusions read = new();
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "exclusions.txt")))
        {
            if (line.StartsWith('#') || line.Length == 0) continue;
            string[] words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length < 3 || words[0] is not ("debt" or "permanent")) throw new FormatException(line);
            read._reasons.Add(words[1], words[2]);
        }
        return read;
    }

    /// <summary>Whether this failure is excluded, which uses the entry.</summary>
    public bool Covers(string file, int line)
    {
        lock (_used)
        {
            string place = $"{file}:{line}";
            if (!_reasons.ContainsKey(place) && !_reasons.ContainsKey(place = file)) return false;
            _used.Add(place);
            return true;
        }
    }

    /// <summary>Entries that nothing failed for.</summary>
    public IEnumerable<string> Unused => _reasons.Keys.Where(k => !_used.Contains(k)).Order(StringComparer.Ordinal);
}
