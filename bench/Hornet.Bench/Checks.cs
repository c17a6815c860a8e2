namespace Hornet.Bench;

/// <summary>
/// What comparing every access with the length costs (no signal handlers): machine code of both sides with guard pages and with checks, in turn.
/// </summary>
internal static class Checks
{
    private const int Rounds = 5;

    public static int Run(string[] arguments)
    {
        var rounds = arguments.Select(a => int.TryParse(a, out var n) ? n : 0).FirstOrDefault(n => n > 0) is > 0 and var asked ? asked : Rounds;
        var wanted = arguments.Where(a => !int.TryParse(a, out _)).ToArray();
        List<Comparison> checks = [], hornet = [], wasmtime = [];
        Console.WriteLine($"""
            processor time in _start with explicit checks, medians of {rounds} rounds in turn; the last two columns: with checks / with guard pages
            {Comparison.Header("ms")}    hornet  wasmtime
            """);
        foreach (var program in Natives.Find().Where(p => wanted.Length == 0 || wanted.Contains(p.Name)))
        {
            var bytes = File.ReadAllBytes(program.Module());
            Natives.Runner[] subjects =
            [
                Natives.Hornet(program, bytes, Natives.NativeCode.WithSignalsBasedTraps(false)), Natives.Wasmtime(program, bytes, signals: false),
                Natives.Hornet(program, bytes, Natives.NativeCode), Natives.Wasmtime(program, bytes),
            ];
            if (subjects.Select(s => s().Output).Distinct().Count() > 1)
            {
                Console.WriteLine($"{program.Name,-16} WRONG: the guests print different things");
                return 1;
            }
            var figures = subjects.Select(_ => new double[rounds]).ToArray();
            for (var round = 0; round < rounds; round++)
                for (var i = 0; i < subjects.Length; i++)
                    figures[i][round] = subjects[i]().Milliseconds;
            checks.Add(new(program.Name, "ms", figures[0], figures[1]));
            hornet.Add(new(program.Name, "ms", figures[0], figures[2]));
            wasmtime.Add(new(program.Name, "ms", figures[1], figures[3]));
            Console.WriteLine($"{checks[^1],-60} {hornet[^1].Ratio,8:F2} {wasmtime[^1].Ratio,9:F2}");
        }
        if (checks.Count == 0)
            return 1;
        Console.WriteLine($"geometric means of {checks.Count}: {Mean(checks):F3} of Wasmtime's with checks; checks cost Hornet {Mean(hornet):F3}, Wasmtime {Mean(wasmtime):F3} of the time with guard pages");
        Comparison.Save("checks", checks);
        return 0;
    }

    private static double Mean(List<Comparison> comparisons) => Comparison.GeometricMean(comparisons.Select(c => c.Ratio));
}
