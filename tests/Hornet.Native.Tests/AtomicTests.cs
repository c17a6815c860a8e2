using System.Text;
using Hornet.Compiler;
using Hornet.Runtime;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Native.Tests;

/// <summary>Atomic accesses as machine code: by many threads at once, at every width, and where they trap.</summary>
public sealed class AtomicTests
{
    static readonly string[] s_operators = [.. Opcodes.All.ToArray().Select(o => (Op)o).Where(o => Opcodes.ClassOf(o) == OpClass.Atomic).Select(Opcodes.Mnemonic)];

    // Each operator with its result used and with its result dropped, which are different instructions.
    static string Module(string operatorName, string memory)
    {
        Op op = Opcodes.All.ToArray().Select(o => (Op)o).First(o => Opcodes.Mnemonic(o) == operatorName);
        Signature signature = Opcodes.SignatureOf(op);
        string parameters = string.Join(' ', Enumerable.Range(0, signature.OperandCount).Select(i => signature.Operand(i, ValType.I32)));
        string operands = string.Concat(Enumerable.Range(0, signature.OperandCount).Select(i => $"(local.get {i})"));
        string result = signature.ResultCount == 0 ? "" : $"(result {signature.Result(0, ValType.I32)})";
        return $"""
            (module {memory}
              (func (export "used") (param {parameters}) {result} ({operatorName} {operands}))
              (func (export "dropped") (param {parameters}) ({operatorName} {operands}) {(result == "" ? "" : "drop")}))
            """;
    }

    [Fact]
    public void Every_operator_is_translated()
    {
        Assert.Equal(67, s_operators.Length);
        foreach (string name in s_operators)
            foreach (BoundsChecks checks in Enum.GetValues<BoundsChecks>())
            {
                byte[] bytes = WatParser.Parse(Encoding.UTF8.GetBytes(Module(name, "(memory 1 1 shared)")));
                using Engine engine = new();
                using Hornet.Module module = Hornet.Module.FromBytes(engine, "m", bytes);
                FunctionTranslator translator = new(new(module.Environment, engine.CodeSettings, checks, CompileMode.Lazy));
                CompilerContext context = new();
                for (int i = 0; i < module.Environment.Bodies.Count; i++)
                {
                    ByteRange body = module.Environment.Bodies[i].Bytes;
                    context.Begin();
                    translator.Translate(context.Function, i, new ModuleBytes(bytes.AsSpan(body.Offset, body.Length), body.Offset));
                    context.Compile(context.Function, new() { OptLevel = OptLevel.Speed, Features = Cpu.Features, Verify = true });
                }
            }
    }

    [Theory]
    [InlineData("add", 1UL, 40_000UL)]
    [InlineData("sub", ~0UL, 40_000UL)]
    [InlineData("xor", 1UL, 0UL)]
    public void Nothing_is_lost_between_threads(string name, ulong operand, ulong expected)
    {
        foreach (Config config in (Config[])[new Config().WithNativeCode(tierUp: false), new Config().WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(1 << 16)])
        {
            using Engine engine = new(config);
            SharedMemory shared = new(engine, 1, 1);
            foreach ((string type, string suffix, int bits) in ((string, string, int)[])[("i32", "", 32), ("i64", "", 64), ("i32", "8", 8), ("i32", "16", 16), ("i64", "8", 8), ("i64", "16", 16), ("i64", "32", 32)])
            {
                string op = $"{type}.atomic.rmw{suffix}.{name}{(suffix == "" ? "" : "_u")}";
                string text = $"""
                    (module (import "" "m" (memory 1 1 shared))
                      (func (export "run") (param $n i32) (param $x {type})
                        (loop
                          (drop ({op} offset=8 (i32.const 0) (local.get $x)))
                          (if ({type}.eqz ({op} offset=24 (i32.const 0) (local.get $x))) (then nop))
                          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
                      (func (export "take") (param i32) (result i64) (i64.atomic.rmw.xchg (local.get 0) (i64.const 0))))
                    """;
                using Hornet.Module module = Hornet.Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(text)));
                Thread[] threads = new Thread[4];
                for (int i = 0; i < threads.Length; i++)
                {
                    threads[i] = new(() =>
                    {
                        using Store store = new(engine);
                        Instance instance = new(store, module, new Memory(store, shared));
                        if (type == "i32") instance.GetAction<int, int>("run")!(10_000, (int)operand);
                        else instance.GetAction<int, long>("run")!(10_000, (long)operand);
                    });
                    threads[i].Start();
                }
                foreach (Thread thread in threads) thread.Join();
                using Store last = new(engine);
                Func<int, long> take = new Instance(last, module, new Memory(last, shared)).GetFunction<int, long>("take")!;
                ulong mask = bits == 64 ? ~0UL : (1UL << bits) - 1;
                Assert.Equal(expected & mask, (ulong)take(8));
                Assert.Equal(expected & mask, (ulong)take(24));
            }
        }
    }

    [Fact]
    public void A_small_shared_memory_traps_at_its_end_wherever_the_address_points()
    {
        using Engine engine = new(new Config().WithNativeCode(tierUp: false));
        using Store store = new(engine);
        using Hornet.Module module = Hornet.Module.FromBytes(engine, "m", WatParser.Parse("""
            (module (memory 1 2 shared) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))) (func (export "grow") (result i32) (memory.grow (i32.const 1))))
            """u8));
        Instance instance = new(store, module);
        Func<int, int> load = instance.GetFunction<int, int>("load")!;
        foreach (int address in (int[])[65533, 65536, 131072, 40 << 20, int.MaxValue, int.MinValue, -4]) Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => load(address)).Type);
        Assert.Equal(1, instance.GetFunction<int>("grow")!());
        Assert.Equal(0, load(131068));
    }

    [Fact]
    public void A_wait_ends_at_its_time_limit_and_at_the_stores_deadline()
    {
        using Engine engine = new(new Config().WithNativeCode(tierUp: false).WithEpochInterruption(true));
        using Store store = new(engine);
        using Hornet.Module module = Hornet.Module.FromBytes(engine, "m", WatParser.Parse("""
            (module (memory 1 1 shared)
              (func (export "wait") (param i64) (result i32) (memory.atomic.wait32 offset=4 (i32.const 0) (i32.const 0) (local.get 0)))
              (func (export "other") (result i32) (memory.atomic.wait64 offset=8 (i32.const 0) (i64.const 1) (i64.const -1))))
            """u8));
        Instance instance = new(store, module);
        Assert.Equal(2, instance.GetFunction<long, int>("wait")!(1_000_000));
        Assert.Equal(1, instance.GetFunction<int>("other")!());
        store.SetDeadline(TimeSpan.FromMilliseconds(50));
        Assert.Equal(TrapCode.Interrupt, Assert.Throws<TrapException>(() => instance.GetFunction<long, int>("wait")!(-1)).Type);
    }
}
