using System.Diagnostics;

namespace Hornet.House.Tests;

/// <summary>What is generated and checked in is what the generator writes today.</summary>
public sealed class GeneratedTests
{
    [Fact]
    public void Generated_files_are_current()
    {
        // The files are listed by the generator alone: none on disk may be unknown to it, so a fresh run must not differ in any.
        Assert.NotEmpty(House.Files(".g.cs"));
        var generator = Path.Combine(House.Root, "artifacts", "bin", "Hornet.Gen", "release", "Hornet.Gen.dll");
        var start = new ProcessStartInfo("dotnet", [generator, "--check", House.Root]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
    }
}
