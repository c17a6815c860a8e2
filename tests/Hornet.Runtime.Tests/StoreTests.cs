namespace Hornet.Runtime.Tests;

public sealed class StoreTests
{
    [Fact]
    public void Data_travels_with_the_store()
    {
        using Store store = new(Wat.Engine, "mine");
        Assert.Equal("mine", store.GetData());
        Function host = Function.FromCallback(store, (Caller caller) => caller.SetData(caller.GetData() + "!"));
        Wat.Instantiate(store, """(module (import "h" "f" (func $f)) (start $f))""", host);
        Assert.Equal("mine!", store.Data);
    }

    [Fact]
    public void A_running_store_cannot_be_disposed()
    {
        Store store = new(Wat.Engine);
        Function host = Function.FromCallback(store, store.Dispose);
        Instance instance = Wat.Instantiate(store, """(module (import "h" "f" (func $f)) (func (export "run") (call $f)))""", host);
        Assert.Contains("running", Assert.Throws<InvalidOperationException>(() => instance.GetAction("run")!()).Message);
        var run = instance.GetAction("run")!;
        store.Dispose();
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(run);
        Assert.Throws<ObjectDisposedException>(() => instance.GetFunction("run"));
        Assert.Throws<ObjectDisposedException>(() => Function.FromCallback(store, () => { }));
        Assert.Throws<ObjectDisposedException>(() => Wat.Instantiate(store, "(module)"));
    }

    [Fact]
    public void A_store_has_one_caller_at_a_time()
    {
        using Store store = new(Wat.Engine);
        using ManualResetEventSlim inside = new(), leave = new();
        Function host = Function.FromCallback(store, () =>
        {
            inside.Set();
            leave.Wait();
        });
        Instance instance = Wat.Instantiate(store, """(module (import "h" "f" (func $f)) (memory (export "m") 1) (func (export "run") (call $f)) (func (export "nop")))""", host);
        var run = instance.GetAction("run")!;
        var nop = instance.GetAction("nop")!;
        Memory memory = instance.GetMemory("m")!;
        Thread thread = new(() => run());
        thread.Start();
        inside.Wait();
        Assert.Contains("one caller at a time", Assert.Throws<InvalidOperationException>(nop).Message);
        Assert.Throws<InvalidOperationException>(() => memory.GetSize());
        Assert.Throws<InvalidOperationException>(() => instance.GetFunction("nop"));
        Assert.Throws<InvalidOperationException>(store.Dispose);
        leave.Set();
        thread.Join();
        nop();
    }

    [Fact]
    public void Stores_move_between_threads()
    {
        using Store store = new(Wat.Engine);
        Instance instance = Wat.Instantiate(store, """(module (global $g (mut i32) (i32.const 0)) (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))""");
        var next = instance.GetFunction<int>("next")!;
        for (int i = 1; i <= 10; i++)
        {
            int result = 0;
            Thread thread = new(() => result = next());
            thread.Start();
            thread.Join();
            Assert.Equal(i, result);
        }
    }

    [Fact]
    public void Code_outlives_its_module_and_engine()
    {
        Engine engine = new();
        using Store store = new(engine);
        Module module = Wat.Module("""(module (func (export "one") (result i32) (i32.const 1)) (func (export "two") (result i32) (i32.const 2)))""", engine);
        Instance instance = new(store, module);
        Assert.Equal(1, instance.GetFunction<int>("one")!());
        module.Dispose();
        engine.Dispose();
        Assert.Equal(2, instance.GetFunction<int>("two")!());
        Assert.Throws<ObjectDisposedException>(() => new Instance(store, module));
        Assert.Throws<ObjectDisposedException>(() => new Store(engine));
    }

    [Fact]
    public void Forgotten_stores_are_collected()
    {
        WeakReference[] stores = [.. Enumerable.Range(0, 20).Select(_ => Forget())];
        for (int i = 0; i < 10 && stores.Any(s => s.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.True(stores.Count(s => s.IsAlive) <= 1);
        Assert.Equal(0, s_engine.Commit.Used % 65536);
        Assert.InRange(s_engine.Commit.Used, 0, 2 * 65536);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Forget()
        {
            Store store = new(s_engine);
            Instance instance = Wat.Instantiate(store, """(module (memory 1) (func (export "f") (result i32) (memory.size)))""");
            Assert.Equal(1, instance.GetFunction<int>("f")!());
            return new(store);
        }
    }

    static readonly Engine s_engine = new();

    [Fact]
    public void Forgotten_modules_give_back_their_types()
    {
        using Engine engine = new();
        for (int i = 0; i < 20; i++) Forget(engine, i);
        for (int i = 0; i < 10 && engine.Types.Count > 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.InRange(engine.Types.Count, 0, 3);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(Engine engine, int i)
        {
            string types = string.Concat(Enumerable.Repeat(" i32", i + 1));
            Store store = new(engine);
            Wat.Instantiate(store, $"""(module (func (export "f") (param{types})))""");
            Assert.Throws<Wasm.WasmFormatException>(() => Hornet.Module.FromBytes(engine, null, "no module"u8));
        }
    }

    [Fact]
    public void Many_stores_on_many_threads()
    {
        Module module = Wat.Module("""
            (module (memory 1) (func $fib (export "fib") (param i32) (result i32)
              (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
                (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
            """);
        Parallel.For(0, 200, _ =>
        {
            using Store store = new(Wat.Engine);
            Assert.Equal(610, new Instance(store, module).GetFunction<int, int>("fib")!(15));
        });
    }

    [Fact]
    public void What_belongs_to_another_engine_is_refused()
    {
        using Engine other = new();
        using Store store = new(other);
        Assert.Contains("another engine", Assert.Throws<LinkException>(() => new Instance(store, Wat.Module("(module)"))).Message);
    }
}
