using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>What every generator writes into bodies: constants, indexed operators, and results without a NaN's free bits.</summary>
static class Bodies
{
    public static readonly ValType[] Types = [ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128];

    public static void Const(this ByteBuffer b, ValType type, (ulong Low, ulong High) value)
    {
        Op op = type == ValType.I32 ? Op.I32Const : type == ValType.I64 ? Op.I64Const : type == ValType.F32 ? Op.F32Const : type == ValType.F64 ? Op.F64Const : Op.V128Const;
        b.Operator(new Operator { Op = op, Imm = op == Op.I32Const ? (ulong)(int)value.Low : value.Low, ImmHigh = value.High });
    }

    public static void I32(this ByteBuffer b, int value) => b.Const(ValType.I32, ((uint)value, 0));

    public static void Indexed(this ByteBuffer b, Op op, int index, int second = 0) => b.Operator(new Operator { Op = op, A = (uint)index, B = (uint)second });

    public static ByteRange Gather(this ByteBuffer source, Action<ByteBuffer> write)
    {
        int start = source.Length;
        write(source);
        return new(start, source.Length - start);
    }

    public static ConstExpr ConstExpr(this ByteBuffer source, ValType type, (ulong, ulong) value) => new(source.Gather(b =>
    {
        b.Const(type, value);
        b.Opcode(Op.End);
    }));

    /// <summary>Locals as runs, then the code and its end.</summary>
    public static ByteRange Body(this ByteBuffer source, IReadOnlyList<ValType> locals, ReadOnlySpan<byte> code)
    {
        int start = source.Length;
        List<(int Count, ValType Type)> runs = [];
        foreach (ValType type in locals)
        {
            if (runs.Count > 0 && runs[^1].Type == type) runs[^1] = (runs[^1].Count + 1, type);
            else runs.Add((1, type));
        }
        source.U32((uint)runs.Count);
        foreach ((int count, ValType type) in runs)
        {
            source.U32((uint)count);
            source.ValType(type);
        }
        source.Append(code);
        source.Opcode(Op.End);
        return new(start, source.Length - start);
    }

    static readonly string[] s_roundings = [".add", ".sub", ".mul", ".div", ".sqrt", ".min", ".max", ".ceil", ".floor", ".trunc", ".nearest", ".demote_f64", ".promote_f32", "x4.demote_f64x2_zero", "x2.promote_low_f32x4", "madd", "relaxed_min", "relaxed_max"];

    /// <summary>The shape of a result whose NaN bits the standard leaves open (f32, f64, f32x4, f64x2), or null. Source: spec, exec/numerics, NaN propagation.</summary>
    public static string? FreeNaN(Op op)
    {
        string name = Opcodes.Mnemonic(op);
        string shape = name[..name.IndexOf('.', StringComparison.Ordinal)];
        return shape is "f32" or "f64" or "f32x4" or "f64x2" && s_roundings.Any(s => name.EndsWith(s, StringComparison.Ordinal)) ? shape : null;
    }

    /// <summary>Makes the NaNs of the value on top of the stack the canonical one.</summary>
    public static void CanonicalNaN(this ByteBuffer b, string shape, int temporary)
    {
        (ValType type, Op equal, ulong low, ulong high) = shape switch
        {
            "f32" => (ValType.F32, Op.F32Eq, 0x7FC00000UL, 0UL),
            "f64" => (ValType.F64, Op.F64Eq, 0x7FF8000000000000UL, 0UL),
            "f32x4" => (ValType.V128, Op.F32x4Eq, 0x7FC000007FC00000UL, 0x7FC000007FC00000UL),
            _ => (ValType.V128, Op.F64x2Eq, 0x7FF8000000000000UL, 0x7FF8000000000000UL),
        };
        b.Indexed(Op.LocalTee, temporary);
        b.Const(type, (low, high));
        b.Indexed(Op.LocalGet, temporary);
        b.Indexed(Op.LocalGet, temporary);
        b.Opcode(equal);
        b.Opcode(type == ValType.V128 ? Op.V128Bitselect : Op.Select);
    }

    public static int Lanes(Shape shape) => shape switch
    {
        Shape.Lane2 or Shape.Mem64Lane => 2,
        Shape.Lane4 or Shape.Mem32Lane => 4,
        Shape.Lane8 or Shape.Mem16Lane => 8,
        Shape.Lane16 or Shape.Mem8Lane => 16,
        _ => 1,
    };
}
