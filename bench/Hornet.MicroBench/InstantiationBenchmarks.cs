using System.Text;
using BenchmarkDotNet.Attributes;
using Hornet.Text;

namespace Hornet.MicroBench;

/// <summary>What an instance costs: time, and bytes on the managed heap.</summary>
public class InstantiationBenchmarks
{
    private readonly Engine engine = new();
    private readonly global::Wasmtime.Engine rival = new();
    private Module module = null!;
    private Linker linker = null!;
    private global::Wasmtime.Module rivalModule = null!;
    private global::Wasmtime.Linker rivalLinker = null!;

    [GlobalSetup]
    public void Setup()
    {
        module = Module.FromBytes(engine, WatParser.Parse(Encoding.UTF8.GetBytes(CallBenchmarks.Guest)));
        linker = new(engine);
        linker.DefineFunction("h", "f", (int a, long b) => a + b);
        rivalModule = global::Wasmtime.Module.FromText(rival, "m", CallBenchmarks.Guest);
        rivalLinker = new(rival);
        rivalLinker.DefineFunction("h", "f", (int a, long b) => a + b);
    }

    [Benchmark(Baseline = true)]
    public void StoreInstanceDispose()
    {
        using var store = new Store(engine);
        linker.Instantiate(store, module);
    }

    [Benchmark]
    public void WasmtimeStoreInstanceDispose()
    {
        using var store = new global::Wasmtime.Store(rival);
        rivalLinker.Instantiate(store, rivalModule);
    }
}
