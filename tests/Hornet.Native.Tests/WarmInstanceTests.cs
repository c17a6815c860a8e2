using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Machine code leaves bounds to guards: what a warm slot gives the next instance must end where the module says.</summary>
public sealed class WarmInstanceTests
{
    const string Guest = """
        (module (import "h" "add" (func $add (param i32 i32) (result i32))) (memory (export "m") 2 50) (table (export "t") 8 funcref) (global $g (mut i32) (i32.const 5))
          (data (i32.const 10) "data") (elem (i32.const 2) $two) (func $two (result i32) (i32.const 2))
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
          (func (export "spoil") (drop (memory.grow (i32.const 40))) (memory.fill (i32.const 0) (i32.const 0xA7) (i32.const 2752512)) (table.fill (i32.const 0) (ref.func $two) (i32.const 8)) (global.set $g (i32.const 9)))
          (func (export "call") (param i32) (result i32) (call $add (global.get $g) (call_indirect (result i32) (local.get 0))))
          (elem declare func $two))
        """;

    public static TheoryData<string> Configurations => ["on demand", "pooled", "slab", "eager", "tier-up"];

    static Config Of(string name) => name switch
    {
        "on demand" => new Config().WithNativeCode(tierUp: false),
        "tier-up" => new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce),
        "eager" => new Config().WithNativeCode(lazy: false),
        "pooled" => new Config().WithNativeCode(tierUp: false).Pooling(new() { TotalMemories = 2 }),
        _ => new Config().WithStaticMemoryMaximumSize(8 << 20).WithNativeCode(tierUp: false).Pooling(new() { TotalMemories = 2, MaxMemorySize = 8 << 20 }),
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Memory_ends_where_it_began_and_calls_go_to_the_new_instance(string configuration)
    {
        using Engine engine = new(Of(configuration));
        using Module module = Module.FromBytes(engine, WatParser.Parse(Encoding.UTF8.GetBytes(Guest)));
        using Linker linker = new(engine);
        linker.DefineFunction("h", "add", (int a, int b) => a + b);
        InstancePre pre = linker.InstantiatePre(module);
        for (int round = 0; round < 6; round++)
        {
            using Store store = new(engine);
            Instance instance = pre.Instantiate(store);
            Func<int, int> load = instance.GetFunction<int, int>("load")!, call = instance.GetFunction<int, int>("call")!;
            Assert.Equal(('d', 0, 0), (load(10), load(14), load(131071)));
            foreach (int address in (int[])[131072, 200_000, 2_752_511, int.MaxValue, -1])
                Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => load(address)).Type);
            Assert.Equal(7, call(2));
            Assert.Equal(TrapCode.IndirectCallToNull, Assert.Throws<TrapException>(() => call(3)).Type);
            instance.GetAction("spoil")!();
            Assert.Equal((0xA7, 11), (load(2_752_511), call(7)));
            Instance copy = instance.Fork(store, linker.GetFunction(store, "h", "add")!);
            Assert.Equal((0xA7, 11), (copy.GetFunction<int, int>("load")!(2_752_511), copy.GetFunction<int, int>("call")!(7)));
        }
    }
}
