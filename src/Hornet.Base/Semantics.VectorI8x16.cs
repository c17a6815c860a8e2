using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Hornet.Base;

// Lanes of 8 bits.
public static partial class Semantics
{
    public static V128 I8x16Eq(V128 a, V128 b) => Vector128.Equals(a, b);
    public static V128 I8x16Ne(V128 a, V128 b) => ~Vector128.Equals(a, b);
    public static V128 I8x16LtS(V128 a, V128 b) => Vector128.LessThan(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16LtU(V128 a, V128 b) => Vector128.LessThan(a, b);
    public static V128 I8x16GtS(V128 a, V128 b) => Vector128.GreaterThan(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16GtU(V128 a, V128 b) => Vector128.GreaterThan(a, b);
    public static V128 I8x16LeS(V128 a, V128 b) => Vector128.LessThanOrEqual(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16LeU(V128 a, V128 b) => Vector128.LessThanOrEqual(a, b);
    public static V128 I8x16GeS(V128 a, V128 b) => Vector128.GreaterThanOrEqual(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16GeU(V128 a, V128 b) => Vector128.GreaterThanOrEqual(a, b);

    public static V128 I8x16Abs(V128 a) => Vector128.Abs(a.AsSByte()).AsByte();
    public static V128 I8x16Neg(V128 a) => (-a.AsSByte()).AsByte();
    public static int I8x16AllTrue(V128 a) => Vector128.EqualsAny(a, Vector128<byte>.Zero) ? 0 : 1;
    public static int I8x16Bitmask(V128 a) => (int)a.ExtractMostSignificantBits();

    // Two look-ups of four bits each.
    public static V128 I8x16Popcnt(V128 a)
    {
        V128 counts = Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4), low = Vector128.Create((byte)15);
        return Vector128.Shuffle(counts, a & low) + Vector128.Shuffle(counts, a >>> 4);
    }

    // The count is taken modulo the width of a lane.
    public static V128 I8x16Shl(V128 a, int count) => a << (count & 7);
    public static V128 I8x16ShrS(V128 a, int count) => (a.AsSByte() >> (count & 7)).AsByte();
    public static V128 I8x16ShrU(V128 a, int count) => a >>> (count & 7);

    public static V128 I8x16Add(V128 a, V128 b) => a + b;
    public static V128 I8x16Sub(V128 a, V128 b) => a - b;
    public static V128 I8x16AddSatS(V128 a, V128 b) => Vector128.AddSaturate(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16AddSatU(V128 a, V128 b) => Vector128.AddSaturate(a, b);
    public static V128 I8x16SubSatS(V128 a, V128 b) => Vector128.SubtractSaturate(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16SubSatU(V128 a, V128 b) => Vector128.SubtractSaturate(a, b);
    public static V128 I8x16MinS(V128 a, V128 b) => Vector128.Min(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16MinU(V128 a, V128 b) => Vector128.Min(a, b);
    public static V128 I8x16MaxS(V128 a, V128 b) => Vector128.Max(a.AsSByte(), b.AsSByte()).AsByte();
    public static V128 I8x16MaxU(V128 a, V128 b) => Vector128.Max(a, b);

    // The mean rounded up, without a wider type: a + b = (a ^ b) + 2 (a & b) and a | b = (a ^ b) + (a & b)
    public static V128 I8x16AvgrU(V128 a, V128 b) => (a | b) - ((a ^ b) >>> 1);

    // From signed i16x8, saturating.
    public static V128 I8x16NarrowI16x8S(V128 a, V128 b) => Vector128.NarrowWithSaturation(a.AsInt16(), b.AsInt16()).AsByte();

    public static V128 I8x16NarrowI16x8U(V128 a, V128 b)
    {
        Vector128<short> zero = Vector128<short>.Zero, most = Vector128.Create((short)255);
        Vector128<short> x = Vector128.Min(Vector128.Max(a.AsInt16(), zero), most), y = Vector128.Min(Vector128.Max(b.AsInt16(), zero), most);
        return Vector128.Narrow(x.AsUInt16(), y.AsUInt16());
    }
}
