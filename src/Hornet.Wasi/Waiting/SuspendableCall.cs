using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// One try of a function that may wait by leaving its guest. When what it waits for has happened the function is called again,
/// finds here what it had done, and goes on from there. It reads the guest's memory anew: that may have changed or moved meanwhile.
/// </summary>
internal sealed class SuspendableCall
{
    /// <summary>What the try before this one waited for; empty at the first.</summary>
    public WaitItem[] Before { get; private set; } = [];

    /// <summary>What to wait for.</summary>
    public WaitItem[] Items { get; private set; } = [];

    /// <summary>Bytes that were transferred so far.</summary>
    public ulong Done { get; set; }

    public void Start(SuspendedWait? resumed)
    {
        Before = resumed?.Items ?? [];
        Done = resumed?.Done ?? 0;
    }

    /// <summary>The function's answer where it cannot go on.</summary>
    public Errno Suspend(ReadOnlySpan<WaitItem> items)
    {
        Items = items.ToArray();
        return Errno.Suspended;
    }
}
