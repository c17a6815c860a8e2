using System.Diagnostics;

namespace Hornet.Crash.Tests;

/// <summary>Whatever a guest does, and whatever happens around it, its host lives to say so: on CoreCLR.</summary>
public sealed class MatrixTests
{
    public static TheoryData<string, string> Matrix => Child.Matrix;

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task The_host_is_alive(string scenario, string tier) => await Child.Lives(Child.OnCoreClr, scenario, tier);

    [Fact]
    public void There_are_scenarios() => Assert.True(Child.Matrix.Count > 100);
}

/// <summary>The same from a published native executable, whose runtime has no handlers and no alternate signal stacks.</summary>
public sealed class NativeAotMatrixTests
{
    public static TheoryData<string, string> Matrix => Child.Matrix;

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task The_host_is_alive(string scenario, string tier)
    {
        if (!File.Exists(Child.NativeAot)) Assert.Skip("out/crash-child is missing: ./h test crash publishes it");
        await Child.Lives(Child.NativeAot, scenario, tier);
    }
}

/// <summary>The process that scenarios may kill.</summary>
static class Child
{
    const int SecondsAtMost = 60;

    static readonly string s_root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    public static string OnCoreClr { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Hornet.Crash.Child/release/crash-child"));

    public static string NativeAot { get; } = Path.Combine(s_root, "out", "crash-child");

    /// <summary>Every scenario on every tier: the child names them.</summary>
    public static TheoryData<string, string> Matrix { get; } = Rows();

    static TheoryData<string, string> Rows()
    {
        using Process process = Process.Start(new ProcessStartInfo(OnCoreClr, ["list"]) { RedirectStandardOutput = true })!;
        TheoryData<string, string> rows = [];
        foreach (string line in process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split(' ') is [string scenario, string tier]) rows.Add(scenario, tier);
        return rows;
    }

    public static async Task Lives(string child, string scenario, string tier)
    {
        using Process process = Process.Start(new ProcessStartInfo(child, [scenario, tier]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource watchdog = new(TimeSpan.FromSeconds(SecondsAtMost));
        try
        {
            await process.WaitForExitAsync(watchdog.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"still running after {SecondsAtMost} s");
        }
        string said = await error;
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {said[..Math.Min(2000, said.Length)]}");
        Assert.EndsWith("alive\n", await output);
    }
}
