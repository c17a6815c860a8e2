using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Bench;

/// <summary>The text format on a module of LLVM: printing and parsing on one thread, in megabytes of text a second of processor time, best of some rounds.</summary>
internal static class Texts
{
    private const int Rounds = 2;

    public static int Run(string? file)
    {
        file ??= Tools.Guest("npm", Validation.Package, Validation.Module);
        var bytes = File.ReadAllBytes(file);
        Console.WriteLine($"{Path.GetFileName(file)}, {bytes.Length / 1e6:F1} MB; best of {Rounds}");
        Console.WriteLine($"{"",-24} {"ms",8} {"text MB",8} {"MB/s",8}");
        var text = WatPrinter.Print(bytes);
        Measure("print", text.Length, () => WatPrinter.Print(bytes, Stream.Null));
        Measure("print, folded", WatPrinter.Print(bytes, new WatPrinterOptions { Folded = true }).Length, () => WatPrinter.Print(bytes, Stream.Null, new WatPrinterOptions { Folded = true }));
        Measure("parse", text.Length, () => WatParser.Parse(text));
        var again = WatParser.Parse(text);
        Console.WriteLine($"{(text.Length - (text.AsSpan().Count((byte)' '))) / 1e6:F1} MB of the flat text are not blanks");
        // Linkers write indices in five bytes; the parser writes them in as few as it takes.
        Console.WriteLine($"{again.Length / 1e6:F1} MB after print and parse, {(WatPrinter.Print(again).AsSpan().SequenceEqual(text) ? "which print the same" : "WHICH PRINT OTHERWISE")}");
        ModuleValidator.Validate(again);
        return 0;
    }

    private static void Measure(string what, long size, Action action)
    {
        var best = double.MaxValue;
        for (var i = 0; i < Rounds; i++)
        {
            var start = Environment.CpuUsage.TotalTime;
            action();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalMilliseconds);
        }
        Console.WriteLine($"{what,-24} {best,8:F0} {size / 1e6,8:F1} {size / 1e3 / best,8:F0}");
    }
}
