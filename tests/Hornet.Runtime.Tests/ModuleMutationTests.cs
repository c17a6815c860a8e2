using CsCheck;
using Hornet.Wasm;

namespace Hornet.Runtime.Tests;

/// <summary>Modules that chance has changed: whatever validation still accepts runs within its limits, and ends in a result, a trap or a link error.</summary>
public sealed class ModuleMutationTests
{
    static readonly Engine s_engine = new(new Config().WithFuelConsumption(true).WithMaximumStackSize(64 << 10).WithCommitBudget(256 << 20));

    static readonly byte[][] s_seeds =
    [
        Wat.Bytes("""
            (module (import "h" "f" (func $f (param i32 i64) (result i64))) (import "h" "m" (memory 1 3)) (import "h" "g" (global $g (mut i32)))
              (type $sig (func (param i32) (result i32)))
              (table $t 8 20 funcref) (elem (i32.const 1) func $fac $loop $rec) (elem $p func $fac $loop)
              (data (i32.const 16) "some bytes that are copied") (data $d "passive bytes")
              (global $own (mut i64) (i64.const 7))
              (func $fac (export "fac") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (i32.mul (local.get 0) (call $fac (i32.sub (local.get 0) (i32.const 1)))))))
              (func $loop (export "loop") (param i32) (result i32) (local i64 f64 v128)
                (block $out (loop $again
                  (br_if $out (i32.eqz (local.get 0)))
                  (local.set 1 (call $f (local.get 0) (local.get 1)))
                  (local.set 2 (f64.add (local.get 2) (f64.convert_i64_s (local.get 1))))
                  (local.set 3 (i32x4.add (local.get 3) (v128.load (i32.const 16))))
                  (i64.store (i32.and (local.get 0) (i32.const 1023)) (local.get 1))
                  (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                  (br $again)))
                (i32.add (i32.wrap_i64 (local.get 1)) (i32x4.extract_lane 2 (local.get 3))))
              (func $rec (export "rec") (param i32) (result i32) (call_indirect (type $sig) (local.get 0) (i32.and (local.get 0) (i32.const 7))))
              (func (export "bulk") (param i32) (result i32)
                (memory.fill (local.get 0) (i32.const 3) (i32.const 100)) (memory.copy (i32.const 0) (local.get 0) (i32.const 50))
                (memory.init $d (i32.const 0) (i32.const 0) (i32.const 8)) (data.drop $d)
                (table.init $p (i32.const 4) (i32.const 0) (i32.const 2)) (elem.drop $p)
                (table.copy (i32.const 0) (i32.const 1) (i32.const 3))
                (drop (table.grow $t (ref.null func) (local.get 0))) (drop (memory.grow (local.get 0)))
                (block (block (block (br_table 0 1 2 (local.get 0)))))
                (global.set $own (i64.add (global.get $own) (i64.const 1)))
                (select (global.get $g) (i32.trunc_sat_f64_s (f64.sqrt (f64.const 2))) (local.get 0)))
              (func (export "tail") (param i32) (result i32) (if (local.get 0) (then (return_call $fac (local.get 0)))) (i32.div_s (i32.const 1) (local.get 0))))
            """),
        Wat.Bytes("""
            (module (import "h" "f" (func $f (param i32 i64) (result i64))) (memory i64 1 2) (tag $e (param i32))
              (type $s (struct (field (mut i32)) (field (mut (ref null $s))))) (type $a (array (mut i32)))
              (func (export "heap") (param i32) (result i32) (local (ref null $s)) (local (ref null $a))
                (local.set 1 (struct.new $s (local.get 0) (ref.null $s)))
                (struct.set $s 1 (local.get 1) (struct.new $s (i32.const 5) (local.get 1)))
                (local.set 2 (array.new $a (i32.const 3) (i32.and (local.get 0) (i32.const 255))))
                (array.set $a (local.get 2) (i32.const 0) (struct.get $s 0 (local.get 1)))
                (i32.add (array.get $a (local.get 2) (i32.const 1)) (i31.get_s (ref.i31 (array.len (local.get 2))))))
              (func (export "catch") (param i32) (result i32)
                (block $h (result i32) (try_table (catch $e $h) (throw $e (local.get 0))) (unreachable)))
              (func (export "cast") (param i32) (result i32) (ref.test (ref $s) (struct.new $s (local.get 0) (ref.null $s))))
              (func (export "wide") (param i32) (result i32) (i64.store (i64.extend_i32_s (local.get 0)) (i64.const 5)) (i32.load offset=4 (i64.extend_i32_u (local.get 0)))))
            """),
    ];

    [Fact]
    public void Changed_modules_run_within_their_limits()
    {
        Gen<(int Seed, (int At, byte To)[] Changes)> changed =
            from seed in Gen.Int[0, s_seeds.Length - 1]
            from changes in Gen.Select(Gen.Int[8, s_seeds[seed].Length - 1], Gen.Byte).Array[1, 3]
            select (seed, changes);
        int accepted = 0;
        changed.Sample(c =>
        {
            byte[] bytes = [.. s_seeds[c.Seed]];
            foreach ((int at, byte to) in c.Changes) bytes[at] = to;
            if (Run(bytes)) Interlocked.Increment(ref accepted);
        }, iter: 20_000);
        Assert.True(accepted > 100, $"only {accepted} were valid");
    }

    [Fact]
    public void The_seeds_themselves_run()
    {
        foreach (byte[] seed in s_seeds) Assert.True(Run(seed));
    }

    // Whether the module was valid. Anything but the exceptions named here fails the test, or takes the process down.
    static bool Run(byte[] bytes)
    {
        Module module;
        try
        {
            module = Module.FromBytes(s_engine, "changed", bytes);
        }
        catch (WasmFormatException)
        {
            return false;
        }
        using Store store = new(s_engine) { Limits = new(MemorySize: 1 << 20, TableElements: 1000), Fuel = 20_000 };
        using Linker linker = new(s_engine);
        linker.DefineFunction("h", "f", (int a, long b) => a + b);
        linker.Define("h", "m", new Memory(store, 1, 3));
        linker.Define("h", "g", new Global(store, ValueKind.Int32, 4, Mutability.Mutable));
        try
        {
            linker.DefineUnknownImportsAsDefaultValues(store, module);
            Instance instance = linker.Instantiate(store, module);
            foreach ((_, Function function) in instance.GetFunctions())
                foreach (int argument in (int[])[0, 3, 1000, -1])
                    Call(store, function, argument);
        }
        catch (Exception e) when (e is LinkException or TrapException)
        {
            // Does not link, or traps in its start function or segments.
        }
        module.Dispose();
        return true;
    }

    static void Call(Store store, Function function, int argument)
    {
        store.Fuel = 20_000;
        ValueBox[] arguments = [.. function.Parameters.Select(k => k == ValueKind.Int32 ? argument : k < ValueKind.FuncRef ? ValueBox.FromBits(k, (ulong)argument) : ValueBox.Null(k))];
        try
        {
            function.Invoke(arguments, new ValueBox[function.Results.Count]);
        }
        catch (Exception e) when (e is TrapException or WasmException)
        {
            Assert.NotEmpty(e.Message);
        }
        catch (ArgumentException) when (function.RegisteredType.Parameters.ToArray().Any(p => !p.IsDefaultable))
        {
            // The host has no value of a type without null.
        }
    }
}
