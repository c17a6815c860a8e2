namespace Hornet.Bench;

/// <summary>
/// Whole modules compiled with all optimisations by two threads. Each figure comes from a process of its own, taken in turn: a cold one
/// compiles once, a warm one again. The peak resident size is that of the cold process.
/// </summary>
internal static class Compiling
{
    private const int Rounds = 3, RoundsOfLarge = 2;

    internal static readonly (string Name, string Package, string File)[] All =
    [
        ("quickjs", QuickJs.Package, QuickJs.File),
        ("binaryen", "binaryen@116.0.0", "index.js"),
        ("esbuild", "esbuild-wasm@0.28.2", "esbuild.wasm"),
        ("llvm", Validation.Package, Validation.Module),
    ];

    public static int Run(string[] wanted)
    {
        Console.WriteLine($"medians of {Rounds} processes in turn (of the largest modules {RoundsOfLarge}, which are compiled once in each), each on two processors; processor time in brackets\n{"",-10} {"MB",6} {"",-9} {"hornet",18} {"wasmtime",18} {"ratio",7}   interval");
        var records = new List<Comparison>();
        foreach (var (name, package, file) in All.Where(m => wanted.Length == 0 || wanted.Contains(m.Name)))
        {
            var path = Find(package, file);
            var size = new FileInfo(path).Length;
            var ours = new List<Sample>();
            var theirs = new List<Sample>();
            var large = size > 50_000_000;
            for (var round = 0; round < (large ? RoundsOfLarge : Rounds); round++)
            {
                ours.Add(Child("hornet", path));
                theirs.Add(Child("wasmtime", path));
            }
            (string What, string Unit, Func<Sample, double> Figure)[] rows =
                [("cold", "ms", s => s.Cold), ("warm", "ms", s => s.Warm), ("cold cpu", "ms", s => s.ColdProcessor), ("warm cpu", "ms", s => s.WarmProcessor), ("peak", "MB", s => s.PeakMegabytes)];
            foreach (var (what, unit, figure) in rows)
            {
                if (large && what.StartsWith("warm", StringComparison.Ordinal))
                    continue;
                var record = new Comparison($"{name} {what}", unit, [.. ours.Select(figure)], [.. theirs.Select(figure)]);
                records.Add(record);
                Console.WriteLine($"{name,-10} {size / 1e6,6:F1} {what,-9} {record.HornetMedian,15:F0} {unit} {record.RivalMedian,15:F0} {unit} {record.Ratio,7:F2}   {record.Interval.Low:F2}-{record.Interval.High:F2}");
            }
        }
        Comparison.Save("compile", records);
        return 0;
    }

    /// <summary>A module's file; taken out of a JavaScript file where it lies inside one.</summary>
    internal static string Find(string package, string file)
    {
        var path = Tools.Guest("npm", package, file);
        if (!file.EndsWith(".js", StringComparison.Ordinal))
            return path;
        var module = path + ".wasm";
        if (!File.Exists(module))
        {
            const string Mark = "base64,AGFzbQ";
            var text = File.ReadAllText(path);
            var from = text.IndexOf(Mark, StringComparison.Ordinal) + "base64,".Length;
            File.WriteAllBytes(module, Convert.FromBase64String(text[from..text.IndexOfAny(['"', '\''], from)]));
        }
        return module;
    }

    internal sealed record Sample(double Cold, double Warm, double ColdProcessor, double WarmProcessor, double PeakMegabytes);

    internal static Sample Child(string engine, string file)
    {
        // Hornet as it ships: compiled ahead of time. The package of Wasmtime is machine code in any process.
        var published = Path.Combine(Tools.Root, "out", "compile-once");
        string[] command = engine == "hornet" && File.Exists(published) ? [published, file] : [Environment.ProcessPath!, .. Assembly, "compile", "one", engine, file];
        var (exitCode, output, error) = Tools.Capture(["taskset", "-c", "0,1", .. command]);
        if (exitCode != 0)
            throw new InvalidOperationException($"{engine} {file}: {error}");
        double[] f = [.. output.Trim().Split(' ').Select(Tools.Number)];
        return new(f[0], f[1], f[2], f[3], f[4]);
    }

    // Under dotnet, the program is its argument.
    private static string[] Assembly => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Compiling).Assembly.Location] : [];

    /// <summary>Inside a child.</summary>
    public static int Measure(string engine, string file)
    {
        var bytes = File.ReadAllBytes(file);
        Compilation.Measure(bytes.Length, engine == "hornet" ? Hornet(bytes) : Wasmtime(bytes));
        return 0;
    }

    private static Action Hornet(byte[] bytes)
    {
        var engine = new Engine(new Config().WithNativeCode(lazy: false));
        return () => Module.FromBytes(engine, bytes).Dispose();
    }

    private static Action Wasmtime(byte[] bytes)
    {
        var engine = new global::Wasmtime.Engine();
        return () => global::Wasmtime.Module.FromBytes(engine, "module", bytes).Dispose();
    }
}
