namespace Hornet.Bench;

/// <summary>All tables in one run: ./h bench without a name.</summary>
internal static class Suite
{
    private static readonly (Table Table, Action<Scale, Report, string[]> Measure, bool AreAlike)[] All =
    [
        (GuestTimes.Table, GuestTimes.Measure, true),
        (EngineTimes.Compile, (s, r, _) => EngineTimes.MeasureCompile(s, r), false),
        (EngineTimes.Size, (_, _, _) => { }, false),
        (EngineTimes.Start, (s, r, _) => EngineTimes.MeasureStart(s, r), false),
        (ProcessTimes.First, (s, r, _) => ProcessTimes.MeasureFirst(s, r), false),
        (ProcessTimes.Memory, (s, r, _) => ProcessTimes.MeasureMemory(s, r), true),
        (Overshoot.Table, (s, r, _) => Overshoot.Measure(s, r), false),
        (EngineTimes.Instantiate, (s, r, _) => EngineTimes.MeasureInstantiation(s, r), false),
        (EngineTimes.Call, (s, r, _) => EngineTimes.MeasureCalls(s, r), false),
        (EngineTimes.Toolkit, (s, r, _) => EngineTimes.MeasureToolkit(s, r), false),
    ];

    public static int Run(string[] arguments)
    {
        var scale = Scale.Usual;
        string? json = null, page = null, markdown = null;
        List<string> wantedTables = [], wantedPrograms = [];
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--full": scale = Scale.Full; break;
                case "--tiny": scale = Scale.Tiny; break;
                case "--json" when i + 1 < arguments.Length: json = arguments[++i]; break;
                case "--page" when i + 1 < arguments.Length: page = arguments[++i]; break;
                case "--markdown" when i + 1 < arguments.Length: markdown = arguments[++i]; break;
                case "--table" when i + 1 < arguments.Length && All.Any(t => t.Table.Key == arguments[i + 1]): wantedTables.Add(arguments[++i]); break;
                case "--program" when i + 1 < arguments.Length: wantedPrograms.Add(arguments[++i]); break;
                default:
                    Console.Error.WriteLine($"bench: what is '{arguments[i]}'? ./h bench [--full] [--table {string.Join('|', All.Select(t => t.Table.Key))}] [--program NAME] [--json FILE] [--page FILE] [--markdown FILE]");
                    return 2;
            }
        }
        var folder = Path.Combine(Tools.Root, ".cache", "bench");
        Directory.CreateDirectory(folder);
        json ??= Path.Combine(folder, "report.json");
        page ??= Path.Combine(folder, "report.html");
        var report = new Report(scale, [.. All.Select(t => t.Table)], Console.Out);
        Console.WriteLine($"{scale.Name}: {scale.Rounds} rounds in turn, {scale.SlowRounds} of the interpreter; less is better");
        foreach (var (table, measure, areAlike) in All)
        {
            if (wantedTables.Count > 0 && !wantedTables.Contains(table.Key))
                continue;
            measure(scale, report, [.. wantedPrograms]);
            if (areAlike)
                report.ShowMeans(table);
            // Whoever stops a long run has what it has measured until then.
            report.Save(json, page);
        }
        if (markdown is not null)
            File.WriteAllText(markdown, report.ToMarkdown());
        Console.WriteLine($"\n{json}\n{page}");
        return report.IsRight && report.Count > 0 ? 0 : 1;
    }
}
