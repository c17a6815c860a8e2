using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Fuel and canonical NaNs as machine code: the same as the interpreter's at every place where a guest can stop.</summary>
public sealed class MeteringTests
{
    const string Text = """
        (module
          (import "h" "spend" (func $spend))
          (memory (export "memory") 1)
          (func $fib (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
              (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
          (func (export "fill") (param i32) (result i32)
            (loop
              (i32.store (local.get 0) (i32.const 7))
              (block (br_if 0 (i32.rem_u (local.get 0) (i32.const 12))) (call $spend))
              (local.set 0 (i32.add (local.get 0) (i32.const 4)))
              (br 0))
            (i32.const 0))
          (func (export "divide") (param i32) (result i32)
            (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.div_u (i32.const 1) (i32.const 0)))) (unreachable))
            (i32.add (i32.const 1) (i32.const 2))))
        """;

    static (string Outcome, ulong Left, string Memory) Run(Config config, string function, int argument, ulong fuel)
    {
        using Engine engine = new(config.WithFuelConsumption(true));
        using Store store = new(engine) { Fuel = fuel };
        using Linker linker = new(engine);
        linker.DefineFunction("h", "spend", () => { store.Fuel = store.Fuel > 3 ? store.Fuel - 3 : 0; });
        Instance instance = linker.Instantiate(store, Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(Text))));
        string outcome;
        try
        {
            outcome = instance.GetFunction<int, int>(function)!(argument).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (TrapException e)
        {
            outcome = $"{e.Type} {string.Join(' ', e.Frames.Select(f => f.ToString()))}";
        }
        return (outcome, store.Fuel, Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(instance.GetMemory("memory")!.GetSpan())));
    }

    [Fact]
    public void Fuel_is_spent_alike_at_every_place_where_it_can_run_out()
    {
        foreach ((string function, int argument, ulong most) in ((string, int, ulong)[])[("fib", 6, 260), ("fill", 0, 200), ("fill", 65480, 400), ("divide", 0, 12), ("divide", 1, 12), ("divide", 2, 12)])
            for (ulong fuel = 0; fuel < most; fuel += 1 + most / 60)
            {
                var expected = Run(new(), function, argument, fuel);
                Assert.Equal(expected, Run(new Config().WithNativeCode(lazy: false), function, argument, fuel));
                Assert.Equal(expected, Run(new Config().WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(1 << 16), function, argument, fuel));
                Assert.Equal(expected, Run(new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce), function, argument, fuel));
            }
    }

    [Fact]
    public void NaNs_are_canonical_where_that_is_asked_for()
    {
        const string Module = """
            (module
              (func (export "f32") (param i32) (result i32) (i32.reinterpret_f32 (f32.add (f32.reinterpret_i32 (local.get 0)) (f32.const 1))))
              (func (export "f64") (param i64) (result i64) (i64.reinterpret_f64 (f64.sqrt (f64.reinterpret_i64 (local.get 0)))))
              (func (export "kept") (param i32) (result i32) (i32.reinterpret_f32 (f32.neg (f32.reinterpret_i32 (local.get 0)))))
              (func (export "lanes") (param i64) (result i64) (i64x2.extract_lane 1 (f32x4.mul (i64x2.splat (local.get 0)) (f32x4.splat (f32.const 1)))))
              (func (export "wide") (param i64) (result i64) (i64x2.extract_lane 0 (f64x2.min (i64x2.splat (local.get 0)) (f64x2.splat (f64.const 1))))))
            """;
        foreach (bool native in (bool[])[false, true])
        {
            Config config = new Config().WithCraneliftNaNCanonicalization(true);
            using Engine engine = new(native ? config.WithNativeCode(tierUp: false) : config);
            using Store store = new(engine);
            Instance instance = new(store, Hornet.Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(Module))));
            Assert.Equal(0x7FC00000, instance.GetFunction<int, int>("f32")!(unchecked((int)0xFFC12345)));
            Assert.Equal(0x40000000, instance.GetFunction<int, int>("f32")!(0x3F800000));
            Assert.Equal(0x7FF8000000000000, instance.GetFunction<long, long>("f64")!(-1));
            Assert.Equal(0x7FC12345, instance.GetFunction<int, int>("kept")!(unchecked((int)0xFFC12345)));
            Assert.Equal(0x7FC000003F800000, instance.GetFunction<long, long>("lanes")!(unchecked((long)0xFFC123453F800000)));
            Assert.Equal(0x7FF8000000000000, instance.GetFunction<long, long>("wide")!(-1));
        }
    }
}
