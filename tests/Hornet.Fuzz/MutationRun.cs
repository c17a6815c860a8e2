using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Hornet.Fuzz;

/// <summary>mutation [NAME...] [--seconds N] [--seed S] [--build]: which seeded mistakes the fuzzers find, and after how many seconds of processor; 0: it ended the process.</summary>
static partial class MutationRun
{
    const int GraceSeconds = 30;

    // Seconds are the processor's, so that a busy machine finds as much; the clock may run on for so many times as long.
    const int MostWaiting = 10;

    // Who looks at what.
    static readonly Dictionary<string, string[]> s_targets = new()
    {
        ["semantics"] = ["operators", "modules", "scalar"],
        ["runtime"] = ["modules", "tiers", "gc"],
        ["bounds"] = ["operators", "modules", "scalar", "tiers"],
        ["translation"] = ["operators", "modules", "scalar"],
        ["optimiser"] = ["operators", "scalar", "modules", "exceptions", "ir"],
        ["checks"] = ["ir", "modules", "scalar"],
        ["lowering"] = ["operators", "scalar", "modules", "ir"],
        ["registers"] = ["ir", "modules", "scalar", "exceptions"],
        ["tier-up"] = ["modules", "tiers", "metered", "exceptions"],
        ["validation"] = ["validity"],
    };

    public static int Run(string[] args)
    {
        double seconds = 600;
        string seed = "1";
        bool onlyBuild = false;
        List<string> names = [];
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--seconds": seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
                case "--seed": seed = args[++i]; break;
                case "--build": onlyBuild = true; break;
                default: names.Add(args[i]); break;
            }
        }
        MutantBuild build = new(Repository.Root ?? throw new InvalidOperationException("the project's root is not above this program"));
        build.Make();
        foreach (Mutant stale in build.All.Where(m => m.Found != 1)) Console.WriteLine($"{stale.Name}: stale, its text occurs {stale.Found} times in {stale.File}");
        if (onlyBuild) return 0;
        Mutant[] mutants = [.. build.All.Where(m => m.Found == 1 && (names.Count == 0 || names.Contains(m.Name)))];
        int found = 0;
        Console.WriteLine($"{"mutant",-38} {"kind",-12} {"seconds",8}");
        foreach (Mutant mutant in mutants)
        {
            (bool isFound, double after, string what) = Try(build, mutant, seconds, seed);
            if (isFound) found++;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{mutant.Name,-38} {mutant.Kind,-12} {(isFound ? after.ToString("f1", CultureInfo.InvariantCulture) : "-"),8}  {what[..Math.Min(what.Length, 150)]}"));
        }
        Console.WriteLine($"{found} of {mutants.Length} found");
        return found * 10 >= mutants.Length * 9 ? 0 : 1;
    }

    // What ended the process said nothing.
    static double SpentUntilFound(string said) => Spent().Match(said) is { Success: true } m ? double.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\(([0-9.]+) of processor\)")]
    private static partial Regex Spent();

    /// <summary>Runs the targets that look at such things in turn, until one finds something.</summary>
    public static (bool Found, double Seconds, string What) Try(MutantBuild build, Mutant mutant, double seconds, string seed)
    {
        string folder = Directory.CreateTempSubdirectory("hornet-mutant").FullName;
        try
        {
            using Process process = build.Start(mutant.Number, [.. s_targets[mutant.Kind], "--stop", "--processor", "--seconds", seconds.ToString(CultureInfo.InvariantCulture), "--seed", seed, "--out", folder]);
            Task<string> errors = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
            // A case that never ends is a find as well.
            if (!process.WaitForExit(TimeSpan.FromSeconds(seconds * MostWaiting + GraceSeconds)))
            {
                double spent = process.TotalProcessorTime.TotalSeconds;
                process.Kill();
                return spent < seconds ? (false, spent, $"the machine is too busy: only {spent:f0} seconds of processor") : (true, spent, "a case does not end");
            }
            string said = output.Result.Trim();
            if (process.ExitCode == 0) return (false, seconds, said);
            return (true, SpentUntilFound(said), said.Length > 0 ? said : $"the process ended with {process.ExitCode}: {errors.Result.Split('\n')[0]}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
