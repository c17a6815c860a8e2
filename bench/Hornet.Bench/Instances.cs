using System.Diagnostics;

namespace Hornet.Bench;

/// <summary>Many instances: how much one costs while it does nothing, how many there can be, and how fast threads make, call and dispose them.</summary>
internal static class Instances
{
    private const string Guest = """
        (module (memory (export "memory") 17) (table 16 funcref) (elem (i32.const 3) func $one) (global (mut i32) (i32.const 7)) (data (i32.const 0) "{DATA}")
          (func $one (result i32) (i32.const 1))
          (func (export "f") (param i32) (result i32) (i32.store (i32.const 70000) (local.get 0)) (i32.add (i32.load (i32.const 70000)) (call_indirect (result i32) (i32.const 3)))))
        """;

    private static byte[] Bytes(int data) => global::Wasmtime.Module.ConvertText(Guest.Replace("{DATA}", string.Concat(Enumerable.Range(0, data).Select(i => $"\\{i % 251 + 1:x2}"))));

    /// <summary>Ten thousand idle instances, by difference: resident memory, page tables, managed heap.</summary>
    public static int Idle()
    {
        const int count = 10_000;
        Console.WriteLine($"bytes for each of {count} instances that live and do nothing, by difference (VmRSS - shared images, VmPTE, GC heap; the first has the third in it)");
        foreach (var (name, config) in ((string, Func<Config>)[])[
            ("on demand", () => new Config()), ("on demand, machine code", () => new Config().WithNativeCode(tierUp: false)),
            ("pooled", () => new Config().Pooling(Pool(count + 10))),
            ("pooled slab, explicit checks", () => new Config().WithStaticMemoryMaximumSize(2 << 20).Pooling(Pool(count + 10) with { MaxMemorySize = 2 << 20 }))])
        {
            foreach (var (what, bytes, call) in ((string, byte[], bool)[])[("17 pages, 64 KiB of data, not called", Bytes(65536), false), ("  called: one page written", Bytes(65536), true), ("17 pages, 16 bytes of data, not called", Bytes(16), false)])
            {
                using var engine = new Engine(config());
                using var module = Module.FromBytes(engine, bytes);
                var pre = new Linker(engine).InstantiatePre(module);
                var stores = new Store[count];
                for (var i = 0; i < 10; i++)
                    Make(engine, pre, call).Dispose();
                var before = Now();
                for (var i = 0; i < count; i++)
                    stores[i] = Make(engine, pre, call);
                var after = Now();
                Console.WriteLine($"{name,-30} {what,-40} {(after.Resident - before.Resident) / count,7} + {(after.Tables - before.Tables) / count,6}  (GC heap {(after.Managed - before.Managed) / count})");
                foreach (var store in stores)
                    store.Dispose();
            }
        }
        return 0;
    }

    /// <summary>As many instances as asked for, each with a page written, a table and a call made.</summary>
    public static int Alive()
    {
        foreach (var (count, config) in ((int, Config)[])[
            (20_000, new Config().Pooling(Pool(20_000))), (20_000, new Config().WithNativeCode(tierUp: false).Pooling(Pool(20_000))),
            (100_000, new Config().WithStaticMemoryMaximumSize(2 << 20).Pooling(Pool(100_000) with { MaxMemorySize = 2 << 20 })),
            (100_000, new Config().WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(2 << 20).Pooling(Pool(100_000) with { MaxMemorySize = 2 << 20 }))])
        {
            // What the instances could touch is more than the machine has: they touch a page each.
            using var engine = new Engine(config.WithCommitBudget(1L << 40));
            using var module = Module.FromBytes(engine, Bytes(5000));
            var pre = new Linker(engine).InstantiatePre(module);
            var (before, start) = (Now(), Stopwatch.GetTimestamp());
            var stores = new Store[count];
            for (var i = 0; i < count; i++)
                stores[i] = Make(engine, pre, true);
            var time = Stopwatch.GetElapsedTime(start);
            var after = Now();
            Console.WriteLine($"{count} alive: {time.TotalMicroseconds / count:F1} us each, {(after.Resident + after.Tables - before.Resident - before.Tables) / count} bytes each, {Mappings()} mappings");
            foreach (var store in stores)
                store.Dispose();
        }
        return 0;
    }

    /// <summary>Cycles a second of instantiate, call, dispose on so many threads.</summary>
    public static int Threads()
    {
        const int milliseconds = 1500;
        var bytes = Bytes(65536);
        Console.WriteLine("instantiate, call, dispose: cycles a second by all threads together (by processor second; times that a thread has met another at a lock, in a thousand cycles)");
        Console.WriteLine($"{"threads",8} {"hornet on demand",32} {"hornet pooled",32} {"hornet pooled, machine code",32} {"wasmtime pooled",32}");
        (string, Func<Action>)[] contestants = [("", Hornet(bytes, new Config())), ("", Hornet(bytes, new Config().Pooling(Pool(200)))), ("", Hornet(bytes, new Config().WithNativeCode(tierUp: false).Pooling(Pool(200)))), ("", Wasmtime(bytes))];
        foreach (var count in (int[])[1, 2, 4, 16, 64])
        {
            Console.Write($"{count,8}");
            foreach (var (_, prepare) in contestants)
            {
                var cycle = prepare();
                for (var i = 0; i < 3000; i++)
                    cycle();
                long total = 0;
                var threads = new Thread[count];
                var contended = Monitor.LockContentionCount;
                var (end, used, start) = (Environment.TickCount64 + milliseconds, Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
                for (var i = 0; i < count; i++)
                {
                    threads[i] = new(() =>
                    {
                        long mine = 0;
                        for (; (mine & 63) != 0 || Environment.TickCount64 < end; mine++)
                            cycle();
                        Interlocked.Add(ref total, mine);
                    });
                    threads[i].Start();
                }
                foreach (var thread in threads)
                    thread.Join();
                var (elapsed, processor) = (Stopwatch.GetElapsedTime(start), Process.GetCurrentProcess().TotalProcessorTime - used);
                Console.Write($" {total / elapsed.TotalSeconds,13:F0} ({total / processor.TotalSeconds,8:F0}; {(Monitor.LockContentionCount - contended) * 1000.0 / total,5:F2})");
            }
            Console.WriteLine();
        }
        return 0;
    }

    /// <summary>Ten million cycles for each allocator, each with a call that writes: what the process has at the beginning, in the middle and at the end.</summary>
    public static int Soak()
    {
        const int parts = 4, each = 10_000_000 / parts;
        foreach (var (name, config) in ((string, Config)[])[("pooled", new Config().Pooling(Pool(100))), ("on demand", new Config())])
        {
            var cycle = Hornet(Bytes(65536), config)();
            for (var i = 0; i < 100_000; i++)
                cycle();
            Console.WriteLine($"{name,-10} {"cycles",10} {"us each",8} {"resident KiB",13} {"page tables",12} {"GC heap KiB",12} {"mappings",9} {"files",6}");
            var time = TimeSpan.Zero;
            for (var part = 0; ; part++)
            {
                var now = Now();
                Console.WriteLine($"{"",-10} {part * (long)each,10} {(part == 0 ? 0 : time.TotalMicroseconds / each),8:F2} {now.Resident >> 10,13} {now.Tables >> 10,12} {now.Managed >> 10,12} {Mappings(),9} {Directory.GetFiles("/proc/self/fd").Length,6}");
                if (part == parts)
                    break;
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < each; i++)
                    cycle();
                time = Stopwatch.GetElapsedTime(start);
            }
        }
        return 0;
    }

    /// <summary>From a module to its first result: store, instance, look-up, call. Warm, and the first time in a module that has just been loaded.</summary>
    public static int FirstCalls()
    {
        const int cold = 40, rounds = 40, calls = 500;
        var bytes = Bytes(65536);
        (string Name, Func<Action> Prepare)[] contestants =
        [
            ("hornet on demand", FirstCall(bytes, new Config(), false)), ("hornet pooled", FirstCall(bytes, new Config().Pooling(Pool(20)), false)),
            ("hornet on demand, machine code", FirstCall(bytes, new Config().WithNativeCode(), false)), ("hornet pooled, machine code", FirstCall(bytes, new Config().WithNativeCode().Pooling(Pool(20)), false)),
            ("hornet snapshot, machine code", FirstCall(bytes, new Config().WithNativeCode(), true)), ("wasmtime pooled", WasmtimeFirstCall(bytes)),
        ];
        Console.WriteLine($"microseconds from the module to the first result, disposal apart: median of {rounds} rounds of {calls}, in turn; and of {cold} modules loaded anew");
        var fresh = contestants.Select(_ => new double[cold]).ToArray();
        for (var round = 0; round < cold; round++)
        {
            for (var i = 0; i < contestants.Length; i++)
            {
                s_took = 0;
                contestants[i].Prepare()();
                fresh[i][round] = Stopwatch.GetElapsedTime(0, s_took).TotalMicroseconds;
            }
        }
        var ready = contestants.Select(c => c.Prepare()).ToArray();
        var warm = contestants.Select(_ => new double[rounds]).ToArray();
        for (var round = -20; round < rounds; round++)
        {
            for (var i = 0; i < ready.Length; i++)
            {
                s_took = 0;
                for (var k = 0; k < calls; k++)
                    ready[i]();
                if (round >= 0)
                    warm[i][round] = Stopwatch.GetElapsedTime(0, s_took).TotalMicroseconds / calls;
            }
        }
        Console.WriteLine($"{"",-32} {"warm",8} {"first",8}");
        for (var i = 0; i < contestants.Length; i++)
            Console.WriteLine($"{contestants[i].Name,-32} {warm[i].Order().ElementAt(rounds / 2),8:F2} {fresh[i].Order().ElementAt(cold / 2),8:F0}");
        return 0;
    }

    // Ticks of the clock from the module to the result.
    private static long s_took;

    private static Func<Action> FirstCall(byte[] bytes, Config config, bool snapshot) => () =>
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        InstancePre pre;
        if (snapshot)
        {
            using var store = new Store(engine);
            var instance = linker.Instantiate(store, module);
            instance.GetFunction<int, int>("f")!(1);
            pre = linker.InstantiatePre(instance.Snapshot());
        }
        else
        {
            pre = linker.InstantiatePre(module);
        }
        return () =>
        {
            var start = Stopwatch.GetTimestamp();
            using var store = new Store(engine);
            if (pre.Instantiate(store).GetFunction<int, int>("f")!(5) != 6)
                throw new InvalidOperationException();
            s_took += Stopwatch.GetTimestamp() - start;
        };
    };

    private static Func<Action> WasmtimeFirstCall(byte[] bytes) => () =>
    {
        var engine = new global::Wasmtime.Engine(Instantiation.PooledWasmtime(128 << 10));
        var module = global::Wasmtime.Module.FromBytes(engine, "m", bytes);
        var linker = new global::Wasmtime.Linker(engine);
        return () =>
        {
            var start = Stopwatch.GetTimestamp();
            using var store = new global::Wasmtime.Store(engine);
            if (linker.Instantiate(store, module).GetFunction<int, int>("f")!(5) != 6)
                throw new InvalidOperationException();
            s_took += Stopwatch.GetTimestamp() - start;
        };
    };

    /// <summary>Modules with many functions in their tables: what the first instance takes, and each of a hundred alive at once.</summary>
    public static int Tables()
    {
        const int alive = 100;
        Console.WriteLine($"modules with large tables: microseconds of the first instance, of each of {alive} more that stay alive, and their bytes, resident and of page tables");
        foreach (var (name, bytes) in Large())
        {
            foreach (var (tier, config) in ((string, Config)[])[("interpreter", new Config()), ("machine code", new Config().WithNativeCode())])
            {
                using var engine = new Engine(config.WithCommitBudget(1L << 40));
                using var module = Module.FromBytes(engine, bytes);
                var linker = new Linker(engine);
                linker.DefineUnknownImportsAsTraps(module);
                var stores = new Store[alive + 2];
                for (var i = 0; i < stores.Length; i++)
                    stores[i] = new(engine);
                var start = Stopwatch.GetTimestamp();
                linker.Instantiate(stores[0], module);
                var first = Stopwatch.GetElapsedTime(start);
                // This one makes the images.
                linker.Instantiate(stores[1], module);
                var (before, next) = (Now(), Stopwatch.GetTimestamp());
                for (var i = 0; i < alive; i++)
                    linker.Instantiate(stores[i + 2], module);
                var each = Stopwatch.GetElapsedTime(next) / alive;
                var after = Now();
                Console.WriteLine($"{name,-26} {tier,-14} {first.TotalMicroseconds,10:F0} {each.TotalMicroseconds,10:F1} {(after.Resident + after.Tables - before.Resident - before.Tables) / alive,12}");
                foreach (var store in stores)
                    store.Dispose();
            }
        }
        return 0;
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Large()
    {
        const int functions = 10_000;
        yield return ("a table of 10,000", global::Wasmtime.Module.ConvertText(
            $"(module (table {functions} funcref) (elem (i32.const 0) func {string.Join(' ', Enumerable.Range(0, functions))}) {string.Concat(Enumerable.Range(0, functions).Select(i => $"(func (result i32) (i32.const {i}))"))})"));
        foreach (var (name, package, file) in ((string, string, string)[])[("QuickJS", QuickJs.Package, QuickJs.File), ("LLVM", Validation.Package, Validation.Module)])
        {
            byte[]? bytes = null;
            try
            {
                bytes = System.IO.File.ReadAllBytes(Tools.Guest("npm", package, file));
            }
            catch (InvalidOperationException e)
            {
                Console.Error.WriteLine($"{name} is left out: {e.Message}");
            }
            if (bytes is not null)
                yield return (name, bytes);
        }
    }

    private static int Mappings() => System.IO.File.ReadLines("/proc/self/maps").Count();

    private static Func<Action> Hornet(byte[] bytes, Config config) => () =>
    {
        var engine = new Engine(config);
        var pre = new Linker(engine).InstantiatePre(Module.FromBytes(engine, bytes));
        return () =>
        {
            using var store = new Store(engine);
            if (pre.Instantiate(store).GetFunction<int, int>("f")!(5) != 6)
                throw new InvalidOperationException();
        };
    };

    private static Func<Action> Wasmtime(byte[] bytes) => () =>
    {
        var engine = new global::Wasmtime.Engine(Instantiation.PooledWasmtime(128 << 10));
        var module = global::Wasmtime.Module.FromBytes(engine, "m", bytes);
        var linker = new global::Wasmtime.Linker(engine);
        return () =>
        {
            using var store = new global::Wasmtime.Store(engine);
            if (linker.Instantiate(store, module).GetFunction<int, int>("f")!(5) != 6)
                throw new InvalidOperationException();
        };
    };

    private static Store Make(Engine engine, InstancePre pre, bool call)
    {
        var store = new Store(engine);
        var instance = pre.Instantiate(store);
        if (call && instance.GetFunction<int, int>("f")!(5) != 6)
            throw new InvalidOperationException();
        return store;
    }

    private static PoolingAllocationConfig Pool(int count) => new() { TotalCoreInstances = count, TotalMemories = count, TotalTables = count };

    private static (long Resident, long Tables, long Managed) Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return (Status("RssAnon:"), Status("VmPTE:"), GC.GetTotalMemory(false));
    }

    private static long Status(string name) => long.Parse(System.IO.File.ReadLines("/proc/self/status").First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..^2]) << 10;
}
