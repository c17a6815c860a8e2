using System.Text;
using Hornet.Runtime;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>References to an instance's functions are made when somebody asks for them, and are the same whoever asks.</summary>
public sealed unsafe class FunctionReferenceTests
{
    const int Functions = 1000;

    public static TheoryData<string> Tiers => ["interpreter", "lazy", "eager", "tier-up"];

    static Config Of(string tier) => (tier switch { "interpreter" => new Config(), "lazy" => new Config().WithNativeCode(tierUp: false), "tier-up" => new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce), _ => new Config().WithNativeCode(lazy: false) })
        .WithFunctionReferences(true).WithGc(true).WithTailCalls(true);

    static int Made(Instance instance)
    {
        int made = 0;
        for (int i = 0; i < instance.Context->FunctionCount; i++)
            if (instance.Context->Functions[i].Context != null) made++;
        return made;
    }

    static Module Parse(Engine engine, string text) => Module.FromBytes(engine, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Instantiation_makes_none_and_a_call_makes_what_it_needs(string tier)
    {
        string all = string.Join(' ', Enumerable.Range(0, Functions).Select(i => $"$f{i}")), bodies = string.Concat(Enumerable.Range(0, Functions).Select(i => $"(func $f{i} (result i32) (i32.const {i}))"));
        using Engine engine = new(Of(tier));
        using Module module = Parse(engine, $$"""
            (module (table (export "t") 1000 funcref) (table $u (export "u") 1000 funcref) (elem (i32.const 0) func {{all}}) (elem $p funcref {{string.Join(' ', Enumerable.Range(0, Functions).Select(i => i % 2 == 0 ? $"(ref.func $f{i})" : "(ref.null func)"))}})
              {{bodies}}
              (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
              (func (export "init") (param i32) (table.init $u $p (local.get 0) (local.get 0) (i32.const 2)))
              (func (export "drop") (elem.drop $p))
              (func (export "same") (result i32) (table.set $u (i32.const 9) (ref.func $f7)) (call_indirect $u (result i32) (i32.const 9)))
              (func (export "tail") (result i32) (return_call $f500))
              (func (export "direct") (result i32) (call $f501)))
            """);
        // The first instance copies, the second makes images, the third finds a warm slot where the references are still true.
        for (int round = 0; round < 4; round++)
        {
            using Store store = new(engine);
            Instance instance = new(store, module);
            int before = Made(instance);
            Assert.InRange(before, 0, round < 2 ? 0 : 20);
            Assert.Equal((3, 999), (instance.GetFunction<int, int>("call")!(3), instance.GetFunction<int, int>("call")!(999)));
            Assert.Equal((7, 500, 501), (instance.GetFunction<int>("same")!(), instance.GetFunction<int>("tail")!(), instance.GetFunction<int>("direct")!()));
            instance.GetAction<int>("init")!(40);
            Table table = instance.GetTable("t")!, other = instance.GetTable("u")!;
            Assert.Same(((Function)table.GetElement(40)!).Invoke()!.GetType(), typeof(int));
            Assert.Equal((40, true), ((int)((Function)other.GetElement(40)!).Invoke()!, other.GetElement(41) is null));
            Assert.Equal((nint)((Function)table.GetElement(7)!).Reference, (nint)((Function)other.GetElement(9)!).Reference);
            Assert.Equal((nint)((Function)table.GetElement(40)!).Reference, (nint)((Function)other.GetElement(40)!).Reference);
            instance.GetAction("drop")!();
            Assert.Equal(TrapCode.TableOutOfBounds, Assert.Throws<TrapException>(() => instance.GetAction<int>("init")!(40)).Type);
            Assert.InRange(Made(instance), 5, 20);
            // A snapshot knows functions by their numbers, made or not.
            Instance copy = instance.Fork(store);
            Assert.Equal((40, 7), ((int)((Function)copy.GetTable("u")!.GetElement(40)!).Invoke()!, copy.GetFunction<int>("same")!()));
            Assert.Equal(TrapCode.TableOutOfBounds, Assert.Throws<TrapException>(() => copy.GetAction<int>("init")!(40)).Type);
        }
    }

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Passive_segments_fill_arrays_and_other_instances_tables(string tier)
    {
        using Engine engine = new(Of(tier));
        using Module module = Parse(engine, """
            (module (type $f (func (result i32))) (type $a (array (mut funcref))) (import "h" "f" (func $host (result i32))) (import "h" "t" (table $t 8 funcref))
              (elem $p func $host $one $two)
              (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
              (func (export "array") (param i32) (result i32) (call_ref $f (ref.cast (ref $f) (array.get $a (array.new_elem $a $p (i32.const 0) (i32.const 3)) (local.get 0)))))
              (func (export "init") (table.init $t $p (i32.const 2) (i32.const 0) (i32.const 3)))
              (func (export "two") (result funcref) (ref.func $two)))
            """);
        using Store store = new(engine);
        Table table = new(store, TableKind.FuncRef, null, 8);
        Function host = Function.FromCallback(store, () => 9);
        Instance first = new(store, module, host, table), second = new(store, module, host, table);
        Func<int, int> array = first.GetFunction<int, int>("array")!;
        Assert.Equal((9, 1, 2), (array(0), array(1), array(2)));
        first.GetAction("init")!();
        Assert.Equal((9, 1, 2), ((int)((Function)table.GetElement(2)!).Invoke()!, (int)((Function)table.GetElement(3)!).Invoke()!, (int)((Function)table.GetElement(4)!).Invoke()!));
        Assert.Equal((nint)((Function)first.GetFunction("two")!.Invoke()!).Reference, (nint)((Function)table.GetElement(4)!).Reference);
        second.GetAction("init")!();
        Assert.NotEqual((nint)((Function)first.GetFunction("two")!.Invoke()!).Reference, (nint)((Function)table.GetElement(4)!).Reference);
        Assert.Equal((nint)host.Reference, (nint)((Function)table.GetElement(2)!).Reference);
    }
}
