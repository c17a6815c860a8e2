namespace Hornet.Runtime.Tests;

public sealed class RecursionTests
{
    const string Recursive = """
        (module
          (func $runaway (export "runaway") (result i32) (i32.add (call $runaway) (i32.const 1)))
          (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0) (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0)))))
        """;

    [Theory]
    [InlineData(128 << 10)]
    [InlineData(1 << 20)]
    [InlineData(16 << 20)]
    public void Runaway_recursion_traps_on_any_thread(int threadStack) => On(threadStack, () =>
    {
        using Store store = new(Wat.Engine);
        Instance instance = Wat.Instantiate(store, Recursive);
        for (int i = 0; i < 3; i++)
        {
            TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction<int>("runaway")!());
            Assert.Equal(TrapCode.StackOverflow, trap.Type);
            Assert.Equal("call stack exhausted", trap.Reason);
        }
        Assert.Equal(10_000, instance.GetFunction<int, int>("deep")!(10_000));
    });

    [Fact]
    public void The_guests_stack_is_as_large_as_configured()
    {
        using Engine large = new(new Config().WithMaximumStackSize(256 << 20));
        using Store store = new(large);
        Assert.Equal(1_000_000, Wat.Instantiate(store, Recursive).GetFunction<int, int>("deep")!(1_000_000));
        using Engine small = new(new Config().WithMaximumStackSize(64 << 10));
        using Store tight = new(small);
        Assert.Throws<TrapException>(() => Wat.Instantiate(tight, Recursive).GetFunction<int, int>("deep")!(10_000));
    }

    [Theory]
    [InlineData(128 << 10)]
    [InlineData(256 << 10)]
    [InlineData(1 << 20)]
    [InlineData(8 << 20)]
    public void Guest_host_guest_recursion_traps_before_the_host_overflows(int threadStack) => On(threadStack, () =>
    {
        using Engine engine = new(new Config().WithMaximumStackSize(64 << 20));
        using Store store = new(engine);
        Instance? instance = null;
        int depth = 0;
        Func<int, int>? run = null;
        Function again = Function.FromCallback(store, (int a) =>
        {
            depth++;
            return run!(a + 1);
        });
        instance = Wat.Instantiate(store, """(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "run") (param i32) (result i32) (call $f (local.get 0))))""", again);
        run = instance.GetFunction<int, int>("run")!;
        TrapException trap = Assert.Throws<TrapException>(() => run(0));
        Assert.Equal(TrapCode.StackOverflow, trap.Type);
        Assert.InRange(depth, 10, 1_000_000);
    });

    [Fact]
    public void Nested_guests_share_one_stack()
    {
        using Engine engine = new(new Config().WithMaximumStackSize(64 << 10));
        using Store store = new(engine);
        Instance? instance = null;
        int deepest = 0;
        Function again = Function.FromCallback(store, (int a) =>
        {
            deepest = Math.Max(deepest, a);
            return instance!.GetFunction<int, int>("run")!(a + 1);
        });
        instance = Wat.Instantiate(store, """
            (module (import "h" "f" (func $f (param i32) (result i32)))
              (func (export "run") (param i32) (result i32) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
                (call $f (local.get 0))))
            """, again);
        Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("run")!(0)).Type);
        Assert.InRange(deepest, 20, 1000);
    }

    /// <summary>Runs on a thread with a stack of this size, and passes on what it throws.</summary>
    static void On(int stackSize, Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        }, stackSize);
        thread.Start();
        thread.Join();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }
}
