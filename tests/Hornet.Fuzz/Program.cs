using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hornet.Fuzz;
using Hornet.Text;

// Hornet.Fuzz [TARGET] [--seconds N] [--seed S] [--count N] [--out DIR] | --replay FILE...
// --crashed SEED with a TARGET: that case took the process down; shrinks it, each attempt in a process of its own.
string? name = null;
ulong? crashed = null;
string folder = Path.Combine(Repository.Root ?? ".", "artifacts", "fuzz");
double seconds = 60;
ulong seed = (ulong)Stopwatch.GetTimestamp();
long count = long.MaxValue;
List<string> replay = [];
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seconds": seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--seed": seed = ulong.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--count": count = long.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--crashed": crashed = ulong.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--out": folder = args[++i]; break;
        case "--replay": replay.AddRange(args[(i + 1)..]); i = args.Length; break;
        default: name = args[i]; break;
    }
}
if (crashed is { } fatal && Target.All.FirstOrDefault(t => t.Name == name) is { } dies)
{
    Directory.CreateDirectory(folder);
    string attempt = Path.Combine(folder, $"{name}-{fatal}.wasm");
    Decisions first = new(fatal);
    dies.Module(first);
    int[] left = Shrinking.Run(first.Taken, d => Dies(dies.Module(new(d)), attempt), TimeSpan.FromSeconds(seconds));
    byte[] module = dies.Module(new(left));
    Console.WriteLine(Dies(module, attempt) ? $"shrunk to {attempt}" : "it does not die any more");
    File.WriteAllText(Path.ChangeExtension(attempt, ".wat"), $";; ended the process\n{Encoding.UTF8.GetString(WatPrinter.Print(module))}");
    return 0;
}
using Differential differential = new();
if (replay.Count > 0)
{
    foreach (string file in replay)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (file.EndsWith(".wat", StringComparison.Ordinal)) bytes = WatParser.Parse(bytes);
        Console.WriteLine($"{file}: {differential.Compare(bytes, withWasmtime: true) ?? "all agree"}");
    }
    return 0;
}
Target[] targets = [.. Target.All.Where(t => name is null || t.Name == name)];
if (targets.Length == 0)
{
    Console.Error.WriteLine($"there is no target '{name}'; there are: {string.Join(' ', Target.All.Select(t => t.Name))}");
    return 2;
}
Directory.CreateDirectory(folder);
string current = Path.Combine(folder, $"current-{Environment.ProcessId}.wasm");
Stopwatch clock = Stopwatch.StartNew();
long cases = 0, failures = 0;
HashSet<string> seen = [];
for (; cases < count && clock.Elapsed.TotalSeconds < seconds && failures < 20; cases++)
{
    Target target = targets[cases % targets.Length];
    Decisions decisions = new(seed + (ulong)cases);
    byte[] module = target.Module(decisions);
    // An engine that takes the process down leaves the module behind.
    File.WriteAllBytes(current, module);
    if (target.Judge(differential, module) is not { } difference) continue;
    failures++;
    Console.WriteLine($"seed {seed + (ulong)cases} of {target.Name}: {difference}");
    string kind = Kind(difference);
    int[] least = Shrinking.Run(decisions.Taken, d => target.Judge(differential, Write(target.Module(new(d)))) is { } other && Kind(other) == kind, TimeSpan.FromSeconds(20));
    byte[] small = target.Module(new(least));
    string path = Path.Combine(folder, $"{target.Name}-{seed + (ulong)cases}");
    File.WriteAllBytes(path + ".wasm", small);
    string why = target.Judge(differential, small) ?? "not reproducible";
    File.WriteAllText(path + ".wat", $";; {why.Replace('\n', ' ')}\n{Encoding.UTF8.GetString(WatPrinter.Print(small))}");
    Console.WriteLine($"  shrunk to {path}.wat: {why}");
    if (!seen.Add(kind)) failures--;
}
File.Delete(current);
Console.WriteLine(FormattableString.Invariant($"{cases} cases in {clock.Elapsed.TotalSeconds:f0} s ({cases / clock.Elapsed.TotalSeconds:f1} a second), {differential.Steps} steps compared, {differential.Inconclusive} inconclusive, seed {seed}, {failures} failures"));
return failures == 0 ? 0 : 1;

static bool Dies(byte[] module, string path)
{
    File.WriteAllBytes(path, module);
    using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--replay", path]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    child.StandardError.ReadToEnd();
    child.WaitForExit();
    return child.ExitCode >= 128;
}

byte[] Write(byte[] module)
{
    File.WriteAllBytes(current, module);
    return module;
}

// Who disagreed with whom: shrinking must not end at another bug.
static string Kind(string difference)
{
    StringBuilder kind = new(difference.Split(':')[0]);
    foreach (string word in (string[])["trap", "memory", "global"])
        if (difference.Contains(word, StringComparison.Ordinal)) kind.Append(word);
    return kind.ToString();
}
