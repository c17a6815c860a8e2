namespace Hornet.Runtime.Tests;

/// <summary>What one instance leaves is not there for the next: patterns are written into every part and searched in what comes after.</summary>
public sealed class IsolationTests
{
    const byte Pattern = 0xA7;

    const string Guest = """
        (module (memory (export "m") 17 40) (table (export "t") 64 200 funcref)
          (global (export "g") (mut i64) (i64.const 11)) (global (export "v") (mut v128) (v128.const i64x2 5 6)) (global (export "r") (mut funcref) (ref.null func))
          (data (i32.const 100) "first") (data (i32.const 70000) "second") (data $p "passive")
          (elem (i32.const 3) func $one $two) (elem $q func $two)
          (func $one (export "one") (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
          (func (export "spoil") (local i32)
            (memory.fill (i32.const 0) (i32.const 0xA7) (i32.mul (memory.size) (i32.const 65536)))
            (drop (memory.grow (i32.const 9)))
            (memory.fill (i32.const 1114112) (i32.const 0xA7) (i32.const 589824))
            (table.fill (i32.const 0) (ref.func $two) (i32.const 64)) (drop (table.grow (ref.func $one) (i32.const 90)))
            (global.set 0 (i64.const 0xA7A7A7A7A7A7A7A7)) (global.set 1 (v128.const i64x2 0xA7A7A7A7A7A7A7A7 0xA7A7A7A7A7A7A7A7)) (global.set 2 (ref.func $one))
            (data.drop $p) (elem.drop $q))
          (func (export "touch") (param i32) (i32.store8 (local.get 0) (i32.const 0xA7)))
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
          (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
          (func (export "passive") (memory.init $p (i32.const 0) (i32.const 0) (i32.const 7)) (table.init 0 $q (i32.const 0) (i32.const 0) (i32.const 1)))
          (elem declare func $one $two))
        """;

    public static TheoryData<string> Configurations => ["on demand", "explicit", "pooled", "pooled slab", "pooled nothing resident", "pooled everything resident", "pooled three pages"];

    static Config Of(string name) => name switch
    {
        "on demand" => new Config(),
        "explicit" => new Config().WithStaticMemoryMaximumSize(1 << 20),
        "pooled" => new Config().Pooling(new() { TotalMemories = 2, TotalCoreInstances = 2, TotalTables = 2 }),
        "pooled slab" => new Config().WithStaticMemoryMaximumSize(4 << 20).Pooling(new() { TotalMemories = 2, MaxMemorySize = 4 << 20 }),
        "pooled nothing resident" => new Config().Pooling(new() { TotalMemories = 2, LinearMemoryKeepResident = 0, TableKeepResident = 0 }),
        "pooled everything resident" => new Config().Pooling(new() { TotalMemories = 2, LinearMemoryKeepResident = 1 << 30 }),
        _ => new Config().Pooling(new() { TotalMemories = 2, LinearMemoryKeepResident = 3 * 4096 }),
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Nothing_of_an_instance_is_in_the_next(string configuration)
    {
        using Engine engine = new(Of(configuration));
        using Module module = Wat.Module(Guest, engine);
        for (int round = 0; round < 6; round++)
        {
            using Store store = new(engine);
            Instance instance = new(store, module);
            LooksNew(instance);
            instance.GetAction("spoil")!();
            Assert.Equal(26 * 65536, instance.GetMemory("m")!.GetLength());
            Assert.Equal(2, instance.GetFunction<int, int>("call")!(3));
            // Odd rounds write through the host, too.
            if (round % 2 == 1) instance.GetMemory("m")!.GetSpan().Fill(Pattern);
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Single_pages_that_were_touched_are_restored(string configuration)
    {
        using Engine engine = new(Of(configuration));
        using Module module = Wat.Module(Guest, engine);
        Random random = new(1);
        for (int round = 0; round < 40; round++)
        {
            using Store store = new(engine);
            Instance instance = new(store, module);
            LooksNew(instance);
            Action<int> touch = instance.GetAction<int>("touch")!;
            for (int i = random.Next(200); i > 0; i--) touch(random.Next(17 * 65536));
        }
    }

    [Fact]
    public void Nothing_of_an_instance_is_in_one_of_another_module()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalMemories = 1, TotalTables = 1, TotalCoreInstances = 1 }));
        using Module module = Wat.Module(Guest, engine), other = Wat.Module("""(module (memory (export "m") 40) (table (export "t") 100 funcref) (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))""", engine);
        for (int round = 0; round < 4; round++)
        {
            using (Store store = new(engine))
            {
                Instance instance = new(store, module);
                LooksNew(instance);
                instance.GetAction("spoil")!();
            }
            using (Store store = new(engine))
            {
                Instance instance = new(store, other);
                Assert.False(instance.GetMemory("m")!.GetSpan().ContainsAnyExcept((byte)0));
                for (ulong i = 0; i < 100; i++) Assert.Null(instance.GetTable("t")!.GetElement(i));
                instance.GetMemory("m")!.GetSpan().Fill(Pattern);
            }
        }
    }

    [Fact]
    public void Forgotten_stores_leave_nothing_either()
    {
        using Engine engine = new(new Config().Pooling(new() { TotalMemories = 8, TotalCoreInstances = 8, TotalTables = 8 }));
        using Module module = Wat.Module(Guest, engine);
        for (int i = 0; i < 4; i++) Forget(engine, module);
        System.GC.Collect();
        System.GC.WaitForPendingFinalizers();
        for (int i = 0; i < 8; i++) LooksNew(new(new Store(engine), module));

        static void Forget(Engine engine, Module module) => new Instance(new Store(engine), module).GetAction("spoil")!();
    }

    [Fact]
    public void Objects_of_one_heap_are_not_in_the_next()
    {
        const string Heaps = """
            (module (type $a (array (mut i32)))
              (func (export "spoil") (drop (array.new $a (i32.const 0xA7A7A7A7) (i32.const 50000))))
              (func (export "search") (result i32) (local $x (ref null $a)) (local $i i32) (local $sum i32)
                (local.set $x (array.new_default $a (i32.const 50000)))
                (loop $l (local.set $sum (i32.or (local.get $sum) (array.get $a (local.get $x) (local.get $i))))
                  (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000))))
                (local.get $sum)))
            """;
        using Engine engine = new(new Config().WithGc(true).WithFunctionReferences(true));
        using Module module = Wat.Module(Heaps, engine);
        for (int round = 0; round < 3; round++)
        {
            using Store store = new(engine);
            Instance instance = new(store, module);
            Assert.Equal(0, instance.GetFunction<int>("search")!());
            instance.GetAction("spoil")!();
        }
    }

    [Fact]
    public void Locals_of_one_stack_are_not_in_the_next()
    {
        const string Stacks = """
            (module (func $deep (param i64 i32) (if (local.get 1) (then (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1))))))
              (func (export "spoil") (call $deep (i64.const 0xA7A7A7A7A7A7A7A7) (i32.const 1000)))
              (func $search (export "search") (param i32) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64)
                (i64.or (i64.or (i64.or (local.get 1) (local.get 2)) (i64.or (local.get 3) (local.get 4))) (i64.or (i64.or (local.get 5) (local.get 6)) (i64.or (local.get 7)
                  (if (result i64) (local.get 0) (then (call $search (i32.sub (local.get 0) (i32.const 1)))) (else (local.get 8))))))))
            """;
        using Module module = Wat.Module(Stacks);
        for (int round = 0; round < 3; round++)
        {
            using Store store = new(Wat.Engine);
            Instance instance = new(store, module);
            Assert.Equal(0, instance.GetFunction<int, long>("search")!(500));
            instance.GetAction("spoil")!();
        }
    }

    static void LooksNew(Instance instance)
    {
        Memory memory = instance.GetMemory("m")!;
        byte[] expected = new byte[17 * 65536];
        "first"u8.CopyTo(expected.AsSpan(100));
        "second"u8.CopyTo(expected.AsSpan(70000));
        Assert.True(memory.GetSpan().SequenceEqual(expected));
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("load")!(17 * 65536)).Type);
        Table table = instance.GetTable("t")!;
        Assert.Equal(64ul, table.GetSize());
        for (ulong i = 0; i < 64; i++) Assert.Equal(i is 3 or 4, table.GetElement(i) is not null);
        Assert.Equal((1, 2), (instance.GetFunction<int, int>("call")!(3), instance.GetFunction<int, int>("call")!(4)));
        Assert.Equal(TrapCode.IndirectCallToNull, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("call")!(5)).Type);
        Assert.Equal(11L, instance.GetGlobal("g")!.GetValue());
        Assert.Equal(new V128(5, 6), instance.GetGlobal("v")!.GetValue());
        Assert.Null(instance.GetGlobal("r")!.GetValue());
        instance.GetAction("passive")!();
        Assert.Equal("passive", memory.ReadString(0, 7));
    }
}
