using System.Diagnostics;
using System.Text;
using Hornet.Text;

namespace Hornet.Runtime.Tests;

/// <summary>Calls that wait without a thread. The facts are the same on every tier; each tier's test project runs them with its configuration.</summary>
public abstract class WaitingCalls
{
    protected abstract Config NewConfig();

    protected virtual Module Compile(Engine engine, string text) => Module.FromBytes(engine, null, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    // Locals, operands and several frames around the call that waits.
    const string Adder = """
        (module
          (import "h" "wait" (func $wait (param i32 i64 f64) (result i64)))
          (memory (export "memory") 1)
          (func $inner (param i32) (result i64) (local i64)
            (local.set 1 (i64.const 1000))
            (i64.add (local.get 1) (call $wait (local.get 0) (i64.const 5) (f64.const 0.5))))
          (func $outer (export "run") (param i32 i32) (result i64)
            (i64.add (i64.extend_i32_s (local.get 0))
              (if (result i64) (local.get 1)
                (then (i64.add (call $again (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (call $inner (local.get 0))))
                (else (call $inner (local.get 0))))))
          (func $again (param i32 i32) (result i64) (call $outer (local.get 0) (local.get 1)))
          (func (export "trap") (param i32) (result i32)
            (drop (call $inner (local.get 0)))
            (i32.load (i32.const -1)))
          (func (export "overflow") (param i32) (result i32)
            (drop (call $inner (local.get 0)))
            (call $forever (i32.const 0)))
          (func $forever (param i32) (result i32) (i32.add (i32.const 1) (call $forever (local.get 0))))
          (func (export "spin") (drop (call $inner (i32.const 0))) (loop (br 0))))
        """;

    sealed class World : IDisposable
    {
        readonly Engine _engine;
        readonly Func<Engine, string, Module> _compile;
        public readonly Store Store;
        public readonly Linker Linker;
        public Instance Instance = null!;

        public World(WaitingCalls tests, Config config)
        {
            _compile = tests.Compile;
            _engine = new(config);
            Linker = new(_engine);
            Store = new(_engine);
        }

        public World With(string text)
        {
            Instance = Linker.Instantiate(Store, _compile(_engine, text));
            return this;
        }

        public Function this[string name] => Instance.GetFunction(name)!;
        public void Dispose() => Store.Dispose();
    }

    World Make(string text, Action<Linker> define, Config? config = null)
    {
        World world = new(this, config ?? NewConfig());
        define(world.Linker);
        return world.With(text);
    }

    World MakeAdder(Func<int, long, double, ValueTask<long>> wait, Config? config = null) => Make(Adder, linker => linker.DefineAsyncFunction("h", "wait", wait), config);

    static async Task<T> Soon<T>(ValueTask<T> task) => await task.AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    [Fact]
    public async Task A_function_that_is_ready_never_leaves_the_thread()
    {
        using World world = MakeAdder((a, b, c) => new(a + b + (long)(c * 2)));
        ValueTask<object?> task = world["run"].InvokeAsync(3, 2);
        Assert.True(task.IsCompleted);
        object? result = await task;
        Assert.Equal(3L * 3 + 3 * (1000 + 3 + 5 + 1), result);
        Assert.Equal(result, world["run"].Invoke(3, 2));
    }

    [Fact]
    public async Task Frames_survive_the_wait()
    {
        List<TaskCompletionSource<long>> waits = [];
        using World world = MakeAdder((a, b, c) =>
        {
            TaskCompletionSource<long> wait = new();
            waits.Add(wait);
            return new(wait.Task);
        });
        Task<object?> task = world["run"].InvokeAsync(7, 2).AsTask();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(SpinWait.SpinUntil(() => waits.Count == i + 1, 10_000));
            Assert.False(task.IsCompleted);
            // The completer's thread is not the guest's.
            waits[i].SetResult(i);
        }
        Assert.Equal(3L * 7 + 3000 + 0 + 1 + 2, await Soon(new ValueTask<object?>(task)));
    }

    [Fact]
    public async Task Every_kind_of_value_crosses()
    {
        object host = new();
        using World world = Make("""
            (module
              (import "h" "mix" (func $mix (param i32 i64 f32 f64 v128 externref funcref) (result v128 i32 i64 f32 f64 externref funcref)))
              (import "h" "nothing" (func $nothing))
              (func $self (export "run") (param i32 i64 f32 f64 v128 externref funcref) (result v128 i32 i64 f32 f64 externref funcref)
                (call $nothing)
                (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6))
                (call $nothing)))
            """, linker =>
        {
            linker.DefineAsyncFunction("h", "nothing", async () => await Task.Yield());
            linker.DefineAsyncFunction("h", "mix", async (caller, given) =>
            {
                ValueBox[] a = given.ToArray();
                await Task.Delay(1);
                return [a[4], a[0], a[1], a[2], a[3], a[5], a[6]];
            }, [ValueKind.Int32, ValueKind.Int64, ValueKind.Float32, ValueKind.Float64, ValueKind.V128, ValueKind.ExternRef, ValueKind.FuncRef],
            [ValueKind.V128, ValueKind.Int32, ValueKind.Int64, ValueKind.Float32, ValueKind.Float64, ValueKind.ExternRef, ValueKind.FuncRef]);
        });
        Function run = world["run"];
        object?[] results = (object?[])(await Soon(run.InvokeAsync(1, 2L, 3f, 4d, new V128(5, 6), ValueBox.ExternRef(host), ValueBox.FuncRef(run))))!;
        Assert.Equal([new V128(5, 6), 1, 2L, 3f, 4d, host, run], results);
    }

    [Fact]
    public async Task Typed_delegates_wait_too()
    {
        using World world = Make("""
            (module
              (import "h" "twice" (func $twice (param i32) (result i32)))
              (import "h" "pair" (func $pair (param i64) (result i32 i64)))
              (import "h" "note" (func $note (param i32)))
              (memory (export "memory") 1)
              (func (export "run") (param i32 i64) (result i32 i64)
                (call $note (call $twice (local.get 0)))
                (call $pair (local.get 1)))
              (func (export "act") (param i32) (call $note (local.get 0))))
            """, linker =>
        {
            linker.DefineAsyncFunction("h", "twice", async (int x) => { await Task.Yield(); return 2 * x; });
            linker.DefineAsyncFunction("h", "pair", async (AsyncCaller caller, long x) => { await Task.Yield(); return (caller.GetMemory("memory")!.ReadInt32(8), x + 1); });
            linker.DefineAsyncFunction("h", "note", async (AsyncCaller caller, int x) => { await Task.Yield(); caller.GetMemory("memory")!.WriteInt32(8, x); });
        });
        Assert.Equal((42, 8L), await Soon(world.Instance.GetAsyncFunction<int, long, (int, long)>("run")!(21, 7)));
        await world.Instance.GetAsyncAction<int>("act")!(99);
        Assert.Equal(99, world.Instance.GetMemory("memory")!.ReadInt32(8));
        Assert.Null(world.Instance.GetAsyncAction<long>("act"));
    }

    static async ValueTask<long> FailLater(Exception exception)
    {
        await Task.Delay(5);
        throw exception;
    }

    [Fact]
    public async Task Exceptions_come_out_with_their_trace()
    {
        using World world = MakeAdder((_, _, _) => FailLater(new InvalidDataException("broken")));
        InvalidDataException thrown = await Assert.ThrowsAsync<InvalidDataException>(() => Soon(world["run"].InvokeAsync(1, 1)));
        Assert.Equal("broken", thrown.Message);
        Assert.Contains(nameof(FailLater), thrown.StackTrace);
        // One that blocks fails alike, and the store is as good as new.
        Assert.Throws<InvalidDataException>(() => world["run"].Invoke(1, 1));
        await Assert.ThrowsAsync<InvalidDataException>(() => Soon(world["run"].InvokeAsync(1, 1)));
    }

    [Fact]
    public async Task Traps_after_a_wait_name_all_frames()
    {
        using World world = MakeAdder(async (_, _, _) => { await Task.Delay(5); return 1; });
        TrapException trap = await Assert.ThrowsAsync<TrapException>(() => Soon(world["trap"].InvokeAsync(1)));
        Assert.Equal(TrapCode.MemoryOutOfBounds, trap.Type);
        Assert.Equal(["trap"], trap.Frames.Select(f => f.FunctionName));
        trap = await Assert.ThrowsAsync<TrapException>(() => Soon(world["overflow"].InvokeAsync(1)));
        Assert.Equal(TrapCode.StackOverflow, trap.Type);
        using World raised = MakeAdder((_, _, _) => FailLater(new TrapException(TrapCode.Unreachable)));
        trap = await Assert.ThrowsAsync<TrapException>(() => Soon(raised["run"].InvokeAsync(1, 1)));
        Assert.Equal(["inner", "outer", "again", "outer"], trap.Frames.Select(f => f.FunctionName == "run" ? "outer" : f.FunctionName));
    }

    [Fact]
    public async Task A_guest_catches_what_an_asynchronous_function_throws()
    {
        Tag tag = null!;
        using World world = new(this, NewConfig());
        tag = new(world.Store, [ValueKind.Int32]);
        world.Linker.Define("h", "t", tag);
        world.Linker.DefineAsyncFunction("h", "fail", async (int x) => { await Task.Delay(5); throw new WasmException(tag, x); });
        world.With("""
            (module
              (import "h" "t" (tag $t (param i32)))
              (import "h" "fail" (func $fail (param i32)))
              (func $middle (param i32) (call $fail (local.get 0)))
              (func (export "run") (param i32) (result i32)
                (block $caught (result i32)
                  (try_table (catch $t $caught) (call $middle (local.get 0)))
                  (i32.const -1)))
              (func (export "loose") (param i32) (call $middle (local.get 0))))
            """);
        Assert.Equal(77, await Soon(world["run"].InvokeAsync(77)));
        WasmException loose = await Assert.ThrowsAsync<WasmException>(() => Soon(world["loose"].InvokeAsync(5)));
        Assert.Equal(5, loose.Values[0].AsInt32());
    }

    [Fact]
    public async Task Calls_of_one_store_take_turns()
    {
        int inside = 0, most = 0, order = 0;
        using World world = MakeAdder(async (a, _, _) =>
        {
            // The first part runs in the guest's turn.
            int now = Interlocked.Increment(ref inside);
            most = Math.Max(most, now);
            Thread.SpinWait(2000);
            Interlocked.Decrement(ref inside);
            await Task.Delay(order++ % 7);
            return a;
        });
        Task<object?>[] tasks = new Task<object?>[200];
        Function run = world["run"];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = thread; i < tasks.Length; i += 4) tasks[i] = run.InvokeAsync(i, 3).AsTask();
        })));
        object?[] results = await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Enumerable.Range(0, tasks.Length).Select(i => (object?)(4L * i + 4 * (1000 + i))), results);
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task A_call_is_cancelled_where_it_waits()
    {
        CancellationToken seen = default;
        using World world = Make(Adder, linker => linker.DefineAsyncFunction("h", "wait", async (AsyncCaller caller, int a, long b, double c) =>
        {
            if (a == 1) return 1L;
            seen = caller.CancellationToken;
            await Task.Delay(-1, seen);
            return 0;
        }));
        using CancellationTokenSource source = new();
        Task<object?> task = world["run"].InvokeAsync([2, 1], source.Token).AsTask();
        Assert.False(task.IsCompleted);
        Assert.Equal(1, world.Store.Tasks.SuspendedCount);
        source.Cancel();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(source.Token, thrown.CancellationToken);
        Assert.True(task.IsCanceled);
        Assert.Equal(["inner", "run", "again", "run"], Assert.IsType<TrapException>(thrown.InnerException).Frames.Select(f => f.FunctionName == "outer" ? "run" : f.FunctionName));
        Assert.True(SpinWait.SpinUntil(() => seen.IsCancellationRequested, 10_000));
        Assert.Equal(0, world.Store.Tasks.SuspendedCount);
        Assert.Equal(1002L, await Soon(world["run"].InvokeAsync(1, 0)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(world["run"].InvokeAsync([1, 0], source.Token)));
    }

    [Fact]
    public async Task A_call_is_cancelled_where_it_runs()
    {
        using World world = MakeAdder(async (_, _, _) => { await Task.Delay(1); return 1; }, NewConfig().WithEpochInterruption(true));
        using CancellationTokenSource source = new();
        Function run = world["run"];
        Task<object?> spinning = world["spin"].InvokeAsync([], source.Token).AsTask();
        await Task.Delay(100);
        // Another one waits for its turn meanwhile, and is not cancelled.
        Task<object?> other = run.InvokeAsync(1, 0).AsTask();
        Assert.False(spinning.IsCompleted);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => spinning.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(1002L, await other.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(1002L, await Soon(world["run"].InvokeAsync(1, 0)));
    }

    [Fact]
    public async Task Interruptions_end_waits()
    {
        using World world = MakeAdder(async (a, _, _) => { await Task.Delay(a == 0 ? 1 : -1); return 1; }, NewConfig().WithEpochInterruption(true));
        Task<object?> timed = world["run"].InvokeAsync(1, 0).AsTask();
        world.Store.SetDeadline(TimeSpan.FromMilliseconds(30));
        TrapException trap = await Assert.ThrowsAsync<TrapException>(() => timed.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal((TrapCode.Interrupt, 2), (trap.Type, trap.Frames.Count));
        world.Store.SetDeadline(null);
        // An epoch that the host prolongs twice.
        int asked = 0;
        world.Store.SetEpochDeadlineCallback(_ => ++asked < 3 ? 1 : null);
        world.Store.SetEpochDeadline(1);
        Task<object?> waiting = world["run"].InvokeAsync(1, 0).AsTask();
        for (int i = 1; i <= 3; i++)
        {
            Assert.False(waiting.IsCompleted);
            // A tick that comes before the callback has returned counts from then on.
            Assert.True(SpinWait.SpinUntil(() =>
            {
                world.Store.Engine.IncrementEpoch();
                Thread.Sleep(1);
                return Volatile.Read(ref asked) >= i;
            }, 10_000));
        }
        await Assert.ThrowsAsync<TrapException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        world.Store.SetEpochDeadlineCallback(null);
        world.Store.SetEpochDeadline(1000);
        waiting = world["run"].InvokeAsync(1, 0).AsTask();
        world.Store.Interrupt();
        await Assert.ThrowsAsync<TrapException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        using CancellationTokenSource source = new();
        world.Store.CancellationToken = source.Token;
        waiting = world["run"].InvokeAsync(1, 0).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        world.Store.CancellationToken = default;
        Assert.Equal(1001L, await Soon(world["run"].InvokeAsync(0, 0)));
    }

    [Fact]
    public async Task Disposing_ends_calls_that_wait()
    {
        CancellationToken seen = default;
        World world = Make(Adder, linker => linker.DefineAsyncFunction("h", "wait", async (AsyncCaller caller, int a, long b, double c) =>
        {
            seen = caller.CancellationToken;
            await Task.Delay(-1, seen);
            return 0L;
        }));
        Task<object?> first = world["run"].InvokeAsync(1, 0).AsTask(), second = world["run"].InvokeAsync(2, 3).AsTask();
        world.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => second.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(SpinWait.SpinUntil(() => seen.IsCancellationRequested, 10_000));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Soon(world["run"].InvokeAsync(1, 0)));
    }

    const string Nested = """
        (module
          (import "h" "sync" (func $sync (param i32) (result i32)))
          (import "h" "wait" (func $wait (param i32) (result i32)))
          (func (export "outer") (param i32) (result i32) (i32.add (call $sync (local.get 0)) (call $wait (i32.const 1))))
          (func (export "inner") (param i32) (result i32) (i32.add (call $wait (local.get 0)) (i32.const 100))))
        """;

    [Fact]
    public async Task A_frame_of_the_hosts_makes_the_thread_wait()
    {
        int outerThread = 0, blockedThread = 0;
        Instance instance = null!;
        using World world = Make(Nested, linker =>
        {
            linker.DefineFunction("h", "sync", (int x) =>
            {
                outerThread = Environment.CurrentManagedThreadId;
                int result = (int)instance.GetFunction("inner")!.Invoke(x)!;
                blockedThread = Environment.CurrentManagedThreadId;
                return result;
            });
            linker.DefineAsyncFunction("h", "wait", async (int x) => { await Task.Delay(20); return x; });
        });
        instance = world.Instance;
        Assert.Equal(106, await Soon(world["outer"].InvokeAsync(5)));
        Assert.Equal(outerThread, blockedThread);
        Assert.Equal(106, world["outer"].Invoke(5));
    }

    [Fact]
    public async Task An_asynchronous_function_calls_the_guest_back()
    {
        Instance instance = null!;
        using World world = Make("""
            (module
              (import "h" "back" (func $back (param i32) (result i32)))
              (func (export "run") (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (i32.add (call $back (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
                  (else (i32.const 0)))))
            """, linker => linker.DefineAsyncFunction("h", "back", async (int x) =>
        {
            if (x % 3 == 0) await Task.Yield();
            return (int)(await instance.GetFunction("run")!.InvokeAsync(x))!;
        }));
        instance = world.Instance;
        Assert.Equal(50, await Soon(world["run"].InvokeAsync(50)));
        // The same where the thread has to wait: it drives the inner calls itself.
        Assert.Equal(50, world["run"].Invoke(50));
        Assert.Equal(0, world.Store.Tasks.SuspendedCount);
    }

    /// <summary>Guests and asynchronous functions that call each other without end run out of the host's stack, and the process does not.</summary>
    [Fact]
    public async Task Endless_recursion_is_a_trap()
    {
        Instance instance = null!;
        using World world = Make("""
            (module
              (import "h" "back" (func $back (param i32) (result i32)))
              (func (export "run") (param i32) (result i32) (i32.add (call $back (local.get 0)) (i32.const 1))))
            """, linker => linker.DefineAsyncFunction("h", "back", async (int x) => (int)(await instance.GetFunction("run")!.InvokeAsync(x + 1))!));
        instance = world.Instance;
        for (int i = 0; i < 2; i++)
        {
            TrapException trap = await Assert.ThrowsAsync<TrapException>(() => Soon(world["run"].InvokeAsync(0)));
            Assert.Equal(TrapCode.StackOverflow, trap.Type);
        }
        Assert.Equal(0, world.Store.Tasks.SuspendedCount);
    }

    /// <summary>A task of the host's own kind that throws when it is awaited.</summary>
    sealed class Broken : System.Threading.Tasks.Sources.IValueTaskSource<long>
    {
        public long GetResult(short token) => throw new NotSupportedException();
        public System.Threading.Tasks.Sources.ValueTaskSourceStatus GetStatus(short token) => System.Threading.Tasks.Sources.ValueTaskSourceStatus.Pending;
        public void OnCompleted(Action<object?> continuation, object? state, short token, System.Threading.Tasks.Sources.ValueTaskSourceOnCompletedFlags flags) => throw new IOException("broken");
    }

    [Fact]
    public async Task A_task_that_cannot_be_awaited_ends_the_call()
    {
        using World world = MakeAdder((a, _, _) => a == 0 ? new(1) : new ValueTask<long>(new Broken(), 0));
        await Assert.ThrowsAsync<IOException>(() => Soon(world["run"].InvokeAsync(1, 3)));
        Assert.Equal(1001L, await Soon(world["run"].InvokeAsync(0, 0)));
        Assert.Equal(0, world.Store.Tasks.SuspendedCount);
    }

    [Fact]
    public async Task Any_thread_goes_on()
    {
        // Each wait ends on a thread of its own, and the guest's host functions look at their stack's limit.
        HashSet<int> threads = [];
        using World world = MakeAdder((a, _, _) =>
        {
            lock (threads) threads.Add(Environment.CurrentManagedThreadId);
            TaskCompletionSource<long> wait = new();
            new Thread(() => wait.SetResult(a), 256 << 10).Start();
            return new(wait.Task);
        });
        for (int i = 0; i < 30; i++)
        {
            int number = i;
            // The first step on a thread that ends while the guest waits.
            Task<object?> call = await Task.Factory.StartNew(() => world["run"].InvokeAsync(number, 10).AsTask(), TaskCreationOptions.LongRunning);
            Assert.Equal(11L * i + 11 * (1000 + i), await call.WaitAsync(TimeSpan.FromSeconds(30)));
        }
        Assert.True(threads.Count > 1);
        AsyncLocal<string> local = new() { Value = "caller" };
        List<string?> seen = [];
        using World flowing = MakeAdder(async (a, _, _) => { seen.Add(local.Value); await Task.Yield(); return a; });
        Task<object?> task = flowing["run"].InvokeAsync(1, 4).AsTask();
        local.Value = "changed";
        await task;
        Assert.Equal(Enumerable.Repeat("caller", 5), seen);
    }

    [Fact]
    public async Task The_collector_sees_those_that_wait()
    {
        using World world = Make("""
            (module
              (type $box (struct (field (mut i32)) (field (ref null $box))))
              (import "h" "wait" (func $wait (param i32) (result i32)))
              (import "h" "object" (func $object (param anyref) (result anyref)))
              (func $deep (param i32) (param (ref null $box)) (result i32) (local $mine (ref null $box))
                (local.set $mine (struct.new $box (local.get 0) (local.get 1)))
                (i32.add
                  (struct.get $box 0 (ref.cast (ref null $box) (call $object (struct.new $box (call $wait (local.get 0)) (local.get $mine)))))
                  (i32.add
                    (if (result i32) (local.get 0)
                      (then (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get $mine)))
                      (else (i32.const 0)))
                    (struct.get $box 0 (local.get $mine)))))
              (func (export "run") (param i32) (result i32) (call $deep (local.get 0) (ref.null $box)))
              (func (export "litter") (result i32) (struct.get $box 0 (struct.new $box (i32.const 3) (struct.new $box (i32.const 4) (ref.null $box))))))
            """, linker =>
        {
            linker.DefineAsyncFunction("h", "wait", async (int x) => { await Task.Delay(1); return x; });
            linker.DefineAsyncFunction("h", "object", async (_, given) => { ValueBox a = given.Span[0]; await Task.Yield(); return [a]; }, [ValueKind.AnyRef], [ValueKind.AnyRef]);
        }, NewConfig().WithCollectionAtEveryAllocation(true));
        Function run = world["run"], litter = world["litter"];
        Task<object?>[] tasks = [.. Enumerable.Range(0, 40).Select(i => run.InvokeAsync(i % 8).AsTask())];
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(3, await Soon(litter.InvokeAsync()));
            await Task.Delay(1);
        }
        object?[] results = await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (object?)(i % 8 * (i % 8 + 1))), results);
        Assert.True(world.Store.Heap.Collections > 100);
    }

    [Fact]
    public async Task Ten_thousand_guests_wait_without_threads()
    {
        const int Guests = 10_000;
        using Engine engine = new(NewConfig().WithMaximumStackSize(64 << 10));
        using Linker linker = new(engine);
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 0;
        linker.DefineAsyncFunction("h", "wait", async (int a, long b, double c) => { Interlocked.Increment(ref waiting); await gate.Task; return (long)a; });
        using Module module = Compile(engine, Adder.Replace("(memory (export \"memory\") 1)", "(memory 0)"));
        Store[] stores = new Store[Guests];
        Task<object?>[] tasks = new Task<object?>[Guests];
        int before = Process.GetCurrentProcess().Threads.Count;
        for (int i = 0; i < Guests; i++)
        {
            stores[i] = new(engine);
            tasks[i] = linker.Instantiate(stores[i], module).GetFunction("run")!.InvokeAsync(i, 1).AsTask();
        }
        Assert.Equal(Guests, waiting);
        Assert.DoesNotContain(tasks, t => t.IsCompleted);
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
        await Task.Delay(300);
        used = Process.GetCurrentProcess().TotalProcessorTime - used;
        // Other tests have threads of their own.
        Assert.InRange(Process.GetCurrentProcess().Threads.Count, 1, before + 100);
        gate.SetResult();
        object?[] results = await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
        for (int i = 0; i < Guests; i++) Assert.Equal(2L * i + 2000 + 2 * i, results[i]);
        foreach (Store store in stores) store.Dispose();
        TestContext.Current.SendDiagnosticMessage($"waiting for 0.3 s took {used.TotalMilliseconds} ms of processor");
    }

    [Fact]
    public async Task Host_functions_can_be_called_like_guests()
    {
        using World world = new(this, NewConfig());
        Function slow = Function.FromAsyncCallback(world.Store, async (int x) => { await Task.Delay(5); return x + 1; });
        Assert.Equal(6, await Soon(slow.InvokeAsync(5)));
        Assert.Equal(6, slow.Invoke(5));
        Function failing = Function.FromAsyncCallback(world.Store, async () => { await Task.Yield(); throw new IOException("gone"); });
        await Assert.ThrowsAsync<IOException>(() => Soon(failing.InvokeAsync()));
        Assert.Throws<ArgumentException>(() => { _ = slow.InvokeAsync(); });
        await Assert.ThrowsAsync<ArgumentException>(() => Soon(slow.InvokeAsync(5L)));
    }

    [Fact]
    public async Task What_nobody_can_wake_is_given_back()
    {
        using World world = MakeAdder((a, _, _) => a == 0 ? new(1) : new ValueTask<long>(new TaskCompletionSource<long>().Task));
        WeakReference Leak() => new(world["run"].InvokeAsync(1, 0).AsTask());
        WeakReference leaked = Leak();
        Assert.Equal(1, world.Store.Tasks.SuspendedCount);
        Assert.Equal(1001L, await Soon(world["run"].InvokeAsync(0, 0)));
        world.Dispose();
        for (int i = 0; i < 20 && leaked.IsAlive; i++)
        {
            await Task.Delay(10);
            System.GC.Collect();
            System.GC.WaitForPendingFinalizers();
        }
        Assert.False(leaked.IsAlive);
    }
}
