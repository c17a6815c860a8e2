using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// Ends a guest's wait from another thread: a stream of .NET's has something, a timer is due, the host wants its thread back. Costs
/// nothing until somebody waits for something that the system cannot see.
/// </summary>
internal sealed class Waker(IHostSystem host) : IDisposable
{
    readonly Lock _lock = new();
    readonly List<SuspendedWait> _suspended = [];
    int _handle = -1;
    bool _disposed;

    /// <summary>The handle to wait for. From now on <see cref="Wake"/> is seen.</summary>
    public int Arm()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _handle >= 0 ? _handle : _handle = host.CreateWake();
        }
    }

    public void Wake()
    {
        lock (_lock)
        {
            if (_handle >= 0)
                host.SignalWake(_handle);
            foreach (SuspendedWait wait in _suspended)
                wait.Wake();
        }
    }

    /// <summary>A guest that waits without a thread is woken too.</summary>
    public void Add(SuspendedWait wait)
    {
        lock (_lock)
            _suspended.Add(wait);
    }

    /// <summary>A descriptor of the guest's is about to go: whoever waits for it lets go of its handle, and looks again.</summary>
    public void DescriptorGoes()
    {
        SuspendedWait[] waits;
        lock (_lock)
            waits = [.. _suspended];
        foreach (SuspendedWait wait in waits)
            wait.LookAgain();
    }

    public void Remove(SuspendedWait wait)
    {
        lock (_lock)
            _suspended.Remove(wait);
    }

    /// <summary>Forgets the wake-ups so far; whoever does so looks at everything again afterwards.</summary>
    public void Clear()
    {
        lock (_lock)
            if (_handle >= 0)
                host.ClearWake(_handle);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_handle >= 0)
                host.Close(_handle);
            _handle = -1;
            _disposed = true;
        }
    }
}
