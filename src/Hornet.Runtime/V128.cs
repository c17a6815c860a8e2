using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Hornet;

/// <summary>A 128-bit vector; byte 0 is the lowest.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct V128(ulong Low, ulong High)
{
    /// <summary>All bits set.</summary>
    public static readonly V128 AllBitsSet = new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>Sixteen bytes, lowest first.</summary>
    public V128(ReadOnlySpan<byte> bytes) : this(MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..])) { }

    public void CopyTo(Span<byte> destination)
    {
        MemoryMarshal.Write(destination, Low);
        MemoryMarshal.Write(destination[8..], High);
    }

    public static implicit operator V128(Vector128<byte> vector) => Unsafe.BitCast<Vector128<byte>, V128>(vector);

    public static implicit operator Vector128<byte>(V128 value) => Unsafe.BitCast<V128, Vector128<byte>>(value);

    /// <summary>As in the text format, in four words: <c>i32x4 0x… 0x… 0x… 0x…</c>, lane 0 first.</summary>
    public override string ToString() => $"i32x4 0x{(uint)Low:x8} 0x{(uint)(Low >> 32):x8} 0x{(uint)High:x8} 0x{(uint)(High >> 32):x8}";
}
