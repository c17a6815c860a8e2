using System.Numerics;

namespace Hornet.Compiler.Ir;

/// <summary>What the pure and trapping scalar operators mean, once: the folder and the interpreter both ask here. Values are
/// bits, zero-extended to 64.</summary>
internal static class Evaluate
{
    public enum Outcome
    {
        Done,
        Trap,
        /// <summary>Not a scalar operator that can be computed from constants.</summary>
        Unknown,
    }

    public static Outcome Binary(Opcode op, IrType type, ulong a, ulong b, out ulong result, out TrapCode trap)
    {
        trap = default;
        result = 0;
        if (type == IrType.F32) return Float32(op, F32(a), F32(b), out result);
        if (type == IrType.F64) return Float64(op, F64(a), F64(b), out result);
        if (!type.IsInt()) return Outcome.Unknown;
        int bits = type.Bits();
        ulong mask = type.Mask();
        long sa = SignExtend(a, bits), sb = SignExtend(b, bits);
        int shift = (int)(b & (ulong)(bits - 1));
        switch (op)
        {
            case Opcode.Iadd: result = a + b; break;
            case Opcode.Isub: result = a - b; break;
            case Opcode.Imul: result = a * b; break;
            case Opcode.Sdiv:
                if (b == 0) trap = TrapCode.IntegerDivisionByZero;
                else if (sb == -1 && sa == SignExtend(1UL << (bits - 1), bits)) trap = TrapCode.IntegerOverflow;
                else result = (ulong)(sa / sb);
                break;
            case Opcode.Udiv:
                if (b == 0) trap = TrapCode.IntegerDivisionByZero;
                else result = a / b;
                break;
            case Opcode.Srem:
                if (b == 0) trap = TrapCode.IntegerDivisionByZero;
                else result = sb == -1 ? 0 : (ulong)(sa % sb);
                break;
            case Opcode.Urem:
                if (b == 0) trap = TrapCode.IntegerDivisionByZero;
                else result = a % b;
                break;
            case Opcode.Smulhi: result = (ulong)((Int128)sa * sb >> bits); break;
            case Opcode.Umulhi: result = (ulong)((UInt128)a * b >> bits); break;
            case Opcode.Band: result = a & b; break;
            case Opcode.Bor: result = a | b; break;
            case Opcode.Bxor: result = a ^ b; break;
            case Opcode.BandNot: result = a & ~b; break;
            case Opcode.Ishl: result = a << shift; break;
            case Opcode.Ushr: result = a >> shift; break;
            case Opcode.Sshr: result = (ulong)(sa >> shift); break;
            case Opcode.Rotl: result = shift == 0 ? a : a << shift | a >> (bits - shift); break;
            case Opcode.Rotr: result = shift == 0 ? a : a >> shift | a << (bits - shift); break;
            case Opcode.Smin: result = sa < sb ? a : b; break;
            case Opcode.Smax: result = sa > sb ? a : b; break;
            case Opcode.Umin: result = Math.Min(a, b); break;
            case Opcode.Umax: result = Math.Max(a, b); break;
            default: return Outcome.Unknown;
        }
        result &= mask;
        return trap == TrapCode.None ? Outcome.Done : Outcome.Trap;
    }

    public static Outcome Unary(Opcode op, IrType type, IrType from, ulong a, out ulong result, out TrapCode trap)
    {
        trap = default;
        result = 0;
        if (op.Has(OpFlags.Converts)) return Convert(op, type, from, a, out result, out trap);
        if (type == IrType.F32) return Float32(op, F32(a), 0, out result);
        if (type == IrType.F64) return Float64(op, F64(a), 0, out result);
        if (!type.IsInt()) return Outcome.Unknown;
        int bits = type.Bits();
        switch (op)
        {
            case Opcode.Bnot: result = ~a; break;
            case Opcode.Ineg: result = 0 - a; break;
            case Opcode.Iabs: result = SignExtend(a, bits) < 0 ? 0 - a : a; break;
            case Opcode.Clz: result = (ulong)(BitOperations.LeadingZeroCount(a) - (64 - bits)); break;
            case Opcode.Ctz: result = (ulong)Math.Min(bits, BitOperations.TrailingZeroCount(a)); break;
            case Opcode.Popcnt: result = (ulong)BitOperations.PopCount(a); break;
            case Opcode.Bswap: result = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(a) >> (64 - bits); break;
            default: return Outcome.Unknown;
        }
        result &= type.Mask();
        return Outcome.Done;
    }

    public static bool Icmp(IntCC cc, IrType type, ulong a, ulong b)
    {
        long sa = SignExtend(a, type.Bits()), sb = SignExtend(b, type.Bits());
        return cc switch
        {
            IntCC.Eq => a == b,
            IntCC.Ne => a != b,
            IntCC.Slt => sa < sb,
            IntCC.Sge => sa >= sb,
            IntCC.Sgt => sa > sb,
            IntCC.Sle => sa <= sb,
            IntCC.Ult => a < b,
            IntCC.Uge => a >= b,
            IntCC.Ugt => a > b,
            _ => a <= b,
        };
    }

    public static bool Fcmp(FloatCC cc, IrType type, ulong a, ulong b)
    {
        double x = type == IrType.F32 ? F32(a) : F64(a), y = type == IrType.F32 ? F32(b) : F64(b);
        return cc switch
        {
            FloatCC.Eq => x == y,
            FloatCC.Ne => x != y,
            FloatCC.Lt => x < y,
            FloatCC.NotLt => !(x < y),
            FloatCC.Gt => x > y,
            FloatCC.NotGt => !(x > y),
            FloatCC.Le => x <= y,
            FloatCC.NotLe => !(x <= y),
            FloatCC.Ge => x >= y,
            _ => !(x >= y),
        };
    }

    public static long SignExtend(ulong value, int bits) => (long)(value << (64 - bits)) >> (64 - bits);

    public static bool IsNaN(IrType type, ulong bits) => type == IrType.F32 ? float.IsNaN(F32(bits)) : double.IsNaN(F64(bits));

    private static float F32(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double F64(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static Outcome Float32(Opcode op, float a, float b, out ulong result)
    {
        uint x = BitConverter.SingleToUInt32Bits(a), y = BitConverter.SingleToUInt32Bits(b);
        // Sign operations work on bits: they must not touch a NaN's payload.
        switch (op)
        {
            case Opcode.Fneg: result = x ^ 0x8000_0000; return Outcome.Done;
            case Opcode.Fabs: result = x & 0x7FFF_FFFF; return Outcome.Done;
            case Opcode.Fcopysign: result = x & 0x7FFF_FFFF | y & 0x8000_0000; return Outcome.Done;
            case Opcode.FminPseudo: result = b < a ? y : x; return Outcome.Done;
            case Opcode.FmaxPseudo: result = a < b ? y : x; return Outcome.Done;
        }
        float? value = op switch
        {
            Opcode.Fadd => a + b,
            Opcode.Fsub => a - b,
            Opcode.Fmul => a * b,
            Opcode.Fdiv => a / b,
            Opcode.Fmin => MathF.Min(a, b),
            Opcode.Fmax => MathF.Max(a, b),
            Opcode.Sqrt => MathF.Sqrt(a),
            Opcode.Ceil => MathF.Ceiling(a),
            Opcode.Floor => MathF.Floor(a),
            Opcode.Trunc => MathF.Truncate(a),
            Opcode.Nearest => MathF.Round(a, MidpointRounding.ToEven),
            _ => null,
        };
        result = BitConverter.SingleToUInt32Bits(value.GetValueOrDefault());
        return value is null ? Outcome.Unknown : Outcome.Done;
    }

    private static Outcome Float64(Opcode op, double a, double b, out ulong result)
    {
        ulong x = BitConverter.DoubleToUInt64Bits(a), y = BitConverter.DoubleToUInt64Bits(b);
        switch (op)
        {
            case Opcode.Fneg: result = x ^ 1UL << 63; return Outcome.Done;
            case Opcode.Fabs: result = x & long.MaxValue; return Outcome.Done;
            case Opcode.Fcopysign: result = x & long.MaxValue | y & 1UL << 63; return Outcome.Done;
            case Opcode.FminPseudo: result = b < a ? y : x; return Outcome.Done;
            case Opcode.FmaxPseudo: result = a < b ? y : x; return Outcome.Done;
        }
        double? value = op switch
        {
            Opcode.Fadd => a + b,
            Opcode.Fsub => a - b,
            Opcode.Fmul => a * b,
            Opcode.Fdiv => a / b,
            Opcode.Fmin => Math.Min(a, b),
            Opcode.Fmax => Math.Max(a, b),
            Opcode.Sqrt => Math.Sqrt(a),
            Opcode.Ceil => Math.Ceiling(a),
            Opcode.Floor => Math.Floor(a),
            Opcode.Trunc => Math.Truncate(a),
            Opcode.Nearest => Math.Round(a, MidpointRounding.ToEven),
            _ => null,
        };
        result = BitConverter.DoubleToUInt64Bits(value.GetValueOrDefault());
        return value is null ? Outcome.Unknown : Outcome.Done;
    }

    private static Outcome Convert(Opcode op, IrType type, IrType from, ulong a, out ulong result, out TrapCode trap)
    {
        trap = default;
        result = 0;
        int bits = type.Bits();
        double x = from == IrType.F32 ? F32(a) : from == IrType.F64 ? F64(a) : 0;
        switch (op)
        {
            case Opcode.Uextend or Opcode.Ireduce or Opcode.Bitcast or Opcode.RefAddr when type != IrType.V128 && from != IrType.V128:
                result = a & type.Mask();
                return Outcome.Done;
            case Opcode.Sextend:
                result = (ulong)SignExtend(a, from.Bits()) & type.Mask();
                return Outcome.Done;
            case Opcode.FcvtToSint or Opcode.FcvtToUint:
                double whole = Math.Truncate(x);
                double limit = Math.ScaleB(1, op == Opcode.FcvtToSint ? bits - 1 : bits);
                double least = op == Opcode.FcvtToSint ? -limit : 0;
                if (double.IsNaN(x)) trap = TrapCode.BadConversionToInteger;
                else if (whole < least || whole >= limit) trap = TrapCode.IntegerOverflow;
                else result = (op == Opcode.FcvtToSint ? (ulong)(long)whole : (ulong)whole) & type.Mask();
                return trap == TrapCode.None ? Outcome.Done : Outcome.Trap;
            case Opcode.FcvtToSintSat or Opcode.FcvtToUintSat:
                result = Saturate(x, bits, op == Opcode.FcvtToSintSat) & type.Mask();
                return Outcome.Done;
            case Opcode.FcvtFromSint when type == IrType.F32:
                result = BitConverter.SingleToUInt32Bits((float)SignExtend(a, from.Bits()));
                return Outcome.Done;
            case Opcode.FcvtFromSint:
                result = BitConverter.DoubleToUInt64Bits(SignExtend(a, from.Bits()));
                return Outcome.Done;
            case Opcode.FcvtFromUint when type == IrType.F32:
                result = BitConverter.SingleToUInt32Bits((float)a);
                return Outcome.Done;
            case Opcode.FcvtFromUint:
                result = BitConverter.DoubleToUInt64Bits(a);
                return Outcome.Done;
            case Opcode.Fpromote:
                result = BitConverter.DoubleToUInt64Bits(F32(a));
                return Outcome.Done;
            case Opcode.Fdemote:
                result = BitConverter.SingleToUInt32Bits((float)F64(a));
                return Outcome.Done;
            default:
                return Outcome.Unknown;
        }
    }

    private static ulong Saturate(double x, int bits, bool signed)
    {
        if (double.IsNaN(x)) return 0;
        double limit = Math.ScaleB(1, signed ? bits - 1 : bits);
        if (signed)
            return x < -limit ? 1UL << (bits - 1) : x >= limit ? (1UL << (bits - 1)) - 1 : (ulong)(long)x;
        return x <= 0 ? 0 : x >= limit ? ulong.MaxValue : (ulong)x;
    }
}
