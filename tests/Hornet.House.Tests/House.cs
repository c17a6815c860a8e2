using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Hornet.House.Tests;

/// <summary>The checkout these tests look at: its files, and what ARCHITECTURE.md says about them.</summary>
internal static partial class House
{
    private static readonly string[] NotOurs = ["artifacts", "out", ".cache", ".git", ".suites"];

    /// <summary>The checkout's root directory.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));

    /// <summary>A file of the checkout by its path from the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>All hand-made and generated files of the checkout as paths from the root, in order.</summary>
    public static IEnumerable<string> Files(string extension) =>
        Directory.EnumerateDirectories(Root)
            .Where(d => !NotOurs.Contains(Path.GetFileName(d)))
            .SelectMany(d => Directory.EnumerateFiles(d, "*" + extension, SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Root, "*" + extension))
            .Select(f => Path.GetRelativePath(Root, f))
            .Order(StringComparer.Ordinal);

    /// <summary>The rooms of ARCHITECTURE.md with their sentences.</summary>
    public static Dictionary<string, string> Rooms() =>
        RoomRow().Matches(Read("ARCHITECTURE.md")).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);

    /// <summary>What each room may use: the arrows of ARCHITECTURE.md, closed over.</summary>
    public static Dictionary<string, HashSet<string>> Arrows()
    {
        var text = ArrowBlock().Match(Read("ARCHITECTURE.md")).Groups[1].Value;
        var direct = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split("->", StringSplitOptions.TrimEntries))
            .ToDictionary(a => a[0], a => a[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var closed = Rooms().Keys.ToDictionary(r => r, _ => new HashSet<string>());
        foreach (var room in closed.Keys)
            Follow(room, closed[room]);
        return closed;

        void Follow(string room, HashSet<string> reached)
        {
            foreach (var target in direct.GetValueOrDefault(room, []))
                if (reached.Add(target))
                    Follow(target, reached);
        }
    }

    /// <summary>The project file of a room.</summary>
    public static XDocument Project(string room) => XDocument.Parse(Read($"src/{room}/{room}.csproj"));

    private static string SourcePath([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"^\| `([\w.]+)` \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex RoomRow();

    [GeneratedRegex("```arrows\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ArrowBlock();
}
