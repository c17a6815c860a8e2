using System.Runtime.InteropServices;
using System.Text;
using Hornet.Text;
using static Hornet.Crash.Host;

namespace Hornet.Crash;

// Very many instances, and too little of what they are made of.
static partial class Scenarios
{
    const int LimitOfFiles = 7, LimitOfAddressSpace = 9;

    const string Busy = """
        (module (memory (export "m") 17) (table 16 funcref) (elem (i32.const 3) func $one) (data (i32.const 0) "begin") (data (i32.const 70000) "end")
          (func $one (result i32) (i32.const 1))
          (func (export "f") (param i32) (result i32) (i32.store (i32.const 80000) (local.get 0)) (i32.add (i32.load (i32.const 80000)) (call_indirect (result i32) (i32.const 3)))))
        """;

    static void TwentyThousand(Host host) => Many(host, 20_000, config => config);

    static void HundredThousand(Host host) => Many(host, 100_000, config => config.WithStaticMemoryMaximumSize(2 << 20));

    // Each with a page written, a table and a call made; all from one reservation.
    static void Many(Host host, int count, Func<Config, Config> configure)
    {
        using Engine engine = host.With(config => configure(config).WithCommitBudget(1L << 40)
            .Pooling(new() { TotalCoreInstances = count, TotalMemories = count, TotalTables = count, MaxMemorySize = 2 << 20 }));
        using Module module = Parse(engine, Busy);
        InstancePre pre = new Linker(engine).InstantiatePre(module);
        Store[] stores = new Store[count];
        Instance[] instances = new Instance[count];
        for (int i = 0; i < count; i++)
        {
            stores[i] = new(engine);
            instances[i] = pre.Instantiate(stores[i]);
            Check(instances[i].GetFunction<int, int>("f")!(i) == i + 1);
        }
        for (int i = 0; i < count; i += 97) Check(instances[i].GetMemory("m")!.ReadInt32(80000) == i);
        using (Store one = new(engine)) Check(Caught(() => pre.Instantiate(one)) is PoolExhaustedException { Limit: "TotalCoreInstances" });
        foreach (Store store in stores) store.Dispose();
        using (Store again = new(engine)) Check(pre.Instantiate(again).GetFunction<int, int>("f")!(5) == 6);
    }

    static void NoAddressSpace(Host host)
    {
        Check((int)host.Make(new Store(host.Engine), Busy).GetFunction("f")!.Invoke(1)! == 2);
        Limit(LimitOfAddressSpace, VirtualSize() + (1L << 30));
        Exception? pool = Caught(() => host.With(config => config.Pooling(new() { TotalMemories = 2000 })).Dispose());
        Check(pool is PoolExhaustedException { Limit: "TotalMemories" } && pool.Message.Contains("ulimit -v", StringComparison.Ordinal));
        // Every kind of slot says what it is, and what sets it.
        PoolingAllocationConfig small = new() { TotalMemories = 0, TotalCoreInstances = 1, TotalTables = 1, TotalGcHeaps = 0, TotalStacks = 1 };
        foreach ((string limit, string size, PoolingAllocationConfig large) in ((string, string, PoolingAllocationConfig)[])[
            ("TotalMemories", "WithStaticMemoryMaximumSize", small with { TotalMemories = 2000 }), ("TotalCoreInstances", "MaxCoreInstanceSize", small with { TotalCoreInstances = 2000 }),
            ("TotalTables", "TableElements", small with { TotalTables = 2000, TableElements = 1 << 20 }), ("TotalGcHeaps", "WithMaximumHeapSize", small with { TotalGcHeaps = 100 }),
            ("TotalStacks", "WithMaximumStackSize", small with { TotalStacks = 5000 })])
        {
            Exception? refused = Caught(() => host.With(config => config.Pooling(large)).Dispose());
            Check(refused is PoolExhaustedException of && of.Limit == limit && of.Message.Contains(size, StringComparison.Ordinal) && of.Message.Contains("ulimit -v", StringComparison.Ordinal));
        }
        host.With(config => config.WithStaticMemoryMaximumSize(1 << 20).Pooling(small with { TotalMemories = 4, MaxMemorySize = 1 << 20 })).Dispose();
        // Half of what there is for each, then until there is no more.
        Engine engine = host.Another();
        Module module = Parse(engine, Busy.Replace("(export \"m\") 17", "(export \"m\") 1000", StringComparison.Ordinal));
        for (int round = 0; round < 3; round++)
        {
            List<Store> stores = [];
            Exception? last = null;
            while (last is null && stores.Count < 1000)
            {
                Store store = new(engine);
                stores.Add(store);
                last = Caught(() => Check((int)new Instance(store, module).GetFunction("f")!.Invoke(1)! == 2));
            }
            Check(stores.Count > 3);
            Check(last is LinkException && last.Message.Contains("not enough memory for 1000 pages", StringComparison.Ordinal) && last.Message.Contains("ulimit -v", StringComparison.Ordinal));
            foreach (Store store in stores) store.Dispose();
        }
        // A guest that grows is told -1.
        using Store growing = new(engine);
        Check((int)new Instance(growing, Parse(engine, """(module (memory 1) (func (export "f") (param i32) (result i32) (memory.grow (local.get 0))))""")).GetFunction("f")!.Invoke(60000)! == -1);
    }

    static void NoFiles(Host host)
    {
        Engine engine = host.Another();
        Module module = Parse(engine, Busy);
        // Once before: .NET opens its assemblies when they are needed.
        Cycles(engine, Parse(engine, Busy));
        Limit(LimitOfFiles, 400);
        List<FileStream> taken = [];
        Check(Caught(() =>
        {
            while (true) taken.Add(File.OpenRead("/dev/null"));
        }) is IOException);
        // Neither images nor the kernel's page map can be opened.
        Cycles(engine, module);
        using (Engine pooled = host.With(config => config.Pooling(new() { TotalMemories = 3, TotalCoreInstances = 3, TotalTables = 3 }))) Cycles(pooled, Parse(pooled, Busy));
        foreach (FileStream file in taken) file.Dispose();
        Cycles(engine, module);
        Cycles(engine, Parse(engine, Busy));
    }

    // As many guarded memories as the kernel's mappings allow: .NET itself must still have some.
    static void NoMappings(Host host)
    {
        const int count = 31_000;
        // One after the other: either takes nearly all of the address space.
        foreach (Func<Config, Config> configure in (Func<Config, Config>[])[config => config, config => config.Pooling(new() { TotalMemories = count, TotalCoreInstances = count, TotalTables = count, TotalGcHeaps = 10 })])
        {
            Engine engine = host.With(config => configure(config).WithCommitBudget(1L << 40));
            Module module = Parse(engine, Busy);
            for (int round = 0; round < 2; round++)
            {
                List<Store> stores = [];
                Exception? last = null;
                while (last is null && stores.Count < count)
                {
                    Store store = new(engine);
                    stores.Add(store);
                    last = Caught(() => Check(new Instance(store, module).GetFunction<int, int>("f")!(1) == 2));
                }
                Check(stores.Count > 20_000, $"{stores.Count}: {last}");
                Check(last is LinkException && last.Message.Contains("vm.max_map_count", StringComparison.Ordinal), $"{stores.Count}: {last}");
                Check(File.ReadLines("/proc/self/maps").Count() < 60_000);
                // Those that are there go on, and new code can be compiled.
                Check(new Instance(stores[0], Parse(engine, """(module (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))""")).GetFunction<int, int>("f")!(7) == 49);
                foreach (Store store in stores) store.Dispose();
                Cycles(engine, module);
            }
            engine.Dispose();
            module.Dispose();
        }
    }

    static void Cycles(Engine engine, Module module)
    {
        for (int i = 0; i < 20; i++)
        {
            using Store store = new(engine);
            Instance instance = new(store, module);
            Memory memory = instance.GetMemory("m")!;
            Check(memory.ReadString(0, 5) == "begin" && memory.ReadString(70000, 3) == "end" && memory.ReadInt32(80000) == 0);
            Check((int)instance.GetFunction("f")!.Invoke(i)! == i + 1);
            memory.GetSpan().Fill(0xA7);
        }
    }

    static Module Parse(Engine engine, string text) => Module.FromBytes(engine, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    static long VirtualSize() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    static void Limit(int resource, long most)
    {
        Check(GetLimit(resource, out Limits limits) == 0);
        limits.Soft = Math.Min((ulong)most, limits.Hard);
        Check(SetLimit(resource, in limits) == 0);
    }

    struct Limits
    {
        public ulong Soft, Hard;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limits limits);
}
