using System.Text;

namespace Hornet.Runtime.Tests;

/// <summary>What the specification's suite does not ask of the interpreter: sizes, constant space, hostile shapes.</summary>
public sealed class InterpreterTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    Instance Run(string text, params ReadOnlySpan<Extern> imports) => Wat.Instantiate(_store, text, imports);

    [Fact]
    public void Tail_calls_between_functions_of_different_size_take_constant_space()
    {
        Instance instance = Run("""
            (module
              (type $t (func (param i32 i64) (result i64)))
              (table funcref (elem $even $odd))
              (func $even (param i32 i64) (result i64)
                (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
                (return_call $wide (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (local.get 1)))
              (func $wide (param i32 i64 i64 i64 i64) (result i64) (local v128 v128)
                (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 4) (local.get 2)) (i32.const 1)))
              (func $odd (param i32 i64) (result i64)
                (return_call $even (local.get 0) (local.get 1)))
              (func (export "run") (param i32) (result i64) (call $even (local.get 0) (i64.const 0))))
            """);
        Assert.Equal(2_000_000, instance.GetFunction<int, long>("run")!(1_000_000));
    }

    [Fact]
    public void A_function_may_have_50000_locals()
    {
        string locals = string.Concat(Enumerable.Repeat(" v128", 49_000));
        Instance instance = Run($"""(module (func (export "run") (param i32) (result i32) (local{locals} i32) (local.set 49001 (local.get 0)) (i32.add (local.get 49001) (i32x4.extract_lane 0 (local.get 48000)))))""");
        Assert.Equal(7, instance.GetFunction<int, int>("run")!(7));
    }

    [Fact]
    public void Hundreds_of_thousands_of_operands_and_aliases_are_translated()
    {
        const int Count = 200_000;
        StringBuilder body = new();
        for (int i = 0; i < Count; i++) body.Append(" local.get 0");
        // Each assignment saves the aliases that there are.
        body.Append(" (local.set 0 (i32.const 5))");
        for (int i = 0; i < Count; i++) body.Append(" local.get 0 (local.set 0 (i32.const 6)) drop");
        for (int i = 1; i < Count; i++) body.Append(" i32.add");
        using Engine engine = new(new Config().WithMaximumStackSize(16 << 20));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, $"""(module (func (export "run") (param i32) (result i32){body}))""");
        Assert.Equal(3 * Count, instance.GetFunction<int, int>("run")!(3));
    }

    [Fact]
    public void Branches_with_many_values_do_not_multiply_the_code()
    {
        const int Values = 500, Branches = 20_000;
        string results = string.Concat(Enumerable.Repeat(" i32", Values));
        StringBuilder body = new();
        for (int i = 0; i < Values; i++) body.Append($" i32.const {i}");
        for (int i = 0; i < Branches; i++) body.Append(" local.get 0 br_if 0");
        Module module = Wat.Module($"""
            (module (type $b (func (result{results})))
              (func (export "run") (param i32) (result i32)
                (i32.const 100)
                (block (type $b) (i32.const 1) (drop){body} unreachable)
                {string.Concat(Enumerable.Repeat(" i32.add", Values))}))
            """);
        using (module)
        {
            Instance instance = new(_store, module);
            Assert.Equal(100 + Values * (Values - 1) / 2, instance.GetFunction<int, int>("run")!(1));
            Assert.InRange(((InterpreterCode)module.Code).CodeBytes, 1, 100 * Branches);
        }
    }

    [Fact]
    public void A_branch_table_may_be_long_and_its_targets_want_values()
    {
        StringBuilder targets = new();
        for (int i = 0; i < 10_000; i++) targets.Append(i % 3 == 2 ? " 2" : i % 3 == 1 ? " 1" : " 0");
        Instance instance = Run($"""
            (module (func (export "run") (param i32) (result i32)
              (block (result i32)
                (i32.add (i32.const 1000) (block (result i32)
                  (i32.add (i32.const 100) (i64.const 5) (drop)
                    (block (result i32) (i32.const 7) (local.get 0) (br_table{targets} 0))))))))
            """);
        var run = instance.GetFunction<int, int>("run")!;
        Assert.Equal((1107, 1007, 7, 1107), (run(0), run(1), run(2), run(-1)));
    }

    [Fact]
    public void A_write_to_a_local_does_not_change_what_was_read_before()
    {
        Instance instance = Run("""
            (module
              (func (export "swap") (param i32 i32) (result i32)
                (local.get 0) (local.set 0 (local.get 1)) (local.set 1)
                (i32.sub (local.get 0) (local.get 1)))
              (func (export "loop") (param i32) (result i32) (local i32)
                (local.get 0)
                (loop (local.set 1 (i32.add (local.get 1) (local.get 0))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (i32.mul (local.get 1)))
              (func (export "both") (param i32) (result i32)
                (local.get 0) (local.get 0)
                (if (local.tee 0 (i32.const 9)) (then (local.set 0 (i32.const 1))))
                (i32.add) (i32.mul (local.get 0))))
            """);
        Assert.Equal(4, instance.GetFunction<int, int, int>("swap")!(3, 7));
        Assert.Equal(4 * 10, instance.GetFunction<int, int>("loop")!(4));
        Assert.Equal(10, instance.GetFunction<int, int>("both")!(5));
    }

    [Fact]
    public void Fuel_is_charged_for_blocks_before_they_run()
    {
        using Engine engine = new(new Config().WithFuelConsumption(true));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, """
            (module (global $g (mut i32) (i32.const 0))
              (func (export "get") (result i32) (global.get $g))
              (func (export "run") (param i32)
                (loop
                  (global.set $g (i32.add (global.get $g) (i32.const 1)))
                  (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
            """);
        store.Fuel = 1000;
        instance.GetAction<int>("run")!(10);
        ulong once = 1000 - store.Fuel;
        store.Fuel = 1000;
        instance.GetAction<int>("run")!(20);
        // 9 operators a round; the block, not the operator, is the unit.
        Assert.Equal(90ul, 1000 - store.Fuel - once);
        store.Fuel = 93;
        Assert.Equal(TrapCode.OutOfFuel, Assert.Throws<TrapException>(() => instance.GetAction<int>("run")!(100)).Type);
        store.Fuel = 10;
        Assert.Equal(40, instance.GetFunction<int>("get")!());
    }

    [Fact]
    public void NaNs_are_canonical_where_that_is_asked_for()
    {
        using Engine engine = new(new Config().WithCraneliftNaNCanonicalization(true));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, """
            (module
              (func (export "scalar") (param i64) (result i64) (i64.reinterpret_f64 (f64.add (f64.reinterpret_i64 (local.get 0)) (f64.const 1))))
              (func (export "kept") (param i64) (result i64) (i64.reinterpret_f64 (f64.neg (f64.reinterpret_i64 (local.get 0)))))
              (func (export "vector") (param i64) (result i64) (i64x2.extract_lane 1 (f64x2.mul (i64x2.splat (local.get 0)) (f64x2.splat (f64.const 2))))))
            """);
        const long Odd = unchecked((long)0xFFF8000000001234);
        Assert.Equal(0x7FF8000000000000, instance.GetFunction<long, long>("scalar")!(Odd));
        Assert.Equal(0x7FF8000000001234, instance.GetFunction<long, long>("kept")!(Odd));
        Assert.Equal(0x7FF8000000000000, instance.GetFunction<long, long>("vector")!(Odd));
        Assert.Equal(BitConverter.DoubleToInt64Bits(3.5), instance.GetFunction<long, long>("scalar")!(BitConverter.DoubleToInt64Bits(2.5)));
    }
}
