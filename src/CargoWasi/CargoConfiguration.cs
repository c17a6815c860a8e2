using Tomlyn.Model;

namespace CargoWasi;

/// <summary>Cargo's configuration files, as far as they say which runner a target has. Source: the Cargo book, configuration.</summary>
static class CargoConfiguration
{
    /// <summary>The variable through which Cargo takes a target's runner.</summary>
    public static string RunnerVariable(string target) => $"CARGO_TARGET_{target.ToUpperInvariant().Replace('-', '_')}_RUNNER";

    /// <summary>Where the user has set a runner of their own (a file or variable), or null. The environment would override a file, so this must be asked before it is set.</summary>
    public static string? UsersRunner(string target, string rustc, string directory)
    {
        string variable = RunnerVariable(target);
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 }) return "$" + variable;
        HashSet<string>? cfg = null;
        foreach (string file in Files(directory))
        {
            if (Toml.ReadFile(file)?.Table("target") is not { } targets) continue;
            foreach ((string key, object value) in targets)
            {
                if (value is not TomlTable table || !table.ContainsKey("runner")) continue;
                if (key == target) return file;
                if (!key.StartsWith("cfg(", StringComparison.Ordinal)) continue;
                cfg ??= [.. (ChildProcess.Output(rustc, "--print", "cfg", "--target", target) ?? "").Split('\n', StringSplitOptions.TrimEntries)];
                if (CfgExpression.Matches(key, cfg)) return file;
            }
        }
        return null;
    }

    static IEnumerable<string> Files(string directory)
    {
        for (DirectoryInfo? d = new(directory); d is not null; d = d.Parent)
        {
            foreach (string name in (string[])["config", "config.toml"])
            {
                string file = Path.Combine(d.FullName, ".cargo", name);
                if (File.Exists(file)) yield return file;
            }
        }
        string home = Environment.GetEnvironmentVariable("CARGO_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cargo");
        foreach (string name in (string[])["config", "config.toml"])
        {
            string file = Path.Combine(home, name);
            if (File.Exists(file)) yield return file;
        }
    }
}
