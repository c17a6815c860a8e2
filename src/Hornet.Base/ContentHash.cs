using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Hornet.Base;

/// <summary>
/// A fast hash of bytes, the same on every machine: tells damage and names content. It withstands accidents, not people who look
/// for collisions: where those matter, the bytes themselves are compared.
/// </summary>
public static class ContentHash
{
    // Odd numbers without a pattern: the fractional parts of square roots of primes.
    const ulong K0 = 0x6A09E667F3BCC909, K1 = 0xBB67AE8584CAA73B, K2 = 0x3C6EF372FE94F82B, K3 = 0xA54FF53A5F1D36F1;

    /// <summary>The hash of bytes; another seed gives an independent one.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        // Four lanes, each folding a 64 by 64 bit product into itself: the multiplier is kept busy and nothing waits for the lane before.
        ulong length = (ulong)bytes.Length, a = seed ^ K0, b = seed ^ K1, c = seed ^ K2, d = seed ^ K3;
        for (; bytes.Length >= 64; bytes = bytes[64..])
        {
            a = Fold(Read(bytes) ^ K0, Read(bytes[8..]) ^ a);
            b = Fold(Read(bytes[16..]) ^ K1, Read(bytes[24..]) ^ b);
            c = Fold(Read(bytes[32..]) ^ K2, Read(bytes[40..]) ^ c);
            d = Fold(Read(bytes[48..]) ^ K3, Read(bytes[56..]) ^ d);
        }
        for (; bytes.Length >= 8; bytes = bytes[8..]) a = Fold(Read(bytes) ^ K0, a ^ K3);
        ulong last = 0;
        for (int i = 0; i < bytes.Length; i++) last |= (ulong)bytes[i] << 8 * i;
        a = Fold(a ^ last, K2 ^ length);
        return Fold(Fold(a ^ K1, b ^ K2), Fold(c ^ K3, d ^ K0) ^ length);
    }

    /// <summary>The hash of two hashes.</summary>
    public static ulong Combine(ulong first, ulong second)
    {
        Span<byte> both = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(both, first);
        BinaryPrimitives.WriteUInt64LittleEndian(both[8..], second);
        return Of(both);
    }

    static ulong Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = MemoryMarshal.Read<ulong>(bytes);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
