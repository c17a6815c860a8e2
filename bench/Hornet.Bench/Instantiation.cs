using System.Diagnostics;

namespace Hornet.Bench;

/// <summary>
/// Store, instance, dispose: Hornet and Wasmtime in one process, in turn. A figure is the wall time of all cycles of a contestant divided
/// by their number, garbage collection and all other deferred work included; beside it the median of its rounds, which a busy machine
/// disturbs less.
/// </summary>
internal static class Instantiation
{
    private const int Rounds = 24;

    private const string Seventeen = """
        (module (memory (export "memory") 17) (table 16 funcref) (elem (i32.const 0) func $f) (global $g (mut i32) (i32.const 7))
          (data (i32.const 0) "{DATA}")
          (func $f (export "f") (result i32) (i32.load8_u (i32.const 100))) {START})
        """;

    // One byte in each page of the data and in the page behind it; or one in each page of 64 KiB.
    private const string Writing = """
        (start $s) (func $s (local $i i32)
          (loop $l (i32.store8 (i32.mul (local.get $i) (i32.const {STRIDE})) (i32.const 1))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 17)))))
        """;

    public static int Run(string[] arguments)
    {
        var filter = arguments.FirstOrDefault();
        Console.WriteLine($"microseconds for a cycle of store, instance, dispose: total wall time / cycles (median of {Rounds} rounds); bytes on the managed heap");
        foreach (var (name, module) in Modules())
            if (filter is null || name.Contains(filter, StringComparison.Ordinal))
                Row(name, module);
        if ((filter is null or "QuickJS") && InitialisedQuickJs.Bytes() is { } quickJs)
            Row("QuickJS with a context made", quickJs);
        return 0;
    }

    internal static (string Name, byte[] Module)[] Modules() =>
    [
        ("empty module", global::Wasmtime.Module.ConvertText("(module)")),
        ("17 pages, 64 KiB of data", SeventeenPages("")),
        ("  17 pages of 4 KiB written", SeventeenPages(Writing.Replace("{STRIDE}", "4096"))),
        ("  17 pages of 64 KiB touched", SeventeenPages(Writing.Replace("{STRIDE}", "65536"))),
    ];

    private static byte[] SeventeenPages(string start)
    {
        var data = string.Concat(Enumerable.Range(0, 65536).Select(i => $"\\{i % 251 + 1:x2}"));
        return global::Wasmtime.Module.ConvertText(Seventeen.Replace("{DATA}", data).Replace("{START}", start));
    }

    private static void Row(string name, byte[] module)
    {
        (string Name, Action<int> Run)[] contestants =
        [
            ("hornet", Hornet(module, new Config())),
            ("hornet, InstancePre", HornetPre(module, new Config())),
            ("hornet pooled, InstancePre", HornetPre(module, new Config().Pooling(new() { TotalMemories = 100, MaxUnusedWarmSlots = 20 }))),
            ("hornet pooled, InstancePre, machine code", HornetPre(module, new Config().WithNativeCode(tierUp: false).Pooling(new() { TotalMemories = 100, MaxUnusedWarmSlots = 20 }))),
            ("wasmtime", Wasmtime(module, new global::Wasmtime.Config())),
            ("wasmtime pooled", Wasmtime(module, PooledWasmtime(0))),
            ("wasmtime pooled, 128 KiB resident", Wasmtime(module, PooledWasmtime(128 << 10))),
        ];
        Console.WriteLine(name);
        var counts = Array.ConvertAll(contestants, c => Count(c.Run));
        var times = contestants.Select(_ => new double[Rounds]).ToArray();
        var bytes = new long[contestants.Length];
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < contestants.Length; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var start = Stopwatch.GetTimestamp();
                contestants[i].Run(counts[i]);
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
                times[i][round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / counts[i];
                bytes[i] = (GC.GetAllocatedBytesForCurrentThread() - before) / counts[i];
            }
        }
        for (var i = 0; i < contestants.Length; i++)
        {
            var average = times[i].Average();
            Array.Sort(times[i]);
            Console.WriteLine($"  {contestants[i].Name,-42} {average,8:F2} ({times[i][Rounds / 2],7:F2})  {bytes[i],6} B   n = {(long)counts[i] * Rounds}");
        }
    }

    // Cycles in about a twentieth of a second; first warms up until .NET has compiled for the last time.
    private static int Count(Action<int> run)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < 600;)
            run(200);
        for (var count = 256; ; count *= 2)
        {
            var start = Stopwatch.GetTimestamp();
            run(count);
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds >= 50)
                return count;
        }
    }

    internal static Action<int> Hornet(byte[] bytes, Config config)
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        linker.DefineUnknownImportsAsTraps(module);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                using var store = new Store(engine);
                linker.Instantiate(store, module);
            }
        };
    }

    private static Action<int> HornetPre(byte[] bytes, Config config)
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        linker.DefineUnknownImportsAsTraps(module);
        var pre = linker.InstantiatePre(module);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                using var store = new Store(engine);
                pre.Instantiate(store);
            }
        };
    }

    internal static global::Wasmtime.Config PooledWasmtime(nuint resident) =>
        new global::Wasmtime.Config().WithPoolingAllocationStrategy(new global::Wasmtime.PoolingAllocationConfig()
            .WithMaxMemories(100).WithLinearMemoryKeepResidentBytes(resident).WithTableKeepResidentBytes(resident));

    internal static Action<int> Wasmtime(byte[] bytes, global::Wasmtime.Config config)
    {
        var engine = new global::Wasmtime.Engine(config);
        var module = global::Wasmtime.Module.FromBytes(engine, "m", bytes);
        var linker = new global::Wasmtime.Linker(engine);
        linker.DefineUnknownImportsAsTraps(module);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                using var store = new global::Wasmtime.Store(engine);
                linker.Instantiate(store, module);
            }
        };
    }
}
