using System.Diagnostics;

namespace Hornet.Crash.Tests;

/// <summary>Whatever a guest does, and whatever happens around it, its host lives to say so.</summary>
public sealed class MatrixTests
{
    const int SecondsAtMost = 60;

    public static TheoryData<string, string> Matrix()
    {
        TheoryData<string, string> rows = [];
        foreach (string scenario in (string[])["recursion", "guest-host-guest", "memory", "faults", "grow", "instances", "host-exceptions", "dispose-while-running", "gc-stress", "child-process", "timeout", "misuse"])
            foreach (string tier in (string[])["interpreter", "native"]) rows.Add(scenario, tier);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task The_host_is_alive(string scenario, string tier)
    {
        string child = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Hornet.Crash.Child/release/Hornet.Crash.Child"));
        using Process process = Process.Start(new ProcessStartInfo(child, [scenario, tier]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(TimeSpan.FromSeconds(SecondsAtMost));
        if (!ended) process.Kill();
        string said = await error;
        Assert.True(ended, $"still running after {SecondsAtMost} s");
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {said[..Math.Min(2000, said.Length)]}");
        Assert.EndsWith("alive\n", await output);
    }
}
