using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hornet.Base;

/// <summary>
/// Hashes of what guests choose. .NET's own randomised hashes read the system's random numbers at first use, which a short
/// program notices; a seed that a guest cannot foresee is enough here, and the time is one.
/// </summary>
public static class SeededHash
{
    static readonly ulong s_seed = (ulong)Stopwatch.GetTimestamp() * 0x9E3779B97F4A7C15;

    public static int Of(ReadOnlySpan<int> numbers) => Of(MemoryMarshal.AsBytes(numbers), 0);

    public static int Of(string a, string b) => Of(MemoryMarshal.AsBytes(b.AsSpan()), Of(MemoryMarshal.AsBytes(a.AsSpan()), 0));

    static int Of(ReadOnlySpan<byte> bytes, int start)
    {
        ulong hash = s_seed + (uint)start + (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = Mix(hash, MemoryMarshal.Read<ulong>(bytes));
        foreach (byte b in bytes) hash = Mix(hash, b);
        return (int)(hash >> 32);
    }

    // The high half folds back, so that what differs in high bits reaches the low ones; the seed is in every step.
    static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0xD6E8FEB86659FD93;
        return (hash ^ hash >> 32) + s_seed;
    }
}
