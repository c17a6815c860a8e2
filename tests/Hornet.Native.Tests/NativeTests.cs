using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>What machine code must do beyond giving the suite's results: traps, backtraces, hosts, stacks, unloading.</summary>
public sealed class NativeTests
{
    public static TheoryData<string> Tiers => ["interpreter", "lazy", "eager", "checked", "plain", "quiet", "tier-up"];

    static Config Configure(string tier, Config? config = null) => tier switch
    {
        "interpreter" => config ?? new(),
        "lazy" => (config ?? new()).WithNativeCode(tierUp: false),
        "eager" => (config ?? new()).WithNativeCode(lazy: false),
        "tier-up" => (config ?? new()).WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce),
        "plain" => (config ?? new()).WithNativeCode(tierUp: false).WithOptimizationLevel(OptimizationLevel.None),
        "quiet" => (config ?? new()).WithNativeCode(tierUp: false).WithOptimizationLevel(OptimizationLevel.SpeedAndSize).WithSignalsBasedTraps(false),
        _ => (config ?? new()).WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(1 << 20),
    };

    static (Store Store, Instance Instance) Instantiate(string tier, string text, Action<Linker>? define = null, Config? config = null)
    {
        Engine engine = new(Configure(tier, config));
        Linker linker = new(engine);
        define?.Invoke(linker);
        Store store = new(engine);
        return (store, linker.Instantiate(store, Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)))));
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Backtraces_name_the_same_functions_and_offsets_on_every_tier(string tier)
    {
        const string Text = """
            (module
              (memory 1)
              (func $inner (param i32) (result i32) (i32.load offset=4 (local.get 0)))
              (func $middle (param i32) (result i32) (i32.add (i32.const 1) (call $inner (i32.mul (local.get 0) (i32.const 65536)))))
              (func $outer (export "outer") (param i32) (result i32) (i32.add (call $middle (local.get 0)) (i32.const 7))))
            """;
        TrapException expected = Assert.Throws<TrapException>(() => Instantiate("interpreter", Text).Instance.GetFunction<int, int>("outer")!(1));
        TrapException actual = Assert.Throws<TrapException>(() => Instantiate(tier, Text).Instance.GetFunction<int, int>("outer")!(1));
        Assert.Equal(TrapCode.MemoryOutOfBounds, actual.Type);
        Assert.Equal(expected.Frames.Select(f => f.ToString()), actual.Frames.Select(f => f.ToString()));
        Assert.Equal(["inner", "middle", "outer"], actual.Frames.Select(f => f.FunctionName));
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Backtraces_go_through_host_functions(string tier)
    {
        Func<int, int>? again = null;
        const string Text = """
            (module (import "h" "f" (func $f (param i32) (result i32)))
              (func $leaf (param i32) (result i32) (if (i32.eqz (local.get 0)) (then unreachable)) (i32.const 1))
              (func $mid (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
              (func (export "run") (param i32) (result i32) (i32.add (call $leaf (local.get 0)) (call $mid (i32.sub (local.get 0) (i32.const 1))))))
            """;
        TrapException Trap(string tier, Func<int, int> host)
        {
            (_, Instance instance) = Instantiate(tier, Text, linker => linker.DefineFunction("h", "f", (int x) => host(x)));
            again = instance.GetFunction<int, int>("run")!;
            return Assert.Throws<TrapException>(() => again(2));
        }

        // A trap two guests down, and one that the host function raises itself.
        Assert.Equal(Trap("interpreter", x => again!(x)).Frames.Select(f => f.ToString()), Trap(tier, x => again!(x)).Frames.Select(f => f.ToString()));
        TrapException raised = Trap(tier, _ => throw new TrapException(TrapCode.Unreachable));
        Assert.Equal(["mid", "run"], raised.Frames.Select(f => f.FunctionName));
        Assert.Equal(Trap("interpreter", _ => throw new TrapException(TrapCode.Unreachable)).Frames.Select(f => f.ToString()), raised.Frames.Select(f => f.ToString()));
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Accesses_at_every_boundary(string tier)
    {
        (_, Instance instance) = Instantiate(tier, """
            (module (memory 1 2)
              (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
              (func (export "far") (param i32) (result i32) (i32.load offset=0xfffffffc (local.get 0)))
              (func (export "guard") (param i32) (result i32) (i32.load offset=33554432 (local.get 0)))
              (func (export "store") (param i32) (i64.store (local.get 0) (i64.const -1)))
              (func (export "grow") (result i32) (memory.grow (i32.const 1))))
            """);
        Func<int, int> load = instance.GetFunction<int, int>("load")!, far = instance.GetFunction<int, int>("far")!, guard = instance.GetFunction<int, int>("guard")!;
        Action<int> store = instance.GetAction<int>("store")!;
        Assert.Equal(0, load(65532));
        foreach (int address in (int[])[65533, 65536, 131068, int.MaxValue, int.MinValue, -1, -4]) Trap(() => load(address));
        foreach (int address in (int[])[0, 1, 4, 65536, -1, int.MinValue]) Trap(() => far(address));
        foreach (int address in (int[])[0, -1, int.MinValue]) Trap(() => guard(address));
        store(65528);
        foreach (int address in (int[])[65529, 65535, 65536, -8]) Trap(() => store(address));
        Assert.Equal(-1, load(65528));
        Assert.Equal(1, instance.GetFunction<int>("grow")!());
        Assert.Equal(0, load(131068));
        Trap(() => load(131069));

        static void Trap(Action run) => Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(run).Type);
    }

    [Theory, MemberData(nameof(Tiers))]
    public void An_exception_of_a_host_function_reaches_the_caller_as_it_is(string tier)
    {
        InvalidOperationException thrown = new("from the host");
        (_, Instance instance) = Instantiate(tier, """
            (module (import "h" "f" (func $f (param i32 f64 i64) (result i64 f32)))
              (func $deep (param i32) (result i64) (call $f (local.get 0) (f64.const 2.5) (i64.const -3)) drop)
              (func (export "run") (param i32) (result i64) (i64.add (call $deep (local.get 0)) (i64.const 1))))
            """, linker => linker.DefineFunction("h", "f", (int a, double b, long c) => a < 0 ? throw thrown : ((long)(a * b) + c, 1.5f)));
        Func<int, long> run = instance.GetFunction<int, long>("run")!;
        Assert.Equal(8, run(4));
        Assert.Same(thrown, Assert.Throws<InvalidOperationException>(() => run(-1)));
        Assert.Equal(8, run(4));
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Runaway_recursion_is_a_trap_and_deep_recursion_is_not(string tier)
    {
        (_, Instance instance) = Instantiate(tier, """
            (module
              (func $down (export "down") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
              (func $forever (export "forever") (call $forever)))
            """);
        Assert.Equal(5_000, instance.GetFunction<int, int>("down")!(5_000));
        for (int i = 0; i < 3; i++) Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => instance.GetAction("forever")!()).Type);
        Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("down")!(-1)).Type);
        Assert.Equal(5_000, instance.GetFunction<int, int>("down")!(5_000));
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Guest_host_guest_recursion_ends_in_the_same_trap(string tier)
    {
        Exception? failure = null;
        Thread thread = new(() => failure = Record.Exception(() =>
        {
            Action? again = null;
            (_, Instance instance) = Instantiate(tier, """(module (import "h" "again" (func $a)) (func (export "run") (call $a)))""",
                linker => linker.DefineFunction("h", "again", () => again!()));
            again = instance.GetAction("run")!;
            again();
        }), 512 << 10);
        thread.Start();
        thread.Join();
        Assert.Equal(TrapCode.StackOverflow, Assert.IsType<TrapException>(failure).Type);
    }

    [Theory, MemberData(nameof(Tiers))]
    public void A_tight_loop_is_interrupted(string tier)
    {
        (Store store, Instance instance) = Instantiate(tier, """(module (func (export "spin") (loop (br 0))))""", config: new Config().WithEpochInterruption(true));
        store.SetDeadline(TimeSpan.FromMilliseconds(30));
        Assert.Equal(TrapCode.Interrupt, Assert.ThrowsAny<TrapException>(() => instance.GetAction("spin")!()).Type);
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Functions_that_stay_with_the_interpreter_work_among_the_others(string tier)
    {
        // Atomics are not machine code yet; calls go both ways, and a trap below goes through all of them.
        (_, Instance instance) = Instantiate(tier, """
            (module (memory 1 1 shared) (table 2 funcref) (elem (i32.const 0) $count $double)
              (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
              (func $count (param i32) (result i32) (i32.atomic.rmw.add (i32.const 0) (call $double (local.get 0))))
              (func (export "run") (param i32 i32) (result i32) (i32.add (call $count (local.get 0)) (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))))
            """);
        Func<int, int, int> run = instance.GetFunction<int, int, int>("run")!;
        Assert.Equal(0 + 6, run(3, 1));
        Assert.Equal(6 + 12, run(3, 0));
        TrapException trap = Assert.Throws<TrapException>(() => run(1, 2));
        Assert.Equal(TrapCode.UndefinedElement, trap.Type);
    }

    [Fact]
    public void Many_threads_may_call_a_function_for_the_first_time()
    {
        StringBuilder text = new("(module ");
        for (int i = 0; i < 100; i++) text.Append($"(func $f{i} (param i32) (result i32) {(i == 0 ? "(local.get 0)" : $"(i32.add (call $f{i - 1} (local.get 0)) (i32.const {i}))")})");
        text.Append("(func (export \"run\") (param i32) (result i32) (call $f99 (local.get 0))))");
        byte[] bytes = WatParser.Parse(Encoding.UTF8.GetBytes(text.ToString()));
        for (int round = 0; round < 5; round++)
        {
            using Engine engine = new(new Config().WithNativeCode(tierUp: false));
            using Module module = Module.FromBytes(engine, bytes);
            Parallel.For(0, 16, _ =>
            {
                using Store store = new(engine);
                Assert.Equal(4950 + 1, new Linker(engine).Instantiate(store, module).GetFunction<int, int>("run")!(1));
            });
        }
    }

    [Fact]
    public void Code_of_modules_that_are_gone_is_given_back()
    {
        byte[] bytes = WatParser.Parse("""(module (func $a (result i32) (i32.const 1)) (func (export "run") (result i32) (call $a)))"""u8);
        using Engine engine = new(new Config().WithNativeCode(tierUp: false));
        Run(engine);
        long before = CodeArena.Process.Free;
        for (int i = 0; i < 400; i++) Run(engine);
        // Other tests' forgotten modules come and go meanwhile, but not as many as would stay here.
        Assert.InRange(CodeArena.Process.Free, before - (1 << 20), long.MaxValue);

        void Run(Engine engine)
        {
            using Module module = Module.FromBytes(engine, bytes);
            using Store store = new(engine);
            Assert.Equal(1, new Linker(engine).Instantiate(store, module).GetFunction<int>("run")!());
        }
    }

    [Fact]
    public void Code_memory_is_shared_by_small_pieces_and_wiped_behind_them()
    {
        CodeArena arena = CodeArena.Process;
        Random random = new(7);
        List<(CodeRange Range, byte Fill)> ranges = [];
        for (int i = 0; i < 3000; i++)
        {
            if (ranges.Count > 0 && random.Next(5) < 2)
            {
                int at = random.Next(ranges.Count);
                Check(ranges[at]);
                ranges[at].Range.Dispose();
                ranges.RemoveAt(at);
                continue;
            }
            byte fill = (byte)random.Next(1, 256);
            int size = random.Next(40) == 0 ? random.Next(1, 3 << 20) : random.Next(1, 9000);
            ranges.Add((arena.Publish(size, range => range.Writable.Fill(fill)), fill));
            Assert.Throws<InvalidOperationException>(() => ranges[^1].Range.Writable.Length);
        }
        foreach (var range in ranges) Check(range);
        Assert.Throws<FormatException>(() => arena.Publish(100, _ => throw new FormatException()));
        foreach ((CodeRange range, _) in ranges) range.Dispose();

        static void Check((CodeRange Range, byte Fill) range) => Assert.False(range.Range.Bytes.ContainsAnyExcept(range.Fill));
    }

    [Fact]
    public void A_call_of_machine_code_allocates_nothing()
    {
        (_, Instance instance) = Instantiate("lazy", """(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))""");
        Func<int, int, int> add = instance.GetFunction<int, int, int>("add")!;
        for (int i = 0; i < 100; i++) add(i, i);
        // The least of a few tries: .NET compiles its own code again meanwhile.
        long least = long.MaxValue;
        for (int tries = 0; tries < 5 && least != 0; tries++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++) add(i, i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }
}
