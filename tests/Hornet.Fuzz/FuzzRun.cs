using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hornet.Text;

namespace Hornet.Fuzz;

/// <summary>
/// The seeded loop: [TARGET...] [--seconds N [--processor]] [--seed S] [--count N] [--guided] [--stop] [--out DIR], or TARGET --afl, or --replay FILE..., or
/// --crashed SEED with a target: that case took the process down; shrinks it, each attempt in a process of its own.
/// </summary>
static class FuzzRun
{
    const int MostFailures = 20, MostOfAKind = 3;

    static readonly TimeSpan s_shrinking = TimeSpan.FromSeconds(20);

    sealed record Options
    {
        public List<Target> Targets { get; } = [];
        public List<string> Replay { get; } = [];
        public ulong? Crashed { get; set; }
        public string Folder { get; set; } = Path.Combine(Repository.Root ?? ".", "artifacts", "fuzz");
        public double Seconds { get; set; } = 60;
        public ulong Seed { get; set; } = (ulong)Stopwatch.GetTimestamp();
        public long Count { get; set; } = long.MaxValue;
        public bool Stop { get; set; }
        public bool Guided { get; set; }
        public bool OfProcessor { get; set; }
        public bool Afl { get; set; }
    }

    public static int Run(string[] args)
    {
        Options options = new();
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--seconds": options.Seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
                case "--seed": options.Seed = ulong.Parse(args[++i], CultureInfo.InvariantCulture); break;
                case "--count": options.Count = long.Parse(args[++i], CultureInfo.InvariantCulture); break;
                case "--crashed": options.Crashed = ulong.Parse(args[++i], CultureInfo.InvariantCulture); break;
                case "--processor": options.OfProcessor = true; break;
                case "--guided": options.Guided = true; break;
                case "--afl": options.Afl = true; break;
                case "--stop": options.Stop = true; break;
                case "--out": options.Folder = args[++i]; break;
                case "--replay": options.Replay.AddRange(args[(i + 1)..]); i = args.Length; break;
                default:
                    if (Target.All.FirstOrDefault(t => t.Name == args[i]) is not { } target)
                    {
                        Console.Error.WriteLine($"there is no target '{args[i]}' (./h fuzz --help tells of them); there are: {string.Join(' ', Target.All.Select(t => t.Name))}");
                        return 2;
                    }
                    options.Targets.Add(target);
                    break;
            }
        }
        if (options.Targets.Count == 0) options.Targets.AddRange(Target.All);
        Directory.CreateDirectory(options.Folder);
        if ((options.Guided || options.Afl) && !Guided.IsChild) return Guided.Start(args, options.Targets[0], options.Folder, options.Afl, options.Seconds);
        if (options.Crashed is { } seed) return ShrinkCrash(options.Targets[0], seed, options);
        using Oracles oracles = new();
        if (options.Afl) return Guided.RunForAfl(options.Targets[0], oracles);
        return options.Replay.Count > 0 ? Replay(options, oracles) : Loop(options, oracles);
    }

    static int Replay(Options options, Oracles oracles)
    {
        foreach (string file in options.Replay)
        {
            byte[] bytes = File.ReadAllBytes(file);
            Target target = options.Targets[0];
            if (file.EndsWith(".wat", StringComparison.Ordinal) && target.Form != CaseForm.Text) bytes = WatParser.Parse(bytes);
            Console.WriteLine($"{file}: {target.Run(oracles, bytes) ?? "all agree"}");
        }
        return 0;
    }

    static int Loop(Options options, Oracles oracles)
    {
        string current = Path.Combine(options.Folder, $"current-{Environment.ProcessId}");
        Stopwatch clock = Stopwatch.StartNew();
        long cases = 0;
        int failures = 0;
        Dictionary<string, int> seen = [];
        Dictionary<Target, Tally> tallies = options.Targets.Distinct().ToDictionary(t => t, _ => new Tally());
        Dictionary<Target, Guided.Corpus>? corpora = options.Guided ? options.Targets.ToDictionary(t => t, t => new Guided.Corpus(options.Seed)) : null;
        for (; cases < options.Count && (options.OfProcessor ? Environment.CpuUsage.TotalTime : clock.Elapsed).TotalSeconds < options.Seconds && failures < MostFailures; cases++)
        {
            Target target = options.Targets[(int)(cases % options.Targets.Count)];
            ulong seed = options.Seed + (ulong)cases;
            Tally tally = tallies[target];
            tally.Begin();
            Decisions decisions = corpora?[target].Next(seed) ?? new(seed, cases / options.Targets.Count);
            byte[] bytes = target.Case(decisions);
            // An engine that takes the process down leaves the case behind.
            File.WriteAllBytes(current, bytes);
            string? found = target.Run(oracles, bytes);
            tally.End(found is not null);
            corpora?[target].Note(decisions);
            if (found is not { } difference) continue;
            if (options.Stop)
            {
                Console.WriteLine(FormattableString.Invariant($"found by {target.Name} in case {cases + 1} after {clock.Elapsed.TotalSeconds:f1} s ({Environment.CpuUsage.TotalTime.TotalSeconds:f1} of processor): {difference.Split('\n')[0]}"));
                File.Delete(current);
                return 1;
            }
            Console.WriteLine($"seed {seed} of {target.Name}: {difference}");
            string kind = Kind(difference);
            seen[kind] = seen.GetValueOrDefault(kind) + 1;
            // More of the same kind are counted only.
            if (seen[kind] > MostOfAKind) continue;
            int[] least = Shrinking.Run(decisions.Taken, d =>
            {
                byte[] smaller = target.Case(new(d));
                File.WriteAllBytes(current, smaller);
                return target.Run(oracles, smaller) is { } other && Kind(other) == kind;
            }, s_shrinking);
            Save(target, seed, target.Case(new(least)), options.Folder, oracles);
            failures++;
        }
        File.Delete(current);
        foreach ((Target target, Tally tally) in tallies) Console.WriteLine(tally.Line(target.Name));
        if (corpora is not null)
            foreach ((Target target, Guided.Corpus corpus) in corpora) Console.WriteLine($"{target.Name,-12} {corpus.Branches} branches, {corpus.Count} cases kept");
        Differential? tiers = oracles.TiersIfAsked;
        Console.WriteLine(FormattableString.Invariant($"{cases} cases in {clock.Elapsed.TotalSeconds:f0} s ({cases / clock.Elapsed.TotalSeconds:f1} a second), {tiers?.Steps ?? 0} steps compared, {tiers?.Inconclusive ?? 0} inconclusive, seed {options.Seed}, {failures} failures"));
        return failures == 0 ? 0 : 1;
    }

    /// <summary>What was spent on a target.</summary>
    sealed class Tally
    {
        long _cases, _differences, _began;
        TimeSpan _processor, _wall, _processorBegan;

        public void Begin() => (_began, _processorBegan) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public void End(bool differs)
        {
            _wall += Stopwatch.GetElapsedTime(_began);
            _processor += Environment.CpuUsage.TotalTime - _processorBegan;
            _cases++;
            if (differs) _differences++;
        }

        public string Line(string name) => FormattableString.Invariant($"{name,-12} {_cases,8} cases {_wall.TotalSeconds,8:f1} s {_processor.TotalSeconds,8:f1} s of processor {(_wall > default(TimeSpan) ? _cases / _wall.TotalSeconds : 0),8:f1} cases/s  {_differences} differences");
    }

    static void Save(Target target, ulong seed, byte[] small, string folder, Oracles oracles)
    {
        string path = Path.Combine(folder, $"{target.Name}-{seed}"), why = target.Run(oracles, small) ?? "not reproducible";
        File.WriteAllBytes(path + (target.Form == CaseForm.Text ? ".txt" : ".wasm"), small);
        if (target.Form == CaseForm.Module) File.WriteAllText(path + ".wat", $";; {why.Replace('\n', ' ')}\n{Encoding.UTF8.GetString(WatPrinter.Print(small))}");
        Console.WriteLine($"  shrunk to {path}: {why}");
    }

    static int ShrinkCrash(Target dies, ulong seed, Options options)
    {
        string attempt = Path.Combine(options.Folder, $"{dies.Name}-{seed}{(dies.Form == CaseForm.Text ? ".txt" : ".wasm")}");
        Decisions first = new(seed);
        dies.Case(first);
        int[] left = Shrinking.Run(first.Taken, d => Dies(dies, dies.Case(new(d)), attempt), TimeSpan.FromSeconds(options.Seconds));
        byte[] least = dies.Case(new(left));
        Console.WriteLine(Dies(dies, least, attempt) ? $"shrunk to {attempt}" : "it does not die any more");
        if (dies.Form == CaseForm.Module) File.WriteAllText(Path.ChangeExtension(attempt, ".wat"), $";; ended the process\n{Encoding.UTF8.GetString(WatPrinter.Print(least))}");
        return 0;
    }

    static bool Dies(Target target, byte[] bytes, string path)
    {
        File.WriteAllBytes(path, bytes);
        using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [target.Name, "--replay", path]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        child.StandardError.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode >= 128;
    }

    // Who disagreed with whom: shrinking must not end at another bug.
    static string Kind(string difference)
    {
        StringBuilder kind = new(difference.Split(':')[0]);
        foreach (string word in (string[])["trap", "memory", "global"])
            if (difference.Contains(word, StringComparison.Ordinal)) kind.Append(word);
        return kind.ToString();
    }
}
