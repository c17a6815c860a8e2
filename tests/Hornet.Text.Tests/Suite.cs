namespace Hornet.Text.Tests;

/// <summary>The specification's suite: its scripts, by path from its root.</summary>
static class Suite
{
    /// <summary>The folder of the suite, or null where there is none.</summary>
    public static string? Root { get; } = Find();

    static string? Find()
    {
        List<string> places = [];
        if (Environment.GetEnvironmentVariable("HORNET_SUITES") is { Length: > 0 } named) places.Add(named);
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Hornet.slnx")))
            {
                places.Add(Path.Combine(folder.FullName, "../shared/suites"));
                places.Add(Path.Combine(folder.FullName, ".suites"));
            }
        return places.Select(p => Path.Combine(p, "spec")).FirstOrDefault(Directory.Exists);
    }

    /// <summary>Every script, largest first so that parallel runs end together.</summary>
    public static IReadOnlyList<string> Files { get; } = Root is null
        ? []
        : [.. Directory.EnumerateFiles(Root, "*.wast", SearchOption.AllDirectories).OrderByDescending(f => new FileInfo(f).Length).ThenBy(f => f, StringComparer.Ordinal).Select(f => Path.GetRelativePath(Root, f))];

    public static byte[] Read(string file) => File.ReadAllBytes(Path.Combine(Root!, file));

    /// <summary>The proposal whose text format is not there yet.</summary>
    public static bool IsDebt(string file) => file.StartsWith("proposals/custom-descriptors/", StringComparison.Ordinal);

    public static void Require() => Assert.SkipWhen(Root is null, "no conformance suites: set HORNET_SUITES");
}
