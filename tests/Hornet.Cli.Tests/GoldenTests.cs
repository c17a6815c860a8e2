using System.Text;

namespace Hornet.Cli.Tests;

/// <summary>
/// Each file in tests/golden/cli says in its first line how hornet is called (<c>;; RUN: print %s</c>, where %s is the file itself); what the
/// command writes, and its exit code where that is not 0, is beside it in NAME.expect. HORNET_BLESS=1 rewrites that.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(Ran.Root, "tests", "golden", "cli");

    public static TheoryData<string> Files() => [.. Directory.EnumerateFiles(Folder).Where(f => !f.EndsWith(".expect", StringComparison.Ordinal)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_command_writes_what_it_should(string file)
    {
        var path = Path.Combine("tests", "golden", "cli", file);
        var line = File.ReadLines(Path.Combine(Ran.Root, path)).First();
        Assert.StartsWith(";; RUN: ", line);
        var ran = Ran.Hornet(line[";; RUN: ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w == "%s" ? path : w).ToArray());
        var written = new StringBuilder(ran.Output).Append(ran.Error);
        if (ran.ExitCode != 0)
            written.Append($"exit code {ran.ExitCode}\n");

        var expected = Path.Combine(Ran.Root, Path.ChangeExtension(path, null) + ".expect");
        if (Environment.GetEnvironmentVariable("HORNET_BLESS") == "1")
            File.WriteAllText(expected, written.ToString());
        Assert.Equal(File.Exists(expected) ? File.ReadAllText(expected) : "", written.ToString());
    }
}
