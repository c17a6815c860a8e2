using System.Collections.Concurrent;
using System.Text;
using Hornet.Text;

namespace Hornet.Runtime.Tests;

/// <summary>
/// Threads that make, call, copy, cancel and dispose instances of many modules from one pool that is too small for them, at random. The facts are
/// the same on every tier; each tier's test project runs them.
/// </summary>
public abstract class PoolStress
{
    protected abstract Config NewConfig();

    static Module Parse(Engine engine, string text) => Module.FromBytes(engine, null, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    // Each module has its own number in memory, global, table and object.
    static string Guest(int number) => $$"""
        (module (type $s (struct (field (mut i32)))) (import "h" "h" (func $h (param i32) (result i32)))
          (memory (export "memory") {{1 + number % 5}} 20) (table $t {{4 + number % 60}} 200 funcref) (global $g (mut i32) (i32.const {{number}})) (global $o (mut (ref null $s)) (ref.null $s))
          (data (i32.const {{number % 3 * 20000}}) "{{number:d6}}") (elem (i32.const 2) func $one)
          (func $one (result i32) (i32.const {{number}}))
          (func (export "run") (param i32) (result i32)
            (if (i32.ne (global.get $g) (i32.const {{number}})) (then (unreachable)))
            (if (i32.ne (i32.load (i32.const 60000)) (i32.const 0)) (then (unreachable)))
            (if (ref.is_null (global.get $o)) (then) (else (unreachable)))
            (global.set $g (local.get 0)) (i32.store (i32.const 60000) (local.get 0)) (global.set $o (struct.new $s (local.get 0)))
            (table.set $t (i32.const 1) (ref.func $one))
            (i32.add (i32.sub (struct.get $s 0 (global.get $o)) (i32.load (i32.const 60000))) (call $h (call_indirect $t (result i32) (i32.const 2)))))
          (func (export "grow") (param i32) (result i32) (drop (table.grow $t (ref.func $one) (local.get 0)))
            (if (result i32) (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then (i32.const -1))
              (else (memory.fill (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)) (i32.const 0xA7) (i32.const 65536)) (i32.const 0))))
          (func (export "trap") (drop (i32.load (i32.const -1))))
          (func (export "spin") (loop (br 0)))
          (elem declare func $one))
        """;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Sixteen_threads_at_random(bool slab, bool collectAlways)
    {
        const int modules = 30, threads = 16, rounds = 60;
        Config config = NewConfig().WithGc(true).WithFunctionReferences(true).WithEpochInterruption(true).WithMaximumHeapSize(1 << 20).WithCollectionAtEveryAllocation(collectAlways);
        if (slab) config.WithStaticMemoryMaximumSize(12 << 16);
        using Engine engine = new(config.Pooling(new()
        {
            TotalCoreInstances = 24, TotalMemories = 20, TotalTables = 22, TotalGcHeaps = 18, TotalStacks = 40, MaxMemorySize = 12 << 16, TableElements = 100, MaxUnusedWarmSlots = 12, Wait = TimeSpan.FromSeconds(30),
        }));
        using Linker linker = new(engine);
        linker.DefineFunction("h", "h", (int x) => x);
        Module[] all = [.. Enumerable.Range(0, modules).Select(i => Parse(engine, Guest(i)))];
        using Module tooLarge = Parse(engine, "(module (memory 13))");
        InstancePre[] ready = [.. all.Select(linker.InstantiatePre)];
        using BlockingCollection<Store> left = [];
        ConcurrentQueue<Exception> failures = [];
        // Some stores are disposed by another thread than the one that used them.
        Thread disposer = new(() => { foreach (Store store in left.GetConsumingEnumerable()) store.Dispose(); });
        disposer.Start();
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(seed => new Thread(() =>
        {
            Random random = new(seed);
            for (int i = 0; i < rounds && failures.IsEmpty; i++)
                if (Record.Exception(() => Round(random)) is { } failure) failures.Enqueue(failure);
        }))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        left.CompleteAdding();
        disposer.Join();
        Assert.Empty(failures);
        // Everything has come back. What a limit has refused has a block only.
        Assert.Equal(engine.Allocator.Idle, engine.Allocator.Slots.SmallBlocks.Rented + engine.Allocator.Slots.Blocks.Rented);
        Assert.InRange(engine.Allocator.Slots.Memories.Rented, 0, engine.Allocator.Idle);
        Assert.InRange(engine.Allocator.Slots.Tables.Rented, 0, engine.Allocator.Idle);
        Assert.Equal(0, engine.Allocator.Slots.Heaps.Rented);
        foreach (Module module in (Module[])[.. all, tooLarge]) module.Dispose();
        Assert.Equal((0, 0, 0), (engine.Allocator.Idle, engine.Allocator.Slots.Memories.Rented, engine.Allocator.Slots.Tables.Rented));

        void Round(Random random)
        {
            int number = random.Next(modules);
            Store store = new(engine);
            if (random.Next(8) == 0) store.Limits = store.Limits with { MemorySize = (ulong)random.Next(3) << 16 };
            try
            {
                Instance instance = random.Next(2) == 0 ? ready[number].Instantiate(store) : linker.Instantiate(store, all[number]);
                // A heap is not waited for.
                if (random.Next(6) > 0 && Record.Exception(() => Assert.Equal(number, instance.GetFunction<int, int>("run")!(random.Next(1, 1000)))) is not (null or TrapException { Type: TrapCode.HeapExhausted }) and var wrong) throw wrong!;
                switch (random.Next(7))
                {
                    case 0: instance.GetFunction<int, int>("grow")!(random.Next(12)); break;
                    case 1: Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(instance.GetAction("trap")!).Type); break;
                    case 2:
                        using (CancellationTokenSource source = new(random.Next(1, 5)))
                        {
                            store.CancellationToken = source.Token;
                            Assert.Throws<OperationCanceledException>(instance.GetAction("spin")!);
                        }
                        break;
                    case 3:
                        Assert.Equal("MaxMemorySize", Assert.Throws<PoolExhaustedException>(() => { using Store other = new(engine); new Instance(other, tooLarge); }).Limit);
                        break;
                    case 4 when instance.GetFunction<int, int>("grow")!(0) == 0:
                        // Objects of the store's heap are refused.
                        if (Record.Exception(() => Copy(instance)) is not (null or SnapshotException) and var refused) throw refused!;
                        break;
                    case 5: System.GC.Collect(0); break;
                }
            }
            catch (LinkException) when (store.Limits.MemorySize is not null)
            {
            }
            if (random.Next(3) == 0) left.Add(store);
            else store.Dispose();
        }

        // One instance for each thread at most waits while it has another; two would wait for each other.
        void Copy(Instance instance)
        {
            using InstanceSnapshot snapshot = instance.Snapshot();
            instance.Store.Dispose();
            using Store store = new(engine);
            linker.InstantiatePre(snapshot).Instantiate(store).GetFunction<int, int>("grow")!(1);
        }
    }

    [Fact]
    public void A_thousand_modules_share_the_slots_of_one_pool()
    {
        using Engine engine = new(NewConfig().Pooling(new() { TotalCoreInstances = 8, TotalMemories = 8, TotalTables = 8, MaxUnusedWarmSlots = 8, TotalStacks = 4 }));
        using Linker linker = new(engine);
        linker.DefineFunction("h", "h", (int x) => x);
        Module[] modules = new Module[1000];
        for (int i = 0; i < modules.Length; i++) modules[i] = Parse(engine, $"""(module (memory (export "memory") {1 + i % 4}) (table 4 funcref) (data (i32.const {i * 4}) "\{i % 256:x2}") (func (export "f") (result i32) (i32.store8 (i32.const 9000) (i32.add (i32.load8_u (i32.const 9000)) (i32.const 1))) (i32.add (i32.load8_u (i32.const {i * 4})) (i32.mul (i32.load8_u (i32.const 9000)) (i32.const 1000)))))""");
        Random random = new(7);
        for (int k = 0; k < 6000; k++)
        {
            // Often the same few, now and then any: those keep their warm slots.
            int i = random.Next(4) > 0 ? random.Next(6) : random.Next(modules.Length);
            using Store store = new(engine);
            Instance instance = new(store, modules[i]);
            Assert.Equal(i % 256 + 1000, instance.GetFunction<int>("f")!());
            if (k % 50 == 0) Assert.Equal(2, instance.GetMemory("memory")!.GetSpan().Length - instance.GetMemory("memory")!.GetSpan().Count((byte)0) + (i % 256 == 0 ? 1 : 0));
            Assert.InRange(engine.Allocator.Slots.Memories.Rented, 1, 8);
        }
        foreach (Module module in modules) module.Dispose();
        Assert.Equal((0, 0), (engine.Allocator.Idle, engine.Allocator.Slots.Memories.Rented));
    }
}
