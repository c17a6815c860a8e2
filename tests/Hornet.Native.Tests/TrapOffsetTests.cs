using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>A trap names the operator that trapped, also where machine code has made one instruction of several operators.</summary>
public sealed class TrapOffsetTests
{
    // Each is the body of a function with an i32 parameter, 70000 (past the end of a memory of one page) and 0 (a divisor).
    static readonly string[] Bodies =
    [
        "(i32.add (i32.const 3) (i32.load (local.get 0)))",
        "(i32.add (i32.load offset=8 (local.get 0)) (local.get 1))",
        "(i32.mul (i32.load (local.get 0)) (i32.const 17))",
        "(i32.lt_s (local.get 1) (i32.load (local.get 0)))",
        "(i32.eqz (i32.load (local.get 0)))",
        "(i64.extend_i32_s (i32.load (local.get 0))) (i32.wrap_i64)",
        "(i64.extend_i32_u (i32.load (local.get 0))) (i32.wrap_i64)",
        "(i32.wrap_i64 (i64.add (i64.load (local.get 0)) (i64.const 5)))",
        "(i32.extend8_s (i32.load8_u (local.get 0)))",
        "(i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))) (i32.const 1)",
        "(i32.store offset=4 (local.get 0) (i32.xor (i32.load offset=4 (local.get 0)) (local.get 1))) (i32.const 1)",
        "(i32.store8 (local.get 0) (i32.and (local.get 1) (i32.const 255))) (i32.const 1)",
        "(i32.trunc_f64_s (f64.add (f64.load (local.get 0)) (f64.const 1)))",
        "(i32.trunc_f32_s (f32.mul (f32.load (local.get 0)) (f32.convert_i32_s (local.get 1))))",
        "(i32.trunc_f64_s (f64.const nan))",
        "(i32.trunc_f64_u (f64.sub (f64.const 0) (f64.convert_i32_s (local.get 0))))",
        "(i32.wrap_i64 (i64.trunc_f64_u (f64.const 1e30)))",
        "(i32.popcnt (i32.load (local.get 0)))",
        "(if (result i32) (i32.load (local.get 0)) (then (i32.const 1)) (else (i32.const 2)))",
        "(select (i32.const 1) (i32.const 2) (i32.load (local.get 0)))",
        "(i32.div_s (local.get 0) (local.get 1))",
        "(i32.rem_u (i32.add (local.get 0) (i32.const 1)) (local.get 1))",
        "(i32.div_s (i32.const 0x80000000) (i32.sub (local.get 1) (i32.const 1)))",
        "(i32.wrap_i64 (i64.div_u (i64.const 5) (i64.extend_i32_u (local.get 1))))",
        "(i32.div_u (i32.load (i32.const 0)) (i32.load (i32.const 4)))",
        "(unreachable)",
        "(if (i32.eqz (local.get 1)) (then unreachable)) (i32.const 1)",
        "(call_indirect (type $t) (local.get 0) (local.get 1) (local.get 0))",
        "(call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))",
        "(call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 1))",
        "(call_ref $t (local.get 0) (local.get 1) (ref.null $t))",
        "(ref.is_null (table.get 0 (local.get 0)))",
        "(table.set 0 (local.get 0) (ref.null func)) (i32.const 0)",
        "(memory.fill (local.get 0) (i32.const 1) (i32.const 1)) (i32.const 1)",
        "(memory.copy (i32.const 0) (local.get 0) (i32.const 1)) (i32.const 1)",
        "(memory.init 0 (i32.const 0) (local.get 0) (i32.const 1)) (i32.const 1)",
        "(table.init 0 (local.get 0) (i32.const 0) (i32.const 1)) (i32.const 1)",
        "(i32x4.extract_lane 1 (i32x4.add (v128.load (local.get 0)) (v128.const i32x4 1 2 3 4)))",
        "(i32x4.extract_lane 1 (v128.load32_splat (local.get 0)))",
        "(i32.add (call $id (local.get 0)) (i32.load (local.get 0)))",
    ];

    static readonly string Module = $"""
        (module
          (type $t (func (param i32 i32) (result i32)))
          (memory 1) (table 2 funcref) (elem (i32.const 1) $id) (elem func $id) (data "x")
          (func $id (param i32) (result i32) (local.get 0))
          {string.Join('\n', Bodies.Select((b, i) => $"(func (export \"{i}\") (type $t) {b})"))})
        """;

    static List<string> Traps(Config config)
    {
        Engine engine = new(config);
        Instance instance = new Linker(engine).Instantiate(new Store(engine), Hornet.Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(Module))));
        return [.. Bodies.Select((body, i) =>
        {
            TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction<int, int, int>($"{i}")!(70000, 0));
            return $"{body}: {trap.Message}";
        })];
    }

    [Theory, InlineData(true, false), InlineData(false, false), InlineData(false, true)]
    public void Traps_name_the_same_operators_on_every_tier(bool lazy, bool checks)
    {
        Config config = new Config().WithNativeCode(lazy, tierUp: false);
        if (checks) config.WithStaticMemoryMaximumSize(1 << 20);
        Assert.Equal(Traps(new()), Traps(config));
    }
}
