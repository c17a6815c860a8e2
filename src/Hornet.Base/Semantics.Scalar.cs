using System.Numerics;

namespace Hornet.Base;

/// <summary>
/// What every operator of WebAssembly that computes on numbers means: one method for each row of the operator table whose
/// class is numeric or trapping, with its name. Constant folders and the interpreter call these; compilers are tested against
/// them. A trapping operator returns the trap and hands its result out. Source: spec, execution, numerics.
/// </summary>
/// <remarks>
/// i32 and i64 are int and long whatever the sign; comparisons give 0 or 1. C#'s shifts take their count modulo the width, as
/// WebAssembly's do. Arithmetic on NaN is the processor's: it makes every NaN quiet, which is what the standard asks for.
/// </remarks>
public static partial class Semantics
{
    public static int I32Eqz(int a) => a == 0 ? 1 : 0;
    public static int I32Eq(int a, int b) => a == b ? 1 : 0;
    public static int I32Ne(int a, int b) => a != b ? 1 : 0;
    public static int I32LtS(int a, int b) => a < b ? 1 : 0;
    public static int I32LtU(int a, int b) => (uint)a < (uint)b ? 1 : 0;
    public static int I32GtS(int a, int b) => a > b ? 1 : 0;
    public static int I32GtU(int a, int b) => (uint)a > (uint)b ? 1 : 0;
    public static int I32LeS(int a, int b) => a <= b ? 1 : 0;
    public static int I32LeU(int a, int b) => (uint)a <= (uint)b ? 1 : 0;
    public static int I32GeS(int a, int b) => a >= b ? 1 : 0;
    public static int I32GeU(int a, int b) => (uint)a >= (uint)b ? 1 : 0;

    public static int I64Eqz(long a) => a == 0 ? 1 : 0;
    public static int I64Eq(long a, long b) => a == b ? 1 : 0;
    public static int I64Ne(long a, long b) => a != b ? 1 : 0;
    public static int I64LtS(long a, long b) => a < b ? 1 : 0;
    public static int I64LtU(long a, long b) => (ulong)a < (ulong)b ? 1 : 0;
    public static int I64GtS(long a, long b) => a > b ? 1 : 0;
    public static int I64GtU(long a, long b) => (ulong)a > (ulong)b ? 1 : 0;
    public static int I64LeS(long a, long b) => a <= b ? 1 : 0;
    public static int I64LeU(long a, long b) => (ulong)a <= (ulong)b ? 1 : 0;
    public static int I64GeS(long a, long b) => a >= b ? 1 : 0;
    public static int I64GeU(long a, long b) => (ulong)a >= (ulong)b ? 1 : 0;

    public static int I32Clz(int a) => BitOperations.LeadingZeroCount((uint)a);
    public static int I32Ctz(int a) => BitOperations.TrailingZeroCount(a);
    public static int I32Popcnt(int a) => BitOperations.PopCount((uint)a);
    public static int I32Add(int a, int b) => a + b;
    public static int I32Sub(int a, int b) => a - b;
    public static int I32Mul(int a, int b) => a * b;
    public static int I32And(int a, int b) => a & b;
    public static int I32Or(int a, int b) => a | b;
    public static int I32Xor(int a, int b) => a ^ b;
    public static int I32Shl(int a, int b) => a << b;
    public static int I32ShrS(int a, int b) => a >> b;
    public static int I32ShrU(int a, int b) => a >>> b;
    public static int I32Rotl(int a, int b) => (int)BitOperations.RotateLeft((uint)a, b);
    public static int I32Rotr(int a, int b) => (int)BitOperations.RotateRight((uint)a, b);

    public static TrapCode I32DivS(int a, int b, out int result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        if (b == -1 && a == int.MinValue) return TrapCode.IntegerOverflow;
        result = a / b;
        return TrapCode.None;
    }

    public static TrapCode I32DivU(int a, int b, out int result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        result = (int)((uint)a / (uint)b);
        return TrapCode.None;
    }

    public static TrapCode I32RemS(int a, int b, out int result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        // The least number by -1 overflows in the processor; its remainder is 0.
        if (b != -1) result = a % b;
        return TrapCode.None;
    }

    public static TrapCode I32RemU(int a, int b, out int result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        result = (int)((uint)a % (uint)b);
        return TrapCode.None;
    }

    public static long I64Clz(long a) => BitOperations.LeadingZeroCount((ulong)a);
    public static long I64Ctz(long a) => BitOperations.TrailingZeroCount(a);
    public static long I64Popcnt(long a) => BitOperations.PopCount((ulong)a);
    public static long I64Add(long a, long b) => a + b;
    public static long I64Sub(long a, long b) => a - b;
    public static long I64Mul(long a, long b) => a * b;
    public static long I64And(long a, long b) => a & b;
    public static long I64Or(long a, long b) => a | b;
    public static long I64Xor(long a, long b) => a ^ b;
    public static long I64Shl(long a, long b) => a << (int)b;
    public static long I64ShrS(long a, long b) => a >> (int)b;
    public static long I64ShrU(long a, long b) => a >>> (int)b;
    public static long I64Rotl(long a, long b) => (long)BitOperations.RotateLeft((ulong)a, (int)b);
    public static long I64Rotr(long a, long b) => (long)BitOperations.RotateRight((ulong)a, (int)b);

    public static TrapCode I64DivS(long a, long b, out long result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        if (b == -1 && a == long.MinValue) return TrapCode.IntegerOverflow;
        result = a / b;
        return TrapCode.None;
    }

    public static TrapCode I64DivU(long a, long b, out long result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        result = (long)((ulong)a / (ulong)b);
        return TrapCode.None;
    }

    public static TrapCode I64RemS(long a, long b, out long result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        if (b != -1) result = a % b;
        return TrapCode.None;
    }

    public static TrapCode I64RemU(long a, long b, out long result)
    {
        result = 0;
        if (b == 0) return TrapCode.IntegerDivideByZero;
        result = (long)((ulong)a % (ulong)b);
        return TrapCode.None;
    }

    public static int I32Extend8S(int a) => (sbyte)a;
    public static int I32Extend16S(int a) => (short)a;
    public static long I64Extend8S(long a) => (sbyte)a;
    public static long I64Extend16S(long a) => (short)a;
    public static long I64Extend32S(long a) => (int)a;
    public static int I32WrapI64(long a) => (int)a;
    public static long I64ExtendI32S(int a) => a;
    public static long I64ExtendI32U(int a) => (uint)a;

    // Wide arithmetic: a 128-bit number is a low and a high half. Source: proposal wide-arithmetic

    public static void I64Add128(long aLow, long aHigh, long bLow, long bHigh, out long low, out long high)
    {
        ulong sum = (ulong)aLow + (ulong)bLow;
        long carry = sum < (ulong)aLow ? 1 : 0;
        low = (long)sum;
        high = aHigh + bHigh + carry;
    }

    public static void I64Sub128(long aLow, long aHigh, long bLow, long bHigh, out long low, out long high)
    {
        long borrow = (ulong)aLow < (ulong)bLow ? 1 : 0;
        low = aLow - bLow;
        high = aHigh - bHigh - borrow;
    }

    public static void I64MulWideS(long a, long b, out long low, out long high) => high = Math.BigMul(a, b, out low);

    public static void I64MulWideU(long a, long b, out long low, out long high)
    {
        high = (long)Math.BigMul((ulong)a, (ulong)b, out ulong product);
        low = (long)product;
    }
}
