using System.Text;
using Hornet.Compiler;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Native.Tests;

/// <summary>Functions in the place of their calls: what a guest does, spends and leaves behind is as if they were called.</summary>
public sealed class InliningTests
{
    // Each takes a number and a divisor, and can stop: at 70000 past the memory's end, at 0 by a division, where the host stops it.
    static readonly string[] Leaves =
    [
        "(i32.add (i32.div_u (local.get 0) (local.get 1)) (i32.load (local.get 0)))",
        "(if (result i32) (local.get 1) (then (i32.load (local.get 0))) (else (i32.rem_s (local.get 0) (local.get 1))))",
        "(if (i32.eqz (local.get 1)) (then (unreachable))) (block (result i32) (br_if 0 (i32.const 9) (local.get 0)) (drop) (i32.const 4))",
        "(call $host (local.get 0) (local.get 1))",
        "(i32.store (local.get 0) (local.get 1)) (i32.div_s (i32.const 5) (i32.load (local.get 0)))",
        "(call_indirect (type $t) (local.get 0) (local.get 1) (local.get 1))",
        "(if (i32.eqz (local.get 1)) (then (throw $thrown (local.get 0)))) (i32.load (local.get 0))",
        "(loop (result i32) (drop (i32.load (local.get 0))) (local.set 1 (i32.sub (local.get 1) (i32.const 1))) (br_if 0 (i32.gt_s (local.get 1) (i32.const 0))) (local.get 1))",
        "(local $x i32) (local.set $x (i32.mul (local.get 0) (i32.const 3))) (i32.load (i32.sub (local.get $x) (i32.shl (local.get 0) (i32.const 1))))",
    ];

    // How a leaf is reached: through one or two functions that are small themselves, in the middle of an expression, in a try, by a tail call.
    static readonly string[] Ways =
    [
        "(call $leafN (local.get 0) (local.get 1))",
        "(i32.add (call $leafN (i32.const 8) (i32.const 1)) (call $middleN (local.get 0) (local.get 1)))",
        "(if (result i32) (local.get 0) (then (i32.mul (call $middleN (local.get 0) (local.get 1)) (local.get 1))) (else (call $leafN (i32.const 4) (i32.const 0))))",
        "(block $h (result i32) (try_table (result i32) (catch $thrown $h) (call $middleN (local.get 0) (local.get 1)) (call $leafN (local.get 1)) (call $leafN (i32.const 0))))",
        "(local $i i32) (loop (local.set $i (i32.add (local.get $i) (call $middleN (local.get 0) (i32.const 2)))) (br_if 0 (i32.lt_u (local.get $i) (i32.const 40)))) (call $middleN (local.get 0) (local.get 1))",
        "(return_call $leafN (local.get 0) (local.get 1))",
        "(i32.add (call $tailN (local.get 0) (local.get 1)) (i32.const 1))",
        "(block $h (result i32) (try_table (result i32) (catch $thrown $h) (call $tailN (local.get 0) (local.get 1))))",
    ];

    const int WithoutTails = 5;

    static string Text(int ways)
    {
        StringBuilder text = new("""
            (module
              (type $t (func (param i32 i32) (result i32)))
              (import "h" "call" (func $host (type $t)))
              (tag $thrown (param i32))
              (memory 1) (table 3 funcref) (elem (i32.const 1) $leaf0 $stop)
              (func $stop (export "stop") (type $t) (i32.div_u (local.get 0) (local.get 1)))
            """);
        for (int leaf = 0; leaf < Leaves.Length; leaf++)
        {
            text.Append($"(func $leaf{leaf} (type $t) {Leaves[leaf]})\n(func $middle{leaf} (type $t) (i32.add (i32.const 1) (call $leaf{leaf} (local.get 0) (local.get 1))))\n");
            if (ways > WithoutTails) text.Append($"(func $tail{leaf} (type $t) (return_call $leaf{leaf} (local.get 0) (local.get 1)))\n");
            for (int way = 0; way < ways; way++) text.Append($"(func (export \"{leaf}-{way}\") (type $t) {Ways[way].Replace("N", $"{leaf}", StringComparison.Ordinal)})\n");
        }
        return text.Append(')').ToString();
    }

    static byte[] Bytes(int ways) => WatParser.Parse(Encoding.UTF8.GetBytes(Text(ways)));

    static List<string> Outcomes(Config config, int ways, ulong? fuel = null)
    {
        using Engine engine = new(config.WithFuelConsumption(fuel is not null));
        using Module module = Module.FromBytes(engine, "m", Bytes(ways));
        List<string> outcomes = [];
        for (int i = 0; i < Leaves.Length * ways; i++)
            foreach ((int x, int y) in fuel is null ? ((int, int)[])[(70000, 0), (70000, 1), (8, 0), (8, 1), (0, 2)] : [(70000, 1), (8, 1)])
            {
                using Store store = new(engine);
                if (fuel is { } some) store.Fuel = some;
                using Linker linker = new(engine);
                Instance? instance = null;
                // A trap of the inner call names the frames of the outer one, too.
                linker.DefineFunction("h", "call", (int a, int b) => instance!.GetFunction<int, int, int>("stop")!(a, b));
                instance = linker.Instantiate(store, module);
                string outcome;
                try
                {
                    outcome = $"{instance.GetFunction<int, int, int>($"{i / ways}-{i % ways}")!(x, y)}";
                }
                catch (TrapException e)
                {
                    outcome = e.Message;
                }
                catch (WasmException e)
                {
                    outcome = $"thrown: {e.Message}";
                }
                outcomes.Add($"{Leaves[i / ways]} by {Ways[i % ways]} of {x}, {y}: {outcome}, {(fuel is null ? 0 : store.Fuel)} left");
            }
        return outcomes;
    }

    public static TheoryData<bool, bool, bool, int> Kinds => new()
    {
        { true, false, false, WithoutTails }, { false, false, false, WithoutTails }, { false, true, false, WithoutTails }, { false, false, true, WithoutTails },
        { true, false, false, 8 }, { false, false, false, 8 }, { false, true, true, 8 },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Results_traps_and_frames_are_those_of_calls(bool lazy, bool checks, bool forSize, int ways)
    {
        Config config = new Config().WithNativeCode(lazy, tierUp: false).WithOptimizationLevel(forSize ? OptimizationLevel.SpeedAndSize : OptimizationLevel.Speed);
        if (checks) config.WithStaticMemoryMaximumSize(1 << 20).WithSignalsBasedTraps(false);
        Assert.Equal(Outcomes(new(), ways), Outcomes(config, ways));
    }

    [Theory, InlineData(WithoutTails), InlineData(8)]
    public void Fuel_runs_out_at_the_same_places(int ways)
    {
        for (ulong fuel = 3; fuel < 30; fuel++) Assert.Equal(Outcomes(new(), ways, fuel), Outcomes(new Config().WithNativeCode(lazy: fuel % 2 == 0, tierUp: false), ways, fuel));
    }

    [Fact]
    public void Small_functions_are_inlined_and_others_are_not()
    {
        byte[] bytes = WatParser.Parse("""
            (module
              (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
              (func $small (param i32) (result i32) (i32.add (call $leaf (local.get 0)) (i32.const 1)))
              (func $recursive (param i32) (result i32) (i32.add (call $recursive (local.get 0)) (i32.const 1)))
              (func $mutual (param i32) (result i32) (call $other (local.get 0)))
              (func $other (param i32) (result i32) (call $mutual (local.get 0)))
              (func $tail (param i32) (result i32) (return_call $leaf (local.get 0)))
              (func (param i32) (result i32) (call $small (call $leaf (local.get 0))))
              (func (param i32) (result i32) (call $recursive (local.get 0)))
              (func (param i32) (result i32) (call $mutual (local.get 0)))
              (func (param i32) (result i32) (call $tail (local.get 0)))
              (func (param i32) (result i32) (if (local.get 0) (then (drop (call $leaf (local.get 0))) (unreachable))) (i32.const 1)))
            """u8);
        CompilationListing listing = new(ModuleValidator.Validate(bytes, Features.All), bytes, new Config().WithNativeCode());
        string Inlined(int function) => string.Join(' ', listing.Compile(function, null, out _)!.Inlined.Select(i => $"{i.Function}<{i.Within}"));
        Assert.Equal(["", "0<-1", "", "4<-1", "3<-1", "0<-1", "1<-1 0<0 0<-1", "2<-1", "3<-1 4<0", "", ""], Enumerable.Range(0, 11).Select(Inlined));
    }

    [Fact]
    public void Code_does_not_depend_on_what_was_compiled_before()
    {
        byte[] bytes = Bytes(8), pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned, 0);
        ModuleEnvironment environment = ModuleValidator.Validate(bytes, Features.All);
        int[] order = [.. Enumerable.Range(0, environment.Bodies.Count)];
        string[] Code(int[] functions, bool parallel)
        {
            ModuleTranslation translation = new(environment, new CodeSettings(ConsumeFuel: false, Interruptible: false, Features.All), BoundsChecks.Guard, CompileMode.Lazy);
            FunctionCode[] codes = new ModuleCompiler(translation, new(pinned), new(BoundsChecks.Guard, new CompilerSettings { Features = CpuFeatures.Base })).Compile(functions, parallel, null);
            return [.. codes.Select(c => Convert.ToHexString(c.Bytes) + Convert.ToHexString(c.Tables)).Zip(functions).OrderBy(c => c.Second).Select(c => c.First)];
        }
        string[] expected = Code(order, false);
        Assert.Equal(expected, Code([.. order.Reverse()], false));
        Assert.Equal(expected, Code(order, true));
    }

    [Fact]
    public void Frames_grow_no_deeper_by_tail_calls_and_still_end()
    {
        byte[] bytes = WatParser.Parse("""
            (module
              (func $less (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
              (func $even (param i32) (result i32) (if (result i32) (local.get 0) (then (return_call $odd (call $less (local.get 0)))) (else (i32.const 1))))
              (func $odd (param i32) (result i32) (if (result i32) (local.get 0) (then (return_call $even (call $less (local.get 0)))) (else (i32.const 0))))
              (func (export "even") (param i32) (result i32) (call $even (local.get 0)))
              (func $down (export "down") (param i32) (result i32) (i32.add (call $down (call $less (local.get 0))) (i32.const 1))))
            """u8);
        foreach (bool lazy in (bool[])[true, false])
        {
            using Engine engine = new(new Config().WithNativeCode(lazy, tierUp: false));
            using Module module = Module.FromBytes(engine, "m", bytes);
            using Store store = new(engine);
            Instance instance = new Linker(engine).Instantiate(store, module);
            Assert.Equal(1, instance.GetFunction<int, int>("even")!(2_000_000));
            TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("down")!(5));
            Assert.Equal(TrapCode.StackOverflow, trap.Type);
            Assert.All(trap.Frames, f => Assert.Equal(4, f.FunctionIndex));
        }
    }
}
