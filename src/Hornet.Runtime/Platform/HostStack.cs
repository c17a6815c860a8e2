namespace Hornet.Runtime;

/// <summary>How far the current thread's stack reaches down.</summary>
internal static unsafe partial class HostStack
{
    /// <summary>What .NET needs below the limit to run a host function's leaf calls, to throw and to catch.</summary>
    const nint Headroom = 64 << 10;

    /// <summary>The address below which neither host functions nor nested calls are entered.</summary>
    public static byte* Limit()
    {
        if (OperatingSystem.IsLinux() && TryGetLinuxBounds(out byte* low, out nuint size)) return low + Math.Min(Headroom, (nint)size * 3 / 8);
        // Unknown: assume that a quarter of a mebibyte below here is still there, as on every default thread.
        byte here;
        return &here - (256 << 10);
    }
}
