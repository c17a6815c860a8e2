using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Hornet.Base;

// Lanes of floating point.
public static partial class Semantics
{
    public static V128 F32x4Eq(V128 a, V128 b) => Vector128.Equals(a.AsSingle(), b.AsSingle()).AsByte();
    public static V128 F32x4Ne(V128 a, V128 b) => ~Vector128.Equals(a.AsSingle(), b.AsSingle()).AsByte();
    public static V128 F32x4Lt(V128 a, V128 b) => Vector128.LessThan(a.AsSingle(), b.AsSingle()).AsByte();
    public static V128 F32x4Gt(V128 a, V128 b) => Vector128.GreaterThan(a.AsSingle(), b.AsSingle()).AsByte();
    public static V128 F32x4Le(V128 a, V128 b) => Vector128.LessThanOrEqual(a.AsSingle(), b.AsSingle()).AsByte();
    public static V128 F32x4Ge(V128 a, V128 b) => Vector128.GreaterThanOrEqual(a.AsSingle(), b.AsSingle()).AsByte();

    public static V128 F32x4Abs(V128 a) => (a.AsInt32() & Vector128.Create(int.MaxValue)).AsByte();
    public static V128 F32x4Neg(V128 a) => (a.AsInt32() ^ Vector128.Create(int.MinValue)).AsByte();
    public static V128 F32x4Sqrt(V128 a) => Vector128.Sqrt(a.AsSingle()).AsByte();
    public static V128 F32x4Ceil(V128 a) => Vector128.Ceiling(a.AsSingle()).AsByte();
    public static V128 F32x4Floor(V128 a) => Vector128.Floor(a.AsSingle()).AsByte();
    public static V128 F32x4Trunc(V128 a) => Vector128.Truncate(a.AsSingle()).AsByte();
    public static V128 F32x4Nearest(V128 a) => Vector128.Round(a.AsSingle(), MidpointRounding.ToEven).AsByte();

    public static V128 F32x4Add(V128 a, V128 b) => (a.AsSingle() + b.AsSingle()).AsByte();
    public static V128 F32x4Sub(V128 a, V128 b) => (a.AsSingle() - b.AsSingle()).AsByte();
    public static V128 F32x4Mul(V128 a, V128 b) => (a.AsSingle() * b.AsSingle()).AsByte();
    public static V128 F32x4Div(V128 a, V128 b) => (a.AsSingle() / b.AsSingle()).AsByte();

    public static V128 F32x4Min(V128 a, V128 b)
    {
        Vector128<float> x = a.AsSingle(), y = b.AsSingle();
        // Equal: zeros of either sign, which their bits decide. Unordered: an addition makes the NaN quiet.
        Vector128<float> rest = Vector128.ConditionalSelect(Vector128.Equals(x, y), x | y, x + y);
        Vector128<float> other = Vector128.ConditionalSelect(Vector128.LessThan(y, x), y, rest);
        return Vector128.ConditionalSelect(Vector128.LessThan(x, y), x, other).AsByte();
    }

    public static V128 F32x4Max(V128 a, V128 b)
    {
        Vector128<float> x = a.AsSingle(), y = b.AsSingle();
        // Equal: zeros of either sign, which their bits decide. Unordered: an addition makes the NaN quiet.
        Vector128<float> rest = Vector128.ConditionalSelect(Vector128.Equals(x, y), x & y, x + y);
        Vector128<float> other = Vector128.ConditionalSelect(Vector128.GreaterThan(y, x), y, rest);
        return Vector128.ConditionalSelect(Vector128.GreaterThan(x, y), x, other).AsByte();
    }

    // Whatever the comparison says, zeros and NaNs included.
    public static V128 F32x4Pmin(V128 a, V128 b) => Vector128.ConditionalSelect(Vector128.LessThan(b.AsSingle(), a.AsSingle()).AsByte(), b, a);
    public static V128 F32x4Pmax(V128 a, V128 b) => Vector128.ConditionalSelect(Vector128.LessThan(a.AsSingle(), b.AsSingle()).AsByte(), b, a);

    public static V128 F64x2Eq(V128 a, V128 b) => Vector128.Equals(a.AsDouble(), b.AsDouble()).AsByte();
    public static V128 F64x2Ne(V128 a, V128 b) => ~Vector128.Equals(a.AsDouble(), b.AsDouble()).AsByte();
    public static V128 F64x2Lt(V128 a, V128 b) => Vector128.LessThan(a.AsDouble(), b.AsDouble()).AsByte();
    public static V128 F64x2Gt(V128 a, V128 b) => Vector128.GreaterThan(a.AsDouble(), b.AsDouble()).AsByte();
    public static V128 F64x2Le(V128 a, V128 b) => Vector128.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsByte();
    public static V128 F64x2Ge(V128 a, V128 b) => Vector128.GreaterThanOrEqual(a.AsDouble(), b.AsDouble()).AsByte();

    public static V128 F64x2Abs(V128 a) => (a.AsInt64() & Vector128.Create(long.MaxValue)).AsByte();
    public static V128 F64x2Neg(V128 a) => (a.AsInt64() ^ Vector128.Create(long.MinValue)).AsByte();
    public static V128 F64x2Sqrt(V128 a) => Vector128.Sqrt(a.AsDouble()).AsByte();
    public static V128 F64x2Ceil(V128 a) => Vector128.Ceiling(a.AsDouble()).AsByte();
    public static V128 F64x2Floor(V128 a) => Vector128.Floor(a.AsDouble()).AsByte();
    public static V128 F64x2Trunc(V128 a) => Vector128.Truncate(a.AsDouble()).AsByte();
    public static V128 F64x2Nearest(V128 a) => Vector128.Round(a.AsDouble(), MidpointRounding.ToEven).AsByte();

    public static V128 F64x2Add(V128 a, V128 b) => (a.AsDouble() + b.AsDouble()).AsByte();
    public static V128 F64x2Sub(V128 a, V128 b) => (a.AsDouble() - b.AsDouble()).AsByte();
    public static V128 F64x2Mul(V128 a, V128 b) => (a.AsDouble() * b.AsDouble()).AsByte();
    public static V128 F64x2Div(V128 a, V128 b) => (a.AsDouble() / b.AsDouble()).AsByte();

    public static V128 F64x2Min(V128 a, V128 b)
    {
        Vector128<double> x = a.AsDouble(), y = b.AsDouble();
        // Equal: zeros of either sign, which their bits decide. Unordered: an addition makes the NaN quiet.
        Vector128<double> rest = Vector128.ConditionalSelect(Vector128.Equals(x, y), x | y, x + y);
        Vector128<double> other = Vector128.ConditionalSelect(Vector128.LessThan(y, x), y, rest);
        return Vector128.ConditionalSelect(Vector128.LessThan(x, y), x, other).AsByte();
    }

    public static V128 F64x2Max(V128 a, V128 b)
    {
        Vector128<double> x = a.AsDouble(), y = b.AsDouble();
        // Equal: zeros of either sign, which their bits decide. Unordered: an addition makes the NaN quiet.
        Vector128<double> rest = Vector128.ConditionalSelect(Vector128.Equals(x, y), x & y, x + y);
        Vector128<double> other = Vector128.ConditionalSelect(Vector128.GreaterThan(y, x), y, rest);
        return Vector128.ConditionalSelect(Vector128.GreaterThan(x, y), x, other).AsByte();
    }

    // Whatever the comparison says, zeros and NaNs included.
    public static V128 F64x2Pmin(V128 a, V128 b) => Vector128.ConditionalSelect(Vector128.LessThan(b.AsDouble(), a.AsDouble()).AsByte(), b, a);
    public static V128 F64x2Pmax(V128 a, V128 b) => Vector128.ConditionalSelect(Vector128.LessThan(a.AsDouble(), b.AsDouble()).AsByte(), b, a);
}
