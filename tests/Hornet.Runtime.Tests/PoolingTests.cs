namespace Hornet.Runtime.Tests;

public sealed class PoolingTests
{
    const string Guest = """(module (memory (export "m") 1 8) (table 4 8 funcref) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))) (func (export "more") (result i32) (table.grow (ref.null func) (i32.const 3))))""";

    [Theory]
    [InlineData("TotalCoreInstances", "pooling-total-core-instances")]
    [InlineData("TotalMemories", "pooling-total-memories")]
    [InlineData("TotalTables", "pooling-total-tables")]
    public void An_exhausted_pool_names_the_limit_and_its_setting(string limit, string option)
    {
        PoolingAllocationConfig pool = new();
        pool = limit switch { "TotalMemories" => pool with { TotalMemories = 2 }, "TotalTables" => pool with { TotalTables = 2 }, _ => pool with { TotalCoreInstances = 2 } };
        using Engine engine = new(new Config().Pooling(pool));
        using Module module = Wat.Module(Guest, engine);
        using Store one = new(engine), two = new(engine);
        new Instance(one, module);
        new Instance(two, module);
        using (Store three = new(engine))
        {
            PoolExhaustedException full = Assert.Throws<PoolExhaustedException>(() => new Instance(three, module));
            Assert.Equal(limit, full.Limit);
            Assert.Contains(option, full.Message);
            Assert.Contains("2", full.Message);
        }
        // What comes back can be used again, and by another module, too.
        two.Dispose();
        using (Store three = new(engine)) new Instance(three, module);
        using (Store four = new(engine)) Wat.Instantiate(four, "(module (memory 2) (table 1 funcref))");
    }

    [Theory]
    [InlineData("(module (memory 9))", "MaxMemorySize")]
    [InlineData("(module (table 9 funcref))", "TableElements")]
    [InlineData("(module (memory 1) (memory 1))", "MaxMemoriesPerModule")]
    [InlineData("(module (table 1 funcref) (table 1 funcref))", "MaxTablesPerModule")]
    [InlineData("(module (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func) (func))", "MaxCoreInstanceSize")]
    public void What_does_not_fit_a_slot_is_refused(string text, string limit)
    {
        using Engine engine = new(new Config().Pooling(new() { MaxMemorySize = 8 << 16, TableElements = 8, MaxCoreInstanceSize = 900 }));
        using Store store = new(engine);
        PoolExhaustedException e = Assert.Throws<PoolExhaustedException>(() => Wat.Instantiate(store, text));
        Assert.Equal(limit, e.Limit);
        Assert.Contains("raise PoolingAllocationConfig." + limit, e.Message);
    }

    [Fact]
    public void Growth_ends_where_the_slot_does()
    {
        using Engine engine = new(new Config().Pooling(new() { MaxMemorySize = 3 << 16, TableElements = 6 }));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, Guest);
        Func<int, int> grow = instance.GetFunction<int, int>("grow")!;
        Assert.Equal((1, -1, 3), (grow(2), grow(1), grow(0)));
        Assert.Equal(-1, instance.GetFunction<int>("more")!());
    }

    [Fact]
    public void An_instantiation_waits_as_long_as_it_may()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalCoreInstances = 1, TotalMemories = 1, TotalTables = 1, Wait = TimeSpan.FromSeconds(20) }));
        using Module module = Wat.Module(Guest, engine);
        int made = 0;
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new(() =>
            {
                for (int k = 0; k < 50; k++)
                {
                    using Store store = new(engine);
                    Assert.Equal(1, new Instance(store, module).GetFunction<int, int>("grow")!(1));
                    Interlocked.Increment(ref made);
                }
            });
            threads[i].Start();
        }
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(200, made);
        using Engine impatient = new(new Config().Pooling(new() { TotalMemories = 1, Wait = TimeSpan.FromMilliseconds(30) }));
        using Store first = new(impatient), second = new(impatient);
        Wat.Instantiate(first, Guest);
        Assert.Throws<PoolExhaustedException>(() => Wat.Instantiate(second, Guest));
    }

    [Fact]
    public void Warm_slots_of_one_module_make_room_for_another()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalCoreInstances = 4, TotalMemories = 4, TotalTables = 4, MaxUnusedWarmSlots = 4 }));
        using Module one = Wat.Module(Guest, engine), two = Wat.Module("(module (memory 2))", engine);
        for (int round = 0; round < 3; round++)
        {
            foreach (Module module in (Module[])[one, two])
            {
                Store[] stores = [new(engine), new(engine), new(engine), new(engine)];
                foreach (Store store in stores) new Instance(store, module);
                foreach (Store store in stores) store.Dispose();
            }
        }
        Assert.InRange(engine.Allocator.Idle, 1, 4);
    }

    [Fact]
    public void Threads_instantiate_call_and_dispose_side_by_side()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalCoreInstances = 64, TotalMemories = 64, TotalTables = 64 }));
        using Module module = Wat.Module("""(module (memory 1) (func (export "f") (param i32) (result i32) (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (local.get 0))) (i32.load (i32.const 64))))""", engine);
        InstancePre pre = new Linker(engine).InstantiatePre(module);
        Parallel.For(0, 16, thread =>
        {
            for (int i = 1; i < 500; i++)
            {
                using Store store = new(engine);
                Func<int, int> f = pre.Instantiate(store).GetFunction<int, int>("f")!;
                Assert.Equal((i, 2 * i), (f(i), f(i)));
            }
        });
    }

    [Fact]
    public void Disposing_the_module_gives_warm_slots_back()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalCoreInstances = 2, TotalMemories = 2, TotalTables = 2 }));
        Module module = Wat.Module(Guest, engine);
        Store alive = new(engine);
        Instance last = new(alive, module);
        for (int i = 0; i < 3; i++)
        {
            using Store store = new(engine);
            new Instance(store, module);
        }
        Assert.Equal(1, engine.Allocator.Idle);
        module.Dispose();
        Assert.Equal(0, engine.Allocator.Idle);
        Assert.Equal(1, last.GetFunction<int, int>("grow")!(1));
        alive.Dispose();
        Assert.Equal(0, engine.Allocator.Idle);
    }

    [Fact]
    public void Stacks_are_counted_and_come_back_with_their_threads()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalStacks = 2 }));
        using Module module = Wat.Module("""(module (import "h" "h" (func $h (result i32))) (func (export "f") (result i32) (call $h)))""", engine);
        using Barrier both = new(2);
        using ManualResetEventSlim asked = new();
        Thread[] threads = new Thread[2];
        for (int i = 0; i < 2; i++)
        {
            threads[i] = new(() =>
            {
                using Store store = new(engine);
                new Instance(store, module, Function.FromCallback(store, () => { both.SignalAndWait(); asked.Wait(); return 1; })).GetFunction<int>("f")!();
            });
            threads[i].Start();
        }
        while (engine.Allocator.StacksUsed < 2) Thread.Yield();
        using (Store store = new(engine))
        {
            Func<int> f = new Instance(store, module, Function.FromCallback(store, () => 1)).GetFunction<int>("f")!;
            PoolExhaustedException full = Assert.Throws<PoolExhaustedException>(() => f());
            Assert.Equal("TotalStacks", full.Limit);
            asked.Set();
            foreach (Thread thread in threads) thread.Join();
            for (int i = 0; i < 100 && engine.Allocator.StacksUsed == 2; i++)
            {
                System.GC.Collect();
                System.GC.WaitForPendingFinalizers();
                try
                {
                    Assert.Equal(1, f());
                    return;
                }
                catch (PoolExhaustedException)
                {
                    Thread.Sleep(20);
                }
            }
            Assert.Fail("no stack came back");
        }
    }

    [Fact]
    public void Heaps_are_counted()
    {
        using Engine engine = new(new Config().WithGc(true).WithFunctionReferences(true).Pooling(new() { TotalGcHeaps = 1 }));
        const string text = """(module (type $s (struct (field i32))) (func (export "f") (drop (struct.new $s (i32.const 1)))))""";
        using Store two = new(engine);
        Action second = Wat.Instantiate(two, text).GetAction("f")!;
        using (Store one = new(engine))
        {
            Wat.Instantiate(one, text).GetAction("f")!();
            Assert.Equal(TrapCode.HeapExhausted, Assert.Throws<TrapException>(second).Type);
        }
        second();
    }
}
