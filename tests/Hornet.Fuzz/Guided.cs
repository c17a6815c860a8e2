using System.Diagnostics;
using System.Globalization;
using SharpFuzz;
using Trace = SharpFuzz.Common.Trace;

namespace Hornet.Fuzz;

/// <summary>
/// Fuzzing by coverage. A copy of this program's folder, in which SharpFuzz has put a counter on every branch of reader, validator, text, translator and compiler, keeps
/// the decisions of cases that took a new branch and changes those: the branches of a compiler are its rules. `--guided` runs our own loop, `--afl` lets AFL++ choose
/// the bytes that decisions are made of (or the text and the module itself, where any bytes are a case).
/// </summary>
static unsafe class Guided
{
    const string ChildSwitch = "HORNET_FUZZ_GUIDED";
    const int MapSize = 1 << 16, SeedsForAfl = 40;

    static readonly string[] s_instrumented = ["Hornet.Wasm", "Hornet.Text", "Hornet.Compiler", "Hornet.Native"];

    static byte* s_map;

    /// <summary>Whether this process is the copy that counts.</summary>
    public static bool IsChild => Environment.GetEnvironmentVariable(ChildSwitch) is not null;

    /// <summary>Before anything of Hornet's runs: counters need a place.</summary>
    public static void Begin()
    {
        if (IsChild) Trace.SharedMem = s_map = (byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(MapSize);
    }

    /// <summary>Makes the copy and runs it with these arguments, by itself or under afl-fuzz.</summary>
    public static int Start(string[] args, Target target, string folder, bool afl, double seconds)
    {
        string copy = Instrumented();
        ProcessStartInfo info = new(Path.Combine(copy, Path.GetFileName(Environment.ProcessPath!)), args);
        if (afl)
        {
            string seeds = Path.Combine(folder, "afl-seeds", target.Name), findings = Path.Combine(folder, "afl", target.Name);
            Directory.CreateDirectory(seeds);
            Directory.CreateDirectory(findings);
            for (ulong i = 0; i < SeedsForAfl; i++) File.WriteAllBytes(Path.Combine(seeds, $"{i}"), Seed(target, i));
            // A case starts engines of all kinds when it is the first, and its memory is reserved by terabytes.
            info = new("afl-fuzz", ["-i", seeds, "-o", findings, "-t", "20000", "-m", "none", "-V", seconds.ToString("f0", CultureInfo.InvariantCulture), "--", info.FileName, .. args]);
            // The binary is the .NET host, which AFL cannot look into; and a machine's own crash reports stay as they are.
            foreach (string name in (string[])["AFL_SKIP_BIN_CHECK", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "AFL_SKIP_CPUFREQ", "AFL_NO_AFFINITY", "AFL_NO_UI"]) info.Environment[name] = "1";
        }
        info.Environment[ChildSwitch] = "1";
        try
        {
            using Process process = Process.Start(info)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception) when (afl)
        {
            Console.Error.WriteLine("afl-fuzz is not in PATH (Debian: apt install afl++); --guided needs nothing");
            return 2;
        }
    }

    /// <summary>What AFL++ calls for each case.</summary>
    public static int RunForAfl(Target target, Oracles oracles)
    {
        Fuzzer.Run((Stream stream) =>
        {
            using MemoryStream bytes = new();
            stream.CopyTo(bytes);
            byte[] given = bytes.ToArray();
            if (target.Run(oracles, TakesAnyBytes(target) ? given : target.Case(new(given))) is { } difference) throw new InvalidOperationException(difference);
        });
        return 0;
    }

    /// <summary>Where any bytes are a case, AFL changes those themselves.</summary>
    static bool TakesAnyBytes(Target target) => target.Name is "broken-text" or "validity";

    static byte[] Seed(Target target, ulong seed)
    {
        Decisions decisions = new(seed);
        byte[] bytes = target.Case(decisions);
        return TakesAnyBytes(target) ? bytes : decisions.ToBytes();
    }

    static string Instrumented()
    {
        string from = AppContext.BaseDirectory, to = Path.Combine(Repository.Root ?? ".", "artifacts", "guided"), key = Path.Combine(to, "key");
        string made = string.Join(' ', Directory.EnumerateFiles(from, "Hornet.*.dll").Order(StringComparer.Ordinal).Select(f => File.GetLastWriteTimeUtc(f).Ticks));
        if (File.Exists(key) && File.ReadAllText(key) == made) return to;
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        // The types come as they are done.
        foreach (string library in s_instrumented) _ = Fuzzer.Instrument(Path.Combine(to, library + ".dll"), _ => true, SharpFuzz.Options.Value).Count();
        File.WriteAllText(key, made);
        return to;
    }

    /// <summary>Decisions that led somewhere new, and how to make others of them.</summary>
    public sealed class Corpus(ulong seed)
    {
        readonly Decisions _choice = new(seed ^ 0x5EED);
        readonly bool[] _seen = new bool[MapSize];
        readonly List<int[]> _kept = [];

        public int Count => _kept.Count;

        /// <summary>Branches that were taken, each with the one before it.</summary>
        public int Branches { get; private set; }

        /// <summary>Every other case is a kept one with something changed, and what is missing at its end made up.</summary>
        public Decisions Next(ulong seed)
        {
            new Span<byte>(s_map, MapSize).Clear();
            Trace.PrevLocation = 0;
            if (_kept.Count == 0 || _choice.OnceIn(3)) return new(seed);
            int[] taken = [.. _choice.Of(_kept)];
            switch (_choice.Below(3))
            {
                case 0:
                    taken = taken[.._choice.Below(taken.Length + 1)];
                    break;
                case 1:
                    int[] other = _choice.Of(_kept);
                    taken = [.. taken[.._choice.Below(taken.Length + 1)], .. other[_choice.Below(other.Length + 1)..]];
                    break;
                default:
                    for (int left = 1 + _choice.Below(6); left > 0 && taken.Length > 0; left--) taken[_choice.Below(taken.Length)] = _choice.Below(1 << 20);
                    break;
            }
            return new(taken, seed);
        }

        /// <summary>Keeps the decisions if their case went where none was before.</summary>
        public void Note(Decisions decisions)
        {
            bool isNew = false;
            for (int i = 0; i < MapSize; i++)
            {
                // How often is no news: a compiler's loops run over everything that it is given.
                if (s_map[i] == 0 || _seen[i]) continue;
                _seen[i] = true;
                Branches++;
                isNew = true;
            }
            if (isNew) _kept.Add(decisions.Taken);
        }
    }
}
