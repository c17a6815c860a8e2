using System.Text.Json.Nodes;

namespace Hornet.Cli.Tests;

/// <summary>./h bench runs, all of it, on one tiny program, and its page shows what its JSON says. The figures mean nothing here.</summary>
public sealed class BenchmarkTests
{
    [Fact]
    public async Task The_driver_measures_everything_and_writes_table_json_and_page()
    {
        using var scratch = new Scratch();
        string json = Path.Combine(scratch.Path, "report.json"), page = Path.Combine(scratch.Path, "report.html");
        var ran = Ran.Run([Path.Combine(Ran.Root, "artifacts", "bin", "Hornet.Bench", "release", "Hornet.Bench"), "--tiny", "--program", "hash", "--json", json, "--page", page]).Ended(0);
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Empty(report["wrong"]!.AsArray());
        var tables = report["tables"]!.AsArray().ToDictionary(t => (string)t!["key"]!, t => t!["rows"]!.AsArray());

        // A table is left out only by a note that says what is not here.
        var notes = report["notes"]!.AsArray().Select(n => (string)n!).ToArray();
        foreach (var table in (string[])["run", "compile", "instantiate", "calls", "toolkit"])
            Assert.True(tables.ContainsKey(table) || notes.Length > 0, $"no table '{table}'\n{ran.Output}");
        if (!tables.TryGetValue("run", out var guests))
            Assert.Skip(notes[0]);
        var subjects = guests.Single()!["subjects"]!.AsObject();
        foreach (var subject in (string[])["hornet", "hornet interpreter", "wasmtime"])
        {
            Assert.True((double)subjects[subject]!["median"]! > 0, subject);
            Assert.Contains(subject, ran.Output);
        }
        Assert.InRange((double)subjects["hornet"]!["ratio"]!, (double)subjects["hornet"]!["low"]!, (double)subjects["hornet"]!["high"]!);

        await using var browser = await Browser.Open(page, 1240, 900);
        Assert.Empty(browser.Errors);
        Assert.Equal(tables.Values.Sum(t => t.Count).ToString(), await browser.Evaluate("[...document.querySelectorAll('tr')].filter(r => r.querySelector('td')).length"));
        Assert.True(int.Parse(await browser.Evaluate("document.querySelectorAll('svg circle').length")) >= 3);
    }

    [Fact]
    public void What_it_does_not_know_it_says()
    {
        var ran = Ran.Run([Path.Combine(Ran.Root, "artifacts", "bin", "Hornet.Bench", "release", "Hornet.Bench"), "--fast"]).Ended(2);
        Assert.StartsWith("bench: what is '--fast'?", ran.Error);
    }
}
