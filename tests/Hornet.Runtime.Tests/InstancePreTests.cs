namespace Hornet.Runtime.Tests;

public sealed class InstancePreTests
{
    const string Guest = """
        (module (import "h" "add" (func $add (param i32 i32) (result i32))) (import "h" "twice" (func $twice (param i32) (result i32)))
          (memory 1) (table 4 funcref) (elem (i32.const 0) $twice $own) (global (mut i32) (i32.const 3)) (data (i32.const 0) "data")
          (func $own (param i32) (result i32) (i32.const 9))
          (func (export "f") (param i32) (result i32) (global.set 0 (i32.add (global.get 0) (i32.const 1)))
            (call $add (global.get 0) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))))
        """;

    static Linker Linker(Engine engine)
    {
        Linker linker = new(engine);
        linker.DefineFunction("h", "add", (int a, int b) => a + b);
        linker.DefineFunction("h", "twice", (int a) => 2 * a);
        return linker;
    }

    [Fact]
    public void Instances_have_the_imports_that_were_looked_up_once()
    {
        using Module module = Wat.Module(Guest);
        InstancePre pre = Linker(Wat.Engine).InstantiatePre(module);
        for (int i = 0; i < 5; i++)
        {
            using Store store = new(Wat.Engine);
            Assert.Equal(4 + 2 * i, pre.Instantiate(store).GetFunction<int, int>("f")!(i));
            // A second one in the same store, and a function of the store's own beside them.
            Function own = Function.FromCallback(store, (int a) => 7 * a);
            Assert.Equal(21, own.Invoke(3));
            Assert.Equal(4 + 2 * i, pre.Instantiate(store).GetFunction<int, int>("f")!(i));
            Assert.Equal(28, own.Invoke(4));
        }
    }

    [Fact]
    public void A_store_with_functions_of_its_own_works_as_well()
    {
        using Module module = Wat.Module(Guest);
        InstancePre pre = Linker(Wat.Engine).InstantiatePre(module), other = Linker(Wat.Engine).InstantiatePre(module);
        for (int i = 0; i < 4; i++)
        {
            using Store store = new(Wat.Engine);
            Function own = Function.FromCallback(store, (int a) => 7 * a);
            Instance one = pre.Instantiate(store), two = other.Instantiate(store);
            Assert.Equal((14, 6, 6), ((int)own.Invoke(2)!, one.GetFunction<int, int>("f")!(1), two.GetFunction<int, int>("f")!(1)));
        }
    }

    [Fact]
    public void Items_of_a_store_serve_that_store_only()
    {
        using Module module = Wat.Module("""(module (import "h" "m" (memory 1)) (func (export "f") (result i32) (i32.load8_u (i32.const 0))))""");
        using Store store = new(Wat.Engine), other = new(Wat.Engine);
        Memory memory = new(store, 1);
        memory.WriteByte(0, 42);
        Linker linker = new(Wat.Engine);
        linker.Define("h", "m", memory);
        InstancePre pre = linker.InstantiatePre(module);
        Assert.Equal(42, pre.Instantiate(store).GetFunction<int>("f")!());
        Assert.Contains("another store", Assert.Throws<LinkException>(() => pre.Instantiate(other)).Message);
    }

    [Fact]
    public void What_does_not_fit_is_refused_at_once()
    {
        using Module module = Wat.Module(Guest);
        Linker linker = new(Wat.Engine);
        Assert.Contains("h::add", Assert.Throws<LinkException>(() => linker.InstantiatePre(module)).Message);
        linker.DefineFunction("h", "add", (int a, long b) => a);
        linker.DefineFunction("h", "twice", (int a) => 2 * a);
        Assert.Contains("incompatible import type for h::add", Assert.Throws<LinkException>(() => linker.InstantiatePre(module)).Message);
        using Engine engine = new();
        using Store store = new(engine);
        InstancePre pre = Linker(Wat.Engine).InstantiatePre(module);
        Assert.Throws<LinkException>(() => pre.Instantiate(store));
        module.Dispose();
        using Store late = new(Wat.Engine);
        Assert.Throws<ObjectDisposedException>(() => pre.Instantiate(late));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_instantiation_allocates_the_instance_and_nothing_else(bool pooled)
    {
        using Engine engine = new(pooled ? new Config().Pooling(new() { TotalMemories = 4 }) : new Config());
        using Module module = Wat.Module(Guest, engine);
        InstancePre pre = Linker(engine).InstantiatePre(module);
        Action empty = () => new Store(engine).Dispose(), cycle = () =>
        {
            using Store store = new(engine);
            pre.Instantiate(store);
        };
        long store = Allocated(empty), both = Allocated(cycle);
        // A header of two words and four fields.
        Assert.Equal(100 * 48, both - store);
        // The store and its lock.
        Assert.InRange(store, 0, 100 * 400);
    }

    static long Allocated(Action action)
    {
        for (int i = 0; i < 100; i++) action();
        long before = System.GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) action();
        return System.GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
