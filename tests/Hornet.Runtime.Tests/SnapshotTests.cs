namespace Hornet.Runtime.Tests;

public sealed class SnapshotTests
{
    const string Guest = """
        (module (import "h" "twice" (func $twice (param i32) (result i32)))
          (memory (export "m") 1 10) (table (export "t") 2 10 funcref) (global $g (mut i32) (i32.const 0)) (global $r (mut funcref) (ref.null func))
          (data (i32.const 0) "start") (data $p "passive") (elem $q func $own)
          (func $own (param i32) (result i32) (i32.const 9))
          (func $start (global.set $g (i32.add (global.get $g) (i32.const 1))))
          (func (export "init")
            (drop (memory.grow (i32.const 2))) (i32.store (i32.const 150000) (i32.const 77)) (i32.store (i32.const 0) (i32.const 0))
            (drop (table.grow (ref.func $own) (i32.const 3))) (table.set (i32.const 0) (ref.func $twice))
            (global.set $g (i32.const 41)) (global.set $r (ref.func $twice)) (data.drop $p) (elem.drop $q))
          (func (export "count") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "call") (param i32 i32) (result i32) (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
          (func (export "passive") (memory.init $p (i32.const 0) (i32.const 0) (i32.const 1)))
          (func (export "global") (result i32) (table.set (i32.const 1) (global.get $r)) (call_indirect (param i32) (result i32) (i32.const 8) (i32.const 1)))
          (start $start) (elem declare func $own $twice))
        """;

    static Function Twice(Store store) => Function.FromCallback(store, (int a) => 2 * a);

    [Fact]
    public void Copies_go_on_where_the_instance_was()
    {
        using Store store = new(Wat.Engine);
        Instance first = Wat.Instantiate(store, Guest, Twice(store));
        first.GetAction("init")!();
        using InstanceSnapshot snapshot = first.Snapshot();
        Assert.Equal(42, first.GetFunction<int>("count")!());
        first.GetMemory("m")!.WriteInt32(150000, 1);
        for (int i = 0; i < 5; i++)
        {
            using Store other = new(Wat.Engine);
            Instance copy = snapshot.Instantiate(other, Twice(other));
            Assert.Equal((42, 43), (copy.GetFunction<int>("count")!(), copy.GetFunction<int>("count")!()));
            Func<int, int> load = copy.GetFunction<int, int>("load")!;
            Assert.Equal((77, 0, 't'), (load(150000), load(0), load(4)));
            Assert.Equal((3L, 5ul), (copy.GetMemory("m")!.GetSize(), copy.GetTable("t")!.GetSize()));
            Func<int, int, int> call = copy.GetFunction<int, int, int>("call")!;
            Assert.Equal((6, 9, 9), (call(0, 3), call(2, 3), call(4, 3)));
            Assert.Equal(16, copy.GetFunction<int>("global")!());
            Assert.Throws<TrapException>(() => copy.GetAction("passive")!());
            copy.GetMemory("m")!.GetSpan().Fill(0xA7);
            copy.GetMemory("m")!.Grow(3);
        }
    }

    [Fact]
    public void A_copy_of_a_copy_and_a_fork_and_a_linker()
    {
        using Store store = new(Wat.Engine);
        Instance first = Wat.Instantiate(store, Guest, Twice(store));
        first.GetAction("init")!();
        Instance fork = first.Fork(store, Twice(store));
        Assert.Equal(42, fork.GetFunction<int>("count")!());
        Assert.Equal(42, first.GetFunction<int>("count")!());
        Assert.Equal(43, fork.GetFunction<int>("count")!());
        Linker linker = new(Wat.Engine);
        linker.DefineFunction("h", "twice", (int a) => 2 * a);
        InstancePre pre = linker.InstantiatePre(fork.Snapshot());
        for (int i = 0; i < 3; i++)
        {
            using Store other = new(Wat.Engine);
            Assert.Equal(44, pre.Instantiate(other).Fork(other, Twice(other)).GetFunction<int>("count")!());
        }
    }

    [Theory]
    [InlineData("""(module (memory (import "h" "m") 1))""", "h::m is an imported memory")]
    [InlineData("""(module (table (import "h" "t") 1 funcref))""", "h::t is an imported table")]
    [InlineData("""(module (global (import "h" "g") (mut i32)))""", "h::g is an imported mutable global")]
    [InlineData("""(module (memory 1 1 shared))""", "shared")]
    [InlineData("""(module (global (export "x") (mut externref) (ref.null extern)))""", "global 0 refers to an object")]
    [InlineData("""(module (table (export "x") 1 externref))""", "element 0 of table 0 refers to an object")]
    [InlineData("""(module (table (export "f") 1 funcref))""", "element 0 of table 0 refers to a function of another instance")]
    public void What_is_not_the_instances_own_is_refused(string text, string reason)
    {
        using Engine engine = new(new Config().WithWasmThreads(true));
        using Store store = new(engine);
        Linker linker = new(engine);
        linker.Define("h", "m", new Memory(store, 1));
        linker.Define("h", "t", new Table(store, TableKind.FuncRef, null, 1));
        linker.Define("h", "g", new Global(store, ValueKind.Int32, 0, Mutability.Mutable));
        Instance instance = linker.Instantiate(store, Wat.Module(text, engine));
        switch (instance.GetExport("x"))
        {
            case Global global: global.SetValue("object"); break;
            case Table table: table.SetElement(0, "object"); break;
        }
        instance.GetTable("f")?.SetElement(0, Twice(store));
        Assert.Contains(reason, Assert.Throws<SnapshotException>(() => instance.Snapshot()).Message);
    }

    [Fact]
    public void A_forgotten_snapshot_keeps_slots_warm_for_those_who_still_make_instances()
    {
        using Engine engine = new();
        using Module module = Wat.Module("""(module (memory 1) (func (export "f") (result i32) (i32.const 7)))""", engine);
        InstancePre pre = Prepared(engine, module);
        System.GC.Collect();
        System.GC.WaitForPendingFinalizers();
        for (int i = 0; i < 3; i++)
        {
            using (Store store = new(engine)) Assert.Equal(7, pre.Instantiate(store).GetFunction<int>("f")!());
            Assert.Equal(1, engine.Allocator.Idle);
        }

        static InstancePre Prepared(Engine engine, Module module)
        {
            using Store store = new(engine);
            return new Linker(engine).InstantiatePre(new Instance(store, module).Snapshot());
        }
    }

    [Fact]
    public void A_running_instance_is_refused()
    {
        using Store store = new(Wat.Engine);
        Instance? instance = null;
        Function now = Function.FromCallback(store, () => { instance!.Snapshot(); });
        instance = Wat.Instantiate(store, """(module (import "h" "now" (func $now)) (func (export "f") (call $now)))""", now);
        Assert.Contains("running", Assert.Throws<SnapshotException>(() => instance.GetAction("f")!()).Message);
    }

    [Fact]
    public void Random_programs_go_on_alike_in_copies_and_in_modules_that_begin_there()
    {
        using Wasmtime.Engine oracle = new();
        for (int seed = 1; seed <= 60; seed++)
        {
            byte[] bytes = Wat.Bytes(new RandomProgram(seed).Text());
            using Module module = Module.FromBytes(Wat.Engine, bytes);
            string? before = null;
            // The second and third find what the one before has left.
            for (int round = 0; round < 3; round++)
            {
                using Store store = new(Wat.Engine);
                Instance instance = new(store, module);
                string first = Outcome(instance.GetFunction<int, long, long>("run")!, 77, 5);
                Assert.True((before ??= first) == first, $"seed {seed}: {first} in round {round}, {before} before");
                using InstanceSnapshot snapshot = instance.Snapshot();
                byte[] made = snapshot.ToModule();
                string expected = Outcome(instance.GetFunction<int, long, long>("run")!, -5, 1L << 40);
                Assert.Equal(expected, Outcome(snapshot.Instantiate(store).GetFunction<int, long, long>("run")!, -5, 1L << 40));
                using Module ours = Module.FromBytes(Wat.Engine, made);
                Assert.Equal(expected, Outcome(new Instance(store, ours).GetFunction<int, long, long>("run")!, -5, 1L << 40));
                using Wasmtime.Module theirs = Wasmtime.Module.FromBytes(oracle, "m", made);
                using Wasmtime.Store theirStore = new(oracle);
                Assert.Equal(expected, Outcome(new Wasmtime.Instance(theirStore, theirs).GetFunction<int, long, long>("run")!, -5, 1L << 40));
            }
        }
    }

    static string Outcome(Func<int, long, long> run, int a, long b)
    {
        try
        {
            return run(a, b).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is TrapException or Wasmtime.TrapException)
        {
            return "a trap";
        }
    }
}
