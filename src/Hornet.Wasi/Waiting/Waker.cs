using Hornet.Wasi.Host;

namespace Hornet.Wasi.Waiting;

/// <summary>
/// Ends a guest's wait from another thread: a stream of .NET's has something, a timer is due, the host wants its thread back. Costs
/// nothing until somebody waits for something that the system cannot see.
/// </summary>
internal sealed class Waker(IHostSystem host) : IDisposable
{
    readonly Lock _lock = new();
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
            if (_handle >= 0)
                host.SignalWake(_handle);
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
