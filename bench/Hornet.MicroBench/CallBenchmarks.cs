using System.Text;
using BenchmarkDotNet.Attributes;
using Hornet.Text;

namespace Hornet.MicroBench;

/// <summary>Calls across the border: none of Hornet's typed ones allocates, on either tier.</summary>
public class CallBenchmarks
{
    public const string Guest = """
        (module (import "h" "f" (func $f (param i32 i64) (result i64))) (memory (export "m") 1)
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "out") (param i64) (result i64) (call $f (i32.const 1) (local.get 0))))
        """;

    private Func<int, int, int> add = null!, wasmtimeAdd = null!;
    private Func<long, long> callOut = null!, wasmtimeOut = null!;
    private Function untyped = null!;
    private Memory memory = null!;

    /// <summary>Whether machine code runs the guest.</summary>
    [Params(true, false)]
    public bool Native { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var engine = new Engine(Native ? new Config().WithNativeCode(lazy: false) : new Config());
        var store = new Store(engine);
        using var linker = new Linker(engine);
        linker.DefineFunction("h", "f", (int a, long b) => a + b);
        var instance = linker.Instantiate(store, Module.FromBytes(engine, WatParser.Parse(Encoding.UTF8.GetBytes(Guest))));
        add = instance.GetFunction<int, int, int>("add")!;
        callOut = instance.GetFunction<long, long>("out")!;
        untyped = instance.GetFunction("add")!;
        memory = instance.GetMemory("m")!;

        var rival = new global::Wasmtime.Engine();
        var rivalStore = new global::Wasmtime.Store(rival);
        var rivalLinker = new global::Wasmtime.Linker(rival);
        rivalLinker.DefineFunction("h", "f", (int a, long b) => a + b);
        var rivalInstance = rivalLinker.Instantiate(rivalStore, global::Wasmtime.Module.FromText(rival, "m", Guest));
        wasmtimeAdd = rivalInstance.GetFunction<int, int, int>("add")!;
        wasmtimeOut = rivalInstance.GetFunction<long, long>("out")!;
    }

    [Benchmark(Baseline = true)]
    public int HostToGuest() => add(1, 2);

    [Benchmark]
    public int WasmtimeHostToGuest() => wasmtimeAdd(1, 2);

    [Benchmark]
    public object? HostToGuestUntyped() => untyped.Invoke(1, 2);

    [Benchmark]
    public long ThereAndBack() => callOut(5);

    [Benchmark]
    public long WasmtimeThereAndBack() => wasmtimeOut(5);

    [Benchmark]
    public int ReadMemory() => memory.GetSpan(8, 4)[0];
}
