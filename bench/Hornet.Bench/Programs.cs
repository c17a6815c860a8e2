namespace Hornet.Bench;

/// <summary>
/// The six C programs, whole processes, guest against native in one interleaved run. Each prints a check value, and no figure is
/// given for a program whose values differ. The ratio is that of processor time: on a quiet machine it is that of the wall's, on a
/// busy one it is still right.
/// </summary>
internal static class Programs
{
    private static readonly (string Name, string Small, string Large)[] All =
    [
        ("fib",    "35",     "42"),
        ("sieve",  "5",      "50"),
        ("nbody",  "200000", "4000000"),
        ("matmul", "300",    "800"),
        ("sha256", "200",    "4000"),
        ("mixed",  "300",    "10000"),
    ];

    private const int Rounds = 5;

    public static int Run(string[] arguments)
    {
        if (Folder() is not { } folder)
        {
            Console.Error.WriteLine("bench: the programs are neither in HORNET_PROGRAMS nor in ../shared/programs beside the project");
            return 1;
        }
        var large = arguments.Contains("large");
        var wanted = arguments.Except(["small", "large"]).ToArray();
        Console.WriteLine($"{"",-8} {"",8} {"wall ms (least)",19} {"processor ms",19}\n{"program",-8} {"size",8} {"native",9} {"hornet",9} {"native",9} {"hornet",9} {"ratio",7}  check value");
        var ratios = new List<double>();
        var failed = false;
        foreach (var (name, small, big) in All.Where(p => wanted.Length == 0 || wanted.Contains(p.Name)))
        {
            var source = Path.Combine(folder, name + ".c");
            string[] native = [Tools.Guest("native", source), large ? big : small];
            string[] guest = [Tools.Hornet, "run", "-C", "compiler=interpreter", Tools.Guest("c", source), large ? big : small];
            var (_, expected, _) = Tools.Capture(native);
            var (exitCode, output, error) = Tools.Capture(guest);
            if (output != expected || exitCode != 0)
            {
                Console.WriteLine($"{name,-8} {native[1],8}  WRONG: expected {expected.Trim()}, got '{output.Trim()}', exit code {exitCode} {error.Split('\n')[0]}");
                failed = true;
                continue;
            }
            var measured = Tools.Interleave(large ? 2 : Rounds, native, guest);
            var ratio = measured[1].Processor / measured[0].Processor;
            ratios.Add(ratio);
            Console.WriteLine($"{name,-8} {native[1],8} {measured[0].Least,9:F1} {measured[1].Least,9:F1} {measured[0].Processor,9:F1} {measured[1].Processor,9:F1} {ratio,7:F2}  {expected.Trim()}");
        }
        if (ratios.Count > 0)
            Console.WriteLine($"geometric mean of {ratios.Count}: {Math.Exp(ratios.Average(Math.Log)):F2} times native");
        return failed ? 1 : 0;
    }

    public static string? Folder() =>
        new[] { Environment.GetEnvironmentVariable("HORNET_PROGRAMS"), Path.Combine(Tools.Root, "..", "shared", "programs") }
            .OfType<string>().FirstOrDefault(Directory.Exists);
}
