namespace Hornet.Runtime.Tests;

public sealed class TableTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Elements_of_a_host_table()
    {
        Function one = Function.FromCallback(_store, () => 1);
        Table table = new(_store, TableKind.FuncRef, one, 2, 4);
        Assert.Equal((2ul, 2ul, 4ul, TableKind.FuncRef), (table.GetSize(), table.Minimum, table.Maximum, table.Kind));
        Assert.Equal(one, table.GetElement(1));
        table.SetElement(0, null);
        Assert.Null(table.GetElement(0));
        Assert.Equal(2u, table.Grow(2, null));
        Assert.Null(table.GetElement(3));
        Assert.Throws<InvalidOperationException>(() => table.Grow(1, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.GetElement(4));
        Assert.Throws<ArgumentException>(() => table.SetElement(0, "text"));
    }

    [Fact]
    public void Host_objects_keep_their_identity()
    {
        Table table = new(_store, TableKind.ExternRef, "first", 1);
        object o = new();
        table.Grow(2, o);
        Assert.Same(o, table.GetElement(2));
        Assert.Equal("first", table.GetElement(0));
    }

    [Fact]
    public void Guests_fill_and_call_through_tables()
    {
        Instance instance = Wat.Instantiate(_store, """
            (module (type $i (func (result i32)))
              (table (export "t") 4 10 funcref)
              (elem (i32.const 1) $one $two)
              (elem $p func $two)
              (func $one (result i32) (i32.const 1)) (func $two (export "two") (result i32) (i32.const 2)) (func $other)
              (elem declare func $other)
              (func (export "call") (param i32) (result i32) (call_indirect (type $i) (local.get 0)))
              (func (export "init") (table.init $p (i32.const 0) (i32.const 0) (i32.const 1)))
              (func (export "drop") (elem.drop $p))
              (func (export "other") (table.set (i32.const 3) (ref.func $other)))
              (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
              (func (export "fill") (table.fill (i32.const 0) (ref.func $two) (i32.const 4)))
              (func (export "copy") (table.copy (i32.const 2) (i32.const 1) (i32.const 2))))
            """);
        var call = instance.GetFunction<int, int>("call")!;
        Assert.Equal(TrapCode.IndirectCallToNull, Assert.Throws<TrapException>(() => call(0)).Type);
        Assert.Equal(TrapCode.UndefinedElement, Assert.Throws<TrapException>(() => call(4)).Type);
        Assert.Equal((1, 2), (call(1), call(2)));
        instance.GetAction("init")!();
        Assert.Equal(2, call(0));
        instance.GetAction("drop")!();
        Assert.Equal(TrapCode.TableOutOfBounds, Assert.Throws<TrapException>(instance.GetAction("init")!).Type);
        instance.GetAction("other")!();
        Assert.Equal(TrapCode.BadSignature, Assert.Throws<TrapException>(() => call(3)).Type);
        Assert.Equal(4, instance.GetFunction<int, int>("grow")!(6));
        Assert.Equal(-1, instance.GetFunction<int, int>("grow")!(1));
        instance.GetAction("copy")!();
        Assert.Equal((1, 2), (call(2), call(3)));
        Table table = instance.GetTable("t")!;
        Assert.Equal(instance.GetFunction("two"), table.GetElement(3));
        table.SetElement(9, Function.FromCallback(_store, () => 77));
        Assert.Equal(77, call(9));
        instance.GetAction("fill")!();
        Assert.Equal(2, call(1));
    }

    [Fact]
    public void Segments_beyond_the_end_trap_and_leave_what_was_before()
    {
        Table table = new(_store, TableKind.FuncRef, null, 2);
        TrapException trap = Assert.Throws<TrapException>(() => Wat.Instantiate(_store, """
            (module (import "m" "t" (table 2 funcref)) (func $f (result i32) (i32.const 5)) (elem (i32.const 0) $f) (elem (i32.const 1) $f $f))
            """, table));
        Assert.Equal(TrapCode.TableOutOfBounds, trap.Type);
        Assert.Equal(5, ((Function)table.GetElement(0)!).Invoke());
    }

    [Fact]
    public void Large_tables_cost_what_is_used()
    {
        using Engine engine = new();
        using Store store = new(engine);
        Table table = new(store, TableKind.FuncRef, null, 10_000_000);
        Assert.Null(table.GetElement(9_999_999));
        Assert.Throws<LinkException>(() => new Table(store, TableKind.FuncRef, null, 10_000_001));
    }
}
