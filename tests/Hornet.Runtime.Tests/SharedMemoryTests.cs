namespace Hornet.Runtime.Tests;

public sealed class SharedMemoryTests
{
    const string Waiter = """
        (module (import "m" "m" (memory 1 4 shared))
          (func (export "wait") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
          (func (export "wait64") (param i32 i64 i64) (result i32) (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
          (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
          (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "size") (result i32) (memory.size)))
        """;

    [Fact]
    public void Stores_of_several_threads_count_together()
    {
        SharedMemory shared = new(Wat.Engine, 1, 4);
        Module module = Wat.Module(Waiter);
        Parallel.For(0, 8, _ =>
        {
            using Store store = new(Wat.Engine);
            var add = new Instance(store, module, new Memory(store, shared)).GetFunction<int, int, int>("add")!;
            for (int i = 0; i < 1000; i++) add(16, 1);
        });
        using Store last = new(Wat.Engine);
        Memory memory = new(last, shared);
        Assert.Equal(8000, memory.ReadInt32(16));
        Assert.Equal(1, memory.Grow(2));
        Assert.Equal(3, new Instance(last, module, memory).GetFunction<int>("size")!());
        Assert.True(memory.IsShared);
        Assert.Same(shared.Storage, memory.Shared!.Storage);
    }

    [Fact]
    public void Waiting_and_waking()
    {
        SharedMemory shared = new(Wat.Engine, 1, 4);
        Module module = Wat.Module(Waiter);
        using Store store = new(Wat.Engine);
        Instance instance = new(store, module, new Memory(store, shared));
        var wait = instance.GetFunction<int, int, long, int>("wait")!;
        var notify = instance.GetFunction<int, int, int>("notify")!;
        Assert.Equal(1, wait(8, 5, -1));
        Assert.Equal(2, wait(8, 0, 1_000_000));
        Assert.Equal(2, instance.GetFunction<int, long, long, int>("wait64")!(8, 0, 0));
        Assert.Equal(0, notify(8, -1));
        Assert.Equal(TrapCode.UnalignedAtomic, Assert.Throws<TrapException>(() => wait(2, 0, 0)).Type);
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => notify(65536, 0)).Type);
        int[] woken = new int[3];
        Thread[] threads = [.. Enumerable.Range(0, 3).Select(i => new Thread(() =>
        {
            using Store own = new(Wat.Engine);
            woken[i] = new Instance(own, module, new Memory(own, shared)).GetFunction<int, int, long, int>("wait")!(8, 0, 20_000_000_000);
        }))];
        foreach (Thread thread in threads) thread.Start();
        int count = 0;
        for (int i = 0; i < 2000 && count < 3; i++)
        {
            count += notify(8, 1);
            Thread.Sleep(1);
        }
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(3, count);
        Assert.Equal([0, 0, 0], woken);
    }

    [Fact]
    public void Waits_end_with_the_deadline()
    {
        using Engine engine = new(new Config().WithEpochInterruption(true));
        using Store store = new(engine);
        Instance instance = new(store, Wat.Module(Waiter, engine), new Memory(store, new SharedMemory(engine, 1, 4)));
        store.SetDeadline(TimeSpan.FromMilliseconds(30));
        Assert.Equal(TrapCode.Interrupt, Assert.Throws<TrapException>(() => instance.GetFunction<int, int, long, int>("wait")!(0, 0, -1)).Type);
        store.SetDeadline(null);
        using CancellationTokenSource source = new(30);
        store.CancellationToken = source.Token;
        Assert.Throws<OperationCanceledException>(() => instance.GetFunction<int, int, long, int>("wait")!(0, 0, -1));
    }

    [Fact]
    public void A_module_can_make_a_shared_memory()
    {
        using Store store = new(Wat.Engine);
        Instance owner = Wat.Instantiate(store, """(module (memory (export "m") 1 4 shared))""");
        SharedMemory shared = owner.GetMemory("m")!.Shared!;
        using Store other = new(Wat.Engine);
        Instance user = new(other, Wat.Module(Waiter), new Memory(other, shared));
        user.GetFunction<int, int, int>("add")!(0, 5);
        Assert.Equal(5, owner.GetMemory("m")!.ReadInt32(0));
        using Engine engine = new();
        using Store foreign = new(engine);
        Assert.Throws<InvalidOperationException>(() => new Memory(foreign, shared));
    }
}
