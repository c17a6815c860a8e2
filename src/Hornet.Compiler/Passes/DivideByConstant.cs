using System.Numerics;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Division by a constant as multiplication by its reciprocal (Granlund, Montgomery: <i>Division by Invariant Integers using
/// Multiplication</i>; the constants as in Hacker's Delight, chapter 10).</summary>
internal static class DivideByConstant
{
    /// <summary>Replaces a division or remainder by a divisor that is neither 0, 1 nor (unsigned) a power of two; none: leave it.</summary>
    public static Value Expand(Function f, Inst inst, in InstData data, ulong divisor)
    {
        IrType type = data.Type;
        int bits = type.Bits();
        bool signed = data.Op is Opcode.Sdiv or Opcode.Srem;
        long d = Evaluate.SignExtend(divisor, bits);
        // x / -1 overflows for the smallest x, and -2^(n-1) has no positive counterpart: left to the machine.
        if (signed && (d == -1 || divisor == 1UL << (bits - 1))) return Value.None;
        // Beyond half the range the power of two would not fit 128 bits.
        if (!signed && bits == 64 && divisor > 1UL << 63) return Value.None;
        Value x = data.A;
        bool rest = data.Op is Opcode.Srem or Opcode.Urem;
        var build = new Builder(f, inst, type);
        Value quotient = signed ? Signed(build, x, d, bits) : Unsigned(build, x, divisor, bits);
        if (!rest) return quotient;
        // x % d = x - (x / d) * d
        return build.Make(Opcode.Isub, x, build.Make(Opcode.Imul, quotient, build.Constant(divisor)));
    }

    private readonly ref struct Builder(Function f, Inst before, IrType type)
    {
        public Value Make(Opcode op, Value a, Value b) => Simplify.Insert(f, before, new InstData(op, type) { A = a, B = b });

        public Value Constant(ulong bits) => Simplify.Constant(f, before, type, bits);

        public Value Shift(Opcode op, Value a, int by) => by == 0 ? a : Make(op, a, Constant((ulong)by));
    }

    private static Value Unsigned(Builder build, Value x, ulong d, int bits)
    {
        // The least shift s for which a multiplier of bits + 1 bits is exact enough.
        int s = 64 - BitOperations.LeadingZeroCount(d - 1);
        UInt128 power = UInt128.One << (bits + s);
        UInt128 multiplier = (power + d - 1) / d; // ceil(2^(bits+s) / d), one bit too long
        UInt128 one = UInt128.One << bits;
        // A smaller shift may do with a shorter multiplier.
        int shift = s;
        while (shift > 0)
        {
            UInt128 low = (UInt128.One << (bits + shift - 1)) / d;
            UInt128 high = ((UInt128.One << (bits + shift - 1)) + (UInt128.One << (shift - 1))) / d;
            if (low >= high) break;
            multiplier = high;
            shift--;
        }
        if (multiplier < one)
            return build.Shift(Opcode.Ushr, build.Make(Opcode.Umulhi, x, build.Constant((ulong)multiplier)), shift);
        // The top bit of the multiplier is x itself, added without overflow: ((x - t) / 2 + t) >> (s - 1)
        multiplier = (power + d - 1) / d - one;
        Value t = build.Make(Opcode.Umulhi, x, build.Constant((ulong)multiplier));
        Value half = build.Shift(Opcode.Ushr, build.Make(Opcode.Isub, x, t), 1);
        return build.Shift(Opcode.Ushr, build.Make(Opcode.Iadd, half, t), s - 1);
    }

    private static Value Signed(Builder build, Value x, long d, int bits)
    {
        ulong magnitude = (ulong)Math.Abs(d);
        Value quotient;
        if (BitOperations.IsPow2(magnitude))
        {
            // (x + (x < 0 ? 2^k - 1 : 0)) >> k
            int k = BitOperations.TrailingZeroCount(magnitude);
            Value sign = build.Shift(Opcode.Sshr, x, k - 1);
            Value bias = build.Shift(Opcode.Ushr, sign, bits - k);
            quotient = build.Shift(Opcode.Sshr, build.Make(Opcode.Iadd, x, bias), k);
            return d < 0 ? build.Make(Opcode.Isub, build.Constant(0), quotient) : quotient;
        }
        (long multiplier, int shift) = SignedMagic(d, bits);
        quotient = build.Make(Opcode.Smulhi, x, build.Constant((ulong)multiplier));
        if (d > 0 && multiplier < 0) quotient = build.Make(Opcode.Iadd, quotient, x);
        if (d < 0 && multiplier > 0) quotient = build.Make(Opcode.Isub, quotient, x);
        quotient = build.Shift(Opcode.Sshr, quotient, shift);
        // Towards zero: one more when the quotient is negative.
        return build.Make(Opcode.Iadd, quotient, build.Shift(Opcode.Ushr, quotient, bits - 1));
    }

    /// <summary>Hacker's Delight, figure 10-1, in 128 bits instead of by increments.</summary>
    private static (long Multiplier, int Shift) SignedMagic(long d, int bits)
    {
        UInt128 two = UInt128.One << (bits - 1);
        UInt128 ad = (UInt128)(ulong)Math.Abs(d);
        UInt128 t = two + (d < 0 ? 1u : 0u);
        UInt128 anc = t - 1 - t % ad;
        int p = bits;
        while (true)
        {
            UInt128 power = UInt128.One << p;
            UInt128 delta = ad - power % ad;
            if (power > anc * delta)
            {
                long multiplier = Evaluate.SignExtend((ulong)((power + delta) / ad), bits);
                return (d < 0 ? Evaluate.SignExtend((ulong)-multiplier, bits) : multiplier, p - bits);
            }
            p++;
        }
    }
}
