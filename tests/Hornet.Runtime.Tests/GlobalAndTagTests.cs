namespace Hornet.Runtime.Tests;

public sealed class GlobalAndTagTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Host_globals_of_every_kind()
    {
        Assert.Equal(5, new Global(_store, ValueKind.Int32, 5, Mutability.Immutable).GetValue());
        Assert.Equal(-5L, new Global(_store, ValueKind.Int64, -5L, Mutability.Immutable).GetValue());
        Assert.Equal(0.5f, new Global(_store, ValueKind.Float32, 0.5f, Mutability.Immutable).GetValue());
        Assert.Equal(0.5, new Global(_store, ValueKind.Float64, 0.5, Mutability.Immutable).GetValue());
        Assert.Equal(new V128(1, 2), new Global(_store, ValueKind.V128, new V128(1, 2), Mutability.Immutable).GetValue());
        Assert.Equal("x", new Global(_store, ValueKind.ExternRef, "x", Mutability.Immutable).GetValue());
        Assert.Null(new Global(_store, ValueKind.FuncRef, null, Mutability.Immutable).GetValue());
        Assert.Throws<ArgumentException>(() => new Global(_store, ValueKind.Int32, 5L, Mutability.Immutable));
    }

    [Fact]
    public void Only_mutable_globals_are_set()
    {
        Global fixedOne = new(_store, ValueKind.Int32, 5, Mutability.Immutable);
        Assert.Throws<InvalidOperationException>(() => fixedOne.SetValue(6));
        Assert.Throws<InvalidOperationException>(() => fixedOne.Wrap<int>()!.SetValue(6));
        Global variable = new(_store, ValueKind.Int32, 5, Mutability.Mutable);
        variable.SetValue(6);
        Global.Accessor<int> typed = variable.Wrap<int>()!;
        Assert.Equal(6, typed.GetValue());
        typed.SetValue(7);
        Assert.Equal(7, variable.GetValue());
        Assert.Null(variable.Wrap<long>());
        Assert.Throws<ArgumentException>(() => variable.SetValue("7"));
    }

    [Fact]
    public void Guests_share_globals()
    {
        Global variable = new(_store, ValueKind.Int64, 40L, Mutability.Mutable);
        Instance instance = Wat.Instantiate(_store, """
            (module (import "m" "g" (global $g (mut i64)))
              (global $a i32 (i32.const 3)) (global (export "sum") i32 (i32.add (global.get $a) (i32.mul (i32.const 2) (i32.sub (i32.const 9) (i32.const 4)))))
              (global (export "f") funcref (ref.func $inc)) (global (export "v") v128 (v128.const i64x2 1 2)) (global (export "n") externref (ref.null extern))
              (func $inc (export "inc") (global.set $g (i64.add (global.get $g) (i64.const 1)))) (export "g" (global $g)))
            """, variable);
        instance.GetAction("inc")!();
        Assert.Equal(41L, variable.GetValue());
        Assert.Equal(41L, instance.GetGlobal("g")!.GetValue());
        Assert.Equal(13, instance.GetGlobal("sum")!.GetValue());
        Assert.Equal(instance.GetFunction("inc"), instance.GetGlobal("f")!.GetValue());
        Assert.Equal(new V128(1, 2), instance.GetGlobal("v")!.GetValue());
        Assert.Null(instance.GetGlobal("n")!.GetValue());
    }

    [Fact]
    public void Tags_are_what_they_are()
    {
        Tag tag = new(_store, ValueKind.Int32, ValueKind.Float64);
        Assert.Equal([ValueKind.Int32, ValueKind.Float64], tag.Parameters);
        Assert.NotEqual(tag, new Tag(_store, ValueKind.Int32, ValueKind.Float64));
        Instance instance = Wat.Instantiate(_store, """(module (import "m" "t" (tag $t (param i32 f64))) (tag (export "own") (param i64)) (export "t" (tag $t)))""", tag);
        Assert.Equal(tag, instance.GetTag("t"));
        Assert.Equal([ValueKind.Int64], instance.GetTag("own")!.Parameters);
    }
}
