using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Objects of the GC heap in machine code: what is alive survives collections wherever it is held, with all tiers and the host in between.</summary>
public sealed class ObjectTests
{
    /// <summary>"odd" and "even" leave every other function to the interpreter; the stressed ones collect at every allocation.</summary>
    public static TheoryData<string> Tiers => ["interpreter", "lazy", "eager", "odd", "even", "tier-up", "stress", "odd stress", "eager stress", "tier-up stress"];

    static void Run(string tier, string text, Action<Instance> test, Action<Linker>? define = null, Config? config = null)
    {
        config ??= new();
        config.WithMaximumStackSize(8 << 20);
        if (tier.StartsWith("tier-up", StringComparison.Ordinal)) config.WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);
        else if (tier != "interpreter") config.WithNativeCode(tierUp: false, lazy: !tier.StartsWith("eager", StringComparison.Ordinal));
        if (tier.EndsWith("stress", StringComparison.Ordinal)) config.WithCollectionAtEveryAllocation(true);
        using Engine engine = new(config);
        Linker linker = new(engine);
        using Store store = new(engine);
        define?.Invoke(linker);
        ModuleCompiler.LeaveOut = tier.StartsWith("odd", StringComparison.Ordinal) ? static i => i % 2 == 1 : tier == "even" ? static i => i % 2 == 0 : null;
        try
        {
            test(linker.Instantiate(store, Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)))));
        }
        finally
        {
            ModuleCompiler.LeaveOut = null;
        }
    }

    static int Scale(string tier, int fast) => tier is "lazy" or "eager" ? fast : fast / 50;

    [Theory, MemberData(nameof(Tiers))]
    public void Trees_survive_while_they_are_built_and_walked(string tier) => Run(tier, """
        (module
          (rec (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree)) (field $value (mut i32)))))
          (func $build (param $depth i32) (param $value i32) (result (ref $tree))
            (if (i32.eqz (local.get $depth)) (then (return (struct.new $tree (ref.null $tree) (ref.null $tree) (local.get $value)))))
            (struct.new $tree
              (call $build (i32.sub (local.get $depth) (i32.const 1)) (i32.mul (local.get $value) (i32.const 2)))
              (call $build (i32.sub (local.get $depth) (i32.const 1)) (i32.add (i32.mul (local.get $value) (i32.const 2)) (i32.const 1)))
              (local.get $value)))
          (func $sum (param $t (ref null $tree)) (result i32)
            (if (ref.is_null (local.get $t)) (then (return (i32.const 0))))
            (i32.add (struct.get $tree $value (local.get $t))
              (i32.add (call $sum (struct.get $tree $left (local.get $t))) (call $sum (struct.get $tree $right (local.get $t))))))
          (func (export "run") (param $depth i32) (param $rounds i32) (result i32) (local $kept (ref null $tree)) (local $sum i32)
            (local.set $kept (call $build (local.get $depth) (i32.const 1)))
            (loop $again
              (local.set $sum (i32.add (local.get $sum) (call $sum (call $build (local.get $depth) (i32.const 1)))))
              (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
            (i32.add (local.get $sum) (call $sum (local.get $kept)))))
        """, instance =>
    {
        int depth = tier is "lazy" or "eager" ? 10 : 5, rounds = tier is "lazy" or "eager" ? 100 : 4;
        int nodes = (2 << depth) - 1;
        Assert.Equal((rounds + 1) * (nodes * (nodes + 1) / 2), instance.GetFunction<int, int, int>("run")!(depth, rounds));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void Many_references_live_across_calls_in_parameters_results_and_locals(string tier)
    {
        // More of each than there are registers: stack arguments, a return area, frame slots.
        const int Count = 24;
        StringBuilder text = new("(module (type $box (struct (field (mut i32))))\n");
        string refs = string.Concat(Enumerable.Repeat("(ref null $box) ", Count));
        text.Append($"(func $rotate (param {refs}) (result {refs})\n");
        for (int i = 0; i < Count; i++) text.Append($"(struct.set $box 0 (local.get {i}) (i32.add (i32.const 1) (struct.get $box 0 (local.get {i}))))\n");
        text.Append("(drop (struct.new $box (i32.const -1)))\n");
        for (int i = 0; i < Count; i++) text.Append($"(local.get {(i + 1) % Count})\n");
        text.Append($")\n(func (export \"run\") (param i32) (result i64) (local $sum i64) (local {refs})\n");
        for (int i = 0; i < Count; i++) text.Append($"(local.set {i + 2} (struct.new $box (i32.const {i * i})))\n");
        text.Append("(loop $again\n");
        for (int i = 0; i < Count; i++) text.Append($"(local.get {i + 2})\n");
        text.Append("(call $rotate)\n");
        for (int i = Count - 1; i >= 0; i--) text.Append($"(local.set {i + 2})\n");
        text.Append("(br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n");
        for (int i = 0; i < Count; i++) text.Append($"(local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.extend_i32_s (struct.get $box 0 (local.get {i + 2})))))\n");
        text.Append("(local.get $sum)))");
        Run(tier, text.ToString(), instance =>
        {
            const int Rounds = 29;
            long expected = 0;
            for (int i = 0; i < Count; i++) expected = expected * 31 + ((i + Rounds) % Count) * ((i + Rounds) % Count) + Rounds;
            Assert.Equal(expected, instance.GetFunction<int, long>("run")!(Rounds));
        });
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Handlers_find_references_where_they_were(string tier) => Run(tier, """
        (module (type $box (struct (field (mut i32)))) (tag $t (param (ref $box)))
          (func $throw (param i32) (result i32) (drop (struct.new $box (i32.const 0))) (throw $t (struct.new $box (local.get 0))))
          (func (export "run") (param i32) (result i32) (local $a (ref null $box)) (local $b (ref null $box)) (local $c (ref null $box)) (local $sum i32)
            (local.set $a (struct.new $box (i32.const 100)))
            (loop $again
              (local.set $b (struct.new $box (local.get 0)))
              (block $l (result (ref $box))
                (try_table (catch $t $l) (drop (call $throw (local.get 0))))
                (unreachable))
              (local.set $c)
              (local.set $sum (i32.add (local.get $sum) (i32.add (struct.get $box 0 (local.get $c)) (i32.add (struct.get $box 0 (local.get $a)) (struct.get $box 0 (local.get $b))))))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get $sum)))
        """, instance =>
    {
        int n = tier is "lazy" or "eager" ? 2_000 : 50;
        Assert.Equal(n * 100 + n * (n + 1), instance.GetFunction<int, int>("run")!(n));
    });

    [Theory, MemberData(nameof(Tiers))]
    public void The_host_may_collect_hold_and_call_back(string tier)
    {
        Instance? instance = null;
        Function? again = null;
        Run(tier, """
            (module (type $node (struct (field $next (mut (ref null $node))) (field $value i32)))
              (import "h" "collect" (func $collect))
              (import "h" "pass" (func $pass (param anyref i32) (result anyref)))
              (global $root (mut (ref null $node)) (ref.null $node))
              (table $t 4 anyref)
              (func $push (export "push") (param $n i32) (global.set $root (struct.new $node (global.get $root) (local.get $n))) (table.set $t (i32.const 1) (global.get $root)))
              (func $inner (export "inner") (param $x anyref) (param $n i32) (result anyref)
                (if (i32.eqz (local.get $n)) (then (call $collect) (return (local.get $x))))
                (drop (struct.new $node (ref.null $node) (i32.const 3)))
                (call $pass (local.get $x) (i32.sub (local.get $n) (i32.const 1))))
              (func (export "run") (param $n i32) (result i32) (local $x (ref null $node)) (local $sum i32)
                (local.set $x (struct.new $node (ref.null $node) (i32.const 7)))
                (struct.set $node $next (local.get $x) (ref.cast (ref $node) (call $inner (local.get $x) (local.get $n))))
                (if (i32.eqz (ref.eq (local.get $x) (struct.get $node $next (local.get $x)))) (then (unreachable)))
                (local.set $sum (struct.get $node $value (local.get $x)))
                (local.set $x (global.get $root))
                (if (i32.eqz (ref.eq (local.get $x) (ref.cast (ref null $node) (table.get $t (i32.const 1))))) (then (unreachable)))
                (loop $next (block $end
                  (br_if $end (ref.is_null (local.get $x)))
                  (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $x))))
                  (local.set $x (struct.get $node $next (local.get $x)))
                  (br $next)))
                (local.get $sum)))
            """, made =>
        {
            instance = made;
            again = made.GetFunction("inner");
            int n = tier is "lazy" or "eager" ? 200 : 20;
            for (int i = 1; i <= n; i++) made.GetAction<int>("push")!(i);
            Assert.Equal(7 + n * (n + 1) / 2, made.GetFunction<int, int>("run")!(6));
        }, linker =>
        {
            linker.DefineFunction("h", "collect", (Caller caller) => caller.Store.GC());
            linker.DefineFunction("h", "pass", (caller, arguments, results) =>
            {
                caller.Store.GC();
                object? result = again!.Invoke(arguments[0], arguments[1]);
                caller.Store.GC();
                results[0] = ValueBox.FromObject(ValueKind.AnyRef, result);
            }, [ValueKind.AnyRef, ValueKind.Int32], [ValueKind.AnyRef]);
        });
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Arrays_of_every_storage(string tier) => Run(tier, """
        (module
          (type $b (array (mut i8))) (type $s (array (mut i16))) (type $i (array (mut i32))) (type $l (array (mut i64))) (type $d (array (mut f64))) (type $v (array (mut v128)))
          (type $f (func (result i32))) (type $fs (array (mut (ref null $f)))) (type $rs (array (mut (ref null $i))))
          (func $five (type $f) (i32.const 5)) (func $six (type $f) (i32.const 6))
          (elem declare func $five $six)
          (data $data "\01\02\03\04\fe\ff\80\7f")
          (func (export "run") (param $n i32) (result i64) (local $sum i64) (local $k i32)
            (local $b (ref null $b)) (local $s (ref null $s)) (local $l (ref null $l)) (local $d (ref null $d)) (local $v (ref null $v)) (local $fs (ref null $fs)) (local $rs (ref null $rs))
            (local.set $b (array.new $b (i32.const 200) (local.get $n)))
            (local.set $s (array.new_data $s $data (i32.const 0) (i32.const 4)))
            (local.set $l (array.new $l (i64.const 0x100000001) (local.get $n)))
            (local.set $d (array.new_default $d (local.get $n)))
            (local.set $v (array.new $v (v128.const i64x2 3 4) (local.get $n)))
            (local.set $fs (array.new $fs (ref.func $five) (local.get $n)))
            (array.set $fs (local.get $fs) (i32.const 2) (ref.func $six))
            (array.set $fs (local.get $fs) (i32.const 3) (ref.null $f))
            (local.set $rs (array.new_fixed $rs 3 (array.new $i (i32.const 11) (i32.const 1)) (ref.null $i) (array.new $i (i32.const 12) (i32.const 2))))
            (array.fill $d (local.get $d) (i32.const 1) (f64.const 2.5) (i32.sub (local.get $n) (i32.const 1)))
            (array.copy $l $l (local.get $l) (i32.const 1) (local.get $l) (i32.const 0) (i32.const 3))
            (array.init_data $b $data (local.get $b) (i32.const 1) (i32.const 4) (i32.const 2))
            (array.fill $rs (local.get $rs) (i32.const 1) (array.get $rs (local.get $rs) (i32.const 2)) (i32.const 1))
            (loop $again
              (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (array.get_s $b (local.get $b) (local.get $k)))))
              (local.set $sum (i64.add (local.get $sum) (array.get $l (local.get $l) (local.get $k))))
              (local.set $sum (i64.add (local.get $sum) (i64.trunc_f64_s (array.get $d (local.get $d) (local.get $k)))))
              (local.set $sum (i64.add (local.get $sum) (i64x2.extract_lane 1 (array.get $v (local.get $v) (local.get $k)))))
              (if (i32.ne (local.get $k) (i32.const 3))
                (then (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call_ref $f (array.get $fs (local.get $fs) (local.get $k))))))))
              (br_if $again (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (array.len (local.get $b)))))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (array.get_u $s (local.get $s) (i32.const 3)))))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (array.get $i (array.get $rs (local.get $rs) (i32.const 1)) (i32.const 1)))))
            (i64.add (local.get $sum) (i64.extend_i32_s (array.get $i (array.get $rs (local.get $rs) (i32.const 0)) (i32.const 0)))))
          (func (export "trap") (param $what i32) (param $at i32)
            (local $b (ref null $b))
            (local.set $b (array.new_default $b (i32.const 10)))
            (block $e (block $d (block $c (block $b' (block $a (br_table $a $b' $c $d $e (local.get $what)))
              (drop (array.get_u $b (local.get $b) (local.get $at))) (return))
              (array.set $b (local.get $b) (local.get $at) (i32.const 1)) (return))
              (array.fill $b (local.get $b) (local.get $at) (i32.const 1) (i32.const 10)) (return))
              (drop (array.get_u $b (ref.null $b) (local.get $at))) (return))
            (drop (array.new $i (i32.const 1) (local.get $at)))))
        """, instance =>
    {
        foreach (int n in (int[])[5, 1000])
        {
            // b: 200 is -56 signed; elements 1 and 2 are fe ff. l: all the same. d: 0 then 2.5. v: 4 each. f: five, six at 2, null at 3.
            long expected = -56L * (n - 2) + -2 + -1 + 0x100000001 * n + 2L * (n - 1) + 4L * n + 5L * (n - 2) + 6 + 0x7F80 + 12 + 11;
            Assert.Equal(expected, instance.GetFunction<int, long>("run")!(n));
        }
        Action<int, int> trap = instance.GetAction<int, int>("trap")!;
        foreach (int what in (int[])[0, 1])
        {
            trap(what, 9);
            foreach (int at in (int[])[10, -1, int.MinValue]) Assert.Equal(TrapCode.ArrayOutOfBounds, Assert.Throws<TrapException>(() => trap(what, at)).Type);
        }
        trap(2, 0);
        Assert.Equal(TrapCode.ArrayOutOfBounds, Assert.Throws<TrapException>(() => trap(2, 1)).Type);
        Assert.Equal(TrapCode.NullArrayReference, Assert.Throws<TrapException>(() => trap(3, 0)).Type);
        trap(4, 0);
        Assert.Equal(TrapCode.AllocationTooLarge, Assert.Throws<TrapException>(() => trap(4, -1)).Type);
    }, config: new Config().WithMaximumHeapSize(16 << 20));

    [Theory, MemberData(nameof(Tiers))]
    public void Casts_look_at_any_depth(string tier)
    {
        // A chain longer than a display, and a final leaf beside it.
        const int Depth = 12;
        StringBuilder text = new("(module (rec (type $t0 (sub (struct (field i32))))\n");
        for (int i = 1; i < Depth; i++) text.Append($"(type $t{i} (sub $t{i - 1} (struct (field i32))))\n");
        text.Append("(type $leaf (sub final $t2 (struct (field i32)))) (type $array (sub (array i8))))\n");
        text.Append("(func (export \"make\") (param i32) (result anyref)\n");
        for (int i = 0; i < Depth; i++) text.Append($"(if (i32.eq (local.get 0) (i32.const {i})) (then (return (struct.new $t{i} (i32.const {i})))))\n");
        text.Append("""
            (if (i32.eq (local.get 0) (i32.const 12)) (then (return (struct.new $leaf (i32.const 12)))))
            (if (i32.eq (local.get 0) (i32.const 13)) (then (return (array.new_default $array (i32.const 1)))))
            (if (i32.eq (local.get 0) (i32.const 14)) (then (return (ref.i31 (i32.const 14)))))
            (ref.null any))
            """);
        text.Append("(func (export \"test\") (param anyref) (result i32) (local $r i32)\n");
        string[] types = [.. Enumerable.Range(0, Depth).Select(i => $"$t{i}"), "$leaf", "$array", "struct", "array", "eq", "i31"];
        for (int i = 0; i < types.Length; i++) text.Append($"(if (ref.test (ref {types[i]}) (local.get 0)) (then (local.set $r (i32.or (local.get $r) (i32.const {1 << i})))))\n");
        text.Append("(local.get $r))\n");
        text.Append("(func (export \"cast\") (param anyref) (result i32) (local $r i32)\n");
        for (int i = 0; i < types.Length; i++)
            text.Append($"(block $b{i} (result anyref) (drop (br_on_cast_fail $b{i} anyref (ref null {types[i]}) (local.get 0))) (local.set $r (i32.or (local.get $r) (i32.const {1 << i}))) (ref.null any)) (drop)\n");
        text.Append("(local.get $r))\n");
        text.Append("(func (export \"force\") (param anyref i32) (result i32)\n");
        for (int i = 0; i < types.Length; i++) text.Append($"(if (i32.eq (local.get 1) (i32.const {i})) (then (drop (ref.cast (ref {types[i]}) (local.get 0))) (return (i32.const 1))))\n");
        text.Append("(i32.const 0)))");
        Run(tier, text.ToString(), instance =>
        {
            Function make = instance.GetFunction("make")!, test = instance.GetFunction("test")!, cast = instance.GetFunction("cast")!, force = instance.GetFunction("force")!;
            for (int made = 0; made <= 15; made++)
            {
                int expected = 0;
                for (int i = 0; i < Depth; i++)
                    if (made < Depth ? i <= made : made == 12 && i <= 2) expected |= 1 << i;
                if (made == 12) expected |= 1 << 12;
                if (made == 13) expected |= 1 << 13 | 1 << 15 | 1 << 16;
                if (made <= 12) expected |= 1 << 14 | 1 << 16;
                if (made == 14) expected |= 1 << 16 | 1 << 17;
                ValueBox value = ValueBox.FromObject(ValueKind.AnyRef, make.Invoke(made));
                Assert.Equal(expected, (int)test.Invoke(value)!);
                Assert.Equal(made == 15 ? (1 << types.Length) - 1 : expected, (int)cast.Invoke(value)!);
                for (int i = 0; i < types.Length; i++)
                {
                    if ((expected >> i & 1) != 0) Assert.Equal(1, (int)force.Invoke(value, i)!);
                    else Assert.Equal(TrapCode.CastFailure, Assert.Throws<TrapException>(() => force.Invoke(value, i)).Type);
                }
            }
        });
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Garbage_goes_and_a_full_heap_is_a_trap(string tier) => Run(tier, """
        (module (type $list (struct (field (ref null $list)) (field i64)))
          (func (export "garbage") (param i32) (loop $again (drop (struct.new $list (ref.null $list) (i64.const 1))) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
          (func (export "keep") (local $l (ref null $list)) (loop $again (local.set $l (struct.new $list (local.get $l) (i64.const 1))) (br $again))))
        """, instance =>
    {
        int count = Scale(tier, 5_000_000);
        if (tier.Contains("stress")) count = 1_000;
        instance.GetAction<int>("garbage")!(count);
        if (tier.Contains("stress")) return;
        Assert.Equal(TrapCode.HeapExhausted, Assert.Throws<TrapException>(() => instance.GetAction("keep")!()).Type);
        instance.GetAction<int>("garbage")!(count);
    }, config: new Config().WithMaximumHeapSize(4 << 20));

    [Theory, MemberData(nameof(Tiers))]
    public void Host_objects_keep_their_identity_and_are_let_go(string tier) => Run(tier, """
        (module
          (import "h" "fresh" (func $fresh (result externref)))
          (table $t 10 externref) (global $g (mut externref) (ref.null extern))
          (func $keep (export "keep") (param externref externref) (result externref externref)
            (local $x externref)
            (local.set $x (call $fresh))
            (table.set $t (i32.const 3) (local.get 0)) (global.set $g (local.get 1))
            (drop (call $fresh))
            (table.get $t (i32.const 3)) (global.get $g))
          (func (export "churn") (param i32) (result i32) (local $n i32)
            (loop $again
              (if (i32.eqz (ref.is_null (call $fresh))) (then (local.set $n (i32.add (local.get $n) (i32.const 1)))))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get $n)))
        """, instance =>
    {
        object a = new(), b = new();
        object?[] kept = (object?[])instance.GetFunction("keep")!.Invoke(ValueBox.ExternRef(a), ValueBox.ExternRef(b))!;
        Assert.Same(a, kept[0]);
        Assert.Same(b, kept[1]);
        Assert.Equal(1000, instance.GetFunction<int, int>("churn")!(1000));
        instance.Store.GC();
        kept = (object?[])instance.GetFunction("keep")!.Invoke(ValueBox.ExternRef(a), ValueBox.ExternRef(b))!;
        Assert.Same(a, kept[0]);
    }, linker => linker.DefineFunction("h", "fresh", (_, _, results) => results[0] = ValueBox.ExternRef(new object()), [], [ValueKind.ExternRef]));

    [Theory, MemberData(nameof(Tiers))]
    public void Host_objects_are_let_go_while_the_guest_runs_and_between_calls(string tier)
    {
        List<WeakReference> made = [];
        Run(tier, """
            (module
              (import "h" "fresh" (func $fresh (param externref) (result externref)))
              (func $churn (export "churn") (param $n i32) (param $kept externref) (result externref) (local $last externref)
                (loop $again
                  (local.set $last (call $fresh (local.get $last)))
                  (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $kept))
              (func $pass (export "pass") (param externref) (result externref) (local.get 0)))
            """, instance =>
        {
            object kept = new();
            Function churn = instance.GetFunction("churn")!, pass = instance.GetFunction("pass")!;
            Assert.Same(kept, churn.Invoke(20_000, ValueBox.ExternRef(kept)));
            Assert.InRange(Alive(), 1, 10_000);
            made.Clear();
            for (int i = 0; i < 20_000; i++) Pass(pass);
            Assert.InRange(Alive(), 0, 10_000);
        }, linker => linker.DefineFunction("h", "fresh", (_, arguments, results) =>
        {
            // The last one is an argument and nowhere else: it must not go before it is read.
            if (made.Count > 0) Assert.Same(made[^1].Target, arguments[0].AsExternRef());
            object fresh = new();
            made.Add(new(fresh));
            results[0] = ValueBox.ExternRef(fresh);
        }, [ValueKind.ExternRef], [ValueKind.ExternRef]));

        int Alive()
        {
            GC.Collect();
            return made.Count(w => w.IsAlive);
        }

        void Pass(Function pass)
        {
            object fresh = new();
            made.Add(new(fresh));
            Assert.Same(fresh, pass.Invoke(ValueBox.ExternRef(fresh)));
        }
    }
}
