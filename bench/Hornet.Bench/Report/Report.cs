using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hornet.Bench;

/// <summary>Everything that one run has measured, and what it has to say besides: as text while it runs, as JSON and as a page at its end.</summary>
internal sealed class Report(Scale scale, IReadOnlyList<Table> tables, TextWriter text)
{
    private readonly List<Row> rows = [];
    private readonly List<string> notes = [], wrong = [];
    private Table? current;

    /// <summary>Whether every guest printed what it should.</summary>
    public bool IsRight => wrong.Count == 0;

    public int Count => rows.Count;

    public void Note(string note)
    {
        notes.Add(note);
        text.WriteLine($"  ({note})");
    }

    public void Wrong(string what)
    {
        wrong.Add(what);
        text.WriteLine($"  WRONG: {what}");
    }

    /// <summary>Adds a row and shows it; null is none.</summary>
    public void Add(Row? row)
    {
        if (row is null)
            return;
        var table = tables.First(t => t.Key == row.Table);
        if (table != current)
        {
            current = table;
            text.WriteLine($"\n== {table.Title}: medians; in brackets the ratio to {table.Reference}\n{"",-34}{string.Concat(table.Subjects.Select(s => s.PadLeft(Width(s))))}");
        }
        rows.Add(row);
        text.WriteLine($"{Trimmed(row.Name),-34}{string.Concat(table.Subjects.Select(s => Cell(table, row, s).PadLeft(Width(s))))} {row.Unit}{Throughput(row)}");
    }

    /// <summary>Shows the geometric means of a table whose rows are alike.</summary>
    public void ShowMeans(Table table)
    {
        var means = table.Subjects.Where(s => s != table.Reference).Select(s => (Subject: s, Mean: Mean(table, s))).Where(m => m.Mean is not null).ToList();
        if (means.Count > 0)
            text.WriteLine($"{"geometric mean of the ratios",-34}{string.Concat(table.Subjects.Select(s => (means.FirstOrDefault(m => m.Subject == s).Mean is { } mean ? mean.Ratio.ToString("F3", CultureInfo.InvariantCulture) + $" of {mean.Count}" : "").PadLeft(Width(s))))}");
    }

    private (double Ratio, int Count)? Mean(Table table, string subject)
    {
        double[] ratios = [.. rows.Where(r => r.Table == table.Key).Select(r => r.Against(subject, table.Reference)).OfType<Comparison>().Select(c => c.Ratio)];
        return ratios.Length == 0 ? null : (Comparison.GeometricMean(ratios), ratios.Length);
    }

    private static string Cell(Table table, Row row, string subject)
    {
        if (row.Of(subject) is not { } series)
            return "-";
        var ratio = subject == table.Reference ? "" : row.Against(subject, table.Reference) is { } c ? string.Create(CultureInfo.InvariantCulture, $" ({c.Ratio:F2})") : "";
        return Figure(series.Median) + ratio;
    }

    private static string Figure(double figure) => figure.ToString(figure < 10 ? "F2" : figure < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Throughput(Row row) => row.Megabytes == 0 || row.Unit != "ms" ? "" : $"   {string.Join(", ", row.Series.Select(s => $"{s.Subject} {row.Megabytes * 1000 / s.Median:F1} MB/s"))}";

    // Of a subject's column.
    private static int Width(string subject) => Math.Max(18, subject.Length + 2);

    private static string Trimmed(string name) => name.Length <= 33 ? name : name[..33];

    /// <summary>The whole report. The page shows just this.</summary>
    public JsonObject ToJson() => new()
    {
        ["scale"] = scale.Name,
        ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC",
        ["machine"] = new JsonObject
        {
            ["cpu"] = Cpu(), ["processors"] = Environment.ProcessorCount, ["system"] = RuntimeInformation.OSDescription, ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["wasmtime"] = "Wasmtime NuGet package " + (typeof(global::Wasmtime.Engine).Assembly.GetName().Version?.ToString(3) ?? ""), ["node"] = Said("node", "--version"), ["gcc"] = Said("gcc", "--version"), ["load"] = Load(),
        },
        ["notes"] = new JsonArray([.. notes.Select(n => JsonValue.Create(n))]),
        ["wrong"] = new JsonArray([.. wrong.Select(n => JsonValue.Create(n))]),
        ["tables"] = new JsonArray([.. tables.Where(t => rows.Any(r => r.Table == t.Key)).Select(Json)]),
    };

    private JsonObject Json(Table table) => new()
    {
        ["key"] = table.Key, ["title"] = table.Title, ["how"] = table.How, ["reference"] = table.Reference,
        ["subjects"] = new JsonArray([.. table.Subjects.Select(s => JsonValue.Create(s))]),
        ["means"] = new JsonObject(table.Subjects.Where(s => s != table.Reference).Select(s => (s, Mean: Mean(table, s))).Where(m => m.Mean is not null)
            .Select(m => KeyValuePair.Create(m.s, (JsonNode?)new JsonObject { ["ratio"] = Rounded(m.Mean!.Value.Ratio), ["rows"] = m.Mean.Value.Count }))),
        ["rows"] = new JsonArray([.. rows.Where(r => r.Table == table.Key).Select(r => Json(table, r))]),
    };

    private static JsonObject Json(Table table, Row row) => new()
    {
        ["name"] = row.Name, ["unit"] = row.Unit, ["megabytes"] = row.Megabytes,
        ["subjects"] = new JsonObject(row.Series.Select(s =>
        {
            var one = new JsonObject { ["median"] = Rounded(s.Median), ["figures"] = new JsonArray([.. s.Figures.Select(f => JsonValue.Create(Rounded(f)))]) };
            if (s.Subject != table.Reference && row.Against(s.Subject, table.Reference) is { } against)
                (one["ratio"], one["low"], one["high"]) = (Rounded(against.Ratio), Rounded(against.Interval.Low), Rounded(against.Interval.High));
            return KeyValuePair.Create(s.Subject, (JsonNode?)one);
        })),
    };

    private static double Rounded(double figure) => Math.Round(figure, figure < 1 ? 5 : 3);

    private static string Cpu() => File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown" : "unknown";

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Said(string command, string argument)
    {
        try
        {
            return Tools.Capture([command, argument]).Output.Split('\n')[0];
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "not here";
        }
    }

    /// <summary>The tables as Markdown, for docs/performance.md.</summary>
    public string ToMarkdown()
    {
        var md = new System.Text.StringBuilder();
        foreach (var table in tables.Where(t => rows.Any(r => r.Table == t.Key)))
        {
            string[] subjects = [.. table.Subjects.Where(s => rows.Any(r => r.Table == table.Key && r.Of(s) is not null))];
            md.Append($"### {table.Title}\n\n{table.How} In brackets: the ratio to {table.Reference}, and its interval.\n\n| | {string.Join(" | ", subjects)} |\n|---|{string.Concat(subjects.Select(_ => "---:|"))}\n");
            foreach (var row in rows.Where(r => r.Table == table.Key))
                md.Append($"| {row.Name} | {string.Join(" | ", subjects.Select(s => MarkdownCell(table, row, s)))} |\n");
            if (table.Key == GuestTimes.Table.Key)
                md.Append($"| **geometric mean of the ratios** | {string.Join(" | ", subjects.Select(s => s != table.Reference && Mean(table, s) is { } m ? string.Create(CultureInfo.InvariantCulture, $"**{m.Ratio:F3}** of {m.Count}") : "1"))} |\n");
            md.Append('\n');
        }
        return md.ToString();
    }

    private static string MarkdownCell(Table table, Row row, string subject)
    {
        if (row.Of(subject) is not { } series)
            return "–";
        var text = $"{Figure(series.Median)} {row.Unit}";
        if (row.Megabytes > 0 && row.Unit == "ms")
            text += string.Create(CultureInfo.InvariantCulture, $", {row.Megabytes * 1000 / series.Median:F1} MB/s");
        return subject != table.Reference && row.Against(subject, table.Reference) is { } c ? text + string.Create(CultureInfo.InvariantCulture, $" ({c.Ratio:F2}, {c.Interval.Low:F2}–{c.Interval.High:F2})") : text;
    }

    public void Save(string? json, string? page)
    {
        var node = ToJson();
        if (json is not null)
            File.WriteAllText(json, node.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        if (page is null)
            return;
        // The default encoder writes <, > and & as escapes, so nothing of it ends the script element.
        var template = File.ReadAllText(Path.Combine(Tools.Root, "bench", "report.html"));
        File.WriteAllText(page, template.Replace("\"DATA\"", node.ToJsonString(), StringComparison.Ordinal));
    }
}
