using Hornet.Native;

namespace Hornet;

/// <summary>Switches on machine code for an engine's guests.</summary>
public static class NativeConfig
{
    /// <summary>
    /// Guests run as machine code that is made when their module is. Needs executable memory and signal handlers; without this, or
    /// where either is missing, the interpreter runs them.
    /// </summary>
    public static Config WithNativeCode(this Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.WithTier(static options => new NativeTier(options.MemoryReservation == 1UL << 32 && options.MemoryGuard >= ModuleTranslation.GuardSize ? BoundsChecks.Guard : BoundsChecks.Explicit));
    }
}
