namespace Hornet.Base;

// Floating point, and the conversions from and to it.
public static partial class Semantics
{
    public static int F32Eq(float a, float b) => a == b ? 1 : 0;
    public static int F32Ne(float a, float b) => a != b ? 1 : 0;
    public static int F32Lt(float a, float b) => a < b ? 1 : 0;
    public static int F32Gt(float a, float b) => a > b ? 1 : 0;
    public static int F32Le(float a, float b) => a <= b ? 1 : 0;
    public static int F32Ge(float a, float b) => a >= b ? 1 : 0;

    public static float F32Abs(float a) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) & int.MaxValue);
    public static float F32Neg(float a) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) ^ int.MinValue);
    public static float F32Copysign(float a, float b) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) & int.MaxValue | BitConverter.SingleToInt32Bits(b) & int.MinValue);
    public static float F32Ceil(float a) => MathF.Ceiling(a);
    public static float F32Floor(float a) => MathF.Floor(a);
    public static float F32Trunc(float a) => MathF.Truncate(a);
    public static float F32Nearest(float a) => MathF.Round(a, MidpointRounding.ToEven);
    public static float F32Sqrt(float a) => MathF.Sqrt(a);
    public static float F32Add(float a, float b) => a + b;
    public static float F32Sub(float a, float b) => a - b;
    public static float F32Mul(float a, float b) => a * b;
    public static float F32Div(float a, float b) => a / b;

    public static float F32Min(float a, float b)
    {
        if (a < b) return a;
        if (a > b) return b;
        // Equal, zeros of either sign (the or of their bits is the negative one), or a NaN, which an addition makes quiet.
        return a == b ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) | BitConverter.SingleToInt32Bits(b)) : a + b;
    }

    public static float F32Max(float a, float b)
    {
        if (a > b) return a;
        if (a < b) return b;
        return a == b ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) & BitConverter.SingleToInt32Bits(b)) : a + b;
    }

    public static int F64Eq(double a, double b) => a == b ? 1 : 0;
    public static int F64Ne(double a, double b) => a != b ? 1 : 0;
    public static int F64Lt(double a, double b) => a < b ? 1 : 0;
    public static int F64Gt(double a, double b) => a > b ? 1 : 0;
    public static int F64Le(double a, double b) => a <= b ? 1 : 0;
    public static int F64Ge(double a, double b) => a >= b ? 1 : 0;

    public static double F64Abs(double a) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & long.MaxValue);
    public static double F64Neg(double a) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) ^ long.MinValue);
    public static double F64Copysign(double a, double b) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & long.MaxValue | BitConverter.DoubleToInt64Bits(b) & long.MinValue);
    public static double F64Ceil(double a) => Math.Ceiling(a);
    public static double F64Floor(double a) => Math.Floor(a);
    public static double F64Trunc(double a) => Math.Truncate(a);
    public static double F64Nearest(double a) => Math.Round(a, MidpointRounding.ToEven);
    public static double F64Sqrt(double a) => Math.Sqrt(a);
    public static double F64Add(double a, double b) => a + b;
    public static double F64Sub(double a, double b) => a - b;
    public static double F64Mul(double a, double b) => a * b;
    public static double F64Div(double a, double b) => a / b;

    public static double F64Min(double a, double b)
    {
        if (a < b) return a;
        if (a > b) return b;
        // Equal, zeros of either sign (the or of their bits is the negative one), or a NaN, which an addition makes quiet.
        return a == b ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) | BitConverter.DoubleToInt64Bits(b)) : a + b;
    }

    public static double F64Max(double a, double b)
    {
        if (a > b) return a;
        if (a < b) return b;
        return a == b ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & BitConverter.DoubleToInt64Bits(b)) : a + b;
    }

    // Truncation: in range between the neighbours of the integer type's bounds that the float type has. spec: op-trunc-s

    public static TrapCode I32TruncF32S(float a, out int result) => Narrow(a >= -2147483648f && a < 2147483648f, float.IsNaN(a), (int)a, out result);
    public static TrapCode I32TruncF32U(float a, out int result) => Narrow(a > -1f && a < 4294967296f, float.IsNaN(a), (int)(uint)a, out result);
    public static TrapCode I32TruncF64S(double a, out int result) => Narrow(a > -2147483649d && a < 2147483648d, double.IsNaN(a), (int)a, out result);
    public static TrapCode I32TruncF64U(double a, out int result) => Narrow(a > -1d && a < 4294967296d, double.IsNaN(a), (int)(uint)a, out result);
    public static TrapCode I64TruncF32S(float a, out long result) => Narrow(a >= -9223372036854775808f && a < 9223372036854775808f, float.IsNaN(a), (long)a, out result);
    public static TrapCode I64TruncF32U(float a, out long result) => Narrow(a > -1f && a < 18446744073709551616f, float.IsNaN(a), (long)(ulong)a, out result);
    public static TrapCode I64TruncF64S(double a, out long result) => Narrow(a >= -9223372036854775808d && a < 9223372036854775808d, double.IsNaN(a), (long)a, out result);
    public static TrapCode I64TruncF64U(double a, out long result) => Narrow(a > -1d && a < 18446744073709551616d, double.IsNaN(a), (long)(ulong)a, out result);

    static TrapCode Narrow<T>(bool inRange, bool isNaN, T value, out T result)
    {
        result = value;
        return inRange ? TrapCode.None : isNaN ? TrapCode.BadConversionToInteger : TrapCode.IntegerOverflow;
    }

    // C#'s conversions saturate and take NaN to 0, as these do.

    public static int I32TruncSatF32S(float a) => (int)a;
    public static int I32TruncSatF32U(float a) => (int)(uint)a;
    public static int I32TruncSatF64S(double a) => (int)a;
    public static int I32TruncSatF64U(double a) => (int)(uint)a;
    public static long I64TruncSatF32S(float a) => (long)a;
    public static long I64TruncSatF32U(float a) => (long)(ulong)a;
    public static long I64TruncSatF64S(double a) => (long)a;
    public static long I64TruncSatF64U(double a) => (long)(ulong)a;

    public static float F32ConvertI32S(int a) => a;
    public static float F32ConvertI32U(int a) => (long)(uint)a;
    public static float F32ConvertI64S(long a) => a;
    // Above the signed range: halve with the lost bit kept sticky, convert (rounding once), double (exact).
    public static float F32ConvertI64U(long a) => a >= 0 ? a : (float)(a >>> 1 | a & 1) * 2;
    public static double F64ConvertI32S(int a) => a;
    public static double F64ConvertI32U(int a) => (uint)a;
    public static double F64ConvertI64S(long a) => a;
    public static double F64ConvertI64U(long a) => a >= 0 ? a : (double)(a >>> 1 | a & 1) * 2;
    public static float F32DemoteF64(double a) => (float)a;
    public static double F64PromoteF32(float a) => a;
    public static int I32ReinterpretF32(float a) => BitConverter.SingleToInt32Bits(a);
    public static long I64ReinterpretF64(double a) => BitConverter.DoubleToInt64Bits(a);
    public static float F32ReinterpretI32(int a) => BitConverter.Int32BitsToSingle(a);
    public static double F64ReinterpretI64(long a) => BitConverter.Int64BitsToDouble(a);
}
