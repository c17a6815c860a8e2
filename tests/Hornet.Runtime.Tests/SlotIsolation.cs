using System.Runtime.InteropServices;
using System.Text;
using Hornet.Text;

namespace Hornet.Runtime.Tests;

/// <summary>
/// One tenant's bytes are in no slot of a pool after it has left, however it left and however slots are reset: every readable byte of every
/// slot of every kind is looked at, and then the next tenant looks, too. The facts are the same on every tier; each tier's test project runs them.
/// </summary>
public abstract unsafe partial class SlotIsolation
{
    protected abstract Config NewConfig();

    // Nothing but the guest's own writes looks like this.
    const ulong Pattern = 0xA7A7A7A7A7A7A7A7;
    const int MostPages = 64, Elements = 6000;

    const string Guest = """
        (module (import "h" "wait" (func $wait (param i32) (result i32))) (import "h" "throw" (func $throw))
          (type $array (array (mut i64)))
          (memory (export "memory") 17 100) (table $t (export "table") 3000 6000 funcref)
          (global $g (export "global") (mut i64) (i64.const 11)) (global $v (export "vector") (mut v128) (v128.const i64x2 5 6)) (global $object (mut anyref) (ref.null any))
          (data (i32.const 100) "first") (data (i32.const 70000) "second") (data $p "passive")
          (elem (i32.const 3) func $one $two) (elem $q func $two)
          (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
          (func $deep (param i64 i64 i32) (result i64)
            (if (result i64) (local.get 2) (then (i64.xor (call $deep (local.get 0) (local.get 1) (i32.sub (local.get 2) (i32.const 1))) (local.get 0))) (else (local.get 1))))
          (func $spoil
            (memory.fill (i32.const 0) (i32.const 0xA7) (i32.mul (memory.size) (i32.const 65536)))
            (drop (table.grow (ref.func $one) (i32.const 2000)))
            (table.fill (i32.const 0) (ref.func $two) (i32.const 3500))
            (global.set $g (i64.const 0xA7A7A7A7A7A7A7A7)) (global.set $v (v128.const i64x2 0xA7A7A7A7A7A7A7A7 0xA7A7A7A7A7A7A7A7))
            (global.set $object (array.new $array (i64.const 0xA7A7A7A7A7A7A7A7) (i32.const 100000)))
            (drop (array.new $array (i64.const 0xA7A7A7A7A7A7A7A7) (i32.const 30000)))
            (drop (call $deep (i64.const 0xA7A7A7A7A7A7A7A7) (i64.const 0xA7A7A7A7A7A7A7A7) (i32.const 1500)))
            (data.drop $p) (elem.drop $q))
          (func (export "return") (call $spoil))
          (func (export "trap") (call $spoil) (drop (i32.load (i32.const -1))))
          (func (export "overflow") (call $spoil) (call $forever))
          (func $forever (local i64) (local.set 0 (i64.const 0xA7A7A7A7A7A7A7A7)) (call $forever) (drop (local.get 0)))
          (func (export "spin") (call $spoil) (loop (br 0)))
          (func (export "grow") (drop (memory.grow (i32.const 20))) (call $spoil) (drop (memory.grow (i32.const 20)))
            (memory.fill (i32.const 3670016) (i32.const 0xA7) (i32.const 65536)))
          (func (export "throw") (call $spoil) (call $throw))
          (func (export "wait") (call $spoil) (drop (call $wait (i32.const 1))))
          (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
          (func (export "more") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "elements") (result i32) (table.grow (ref.null func) (i32.const 3000)))
          (func (export "passive") (memory.init $p (i32.const 0) (i32.const 0) (i32.const 7)) (table.init $t $q (i32.const 0) (i32.const 0) (i32.const 1)))
          (func $search (export "search") (param i32) (result i64) (local i64 i64 i64 i64 v128)
            (i64.or (i64.or (i64.or (local.get 1) (local.get 2)) (i64.or (local.get 3) (local.get 4))) (i64.or (i64x2.extract_lane 1 (local.get 5))
              (if (result i64) (local.get 0) (then (call $search (i32.sub (local.get 0) (i32.const 1)))) (else (i64.const 0))))))
          (func (export "heap") (result i64) (local $x (ref null $array)) (local $i i32) (local $sum i64)
            (local.set $x (array.new_default $array (i32.const 100000)))
            (loop $l (local.set $sum (i64.or (local.get $sum) (array.get $array (local.get $x) (local.get $i))))
              (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
            (local.get $sum))
          (elem declare func $one $two))
        """;

    public static TheoryData<string, string> Cases()
    {
        TheoryData<string, string> cases = [];
        cases.Add("scan without marks", "return");
        cases.Add("slab without marks", "grow");
        foreach (string reset in (string[])["memset", "madvise", "scan", "no scan", "slab", "slab no scan"])
            foreach (string end in (string[])["return", "trap", "overflow", "spin", "grow", "throw", "wait", "forgotten"]) cases.Add(reset, end);
        return cases;
    }

    Engine NewEngine(string reset)
    {
        Config config = NewConfig().WithGc(true).WithFunctionReferences(true).WithEpochInterruption(true).WithFuelConsumption(true).WithMaximumHeapSize(4 << 20);
        if (reset.StartsWith("slab", StringComparison.Ordinal)) config.WithStaticMemoryMaximumSize(MostPages << 16);
        return new(config.Pooling(new()
        {
            TotalCoreInstances = 2, TotalMemories = 2, TotalTables = 2, TotalGcHeaps = 2, TotalStacks = 3, MaxMemorySize = MostPages << 16, TableElements = Elements,
            LinearMemoryKeepResident = reset switch { "memset" => 1 << 30, "madvise" => 0, _ => 64 << 10 }, TableKeepResident = reset switch { "memset" => 1 << 30, "madvise" => 0, _ => 16 << 10 },
        }));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Nothing_of_a_tenant_is_in_any_slot(string reset, string end)
    {
        bool scans = VirtualMemory.System.FindsWritten;
        VirtualMemory.System.FindsWritten = !reset.Contains("no scan", StringComparison.Ordinal);
        try
        {
            VirtualMemory.System.UsesMarks = !reset.Contains("without marks", StringComparison.Ordinal);
            using Engine engine = NewEngine(reset);
            VirtualMemory.System.UsesMarks = true;
            using Module module = Parse(engine, Guest), other = Parse(engine, """(module (memory (export "memory") 30) (table (export "table") 100 funcref))""");
            // The first tenant copies its segments, the second makes the images, the others find a warm slot.
            for (int round = 0; round < 4; round++)
            {
                // A thread keeps its stack; it gives it back when it ends.
                Exception? failure = null;
                Thread thread = new(() => failure = Record.Exception(() => Tenant(engine, module, end)));
                thread.Start();
                thread.Join();
                Assert.Null(failure);
                for (int i = 0; i < 100 && Found(engine).Length > 0; i++)
                {
                    System.GC.Collect();
                    System.GC.WaitForPendingFinalizers();
                }
                Assert.Equal("", Found(engine));
                LooksNew(engine, module);
                if (round % 2 == 1) continue;
                // Another module in the same places, whose memory is larger than the first one's was.
                using Store store = new(engine), second = new(engine);
                foreach (Instance instance in (Instance[])[new(store, other), new(second, other)])
                {
                    Assert.False(instance.GetMemory("memory")!.GetSpan().ContainsAnyExcept((byte)0));
                    for (ulong i = 0; i < 100; i++) Assert.Null(instance.GetTable("table")!.GetElement(i));
                }
            }
        }
        finally
        {
            VirtualMemory.System.FindsWritten = scans;
        }
    }

    static Module Parse(Engine engine, string text) => Module.FromBytes(engine, null, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    static Instance Make(Engine engine, Store store, Module module)
    {
        Linker linker = new(engine);
        linker.DefineAsyncFunction("h", "wait", (int x) => new ValueTask<int>(new TaskCompletionSource<int>().Task));
        linker.DefineFunction("h", "throw", () => throw new InvalidDataException());
        return linker.Instantiate(store, module);
    }

    static void Tenant(Engine engine, Module module, string end)
    {
        Store store = new(engine) { Fuel = 1UL << 50 };
        Instance instance = Make(engine, store, module);
        switch (end)
        {
            case "return" or "grow":
                instance.GetAction(end)!();
                break;
            case "trap" or "overflow":
                Assert.Equal(end == "trap" ? TrapCode.MemoryOutOfBounds : TrapCode.StackOverflow, Assert.Throws<TrapException>(instance.GetAction(end)!).Type);
                break;
            case "spin":
                store.SetDeadline(TimeSpan.FromMilliseconds(20));
                Assert.Equal(TrapCode.Interrupt, Assert.Throws<TrapException>(instance.GetAction(end)!).Type);
                break;
            case "throw":
                Assert.Throws<InvalidDataException>(instance.GetAction(end)!);
                break;
            case "wait":
                Assert.False(instance.GetFunction("wait")!.InvokeAsync().IsCompleted);
                break;
            case "forgotten":
                instance.GetAction("return")!();
                return;
        }
        Assert.Equal("memory block heap stack", Found(engine, left: false));
        store.Dispose();
    }

    static void LooksNew(Engine engine, Module module)
    {
        using Store store = new(engine);
        Assert.Equal(0ul, store.Fuel);
        store.Fuel = 1UL << 50;
        Instance instance = Make(engine, store, module);
        Memory memory = instance.GetMemory("memory")!;
        byte[] expected = new byte[17 << 16];
        "first"u8.CopyTo(expected.AsSpan(100));
        "second"u8.CopyTo(expected.AsSpan(70000));
        Assert.True(memory.GetSpan().SequenceEqual(expected));
        Assert.Equal((17, 47), (instance.GetFunction<int, int>("more")!(30), instance.GetFunction<int, int>("more")!(MostPages - 47)));
        Assert.False(memory.GetSpan()[(17 << 16)..].ContainsAnyExcept((byte)0));
        Table table = instance.GetTable("table")!;
        Assert.Equal(3000ul, table.GetSize());
        Assert.Equal(3000, instance.GetFunction<int>("elements")!());
        for (ulong i = 0; i < Elements; i++) Assert.Equal(i is 3 or 4, table.GetElement(i) is not null);
        Assert.Equal((1, 2), (instance.GetFunction<int, int>("call")!(3), instance.GetFunction<int, int>("call")!(4)));
        Assert.Equal(11L, instance.GetGlobal("global")!.GetValue());
        Assert.Equal(new V128(5, 6), instance.GetGlobal("vector")!.GetValue());
        Assert.Equal((0L, 0L), (instance.GetFunction<int, long>("search")!(800), instance.GetFunction<long>("heap")!()));
        instance.GetAction("passive")!();
        Assert.Equal("passive", memory.ReadString(0, 7));
    }

    // Kinds in whose slots the pattern is; of those that are zero when no instance has one, anything. (This thread has a stack.)
    static string Found(Engine engine, bool left = true)
    {
        List<string> found = [];
        byte[] chunk = new byte[1 << 18];
        (SlotArray memories, SlotArray blocks, SlotArray small, SlotArray tables, SlotArray heaps, SlotArray stacks) = engine.Allocator.Slots;
        foreach ((string name, SlotArray slots, bool isZero) in ((string, SlotArray, bool)[])[("memory", memories, false), ("block", blocks, false), ("block", small, false), ("table", tables, true), ("heap", heaps, true), ("stack", stacks, false)])
        {
            nuint size = (nuint)Math.Min(slots.SlotSize, MostPages << 16);
            bool has = false;
            for (int i = 0; i < slots.Slots; i++)
            {
                for (nuint at = 0; at < size;)
                {
                    int read = Read(slots.SlotAt(i) + at, chunk.AsSpan(0, (int)Math.Min((nuint)chunk.Length, size - at)));
                    if (read > 0) has |= isZero && left ? chunk.AsSpan(0, read).ContainsAnyExcept((byte)0) : MemoryMarshal.Cast<byte, ulong>(chunk.AsSpan(0, read)).Contains(Pattern);
                    // What cannot be read is passed over.
                    at += (nuint)Math.Max(read, 4096);
                }
            }
            if (has && !found.Contains(name)) found.Add(name);
        }
        return string.Join(' ', found);
    }

    static SlotArray[] Kinds(Engine engine)
    {
        (SlotArray memories, SlotArray blocks, SlotArray small, SlotArray tables, SlotArray heaps, SlotArray stacks) = engine.Allocator.Slots;
        return [memories, blocks, small, tables, heaps, stacks];
    }

    [Theory]
    [InlineData("scan")]
    [InlineData("slab")]
    [InlineData("slab without marks")]
    public void A_guard_lies_on_either_side_of_every_slot_of_every_kind(string reset)
    {
        // As on kernels before 6.13.
        VirtualMemory.System.UsesMarks = !reset.Contains("without marks", StringComparison.Ordinal);
        using Engine engine = NewEngine(reset);
        VirtualMemory.System.UsesMarks = true;
        using Module module = Parse(engine, Guest);
        byte[] one = new byte[1];
        foreach (SlotArray slots in Kinds(engine))
        {
            byte*[] rented = new byte*[slots.Slots];
            for (int i = 0; i < rented.Length; i++)
            {
                rented[i] = slots.TryRent();
                Assert.True(rented[i] != null && rented[i] == slots.SlotAt(i));
            }
            Assert.True(slots.TryRent() == null);
            for (int i = 0; i < rented.Length; i++)
            {
                bool closed = slots.SlotSize >= 1UL << 32;
                // What a closed slot's user opens is between two pages that stay as they were.
                if (closed) Assert.True(VirtualMemory.System.Commit(rented[i], slots.SlotSize));
                Assert.True(TryRead(rented[i], one) && TryRead(rented[i] + slots.SlotSize - 1, one));
                Assert.False(TryRead(rented[i] - 1, one) || TryRead(rented[i] + slots.SlotSize, one) || TryRead(rented[i] + slots.SlotSize + 4095, one));
                if (i > 0) Assert.True(rented[i] - rented[i - 1] > (long)slots.SlotSize);
                if (closed) Assert.True(VirtualMemory.System.Decommit(rented[i], slots.SlotSize));
                // It stays when the pages are given back.
                else VirtualMemory.System.Reset(rented[i], slots.SlotSize);
                Assert.False(TryRead(rented[i] - 1, one) || TryRead(rented[i] + slots.SlotSize, one));
            }
            foreach (byte* slot in rented) slots.Return(slot);
        }
        LooksNew(engine, module);
    }

    [Fact]
    public void A_guests_stack_and_memory_end_in_traps_at_their_guards()
    {
        using Engine engine = NewEngine("scan");
        using Module module = Parse(engine, Guest);
        using Store store = new(engine) { Fuel = 1UL << 50 };
        Instance instance = Make(engine, store, module);
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(instance.GetAction("overflow")!).Type);
            Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(instance.GetAction("trap")!).Type);
        }
    }

    // Reads without faulting and as far as the page protection allows; the system's own reading of /proc/self/mem would not ask.
    static bool TryRead(byte* at, Span<byte> bytes) => Read(at, bytes) == bytes.Length;

    static int Read(byte* at, Span<byte> bytes)
    {
        fixed (byte* to = bytes)
        {
            Vector local = new() { At = to, Length = (nuint)bytes.Length }, remote = new() { At = at, Length = (nuint)bytes.Length };
            return (int)ReadProcess(Environment.ProcessId, &local, 1, &remote, 1, 0);
        }
    }

    struct Vector
    {
        public byte* At;
        public nuint Length;
    }

    [LibraryImport("libc", EntryPoint = "process_vm_readv")]
    private static partial nint ReadProcess(int process, Vector* local, nuint locals, Vector* remote, nuint remotes, nuint flags);
}
