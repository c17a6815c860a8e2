namespace Hornet.Runtime.Tests;

/// <summary>The heap of the GC proposal, seen from the host; and exceptions on their way through it.</summary>
public sealed class HeapTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    const string Lists = """
        (module
          (type $node (struct (field i32) (field (mut (ref null $node)))))
          (type $bytes (array (mut i8)))
          (global $kept (mut (ref null $node)) (ref.null $node))
          (table $t 2 anyref)
          (func (export "build") (param i32) (result anyref) (local (ref null $node))
            (loop
              (local.set 1 (struct.new $node (local.get 0) (local.get 1)))
              (drop (array.new_default $bytes (i32.const 100)))
              (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (global.set $kept (local.get 1))
            (table.set $t (i32.const 1) (local.get 1))
            (local.get 1))
          (func $sum (export "sum") (param anyref) (result i32) (local i32 (ref null $node))
            (local.set 2 (ref.cast (ref null $node) (local.get 0)))
            (block $end
              (loop
                (br_if $end (ref.is_null (local.get 2)))
                (local.set 1 (i32.add (local.get 1) (struct.get $node 0 (local.get 2))))
                (local.set 2 (struct.get $node 1 (local.get 2)))
                (br 0)))
            (local.get 1))
          (func (export "kept") (result i32) (i32.add (call $sum (global.get $kept)) (call $sum (table.get $t (i32.const 1)))))
          (func (export "recurse") (param i32) (result i32)
            (if (result i32) (local.get 0)
              (then (call $sum (struct.new $node (local.get 0) (ref.null $node))) (call $again (i32.sub (local.get 0) (i32.const 1))) (i32.add))
              (else (i32.const 0))))
          (func $again (param i32) (result i32)
            (i32.add (call $sum (struct.new $node (i32.const 0) (struct.new $node (i32.const 0) (ref.null $node))))
              (if (result i32) (local.get 0)
                (then (struct.get $node 0 (struct.new $node (local.get 0) (ref.null $node))) (call $again (i32.sub (local.get 0) (i32.const 1))) (i32.add))
                (else (i32.const 0)))))
          (func (export "hoard") (local (ref null $node)) (loop (local.set 0 (struct.new $node (i32.const 1) (local.get 0))) (br 0)))
          (func (export "huge") (drop (array.new_default $bytes (i32.const -1)))))
        """;

    [Fact]
    public void What_is_reachable_survives_collections()
    {
        Instance instance = Wat.Instantiate(_store, Lists);
        ValueBox list = Call(instance, "build", 20_000)[0];
        Assert.True(_store.Heap.Collections > 0);
        Assert.Equal(20_000 * 20_001 / 2, Call(instance, "sum", list)[0].AsInt32());
        _store.GC();
        Assert.Equal(20_000 * 20_001 / 2, Call(instance, "sum", list)[0].AsInt32());
        Assert.Equal(20_000 * 20_001, Call(instance, "kept")[0].AsInt32());
        Assert.Equal(100 * 101 / 2, Call(instance, "recurse", 100)[0].AsInt32());
    }

    [Fact]
    public void A_full_heap_is_a_trap_and_the_store_goes_on()
    {
        using Engine engine = new(new Config().WithGc(true).WithFunctionReferences(true).WithMaximumHeapSize(1 << 20));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, Lists);
        Assert.Equal(TrapCode.HeapExhausted, Assert.Throws<TrapException>(() => Call(instance, "hoard")).Type);
        Assert.Equal(TrapCode.AllocationTooLarge, Assert.Throws<TrapException>(() => Call(instance, "huge")).Type);
        Assert.Equal(TrapCode.HeapExhausted, Assert.Throws<TrapException>(() => Call(instance, "hoard")).Type);
        Assert.Equal(55, Call(instance, "sum", Call(instance, "build", 10)[0])[0].AsInt32());
    }

    [Fact]
    public void Host_objects_are_let_go_when_no_guest_refers_to_them()
    {
        Instance instance = Wat.Instantiate(_store, """
            (module
              (type $box (struct (field (mut externref))))
              (global $g (mut (ref null $box)) (ref.null $box))
              (func (export "put") (param externref) (global.set $g (struct.new $box (local.get 0))))
              (func (export "get") (result externref) (struct.get $box 0 (global.get $g)))
              (func (export "clear") (global.set $g (ref.null $box))))
            """);
        WeakReference weak = Put(instance);
        _store.GC();
        Assert.True(weak.IsAlive);
        Assert.Equal("payload", Text(instance));
        Call(instance, "clear");
        _store.GC();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(weak.IsAlive);

        // In methods of their own, so that no stack slot of this one keeps the object.
        static string Text(Instance instance) => instance.GetFunction("get")!.Invoke()!.ToString()!;

        static WeakReference Put(Instance instance)
        {
            object o = new System.Text.StringBuilder("payload");
            Call(instance, "put", ValueBox.ExternRef(o));
            return new(o);
        }
    }

    const string Throwing = """
        (module
          (tag $t (export "t") (param i32 f64))
          (import "h" "f" (func $f (param i32)))
          (func (export "throw") (param i32) (throw $t (local.get 0) (f64.const 2.5)))
          (func (export "through") (param i32) (result i32)
            (block $caught (result i32 f64)
              (try_table (catch $t $caught) (call $f (local.get 0)))
              (return (i32.const -1)))
            (drop))
          (func (export "loose") (param i32) (call $f (local.get 0))))
        """;

    [Fact]
    public void Exceptions_cross_the_host_in_both_directions()
    {
        Instance? instance = null;
        Function f = Function.FromCallback(_store, (int a) =>
        {
            if (a == 0) throw new WasmException(instance!.GetTag("t")!, 77, 1.0);
            if (a == 1) throw new InvalidOperationException("the host's own");
            if (a == 2) instance!.GetFunction("throw")!.Invoke(12);
        });
        instance = Wat.Instantiate(_store, Throwing.Replace("""(tag $t (export "t") (param i32 f64))""", "").Replace("""(func $f (param i32)))""", """(func $f (param i32))) (tag $t (export "t") (param i32 f64))"""), f);
        WasmException uncaught = Assert.Throws<WasmException>(() => Call(instance, "throw", 5));
        Assert.Equal(instance.GetTag("t"), uncaught.Tag);
        Assert.Equal((5, 2.5), (uncaught.Values[0].AsInt32(), uncaught.Values[1].AsDouble()));
        Assert.Equal(77, Call(instance, "through", 0)[0].AsInt32());
        Assert.Equal("the host's own", Assert.Throws<InvalidOperationException>(() => Call(instance, "through", 1)).Message);
        Assert.Equal(12, Call(instance, "through", 2)[0].AsInt32());
        Assert.Equal(-1, Call(instance, "through", 3)[0].AsInt32());
        Assert.Equal(77, Assert.Throws<WasmException>(() => Call(instance, "loose", 0)).Values[0].AsInt32());
        Assert.Equal(12, Assert.Throws<WasmException>(() => Call(instance, "loose", 2)).Values[0].AsInt32());
    }

    static ValueBox[] Call(Instance instance, string name, params ReadOnlySpan<ValueBox> arguments)
    {
        Function function = instance.GetFunction(name)!;
        ValueBox[] results = new ValueBox[function.Results.Count];
        function.Invoke(arguments, results);
        return results;
    }
}
