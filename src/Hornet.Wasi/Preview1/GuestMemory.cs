using System.Runtime.CompilerServices;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>
/// The caller's memory. Every address and every length is the guest's and is checked, in 64 bits, before it is used. What is read is read
/// once: another thread of the guest may change a shared memory at any time.
/// </summary>
internal readonly unsafe ref struct GuestMemory(byte* start, ulong length)
{
    public bool Contains(uint address, ulong size) => size <= length && address <= length - size;

    public bool TryRead<T>(uint address, out T value) where T : unmanaged
    {
        if (!Contains(address, (ulong)sizeof(T)))
        {
            value = default;
            return false;
        }
        // SAFETY: checked above; the memory does not move during a host call.
        value = Unsafe.ReadUnaligned<T>(start + address);
        return true;
    }

    public Errno Write<T>(uint address, T value) where T : unmanaged
    {
        if (!Contains(address, (ulong)sizeof(T)))
            return Errno.Fault;
        // SAFETY: checked above.
        Unsafe.WriteUnaligned(start + address, value);
        return Errno.Success;
    }

    /// <summary>A part of the memory; at most 2 GiB, which is more than any one transfer moves.</summary>
    public bool TrySlice(uint address, uint size, out Span<byte> span)
    {
        if (!Contains(address, size))
        {
            span = default;
            return false;
        }
        // SAFETY: checked above.
        span = new Span<byte>(start + address, (int)uint.Min(size, int.MaxValue));
        return true;
    }

    /// <summary>Reads the guest's array of buffers. What is beyond <see cref="MaxVectors"/> is left for the guest's next call, as after any short transfer.</summary>
    public Errno Vectors(uint address, uint count, IoVec* vectors, out int taken)
    {
        taken = 0;
        if (!Contains(address, (ulong)count * 8))
            return Errno.Fault;
        uint used = uint.Min(count, MaxVectors);
        ulong total = 0;
        for (uint i = 0; i < used; i++)
        {
            _ = TryRead(address + i * 8, out uint at);
            _ = TryRead(address + i * 8 + 4, out uint size);
            if (!Contains(at, size))
                return Errno.Fault;
            // The system takes no more than 2 GiB at once.
            size = (uint)ulong.Min(size, MaxTransfer - total);
            total += size;
            // SAFETY: checked above.
            vectors[i] = new IoVec { Base = start + at, Length = size };
        }
        taken = (int)used;
        return Errno.Success;
    }

    public const int MaxVectors = 128;
    const ulong MaxTransfer = 0x7FFF_F000;
}
