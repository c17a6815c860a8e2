using System.Text.Json;

namespace CargoWasi;

/// <summary>A .wasm file that Cargo says it has built. Source: the Cargo book, external tools, JSON messages.</summary>
/// <param name="File">Its full path.</param>
/// <param name="Manifest">The manifest of its package.</param>
/// <param name="OptLevel">The profile's: 0, 1, 2, 3, s or z.</param>
/// <param name="HasDebugInfo">Whether the profile asks for debug information.</param>
sealed record Artifact(string File, string? Manifest, string OptLevel, bool HasDebugInfo)
{
    /// <summary>Adds the .wasm files that one line of Cargo's messages names; other lines add nothing.</summary>
    public static void Collect(string line, List<Artifact> artifacts)
    {
        if (!line.StartsWith("{\"reason\":\"compiler-artifact\"", StringComparison.Ordinal)) return;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement, profile = root.GetProperty("profile");
            bool debug = profile.TryGetProperty("debuginfo", out JsonElement level) && level.ValueKind switch
            {
                JsonValueKind.Number => level.GetInt32() != 0,
                JsonValueKind.String => level.GetString() is not ("none" or "0"),
                _ => false,
            };
            string? manifest = root.TryGetProperty("manifest_path", out JsonElement path) ? path.GetString() : null;
            foreach (JsonElement name in root.GetProperty("filenames").EnumerateArray())
            {
                if (name.GetString() is { } file && file.EndsWith(".wasm", StringComparison.Ordinal))
                    artifacts.Add(new(file, manifest, profile.GetProperty("opt_level").GetString() ?? "0", debug));
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A message of a form that this version does not know: the file stays as Cargo left it.
        }
    }
}
