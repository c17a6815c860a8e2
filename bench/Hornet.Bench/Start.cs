namespace Hornet.Bench;

/// <summary>Start-up: hello.wasm in hornet, as it is run, compiled, kept and from an image, and in hornet-micro, beside the least that any NativeAOT executable takes.</summary>
internal static class Start
{
    private const int Rounds = 200;

    public static int Run()
    {
        var hello = Path.Combine(Tools.Root, "samples", "hello.wasm");
        var bare = Path.Combine(Tools.Root, "out", "bare-hello");
        var micro = Path.Combine(Tools.Root, "out", "hornet-micro");
        var scratch = Directory.CreateTempSubdirectory("hornet-start");
        // What hornet keeps between runs is this measurement's alone: the first run of the warm-up fills it.
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", scratch.FullName);
        var image = Path.Combine(scratch.FullName, "hello.hwasm");
        Tools.Interleave(1, [[Tools.Hornet, "compile", hello, "-o", image], [Tools.Hornet, "run", "-C", "tier-up=n", hello]]);
        (string Name, string[] Command, double? Allowed)[] rows =
        [
            ("bare NativeAOT hello", [bare], null),
            ("hornet run", [Tools.Hornet, "run", hello], 4),
            ("  compiled at first call", [Tools.Hornet, "run", "-C", "tier-up=n,cache=n", hello], null),
            ("  and kept from then", [Tools.Hornet, "run", "-C", "tier-up=n", hello], null),
            ("  from an image", [Tools.Hornet, "run", "--allow-precompiled", image], 1.5),
            ("  interpreted", [Tools.Hornet, "run", "-C", "compiler=interpreter", hello], null),
            ("hornet --version", [Tools.Hornet, "--version"], null),
            ("hornet-micro hello.wasm", [micro, hello], 0.7),
        ];
        var measured = Tools.Interleave(Rounds, [.. rows.Select(r => r.Command)]);
        Console.WriteLine($"{"command",-24} {"median ms",10} {"least ms",10} {"processor",10} {"peak MB",8}   above bare: median, least, processor (allowed)");
        foreach (var ((name, _, allowed), m) in rows.Zip(measured))
            Console.WriteLine($"{name,-24} {m.Median,10:F2} {m.Least,10:F2} {m.Processor,10:F2} {m.PeakKilobytes / 1024.0,8:F1}   {m.Median - measured[0].Median,9:F2} {m.Least - measured[0].Least,7:F2} {m.Processor - measured[0].Processor,9:F2}"
                + (allowed is null ? "" : $"   ({allowed})") + (m.ExitCode == 0 ? "" : $"  EXIT CODE {m.ExitCode}"));
        Console.WriteLine($"out/hornet: {new FileInfo(Tools.Hornet).Length / 1e6:F1} MB, bare hello: {new FileInfo(bare).Length / 1e6:F1} MB, hornet-micro: {new FileInfo(micro).Length / 1e6:F1} MB (at most 2.5)");
        scratch.Delete(recursive: true);
        return measured.All(m => m.ExitCode == 0) ? 0 : 1;
    }
}
