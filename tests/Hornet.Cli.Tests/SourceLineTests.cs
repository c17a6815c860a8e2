using System.Text.RegularExpressions;

namespace Hornet.Cli.Tests;

/// <summary>Lines of source in backtraces and from addr2line; the lines that are expected are found by what is written on them.</summary>
public sealed class SourceLineTests
{
    [Theory]
    [InlineData("interpreter")]
    [InlineData("native")]
    public void A_backtrace_shows_lines_and_addr2line_agrees(string compiler)
    {
        var module = Guest.C("crash", "-g", "-O0");
        var ran = Ran.Hornet("run", "-C", $"compiler={compiler}", module).Ended(134);
        var frames = Regex.Matches(ran.Error, @"(0x[0-9a-f]+) - \S+!(fall|main) at \S*crash\.c:(\d+):\d+$", RegexOptions.Multiline);
        Assert.Equal([$"fall {LineOf("// the trap")}", $"fall {LineOf("// the inner call")}", $"main {LineOf("// the outer call")}"],
            frames.Select(f => $"{f.Groups[2].Value} {f.Groups[3].Value}"));
        foreach (Match frame in frames)
        {
            var place = frame.Value[frame.Value.IndexOf(" at ", StringComparison.Ordinal)..];
            Assert.EndsWith(place + "\n", Ran.Hornet("addr2line", module, frame.Groups[1].Value).Ended(0).Output);
        }
    }

    [Fact]
    public void Without_tables_there_are_no_lines()
    {
        var ran = Ran.Hornet("run", Guest.C("crash", "-g0", "-O0", "-Wl,--strip-debug")).Ended(134);
        Assert.Contains("wasm backtrace:", ran.Error);
        Assert.DoesNotContain(" at ", ran.Error);
    }

    private static int LineOf(string words) =>
        Array.FindIndex(File.ReadAllLines(Path.Combine(Ran.Root, "tests", "Hornet.Cli.Tests", "guests", "c", "crash.c")), l => l.Contains(words, StringComparison.Ordinal)) + 1;
}
