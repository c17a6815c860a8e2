using System.Diagnostics;
using System.Text;
using Hornet.Text;

namespace Hornet.Bench;

/// <summary>How much later than asked a time-out ends a guest: in a loop, in an atomic wait, and asleep in a system call.</summary>
internal static class Overshoot
{
    private const int Rounds = 40;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(15);

    public static Table Table { get; } = new("overshoot", "How late time-outs end guests",
        $"A time-out of {Limit.TotalMilliseconds} ms: how much later the call has ended. Wasmtime: a timer of .NET's counts its epoch; only in the loop, since its package has nothing that ends waits.",
        Subjects.Wasmtime, [Subjects.Hornet, Subjects.Interpreter, Subjects.Wasmtime]);

    private static readonly (string Name, string Guest)[] Guests =
    [
        ("tight loop", """(module (func (export "f") (loop (br 0))))"""),
        ("atomic wait", """(module (memory 1 1 shared) (func (export "f") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"""),
        // poll_oneoff for an hour.
        ("asleep in WASI", """
            (module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
              (func (export "f") (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 3600000000000))
                (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))))
            """),
    ];

    public static int Run()
    {
        var report = new Report(Scale.Full, [Table], Console.Out);
        Measure(Scale.Full, report);
        return report.IsRight ? 0 : 1;
    }

    public static void Measure(Scale scale, Report report)
    {
        var rounds = scale == Scale.Tiny ? 2 : Rounds;
        foreach (var (name, guest) in Guests)
        {
            var module = WatParser.Parse(Encoding.UTF8.GetBytes(guest));
            List<(string Name, Func<double> Late)> subjects = [(Subjects.Hornet, Hornet(module, Natives.NativeCode)), (Subjects.Interpreter, Hornet(module, new Config()))];
            if (name == Guests[0].Name)
                subjects.Add((Subjects.Wasmtime, Wasmtime(module)));
            var late = subjects.Select(_ => new double[rounds]).ToArray();
            for (var round = 0; round < rounds; round++)
                for (var i = 0; i < late.Length; i++)
                    late[i][round] = subjects[i].Late();
            report.Add(new(Table.Key, $"{name}, median of {rounds}", "ms", [.. subjects.Select((s, i) => new Series(s.Name, late[i]))]));
            report.Add(new(Table.Key, $"{name}, 99th percentile", "ms", [.. subjects.Select((s, i) => new Series(s.Name, [late[i].Order().ElementAt(rounds * 99 / 100)]))]));
        }
    }

    private static Func<double> Hornet(byte[] module, Config config)
    {
        var engine = new Engine(config.WithEpochInterruption(true));
        var linker = new Linker(engine);
        linker.DefineWasi();
        var store = new Store(engine);
        store.SetWasiConfiguration(new WasiConfiguration());
        var f = linker.Instantiate(store, Module.FromBytes(engine, module)).GetAction("f")!;
        return () =>
        {
            var watch = Stopwatch.StartNew();
            store.SetDeadline(Limit);
            try
            {
                f();
            }
            catch (TrapException e) when (e.Type == TrapCode.Interrupt)
            {
                return (watch.Elapsed - Limit).TotalMilliseconds;
            }
            throw new InvalidOperationException("the guest has ended by itself");
        };
    }

    private static Func<double> Wasmtime(byte[] module)
    {
        var engine = new global::Wasmtime.Engine(new global::Wasmtime.Config().WithEpochInterruption(true));
        var store = new global::Wasmtime.Store(engine);
        store.SetEpochDeadline(1);
        var f = new global::Wasmtime.Instance(store, global::Wasmtime.Module.FromBytes(engine, "f", module)).GetAction("f")!;
        return () =>
        {
            var watch = Stopwatch.StartNew();
            store.SetEpochDeadline(1);
            using var timer = new Timer(_ => engine.IncrementEpoch(), null, Limit, Timeout.InfiniteTimeSpan);
            try
            {
                f();
            }
            catch (global::Wasmtime.TrapException)
            {
                return (watch.Elapsed - Limit).TotalMilliseconds;
            }
            throw new InvalidOperationException("the guest has ended by itself");
        };
    }
}
