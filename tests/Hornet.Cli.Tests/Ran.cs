using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hornet.Cli.Tests;

/// <summary>A process that has ended: what it wrote and how.</summary>
internal sealed record Ran(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The checkout's root directory.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));

    /// <summary>The executable under test: HORNET_COMMAND, else the published one, else the plain runtime's.</summary>
    private static string[] Command { get; } =
        Environment.GetEnvironmentVariable("HORNET_COMMAND") is { Length: > 0 } command ? [command]
        : Environment.GetEnvironmentVariable("HORNET_PLAIN") is null && File.Exists(Path.Combine(Root, "out", "hornet")) ? [Path.Combine(Root, "out", "hornet")]
        : ["dotnet", Path.Combine(Root, "artifacts", "bin", "Hornet.Cli", "release", "hornet.dll")];

    /// <summary>The published executable, where there is one.</summary>
    public static string Published { get; } = Path.Combine(Root, "out", "hornet");

    /// <summary>Runs hornet.</summary>
    public static Ran Hornet(params string[] arguments) => Run([.. Command, .. arguments]);

    /// <summary>Runs hornet with something on its standard input.</summary>
    public static Ran HornetReading(Action<Stream> input, params string[] arguments) => Run([.. Command, .. arguments], input);

    /// <summary>Runs hornet with too little address space for machine code, and enough for itself.</summary>
    public static Ran HornetInLittleSpace(params string[] arguments) =>
        Run(["bash", "-c", $"ulimit -v {(Command[0] == "dotnet" ? 2_200_000 : 900_000)}; exec \"$@\"", "-", .. Command, .. arguments]);

    /// <summary>Runs hornet with an environment of its own.</summary>
    public static Ran HornetWith((string Name, string Value)[] environment, params string[] arguments) => Run([.. Command, .. arguments], null, environment);

    /// <summary>Runs hornet in another directory.</summary>
    public static Ran HornetIn(string directory, params string[] arguments) => Run([.. Command, .. arguments], directory: directory);

    public static Ran Run(string[] command, Action<Stream>? input = null, (string Name, string Value)[]? environment = null, string? directory = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8, WorkingDirectory = directory ?? Root,
        };
        // Runs do not meet in the user's own cache.
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(Root, "artifacts", "cache");
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            input?.Invoke(process.StandardInput.BaseStream);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything: what it wrote says why.
        }
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"still running after {Patience.TotalSeconds} s: {string.Join(' ', command)}\n{error.Result}");
        }
        return new(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Asserts how it ended, and shows what it wrote where that was otherwise.</summary>
    public Ran Ended(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, expected {exitCode}\n--- output\n{Output}\n--- error\n{Error}");
        return this;
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
