using System.Text;

namespace Hornet.Wasm;

/// <summary>A feature that the compiler used (+), must not be used (-), or must be used (=).</summary>
public readonly record struct TargetFeature(char Prefix, string Name);

/// <summary>The target_features section. Source: tool conventions, linking, target features section.</summary>
public sealed class TargetFeaturesSection(IReadOnlyList<TargetFeature> features) : ICustomSection<TargetFeaturesSection>
{
    public static string Name => "target_features";

    public IReadOnlyList<TargetFeature> Features { get; } = features;

    public static TargetFeaturesSection Read(ModuleBytes content)
    {
        OperatorReader reader = new(content);
        List<TargetFeature> features = [];
        for (uint count = reader.Count(); count > 0; count--)
        {
            char prefix = (char)reader.Byte();
            if (prefix is not ('+' or '-' or '=')) WasmFormatException.ThrowMalformed(reader.Offset - 1, "malformed feature prefix");
            features.Add(new(prefix, Encoding.UTF8.GetString(reader.Name())));
        }
        SectionReaders.End(reader);
        return new(features);
    }
}
