using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Exceptions in machine code: deep stacks, loops, tiers and hosts in between, and what must not be caught.</summary>
public sealed class ExceptionTests
{
    /// <summary>"odd" and "even" leave every other function to the interpreter.</summary>
    public static TheoryData<string> Tiers => ["interpreter", "lazy", "eager", "odd", "even", "tier-up", "stress"];

    static Instance Instantiate(string tier, string text, Action<Linker, Store>? define = null, Config? config = null)
    {
        config ??= new();
        config.WithFeature(Wasm.Features.LegacyExceptions, true).WithMaximumStackSize(8 << 20);
        if (tier == "tier-up") config.WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);
        else if (tier != "interpreter") config.WithNativeCode(lazy: tier != "eager", tierUp: false);
        if (tier == "stress") config.WithCollectionAtEveryAllocation(true);
        Engine engine = new(config);
        Linker linker = new(engine);
        Store store = new(engine);
        define?.Invoke(linker, store);
        return linker.Instantiate(store, Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text))));
    }

    /// <summary>Runs with functions of the tier's kind left to the interpreter: they are compiled on this thread, at their first call.</summary>
    static void Run(string tier, Action test)
    {
        ModuleCompiler.LeaveOut = tier switch { "odd" => static i => i % 2 == 1, "even" => static i => i % 2 == 0, _ => null };
        try
        {
            test();
        }
        finally
        {
            ModuleCompiler.LeaveOut = null;
        }
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Payloads_of_every_type_arrive(string tier) => Run(tier, () =>
    {
        Instance instance = Instantiate(tier, """
            (module
              (tag $t (param i32 i64 f32 f64 v128 funcref externref i31ref))
              (tag $other)
              (func $throw (param i32 externref)
                (throw $t (local.get 0) (i64.const -2) (f32.const 1.5) (f64.const -0.0) (v128.const i64x2 7 8) (ref.func $throw) (local.get 1) (ref.i31 (i32.const 99))))
              (elem declare func $throw)
              (func $catch (export "catch") (param i32 externref) (result i32 i64 f32 f64 i64 i32 externref i32)
                (local $v v128) (local $f funcref) (local $e externref) (local $i i31ref)
                (block $l (result i32 i64 f32 f64 v128 funcref externref i31ref)
                  (block $o (try_table (catch $other $o) (catch $t $l) (call $throw (local.get 0) (local.get 1))))
                  (unreachable))
                (local.set $i) (local.set $e) (local.set $f) (local.set $v)
                (i64x2.extract_lane 1 (local.get $v))
                (ref.is_null (local.get $f))
                (local.get $e)
                (i31.get_u (local.get $i)))
              (func $reference (export "reference") (param i32 externref) (result i32 externref)
                (local $x exnref)
                (block $l (result exnref) (try_table (catch_all_ref $l) (call $throw (local.get 0) (local.get 1))) (unreachable))
                (local.set $x)
                (block $m (result i32 i64 f32 f64 v128 funcref externref i31ref exnref)
                  (try_table (catch_ref $t $m) (throw_ref (local.get $x)))
                  (unreachable))
                drop drop
                (local.set 1)
                drop drop drop drop drop
                (local.get 1)))
            """);
        object host = new();
        object?[] results = (object?[])instance.GetFunction("catch")!.Invoke(41, ValueBox.ExternRef(host))!;
        Assert.Equal([41, -2L, 1.5f, -0.0, 8L, 0, host, 99], results);
        Assert.Equal([17, host], (object?[])instance.GetFunction("reference")!.Invoke(17, ValueBox.ExternRef(host))!);
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Ten_thousand_frames_are_unwound(string tier) => Run(tier, () =>
    {
        Instance instance = Instantiate(tier, """
            (module
              (tag $t (param i32)) (tag $other)
              (func $plain (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 5))))
                (i32.add (i32.const 1) (call $plain (i32.sub (local.get 0) (i32.const 1)))))
              (func $passing (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 6))))
                (block $o (return (try_table (result i32) (catch $other $o) (i32.add (i32.const 1) (call $passing (i32.sub (local.get 0) (i32.const 1)))))))
                (i32.const -1))
              (func (export "plain") (param i32) (result i32)
                (block $l (result i32) (return (try_table (result i32) (catch $t $l) (call $plain (local.get 0)))))
                (i32.add (local.get 0)))
              (func (export "passing") (param i32) (result i32)
                (block $l (result i32) (return (try_table (result i32) (catch $t $l) (call $passing (local.get 0)))))
                (i32.add (local.get 0))))
            """);
        // Frames of two tiers in turn also take the host's stack, and each boundary makes a .NET exception.
        int depth = tier is "odd" or "even" ? 200 : 10_000;
        Assert.Equal(depth + 5, instance.GetFunction<int, int>("plain")!(depth));
        Assert.Equal(depth + 6, instance.GetFunction<int, int>("passing")!(depth));
        Assert.Equal(depth + 5, instance.GetFunction<int, int>("plain")!(depth));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Throwing_in_a_loop_takes_no_memory(string tier) => Run(tier, () =>
    {
        // A heap of one megabyte holds some 40,000 exceptions.
        Instance instance = Instantiate(tier, """
            (module
              (tag $t (param i32))
              (func $throw (param i32) (throw $t (local.get 0)))
              (func (export "far") (param i32) (result i32) (local $sum i32)
                (loop $again
                  (block $l (result i32) (try_table (catch $t $l) (call $throw (local.get 0))) (i32.const 0))
                  (local.set $sum (i32.add (local.get $sum)))
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $sum))
              (func (export "near") (param i32) (result i32) (local $sum i32)
                (loop $again
                  (block $l (result i32) (try_table (catch $t $l) (throw $t (local.get 0))) (i32.const 0))
                  (local.set $sum (i32.add (local.get $sum)))
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $sum)))
            """, config: new Config().WithMaximumHeapSize(1 << 20));
        int count = tier is "odd" or "even" or "stress" ? 3_000 : 200_000;
        int sum = (int)((long)count * (count + 1) / 2);
        Assert.Equal(sum, instance.GetFunction<int, int>("near")!(count));
        Assert.Equal(sum, instance.GetFunction<int, int>("far")!(count));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Exceptions_cross_host_functions_both_ways(string tier) => Run(tier, () =>
    {
        Instance? instance = null;
        instance = Instantiate(tier, """
            (module
              (import "h" "throw" (func $host (param i32)))
              (import "h" "through" (func $through (param i32)))
              (import "h" "bug" (func $bug))
              (tag $t (export "t") (param i32 f64))
              (tag $u (export "u"))
              (func $inner (export "inner") (param i32) (throw $t (local.get 0) (f64.const 0.5)))
              (func $a (param i32) (call $host (local.get 0)))
              (func $b (param i32) (call $through (local.get 0)))
              (func $try (export "host") (param i32) (result i32)
                (block $l (result i32 f64) (try_table (catch $t $l) (call $a (local.get 0))) (return (i32.const -1)))
                drop)
              (func (export "through") (param i32) (result i32)
                (block $u (block $l (result i32 f64) (try_table (catch $u $u) (catch $t $l) (call $b (local.get 0))) (return (i32.const -1))) (drop) (return))
                (i32.const -2))
              (func (export "loose") (param i32) (block $l (try_table (catch $u $l) (call $b (local.get 0)))))
              (func (export "bug") (block $l (try_table (catch_all $l) (call $bug)))))
            """, (linker, store) =>
        {
            linker.DefineFunction("h", "throw", (int x) => throw new WasmException(instance!.GetTag(x == 0 ? "u" : "t")!, x == 0 ? [] : [x + 1, 2.0]));
            linker.DefineFunction("h", "through", (int x) => instance!.GetAction<int>("inner")!(x));
            linker.DefineFunction("h", "bug", () => throw new NotSupportedException("a host's own"));
        });
        Func<int, int> host = instance.GetFunction<int, int>("host")!;
        Assert.Equal(8, host(7));
        // The other tag passes the guest's only clause, and reaches the host with its tag.
        Assert.Equal(instance.GetTag("u"), Assert.Throws<WasmException>(() => host(0)).Tag);
        Assert.Equal(9, instance.GetFunction<int, int>("through")!(9));
        WasmException loose = Assert.Throws<WasmException>(() => instance.GetAction<int>("loose")!(4));
        Assert.Equal(instance.GetTag("t"), loose.Tag);
        Assert.Equal((4, 0.5), (loose.Values[0].AsInt32(), loose.Values[1].AsDouble()));
        Assert.Throws<NotSupportedException>(() => instance.GetAction("bug")!());
        Assert.Equal(8, host(7));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Tags_are_the_same_in_every_instance_that_imports_them(string tier) => Run(tier, () =>
    {
        Config config = new();
        if (tier == "tier-up") config.WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);
        else if (tier != "interpreter") config.WithNativeCode(lazy: tier != "eager", tierUp: false);
        Engine engine = new(config);
        Linker linker = new(engine);
        Store store = new(engine);
        Module Parse(string text) => Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)));
        linker.DefineInstance(store, "a", linker.Instantiate(store, Parse("""
            (module (tag $t (export "t") (param i64)) (global (export "g") (mut i32) (i32.const 1))
              (func (export "throw") (param i64) (throw $t (local.get 0))))
            """)));
        // Its own tag of the same type, and a memory so that the contexts differ in shape.
        Instance b = linker.Instantiate(store, Parse("""
            (module
              (import "a" "t" (tag $t (param i64)))
              (import "a" "throw" (func $throw (param i64)))
              (memory 1) (data (i32.const 0) "\2a")
              (tag $own (param i64))
              (func (export "run") (param i64) (result i64)
                (block $l (result i64)
                  (block $o (result i64) (try_table (catch $own $o) (catch $t $l) (call $throw (local.get 0))) (return (i64.const -1)))
                  (return (i64.const -2)))
                (i64.add (i64.load8_u (i32.const 0)))))
            """));
        Assert.Equal(43, b.GetFunction<long, long>("run")!(1));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Traps_are_not_caught_and_tail_calls_leave_their_try(string tier) => Run(tier, () =>
    {
        Instance instance = Instantiate(tier, """
            (module (memory 1) (tag $t)
              (func $trap (param i32) (result i32) (if (local.get 0) (then (return (i32.load (i32.const -1))))) (unreachable))
              (func $forever (result i32) (i32.add (call $forever) (i32.const 1)))
              (func $throw (result i32) (throw $t))
              (func $tail (result i32) (block $l (return (try_table (result i32) (catch_all $l) (return_call $throw)))) (i32.const 1))
              (func (export "trap") (param i32) (result i32) (block $l (return (try_table (result i32) (catch_all $l) (call $trap (local.get 0))))) (i32.const 1))
              (func (export "forever") (result i32) (block $l (return (try_table (result i32) (catch_all $l) (call $forever)))) (i32.const 1))
              (func (export "tail") (result i32) (block $l (return (try_table (result i32) (catch $t $l) (call $tail)))) (i32.const 2))
              (func (export "null") (block $l (try_table (catch_all $l) (throw_ref (ref.null exn))))))
            """);
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("trap")!(1)).Type);
        Assert.Equal(TrapCode.Unreachable, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("trap")!(0)).Type);
        Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => instance.GetFunction<int>("forever")!()).Type);
        Assert.Equal(2, instance.GetFunction<int>("tail")!());
        Assert.Equal(TrapCode.NullExceptionReference, Assert.Throws<TrapException>(() => instance.GetAction("null")!()).Type);
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Values_in_registers_are_what_they_were_in_the_handler(string tier) => Run(tier, () =>
    {
        Instance instance = Instantiate(tier, """
            (module (tag $t (param i32))
              (func $callee (param i32 i32 i32 i32) (result i32)
                (if (i32.lt_s (local.get 0) (i32.const 3)) (then (throw $t (local.get 0))))
                (i32.mul (local.get 1) (i32.add (local.get 2) (local.get 3))))
              (func (export "run") (param i32) (result i64)
                (local i32 i32 i32 i64 f64 externref i32)
                (local.set 1 (i32.const 11)) (local.set 2 (i32.const 22)) (local.set 3 (i32.const 33)) (local.set 4 (i64.const 44)) (local.set 5 (f64.const 5.5))
                (loop $again
                  (block $l (result i32)
                    (try_table (result i32) (catch $t $l)
                      (local.set 1 (i32.add (local.get 1) (call $callee (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
                      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                      (call $callee (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 3) (local.get 1))))
                  (local.set 7 (i32.add (local.get 7)))
                  (local.set 5 (f64.add (local.get 5) (f64.const 0.25)))
                  (local.set 4 (i64.add (local.get 4) (i64.extend_i32_u (local.get 3))))
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (i64.add (i64.add (i64.extend_i32_s (local.get 1)) (i64.mul (i64.const 1000003) (i64.extend_i32_s (i32.add (local.get 7) (local.get 2)))))
                  (i64.add (local.get 4) (i64.trunc_f64_s (f64.mul (local.get 5) (f64.const 4)))))))
            """);
        int a = 11, b = 22, c = 33, sum = 0;
        long d = 44;
        double e = 5.5;
        for (int i = 9; i > 0; i--)
        {
            int Callee(int x, int y, int z, int w) => x < 3 ? throw new InvalidOperationException($"{x}") : y * (z + w);
            int got;
            try
            {
                a += Callee(i, a, b, c);
                b++;
                got = Callee(i - 1, b, c, a);
            }
            catch (InvalidOperationException thrown)
            {
                got = int.Parse(thrown.Message, System.Globalization.CultureInfo.InvariantCulture);
            }
            sum += got;
            e += 0.25;
            d += c;
        }
        Assert.Equal(a + 1000003L * (sum + b) + d + (long)(e * 4), instance.GetFunction<int, long>("run")!(9));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Legacy_handlers_nest_delegate_and_rethrow(string tier) => Run(tier, () =>
    {
        Instance instance = Instantiate(tier, """
            (module (tag $a (param i32)) (tag $b (param i32))
              (func $throw (param i32 i32) (if (local.get 0) (then (throw $a (local.get 1)))) (throw $b (local.get 1)))
              (func (export "run") (param i32 i32 i32) (result i32)
                try (result i32)
                  try $outer (result i32)
                    try $skipped (result i32)
                      try (result i32) (call $throw (local.get 0) (local.get 1)) (i32.const 0) delegate $outer
                    catch_all (i32.const -1)
                    end
                  catch $a (i32.add (i32.const 100))
                  catch $b
                    local.set 1
                    try (result i32) (call $throw (local.get 2) (i32.const 7)) (i32.const 0)
                    catch $a
                      drop
                      rethrow $outer
                    end
                  end
                catch $b (i32.add (i32.const 1000))
                end))
            """);
        Func<int, int, int, int> run = instance.GetFunction<int, int, int, int>("run")!;
        Assert.Equal(103, run(1, 3, 0));
        Assert.Equal(1004, run(0, 4, 1));
        Assert.Equal(1007, run(0, 4, 0));
    });
}
