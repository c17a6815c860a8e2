namespace Hornet.Runtime;

/// <summary>Address space of heaps that stores have left: all zero, and accessible as far as it was used.</summary>
internal sealed unsafe class HeapSpaces
{
    const int MostKept = 16;

    readonly Stack<(nint At, nuint Bytes)> _kept = [];
    bool _gone;

    // Heaps that are still out give their space back to the system.
    ~HeapSpaces()
    {
        lock (_kept) _gone = true;
        foreach ((nint at, nuint bytes) in _kept) VirtualMemory.System.Release((byte*)at, bytes);
    }

    /// <summary>Space of this size, or null.</summary>
    public byte* Rent(nuint bytes)
    {
        lock (_kept)
        {
            if (_kept.TryPeek(out (nint At, nuint Bytes) kept) && kept.Bytes == bytes)
            {
                _kept.Pop();
                return (byte*)kept.At;
            }
        }
        return VirtualMemory.System.Reserve(bytes);
    }

    /// <summary>Takes space back, in which everything is zero.</summary>
    public void Return(byte* at, nuint bytes)
    {
        lock (_kept)
        {
            if (!_gone && _kept.Count < MostKept && (!_kept.TryPeek(out (nint At, nuint Bytes) kept) || kept.Bytes == bytes))
            {
                _kept.Push(((nint)at, bytes));
                return;
            }
        }
        VirtualMemory.System.Release(at, bytes);
    }
}
