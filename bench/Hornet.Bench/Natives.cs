using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hornet.Bench;

/// <summary>
/// Guests as machine code: Hornet's compiler against Wasmtime's, in one process and in turn. What counts is the time in <c>_start</c>
/// alone, as processor time of the thread, which a busy machine disturbs least. Both must print the same.
/// </summary>
internal static partial class Natives
{
    private const int Rounds = 7;

    /// <summary>A guest program: its source, how it is built, and the size that takes some tenths of a second.</summary>
    internal sealed record Program(string Name, string Source, string[] Build, string[] Arguments)
    {
        /// <summary>Run by QuickJS; <see cref="Source"/> is the script.</summary>
        public bool IsScript => Build.Length == 0;

        /// <summary>LLVM, which compiles a file; takes long to be compiled itself.</summary>
        public bool IsLlvm => Name == Llvm.Name;

        /// <summary>The module's file, built where it is not.</summary>
        public string Module() => IsLlvm ? Tools.Guest("npm", Validation.Package, Validation.Module) : IsScript ? Tools.Guest("npm", QuickJs.Package, QuickJs.File) : Tools.Guest([.. Build, Source, .. Name == "simd" ? ["-msimd128"] : Array.Empty<string>()]);
    }

    private static readonly (string Name, string Large)[] Shared =
    [
        ("fib", "42"), ("sieve", "50"), ("nbody", "4000000"), ("matmul", "800"), ("sha256", "4000"), ("mixed", "10000"),
    ];

    private static readonly (string File, string Size)[] Own =
    [
        ("indirect.c", "50"), ("branches.c", "100"), ("simd.c", "1000"), ("strings.c", "500"), ("lz.c", "20"), ("json.c", "150"), ("interp.c", "30"),
        ("fft.c", "300"), ("mandelbrot.c", "700"), ("spectral.c", "1000"), ("hash.c", "1000"), ("sort.c", "15"), ("trees.c", "60"),
        ("words.rs", "150"), ("life.rs", "120"), ("shapes.rs", "1500"),
    ];

    // For QuickJS; the value is the check.
    private static readonly (string Name, string Script)[] Scripts =
    [
        ("js-loops", "let s=0;for(let i=0;i<3000000;i++){s=(s+i*3)|0;if(i&1)s^=i};s"),
        ("js-objects", "class P{constructor(x,y){this.x=x;this.y=y}add(o){return new P(this.x+o.x,this.y+o.y)}};let p=new P(0,0);for(let i=0;i<300000;i++)p=p.add(new P(i,1));p.x+' '+p.y"),
        ("js-strings", "let m=new Map();for(let i=0;i<150000;i++){let k='k'+(i*7919%5003);m.set(k,(m.get(k)||0)+1)};let a=[...m.keys()].sort();a.length+' '+a.join(',').replace(/k(\\d)/g,'$1-').length"),
        ("js-closures", "function fib(n){return n<2?n:fib(n-1)+fib(n-2)};let a=[];for(let i=0;i<100000;i++)a.push(i%977);fib(24)+' '+a.map(x=>x*2).filter(x=>x%3==0).reduce((p,c)=>p+c,0)"),
    ];

    public static int Run(string[] arguments)
    {
        var rounds = arguments.Select(a => int.TryParse(a, out var n) ? n : 0).FirstOrDefault(n => n > 0) is > 0 and var asked ? asked : Rounds;
        var wanted = arguments.Where(a => !int.TryParse(a, out _)).ToArray();
        var records = new List<Comparison>();
        var failed = false;
        Console.WriteLine($"processor time in _start, medians of {rounds} rounds in turn; machine code made before\n{Comparison.Header("ms")}");
        foreach (var program in Find().Where(p => wanted.Length == 0 ? !p.IsLlvm : wanted.Contains(p.Name)))
        {
            var record = Measure(program, rounds);
            failed |= record is null;
            if (record is null)
                continue;
            records.Add(record);
            Console.WriteLine(record);
        }
        if (records.Count == 0)
            return 1;
        Console.WriteLine($"geometric mean of {records.Count}: {Comparison.GeometricMean(records.Select(r => r.Ratio)):F3} of Wasmtime's, the worst {records.MaxBy(r => r.Ratio)!.Name} {records.Max(r => r.Ratio):F2}");
        Comparison.Save("native", records);
        return failed ? 1 : 0;
    }

    /// <summary>All programs; the six are left out where they are not here.</summary>
    internal static IEnumerable<Program> Find()
    {
        if (Programs.Folder() is { } folder)
            foreach (var (name, size) in Shared)
                yield return new(name, Path.Combine(folder, name + ".c"), ["c"], [size]);
        else
            Console.Error.WriteLine("bench: the six programs are neither in HORNET_PROGRAMS nor in ../shared/programs beside the project");
        foreach (var (file, size) in Own)
            yield return new(Path.GetFileNameWithoutExtension(file), Path.Combine(Tools.Root, "bench", "programs", file), [file.EndsWith(".rs", StringComparison.Ordinal) ? "rust" : "c"], [size]);
        foreach (var (name, script) in Scripts)
            yield return new(name, script, [], []);
        yield return new(Llvm.Name, "", ["npm"], []);
    }

    /// <summary>Runs a guest on one side and says how long that took, in milliseconds, and what it printed.</summary>
    internal delegate (double Milliseconds, string Output) Runner();

    private static Comparison? Measure(Program program, int rounds)
    {
        var bytes = File.ReadAllBytes(program.Module());
        Runner hornet = Hornet(program, bytes, NativeCode), wasmtime = Wasmtime(program, bytes);
        var (_, ours) = hornet();
        var (_, theirs) = wasmtime();
        if (ours != theirs)
        {
            Console.WriteLine($"{program.Name,-16} WRONG: Wasmtime's guest printed '{theirs.Trim()}', Hornet's '{ours.Trim()}'");
            return null;
        }
        double[] first = new double[rounds], second = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            first[i] = hornet().Milliseconds;
            second[i] = wasmtime().Milliseconds;
        }
        return new(program.Name, "ms", first, second);
    }

    /// <summary>Machine code, all of it made before the guest runs.</summary>
    internal static Config NativeCode => new Config().WithNativeCode(lazy: false);

    internal static Runner Hornet(Program program, byte[] bytes, Config config) =>
        program.IsLlvm ? Llvm.Hornet(bytes, config) : program.IsScript ? QuickJs.Hornet(bytes, program.Source, config) : Hornet(bytes, [program.Name, .. program.Arguments], config);

    internal static Runner Wasmtime(Program program, byte[] bytes, bool signals = true)
    {
        var config = new global::Wasmtime.Config().WithSignalsBasedTraps(signals);
        return program.IsLlvm ? Llvm.Wasmtime(bytes, config) : program.IsScript ? QuickJs.Wasmtime(bytes, program.Source, config) : Wasmtime(bytes, [program.Name, .. program.Arguments], config);
    }

    private static Runner Hornet(byte[] bytes, string[] arguments, Config config)
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        linker.DefineWasi();
        var path = Path.GetTempFileName();
        return () =>
        {
            using var store = new Store(engine);
            store.SetWasiConfiguration(new WasiConfiguration().WithArgs(arguments).WithStandardOutput(path).WithInheritedStandardError());
            var start = linker.Instantiate(store, module).GetAction("_start")!;
            var before = ThreadMilliseconds();
            start();
            var took = ThreadMilliseconds() - before;
            store.Dispose();
            return (took, Take(path));
        };
    }

    private static Runner Wasmtime(byte[] bytes, string[] arguments, global::Wasmtime.Config config)
    {
        var engine = new global::Wasmtime.Engine(config);
        var module = global::Wasmtime.Module.FromBytes(engine, "guest", bytes);
        var linker = new global::Wasmtime.Linker(engine);
        linker.DefineWasi();
        var path = Path.GetTempFileName();
        return () =>
        {
            using var store = new global::Wasmtime.Store(engine);
            store.SetWasiConfiguration(new global::Wasmtime.WasiConfiguration().WithArgs(arguments).WithStandardOutput(path).WithInheritedStandardError());
            var start = linker.Instantiate(store, module).GetAction("_start")!;
            var before = ThreadMilliseconds();
            start();
            var took = ThreadMilliseconds() - before;
            store.Dispose();
            return (took, Take(path));
        };
    }

    private static string Take(string path)
    {
        var text = File.ReadAllText(path);
        File.Delete(path);
        return text;
    }

    /// <summary>Processor time of this thread.</summary>
    public static double ThreadMilliseconds() => Milliseconds(3);

    /// <summary>Processor time of all threads of this process.</summary>
    public static double ProcessMilliseconds() => Milliseconds(2);

    private static double Milliseconds(int clock)
    {
        _ = GetTime(clock, out var time);
        return time.Seconds * 1e3 + time.Nanoseconds / 1e6;
    }

    private struct Time
    {
        public long Seconds, Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);
}
