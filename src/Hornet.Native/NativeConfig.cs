using Hornet.Compiler.X64;
using Hornet.Native;

namespace Hornet;

/// <summary>Switches on machine code for an engine's guests.</summary>
public static class NativeConfig
{
    /// <summary>Why guests cannot run as machine code in this process, or null where they can. Reserves the address space for code when it is asked first.</summary>
    public static string? Obstacle
    {
        get
        {
            if (FaultHandler.Process is null) return "machine code is made for Linux on x86-64";
            if (!System.Runtime.Intrinsics.X86.Sse41.IsSupported) return "machine code needs a CPU with SSE4.1";
            try
            {
                _ = Stubs.Process;
                return null;
            }
            catch (Exception e) when (e is PlatformNotSupportedException or InsufficientMemoryException)
            {
                return e.Message;
            }
        }
    }

    /// <summary>Guests run as machine code. Needs executable memory, an x86-64 CPU with SSE4.1 and, unless <see cref="Config.WithSignalsBasedTraps"/> says otherwise, signal handlers.</summary>
    /// <param name="config">Is changed and returned.</param>
    /// <param name="lazy">Functions are compiled when they are needed; otherwise all of them when the module is made, by all cores.</param>
    /// <param name="tierUp">Where functions are compiled when they are needed: the interpreter runs them until they are hot. Otherwise a function is compiled at its first call.</param>
    public static Config WithNativeCode(this Config config, bool lazy = true, bool tierUp = true) => config.WithNativeCode(lazy ? tierUp ? CompileMode.TierUp : CompileMode.Lazy : CompileMode.Eager, TierUpSettings.Default);

    internal static Config WithNativeCode(this Config config, CompileMode mode, TierUpSettings tierUp)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.WithTier(options => new NativeTier(options, mode, tierUp));
    }

    /// <summary>What machine code may use of the CPU: for images that shall run elsewhere. This machine's features by default.</summary>
    /// <param name="config">Is changed and returned.</param>
    /// <param name="features">"native"; "baseline", which is x86-64 with SSE4.1; or a list of sse42, popcnt, lzcnt, bmi1, bmi2, avx, avx2 and fma. With a minus they are taken away from this machine's.</param>
    public static Config WithTargetFeatures(this Config config, string features)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(features);
        if (!ImageSettings.TryParse(features, out _, out string unknown)) throw new ArgumentException($"there is no CPU feature '{unknown}'", nameof(features));
        return config.WithTarget(features);
    }
}
