using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>
/// Accesses at the edges of a memory, where the optimiser has dropped checks: with guard pages, with explicit checks, and in a 64-bit memory they do
/// what the interpreter does, trap at the same operator, and leave the same memory behind.
/// </summary>
public sealed class CheckEliminationTests
{
    // $T is the type of an address, $X makes one of an i32; the memory is one page, which may grow to three.
    const string Text = """
        (module
          (memory (export "memory") $L 1 3)
          (func (export "falling") (param i32) (result i32) (local $p $T)
            local.get 0 $X local.set $p
            local.get $p i32.const 1 i32.store offset=8
            local.get $p i32.const 2 i32.store offset=4
            local.get $p i32.load  local.get $p i32.load8_u offset=11  i32.add)
          (func (export "rising") (param i32) (result i32) (local $p $T)
            local.get 0 $X local.set $p
            local.get $p i32.const 3 i32.store
            local.get $p i32.const 4 i32.store offset=4
            local.get $p i32.const 5 i32.store16 offset=8
            local.get $p i32.load8_u offset=10)
          (func (export "mask") (param i32) (result i32)
            local.get 0 i32.const 0xffff i32.and $X i32.load8_u
            local.get 0 i32.const 0xfffc i32.and $X i32.load  i32.add)
          (func (export "mask-too-wide") (param i32) (result i32) local.get 0 i32.const 0xfffc i32.and $X i32.load offset=1)
          (func (export "mask-and-sum") (param i32) (result i32)
            local.get 0 i32.const 1023 i32.and i32.const 2 i32.shl i32.const 61440 i32.add $X i32.load)
          (func (export "mask-and-sum-too-far") (param i32) (result i32)
            local.get 0 i32.const 1023 i32.and i32.const 2 i32.shl i32.const 61444 i32.add $X i32.load)
          (func (export "sum-wraps") (param i32) (result i32)
            local.get 0 i32.const 16 i32.add $X i32.const 9 i32.store8
            local.get 0 $X i32.load8_u)
          (func (export "grown") (param i32) (result i32) (local $p $T)
            local.get 0 $X local.set $p
            i32.const 65535 $X i32.const 7 i32.store8
            i32.const 1 $X memory.grow drop
            local.get $p i32.const 6 i32.store
            i32.const 1 $X memory.grow drop
            local.get $p i32.load  local.get $p i32.load8_u offset=1  i32.add)
          (func (export "one-way") (param i32) (result i32) (local $p $T)
            local.get 0 $X local.set $p
            local.get 0 i32.const 4 i32.and
            if local.get $p i32.const 8 i32.store8 offset=32 end
            local.get $p i32.load8_u offset=16)
          (func (export "counter") (param i32) (result i32) (local $i i32) (local $n i32)
            loop $l
              local.get $i $X local.get $i i32.store
              i32.const 65535 local.get $i i32.sub $X i32.const 1 i32.store8
              local.get $n local.get $i $X i32.load8_u offset=3 i32.add local.set $n
              local.get $i i32.const 4 i32.add local.tee $i i32.const 65536 i32.ne br_if $l
            end
            local.get $n)
          (func (export "counter-too-far") (param i32) (result i32) (local $i i32)
            loop $l
              local.get $i $X local.get $i i32.store
              local.get $i i32.const 4 i32.add local.tee $i i32.const 65540 i32.ne br_if $l
            end
            local.get $i)
          (func (export "counter-never-meets") (param i32) (result i32) (local $i i32)
            loop $l
              local.get $i $X i32.const 2 i32.store8
              local.get $i i32.const 3 i32.add local.tee $i i32.const 65534 i32.ne br_if $l
            end
            local.get $i)
          (func (export "counter-signed") (param i32) (result i32) (local $i i32)
            i32.const -8 local.set $i
            loop $l
              local.get $i i32.const 8 i32.add $X i32.const 2 i32.store8
              local.get $i i32.const 1 i32.add local.tee $i i32.const 4 i32.lt_s br_if $l
            end
            local.get $i $X i32.load8_u)
          (func (export "counter-down") (param i32) (result i32) (local $i i32)
            i32.const 65532 local.set $i
            loop $l
              local.get $i $X i32.const 3 i32.store
              local.get $i i32.const 4 i32.sub local.tee $i br_if $l
            end
            local.get $i $X i32.load offset=65532)
          (func (export "far") (param i32) (result i32) local.get 0 $X i32.load offset=0x1800000))
        """;

    static readonly int[] s_arguments =
    [
        0, 1, 4, 16, 1023, 1024, 4096, 65503, 65504, 65507, 65519, 65520, 65523, 65524, 65525, 65526, 65527, 65528, 65529, 65531, 65532, 65533, 65534, 65535, 65536,
        65540, 131068, 131069, 131071, 131072, 196604, 196605, 196608, int.MaxValue, int.MinValue, -32, -17, -16, -15, -12, -8, -5, -4, -1,
    ];

    [Theory]
    [InlineData("")]
    [InlineData("i64")]
    public void EdgesAreWhereTheyWere(string wide)
    {
        // An i32 as an address of 64 bits, so that the same arguments lie at the same edges; negative ones are at the other end.
        bool is64 = wide.Length > 0;
        byte[] wasm = WatParser.Parse(Encoding.UTF8.GetBytes(Text.Replace("$L", wide).Replace("$X", is64 ? "i64.extend_i32_s" : "").Replace("$T", is64 ? "i64" : "i32")));
        Config[] configs = [new(), Native(), Native().WithSignalsBasedTraps(false), Native().WithOptimizationLevel(OptimizationLevel.None)];
        Engine[] engines = [.. configs.Select(c => new Engine(c))];
        Module[] modules = [.. engines.Select(e => Module.FromBytes(e, wasm))];
        foreach (string function in modules[0].Exports.Select(e => e.Name).Where(n => n != "memory"))
            foreach (int argument in s_arguments)
            {
                string expected = Outcome(engines[0], modules[0], function, argument);
                for (int i = 1; i < engines.Length; i++)
                    Assert.True(expected == Outcome(engines[i], modules[i], function, argument), $"{function}({argument}), configuration {i}: {Outcome(engines[i], modules[i], function, argument)}, not {expected}");
            }

        static Config Native() => new Config().WithNativeCode(lazy: false);
    }

    static string Outcome(Engine engine, Module module, string function, int argument)
    {
        using Store store = new(engine);
        Instance instance = new Linker(engine).Instantiate(store, module);
        string result;
        try
        {
            result = instance.GetFunction<int, int>(function)!(argument).ToString();
        }
        catch (TrapException e)
        {
            result = $"{e.Type} at {e.Frames[0].ModuleOffset:x}";
        }
        Memory memory = instance.GetMemory("memory")!;
        HashCode hash = new();
        hash.AddBytes(memory.GetSpan(0, (int)memory.GetLength()));
        return $"{result}, {memory.GetLength()} bytes, {hash.ToHashCode():x}";
    }
}
