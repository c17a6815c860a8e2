namespace Hornet.Runtime.Tests;

/// <summary>One driver at a time, also where a thread has entered so often that it need not ask any more.</summary>
public sealed class StoreDriverTests
{
    const int Often = 5000;

    const string Guest = """
        (module (import "h" "f" (func $f)) (func (export "nothing")) (func (export "call") (call $f)) (func (export "trap") unreachable))
        """;

    static void OnAnotherThread(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() => failure = Record.Exception(action));
        thread.Start();
        thread.Join();
        if (failure is not null) throw new AggregateException(failure);
    }

    static void Repeat(Action action)
    {
        for (int i = 0; i < Often; i++) action();
    }

    [Fact]
    public void A_store_that_one_thread_uses_often_is_not_open_to_another_meanwhile()
    {
        using Store store = new(Wat.Engine);
        Action? nothing = null;
        Exception? refused = null;
        Function host = Function.FromCallback(store, () =>
        {
            nothing!(); // the same thread may
            OnAnotherThread(() => refused = Record.Exception(nothing!));
        });
        Instance instance = Wat.Instantiate(store, Guest, host);
        nothing = instance.GetAction("nothing")!;
        Repeat(nothing);
        for (int i = 0; i < 3; i++)
        {
            refused = null;
            instance.GetAction("call")!();
            Assert.Contains("in use by another thread", Assert.IsType<InvalidOperationException>(refused).Message);
            nothing();
            // Between calls it is free for all.
            OnAnotherThread(nothing);
            OnAnotherThread(() => Repeat(nothing));
            nothing();
            Repeat(nothing);
        }
    }

    [Fact]
    public void A_trap_leaves_a_store_that_is_used_often()
    {
        using Store store = new(Wat.Engine);
        Instance instance = Wat.Instantiate(store, Guest, Function.FromCallback(store, () => { }));
        Action trap = instance.GetAction("trap")!, nothing = instance.GetAction("nothing")!;
        Repeat(nothing);
        for (int i = 0; i < 10; i++) Assert.Throws<TrapException>(trap);
        OnAnotherThread(nothing);
        nothing();
    }

    [Fact]
    public void A_store_that_was_used_often_can_be_disposed_by_anybody_and_is_gone_for_all()
    {
        foreach (bool other in (bool[])[false, true])
        {
            Store store = new(Wat.Engine);
            Exception? refused = null;
            Function host = Function.FromCallback(store, () => { refused = Record.Exception(store.Dispose); });
            Instance instance = Wat.Instantiate(store, Guest, host);
            Action nothing = instance.GetAction("nothing")!;
            Repeat(nothing);
            instance.GetAction("call")!();
            Assert.Contains("running", Assert.IsType<InvalidOperationException>(refused).Message);
            if (other) OnAnotherThread(store.Dispose);
            else store.Dispose();
            Assert.Throws<ObjectDisposedException>(nothing);
            OnAnotherThread(() => Assert.Throws<ObjectDisposedException>(nothing));
        }
    }

    [Fact]
    public void Threads_that_fight_for_a_store_are_never_in_it_together()
    {
        for (int i = 0; i < 30; i++) Fight();
    }

    // One has the store to itself until it is trusted with it; then the other comes.
    static void Fight()
    {
        const int Calls = 300;
        using Store store = new(Wat.Engine);
        int inside = 0, together = 0, entered = 0, refused = 0;
        Function host = Function.FromCallback(store, () =>
        {
            if (Interlocked.Increment(ref inside) != 1) Interlocked.Increment(ref together);
            Thread.SpinWait(20);
            Interlocked.Decrement(ref inside);
        });
        Action call = Wat.Instantiate(store, Guest, host).GetAction("call")!;
        Repeat(call);
        using Barrier start = new(2);
        void Calling()
        {
            start.SignalAndWait();
            for (int i = 0; i < Calls; i++)
            {
                if (Record.Exception(call) is not { } exception) Interlocked.Increment(ref entered);
                else if (exception is InvalidOperationException) Interlocked.Increment(ref refused);
            }
        }
        Thread other = new(Calling);
        other.Start();
        Calling();
        other.Join();
        Assert.Equal(0, together);
        Assert.Equal(2 * Calls, entered + refused);
        // Nobody is left inside.
        OnAnotherThread(call);
        call();
    }
}
