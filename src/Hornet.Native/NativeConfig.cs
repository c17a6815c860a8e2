using Hornet.Native;

namespace Hornet;

/// <summary>Switches on machine code for an engine's guests.</summary>
public static class NativeConfig
{
    /// <summary>Guests run as machine code. Needs executable memory, an x86-64 CPU with SSE4.1 and, unless <see cref="Config.WithSignalsBasedTraps"/> says otherwise, signal handlers.</summary>
    /// <param name="config">Is changed and returned.</param>
    /// <param name="lazy">Functions are compiled at their first call, and ahead of it by a thread of its own once a module has needed many; otherwise all of them when the module is made, by all cores.</param>
    public static Config WithNativeCode(this Config config, bool lazy = true)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.WithTier(options => new NativeTier(options, lazy ? CompileMode.Lazy : CompileMode.Eager));
    }
}
