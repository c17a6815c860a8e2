using Hornet.Wasm;

namespace Hornet.Runtime.Tests;

public sealed class TrapTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("unreachable", TrapCode.Unreachable)]
    [InlineData("(drop (i32.load (i32.const 65536)))", TrapCode.MemoryOutOfBounds)]
    [InlineData("(drop (i32.load offset=4294967295 (i32.const -1)))", TrapCode.MemoryOutOfBounds)]
    [InlineData("(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))", TrapCode.MemoryOutOfBounds)]
    [InlineData("(memory.copy (i32.const 1) (i32.const 0) (i32.const -1))", TrapCode.MemoryOutOfBounds)]
    [InlineData("(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 4))", TrapCode.MemoryOutOfBounds)]
    [InlineData("(drop (table.get 0 (i32.const 1)))", TrapCode.TableOutOfBounds)]
    [InlineData("(call_indirect (i32.const 0))", TrapCode.IndirectCallToNull)]
    [InlineData("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapCode.IntegerDivideByZero)]
    [InlineData("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapCode.IntegerOverflow)]
    [InlineData("(drop (i32.trunc_f32_s (f32.const nan)))", TrapCode.BadConversionToInteger)]
    [InlineData("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))", TrapCode.ExpectedSharedMemory)]
    public void Each_has_its_code_and_words(string body, TrapCode code)
    {
        Instance instance = Wat.Instantiate(_store, $"""(module $m (memory 1) (table 1 funcref) (data "abc") (func $fails (export "run") {body}))""");
        TrapException trap = Assert.Throws<TrapException>(() => instance.GetFunction("run")!.Invoke());
        Assert.Equal(code, trap.Type);
        Assert.StartsWith($"wasm trap: {TrapException.ReasonOf(code)}\nwasm backtrace:\n", trap.Message);
        Assert.Equal(("m", "fails"), (trap.Frames[0].ModuleName, trap.Frames[0].FunctionName));
    }

    [Fact]
    public void The_backtrace_shows_every_frame()
    {
        Module module = Wat.Module("""
            (module $m
              (func $inner (param i32) (if (local.get 0) (then unreachable)))
              (func $middle (param i32) (call $inner (local.get 0)))
              (func (export "outer") (param i32) nop (call $middle (local.get 0))))
            """);
        Instance instance = new(_store, module);
        TrapException trap = Assert.Throws<TrapException>(() => instance.GetAction<int>("outer")!(1));
        Assert.Equal(["inner", "middle", "outer"], trap.Frames.Select(f => f.FunctionName));
        Assert.Equal([0, 1, 2], trap.Frames.Select(f => f.FunctionIndex));
        byte[] bytes = module.Content.All;
        Assert.Equal((byte)Op.Unreachable, bytes[trap.Frames[0].ModuleOffset]);
        Assert.Equal((byte)Op.Call, bytes[trap.Frames[1].ModuleOffset]);
        Assert.Equal((byte)Op.Call, bytes[trap.Frames[2].ModuleOffset]);
        Assert.All(trap.Frames, f => Assert.InRange(f.FunctionOffset, 1, 20));
        Assert.Contains("m!middle", trap.Message);
        instance.GetAction<int>("outer")!(0);
    }

    [Fact]
    public void The_backtrace_goes_on_through_host_functions_and_other_instances()
    {
        Instance? inner = null;
        Function host = Function.FromCallback(_store, () => inner!.GetAction("fail")!());
        inner = Wat.Instantiate(_store, """(module $inner (func $fail (export "fail") unreachable))""");
        Instance outer = Wat.Instantiate(_store, """(module $outer (import "h" "f" (func $host)) (func $a (export "a") (call $b)) (func $b (call $host)))""", host);
        TrapException trap = Assert.Throws<TrapException>(() => outer.GetAction("a")!());
        Assert.Equal([("inner", "fail"), ("outer", "b"), ("outer", "a")], trap.Frames.Select(f => (f.ModuleName!, f.FunctionName!)));
    }

    [Fact]
    public void A_long_backtrace_is_cut()
    {
        using Engine engine = new(new Config().WithMaximumStackSize(64 << 20));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, """(module (func $r (export "r") (call $r) (call $r)))""");
        Assert.Equal(64, Assert.Throws<TrapException>(() => instance.GetAction("r")!()).Frames.Count);
    }

    [Fact]
    public void Traps_in_the_start_function_and_in_segments()
    {
        Assert.Equal(TrapCode.Unreachable, Assert.Throws<TrapException>(() => Wat.Instantiate(_store, "(module (func $s unreachable) (start $s))")).Type);
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => Wat.Instantiate(_store, """(module (memory 1) (data (i32.const 65535) "ab"))""")).Type);
        Memory memory = new(_store, 1);
        Assert.Throws<TrapException>(() => Wat.Instantiate(_store, """(module (import "m" "m" (memory 1)) (data (i32.const 0) "x") (data (i32.const 65536) "y"))""", memory));
        Assert.Equal((byte)'x', memory.ReadByte(0));
    }

    [Fact]
    public void Host_exceptions_come_out_as_they_were_thrown()
    {
        InvalidDataException thrown = new("mine");
        Function throws = Function.FromCallback(_store, () => Fail(thrown));
        Instance instance = Wat.Instantiate(_store, """(module (import "h" "f" (func $f)) (func (export "run") (call $f)))""", throws);
        InvalidDataException caught = Assert.Throws<InvalidDataException>(() => instance.GetAction("run")!());
        Assert.Same(thrown, caught);
        Assert.Contains(nameof(Fail), caught.StackTrace);
        Assert.Contains(nameof(Host_exceptions_come_out_as_they_were_thrown), caught.StackTrace);
        // The store is as good as before.
        Assert.Same(thrown, Assert.Throws<InvalidDataException>(() => instance.GetAction("run")!()));
        Assert.Same(thrown, Assert.Throws<InvalidDataException>(() => throws.Invoke()));
    }

    static void Fail(Exception e) => throw e;

    [Fact]
    public void Host_exceptions_pass_through_several_guests()
    {
        Instance? inner = null;
        Function again = Function.FromCallback(_store, (int depth) =>
        {
            if (depth == 0) throw new InvalidDataException("bottom");
            inner!.GetAction<int>("run")!(depth - 1);
        });
        inner = Wat.Instantiate(_store, """(module (import "h" "f" (func $f (param i32))) (func (export "run") (param i32) (call $f (local.get 0))))""", again);
        Assert.Equal("bottom", Assert.Throws<InvalidDataException>(() => inner.GetAction<int>("run")!(5)).Message);
    }

    [Fact]
    public void Host_functions_can_catch_what_their_guests_do_and_go_on()
    {
        Instance? self = null;
        Function attempt = Function.FromCallback(_store, () =>
        {
            try
            {
                self!.GetAction("fail")!();
                return 0;
            }
            catch (TrapException e)
            {
                return (int)e.Type;
            }
        });
        self = Wat.Instantiate(_store, """(module (import "h" "f" (func $f (result i32))) (func (export "fail") unreachable) (func (export "run") (result i32) (i32.add (call $f) (i32.const 100))))""", attempt);
        Assert.Equal(100 + (int)TrapCode.Unreachable, self.GetFunction<int>("run")!());
    }

    [Fact]
    public void A_host_function_can_raise_a_trap()
    {
        Function raise = Function.FromCallback(_store, () => throw new TrapException(TrapCode.HeapExhausted));
        Instance instance = Wat.Instantiate(_store, """(module (import "h" "f" (func $f)) (func $run (export "run") (call $f)))""", raise);
        TrapException trap = Assert.Throws<TrapException>(() => instance.GetAction("run")!());
        Assert.Equal(TrapCode.HeapExhausted, trap.Type);
        Assert.Equal("run", Assert.Single(trap.Frames).FunctionName);
    }

    [Fact]
    public void Every_code_has_words()
    {
        foreach (TrapCode code in Enum.GetValues<TrapCode>()) Assert.NotEqual("", TrapException.ReasonOf(code));
    }
}
