using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>What is remembered of return addresses ends with the code that they are in.</summary>
public sealed class HandlerCacheTests
{
    // Modules of the same size whose calls return to the same places: one function has a handler or has none.
    static byte[] Module(bool catches) => WatParser.Parse(Encoding.UTF8.GetBytes($$"""
        (module (tag $t (param i32))
          (func $throw (param i32) (throw $t (local.get 0)))
          (func $inner (param i32) (result i32) (block $h (result i32) (try_table {{(catches ? "(catch $t $h)" : "")}} (call $throw (local.get 0))) (i32.const 7)) (i32.const 1) i32.add)
          (func (export "run") (param i32) (result i32) (block $h (result i32) (try_table (catch $t $h) (return (call $inner (local.get 0)))) (i32.const 9))))
        """));

    [Fact]
    public void Code_that_comes_to_lie_where_other_code_was_has_its_own_handlers()
    {
        byte[] catching = Module(true), passing = Module(false);
        using Engine engine = new(new Config().WithNativeCode(lazy: false));
        for (int i = 0; i < 200; i++)
        {
            bool catches = i % 2 == 0;
            using Store store = new(engine);
            using Hornet.Module module = Hornet.Module.FromBytes(engine, "m", catches ? catching : passing);
            Func<int, int> run = new Instance(store, module).GetFunction<int, int>("run")!;
            for (int call = 0; call < 3; call++) Assert.Equal(catches ? call + 1 : call, run(call));
        }
    }
}
