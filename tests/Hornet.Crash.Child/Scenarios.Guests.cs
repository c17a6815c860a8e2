using System.Text;
using Hornet.Native;
using Hornet.Text;
using static Hornet.Crash.Host;

namespace Hornet.Crash;

// What guests do by themselves.
static partial class Scenarios
{
    static readonly int[] s_stacks = [128 << 10, 256 << 10, 512 << 10, 1 << 20];

    static void Recursion(Host host)
    {
        const string text = """(module (func $f (export "f") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))""";
        const string indirect = """(module (type $t (func (param i32) (result i32))) (table funcref (elem $f)) (func $f (export "f") (param i32) (result i32) (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 1))))""";
        // A frame with much in it: the check must see the whole of it.
        string wide = $"(module (func $f (export \"f\") (param i32) (result i32) (local {string.Concat(Enumerable.Repeat("v128 ", 500))}) {string.Concat(Enumerable.Range(1, 500).Select(i => $"(local.set {i} (i32x4.splat (i32.add (local.get 0) (i32.const {i}))))"))} (drop (call $f (local.get 0))) (i32.add {string.Concat(Enumerable.Range(1, 499).Select(i => $"(i32.add (i32x4.extract_lane 0 (local.get {i}))"))} (i32x4.extract_lane 0 (local.get 500)){new string(')', 499)} (i32.const 1))))";
        On(s_stacks, () =>
        {
            foreach (string module in (string[])[text, indirect, wide])
                for (int i = 0; i < 3; i++) host.Expect(TrapCode.StackOverflow, module);
        });
    }

    // Every other function is left to the interpreter, so that each level changes tiers.
    static void MixedRecursion(Host host)
    {
        const string endless = """
            (module (func $a (export "f") (param i32) (result i32) (i32.add (call $b (local.get 0)) (i32.const 1)))
              (func $b (param i32) (result i32) (i32.add (call $a (local.get 0)) (i32.const 1))))
            """;
        // As deep as its argument, where it divides by zero.
        const string faults = """
            (module (func $a (export "f") (param i32) (result i32) (i32.div_s (i32.const 1) (if (result i32) (local.get 0) (then (call $b (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0)))))
              (func $b (param i32) (result i32) (call $a (local.get 0))))
            """;
        On(s_stacks, () =>
        {
            ModuleCompiler.LeaveOut = static function => function % 2 == 1;
            for (int i = 0; i < 3; i++)
            {
                host.Expect(TrapCode.StackOverflow, endless);
                host.Expect(TrapCode.IntegerDivideByZero, faults, argument: 40);
            }
        });
    }

    static void WildAccesses(Host host)
    {
        foreach (string access in (string[])["i32.load", "i64.load", "v128.load", "i32.load8_u", "i32.store", "i64.store8", "f64.store", "i32.store16"])
            foreach (ulong offset in (ulong[])[0, 1, 65533, 0x01FFFFF0, 0x02000000, 0x7FFFFFFF, 0xFFFFFFFF])
                foreach (int address in (int[])[65536, -1, -8, int.MinValue, int.MaxValue, 0x01FFFFFF, 0x02000000])
                    host.Expect(TrapCode.MemoryOutOfBounds, Access(access, offset), argument: address);
        // The last bytes are good, and the first behind them are not.
        using Store store = new(host.Engine);
        Function last = host.Function(store, "(module (memory 1) (func (export \"f\") (param i32) (result i32) (i64.store (local.get 0) (i64.const -1)) (i32.wrap_i64 (i64.load (local.get 0)))))");
        Check((int)last.Invoke(65528)! == -1);
        for (int address = 65529; address < 65540; address++) Check(Caught(() => last.Invoke(address)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
        // A memory that can be at its largest: 4 GiB - 1.
        host.Expect(TrapCode.MemoryOutOfBounds, "(module (memory 0 65536) (func (export \"f\") (param i32) (result i32) (i32.load8_u (i32.const -1))))");
    }

    static void WildAccesses64(Host host)
    {
        foreach (string address in (string[])["0x8000000000000000", "0x7fffffffffffffff", "0xffffffffffffffff", "0xfffffffffffffffc", "0x100000000", "0xffffffff", "65536", "65533"])
            foreach (string offset in (string[])["0", "1", "0x7fffffff", "0xffffffff", "0x8000000000000000", "0xffffffffffffffff"])
            {
                host.Expect(TrapCode.MemoryOutOfBounds, $"(module (memory i64 1) (func (export \"f\") (param i32) (result i32) (i32.load offset={offset} (i64.const {address}))))");
                host.Expect(TrapCode.MemoryOutOfBounds, $"(module (memory i64 1) (func (export \"f\") (param i32) (result i32) (i64.store offset={offset} (i64.const {address}) (i64.const 1)) (i32.const 0)))");
            }
    }

    static void Faults(Host host)
    {
        host.Expect(TrapCode.IntegerDivideByZero, Body("(i32.div_s (i32.const 1) (local.get 0))"));
        host.Expect(TrapCode.IntegerDivideByZero, Body("(i32.wrap_i64 (i64.rem_u (i64.const 1) (i64.extend_i32_u (local.get 0))))"));
        host.Expect(TrapCode.IntegerOverflow, Body("(i32.div_s (i32.const 0x80000000) (i32.sub (local.get 0) (i32.const 1)))"));
        host.Expect(TrapCode.IntegerOverflow, Body("(i32.trunc_f64_u (f64.sub (f64.convert_i32_s (local.get 0)) (f64.const 1)))"));
        host.Expect(TrapCode.BadConversionToInteger, Body("(i32.trunc_f32_s (f32.div (f32.convert_i32_s (local.get 0)) (f32.const 0)))"));
        host.Expect(TrapCode.Unreachable, Body("(unreachable)"));
        host.Expect(TrapCode.UndefinedElement, Body("(call_indirect (result i32) (i32.const -1))"));
        host.Expect(TrapCode.IndirectCallToNull, Body("(call_indirect (result i32) (i32.const 0))"));
        host.Expect(TrapCode.BadSignature, """(module (table funcref (elem $f)) (func $f (export "f") (param i32) (result i32) (call_indirect (param i64) (result i32) (i64.const 1) (i32.const 0))))""");
        host.Expect(TrapCode.NullFunctionReference, """(module (type $t (func (result i32))) (func (export "f") (param i32) (result i32) (call_ref $t (ref.null $t))))""");
    }

    static void Bulk(Host host)
    {
        foreach (string length in (string[])["-1", "65537", "0x80000000"])
        {
            host.Expect(TrapCode.MemoryOutOfBounds, Body($"(memory.fill (i32.const 1) (i32.const 0) (i32.const {length})) (i32.const 0)"));
            host.Expect(TrapCode.MemoryOutOfBounds, Body($"(memory.copy (i32.const 0) (i32.const 1) (i32.const {length})) (i32.const 0)"));
            host.Expect(TrapCode.MemoryOutOfBounds, $"(module (memory 1) (data $d \"abc\") (func (export \"f\") (param i32) (result i32) (memory.init $d (i32.const 0) (i32.const 0) (i32.const {length})) (i32.const 0)))");
            host.Expect(TrapCode.TableOutOfBounds, Body($"(table.copy (i32.const 1) (i32.const 0) (i32.const {length})) (i32.const 0)"));
            host.Expect(TrapCode.TableOutOfBounds, Body($"(table.fill (i32.const 0) (ref.null func) (i32.const {length})) (i32.const 0)"));
            host.Expect(TrapCode.TableOutOfBounds, $"(module (table 2 funcref) (func $g) (elem $e func $g) (func (export \"f\") (param i32) (result i32) (table.init $e (i32.const 0) (i32.const 0) (i32.const {length})) (i32.const 0)))");
        }
        host.Expect(TrapCode.ArrayOutOfBounds, "(module (type $a (array (mut i8))) (func (export \"f\") (param i32) (result i32) (array.get_u $a (array.new_default $a (i32.const 3)) (i32.const -1))))");
        Check(Caught(() => host.Expect(TrapCode.AllocationTooLarge, "(module (type $a (array (mut i64))) (func (export \"f\") (param i32) (result i32) (array.len (array.new_default $a (i32.const -1)))))")) is null
            || Caught(() => host.Expect(TrapCode.HeapExhausted, "(module (type $a (array (mut i64))) (func (export \"f\") (param i32) (result i32) (array.len (array.new_default $a (i32.const -1)))))")) is null);
    }

    static void TrapInStart(Host host)
    {
        for (int i = 0; i < 50; i++)
        {
            using Store store = new(host.Engine);
            Check(Caught(() => host.Make(store, "(module (func $s (unreachable)) (start $s))")) is TrapException { Type: TrapCode.Unreachable });
            Check(Caught(() => host.Make(store, "(module (memory 1) (data (i32.const 65535) \"abc\"))")) is TrapException { Type: TrapCode.MemoryOutOfBounds });
            Check(Caught(() => host.Make(store, "(module (func $s (call $s)) (start $s))")) is TrapException { Type: TrapCode.StackOverflow });
            // The store goes on.
            Check((int)host.Function(store, Counts).Invoke(4)! == 10);
        }
    }

    static void BadModules(Host host)
    {
        byte[] good = WatParser.Parse("""(module (import "h" "h" (func)) (memory 1 2) (table 3 funcref) (global (mut i32) (i32.const 5)) (func $f (export "f") (param i32) (result i32) (local i64 f64) (block (br_table 0 0 (local.get 0))) (i32.load (local.get 0))) (elem (i32.const 0) $f) (data (i32.const 8) "data"))"""u8);
        Random random = new(7);
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            byte[] bad = [.. good];
            for (int left = 1 + random.Next(3); left > 0; left--) bad[random.Next(8, bad.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bad = bad[..random.Next(bad.Length)];
            try
            {
                using Module module = Module.FromBytes(host.Engine, bad);
                using Store store = new(host.Engine) { Limits = new(MemorySize: 64 << 20, TableElements: 100_000) };
                store.SetDeadline(TimeSpan.FromMilliseconds(200));
                using Linker linker = new(host.Engine);
                linker.DefineUnknownImportsAsTraps(module);
                linker.Instantiate(store, module).GetFunction("f")?.Invoke(1);
            }
            catch (Exception e) when (e is Wasm.WasmFormatException or TrapException or LinkException or ArgumentException or HornetException)
            {
                refused++;
            }
        }
        Check(refused > 2000);
    }

    static void DeepNesting(Host host) => On([1 << 20, 256 << 10], () =>
    {
        foreach (int depth in (int[])[1000, 20_000, 200_000])
        {
            // As bytes, where nothing but the engine's own limits keeps the depth.
            List<byte> body = [0];
            for (int i = 0; i < depth; i++) body.AddRange([0x02, 0x40]);
            for (int i = 0; i < depth; i++) body.Add(0x0B);
            body.AddRange([0x41, 0x05, 0x0B]);
            List<byte> module = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7F, 3, 2, 1, 0, 7, 5, 1, 1, (byte)'f', 0, 0, 10];
            List<byte> code = [1, .. Leb(body.Count), .. body];
            module.AddRange(Leb(code.Count));
            module.AddRange(code);
            Runs(module.ToArray());
            // As text, folded.
            Exception? e = Caught(() => Runs(WatParser.Parse(Encoding.UTF8.GetBytes($"(module (func (export \"f\") (result i32) {string.Concat(Enumerable.Repeat("(i32.eqz ", depth))}(i32.const 0){new string(')', depth)}))"))));
            Check(e is null or TextException or Wasm.WasmFormatException);
        }

        void Runs(byte[] bytes)
        {
            using Store store = new(host.Engine);
            using Module module = Module.FromBytes(host.Engine, bytes);
            new Instance(store, module).GetFunction("f")!.Invoke();
        }

        static byte[] Leb(int value)
        {
            List<byte> bytes = [];
            for (uint left = (uint)value; ; left >>= 7)
            {
                bytes.Add((byte)(left < 128 ? left : left & 127 | 128));
                if (left < 128) return [.. bytes];
            }
        }
    });

    static void Grow(Host host)
    {
        using (Store store = new(host.Engine) { Limits = new(MemorySize: 256 << 20) })
            Check((int)host.Function(store, """(module (memory 1) (func (export "f") (param i32) (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (memory.size)))""").Invoke(0)! > 4000);
        // Until the engine's own budget says no: nothing is written, so nothing is taken.
        using Engine frugal = new(new Config().WithEpochInterruption(true).WithCommitBudget(64 << 20));
        List<Store> stores = [];
        for (int i = 0; i < 8; i++)
        {
            stores.Add(new(frugal));
            using Module module = Module.FromBytes(frugal, WatParser.Parse("""(module (memory 1) (func (export "f") (param i32) (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (memory.size)))"""u8));
            Check((int)new Instance(stores[i], module).GetFunction("f")!.Invoke(0)! <= 1024);
        }
        foreach (Store store in stores) store.Dispose();
    }

    static void GrowTables(Host host)
    {
        using Store store = new(host.Engine) { Limits = new(TableElements: 1_000_000) };
        Check((int)host.Function(store, """(module (table 1 funcref) (func (export "f") (param i32) (result i32) (loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 999)) (i32.const -1)))) (table.size)))""").Invoke(0)! > 900_000);
        using Store other = new(host.Engine);
        Check(Caught(() => host.Make(other, "(module (table 0xffffffff funcref))")) is TrapException or HornetException or InvalidOperationException or Wasm.WasmFormatException or OutOfMemoryException);
        Check((int)host.Function(other, """(module (table 0 funcref) (func (export "f") (param i32) (result i32) (table.grow (ref.null func) (i32.const -1))))""").Invoke(0)! == -1);
    }

    static void TenThousandInstances(Host host)
    {
        Module module = host.Module("""(module (memory 1) (func (export "f") (param i32) (result i32) (i32.store (i32.const 8) (local.get 0)) (i32.load (i32.const 8))))""");
        List<(Store, Function)> alive = [];
        for (int i = 0; i < 10_000; i++)
        {
            Store store = new(host.Engine);
            Function f = new Instance(store, module).GetFunction("f")!;
            alive.Add((store, f));
            Check((int)f.Invoke(i)! == i);
        }
        foreach ((Store store, Function f) in alive)
        {
            Check((int)f.Invoke(3)! == 3);
            store.Dispose();
        }
    }
}
