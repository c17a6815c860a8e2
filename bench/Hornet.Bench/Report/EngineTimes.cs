using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Bench;

/// <summary>Everything but the guests' own time: compiling, starting, instantiating, calling, and what the toolkit does with modules.</summary>
internal static class EngineTimes
{
    public static Table Compile { get; } = new("compile", "Compile time",
        "Whole modules with all optimisations on two threads, each figure from a process of its own. Cold: the first compile of a process; warm: a later one. Hornet: the library compiled ahead of time (bench/CompileOnce), or inside plain .NET where that is not there; the executable: hornet compile, a whole process with the image written. V8: cold only.",
        Subjects.Wasmtime, [Subjects.Executable, Subjects.Hornet, Subjects.Wasmtime, Subjects.V8]);

    public static Table Size { get; } = new("size", "Size of images", "Bytes of a compiled module on disk: hornet compile, Wasmtime's Module.Serialize.", Subjects.Wasmtime, [Subjects.Image, Subjects.Wasmtime]);

    public static Table Start { get; } = new("start", "Start-up", "Whole processes that run samples/hello.wasm; bare hello is a NativeAOT executable that prints the same. Node compiles with its usual tiers.",
        Subjects.Bare, [Subjects.Image, Subjects.Hornet, Subjects.Interpreter, Subjects.V8, Subjects.Bare]);

    public static Table Instantiate { get; } = new("instantiate", "Instantiation", "Store, instance, dispose: processor time of a cycle, what is put off to other threads included, in one process.",
        Subjects.Wasmtime, [Subjects.Hornet, Subjects.Interpreter, Subjects.Wasmtime, Pooled]);

    public static Table Call { get; } = new("calls", "Calls", "Processor time of a call of a function with two integers, from or to .NET.",
        Subjects.Wasmtime, [Subjects.Hornet, Subjects.Interpreter, Subjects.Wasmtime]);

    public static Table Toolkit { get; } = new("toolkit", "Reading, validating, printing, parsing", "Processor time of all threads.",
        Subjects.Wasmtime, [Subjects.Hornet, Subjects.Wasmtime]);

    private const string Pooled = "wasmtime pooled";

    private static string Hello { get; } = Path.Combine(Tools.Root, "samples", "hello.wasm");

    public static void MeasureCompile(Scale scale, Report report)
    {
        List<Row> sizes = [];
        foreach (var (name, file) in Modules(scale, report))
        {
            var size = new FileInfo(file).Length;
            var rounds = scale != Scale.Full ? 1 : size > 50_000_000 ? 2 : 3;
            List<Compiling.Sample> ours = [], theirs = [], v8 = [], executable = [];
            var image = Path.GetTempFileName();
            string[] compile = ["taskset", "-c", "0,1", Tools.Hornet, "compile", "-W", "all-proposals", file, "-o", image];
            for (var round = 0; round < rounds; round++)
            {
                ours.Add(Compiling.Child("hornet", file));
                theirs.Add(Compiling.Child("wasmtime", file));
                if (V8Sample(file) is { } sample)
                    v8.Add(sample);
                if (File.Exists(Tools.Hornet) && Tools.Interleave(1, compile)[0] is { ExitCode: 0 } whole)
                    executable.Add(new(whole.Median, 0, whole.Processor, 0, whole.PeakKilobytes / 1024.0));
            }
            Add("cold", "ms", s => s.Cold, size);
            Add("warm", "ms", s => s.Warm, size, noV8: true);
            Add("cold, processor time", "ms", s => s.ColdProcessor, size);
            Add("warm, processor time", "ms", s => s.WarmProcessor, size, noV8: true);
            Add("peak resident", "MB", s => s.PeakMegabytes, 0);

            if (executable.Count > 0)
                sizes.Add(new(Size.Key, name, "MB", [new(Subjects.Image, [new FileInfo(image).Length / 1e6]), new(Subjects.Wasmtime, [Serialized(file) / 1e6])]));
            else
                report.Note($"hornet compile of {name} is left out: {(File.Exists(Tools.Hornet) ? Tools.Capture(compile).Error.Trim() : "there is no out/hornet")}");
            File.Delete(image);

            void Add(string what, string unit, Func<Compiling.Sample, double> figure, long bytes, bool noV8 = false)
            {
                List<Series> series = [new(Subjects.Hornet, [.. ours.Select(figure)]), new(Subjects.Wasmtime, [.. theirs.Select(figure)])];
                if (v8.Count > 0 && !noV8)
                    series.Add(new(Subjects.V8, [.. v8.Select(figure)]));
                if (executable.Count > 0 && !noV8)
                    series.Add(new(Subjects.Executable, [.. executable.Select(figure)]));
                report.Add(new(Compile.Key, $"{name}, {what}", unit, series, bytes / 1e6));
            }
        }
        foreach (var row in sizes)
            report.Add(row);
    }

    private static long Serialized(string file)
    {
        using var engine = new global::Wasmtime.Engine();
        using var module = global::Wasmtime.Module.FromFile(engine, file);
        return module.Serialize().LongLength;
    }

    private static Compiling.Sample? V8Sample(string file)
    {
        try
        {
            var (exitCode, output, _) = Tools.Capture(["taskset", "-c", "0,1", .. V8.Compile(file)]);
            double[] f = exitCode == 0 ? [.. output.Trim().Split(' ').Select(Tools.Number)] : [];
            return f.Length == 3 ? new(f[0], 0, f[1], 0, f[2]) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static IEnumerable<(string Name, string File)> Modules(Scale scale, Report report)
    {
        if (scale == Scale.Tiny)
        {
            yield return ("hello", Hello);
            yield break;
        }
        foreach (var (name, package, file) in scale == Scale.Full ? Compiling.All : Compiling.All[..1])
        {
            string? path = null;
            try
            {
                path = Compiling.Find(package, file);
            }
            catch (InvalidOperationException e)
            {
                report.Note($"{name} is left out: {e.Message.Trim()}");
            }
            if (path is not null)
                yield return (name, path);
        }
    }

    public static void MeasureStart(Scale scale, Report report)
    {
        // Where code is kept between runs, the start that is measured is the first.
        string[] noCache = File.Exists(Tools.Hornet) && Tools.Capture([Tools.Hornet, "run", "-C", "cache=n", Hello]).ExitCode == 0 ? ["-C", "cache=n"] : [];
        var image = Path.Combine(Path.GetTempPath(), $"hornet-bench-{Environment.ProcessId}.hwasm");
        if (File.Exists(Tools.Hornet))
            Tools.Capture([Tools.Hornet, "compile", Hello, "-o", image]);
        (string Subject, string[] Command)[] subjects =
        [
            (Subjects.Image, [Tools.Hornet, "run", "--allow-precompiled", image]),
            (Subjects.Bare, [Path.Combine(Tools.Root, "out", "bare-hello")]),
            (Subjects.Hornet, [Tools.Hornet, "run", "-C", "compiler=native", .. noCache, Hello]),
            (Subjects.Interpreter, [Tools.Hornet, "run", "-C", "compiler=interpreter", Hello]),
            (Subjects.V8, V8.Run(Hello)),
        ];
        var here = subjects.Where(s => File.Exists(s.Command[0]) || s.Subject == Subjects.V8 && HasNode()).ToArray();
        foreach (var (subject, command) in subjects.Except(here))
            report.Note($"start-up of {subject} is left out: there is no {Path.GetFileName(command[0])}");
        var rounds = Enumerable.Range(0, scale.Starts).Select(_ => Tools.Interleave(1, [.. here.Select(s => s.Command)])).ToArray();
        for (var i = 0; i < here.Length; i++)
            if (rounds.Any(r => r[i].ExitCode != 0))
                report.Wrong($"{string.Join(' ', here[i].Command)} failed");
        File.Delete(image);
        Add("hello.wasm, wall", "ms", m => m.Median);
        Add("hello.wasm, processor time", "ms", m => m.Processor);
        Add("hello.wasm, peak resident", "MB", m => m.PeakKilobytes / 1024.0);

        void Add(string name, string unit, Func<Measured, double> figure) =>
            report.Add(new(Start.Key, name, unit, [.. here.Select((s, i) => new Series(s.Subject, [.. rounds.Select(r => figure(r[i]))]))]));
    }

    internal static bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, "node")));

    public static void MeasureInstantiation(Scale scale, Report report)
    {
        foreach (var (name, module) in Instantiation.Modules())
            report.Add(new(Instantiate.Key, name.Trim(), "µs", InTurn.Measure(scale, "µs",
                (Subjects.Hornet, Instantiation.Hornet(module, Natives.NativeCode)),
                (Subjects.Interpreter, Instantiation.Hornet(module, new Config())),
                (Subjects.Wasmtime, Instantiation.Wasmtime(module, new global::Wasmtime.Config())),
                (Pooled, Instantiation.Wasmtime(module, Instantiation.PooledWasmtime(0))))));
    }

    public static void MeasureCalls(Scale scale, Report report)
    {
        foreach (var (name, hornet, wasmtime) in Calls.All().Where(c => !c.Name.Contains("instance", StringComparison.Ordinal)))
        {
            Func<int, int> native = hornet(Natives.NativeCode), interpreter = hornet(new Config()), rival = wasmtime();
            report.Add(new(Call.Key, name, "ns", InTurn.Measure(scale, "ns", (Subjects.Hornet, c => native(c)), (Subjects.Interpreter, c => interpreter(c)), (Subjects.Wasmtime, c => rival(c)))));
        }
    }

    public static void MeasureToolkit(Scale scale, Report report)
    {
        foreach (var (name, file) in Modules(scale, report).Where(m => new FileInfo(m.File).Length < 5_000_000))
        {
            var bytes = File.ReadAllBytes(file);
            var text = WatPrinter.Print(bytes);
            using var engine = new global::Wasmtime.Engine();
            Row("decode", bytes.Length, _ => ModuleDecoder.Decode(bytes), null);
            Row("validate", bytes.Length, _ => ModuleValidator.Validate(bytes.AsMemory()), _ => global::Wasmtime.Module.Validate(engine, bytes));
            Row("print as text", text.Length, _ => WatPrinter.Print(bytes, Stream.Null), null);
            var source = System.Text.Encoding.UTF8.GetString(text);
            Row("parse text", text.Length, _ => WatParser.Parse(text), _ => global::Wasmtime.Module.ConvertText(source));

            void Row(string what, long size, Action<int> hornet, Action<int>? wasmtime)
            {
                (string, Action<int>)[] subjects = wasmtime is null ? [(Subjects.Hornet, Times(hornet))] : [(Subjects.Hornet, Times(hornet)), (Subjects.Wasmtime, Times(wasmtime))];
                report.Add(new(Toolkit.Key, $"{name}, {what}", "ms", InTurn.Measure(scale, "ms", subjects), size / 1e6));
            }
        }

        static Action<int> Times(Action<int> once) => count =>
        {
            for (var i = 0; i < count; i++)
                once(i);
        };
    }
}
