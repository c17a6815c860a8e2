using System.Text;
using BenchmarkDotNet.Attributes;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.MicroBench;

/// <summary>The toolkit on a small module of many functions.</summary>
public class ToolBenchmarks
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes($"(module (memory 1) {string.Concat(Enumerable.Range(0, 500).Select(i =>
        $"(func $f{i} (param i32) (result i32) (block (br_if 0 (i32.eqz (local.get 0))) (i32.store offset={i} (local.get 0) (call $f{i * 7 % 500} (i32.sub (local.get 0) (i32.const 1))))) (i32.load (local.get 0)))"))})");

    private static readonly byte[] Binary = WatParser.Parse(Text);

    [Benchmark]
    public ModuleEnvironment Decode() => ModuleDecoder.Decode(Binary);

    [Benchmark]
    public ModuleEnvironment Validate() => ModuleValidator.Validate(Binary.AsMemory());

    [Benchmark]
    public byte[] Parse() => WatParser.Parse(Text);

    [Benchmark]
    public byte[] Print() => WatPrinter.Print(Binary);
}
