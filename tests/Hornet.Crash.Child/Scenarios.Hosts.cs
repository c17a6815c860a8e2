using System.Runtime.CompilerServices;
using static Hornet.Crash.Host;

namespace Hornet.Crash;

// What hosts and their functions do.
static partial class Scenarios
{
    static void GuestHostGuest(Host host) => On([256 << 10, 1 << 20, 8 << 20], () =>
        host.Expect(TrapCode.StackOverflow, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (i32.const 1))))""",
            (store, again) => Function.FromCallback(store, (int n) => (int)again().Invoke(n)!)));

    static void TwoThousandLevels(Host host) => On([16 << 20], () =>
    {
        using Store store = new(host.Engine);
        Function? f = null;
        Function down = Function.FromCallback(store, (int n) => n == 0 ? 0 : (int)f!.Invoke(n - 1)!);
        f = host.Function(store, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (i32.const 1))))""", down);
        // As deep as the stack of guests allows, which may be less; then a trap.
        Exception? e = Caught(() => Check((int)f.Invoke(2000)! == 2001));
        Check(e is null or TrapException { Type: TrapCode.StackOverflow });
        // Every level throws through all the others.
        Function? g = null;
        InvalidOperationException own = new("at the bottom");
        Function throwing = Function.FromCallback(store, (int n) => n == 0 ? throw own : (int)g!.Invoke(n - 1)!);
        g = host.Function(store, CallsHost, throwing);
        Check(Caught(() => g.Invoke(500)) == own);
        Check((int)f.Invoke(10)! == 11);
    });

    static int Throw(Exception e) => throw e;

    static void HostExceptions(Host host)
    {
        Exception[] kinds =
        [
            new NullReferenceException(), new ThreadInterruptedException(), new TaskCanceledException(), new OutOfMemoryException(), new AccessViolationException(), new InvalidOperationException("own"),
            new InsufficientExecutionStackException(), new OperationCanceledException(), new AggregateException(new InvalidOperationException()), new DivideByZeroException(), new IndexOutOfRangeException(), new StackOverflowException(),
            new TypeInitializationException("T", null), new ArithmeticException(), new FileNotFoundException(),
        ];
        foreach (Exception thrown in kinds)
        {
            using Store store = new(host.Engine);
            Function throws = Function.FromCallback(store, (int _) => Throw(thrown));
            Function f = host.Function(store, CallsHost, throws);
            for (int i = 0; i < 3; i++) Check(Caught(() => f.Invoke(0)) == thrown);
            // It is no exception of the guest's: catch_all does not see it.
            Function catching = host.Function(store, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (block $h (try_table (catch_all $h) (return (call $h (local.get 0))))) (i32.const 77)))""", throws);
            Check(Caught(() => catching.Invoke(0)) == thrown);
        }
        // Its trap goes on as a trap.
        using Store nested = new(host.Engine);
        Function inner = host.Function(nested, Body("(unreachable)"));
        Function outer = host.Function(nested, CallsHost, Function.FromCallback(nested, (int n) => (int)inner.Invoke(n)!));
        Check(Caught(() => outer.Invoke(0)) is TrapException { Type: TrapCode.Unreachable });
    }

    static void HostStackNearItsEnd(Host host) => On([256 << 10, 1 << 20], () =>
    {
        using Store store = new(host.Engine);
        Function f = host.Function(store, CallsHost, Function.FromCallback(store, (int n) => Deeper(n)));
        for (int i = 0; i < 5; i++) Check(Caught(() => f.Invoke(0)) is InsufficientExecutionStackException);
        // And a guest that is called there.
        Function leaf = host.Function(store, Counts);
        Function g = host.Function(store, CallsHost, Function.FromCallback(store, (int n) => DeeperThenGuest(leaf, n)));
        Exception? e = Caught(() => g.Invoke(0));
        Check(e is null or TrapException { Type: TrapCode.StackOverflow } or InsufficientExecutionStackException);
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Deeper(int n)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return Deeper(n + 1) + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int DeeperThenGuest(Function leaf, int n)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) return (int)leaf.Invoke(3)!;
        return DeeperThenGuest(leaf, n + 1) + 1;
    }

    static void ThreadInterrupt(Host host)
    {
        using Store store = new(host.Engine);
        using ManualResetEventSlim sleeping = new();
        Function f = host.Function(store, CallsHost, Function.FromCallback(store, (int n) =>
        {
            sleeping.Set();
            Thread.Sleep(30_000);
            return n;
        }));
        Exception? ended = null;
        Thread thread = new(() => ended = Caught(() => f.Invoke(0)));
        thread.Start();
        sleeping.Wait();
        thread.Interrupt();
        Check(thread.Join(20_000) && ended is ThreadInterruptedException);
        Check((int)host.Function(store, Counts).Invoke(4)! == 10);
    }

    static void CancelledTask(Host host)
    {
        using Store store = new(host.Engine);
        using CancellationTokenSource source = new();
        source.CancelAfter(50);
        Function f = host.Function(store, CallsHost, Function.FromCallback(store, (int n) =>
        {
            Task.Delay(-1, source.Token).GetAwaiter().GetResult();
            return n;
        }));
        Check(Caught(() => f.Invoke(0)) is TaskCanceledException);
        // The store's own token, from another thread.
        using CancellationTokenSource stop = new();
        store.CancellationToken = stop.Token;
        stop.CancelAfter(50);
        Check(Caught(() => host.Function(store, Spins).Invoke(0)) is TrapException { Type: TrapCode.Interrupt } or OperationCanceledException);
    }

    static unsafe void NullReferences(Host host)
    {
        long end = Environment.TickCount64 + 1500;
        Thread[] threads = Start(4, i =>
        {
            using Store store = new(host.Engine);
            Function wild = host.Function(store, Access("i32.load", 0)), zero = host.Function(store, Body("(i32.div_s (i32.const 1) (local.get 0))"));
            Function inside = host.Function(store, CallsHost, Function.FromCallback(store, (int n) => ((string)null!).Length + n));
            while (Environment.TickCount64 < end)
            {
                Check(Caught(() => wild.Invoke(-1)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
                Check(Caught(() => zero.Invoke(0)) is TrapException { Type: TrapCode.IntegerDivideByZero });
                Check(Caught(() => ((string)null!).Trim()) is NullReferenceException);
                Check(Caught(() => inside.Invoke(1)) is NullReferenceException);
                // SAFETY: a null page's read, which the runtime turns into an exception.
                Check(Caught(() => Read((int*)(nint)(8 * (i + 1)))) is NullReferenceException);
                Check(Caught(() => Divide(i, 0)) is DivideByZeroException);
            }
        });
        foreach (Thread thread in threads) thread.Join();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static unsafe int Read(int* at) => *at;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Divide(int a, int b) => a / b;

    static void DisposeStoreWhileRunning(Host host)
    {
        using Store store = new(host.Engine);
        Function spin = host.Function(store, Spins);
        Exception? ended = null;
        Thread runs = new(() => ended = Caught(() => spin.Invoke(0)));
        runs.Start();
        Thread.Sleep(200);
        Check(Caught(store.Dispose) is InvalidOperationException { Message.Length: > 20 });
        Check(Caught(() => spin.Invoke(0)) is InvalidOperationException { Message.Length: > 20 });
        store.Interrupt();
        Check(runs.Join(20_000) && ended is TrapException { Type: TrapCode.Interrupt });
    }

    static void DisposeEngineWhileRunning(Host host)
    {
        Engine engine = host.Another();
        Store store = new(engine);
        Module module = Module.FromBytes(engine, Text.WatParser.Parse(System.Text.Encoding.UTF8.GetBytes(Spins)));
        Function spin = new Instance(store, module).GetFunction("f")!;
        Exception? ended = null;
        Thread runs = new(() => ended = Caught(() => spin.Invoke(0)));
        runs.Start();
        Thread.Sleep(200);
        Exception? refused = Caught(engine.Dispose);
        Check(refused is null or InvalidOperationException);
        module.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Thread.Sleep(100);
        Check(runs.IsAlive);
        store.Interrupt();
        Check(runs.Join(20_000) && ended is TrapException { Type: TrapCode.Interrupt });
        store.Dispose();
        Check(Caught(() => new Store(engine)) is ObjectDisposedException || refused is not null);
    }

    static void DisposeModuleWhileRunning(Host host)
    {
        using Store store = new(host.Engine);
        Module module = host.Module(Counts);
        Function f = new Instance(store, module).GetFunction("f")!;
        using ManualResetEventSlim ready = new();
        int rounds = 0;
        Exception? ended = null;
        Thread runs = new(() => ended = Caught(() =>
        {
            for (int i = 0; i < 200; i++, rounds++)
            {
                Check((int)f.Invoke(1000)! == 500_500);
                ready.Set();
            }
        }));
        runs.Start();
        ready.Wait();
        // The code belongs to the instance now.
        module.Dispose();
        for (int i = 0; i < 10; i++) GC.Collect();
        runs.Join();
        Check(ended is null && rounds == 200);
        Check(Caught(() => new Instance(store, module)) is ObjectDisposedException);
    }

    static void Finalisers(Host host)
    {
        for (int round = 0; round < 30; round++)
        {
            List<object> kept = [];
            for (int i = 0; i < 20; i++) kept.Add(Abandon(host, (round + i) % 8));
            // In any order, and some of them later than what they came from.
            for (int i = 0; i < 20; i += 2) kept[(i * 7 + round) % 20] = this_is_gone;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            foreach (object one in kept)
            {
                if (one is Function f) Check((int)f.Invoke(4)! == 4);
                if (one is Memory m) m.WriteInt32(8, 5);
                if (one is Global g) g.SetValue(7);
                if (one is Table t) Check(t.GetSize() == 2);
            }
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    static readonly object this_is_gone = new();

    [MethodImpl(MethodImplOptions.NoInlining)]
    static object Abandon(Host host, int what)
    {
        Engine engine = what < 4 ? host.Engine : host.Another();
        Store store = new(engine);
        Module module = Module.FromBytes(engine, Text.WatParser.Parse("""(module (memory (export "m") 1) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1)) (func (export "f") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (i32.load (i32.const 0))))"""u8));
        Instance instance = new(store, module);
        instance.GetFunction("f")!.Invoke(1);
        return what switch
        {
            0 => instance.GetFunction("f")!,
            1 => instance.GetMemory("m")!,
            2 => instance.GetGlobal("g")!,
            3 => instance.GetTable("t")!,
            4 => instance,
            5 => store,
            6 => instance.GetFunction("f")!,
            _ => module,
        };
    }

    static void Misuse(Host host)
    {
        using Store one = new(host.Engine);
        Store other = new(host.Engine);
        Function f = host.Function(one, Body("(i32.const 5)"));
        Check(Caught(() => f.Invoke()) is ArgumentException);
        Check(Caught(() => f.Invoke("text")) is not null and not TrapException);
        Check(Caught(() => host.Make(other, """(module (import "h" "h" (func $h (param i32) (result i32))))""", f)) is ArgumentException or HornetException);
        other.Dispose();
        Check(Caught(() => host.Make(other, Body("(i32.const 5)"))) is ObjectDisposedException);
    }
}
