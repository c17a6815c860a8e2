using System.Diagnostics;

namespace Hornet.Bench;

/// <summary>
/// Calls between host and guest, and instantiation: both of Hornet's tiers and Wasmtime in one process, in turn. A round is
/// a hundredth of a second of each; the best round counts, since whatever else the machine does only adds.
/// </summary>
internal static class Calls
{
    private const int Rounds = 40;

    private const string Guest = """
        (module (import "h" "f" (func $f (param i32 i64) (result i64))) (memory (export "m") 1) (data (i32.const 8) "some bytes")
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "loop") (param i32) (local i64)
            (loop (local.set 1 (call $f (local.get 0) (local.get 1))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
        """;

    public static int Run()
    {
        Console.WriteLine($"best of {Rounds} rounds in turn; nanoseconds each, bytes allocated on the managed heap each");
        Console.WriteLine($"{"",-26} {"native ns",10} {"bytes",6} {"interpreter",12} {"bytes",6} {"wasmtime ns",12} {"bytes",6}");
        foreach (var (name, hornet, wasmtime) in All())
        {
            var best = Measure(hornet(new Config().WithNativeCode(tierUp: false)), hornet(new Config()), wasmtime());
            Console.WriteLine($"{name,-26} {best[0].Nanoseconds,10:F1} {best[0].Bytes,6} {best[1].Nanoseconds,12:F1} {best[1].Bytes,6} {best[2].Nanoseconds,12:F1} {best[2].Bytes,6}");
        }
        return 0;
    }

    /// <summary>What is measured; each makes its subject and gives how to do it so many times.</summary>
    internal static (string Name, Func<Config, Func<int, int>> Hornet, Func<Func<int, int>> Wasmtime)[] All()
    {
        var bytes = global::Wasmtime.Module.ConvertText(Guest);
        return
        [
            ("host to guest, typed", config => HornetAdd(bytes, config), () => WasmtimeAdd(bytes)),
            ("host to guest, untyped", config => HornetInvoke(bytes, config), () => WasmtimeInvoke(bytes)),
            ("guest to host, typed", config => HornetLoop(bytes, config), () => WasmtimeLoop(bytes)),
            ("store, instance, dispose", config => HornetInstantiate(bytes, config), () => WasmtimeInstantiate(bytes)),
        ];
    }

    private static (double Nanoseconds, long Bytes)[] Measure(params Func<int, int>[] subjects)
    {
        int[] counts = [.. subjects.Select(Count)];
        var best = new (double Nanoseconds, long Bytes)[subjects.Length];
        Array.Fill(best, (double.MaxValue, 0));
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < subjects.Length; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var start = Stopwatch.GetTimestamp();
                subjects[i](counts[i]);
                var each = Stopwatch.GetElapsedTime(start).TotalNanoseconds / counts[i];
                best[i] = (Math.Min(best[i].Nanoseconds, each), (GC.GetAllocatedBytesForCurrentThread() - before) / counts[i]);
            }
        }
        return best;
    }

    // Calls in about a hundredth of a second; first warms up until .NET has compiled for the last time.
    private static int Count(Func<int, int> run)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < 700;)
            run(1000);
        for (var count = 16; ; count *= 2)
        {
            var start = Stopwatch.GetTimestamp();
            run(count);
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds >= 10)
                return count;
        }
    }

    private static Instance Hornet(byte[] bytes, Config config)
    {
        var engine = new Engine(config);
        var store = new Store(engine);
        return new(store, Module.FromBytes(engine, bytes), Function.FromCallback(store, (int a, long b) => a + b));
    }

    private static Func<int, int> HornetAdd(byte[] bytes, Config config)
    {
        var add = Hornet(bytes, config).GetFunction<int, int, int>("add")!;
        return count =>
        {
            var sum = 0;
            for (var i = 0; i < count; i++)
                sum = add(sum, i);
            return sum;
        };
    }

    private static Func<int, int> HornetInvoke(byte[] bytes, Config config)
    {
        var add = Hornet(bytes, config).GetFunction("add")!;
        return count =>
        {
            var sum = 0;
            for (var i = 0; i < count; i++)
                sum = (int)add.Invoke(sum, i)!;
            return sum;
        };
    }

    private static Func<int, int> HornetLoop(byte[] bytes, Config config)
    {
        var loop = Hornet(bytes, config).GetAction<int>("loop")!;
        return count =>
        {
            loop(count);
            return count;
        };
    }

    private static Func<int, int> HornetInstantiate(byte[] bytes, Config config)
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        linker.DefineFunction("h", "f", (int a, long b) => a + b);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                using var store = new Store(engine);
                linker.Instantiate(store, module);
            }
            return count;
        };
    }

    private static global::Wasmtime.Instance Wasmtime(byte[] bytes)
    {
        var engine = new global::Wasmtime.Engine();
        var store = new global::Wasmtime.Store(engine);
        return new(store, global::Wasmtime.Module.FromBytes(engine, "m", bytes), global::Wasmtime.Function.FromCallback(store, (int a, long b) => a + b));
    }

    private static Func<int, int> WasmtimeAdd(byte[] bytes)
    {
        var add = Wasmtime(bytes).GetFunction<int, int, int>("add")!;
        return count =>
        {
            var sum = 0;
            for (var i = 0; i < count; i++)
                sum = add(sum, i);
            return sum;
        };
    }

    private static Func<int, int> WasmtimeInvoke(byte[] bytes)
    {
        var add = Wasmtime(bytes).GetFunction("add")!;
        return count =>
        {
            var sum = 0;
            for (var i = 0; i < count; i++)
                sum = (int)add.Invoke(sum, i)!;
            return sum;
        };
    }

    private static Func<int, int> WasmtimeLoop(byte[] bytes)
    {
        var loop = Wasmtime(bytes).GetAction<int>("loop")!;
        return count =>
        {
            loop(count);
            return count;
        };
    }

    private static Func<int, int> WasmtimeInstantiate(byte[] bytes)
    {
        var engine = new global::Wasmtime.Engine();
        var module = global::Wasmtime.Module.FromBytes(engine, "m", bytes);
        var linker = new global::Wasmtime.Linker(engine);
        linker.DefineFunction("h", "f", (int a, long b) => a + b);
        return count =>
        {
            for (var i = 0; i < count; i++)
            {
                using var store = new global::Wasmtime.Store(engine);
                linker.Instantiate(store, module);
            }
            return count;
        };
    }
}
