using System.Diagnostics;

namespace Hornet.Fuzz.Tests;

/// <summary>Some of the seeded mistakes, one or two of each kind, are found within a fixed number of cases; `./h fuzz mutation` tries them all.</summary>
public sealed class MutantTests
{
    static readonly Lazy<MutantBuild> s_build = new(() => new(Repository.Root!));

    [Fact]
    public void There_are_enough_that_fit_the_sources()
    {
        Mutant[] fit = [.. s_build.Value.All.Where(m => m.Found == 1)];
        Assert.True(fit.Length >= 30, $"only {fit.Length}; stale: {string.Join(' ', s_build.Value.All.Where(m => m.Found != 1).Select(m => m.Name))}");
        Assert.True(fit.Select(m => m.Kind).Distinct().Count() >= 6);
    }

    [Theory]
    [InlineData("bounds-one-byte-early", "modules", 200)]
    [InlineData("table-bounds-equal", "tiers", 200)]
    [InlineData("load8-zero-extended", "operators", 460)]
    [InlineData("memory-grow-new-size", "modules", 300)]
    [InlineData("alignment-not-checked", "validity", 3000)]
    [InlineData("values-in-clobbered-registers", "ir", 60)]
    public void It_is_found(string name, string target, int cases)
    {
        if (!s_build.Value.IsCurrent) Assert.Skip("the mutated copy of the sources is missing or old: ./h test fuzz builds it");
        Mutant? mutant = s_build.Value.All.FirstOrDefault(m => m.Name == name && m.Found == 1);
        if (mutant is null) Assert.Skip($"{name} does not fit the sources any more: rewrite it in tests/mutants/mutants.txt");
        string folder = Directory.CreateTempSubdirectory("hornet-mutant").FullName;
        using Process process = s_build.Value.Start(mutant.Number, target, "--stop", "--count", $"{cases}", "--seconds", "60", "--seed", "1", "--out", folder);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Directory.Delete(folder, recursive: true);
        Assert.True(process.ExitCode != 0, said);
    }
}
