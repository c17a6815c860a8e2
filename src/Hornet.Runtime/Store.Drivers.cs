using System.Runtime.CompilerServices;
using Hornet.Runtime;

namespace Hornet;

/// <remarks>
/// A store has one driver at a time: the thread that is inside a call. Entering takes an interlocked exchange of <see cref="_driver"/>. A
/// thread that has entered often enough, and nobody else meanwhile, gets the <em>bias</em>: from then on it enters by writing
/// <see cref="_biasedDriver"/>, which nobody else writes, and looking whether it still has the bias. The first thread to get it is the only
/// one that ever does: another could not know whether that one is just about to write.
/// <code>
///   biased thread                     another thread
///     _biasedDriver = me                _driver = me (interlocked)
///                                       _bias = 0
///                                       a fence in every thread of the process
///     _bias still me? else back         _biasedDriver still 0? else back
/// </code>
/// The biased thread has no fence between its write and its read; the other one's counts for both. So one of the two sees the other
/// (Dekker's algorithm, made asymmetric as in biased locking: Russell and Detlefs, OOPSLA 2006).
/// </remarks>
public sealed unsafe partial class Store
{
    // Entries of one thread in a row that earn the bias: what they have cost too much is what taking the bias away costs.
    const int EntriesToBias = 1000;

    // Managed ids of threads, or 0.
    int _driver, _bias, _biasedDriver, _biasOwner, _lastDriver;
    int _entries, _entriesToBias = EntriesToBias;

    internal bool IsDriven => (Volatile.Read(ref _driver) | Volatile.Read(ref _biasedDriver)) != 0;

    /// <summary>Whether this thread is inside a call.</summary>
    internal bool IsDriver => IsDrivenBy(Environment.CurrentManagedThreadId);

    bool IsDrivenBy(int thread) => _driver == thread || _biasedDriver == thread;

    /// <summary>Throws unless the store is alive and no other thread is inside a call of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CheckAccess()
    {
        if (_disposed || (_driver | _biasedDriver) != 0 && !IsDriver) ThrowAccess();
    }

    /// <exception cref="ObjectDisposedException">The store has been disposed of.</exception>
    internal void CheckNotDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    void ThrowAccess()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        throw new InvalidOperationException("the store is in use by another thread: a store belongs to one caller at a time");
    }

    /// <summary>Enters a call from the host.</summary>
    /// <returns>Whether it is the outermost.</returns>
    internal bool Enter()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (IsDrivenBy(thread)) return false;
        if (!TryEnter(thread)) ThrowAccess();
        return true;
    }

    /// <summary>Enters as the outermost call unless the store is in use, by this thread or another, or gone.</summary>
    internal bool TryEnter() => TryEnter(Environment.CurrentManagedThreadId);

    bool TryEnter(int thread)
    {
        if (TryEnterBiased(thread)) return true;
        if (Interlocked.CompareExchange(ref _driver, thread, 0) != 0) return false;
        // Given and taken by the driver alone, so nothing else than this changes it now.
        if (_bias != 0) TakeBias();
        if (Volatile.Read(ref _biasedDriver) == 0 && !_disposed) return true;
        Volatile.Write(ref _driver, 0);
        _tasks?.DriverLeft();
        return false;
    }

    /// <summary>Enters as the outermost call where that is cheap.</summary>
    /// <param name="thread">This thread's managed id.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host
    internal bool TryEnterBiased(int thread)
    {
        if (_bias != thread || _biasedDriver != 0) return false;
        Volatile.Write(ref _biasedDriver, thread);
        if (Volatile.Read(ref _bias) == thread) return true;
        LeaveBiased();
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host
    internal void LeaveBiased()
    {
        Volatile.Write(ref _biasedDriver, 0);
        _tasks?.DriverLeft();
    }

    internal void Leave()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (_biasedDriver == thread)
        {
            LeaveBiased();
            return;
        }
        if (_lastDriver != thread) (_lastDriver, _entries) = (thread, 0);
        if (++_entries >= _entriesToBias && !_disposed && (_biasOwner == 0 || _biasOwner == thread)) _bias = _biasOwner = thread;
        Volatile.Write(ref _driver, 0);
        _tasks?.DriverLeft();
    }

    // By the driver. A store that goes from thread to thread gets ever less of it.
    void TakeBias()
    {
        Volatile.Write(ref _bias, 0);
        Interlocked.MemoryBarrierProcessWide();
        _entries = 0;
        _entriesToBias = Math.Min(_entriesToBias * 2, int.MaxValue / 2);
    }
}
