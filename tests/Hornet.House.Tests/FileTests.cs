using System.Text.RegularExpressions;

namespace Hornet.House.Tests;

/// <summary>The limits on files that keep the house readable.</summary>
public sealed partial class FileTests
{
    [Fact]
    public void No_hand_written_file_passes_800_lines()
    {
        var files = House.Files(".cs").Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        var tooLong = from file in files let lines = House.Read(file).Count(c => c == '\n') where lines > 800 select $"{file}: {lines}";
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Every_test_project_is_a_group_and_every_group_a_project()
    {
        var groups = House.Read("tests/groups.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => !l.StartsWith('#')).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.All(groups, g => Assert.InRange(int.Parse(g[1]), 1, 600));
        var projects = Directory.EnumerateDirectories(Path.Combine(House.Root, "tests"), "Hornet.*.Tests")
            .Where(d => Directory.EnumerateFiles(d, "*.csproj").Any())
            .Select(d => Path.GetFileName(d).ToLowerInvariant()).Order();
        Assert.Equal(projects, groups.Select(g => $"hornet.{g[0]}.tests").Order());
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = House.Read("Hornet.slnx");
        var missing = from project in House.Files(".csproj") where !solution.Contains($"\"{project}\"", StringComparison.Ordinal) select project;
        Assert.Empty(missing);
    }

    [Fact]
    public void Nothing_names_a_path_of_one_machine()
    {
        var kinds = new[] { ".cs", ".md", ".csproj", ".props", ".sh", ".txt", ".c", ".rs", ".json" };
        var wrong = from file in kinds.SelectMany(House.Files)
                    from line in House.Read(file).Split('\n').Index()
                    where MachinePath().IsMatch(line.Item)
                    select $"{file}:{line.Index + 1}: {line.Item.Trim()}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_link_of_the_pages_leads_somewhere()
    {
        var wrong = from page in House.Files(".md")
                    from Match link in Link().Matches(House.Read(page))
                    let target = link.Groups[1].Value
                    where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
                    where !Path.Exists(Path.Combine(House.Root, Path.GetDirectoryName(page)!, target.Split('#')[0]))
                    select $"{page}: {target}";
        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"(?<![\w.])/(work|root|home)/[\w.]")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
