using System.Diagnostics;
using System.Globalization;
using Hornet.Wasm;

namespace Hornet.Bench;

/// <summary>
/// A large module (LLVM, 75 MB) validated by Hornet and by Wasmtime's Module.Validate, on one processor and on two. Each figure comes from
/// processes of their own, taken in turn; inside each the first validation warms up and is not counted. The least counts: whatever else the
/// machine does only adds.
/// </summary>
internal static class Validation
{
    private const int Rounds = 5, Inside = 5;
    public const string Package = "@yowasp/clang@22.0.0-git20542-10", Module = "gen/llvm.core.wasm";

    public static int Run()
    {
        var file = Tools.Guest("npm", Package, Module);
        var size = new FileInfo(file).Length;
        (string Engine, string Processors)[] subjects = [("hornet", "0"), ("wasmtime", "0"), ("hornet", "0,1"), ("wasmtime", "0,1")];
        var best = subjects.Select(_ => new List<(double Milliseconds, long Allocated)>()).ToArray();
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < subjects.Length; i++)
                best[i].Add(Child(subjects[i].Engine, subjects[i].Processors, file));

        Console.WriteLine($"{Package} {Module}, {size / 1e6:F1} MB; the least of {Rounds} processes with {Inside} validations each, after one to warm up");
        Console.WriteLine($"{"engine",-10} {"processors",10} {"ms",8} {"MB/s",8} {"allocated bytes",16}");
        var least = new double[subjects.Length];
        for (var i = 0; i < subjects.Length; i++)
        {
            least[i] = best[i].Min(b => b.Milliseconds);
            Console.WriteLine($"{subjects[i].Engine,-10} {subjects[i].Processors.Split(',').Length,10} {least[i],8:F0} {size / 1e3 / least[i],8:F0} {best[i].Max(b => b.Allocated),16}");
        }
        Console.WriteLine($"one processor: {least[1] / least[0]:F2} times Wasmtime's speed; two: {least[0] / least[2]:F2} times its own on one, {least[3] / least[2]:F2} times Wasmtime's");

        var whole = Tools.Interleave(Rounds, [Tools.Hornet, "validate", file], ["taskset", "-c", "0", Tools.Hornet, "validate", file], [Path.Combine(Tools.Root, "out", "bare-hello")]);
        Console.WriteLine($"hornet validate, whole process: {whole[0].Median:F0} ms, on one processor {whole[1].Median:F0} ms, peak resident {whole[0].PeakKilobytes / 1024.0:F1} MB " +
            $"(bare hello: {whole[2].PeakKilobytes / 1024.0:F1} MB; a tenth of the module: {size / 10 / 1048576.0:F1} MB){(whole[0].ExitCode == 0 ? "" : " INVALID")}");
        return whole[0].ExitCode;
    }

    /// <summary>Inside a child: prints "milliseconds allocated", the best of some validations.</summary>
    public static int Measure(string engine, string file)
    {
        var bytes = File.ReadAllBytes(file);
        var validate = engine == "hornet" ? Hornet(bytes) : Wasmtime(bytes);
        var (best, allocated) = (double.MaxValue, 0L);
        for (var i = 0; i <= Inside; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var watch = Stopwatch.StartNew();
            validate();
            if (i == 0)
                continue;
            best = Math.Min(best, watch.Elapsed.TotalMilliseconds);
            allocated = Math.Max(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{best} {allocated}"));
        return 0;
    }

    private static Action Hornet(byte[] bytes) => () => ModuleValidator.Validate(bytes.AsMemory());

    private static Action Wasmtime(byte[] bytes)
    {
        var engine = new Wasmtime.Engine(new Wasmtime.Config().WithWasmThreads(true));
        return () =>
        {
            if (global::Wasmtime.Module.Validate(engine, bytes) is { } wrong)
                throw new InvalidOperationException(wrong);
        };
    }

    private static (double Milliseconds, long Allocated) Child(string engine, string processors, string file)
    {
        var (exitCode, output, error) = Tools.Capture(["taskset", "-c", processors, "dotnet", typeof(Validation).Assembly.Location, "validate", "one", engine, file]);
        if (exitCode != 0)
            throw new InvalidOperationException($"{engine}: {error}");
        var fields = output.Trim().Split(' ');
        return (Tools.Number(fields[0]), long.Parse(fields[1], CultureInfo.InvariantCulture));
    }
}
