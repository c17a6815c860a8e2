using System.Diagnostics;
using System.Runtime.InteropServices;
using static Hornet.Crash.Host;

namespace Hornet.Crash;

// Threads, signals, processes and time.
static partial class Scenarios
{
    const int Watchdog = 30_000;

    static void GcStress(Host host)
    {
        // By the clock: a timer's thread hardly runs beside collections without a pause.
        long end = Environment.TickCount64 + 2000;
        Thread[] threads = Start(16, _ =>
        {
            using Store store = new(host.Engine);
            Function wild = host.Function(store, Access("i32.load", 0));
            Function allocates = host.Function(store, CallsHost, Function.FromCallback(store, (int n) => new string('x', n).Length));
            Function counts = host.Function(store, Counts);
            while (Environment.TickCount64 < end)
            {
                Check(Caught(() => wild.Invoke(-1)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
                Check(Caught(() => ((string)null!).Trim()) is NullReferenceException);
                Check((int)allocates.Invoke(100)! == 100);
                Check((int)counts.Invoke(1000)! == 500_500);
            }
        });
        while (Environment.TickCount64 < end) GC.Collect();
        foreach (Thread t in threads) t.Join();
    }

    static void ManyThreads(Host host)
    {
        // Threads come and go, with small stacks: what an engine keeps for a thread goes with it.
        Module module = host.Module(Access("i32.load", 0));
        for (int round = 0; round < 40; round++)
        {
            Exception? failure = null;
            Thread[] threads = [.. Enumerable.Range(0, 10).Select(_ => new Thread(() =>
            {
                failure ??= Caught(() =>
                {
                    using Store store = new(host.Engine);
                    Function f = new Instance(store, module).GetFunction("f")!;
                    Check((int)f.Invoke(0)! == 0);
                    Check(Caught(() => f.Invoke(-1)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
                });
            }, s_stacks[round % s_stacks.Length]))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            if (failure is not null) throw failure;
        }
        // A store may move between threads.
        using Store moving = new(host.Engine);
        Function counts = host.Function(moving, Counts);
        for (int i = 0; i < 20; i++) On([256 << 10], () => Check((int)counts.Invoke(4)! == 10));
    }

    static void ChildProcess(Host host)
    {
        using Store store = new(host.Engine);
        Function f = host.Function(store, CallsHost, Function.FromCallback(store, (int n) =>
        {
            using Process p = Process.Start("true");
            p.WaitForExit();
            return n + p.ExitCode;
        }));
        for (int i = 0; i < 10; i++) Check((int)f.Invoke(i)! == i);
    }

    static void ChildrenDying(Host host)
    {
        long end = Environment.TickCount64 + 1500;
        Thread starts = new(() =>
        {
            while (Environment.TickCount64 < end)
            {
                using Process p = Process.Start("true");
                p.WaitForExit();
            }
        });
        starts.Start();
        Computing(host, end);
        starts.Join();
    }

    // Guests that compute, trap, recurse and call hosts until the time is over.
    static void Computing(Host host, long end)
    {
        Thread[] threads = Start(2, _ =>
        {
            using Store store = new(host.Engine);
            Function counts = host.Function(store, Counts), wild = host.Function(store, Access("i64.load", 8));
            Function recursion = host.Function(store, """(module (func $f (export "f") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))""");
            Function calls = host.Function(store, CallsHost, Function.FromCallback(store, (int n) => n + 1));
            while (Environment.TickCount64 < end)
            {
                Check((int)counts.Invoke(2_000_000)! == unchecked((int)(2_000_000L * 2_000_001 / 2)));
                Check(Caught(() => wild.Invoke(-1)) is TrapException { Type: TrapCode.MemoryOutOfBounds });
                Check(Caught(() => recursion.Invoke(0)) is TrapException { Type: TrapCode.StackOverflow });
                Check((int)calls.Invoke(1)! == 2);
            }
        });
        foreach (Thread thread in threads) thread.Join();
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Interval
    {
        public nint Seconds, Microseconds, NextSeconds, NextMicroseconds;
    }

    [DllImport("libc", EntryPoint = "setitimer")]
    static extern int SetTimer(int which, in Interval value, nint old);

    static void Profiler(Host host)
    {
        const int sigProf = 27, timerProf = 2;
        int seen = 0;
        // Never taken back: a last signal may be on its way.
        PosixSignalRegistration registration = PosixSignalRegistration.Create((PosixSignal)sigProf, context =>
        {
            context.Cancel = true;
            Interlocked.Increment(ref seen);
        });
        // A thousand a second, while the processor runs for this process.
        Check(SetTimer(timerProf, new Interval { Microseconds = 1000, NextMicroseconds = 1000 }, 0) == 0);
        Computing(host, Environment.TickCount64 + 2000);
        Check(SetTimer(timerProf, default, 0) == 0);
        Check(seen > 20);
        GC.KeepAlive(registration);
    }

    static readonly string[] s_endless =
    [
        "(loop (br 0))",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
        "(loop (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1))) (br 0))",
    ];

    static string Endless(string body) => $"(module (memory 1 1 shared) (func (export \"f\") (param i32) (result i32) {body} (i32.const 0)))";

    static void Timeout(Host host)
    {
        foreach (string body in s_endless)
        {
            using Store store = new(host.Engine);
            Function f = host.Function(store, Endless(body));
            Stopwatch clock = Stopwatch.StartNew();
            store.SetDeadline(TimeSpan.FromMilliseconds(200));
            Check(Caught(() => f.Invoke(0)) is TrapException { Type: TrapCode.Interrupt });
            Check(clock.ElapsedMilliseconds is >= 190 and < Watchdog);
            // From another thread.
            store.SetDeadline(null);
            Thread stops = new(() =>
            {
                Thread.Sleep(100);
                store.Interrupt();
            });
            stops.Start();
            Check(Caught(() => f.Invoke(0)) is TrapException { Type: TrapCode.Interrupt });
            stops.Join();
        }
    }

    // poll_oneoff for an hour.
    const string Sleeps = """
        (module
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "f") (param i32) (result i32)
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 3600000000000))
            (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512))))
        """;

    static Function Sleeper(Host host, Store store)
    {
        Linker linker = new(host.Engine);
        linker.DefineWasi();
        store.SetWasiConfiguration(new WasiConfiguration());
        return linker.Instantiate(store, host.Module(Sleeps)).GetFunction("f")!;
    }

    static void TimeoutOfSleep(Host host)
    {
        using Store store = new(host.Engine);
        Function f = Sleeper(host, store);
        Stopwatch clock = Stopwatch.StartNew();
        store.SetDeadline(TimeSpan.FromMilliseconds(200));
        Check(Caught(() => f.Invoke(0)) is TrapException { Type: TrapCode.Interrupt });
        Check(clock.ElapsedMilliseconds is >= 190 and < Watchdog);
    }
}
