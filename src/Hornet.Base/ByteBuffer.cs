using System.Buffers.Binary;
using System.Text;

namespace Hornet.Base;

/// <summary>A growing array of bytes with the primitive encodings of the binary format.</summary>
public sealed class ByteBuffer(int capacity = 256)
{
    byte[] _bytes = new byte[capacity];

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>What was written, to be patched in place.</summary>
    public Span<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Forgets everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <summary>Forgets everything, keeps the room.</summary>
    public void Clear() => Length = 0;

    Span<byte> Grow(int count)
    {
        int length = Length;
        if (_bytes.Length - length < count) Array.Resize(ref _bytes, (int)Math.Max(Math.Min(_bytes.Length * 2L, Array.MaxLength), length + (long)count));
        Length = length + count;
        return _bytes.AsSpan(length, count);
    }

    public void Byte(byte value) => Grow(1)[0] = value;

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Grow(bytes.Length));

    /// <summary>Unsigned LEB128.</summary>
    public void U32(uint value) => U64(value);

    /// <summary>Unsigned LEB128.</summary>
    public void U64(ulong value)
    {
        for (; value >= 0x80; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    /// <summary>Signed LEB128 (32, 33 and 64 bits alike).</summary>
    public void S64(long value)
    {
        while (value is < -64 or > 63)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }
        Byte((byte)(value & 0x7F));
    }

    /// <summary>Four bytes, little-endian.</summary>
    public void Fixed32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Grow(4), value);

    /// <summary>Eight bytes, little-endian.</summary>
    public void Fixed64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Grow(8), value);

    /// <summary>Length in bytes, then UTF-8.</summary>
    public void Name(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        U32((uint)count);
        Encoding.UTF8.GetBytes(text, Grow(count));
    }

    /// <summary>Length, then the bytes.</summary>
    public void Vector(ReadOnlySpan<byte> bytes)
    {
        U32((uint)bytes.Length);
        Append(bytes);
    }
}
