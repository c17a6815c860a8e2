using System.Buffers.Binary;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// Reads DWARF's primitives from a part of a section. Nobody validates debug information, so nothing here throws: what lies outside
/// reads as 0, and from then on the reader has failed and is at its end.
/// </summary>
ref struct DwarfReader(ReadOnlySpan<byte> section, int position, int end)
{
    readonly ReadOnlySpan<byte> _bytes = section[..end];
    int _position = position;

    public readonly int Position => _position;
    public readonly bool AtEnd => _position >= _bytes.Length;
    public bool Failed { get; private set; }

    public byte Byte() => Take(1, out ReadOnlySpan<byte> bytes) ? bytes[0] : (byte)0;
    public ushort U16() => Take(2, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;
    public uint U32() => Take(4, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
    public ulong U64() => Take(8, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    /// <summary>An offset or length, as wide as the unit's format says. Source: DWARF 5, 7.4.</summary>
    public ulong Word(bool is64) => is64 ? U64() : U32();

    public ulong Unsigned() => Leb.TryReadU64(_bytes, ref _position, out ulong value) == LebStatus.Ok ? value : Fail();

    public long Signed() => Leb.TryReadS64(_bytes, ref _position, out long value) == LebStatus.Ok ? value : (long)Fail();

    /// <summary>The bytes before the next zero, which is passed over.</summary>
    public ReadOnlySpan<byte> Text()
    {
        int length = AtEnd ? -1 : _bytes[_position..].IndexOf((byte)0);
        if (length < 0)
        {
            Fail();
            return default;
        }
        ReadOnlySpan<byte> text = _bytes.Slice(_position, length);
        _position += length + 1;
        return text;
    }

    public void Skip(ulong length) => Take(length, out _);

    public bool Take(ulong length, out ReadOnlySpan<byte> bytes)
    {
        if (length > (ulong)(_bytes.Length - _position))
        {
            Fail();
            bytes = default;
            return false;
        }
        bytes = _bytes.Slice(_position, (int)length);
        _position += (int)length;
        return true;
    }

    ulong Fail()
    {
        Failed = true;
        _position = _bytes.Length;
        return 0;
    }
}
