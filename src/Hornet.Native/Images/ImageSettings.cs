using System.Text;
using Hornet.Compiler;
using Hornet.Compiler.X64;
using Hornet.Runtime;

namespace Hornet.Native;

/// <summary>What changes the code that is made, as lines of name=value: recorded in images, and compared when they are loaded.</summary>
internal static class ImageSettings
{
    public static string Describe(CodeSettings settings, BoundsChecks checks, CompilerSettings compiler) => string.Concat(
        Line("consume-fuel", settings.ConsumeFuel),
        Line("epoch-interruption", settings.Interruptible),
        Line("relaxed-simd-deterministic", settings.DeterministicRelaxedSimd),
        Line("canonical-nans", settings.CanonicalizeNaN),
        Line("memory-guards", checks == BoundsChecks.Guard),
        Line("signals-based-traps", compiler.TrapStub < 0),
        $"opt-level={compiler.OptLevel}\n");

    static string Line(string name, bool value) => $"{name}={(value ? 'y' : 'n')}\n";

    /// <summary>Says what an image was compiled with that an engine has otherwise, or null. How hard the compiler tried is no difference.</summary>
    public static string? Difference(string image, string engine)
    {
        string[] theirs = image.Split('\n', StringSplitOptions.RemoveEmptyEntries), ours = engine.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string line in ours)
        {
            string name = line[..(line.IndexOf('=') + 1)];
            if (name == "opt-level=") continue;
            string? other = Array.Find(theirs, l => l.StartsWith(name, StringComparison.Ordinal));
            if (other != line) return $"it was compiled with {other ?? $"no {name[..^1]}"}, this engine has {line}";
        }
        return null;
    }

    /// <summary>Names of CPU features, as <c>--target-features</c> takes them.</summary>
    public static string Names(CpuFeatures features) => features == 0 ? "baseline" : features.ToString().ToLowerInvariant().Replace(", ", ",", StringComparison.Ordinal);

    /// <summary>CPU features from their names: "baseline", "native", or a list; names with a minus are taken away from this machine's.</summary>
    public static bool TryParse(string text, out CpuFeatures features, out string unknown)
    {
        features = text.StartsWith('-') || text.StartsWith("native", StringComparison.Ordinal) ? Cpu.Features : CpuFeatures.Base;
        foreach (string word in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            unknown = word;
            if (word is "native" or "baseline") continue;
            if (!Enum.TryParse(word.TrimStart('+', '-'), ignoreCase: true, out CpuFeatures feature) || char.IsDigit(word[^1]) && int.TryParse(word.TrimStart('+', '-'), out _)) return false;
            features = word[0] == '-' ? features & ~feature : features | feature;
        }
        unknown = "";
        return true;
    }

    public static byte[] ToBytes(string settings) => Encoding.UTF8.GetBytes(settings);
}
