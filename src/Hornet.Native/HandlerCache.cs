using Hornet.Compiler;

namespace Hornet.Native;

/// <summary>
/// Where a throw that comes back to a return address goes on, for addresses that throws have come back to before: three binary searches less
/// for each frame. Of the process and without a lock: an entry is not changed once it is there, and holds until code is given back.
/// </summary>
internal static class HandlerCache
{
    const int Size = 1024;

    static readonly Entry?[] s_entries = new Entry?[Size];

    sealed record Entry(nint Return, int Generation, nint Handler);

    /// <summary>The handler of the call that returns there; 0 where it has none.</summary>
    public static nint Find(in NativeFrames frames)
    {
        nint address = frames.Return;
        ref Entry? slot = ref s_entries[(int)((address ^ address >> 10) & Size - 1)];
        Entry? known = Volatile.Read(ref slot);
        if (known is not null && known.Return == address && known.Generation == CodeMap.Generation) return known.Handler;
        // Before the search: what is given back meanwhile makes the entry old.
        int generation = CodeMap.Generation;
        nint handler = frames.TryFindCall(out ReturnSite site, out _, out nint function) && site.Handler >= 0 ? function + site.Handler : 0;
        Volatile.Write(ref slot, new(address, generation, handler));
        return handler;
    }
}
