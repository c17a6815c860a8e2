namespace Hornet.Bench;

/// <summary>Start-up: hello.wasm in hornet and hornet-micro, beside the least that any NativeAOT executable takes.</summary>
internal static class Start
{
    private const int Rounds = 200;

    public static int Run()
    {
        var hello = Path.Combine(Tools.Root, "samples", "hello.wasm");
        string[][] commands =
        [
            [Path.Combine(Tools.Root, "out", "bare-hello")],
            [Tools.Hornet, "run", hello],
            [Tools.Hornet, "run", "-C", "cache=n", hello],
            [Tools.Hornet, "run", "-C", "compiler=interpreter", hello],
            [Tools.Hornet, "--version"],
            [Path.Combine(Tools.Root, "out", "hornet-micro"), Path.Combine(Tools.Root, "samples", "hello.wasm")],
        ];
        var measured = Tools.Interleave(Rounds, commands);
        Console.WriteLine($"{"command",-24} {"median ms",10} {"least ms",10} {"processor",10} {"peak MB",8}");
        foreach (var (name, m) in new[] { "bare NativeAOT hello", "hornet run, cached code", "the same, compiled", "the same, interpreted", "hornet --version", "hornet-micro hello.wasm" }.Zip(measured))
            Console.WriteLine($"{name,-24} {m.Median,10:F2} {m.Least,10:F2} {m.Processor,10:F2} {m.PeakKilobytes / 1024.0,8:F1}{(m.ExitCode == 0 ? "" : $"  EXIT CODE {m.ExitCode}")}");
        foreach (var (name, m) in new[] { "with cached code", "compiled", "interpreted" }.Zip(measured[1..4]))
            Console.WriteLine($"hello.wasm {name}, above bare: {m.Median - measured[0].Median:F2} ms by the median, {m.Least - measured[0].Least:F2} ms by the least, {m.Processor - measured[0].Processor:F2} ms of processor time");
        Console.WriteLine($"the same in hornet-micro: {measured[5].Median - measured[0].Median:F2}, {measured[5].Least - measured[0].Least:F2}, {measured[5].Processor - measured[0].Processor:F2} (to be at most 0.7 ms)");
        Console.WriteLine($"out/hornet: {new FileInfo(Tools.Hornet).Length / 1e6:F1} MB, bare hello: {new FileInfo(commands[0][0]).Length / 1e6:F1} MB, hornet-micro: {new FileInfo(commands[5][0]).Length / 1e6:F1} MB (at most 2.5)");
        return measured.All(m => m.ExitCode == 0) ? 0 : 1;
    }
}
