using Hornet.Runtime;

namespace Hornet;

// The heap of guests' objects, and host objects that guests refer to.
public sealed unsafe partial class Store
{
    GcHeap? _heap;

    internal GcHeap Heap => _heap ??= new(this);

    /// <summary>Collects what the guests of this store no longer reach.</summary>
    public void GC()
    {
        CheckAccess();
        _heap?.Collect();
    }

    internal void SweepHandles(ReadOnlySpan<ulong> seen) => _handles.Sweep(seen);

    void ReleaseHeap() => _heap?.Release();
}
