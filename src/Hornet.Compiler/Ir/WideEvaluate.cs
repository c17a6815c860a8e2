using System.Buffers.Binary;

namespace Hornet.Compiler.Ir;

/// <summary>What operators on i128 mean.</summary>
internal static class WideEvaluate
{
    public static UInt128 Step(in InstData data, IrType from, UInt128 a, UInt128 b)
    {
        // Shifts take the count modulo the width.
        int shift = (int)(b & 127);
        return data.Op switch
        {
            Opcode.Iadd => a + b,
            Opcode.Isub => a - b,
            Opcode.Imul => a * b,
            Opcode.Band => a & b,
            Opcode.Bor => a | b,
            Opcode.Bxor => a ^ b,
            Opcode.BandNot => a & ~b,
            Opcode.Bnot => ~a,
            Opcode.Ineg => 0 - a,
            Opcode.Iabs => (Int128)a < 0 ? 0 - a : a,
            Opcode.Ishl => a << shift,
            Opcode.Ushr => a >> shift,
            Opcode.Sshr => (UInt128)((Int128)a >> shift),
            Opcode.Rotl => UInt128.RotateLeft(a, shift),
            Opcode.Rotr => UInt128.RotateRight(a, shift),
            Opcode.Clz => UInt128.LeadingZeroCount(a),
            Opcode.Ctz => UInt128.TrailingZeroCount(a),
            Opcode.Popcnt => UInt128.PopCount(a),
            Opcode.Bswap => BinaryPrimitives.ReverseEndianness(a),
            Opcode.Smin => (Int128)a < (Int128)b ? a : b,
            Opcode.Smax => (Int128)a > (Int128)b ? a : b,
            Opcode.Umin => UInt128.Min(a, b),
            Opcode.Umax => UInt128.Max(a, b),
            Opcode.Uextend or Opcode.Bitcast => a,
            Opcode.Sextend => (UInt128)(Int128)Evaluate.SignExtend((ulong)a, from.Bits()),
            Opcode.Ireduce => (ulong)a & data.Type.Mask(),
            _ => throw new NotSupportedException($"interpreting {data.Op.Name()}.i128"),
        };
    }

    public static bool Icmp(IntCC cc, UInt128 a, UInt128 b) => cc switch
    {
        IntCC.Eq => a == b,
        IntCC.Ne => a != b,
        IntCC.Slt => (Int128)a < (Int128)b,
        IntCC.Sge => (Int128)a >= (Int128)b,
        IntCC.Sgt => (Int128)a > (Int128)b,
        IntCC.Sle => (Int128)a <= (Int128)b,
        IntCC.Ult => a < b,
        IntCC.Uge => a >= b,
        IntCC.Ugt => a > b,
        _ => a <= b,
    };
}
