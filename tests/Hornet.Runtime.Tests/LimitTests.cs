using System.Diagnostics;

namespace Hornet.Runtime.Tests;

public sealed class LimitTests
{
    const string Grower = """
        (module (memory (export "m") 1 20) (table (export "t") 1 20 funcref)
          (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))
        """;

    [Fact]
    public void Growth_beyond_a_limit_gives_minus_one()
    {
        using Store store = new(Wat.Engine);
        store.SetLimits(memorySize: 3 * 65536, tableElements: 5);
        Instance instance = Wat.Instantiate(store, Grower);
        var memory = instance.GetFunction<int, int>("memory")!;
        var table = instance.GetFunction<int, int>("table")!;
        Assert.Equal((1, -1, 3, -1), (memory(2), memory(1), memory(0), memory(-1)));
        Assert.Equal((1, -1, 5), (table(4), table(1), table(0)));
        Assert.Throws<InvalidOperationException>(() => instance.GetMemory("m")!.Grow(1));
        Assert.Throws<InvalidOperationException>(() => instance.GetTable("t")!.Grow(1, null));
    }

    [Fact]
    public void Growth_beyond_a_limit_traps_where_that_is_asked_for()
    {
        using Store store = new(Wat.Engine) { Limits = new(MemorySize: 65536, TableElements: 1, TrapOnGrowFailure: true) };
        Instance instance = Wat.Instantiate(store, Grower);
        Assert.Equal(TrapCode.GrowFailure, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("memory")!(1)).Type);
        Assert.Equal(TrapCode.GrowFailure, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("table")!(1)).Type);
        Assert.Equal(1, instance.GetFunction<int, int>("memory")!(0));
    }

    [Fact]
    public void Instances_memories_and_tables_are_counted()
    {
        using Store store = new(Wat.Engine) { Limits = new(Instances: 2, Memories: 1, Tables: 1) };
        Wat.Instantiate(store, Grower);
        Assert.Contains("1 memories", Assert.Throws<LinkException>(() => Wat.Instantiate(store, "(module (memory 1))")).Message);
        Assert.Contains("2 instances", Assert.Throws<LinkException>(() => Wat.Instantiate(store, "(module)")).Message);
        using Store small = new(Wat.Engine) { Limits = new(MemorySize: 65536, TableElements: 3) };
        Assert.Contains("exceeds memory limits", Assert.Throws<LinkException>(() => Wat.Instantiate(small, "(module (memory 2))")).Message);
        Assert.Contains("exceeds table limits", Assert.Throws<LinkException>(() => Wat.Instantiate(small, "(module (table 4 funcref))")).Message);
    }

    [Fact]
    public void The_host_is_asked_before_growth()
    {
        using Store store = new(Wat.Engine);
        List<(ulong, ulong, ulong?)> asked = [];
        store.MemoryGrowing = (current, desired, maximum) =>
        {
            asked.Add((current, desired, maximum));
            return desired <= 2 * 65536;
        };
        store.TableGrowing = (current, desired, maximum) => desired < 3 ? true : throw new InvalidDataException("no more");
        Instance instance = Wat.Instantiate(store, Grower);
        Assert.Equal(1, instance.GetFunction<int, int>("memory")!(1));
        Assert.Equal(-1, instance.GetFunction<int, int>("memory")!(1));
        Assert.Equal([(0, 65536, 20 * 65536), (65536, 2 * 65536, 20 * 65536), (2 * 65536, 3 * 65536, 20 * 65536)], asked);
        Assert.Equal(1, instance.GetFunction<int, int>("table")!(1));
        TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("table")!(1));
        Assert.Equal((TrapCode.GrowFailure, "no more"), (trap.Type, trap.InnerException!.Message));
        Assert.Throws<InvalidDataException>(() => instance.GetTable("t")!.Grow(1, null));
    }

    const string Endless = """(module (func (export "run") (loop (br 0))) (func (export "count") (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""";

    [Fact]
    public void Fuel_runs_out_and_can_be_filled_up()
    {
        using Engine engine = new(new Config().WithFuelConsumption(true));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, Endless);
        Assert.Equal(TrapCode.OutOfFuel, Assert.Throws<TrapException>(() => instance.GetAction<int>("count")!(10)).Type);
        store.Fuel = 1_000;
        instance.GetAction<int>("count")!(10);
        ulong left = store.Fuel;
        Assert.InRange(left, 900u, 990u);
        instance.GetAction<int>("count")!(10);
        Assert.Equal(1_000 - 2 * (1_000 - left), store.Fuel);
        Assert.Equal(TrapCode.OutOfFuel, Assert.Throws<TrapException>(() => instance.GetAction("run")!()).Type);
        Assert.Equal(0u, store.Fuel);
        using Store other = new(Wat.Engine);
        Assert.Throws<InvalidOperationException>(() => other.Fuel = 1);
    }

    [Fact]
    public void Epochs_interrupt()
    {
        using Engine engine = new(new Config().WithEpochInterruption(true));
        using Store store = new(engine);
        store.SetEpochDeadline(2);
        Instance instance = Wat.Instantiate(store, Endless);
        using Timer ticks = new(_ => engine.IncrementEpoch(), null, 5, 5);
        Assert.Equal(TrapCode.Interrupt, Assert.Throws<TrapException>(() => instance.GetAction("run")!()).Type);
        Assert.Throws<TrapException>(() => instance.GetAction("run")!());
        int extended = 0;
        store.SetEpochDeadline(1);
        store.SetEpochDeadlineCallback(s => extended++ < 3 ? 1 : null);
        Assert.Throws<TrapException>(() => instance.GetAction("run")!());
        Assert.Equal(4, extended);
    }

    [Fact]
    public void Deadlines_interrupt_within_reason()
    {
        using Engine engine = new(new Config().WithEpochInterruption(true));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, Endless);
        store.SetDeadline(TimeSpan.FromMilliseconds(30));
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(TrapCode.Interrupt, Assert.Throws<TrapException>(() => instance.GetAction("run")!()).Type);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 20, 5_000);
        store.SetDeadline(null);
        instance.GetAction<int>("count")!(1000);
        using Store plain = new(Wat.Engine);
        Assert.Contains("WithEpochInterruption", Assert.Throws<InvalidOperationException>(() => plain.SetDeadline(TimeSpan.Zero)).Message);
    }

    [Fact]
    public void Cancellation_interrupts()
    {
        using Engine engine = new(new Config().WithEpochInterruption(true));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, Endless);
        using CancellationTokenSource source = new(30);
        store.CancellationToken = source.Token;
        OperationCanceledException e = Assert.Throws<OperationCanceledException>(() => instance.GetAction("run")!());
        Assert.Equal(source.Token, e.CancellationToken);
        Assert.IsType<TrapException>(e.InnerException);
        store.CancellationToken = default;
        instance.GetAction<int>("count")!(1000);
        store.Interrupt();
        Assert.Throws<TrapException>(() => instance.GetAction("run")!());
        instance.GetAction<int>("count")!(1000);
    }
}
