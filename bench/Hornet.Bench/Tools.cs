using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Hornet.Bench;

/// <summary>What one command took over all rounds, as spawn.c saw it.</summary>
/// <param name="Median">Milliseconds of a whole process.</param>
/// <param name="Least">Milliseconds of the fastest one.</param>
/// <param name="Processor">Milliseconds of processor time, user and system; the median. A busy machine disturbs it least.</param>
/// <param name="PeakKilobytes">The largest resident size.</param>
/// <param name="ExitCode">Of the last round.</param>
internal sealed record Measured(double Median, double Least, double Processor, long PeakKilobytes, int ExitCode);

/// <summary>The checkout, and the scripts and processes that measurements use.</summary>
internal static class Tools
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));

    public static string Hornet { get; } = Path.Combine(Root, "out", "hornet");

    /// <summary>The path that eng/guest.sh prints.</summary>
    public static string Guest(params string[] arguments)
    {
        var (exitCode, output, error) = Capture([Path.Combine(Root, "eng", "guest.sh"), .. arguments]);
        return exitCode == 0 ? output.Trim() : throw new InvalidOperationException($"eng/guest.sh {string.Join(' ', arguments)}: {error}");
    }

    public static (int ExitCode, string Output, string Error) Capture(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Runs whole processes in turn, so often each.</summary>
    public static Measured[] Interleave(int rounds, params string[][] commands)
    {
        var words = new List<string> { Guest("native", Path.Combine(Root, "bench", "spawn.c")), rounds.ToString(CultureInfo.InvariantCulture) };
        foreach (var (index, command) in commands.Index())
        {
            if (index > 0)
                words.Add("--");
            words.AddRange(command);
        }
        var (exitCode, output, error) = Capture([.. words]);
        if (exitCode != 0)
            throw new InvalidOperationException(error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .Select(f => new Measured(Number(f[0]) / 1000, Number(f[1]) / 1000, Number(f[2]) / 1000,
                long.Parse(f[3], CultureInfo.InvariantCulture), int.Parse(f[4], CultureInfo.InvariantCulture)))];
    }

    public static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
