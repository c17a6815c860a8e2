using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hornet;

// Single values and strings; numbers are little-endian, addresses need no alignment.
public sealed partial class Memory
{
    public T Read<T>(long address) where T : unmanaged => Unsafe.ReadUnaligned<T>(ref GetSpan(address, Unsafe.SizeOf<T>())[0]);
    public void Write<T>(long address, T value) where T : unmanaged => Unsafe.WriteUnaligned(ref GetSpan(address, Unsafe.SizeOf<T>())[0], value);

    public byte ReadByte(long address) => GetSpan(address, 1)[0];
    public short ReadInt16(long address) => BinaryPrimitives.ReadInt16LittleEndian(GetSpan(address, 2));
    public int ReadInt32(long address) => BinaryPrimitives.ReadInt32LittleEndian(GetSpan(address, 4));
    public long ReadInt64(long address) => BinaryPrimitives.ReadInt64LittleEndian(GetSpan(address, 8));
    public float ReadSingle(long address) => BinaryPrimitives.ReadSingleLittleEndian(GetSpan(address, 4));
    public double ReadDouble(long address) => BinaryPrimitives.ReadDoubleLittleEndian(GetSpan(address, 8));

    /// <summary>An address: four bytes, or eight in a memory with 64-bit addresses.</summary>
    public nint ReadIntPtr(long address) => Is64Bit ? (nint)ReadInt64(address) : (nint)(uint)ReadInt32(address);

    public void WriteByte(long address, byte value) => GetSpan(address, 1)[0] = value;
    public void WriteInt16(long address, short value) => BinaryPrimitives.WriteInt16LittleEndian(GetSpan(address, 2), value);
    public void WriteInt32(long address, int value) => BinaryPrimitives.WriteInt32LittleEndian(GetSpan(address, 4), value);
    public void WriteInt64(long address, long value) => BinaryPrimitives.WriteInt64LittleEndian(GetSpan(address, 8), value);
    public void WriteSingle(long address, float value) => BinaryPrimitives.WriteSingleLittleEndian(GetSpan(address, 4), value);
    public void WriteDouble(long address, double value) => BinaryPrimitives.WriteDoubleLittleEndian(GetSpan(address, 8), value);

    /// <summary>An address: four bytes, or eight in a memory with 64-bit addresses.</summary>
    public void WriteIntPtr(long address, nint value)
    {
        if (Is64Bit) WriteInt64(address, value);
        else WriteInt32(address, checked((int)value));
    }

    /// <summary>A string of so many bytes; UTF-8 unless told otherwise.</summary>
    public string ReadString(long address, int length, Encoding? encoding = null) => (encoding ?? Encoding.UTF8).GetString(GetSpan(address, length));

    /// <summary>A UTF-8 string that a zero byte ends.</summary>
    public string ReadNullTerminatedString(long address)
    {
        Span<byte> rest = GetSpan<byte>(address);
        int length = rest.IndexOf((byte)0);
        if (length < 0) throw new ArgumentOutOfRangeException(nameof(address), "no zero byte ends the string");
        return Encoding.UTF8.GetString(rest[..length]);
    }

    /// <summary>Writes a string without an end mark; UTF-8 unless told otherwise.</summary>
    /// <returns>Bytes written.</returns>
    public int WriteString(long address, string value, Encoding? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        encoding ??= Encoding.UTF8;
        return encoding.GetBytes(value, GetSpan(address, encoding.GetByteCount(value)));
    }
}
