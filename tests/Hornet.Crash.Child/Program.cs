using System.Diagnostics;
using System.Text;
using Hornet;
using Hornet.Text;

// Hornet.Crash.Child SCENARIO interpreter|native: does to the host what the scenario says; "alive" is the last word of a host that lived.
Engine engine = new(args[1] == "native" ? new Config().WithEpochInterruption(true).WithNativeCode() : new Config().WithEpochInterruption(true));
switch (args[0])
{
    case "recursion":
        foreach (int stack in (int[])[128 << 10, 256 << 10, 1 << 20])
            On(stack, () => Expect(TrapCode.StackOverflow, """(module (func $f (export "f") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))"""));
        break;
    case "guest-host-guest":
        foreach (int stack in (int[])[256 << 10, 1 << 20, 8 << 20])
            On(stack, () => Expect(TrapCode.StackOverflow, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (i32.const 1))))""",
                (store, again) => Function.FromCallback(store, (int n) => (int)again().Invoke(n)!)));
        break;
    case "memory":
        foreach (string access in (string[])["i32.load", "i64.load", "v128.load", "i32.load8_u", "i32.store", "i64.store8"])
            foreach (ulong offset in (ulong[])[0, 1, 65533, 0x7FFFFFFF, 0xFFFFFFFF])
                foreach (int address in (int[])[65536, -1, int.MinValue, int.MaxValue, 0x01FFFFFF])
                    Expect(TrapCode.MemoryOutOfBounds, Access(access, offset, ""), argument: address);
        foreach (string address in (string[])["0x8000000000000000", "0xffffffffffffffff", "0x100000000", "65536"])
            Expect(TrapCode.MemoryOutOfBounds, $"(module (memory i64 1) (func (export \"f\") (param i32) (result i32) (i32.load (i64.const {address}))))");
        break;
    case "faults":
        Expect(TrapCode.IntegerDivideByZero, Body("(i32.div_s (i32.const 1) (local.get 0))"));
        Expect(TrapCode.IntegerOverflow, Body("(i32.div_s (i32.const 0x80000000) (i32.sub (local.get 0) (i32.const 1)))"));
        Expect(TrapCode.Unreachable, Body("(unreachable)"));
        Expect(TrapCode.UndefinedElement, Body("(call_indirect (result i32) (i32.const -1))"));
        Expect(TrapCode.IndirectCallToNull, Body("(call_indirect (result i32) (i32.const 0))"));
        Expect(TrapCode.TableOutOfBounds, Body("(table.copy (i32.const 1) (i32.const 0) (i32.const -1)) (i32.const 0)"));
        Expect(TrapCode.MemoryOutOfBounds, Body("(memory.fill (i32.const 1) (i32.const 0) (i32.const -1)) (i32.const 0)"));
        break;
    case "grow":
        using (Store store = new(engine) { Limits = new(MemorySize: 256 << 20) })
            Check((int)Make(store, """(module (memory 1) (func (export "f") (param i32) (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (memory.size)))""").GetFunction("f")!.Invoke(0)! > 4000);
        break;
    case "instances":
        List<Store> stores = [];
        Module stored = Module.FromBytes(engine, WatParser.Parse("""(module (memory 1) (func (export "f") (param i32) (result i32) (i32.store (i32.const 8) (local.get 0)) (i32.load (i32.const 8))))"""u8));
        for (int i = 0; i < 1000; i++)
        {
            stores.Add(new Store(engine));
            new Instance(stores[i], stored).GetFunction("f")!.Invoke(i);
        }
        foreach (Store store in stores) store.Dispose();
        break;
    case "host-exceptions":
        foreach (Exception thrown in (Exception[])[new NullReferenceException(), new ThreadInterruptedException(), new TaskCanceledException(), new OutOfMemoryException(), new AccessViolationException(), new InvalidOperationException("own")])
        {
            using Store store = new(engine);
            Function host = Function.FromCallback(store, (int _) => Throw(thrown));
            Instance instance = Make(store, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (call $h (local.get 0))))""", host);
            Check(Caught(() => instance.GetFunction("f")!.Invoke(0)) == thrown);
        }
        break;
    case "dispose-while-running":
        using (Store store = new(engine))
        {
            Instance spinning = Make(store, """(module (func (export "f") (param i32) (result i32) (loop (br 0)) (i32.const 0)))""");
            Function spin = spinning.GetFunction("f")!;
            Exception? ended = null;
            Thread runs = new(() => ended = Caught(() => spin.Invoke(0)));
            runs.Start();
            Thread.Sleep(300);
            Check(Caught(store.Dispose) is InvalidOperationException);
            Check(Caught(() => spin.Invoke(0)) is InvalidOperationException);
            store.Interrupt();
            Check(runs.Join(20_000) && ended is TrapException { Type: TrapCode.Interrupt });
        }
        break;
    case "gc-stress":
        // By the clock: a timer's thread hardly runs beside collections without a pause.
        long end = Environment.TickCount64 + 2000;
        Thread[] threads = [.. Enumerable.Range(0, 16).Select(i => new Thread(() =>
        {
            using Store store = new(engine);
            Function f = Make(store, Access("i32.load", 0, "")).GetFunction("f")!;
            while (Environment.TickCount64 < end)
            {
                Check(Caught(() => f.Invoke(-1)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
                // A null reference in managed code, beside guests that fault.
                Check(Caught(() => ((string)null!).Trim()) is NullReferenceException);
            }
        }))];
        foreach (Thread t in threads) t.Start();
        while (Environment.TickCount64 < end) GC.Collect();
        foreach (Thread t in threads) t.Join();
        break;
    case "child-process":
        using (Store store = new(engine))
        {
            Function host = Function.FromCallback(store, (int n) => { using Process p = Process.Start("true"); p.WaitForExit(); return n + p.ExitCode; });
            Instance instance = Make(store, """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (call $h (local.get 0))))""", host);
            for (int i = 0; i < 10; i++) Check((int)instance.GetFunction("f")!.Invoke(i)! == i);
        }
        break;
    case "timeout":
        foreach (string wait in (string[])["(loop (br 0))", "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"])
        {
            using Store store = new(engine);
            Instance instance = Make(store, $"(module (memory 1 1 shared) (func (export \"f\") (param i32) (result i32) {wait} (i32.const 0)))");
            store.SetDeadline(TimeSpan.FromMilliseconds(200));
            Check(Caught(() => instance.GetFunction("f")!.Invoke(0)) is TrapException { Type: TrapCode.Interrupt });
        }
        break;
    case "misuse":
        using (Store one = new(engine))
        {
            Store other = new(engine);
            Function f = Make(one, Body("(i32.const 5)")).GetFunction("f")!;
            Check(Caught(() => f.Invoke()) is ArgumentException);
            Check(Caught(() => f.Invoke("text")) is not null and not TrapException);
            Check(Caught(() => Make(other, """(module (import "h" "h" (func $h (param i32) (result i32))))""", f)) is not null);
            other.Dispose();
            Check(Caught(() => Make(other, Body("(i32.const 5)"))) is ObjectDisposedException);
        }
        break;
    default:
        throw new ArgumentException($"no scenario '{args[0]}'");
}
Console.WriteLine("alive");
return 0;

static int Throw(Exception e) => throw e;

static void Check(bool holds, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string? what = null)
{
    if (!holds) throw new InvalidOperationException($"not so: {what}");
}

static Exception? Caught(Action action)
{
    try
    {
        action();
        return null;
    }
    catch (Exception e)
    {
        return e;
    }
}

static void On(int stack, Action action)
{
    Exception? failure = null;
    Thread thread = new(() => failure = Caught(action), stack);
    thread.Start();
    thread.Join();
    if (failure is not null) throw failure;
}

static string Body(string body) => $"(module (memory 1) (table 2 funcref) (func (export \"f\") (param i32) (result i32) {body}))";

static string Access(string access, ulong offset, string memory) => $"(module (memory {memory} 1) (func (export \"f\") (param i32) (result i32) {(access.Contains("store") ?
    $"({access} offset={offset} (local.get 0) ({access[..3]}.const 1))" : $"(drop ({access} offset={offset} (local.get 0)))")} (i32.const 0)))";

static Instance Make(Store store, string text, params Extern[] imports) => new(store, Module.FromBytes(store.Engine, WatParser.Parse(Encoding.UTF8.GetBytes(text))), imports);

void Expect(TrapCode code, string text, Func<Store, Func<Function>, Function>? host = null, int argument = 0)
{
    using Store store = new(engine);
    Function? f = null;
    f = Make(store, text, host is null ? [] : [host(store, () => f!)]).GetFunction("f")!;
    Exception? e = Caught(() => f.Invoke(argument));
    if (e is not TrapException trap || trap.Type != code) throw new InvalidOperationException($"{code} expected, not {e}: {text}");
}
