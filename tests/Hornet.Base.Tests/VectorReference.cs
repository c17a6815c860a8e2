using System.Buffers.Binary;
using System.Text.RegularExpressions;

namespace Hornet.Base.Tests;

/// <summary>What each vector operator means, lane by lane, in integers wide enough to never overflow: as the standard writes it down, and slow.</summary>
static partial class VectorReference
{
    /// <summary>The result of the operator of this C# name: bytes, int, long, float or double.</summary>
    public static object Compute(string name, byte[] a, byte[] b, byte[] c, object scalar, byte lane)
    {
        Match m = Name().Match(name);
        string shape = m.Groups[1].Value, op = m.Groups[2].Value;
        if (shape == "V128") return Bits(op, a, b, c);
        bool floats = shape[0] == 'F';
        int width = int.Parse(shape.AsSpan(1, shape.IndexOf('x') - 1), null) / 8;
        if (op.StartsWith("Relaxed", StringComparison.Ordinal)) return Relaxed(shape, op["Relaxed".Length..], a, b, c, width);
        switch (op)
        {
            case "Splat": return Lanes(width, _ => Raw(scalar));
            case "ExtractLaneS": return (int)Signed(a, width, lane);
            case "ExtractLaneU": return (int)Unsigned(a, width, lane);
            case "ExtractLane":
                return shape switch
                {
                    "I32x4" => (int)Signed(a, width, lane), "I64x2" => (long)Signed(a, width, lane),
                    "F32x4" => BinaryPrimitives.ReadSingleLittleEndian(a.AsSpan(lane * 4)), _ => (object)Float(a, width, lane),
                };
            case "ReplaceLane": return Lanes(width, i => i == lane ? Raw(scalar) : Unsigned(a, width, i));
            case "Shuffle": return Lanes(1, i => c[i] < 16 ? a[c[i]] : c[i] < 32 ? b[c[i] - 16] : (Int128)0);
            case "Swizzle": return Lanes(1, i => b[i] < 16 ? a[b[i]] : (Int128)0);
            case "AllTrue": return Enumerable.Range(0, 16 / width).All(i => Unsigned(a, width, i) != 0) ? 1 : 0;
            case "Bitmask": return Enumerable.Range(0, 16 / width).Sum(i => Signed(a, width, i) < 0 ? 1 << i : 0);
        }
        return floats ? Floats(op, a, b, c, width) : Integers(op, a, b, (int)(scalar is int n ? n : 0), width);
    }

    static object Bits(string op, byte[] a, byte[] b, byte[] c) => op switch
    {
        "Not" => Lanes(1, i => (byte)~a[i]),
        "And" => Lanes(1, i => (byte)(a[i] & b[i])),
        "Andnot" => Lanes(1, i => (byte)(a[i] & ~b[i])),
        "Or" => Lanes(1, i => (byte)(a[i] | b[i])),
        "Xor" => Lanes(1, i => (byte)(a[i] ^ b[i])),
        "Bitselect" => Lanes(1, i => (byte)(a[i] & c[i] | b[i] & ~c[i])),
        "AnyTrue" => a.Any(x => x != 0) ? 1 : 0,
        _ => throw new NotSupportedException(op),
    };

    static object Relaxed(string shape, string op, byte[] a, byte[] b, byte[] c, int width) => op switch
    {
        "Swizzle" => Compute(shape + op, a, b, c, 0, 0),
        "TruncF32x4S" or "TruncF32x4U" or "TruncF64x2SZero" or "TruncF64x2UZero" => Compute(shape + op.Replace("Trunc", "TruncSat", StringComparison.Ordinal), a, b, c, 0, 0),
        "Madd" => FloatLanes(width, i => Rounded(width, Rounded(width, Float(a, width, i) * Float(b, width, i)) + Float(c, width, i))),
        "Nmadd" => FloatLanes(width, i => Rounded(width, Rounded(width, -Float(a, width, i) * Float(b, width, i)) + Float(c, width, i))),
        "Laneselect" => Bits("Bitselect", a, b, c),
        "Min" or "Max" => Floats(op, a, b, c, width),
        "Q15mulrS" => Compute("I16x8Q15mulrSatS", a, b, c, 0, 0),
        "DotI8x16I7x16S" => Lanes(2, i => Signed(a, 1, 2 * i) * Signed(b, 1, 2 * i) + Signed(a, 1, 2 * i + 1) * Signed(b, 1, 2 * i + 1)),
        "DotI8x16I7x16AddS" => Lanes(4, i => Signed(c, 4, i) + Enumerable.Range(0, 2).Aggregate((Int128)0, (sum, k) =>
            sum + (short)(Signed(a, 1, 4 * i + 2 * k) * Signed(b, 1, 4 * i + 2 * k) + Signed(a, 1, 4 * i + 2 * k + 1) * Signed(b, 1, 4 * i + 2 * k + 1)))),
        _ => throw new NotSupportedException(op),
    };

    static object Integers(string op, byte[] a, byte[] b, int count, int width)
    {
        int bits = width * 8;
        Match m = Converting().Match(op);
        if (m.Success) return Converted(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value, a, b, width);
        // Comparisons and the like come in two signs; what has none is the same in both.
        bool signed = !op.EndsWith('U');
        Int128 X(int i) => signed ? Signed(a, width, i) : Unsigned(a, width, i);
        Int128 Y(int i) => signed ? Signed(b, width, i) : Unsigned(b, width, i);
        string stem = op.EndsWith('U') || op.EndsWith('S') ? op[..^1] : op;
        Int128 low = signed ? -((Int128)1 << (bits - 1)) : 0, high = signed ? ((Int128)1 << (bits - 1)) - 1 : ((Int128)1 << bits) - 1;
        return stem switch
        {
            "Eq" => Lanes(width, i => X(i) == Y(i) ? -1 : 0),
            "Ne" => Lanes(width, i => X(i) != Y(i) ? -1 : 0),
            "Lt" => Lanes(width, i => X(i) < Y(i) ? -1 : 0),
            "Gt" => Lanes(width, i => X(i) > Y(i) ? -1 : 0),
            "Le" => Lanes(width, i => X(i) <= Y(i) ? -1 : 0),
            "Ge" => Lanes(width, i => X(i) >= Y(i) ? -1 : 0),
            "Abs" => Lanes(width, i => Int128.Abs(X(i))),
            "Neg" => Lanes(width, i => -X(i)),
            "Popcnt" => Lanes(width, i => (int)Int128.PopCount(Unsigned(a, width, i))),
            "Shl" => Lanes(width, i => X(i) << (count & (bits - 1))),
            "Shr" => Lanes(width, i => X(i) >> (count & (bits - 1))),
            "Add" => Lanes(width, i => X(i) + Y(i)),
            "Sub" => Lanes(width, i => X(i) - Y(i)),
            "Mul" => Lanes(width, i => (long)X(i) * (long)Y(i)),
            "AddSat" => Lanes(width, i => Int128.Clamp(X(i) + Y(i), low, high)),
            "SubSat" => Lanes(width, i => Int128.Clamp(X(i) - Y(i), low, high)),
            "Min" => Lanes(width, i => Int128.Min(X(i), Y(i))),
            "Max" => Lanes(width, i => Int128.Max(X(i), Y(i))),
            "Avgr" => Lanes(width, i => (X(i) + Y(i) + 1) / 2),
            "Q15mulrSat" => Lanes(width, i => Int128.Clamp((X(i) * Y(i) + 0x4000) >> 15, low, high)),
            _ => throw new NotSupportedException(op),
        };
    }

    static object Converted(string op, string from, string sign, byte[] a, byte[] b, int width)
    {
        int fromWidth = int.Parse(from.AsSpan(1, from.IndexOf('x') - 1), null) / 8, lanes = 16 / width;
        bool signed = sign.StartsWith('S');
        Int128 Of(byte[] v, int i) => signed ? Signed(v, fromWidth, i) : Unsigned(v, fromWidth, i);
        Int128 low = signed ? -((Int128)1 << (width * 8 - 1)) : 0, high = signed ? ((Int128)1 << (width * 8 - 1)) - 1 : ((Int128)1 << (width * 8)) - 1;
        return op switch
        {
            "ExtendLow" => Lanes(width, i => Of(a, i)),
            "ExtendHigh" => Lanes(width, i => Of(a, lanes + i)),
            "ExtmulLow" => Lanes(width, i => Of(a, i) * Of(b, i)),
            "ExtmulHigh" => Lanes(width, i => Of(a, lanes + i) * Of(b, lanes + i)),
            "ExtaddPairwise" => Lanes(width, i => Of(a, 2 * i) + Of(a, 2 * i + 1)),
            "Dot" => Lanes(width, i => Of(a, 2 * i) * Of(b, 2 * i) + Of(a, 2 * i + 1) * Of(b, 2 * i + 1)),
            // The operands are signed whatever the result is.
            "Narrow" => Lanes(width, i => Int128.Clamp(i < lanes / 2 ? Signed(a, fromWidth, i) : Signed(b, fromWidth, i - lanes / 2), low, high)),
            "TruncSat" => Lanes(width, i => i >= 16 / fromWidth ? 0 : Truncated(Float(a, fromWidth, i), low, high)),
            _ => throw new NotSupportedException(op),
        };
    }

    static Int128 Truncated(double value, Int128 low, Int128 high) =>
        double.IsNaN(value) ? 0 : value <= (double)low ? low : value >= (double)high ? high : (Int128)Math.Truncate(value);

    static object Floats(string op, byte[] a, byte[] b, byte[] c, int width)
    {
        double X(int i) => Float(a, width, i);
        double Y(int i) => Float(b, width, i);
        Int128 sign = (Int128)1 << (width * 8 - 1);
        return op switch
        {
            "Eq" => Lanes(width, i => X(i) == Y(i) ? -1 : 0),
            "Ne" => Lanes(width, i => X(i) != Y(i) ? -1 : 0),
            "Lt" => Lanes(width, i => X(i) < Y(i) ? -1 : 0),
            "Gt" => Lanes(width, i => X(i) > Y(i) ? -1 : 0),
            "Le" => Lanes(width, i => X(i) <= Y(i) ? -1 : 0),
            "Ge" => Lanes(width, i => X(i) >= Y(i) ? -1 : 0),
            "Abs" => Lanes(width, i => Unsigned(a, width, i) & ~sign),
            "Neg" => Lanes(width, i => Unsigned(a, width, i) ^ sign),
            "Sqrt" => FloatLanes(width, i => Rounded(width, Math.Sqrt(X(i)))),
            "Ceil" => FloatLanes(width, i => Math.Ceiling(X(i))),
            "Floor" => FloatLanes(width, i => Math.Floor(X(i))),
            "Trunc" => FloatLanes(width, i => Math.Truncate(X(i))),
            "Nearest" => FloatLanes(width, i => Math.Round(X(i), MidpointRounding.ToEven)),
            // A double holds twice the digits of a single and two more: rounding twice is rounding once. spec: op-fadd and following
            "Add" => FloatLanes(width, i => Rounded(width, X(i) + Y(i))),
            "Sub" => FloatLanes(width, i => Rounded(width, X(i) - Y(i))),
            "Mul" => FloatLanes(width, i => Rounded(width, X(i) * Y(i))),
            "Div" => FloatLanes(width, i => Rounded(width, X(i) / Y(i))),
            "Min" => FloatLanes(width, i => double.IsNaN(X(i)) || double.IsNaN(Y(i)) ? double.NaN : Math.Min(X(i), Y(i))),
            "Max" => FloatLanes(width, i => double.IsNaN(X(i)) || double.IsNaN(Y(i)) ? double.NaN : Math.Max(X(i), Y(i))),
            "Pmin" => Lanes(width, i => Unsigned(Y(i) < X(i) ? b : a, width, i)),
            "Pmax" => Lanes(width, i => Unsigned(X(i) < Y(i) ? b : a, width, i)),
            "ConvertI32x4S" => FloatLanes(width, i => (float)(int)Signed(a, 4, i)),
            "ConvertI32x4U" => FloatLanes(width, i => (float)(double)(uint)Unsigned(a, 4, i)),
            "ConvertLowI32x4S" => FloatLanes(width, i => (double)(int)Signed(a, 4, i)),
            "ConvertLowI32x4U" => FloatLanes(width, i => (double)(uint)Unsigned(a, 4, i)),
            "DemoteF64x2Zero" => FloatLanes(width, i => i < 2 ? (float)Float(a, 8, i) : 0),
            "PromoteLowF32x4" => FloatLanes(width, i => Float(a, 4, i)),
            "FusedMadd" when width == 8 => FloatLanes(width, i => Math.FusedMultiplyAdd(X(i), Y(i), Float(c, width, i))),
            "FusedNmadd" when width == 8 => FloatLanes(width, i => Math.FusedMultiplyAdd(-X(i), Y(i), Float(c, width, i))),
            "FusedMadd" => FloatLanes(width, i => MathF.FusedMultiplyAdd((float)X(i), (float)Y(i), (float)Float(c, width, i))),
            "FusedNmadd" => FloatLanes(width, i => MathF.FusedMultiplyAdd(-(float)X(i), (float)Y(i), (float)Float(c, width, i))),
            _ => throw new NotSupportedException(op),
        };
    }

    static double Rounded(int width, double value) => width == 4 ? (float)value : value;

    static Int128 Raw(object scalar) => scalar switch
    {
        int i => i, long l => l, float f => BitConverter.SingleToUInt32Bits(f), double d => BitConverter.DoubleToUInt64Bits(d),
        _ => throw new NotSupportedException(scalar.GetType().Name),
    };

    static Int128 Unsigned(byte[] v, int width, int lane)
    {
        Int128 value = 0;
        for (int i = width - 1; i >= 0; i--) value = value << 8 | v[lane * width + i];
        return value;
    }

    static Int128 Signed(byte[] v, int width, int lane)
    {
        int shift = 128 - width * 8;
        return Unsigned(v, width, lane) << shift >> shift;
    }

    static double Float(byte[] v, int width, int lane) =>
        width == 4 ? BinaryPrimitives.ReadSingleLittleEndian(v.AsSpan(lane * 4)) : BinaryPrimitives.ReadDoubleLittleEndian(v.AsSpan(lane * 8));

    /// <summary>A vector of lanes, each taken modulo its width.</summary>
    static byte[] Lanes(int width, Func<int, Int128> lane)
    {
        byte[] v = new byte[16];
        for (int i = 0; i < 16 / width; i++)
        {
            Int128 value = lane(i);
            for (int k = 0; k < width; k++) v[i * width + k] = (byte)(value >> (8 * k) & 0xFF);
        }
        return v;
    }

    static byte[] FloatLanes(int width, Func<int, double> lane) =>
        Lanes(width, i => width == 4 ? BitConverter.SingleToUInt32Bits((float)lane(i)) : BitConverter.DoubleToUInt64Bits(lane(i)));

    [GeneratedRegex("^(V128|[IF][0-9]+x[0-9]+)(.*)$")]
    private static partial Regex Name();

    [GeneratedRegex("^(ExtendLow|ExtendHigh|ExtmulLow|ExtmulHigh|ExtaddPairwise|Dot|Narrow|TruncSat)([IF][0-9]+x[0-9]+)([SU].*)$")]
    private static partial Regex Converting();
}
