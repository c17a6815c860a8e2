using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Functions that are interpreted until they are hot: what goes over from one tier to the other, in the middle of a loop too.</summary>
public sealed class TierUpTests
{
    static Config AtOnce => new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);

    static (Module Module, Instance Instance) Make(Config config, string text, Action<Linker>? define = null)
    {
        Engine engine = new(config);
        Linker linker = new(engine);
        define?.Invoke(linker);
        Module module = Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)));
        return (module, linker.Instantiate(new Store(engine), module));
    }

    static HotFunctions HotOf(Module module) => ((NativeCode)module.Code).Hot!;

    // A value of each kind in locals and under the loop, which has parameters, too; some lie under an if with parameters of its own.
    const string Frame = """
        (module
          (func (export "f") (param $n i32) (result i64 f64 i32 f32)
            (local $i i32) (local $l i64) (local $f f32) (local $d f64) (local $v v128) (local $r externref) (local $k funcref)
            (local.set $l (i64.const 0x123456789)) (local.set $f (f32.const 1.5)) (local.set $d (f64.const -2.25))
            (local.set $v (v128.const i32x4 1 2 3 4)) (local.set $k (ref.func 0))
            (i64.const 77) (v128.const i64x2 5 6) (f32.const 0.5) (local.get $n) (local.get $n)
            (if (param i32) (result i64 i32)
              (then
                (drop)
                (i64.const -9) (i32.const 3)
                (loop $again (param i64 i32) (result i64 i32)
                  (i32.add (local.get $n)) (local.set $i)
                  (i64.add (local.get $l))
                  (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $n))))
                  (local.set $d (f64.mul (local.get $d) (f64.const 1.125)))
                  (block $inner (loop $twice (br_if $inner (i32.gt_u (local.get $i) (i32.const 90))) (local.set $i (i32.add (local.get $i) (i32.const 7))) (br $twice)))
                  (local.get $i)
                  (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                  (br_if $again (local.get $n))))
              (else
                (i64.extend_i32_u) (i32.const 4)
                (loop $again (param i64 i32) (result i64 i32)
                  (i32.sub (i32.const 1)) (local.set $i)
                  (i64.add (i64.const 3))
                  (local.get $i) (br_if $again (local.get $i)))))
            (local.set $i) (local.set $l) (local.set $f) (i64x2.extract_lane 1) (i64.add (local.get $l)) (i64.add)
            (local.get $d)
            (i32.add (local.get $i) (i32x4.extract_lane 3 (local.get $v)))
            (i32.add (ref.is_null (local.get $r))) (i32.add (i32.shl (ref.is_null (local.get $k)) (i32.const 8)))
            (local.get $f)))
        """;

    [Fact]
    public void A_loop_goes_on_in_machine_code_with_all_that_its_frame_holds()
    {
        (Module module, Instance instance) = Make(AtOnce, Frame);
        (_, Instance expected) = Make(new(), Frame);
        foreach (int n in (int[])[25, 1, 0, 100])
            Assert.Equal(expected.GetFunction<int, (long, double, int, float)>("f")!(n), instance.GetFunction<int, (long, double, int, float)>("f")!(n));
        // The outer one first; the inner one because the outer one had not come round again.
        Assert.Equal(2, HotOf(module).CompiledLoops);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_trap_in_a_loop_that_was_taken_over_has_the_backtrace_of_the_interpreter(bool signals)
    {
        const string Text = """
            (module (memory 1)
              (func $deep (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.load (i32.const 70000)))))
                (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
              (func $loop (param $n i32) (result i32)
                (loop $again (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $again (i32.gt_s (local.get $n) (i32.const 3))))
                (i32.add (call $deep (local.get $n)) (i32.const 1)))
              (func (export "f") (param i32) (result i32) (i32.mul (call $loop (local.get 0)) (i32.const 3))))
            """;
        TrapException Trap(Config config) => Assert.Throws<TrapException>(() => Make(config, Text).Instance.GetFunction<int, int>("f")!(50));
        TrapException expected = Trap(new()), actual = Trap(AtOnce.WithSignalsBasedTraps(signals));
        Assert.Equal(expected.Type, actual.Type);
        Assert.Equal(expected.Frames.Select(f => f.ToString()), actual.Frames.Select(f => f.ToString()));
    }

    [Fact]
    public void References_survive_the_change_and_collections_on_both_sides_of_it()
    {
        const string Text = """
            (module
              (type $list (struct (field i32) (field (mut (ref null $list)))))
              (func $cons (param $n i32) (param $tail (ref null $list)) (result (ref $list)) (struct.new $list (local.get $n) (local.get $tail)))
              (func (export "f") (param $n i32) (result i32) (local $head (ref null $list)) (local $sum i32)
                (local.set $head (call $cons (i32.const 1000) (ref.null $list)))
                (call $cons (i32.const 7) (local.get $head))
                (block
                  (loop $again
                    (local.set $head (call $cons (local.get $n) (local.get $head)))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
                (struct.get $list 0) (local.get $sum) (i32.add) (local.set $sum)
                (loop $next
                  (local.set $sum (i32.add (local.get $sum) (struct.get $list 0 (local.get $head))))
                  (drop (call $cons (i32.const 0) (ref.null $list)))
                  (local.set $head (struct.get $list 1 (local.get $head)))
                  (br_if $next (i32.eqz (ref.is_null (local.get $head)))))
                (local.get $sum)))
            """;
        (Module module, Instance instance) = Make(AtOnce.WithCollectionAtEveryAllocation(true), Text);
        for (int i = 0; i < 3; i++) Assert.Equal(1000 + 7 + 20 * 21 / 2, instance.GetFunction<int, int>("f")!(20));
        // What is behind the first loop is in machine code with it; and then the function is as a whole.
        Assert.Equal(1, HotOf(module).CompiledLoops);
    }

    [Fact]
    public void Exceptions_find_handlers_around_a_loop_that_was_taken_over_and_not_those_of_a_tail_call()
    {
        const string Text = """
            (module (tag $e (param i32))
              (func $throws (param i32) (result i32) (throw $e (local.get 0)))
              (func $maybe (param $n i32) (result i32)
                (block $caught (result i32)
                  (try_table (result i32) (catch $e $caught)
                    (loop $again (result i32)
                      (if (i32.eq (local.get $n) (i32.const 5)) (then (return (call $throws (i32.const 55)))))
                      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                      (br_if $again (i32.const 1) (local.get $n)))))
                (i32.const 1) (i32.add))
              (func $tail (param $n i32) (result i32)
                (block $caught (result i32)
                  (try_table (result i32) (catch $e $caught)
                    (loop $again (result i32)
                      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                      (br_if $again (i32.const 1) (local.get $n))
                      (return_call $throws (i32.const 8))))))
              (func (export "f") (param i32) (result i32)
                (block $caught (result i32)
                  (try_table (result i32) (catch $e $caught) (i32.add (call $maybe (local.get 0)) (call $tail (local.get 0)))))))
            """;
        foreach (Config config in (Config[])[new(), AtOnce])
        {
            (_, Instance instance) = Make(config, Text);
            for (int i = 0; i < 3; i++) Assert.Equal(8, instance.GetFunction<int, int>("f")!(9));
        }
    }

    // Settings with which a function stays cold for long, and the guest's own thread compiles.
    static Config Patient(int heat) => new Config().WithNativeCode(CompileMode.TierUp, new TierUpSettings(heat, false, false));

    const string PingPong = """
        (module
          (func $ping (export "ping") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (i32.add (call $pong (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
          (func $pong (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (i32.add (call $ping (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))
            (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop)))
        """;

    [Fact]
    public void Recursion_through_both_tiers_goes_as_deep_as_in_one()
    {
        // A host's stack that has room for some hundred passages only.
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                (Module module, Instance instance) = Make(Patient(20_000).WithMaximumStackSize(16 << 20), PingPong);
                Func<int, int> ping = instance.GetFunction<int, int>("ping")!;
                for (int i = 0; i < 200_000; i++) Assert.Equal(0, ping(0));
                Assert.True(((NativeCode)module.Code).IsCompiled(0));
                Assert.False(((NativeCode)module.Code).IsCompiled(1));
                Assert.Equal(9_000, ping(9_000));
                Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => ping(int.MaxValue)).Type);
                Assert.Equal(100, ping(100));
            }
            catch (Exception e)
            {
                failure = e;
            }
        }, 512 << 10);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void Calls_of_every_shape_go_out_of_machine_code_into_the_interpreter_and_back()
    {
        // More arguments and results than there are registers, of all types.
        string parameters = string.Join(' ', Enumerable.Range(0, 12).Select(i => (i % 5) switch { 0 => "i32", 1 => "i64", 2 => "f32", 3 => "f64", _ => "v128" })) + " i32 i32 i32 i32 i32 f64 f64 f64 f64 f64 f64";
        string[] types = parameters.Split(' ');
        string Cold(string name) => $"(func ${name} (param {parameters}) (result {parameters}) {string.Join(' ', types.Select((_, i) => $"(local.get {i})"))})";
        string arguments = string.Join(' ', types.Select((t, i) => t == "v128" ? $"(v128.const i64x2 {i} -{i + 1})" : $"({t}.const {(t[0] == 'i' ? -i : i + 0.5)})"));
        string sum = "";
        for (int i = types.Length - 1; i >= 0; i--)
            sum += types[i] switch
            {
                "i32" => "(i64.extend_i32_s)", "i64" => "", "f32" => "(i64.trunc_f64_s (f64.mul (f64.promote_f32) (f64.const 10)))", "f64" => "(i64.trunc_f64_s (f64.mul (f64.const 10)))", _ => "(i64x2.extract_lane 1)",
            } + "(local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31))))";
        // The folded form of an operator with one operand on the stack.
        string text = $"""
            (module {Cold("cold")}
              (func (export "f") (param i32) (result i64) (local $s i64) (if (i32.eqz (local.get 0)) (then (return (i64.const 0)))) (call $cold {arguments}) {sum.Replace("(i64.extend_i32_s)", "i64.extend_i32_s").Replace("(i64x2.extract_lane 1)", "i64x2.extract_lane 1").Replace("(i64.trunc_f64_s (f64.mul (f64.promote_f32) (f64.const 10)))", "f64.promote_f32 f64.const 10 f64.mul i64.trunc_f64_s").Replace("(i64.trunc_f64_s (f64.mul (f64.const 10)))", "f64.const 10 f64.mul i64.trunc_f64_s").Replace("(local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31))))", " local.get $s i64.const 31 i64.mul i64.add local.set $s ")} (local.get $s)))
            """;
        long expected = Make(new(), text).Instance.GetFunction<int, long>("f")!(1);
        // Nothing is inlined: the calls are what this is about.
        (Module module, Instance instance) = Make(Patient(500).WithOptimizationLevel(OptimizationLevel.None), text);
        Func<int, long> f = instance.GetFunction<int, long>("f")!;
        for (int i = 0; i < 30_000; i++) f(0);
        Assert.True(((NativeCode)module.Code).IsCompiled(1));
        Assert.False(((NativeCode)module.Code).IsCompiled(0));
        for (int i = 0; i < 10_000; i++) Assert.Equal(expected, f(1));
        Assert.True(((NativeCode)module.Code).IsCompiled(0));
    }

    [Fact]
    public unsafe void What_another_instance_imports_leads_straight_to_code_once_there_is_some()
    {
        using Engine engine = new(Patient(500));
        using Store store = new(engine);
        using Linker linker = new(engine);
        Module Load(string text) => Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)));
        using Module exporter = Load("(module (func (export \"f\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))");
        using Module importer = Load("""
            (module (import "a" "f" (func $f (param i32) (result i32)))
              (func (export "g") (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 2))))
            """);
        linker.Define("a", "f", linker.Instantiate(store, exporter).GetFunction("f")!);
        Instance instance = linker.Instantiate(store, importer);
        Func<int, int> g = instance.GetFunction<int, int>("g")!;
        for (int i = 0; i < 60_000; i++) Assert.Equal(2 * (i + 1), g(i));
        Assert.True(((NativeCode)importer.Code).IsCompiled(0));
        Assert.True(((NativeCode)exporter.Code).IsCompiled(0));
        Assert.Equal(((NativeCode)exporter.Code).Entry(0), instance.GetFunction("g")!.Reference->Context->Functions[0].NativeEntry);
    }

    [Fact]
    public void A_module_can_go_while_its_functions_are_compiled()
    {
        for (int i = 0; i < 40; i++)
        {
            using Engine engine = new(new Config().WithNativeCode(CompileMode.TierUp, new TierUpSettings(0, true, true)));
            using (Module module = Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(Frame))))
            using (Store store = new(engine))
                new Instance(store, module).GetFunction<int, (long, double, int, float)>("f")!(i);
        }
    }
}
