namespace Hornet.Bench;

/// <summary>Whole processes that run a small command: what plain .NET takes to a first result, and how much memory is resident at its peak.</summary>
internal static class ProcessTimes
{
    private const string TierUp = "hornet tier-up", ReadyToRun = "r2r hornet", ReadyToRunTierUp = "r2r tier-up", ReadyToRunInterpreter = "r2r interpreter",
        OnDotNet = "hornet on .NET", WasmtimeOnDotNet = "wasmtime on .NET";

    public static Table First { get; } = new("first", "First result on plain .NET",
        "A fresh process of 'dotnet' that compiles a module and runs its command with the least to do (bench/FirstResult): as it is built, and published ready to run (r2r: PublishReadyToRun). hornet: functions compiled at their first call; tier-up: interpreted until they are hot. Wasmtime: its package, with its own machine code.",
        Subjects.Wasmtime, [Subjects.Hornet, TierUp, Subjects.Interpreter, ReadyToRun, ReadyToRunTierUp, ReadyToRunInterpreter, Subjects.Wasmtime]);

    public static Table Memory { get; } = new("memory", "Peak resident memory",
        "Of whole processes that run a command: out/hornet compiling, from an image and interpreting; Hornet and Wasmtime inside plain .NET (bench/FirstResult); Node; native code.",
        WasmtimeOnDotNet, [Subjects.Hornet, Subjects.Image, Subjects.Interpreter, OnDotNet, WasmtimeOnDotNet, Subjects.V8, Subjects.Native]);

    private static string Built { get; } = Path.Combine(Tools.Root, "out", "first", "plain", "first-result.dll");

    private static string Precompiled { get; } = Path.Combine(Tools.Root, "out", "first", "ready-to-run", "first-result.dll");

    public static void MeasureFirst(Scale scale, Report report)
    {
        if (Guest(scale, report, "json.c") is not { } guest)
            return;
        (string Name, string[] Command)[] all =
        [
            (Subjects.Hornet, ["dotnet", Built, "native", guest]), (TierUp, ["dotnet", Built, "tier-up", guest]), (Subjects.Interpreter, ["dotnet", Built, "interpreter", guest]),
            (ReadyToRun, ["dotnet", Precompiled, "native", guest]), (ReadyToRunTierUp, ["dotnet", Precompiled, "tier-up", guest]), (ReadyToRunInterpreter, ["dotnet", Precompiled, "interpreter", guest]),
            (Subjects.Wasmtime, ["dotnet", Built, "wasmtime", guest]),
        ];
        var here = Here(report, "first result", all.Select(s => (s.Name, s.Command, Needs: s.Command[1])));
        if (here.Length == 0)
            return;
        var rounds = Enumerable.Range(0, Math.Max(1, scale.Starts / 5)).Select(_ => Tools.Interleave(1, [.. here.Select(s => s.Command)])).ToArray();
        var name = $"{Path.GetFileName(guest).Split('-')[0]}, {new FileInfo(guest).Length / 1000} KB";
        Add("wall", "ms", m => m.Median);
        Add("processor time", "ms", m => m.Processor);
        Add("peak resident", "MB", m => m.PeakKilobytes / 1024.0);

        void Add(string what, string unit, Func<Measured, double> figure) =>
            report.Add(new(First.Key, $"{name}: {what}", unit, [.. here.Select((s, i) => new Series(s.Name, [.. rounds.Select(r => figure(r[i]))]))]));
    }

    public static void MeasureMemory(Scale scale, Report report)
    {
        var image = Path.Combine(Path.GetTempPath(), $"hornet-bench-{Environment.ProcessId}.hwasm");
        foreach (var source in scale == Scale.Tiny ? ["hash.c"] : (string[])["json.c", "sort.c", "words.rs"])
        {
            if (Guest(scale, report, source) is not { } guest)
                continue;
            if (File.Exists(Tools.Hornet))
                Tools.Capture([Tools.Hornet, "compile", guest, "-o", image]);
            List<(string, string[], string)> all =
            [
                (Subjects.Hornet, [Tools.Hornet, "run", "-C", "cache=n", guest], Tools.Hornet), (Subjects.Image, [Tools.Hornet, "run", "--allow-precompiled", image], Tools.Hornet),
                (Subjects.Interpreter, [Tools.Hornet, "run", "-C", "compiler=interpreter", guest], Tools.Hornet),
                (OnDotNet, ["dotnet", Built, "native", guest], Built), (WasmtimeOnDotNet, ["dotnet", Built, "wasmtime", guest], Built),
            ];
            if (EngineTimes.HasNode())
                all.Add((Subjects.V8, V8.Run(guest), guest));
            if (scale != Scale.Tiny)
                all.Add((Subjects.Native, [Tools.Guest("native", Path.Combine(Tools.Root, "bench", "programs", source))], guest));
            var here = Here(report, $"memory of {source}", all);
            if (here.Length == 0)
                continue;
            var rounds = Enumerable.Range(0, scale == Scale.Tiny ? 1 : 5).Select(_ => Tools.Interleave(1, [.. here.Select(s => s.Command)])).ToArray();
            report.Add(new(Memory.Key, source, "MB", [.. here.Select((s, i) => new Series(s.Name, [.. rounds.Select(r => r[i].PeakKilobytes / 1024.0)]))]));
        }
        File.Delete(image);
    }

    private static string? Guest(Scale scale, Report report, string source)
    {
        var path = Path.Combine(Tools.Root, "bench", "programs", scale == Scale.Tiny ? "hash.c" : source);
        try
        {
            return Tools.Guest(path.EndsWith(".rs", StringComparison.Ordinal) ? "rust" : "c", path);
        }
        catch (InvalidOperationException e)
        {
            report.Note($"{source} is left out: {e.Message.Trim()}");
            return null;
        }
    }

    // What is not here, or does not run, is left out by a note.
    private static (string Name, string[] Command)[] Here(Report report, string what, IEnumerable<(string Name, string[] Command, string Needs)> all)
    {
        var here = new List<(string, string[])>();
        foreach (var (name, command, needs) in all)
        {
            if (!File.Exists(needs))
                report.Note($"{what}: {name} is left out: there is no {Path.GetRelativePath(Tools.Root, needs)}");
            else if (Tools.Capture(command) is { ExitCode: not 0 } failed)
                report.Note($"{what}: {name} is left out: {failed.Error.Trim().Split('\n')[0]}");
            else
                here.Add((name, command));
        }
        return [.. here];
    }
}
