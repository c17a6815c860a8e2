using System.Text.Json;

namespace Hornet.Bench;

/// <summary>One thing measured on both sides in turn: the one shape of a result, from which tables, JSON and pages are made.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Hornet">A figure for each round.</param>
/// <param name="Rival">The other side's figure of the same round.</param>
internal sealed record Comparison(string Name, string Unit, double[] Hornet, double[] Rival)
{
    public double HornetMedian => Median(Hornet);

    public double RivalMedian => Median(Rival);

    /// <summary>Hornet's share of the rival's: the median of the rounds' ratios, since both sides of a round met the same machine.</summary>
    public double Ratio => Median(Ratios);

    /// <summary>Where the ratio lies by the order of the rounds' ratios, with a probability of about 95 %: all of them when there are few.</summary>
    public (double Low, double High) Interval
    {
        get
        {
            double[] sorted = [.. Ratios.Order()];
            var n = sorted.Length;
            var low = Math.Max(0, (int)Math.Floor((n - 1.96 * Math.Sqrt(n)) / 2) - 1);
            return (sorted[low], sorted[n - 1 - low]);
        }
    }

    private IEnumerable<double> Ratios => Hornet.Zip(Rival, static (ours, theirs) => ours / theirs);

    public static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    public static double GeometricMean(IEnumerable<double> figures) => Math.Exp(figures.Average(Math.Log));

    public static string Header(string unit) => $"{"",-16} {"hornet " + unit,12} {"wasmtime " + unit,12} {"ratio",7}   interval";

    public override string ToString() => $"{Name,-16} {HornetMedian,12:F1} {RivalMedian,12:F1} {Ratio,7:F2}   {Interval.Low:F2}-{Interval.High:F2}";

    /// <summary>Writes the records as JSON beside the other results of benchmarks.</summary>
    public static void Save(string table, IEnumerable<Comparison> records)
    {
        var folder = Path.Combine(Tools.Root, ".cache", "bench");
        Directory.CreateDirectory(folder);
        using var file = File.Create(Path.Combine(folder, table + ".json"));
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (var record in records)
        {
            json.WriteStartObject();
            json.WriteString("table", table);
            json.WriteString("name", record.Name);
            json.WriteString("unit", record.Unit);
            Write(json, "hornet", record.Hornet);
            Write(json, "wasmtime", record.Rival);
            json.WriteNumber("ratio", Math.Round(record.Ratio, 4));
            json.WriteNumber("low", Math.Round(record.Interval.Low, 4));
            json.WriteNumber("high", Math.Round(record.Interval.High, 4));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, double[] figures)
    {
        json.WriteStartArray(name);
        foreach (var figure in figures)
            json.WriteNumberValue(Math.Round(figure, 4));
        json.WriteEndArray();
    }
}
