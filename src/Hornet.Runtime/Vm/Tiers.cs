namespace Hornet.Runtime;

/// <summary>Which tier runs an engine's guests.</summary>
internal static class Tiers
{
    public static Tier Create(EngineOptions options) => options.CreateTier?.Invoke(options) ?? new InterpreterTier();
}
