using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Hornet.Base;

// Vectors: whole registers, lanes, shuffles. A vector is sixteen bytes, lane 0 in the lowest; what its lanes are, the operator's
// name says. Everything here compiles to one or a few vector instructions on x64 and arm64 alike. Source: spec, execution, vector operations.
public static partial class Semantics
{
    public static V128 V128Not(V128 a) => ~a;
    public static V128 V128And(V128 a, V128 b) => a & b;
    public static V128 V128Andnot(V128 a, V128 b) => Vector128.AndNot(a, b);
    public static V128 V128Or(V128 a, V128 b) => a | b;
    public static V128 V128Xor(V128 a, V128 b) => a ^ b;
    public static V128 V128Bitselect(V128 a, V128 b, V128 mask) => Vector128.ConditionalSelect(mask, a, b);
    public static int V128AnyTrue(V128 a) => a != V128.Zero ? 1 : 0;

    // A pattern's byte picks from a below 16 and from b above; an index out of range gives 0, so the halves can be joined.
    public static V128 I8x16Shuffle(V128 a, V128 b, V128 pattern) =>
        Vector128.Shuffle(a, pattern) | Vector128.Shuffle(b, pattern - Vector128.Create((byte)16));

    public static V128 I8x16Swizzle(V128 a, V128 indices) => Vector128.Shuffle(a, indices);

    public static V128 I8x16Splat(int a) => Vector128.Create((byte)a);
    public static V128 I16x8Splat(int a) => Vector128.Create((short)a).AsByte();
    public static V128 I32x4Splat(int a) => Vector128.Create(a).AsByte();
    public static V128 I64x2Splat(long a) => Vector128.Create(a).AsByte();
    public static V128 F32x4Splat(float a) => Vector128.Create(a).AsByte();
    public static V128 F64x2Splat(double a) => Vector128.Create(a).AsByte();

    public static int I8x16ExtractLaneS(V128 a, byte lane) => (sbyte)a[lane];
    public static int I8x16ExtractLaneU(V128 a, byte lane) => a[lane];
    public static int I16x8ExtractLaneS(V128 a, byte lane) => a.AsInt16()[lane];
    public static int I16x8ExtractLaneU(V128 a, byte lane) => a.AsUInt16()[lane];
    public static int I32x4ExtractLane(V128 a, byte lane) => a.AsInt32()[lane];
    public static long I64x2ExtractLane(V128 a, byte lane) => a.AsInt64()[lane];
    public static float F32x4ExtractLane(V128 a, byte lane) => a.AsSingle()[lane];
    public static double F64x2ExtractLane(V128 a, byte lane) => a.AsDouble()[lane];

    public static V128 I8x16ReplaceLane(V128 a, int value, byte lane) => a.WithElement(lane, (byte)value);
    public static V128 I16x8ReplaceLane(V128 a, int value, byte lane) => a.AsInt16().WithElement(lane, (short)value).AsByte();
    public static V128 I32x4ReplaceLane(V128 a, int value, byte lane) => a.AsInt32().WithElement(lane, value).AsByte();
    public static V128 I64x2ReplaceLane(V128 a, long value, byte lane) => a.AsInt64().WithElement(lane, value).AsByte();
    public static V128 F32x4ReplaceLane(V128 a, float value, byte lane) => a.AsSingle().WithElement(lane, value).AsByte();
    public static V128 F64x2ReplaceLane(V128 a, double value, byte lane) => a.AsDouble().WithElement(lane, value).AsByte();
}
