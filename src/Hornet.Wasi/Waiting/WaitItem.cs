using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>One thing to wait for: a descriptor to be ready, or a clock to reach a time.</summary>
internal struct WaitItem
{
    /// <summary>Null for a clock.</summary>
    public Descriptor? Descriptor;
    public Interest Interest;
    public uint Clock;
    /// <summary>The clock's reading at which the item is ready.</summary>
    public ulong Deadline;

    public bool Ready;
    /// <summary>The other side is gone.</summary>
    public bool HungUp;
    /// <summary>Why the wait for this item failed.</summary>
    public Errno Error;
}
