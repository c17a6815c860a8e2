using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Hornet.Fuzz;

/// <summary>A seeded mistake of tests/mutants/mutants.txt.</summary>
/// <param name="Number">The value of HORNET_MUTANT that switches it on; from 1.</param>
/// <param name="File">The file under src/ that it changes.</param>
/// <param name="Found">How often the text to be replaced occurs there; anything but 1 makes the mutant stale.</param>
public sealed record Mutant(int Number, string Name, string Kind, string File, string From, string To, int Found);

/// <summary>
/// A copy of the sources in which every mutant can be switched on by an environment variable, and the fuzzer built from it. The copy lies in
/// artifacts/mutants and is made again when a source has changed. The ordinary build holds no mutant and no switch.
/// </summary>
public sealed class MutantBuild
{
    const string Switch = "HORNET_MUTANT";

    static readonly string[] s_copied = ["src", "tests/Hornet.Fuzz", "tests/Hornet.Compiler.Tests", "tests/mutants"];
    static readonly string[] s_files = ["Directory.Build.props", "Directory.Packages.props", "global.json", "tests/Directory.Build.props"];

    readonly string _root;
    readonly string _folder;
    readonly string _key;

    public MutantBuild(string root)
    {
        (_root, _folder) = (root, Path.Combine(root, "artifacts", "mutants"));
        All = Read(root);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Sources()) hash.AppendData(File.ReadAllBytes(file));
        _key = Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>The mutants in the file's order, stale ones included.</summary>
    public IReadOnlyList<Mutant> All { get; }

    /// <summary>Whether what was built is what the sources are now.</summary>
    public bool IsCurrent => File.Exists(KeyFile) && File.ReadAllText(KeyFile) == _key;

    string KeyFile => Path.Combine(_folder, "key");

    IEnumerable<string> Sources() =>
        s_copied.SelectMany(d => Directory.EnumerateFiles(Path.Combine(_root, d), "*", SearchOption.AllDirectories)).Concat(s_files.Select(f => Path.Combine(_root, f)))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>Copies, changes and builds, unless that is done already.</summary>
    public void Make()
    {
        if (IsCurrent) return;
        Dictionary<string, string> changed = [];
        foreach (Mutant mutant in All.Where(m => m.Found == 1))
        {
            string path = Path.Combine(_root, "src", mutant.File), text = changed.GetValueOrDefault(path) ?? File.ReadAllText(path);
            changed[path] = text.Replace(mutant.From, mutant.To.Replace("$M", $"(global::Hornet.Base.Mutants.Active == {mutant.Number})", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        HashSet<string> kept = [];
        foreach (string file in Sources())
        {
            string target = Path.Combine(_folder, Path.GetRelativePath(_root, file));
            kept.Add(target);
            Write(target, changed.TryGetValue(file, out string? text) ? Encoding.UTF8.GetBytes(text) : File.ReadAllBytes(file));
        }
        string active = Path.Combine(_folder, "src", "Hornet.Base", "Mutants.cs");
        kept.Add(active);
        Write(active, Encoding.UTF8.GetBytes($$"""
            namespace Hornet.Base;

            /// <summary>The mutant that is switched on: in this copy of the sources only.</summary>
            public static class Mutants
            {
                public static readonly int Active = int.TryParse(System.Environment.GetEnvironmentVariable("{{Switch}}"), out int number) ? number : 0;
            }
            """));
        foreach (string folder in (string[])["src", "tests"])
            foreach (string old in Directory.EnumerateFiles(Path.Combine(_folder, folder), "*", SearchOption.AllDirectories))
                if (!kept.Contains(old) && !old.Contains("/obj/", StringComparison.Ordinal)) File.Delete(old);
        using Process build = Process.Start(new ProcessStartInfo("dotnet", ["build", Path.Combine(_folder, "tests", "Hornet.Fuzz"), "-c", "Release", "-v", "q", "--nologo", "-clp:NoSummary", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false"])
        {
            RedirectStandardOutput = true,
        })!;
        string said = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        if (build.ExitCode != 0) throw new InvalidOperationException($"the mutants do not compile:\n{string.Join('\n', said.Split('\n').Where(l => l.Contains("error ", StringComparison.Ordinal)).Distinct().Take(20))}");
        File.WriteAllText(KeyFile, _key);
    }

    // Only what differs, so that the build is incremental.
    static void Write(string path, byte[] bytes)
    {
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Starts the mutated fuzzer.</summary>
    /// <param name="mutant">0: none switched on.</param>
    /// <param name="arguments">As of the fuzzer.</param>
    public Process Start(int mutant, params string[] arguments)
    {
        ProcessStartInfo info = new(Path.Combine(_folder, "artifacts", "bin", "Hornet.Fuzz", "release", "Hornet.Fuzz"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment[Switch] = mutant.ToString(System.Globalization.CultureInfo.InvariantCulture);
        info.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return Process.Start(info)!;
    }

    static List<Mutant> Read(string root)
    {
        List<Mutant> mutants = [];
        string[]? head = null;
        List<string> from = [], to = [];
        foreach (string line in (string[])[.. File.ReadAllLines(Path.Combine(root, "tests", "mutants", "mutants.txt")), "= end"])
        {
            if (line.StartsWith("- ", StringComparison.Ordinal)) from.Add(line[2..]);
            else if (line.StartsWith("+ ", StringComparison.Ordinal)) to.Add(line[2..]);
            else if (line.StartsWith("= ", StringComparison.Ordinal))
            {
                if (head is not null)
                {
                    string file = Path.Combine(root, "src", head[2]), text = string.Join('\n', from);
                    int found = File.Exists(file) ? File.ReadAllText(file).Split(text).Length - 1 : 0;
                    mutants.Add(new(mutants.Count + 1, head[0], head[1], head[2], text, string.Join('\n', to), found));
                }
                head = line[2..].Split(": ");
                from.Clear();
                to.Clear();
            }
        }
        return mutants;
    }
}
