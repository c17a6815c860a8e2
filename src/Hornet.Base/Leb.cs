using System.Runtime.CompilerServices;

namespace Hornet.Base;

/// <summary>How reading one LEB128 number ended.</summary>
public enum LebStatus : byte
{
    /// <summary>A number was read.</summary>
    Ok,
    /// <summary>The bytes ended inside the number: more may follow.</summary>
    NeedMore,
    /// <summary>More bytes than the width allows.</summary>
    TooLong,
    /// <summary>The last byte has bits set that the width does not have.</summary>
    TooLarge,
}

/// <summary>LEB128 numbers. Nothing here throws; callers turn a status into an error with its offset. Source: spec, binary/values, integers.</summary>
public static class Leb
{
    /// <summary>Most bytes of a 32-bit number.</summary>
    public const int Max32 = 5;
    /// <summary>Most bytes of a 64-bit number.</summary>
    public const int Max64 = 10;

    /// <summary>Reads an unsigned 32-bit number at <paramref name="pos"/>, which moves past it only on success.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LebStatus TryReadU32(ReadOnlySpan<byte> bytes, ref int pos, out uint value)
    {
        // Nearly every number in a module is one byte long.
        if ((uint)pos < (uint)bytes.Length && bytes[pos] < 0x80)
        {
            value = bytes[pos++];
            return LebStatus.Ok;
        }
        LebStatus status = TryReadUnsigned(bytes, ref pos, 32, out ulong wide);
        value = (uint)wide;
        return status;
    }

    /// <summary>Reads an unsigned 64-bit number.</summary>
    public static LebStatus TryReadU64(ReadOnlySpan<byte> bytes, ref int pos, out ulong value) => TryReadUnsigned(bytes, ref pos, 64, out value);

    /// <summary>Reads a signed 32-bit number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LebStatus TryReadS32(ReadOnlySpan<byte> bytes, ref int pos, out int value)
    {
        if ((uint)pos < (uint)bytes.Length && bytes[pos] < 0x80)
        {
            value = bytes[pos++] << 25 >> 25;
            return LebStatus.Ok;
        }
        LebStatus status = TryReadSigned(bytes, ref pos, 32, out long wide);
        value = (int)wide;
        return status;
    }

    /// <summary>Reads a signed 33-bit number: a block type or heap type.</summary>
    public static LebStatus TryReadS33(ReadOnlySpan<byte> bytes, ref int pos, out long value) => TryReadSigned(bytes, ref pos, 33, out value);

    /// <summary>Reads a signed 64-bit number.</summary>
    public static LebStatus TryReadS64(ReadOnlySpan<byte> bytes, ref int pos, out long value) => TryReadSigned(bytes, ref pos, 64, out value);

    static LebStatus TryReadUnsigned(ReadOnlySpan<byte> bytes, ref int pos, int width, out ulong value)
    {
        value = 0;
        int p = pos;
        for (int shift = 0; ; shift += 7)
        {
            if ((uint)p >= (uint)bytes.Length) return LebStatus.NeedMore;
            byte b = bytes[p++];
            value |= (ulong)(b & 0x7F) << shift;
            int left = width - shift;
            if (left < 7 && (b & 0x7F) >> left != 0) return b >= 0x80 ? LebStatus.TooLong : LebStatus.TooLarge;
            if (b < 0x80) break;
            if (left <= 7) return LebStatus.TooLong;
        }
        pos = p;
        return LebStatus.Ok;
    }

    static LebStatus TryReadSigned(ReadOnlySpan<byte> bytes, ref int pos, int width, out long value)
    {
        value = 0;
        int p = pos;
        for (int shift = 0; ; shift += 7)
        {
            if ((uint)p >= (uint)bytes.Length) return LebStatus.NeedMore;
            byte b = bytes[p++];
            value |= (long)(b & 0x7F) << shift;
            int left = width - shift;
            if (left <= 7)
            {
                if (b >= 0x80) return LebStatus.TooLong;
                // The unused bits of the last byte must all equal the sign bit.
                int high = (sbyte)(b << 1) >> left;
                if (high != 0 && high != -1) return LebStatus.TooLarge;
            }
            if (b < 0x80)
            {
                if (shift + 7 < 64) value = value << (57 - shift) >> (57 - shift);
                break;
            }
        }
        pos = p;
        return LebStatus.Ok;
    }
}
