using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Hornet.Base;

// Relaxed vector operators, whose results the standard lets depend on the machine. Here they never do: each takes the first of the
// standard's choices, the one without a shortcut, so that tiers and machines agree. What a fused multiply-add would give is
// beside it, for when a configuration asks for the machine's own way. Source: spec, execution, relaxed operations.
public static partial class Semantics
{
    public static V128 I8x16RelaxedSwizzle(V128 a, V128 indices) => I8x16Swizzle(a, indices);
    public static V128 I32x4RelaxedTruncF32x4S(V128 a) => I32x4TruncSatF32x4S(a);
    public static V128 I32x4RelaxedTruncF32x4U(V128 a) => I32x4TruncSatF32x4U(a);
    public static V128 I32x4RelaxedTruncF64x2SZero(V128 a) => I32x4TruncSatF64x2SZero(a);
    public static V128 I32x4RelaxedTruncF64x2UZero(V128 a) => I32x4TruncSatF64x2UZero(a);

    public static V128 F32x4RelaxedMadd(V128 a, V128 b, V128 c) => F32x4Add(F32x4Mul(a, b), c);
    public static V128 F32x4RelaxedNmadd(V128 a, V128 b, V128 c) => F32x4Add(F32x4Mul(F32x4Neg(a), b), c);
    public static V128 F64x2RelaxedMadd(V128 a, V128 b, V128 c) => F64x2Add(F64x2Mul(a, b), c);
    public static V128 F64x2RelaxedNmadd(V128 a, V128 b, V128 c) => F64x2Add(F64x2Mul(F64x2Neg(a), b), c);

    /// <summary>The other result that f32x4.relaxed_madd may have: rounded once.</summary>
    public static V128 F32x4FusedMadd(V128 a, V128 b, V128 c) => Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsByte();
    /// <summary>The other result that f32x4.relaxed_nmadd may have: rounded once.</summary>
    public static V128 F32x4FusedNmadd(V128 a, V128 b, V128 c) => F32x4FusedMadd(F32x4Neg(a), b, c);
    /// <summary>The other result that f64x2.relaxed_madd may have: rounded once.</summary>
    public static V128 F64x2FusedMadd(V128 a, V128 b, V128 c) => Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsByte();
    /// <summary>The other result that f64x2.relaxed_nmadd may have: rounded once.</summary>
    public static V128 F64x2FusedNmadd(V128 a, V128 b, V128 c) => F64x2FusedMadd(F64x2Neg(a), b, c);

    public static V128 I8x16RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);
    public static V128 I16x8RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);
    public static V128 I32x4RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);
    public static V128 I64x2RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);

    public static V128 F32x4RelaxedMin(V128 a, V128 b) => F32x4Min(a, b);
    public static V128 F32x4RelaxedMax(V128 a, V128 b) => F32x4Max(a, b);
    public static V128 F64x2RelaxedMin(V128 a, V128 b) => F64x2Min(a, b);
    public static V128 F64x2RelaxedMax(V128 a, V128 b) => F64x2Max(a, b);

    public static V128 I16x8RelaxedQ15mulrS(V128 a, V128 b) => I16x8Q15mulrSatS(a, b);

    // Both factors signed. The one sum of two products that does not fit, -128 * -128 twice, wraps.
    public static V128 I16x8RelaxedDotI8x16I7x16S(V128 a, V128 b)
    {
        Vector128<short> x = a.AsInt16(), y = b.AsInt16();
        return ((x << 8 >> 8) * (y << 8 >> 8) + (x >> 8) * (y >> 8)).AsByte();
    }

    public static V128 I32x4RelaxedDotI8x16I7x16AddS(V128 a, V128 b, V128 c) =>
        I32x4Add(I32x4ExtaddPairwiseI16x8S(I16x8RelaxedDotI8x16I7x16S(a, b)), c);
}
