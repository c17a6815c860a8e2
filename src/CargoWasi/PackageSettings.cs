using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace CargoWasi;

/// <summary>
/// <c>[package.metadata.wasi]</c> of a manifest, over <c>[workspace.metadata.wasi]</c> of its workspace, with the keys that the
/// original cargo-wasi read from <c>[package.metadata]</c> itself.
/// </summary>
sealed class PackageSettings
{
    const string Keys = "target, dirs, env, inherit-env, hornet-args, wasm-opt, wasm-name-section, wasm-producers-section";

    public string? Target { get; private set; }
    /// <summary>HOST or HOST::GUEST; relative hosts start at the package's directory.</summary>
    public List<string> Dirs { get; } = [];
    public Dictionary<string, string> Env { get; } = [];
    public bool InheritEnv { get; private set; }
    public List<string> HornetArgs { get; } = [];
    /// <summary>Null: where wasm-opt is found.</summary>
    public bool? WasmOpt { get; private set; }
    public bool NameSection { get; private set; } = true;
    public bool ProducersSection { get; private set; } = true;
    /// <summary>What in the manifest is not understood; shown once.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The manifest that Cargo takes for a directory, or null.</summary>
    public static string? FindManifest(string directory)
    {
        for (DirectoryInfo? d = new(directory); d is not null; d = d.Parent)
        {
            string file = Path.Combine(d.FullName, "Cargo.toml");
            if (File.Exists(file)) return file;
        }
        return null;
    }

    /// <summary>Reads a manifest; one that is missing or not TOML gives the defaults, and Cargo's own error when Cargo reads it.</summary>
    public static PackageSettings Read(string? manifest)
    {
        PackageSettings self = new();
        if (manifest is null || Toml.ReadFile(manifest) is not { } root) return self;
        TomlTable? workspace = root.Table("workspace");
        for (DirectoryInfo? d = Directory.GetParent(Path.GetFullPath(manifest))?.Parent; workspace is null && d is not null; d = d.Parent)
            workspace = Toml.ReadFile(Path.Combine(d.FullName, "Cargo.toml"))?.Table("workspace");
        string directory = Path.GetDirectoryName(Path.GetFullPath(manifest))!;
        if (workspace?.Table("metadata")?.Table("wasi") is { } shared) self.Apply(shared, directory, "workspace.metadata.wasi");
        if (root.Table("package")?.Table("metadata") is not { } metadata) return self;
        foreach (string key in (string[])["wasm-opt", "wasm-name-section", "wasm-producers-section"])
            if (metadata.TryGetValue(key, out object? value)) self.Set(key, value, directory, "package.metadata");
        if (metadata.Table("wasi") is { } own) self.Apply(own, directory, "package.metadata.wasi");
        return self;
    }

    void Apply(TomlTable table, string directory, string where)
    {
        foreach ((string key, object value) in table) Set(key, value, directory, where);
    }

    void Set(string key, object? value, string directory, string where)
    {
        switch (key, value)
        {
            case ("target", string target): Target = target; break;
            case ("inherit-env", bool inherit): InheritEnv = inherit; break;
            case ("wasm-opt", bool optimize): WasmOpt = optimize; break;
            case ("wasm-name-section", bool keep): NameSection = keep; break;
            case ("wasm-producers-section", bool keep): ProducersSection = keep; break;
            case ("dirs", TomlArray dirs):
                foreach (object? dir in dirs)
                    if (dir is string d) Dirs.Add(Absolute(d, directory));
                break;
            case ("hornet-args", TomlArray words):
                foreach (object? word in words)
                    if (word is string w) HornetArgs.Add(w);
                break;
            case ("env", TomlTable env):
                foreach ((string name, object text) in env) Env[name] = text.ToString() ?? "";
                break;
            case ("target" or "inherit-env" or "wasm-opt" or "wasm-name-section" or "wasm-producers-section" or "dirs" or "hornet-args" or "env", _):
                Warnings.Add($"[{where}] {key}: a value of this type is not understood; see docs/cargo-wasi.md");
                break;
            default:
                Warnings.Add($"[{where}] {key} means nothing to cargo-wasi; it knows {Keys}");
                break;
        }
    }

    // The guest's name of a directory stays as it was written.
    static string Absolute(string dir, string directory)
    {
        int at = dir.IndexOf("::", StringComparison.Ordinal);
        (string host, string guest) = at < 0 ? (dir, dir) : (dir[..at], dir[(at + 2)..]);
        return $"{Path.GetFullPath(Path.Combine(directory, host))}::{guest}";
    }
}

/// <summary>Reading TOML without reflection.</summary>
static class Toml
{
    /// <summary>The file's table, or null where it is missing, unreadable or not TOML (Cargo says so itself).</summary>
    public static TomlTable? ReadFile(string file)
    {
        try
        {
            return File.Exists(file) ? TomlSerializer.Deserialize(File.ReadAllText(file), TomlContext.Default.TomlTable) : null;
        }
        catch (Exception e) when (e is TomlException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static TomlTable? Table(this TomlTable table, string key) => table.TryGetValue(key, out object? value) ? value as TomlTable : null;
}

[TomlSerializable(typeof(TomlTable))]
sealed partial class TomlContext : TomlSerializerContext;
