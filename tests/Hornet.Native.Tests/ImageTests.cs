using System.Buffers.Binary;
using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Images: what comes out runs as the module does, and what is not an image for this engine is refused.</summary>
public sealed class ImageTests : IDisposable
{
    const string Text = """
        (module $named
          (import "h" "f" (func $f (param i32 f64) (result i64)))
          (memory (export "memory") 1 3)
          (table (export "table") 3 funcref)
          (global $g (export "g") (mut i32) (i32.const 7))
          (type $binary (func (param i32 i32) (result i32)))
          (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
          (func $div (type $binary) (i32.div_s (local.get 0) (local.get 1)))
          (elem (i32.const 0) $add $div)
          (data $d (i32.const 16) "hello")
          (data $p "passive")
          (func $call (export "call") (param i32 i32 i32) (result i32) (call_indirect (type $binary) (local.get 1) (local.get 2) (local.get 0)))
          (func (export "host") (param i32) (result i64) (call $f (local.get 0) (f64.const 1.5)))
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "grow") (result i32) (memory.grow (i32.const 1)))
          (func (export "init") (memory.init $p (i32.const 100) (i32.const 0) (i32.const 7)))
          (func (export "switch") (param i32) (result f64)
            (block (block (block (block (br_table 0 1 2 3 (local.get 0))) (return (f64.const 0.5))) (return (f64.const 1.25))) (return (f64.const 2.125)))
            (f64.const 9))
          (func $fib (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
              (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
          (func $forever (export "forever") (call $forever))
          (func $start (global.set $g (i32.const 8)))
          (start $start))
        """;

    static readonly byte[] s_wasm = WatParser.Parse(Encoding.UTF8.GetBytes(Text));
    readonly string _folder = Directory.CreateTempSubdirectory("hornet-images").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string File(string name) => Path.Combine(_folder, name);

    static Engine NewEngine(Config? config = null, bool lazy = true) => new((config ?? new()).WithNativeCode(lazy, tierUp: false));

    static byte[] Image(Config? config = null) => NewEngine(config).PrecompileModule(s_wasm);

    static Instance Instantiate(Engine engine, Module module)
    {
        Linker linker = new(engine);
        linker.DefineFunction("h", "f", (int a, double b) => (long)(a * b * 10));
        return linker.Instantiate(new Store(engine), module);
    }

    static void Works(Engine engine, Module module)
    {
        Instance instance = Instantiate(engine, module);
        Assert.Equal(12, instance.GetFunction<int, int, int, int>("call")!(0, 5, 7));
        Assert.Equal(-3, instance.GetFunction<int, int, int, int>("call")!(1, 7, -2));
        Assert.Equal(60, instance.GetFunction<int, long>("host")!(4));
        Assert.Equal(6765, instance.GetFunction<int, int>("fib")!(20));
        Assert.Equal([0.5, 1.25, 2.125, 9], Enumerable.Range(0, 4).Select(instance.GetFunction<int, double>("switch")!));
        Assert.Equal(8, instance.GetGlobal("g")!.GetValue());
        instance.GetAction("init")!();
        Assert.Equal("hello", Encoding.UTF8.GetString(instance.GetMemory("memory")!.GetSpan<byte>(16, 5)));
        Assert.Equal("passive", Encoding.UTF8.GetString(instance.GetMemory("memory")!.GetSpan<byte>(100, 7)));
        Assert.Equal(1, instance.GetFunction<int>("grow")!());
        Assert.Equal(0, instance.GetFunction<int, int>("load")!(65536));
        TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction<int, int, int, int>("call")!(1, 7, 0));
        Assert.Equal(TrapCode.IntegerDivideByZero, trap.Type);
        Assert.Equal(["div", "call"], trap.Frames.Select(f => f.FunctionName));
        TrapException expected = Assert.Throws<TrapException>(() => Expected().GetFunction<int, int, int, int>("call")!(1, 7, 0));
        Assert.Equal(expected.Frames.Select(f => (f.FunctionName, f.ModuleOffset)), trap.Frames.Select(f => (f.FunctionName, f.ModuleOffset)));
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction<int, int>("load")!(-4)).Type);
        Assert.Equal(TrapCode.BadSignature, Assert.Throws<TrapException>(() => Instantiate(engine, module).GetFunction<int, int, int, int>("call")!(2, 0, 0)) is { Type: TrapCode.IndirectCallToNull } ? TrapCode.BadSignature : TrapCode.None);
        Assert.Equal(TrapCode.StackOverflow, Assert.Throws<TrapException>(() => instance.GetAction("forever")!()).Type);
        Assert.Equal(6765, instance.GetFunction<int, int>("fib")!(20));

        static Instance Expected()
        {
            Engine interpreting = new();
            return Instantiate(interpreting, Module.FromBytes(interpreting, "m", s_wasm));
        }
    }

    [Fact]
    public void An_image_runs_as_its_module_does()
    {
        using Engine making = NewEngine();
        byte[] bytes;
        using (Module module = Module.FromBytes(making, "m", s_wasm)) bytes = module.Serialize();
        System.IO.File.WriteAllBytes(File("a.hwasm"), bytes);
        foreach (bool lazy in (bool[])[true, false])
        {
            using Engine engine = NewEngine(lazy: lazy);
            using Module fromBytes = Module.Deserialize(engine, "m", bytes), fromFile = Module.DeserializeFile(engine, "m", File("a.hwasm"));
            Works(engine, fromBytes);
            Works(engine, fromFile);
            Assert.Equal(fromBytes.Exports.Select(e => e.ToString()), fromFile.Exports.Select(e => e.ToString()));
            Assert.Equal(["h::f"], fromFile.Imports.Select(i => i.ToString()));
            Assert.Equal(bytes, fromFile.Serialize());
            Assert.Equal("named", Module.Deserialize(engine, null, bytes).Name);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Images_work_with_explicit_checks_and_interruption(bool signals)
    {
        Config Configuration() => new Config().WithStaticMemoryMaximumSize(1 << 20).WithEpochInterruption(true).WithSignalsBasedTraps(signals);
        using Engine engine = NewEngine(Configuration());
        using Module module = Module.Deserialize(engine, "m", Image(Configuration()));
        Works(engine, module);
    }

    // Handlers, stack maps and type ids come from the image's tables and the VM context: in an engine that has given its ids to others before.
    [Theory, InlineData(false), InlineData(true)]
    public void Exceptions_references_and_atomics_work_from_an_image(bool collectAlways)
    {
        byte[] wasm = WatParser.Parse(Encoding.UTF8.GetBytes("""
            (module (memory 1 1 shared)
              (type $s (struct (field (mut i32)) (field (ref null $s))))
              (type $other (struct (field f64)))
              (tag $t (param i32 (ref null $s)))
              (func $list (param i32) (result (ref null $s)) (local $l (ref null $s))
                (loop $again
                  (local.set $l (struct.new $s (local.get 0) (local.get $l)))
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $l))
              (func $raise (param i32) (throw $t (local.get 0) (call $list (local.get 0))))
              (func $deep (param i32 i32) (result i32)
                (if (i32.eqz (local.get 1)) (then (call $raise (local.get 0))))
                (i32.add (i32.const 1) (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))
              (func (export "run") (param i32) (result i32) (local $l (ref null $s)) (local $kept (ref null $s)) (local $sum i32)
                (local.set $kept (call $list (i32.const 3)))
                (block $caught (result i32 (ref null $s))
                  (try_table (catch $t $caught) (drop (call $deep (local.get 0) (i32.const 20))))
                  (return (i32.const -1)))
                (local.set $l) (local.set $sum)
                (loop $next
                  (local.set $sum (i32.add (local.get $sum) (struct.get $s 0 (local.get $l))))
                  (br_if $next (i32.eqz (ref.is_null (local.tee $l (struct.get $s 1 (local.get $l)))))))
                (drop (i32.atomic.rmw.add (i32.const 8) (struct.get $s 0 (local.get $kept))))
                (i32.add (local.get $sum) (i32.atomic.load (i32.const 8))))
              (func (export "cast") (drop (ref.cast (ref $other) (call $list (i32.const 1)))))
              (func (export "escape") (call $raise (i32.const 5))))
            """));
        Config Configuration() => new Config().WithFeatures(Hornet.Wasm.Features.All).WithCollectionAtEveryAllocation(collectAlways);
        using (FileStream file = System.IO.File.Create(File("gc.hwasm"))) NewEngine(Configuration()).PrecompileModule(wasm, file);
        using Engine engine = NewEngine(Configuration());
        using Module before = Module.FromBytes(engine, WatParser.Parse("(module (type (struct (field i64))) (type (func (param f32))) (type (array i8)))"u8));
        using Module module = Module.DeserializeFile(engine, "m", File("gc.hwasm"));
        using Store store = new(engine);
        Instance instance = new Linker(engine).Instantiate(store, module);
        for (int i = 1; i < 40; i++) Assert.Equal(i + i * (i + 1) / 2 + i, instance.GetFunction<int, int>("run")!(i));
        Assert.Equal(TrapCode.CastFailure, Assert.Throws<TrapException>(() => instance.GetAction("cast")!()).Type);
        Assert.Equal(5, Assert.Throws<WasmException>(() => instance.GetAction("escape")!()).Values[0].AsInt32());
    }

    [Theory, InlineData(1), InlineData(2), InlineData(8)]
    public void The_same_bytes_come_out_whatever_the_number_of_threads(int threads)
    {
        StringBuilder text = new("(module (memory 1)");
        for (int i = 0; i < 300; i++) text.Append($"(func $f{i} (export \"f{i}\") (param i32) (result i32) (i32.add (call $f{(i * 7 + 1) % 300} (i32.load offset={i} (local.get 0))) (i32.const {i})))");
        byte[] wasm = WatParser.Parse(Encoding.UTF8.GetBytes(text.Append(')').ToString()));
        byte[] expected = NewEngine().PrecompileModule(wasm);
        byte[][] images = new byte[threads][];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => images[i] = NewEngine().PrecompileModule(wasm)))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        Assert.All(images, image => Assert.Equal(expected, image));
        using MemoryStream one = new();
        NativeTier.MostThreads = threads;
        try
        {
            NewEngine().PrecompileModule(wasm, one);
        }
        finally
        {
            NativeTier.MostThreads = -1;
        }
        Assert.Equal(expected, one.ToArray());
    }

    [Fact]
    public void Nothing_in_an_image_depends_on_addresses()
    {
        // Ids of types are given by the engine in the order in which modules come: another order, another id.
        using Engine engine = NewEngine();
        byte[] first = engine.PrecompileModule(s_wasm);
        using Module other = Module.FromBytes(engine, WatParser.Parse("(module (type (func (param f32 f32))) (func (type 0)))"u8));
        using Module module = Module.FromBytes(engine, "m", s_wasm);
        Assert.Equal(first, module.Serialize());
        Works(engine, Module.Deserialize(engine, "m", first));
    }

    static string Refusal(byte[] bytes, Config? config = null)
    {
        using Engine engine = NewEngine(config);
        return Assert.Throws<ImageException>(() => Module.Deserialize(engine, "m", bytes)).Message;
    }

    [Fact]
    public void What_is_no_image_is_told_so()
    {
        Assert.Contains("this is a WebAssembly module, not an image", Refusal(s_wasm));
        Assert.Contains("not an image", Refusal([]));
        Assert.Contains("not an image", Refusal([0]));
        Assert.Contains("not an image", Refusal(Encoding.UTF8.GetBytes(Text)));
        Assert.Contains("not an image", Refusal(new byte[100_000]));
        using Engine engine = NewEngine();
        Assert.Throws<FileNotFoundException>(() => Module.DeserializeFile(engine, "m", File("absent")));
        Assert.Contains("interpreted", Assert.Throws<NotSupportedException>(() => Module.Deserialize(new Engine(), "m", s_wasm)).Message);
        Assert.Contains("interpreted", Assert.Throws<NotSupportedException>(() => new Engine().PrecompileModule(s_wasm)).Message);
        Assert.Throws<Hornet.Wasm.WasmFormatException>(() => NewEngine().PrecompileModule([1, 2, 3]));
    }

    [Fact]
    public void An_image_for_something_else_is_refused_by_name()
    {
        byte[] image = Image();
        Assert.Contains("format version 99", Refusal(Changed(image, 8, 99)));
        Assert.Contains("another architecture", Refusal(Changed(image, 12, 7)));
        Assert.Contains("another build of Hornet", Refusal(Changed(image, 16, 1)));
        Assert.Contains("epoch-interruption=n, this engine has epoch-interruption=y", Refusal(image, new Config().WithEpochInterruption(true)));
        Assert.Contains("memory-guards=y", Refusal(image, new Config().WithStaticMemoryMaximumSize(1 << 20)));
        Assert.Contains("relaxed-simd-deterministic", Refusal(image, new Config().WithDeterministicRelaxedSimd(false)));
        Assert.Contains("off in this engine: Simd", Refusal(image, new Config().WithSIMD(false)));
        // A CPU with a feature that nobody has.
        Assert.Contains("needs a CPU with", Refusal(Changed(image, 24, 1 << 30)));

        // With a hash that fits: what a program with another idea of the same format would write.
        static byte[] Changed(byte[] image, int offset, uint value)
        {
            byte[] changed = [.. image];
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(offset), value);
            return Rehashed(changed);
        }
    }

    static unsafe byte[] Rehashed(byte[] image)
    {
        ImageHeader header = System.Runtime.InteropServices.MemoryMarshal.Read<ImageHeader>(image);
        header.Hash = header.ComputeHash();
        System.Runtime.InteropServices.MemoryMarshal.Write(image, header);
        return image;
    }

    [Fact]
    public void Code_for_another_CPU_is_made_but_not_run()
    {
        byte[] image = new Engine(new Config().WithNativeCode(tierUp: false).WithTargetFeatures("baseline")).PrecompileModule(s_wasm);
        using Engine engine = NewEngine();
        Works(engine, Module.Deserialize(engine, "m", image));
        Assert.Equal(Image(), new Engine(new Config().WithTargetFeatures("native").WithNativeCode(tierUp: false)).PrecompileModule(s_wasm));
        Assert.Throws<ArgumentException>(() => new Config().WithTargetFeatures("baseline,mmx9"));
    }

    [Fact]
    public void A_changed_bit_anywhere_is_noticed()
    {
        byte[] image = Image();
        using Engine engine = NewEngine();
        Random random = new(5);
        unsafe
        {
            for (int i = 0; i < sizeof(ImageHeader); i++) Refused(i, (byte)(1 << random.Next(8)));
        }
        for (int i = 0; i < 1500; i++) Refused(random.Next(image.Length), (byte)random.Next(1, 256));

        void Refused(int at, byte flip)
        {
            image[at] ^= flip;
            Assert.Throws<ImageException>(() => Module.Deserialize(engine, "m", image));
            image[at] ^= flip;
        }
    }

    [Fact]
    public void A_truncated_or_lengthened_image_is_refused()
    {
        byte[] image = Image();
        using Engine engine = NewEngine();
        Random random = new(6);
        foreach (int length in Enumerable.Range(0, 400).Concat(Enumerable.Range(0, 300).Select(_ => random.Next(image.Length))).Append(image.Length - 1))
        {
            Assert.Throws<ImageException>(() => Module.Deserialize(engine, "m", image.AsSpan(0, length)));
            if (length % 50 != 0) continue;
            System.IO.File.WriteAllBytes(File("cut"), image[..length]);
            Assert.Throws<ImageException>(() => Module.DeserializeFile(engine, "m", File("cut")));
        }
        Assert.Contains("damaged: it has", Refusal([.. image, 0]));
    }

    // What the hash would catch, gets through it: nothing but ImageException may come of the parts that are read before code runs.
    [Fact]
    public void A_header_that_lies_makes_no_wild_reads()
    {
        byte[] image = Image();
        using Engine engine = NewEngine();
        Random random = new(7);
        int refused = 0;
        unsafe
        {
            for (int i = 0; i < 4000; i++)
            {
                byte[] changed = [.. image];
                int at = 32 + random.Next(sizeof(ImageHeader) - 40);
                if (random.Next(2) == 0) changed[at] ^= (byte)random.Next(1, 256);
                else BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(at & ~7), random.Next(3) == 0 ? -1L : random.NextInt64());
                try
                {
                    Module.Deserialize(engine, "m", Rehashed(changed)).Dispose();
                }
                catch (ImageException)
                {
                    refused++;
                }
            }
        }
        Assert.InRange(refused, 3000, 4000);
    }

    [Fact]
    public void A_file_that_is_cut_while_it_is_used_ends_the_guest_and_not_the_process()
    {
        StringBuilder text = new("(module (memory 1)");
        for (int i = 0; i < 3000; i++) text.Append($"(func (export \"f{i}\") (param i32) (result i32) (i32.add (i32.mul (i32.load offset={i} (local.get 0)) (i32.const {i + 77777})) (i32.const {i})))");
        byte[] wasm = WatParser.Parse(Encoding.UTF8.GetBytes(text.Append(')').ToString()));
        using (FileStream file = System.IO.File.Create(File("cut"))) NewEngine().PrecompileModule(wasm, file);
        using Engine engine = NewEngine();
        using Module module = Module.DeserializeFile(engine, "m", File("cut"));
        Instance instance = new Linker(engine).Instantiate(new Store(engine), module);
        Assert.Equal(0, instance.GetFunction<int, int>("f0")!(0));
        using (FileStream file = new FileStream(File("cut"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(4096);
        for (int i = 2990; i < 3000; i++) Assert.Contains("shortened", Assert.Throws<ImageException>(() => instance.GetFunction<int, int>($"f{i}")!(0)).Message);
        Assert.Contains("truncated", Assert.Throws<ImageException>(() => Module.DeserializeFile(engine, "m", File("cut"))).Message);
    }

    [Fact]
    public void Code_of_an_image_goes_with_its_module()
    {
        System.IO.File.WriteAllBytes(File("a.hwasm"), Image());
        using Engine engine = NewEngine();
        long Once()
        {
            using Module module = Module.DeserializeFile(engine, "m", File("a.hwasm"));
            using Store store = new(engine);
            Linker linker = new(engine);
            linker.DefineFunction("h", "f", (int a, double b) => (long)(a * b * 10));
            Assert.Equal(55, linker.Instantiate(store, module).GetFunction<int, int>("fib")!(10));
            return CodeArena.Process.Free;
        }
        Once();
        // Other tests take and give code memory at the same time, so the least difference counts.
        Assert.Contains(Enumerable.Range(0, 20), _ => { long free = Once(); return Once() == free; });
    }
}
