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

    [Theory]
    [InlineData("token")]
    [InlineData("deadline")]
    [InlineData("interrupt")]
    public void Interrupting_the_store_ends_the_wait(string how)
    {
        using Engine engine = new(new Config().WithEpochInterruption(true).Pooling(new() { TotalMemories = 1, Wait = Timeout.InfiniteTimeSpan }));
        using Store first = new(engine), second = new(engine);
        Wat.Instantiate(first, Guest);
        using CancellationTokenSource source = new();
        second.CancellationToken = source.Token;
        if (how == "token") source.CancelAfter(50);
        if (how == "deadline") second.SetDeadline(TimeSpan.FromMilliseconds(50));
        using Timer interrupt = new(_ => second.Interrupt(), null, how == "interrupt" ? 50 : Timeout.Infinite, Timeout.Infinite);
        Exception ended = Assert.ThrowsAny<Exception>(() => Wat.Instantiate(second, Guest));
        if (how == "token") Assert.IsType<OperationCanceledException>(ended);
        else Assert.Equal(TrapCode.Interrupt, Assert.IsType<TrapException>(ended).Type);
        first.Dispose();
        using Store third = new(engine);
        Wat.Instantiate(third, Guest);
    }

    [Fact]
    public void Stacks_of_threads_that_have_ended_are_found()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalStacks = 3 }));
        using Module module = Wat.Module("""(module (func (export "f") (result i32) (i32.const 5)))""", engine);
        for (int i = 0; i < 12; i++)
        {
            Exception? failure = null;
            Thread thread = new(() => failure = Record.Exception(() =>
            {
                using Store store = new(engine);
                Assert.Equal(5, new Instance(store, module).GetFunction<int>("f")!());
            }));
            thread.Start();
            thread.Join();
            // At most one collection a second is made for it.
            if (failure is PoolExhaustedException) Thread.Sleep(400);
            else Assert.Null(failure);
        }
    }

    [Fact]
    public void Calls_that_wait_without_a_thread_count_as_stacks()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalStacks = 3 }));
        using Module module = Wat.Module("""(module (import "h" "h" (func $h)) (func (export "f") (call $h)))""", engine);
        using Linker linker = new(engine);
        linker.DefineAsyncFunction("h", "h", () => new ValueTask(new TaskCompletionSource().Task));
        List<Store> stores = [];
        PoolExhaustedException? full = null;
        for (int i = 0; i < 8 && full is null; i++)
        {
            stores.Add(new(engine));
            ValueTask<object?> call = linker.Instantiate(stores[^1], module).GetFunction("f")!.InvokeAsync();
            if (call.IsFaulted) full = Assert.IsType<PoolExhaustedException>(call.AsTask().Exception!.InnerException);
        }
        Assert.Equal("TotalStacks", full?.Limit);
        Assert.Contains("pooling-total-stacks", full!.Message);
        Assert.InRange(stores.Count, 3, 4);
        foreach (Store store in stores) store.Dispose();
        using Store last = new(engine);
        Assert.False(linker.Instantiate(last, module).GetFunction("f")!.InvokeAsync().IsCompleted);
    }

    [Fact]
    public void Shared_memories_are_taken_from_the_system_and_end_where_others_do()
    {
        using Engine engine = new(new Config().WithWasmThreads(true).Pooling(new() { TotalMemories = 0, MaxMemorySize = 4 << 16 }));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, """(module (memory 2 100 shared) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""");
        Func<int, int> grow = instance.GetFunction<int, int>("grow")!;
        Assert.Equal((2, -1, 4), (grow(2), grow(1), grow(0)));
        Assert.Equal("MaxMemorySize", Assert.Throws<PoolExhaustedException>(() => Wat.Instantiate(store, "(module (memory 5 100 shared))")).Limit);
    }

    [Fact]
    public void A_disposed_engines_instances_go_on_with_stacks_and_heaps()
    {
        Engine engine = new(new Config().WithGc(true).WithFunctionReferences(true).Pooling(new() { TotalStacks = 2, TotalGcHeaps = 2 }));
        using Module module = Wat.Module("""(module (type $s (struct (field i32))) (memory 1) (table 4 8 funcref) (func (export "f") (result i32) (struct.get $s 0 (struct.new $s (i32.const 9)))) (func (export "grow") (result i32) (i32.add (memory.grow (i32.const 1)) (table.grow (ref.null func) (i32.const 2)))))""", engine);
        using Store store = new(engine);
        Instance instance = new(store, module);
        engine.Dispose();
        Assert.Equal((9, 5), (instance.GetFunction<int>("f")!(), instance.GetFunction<int>("grow")!()));
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
