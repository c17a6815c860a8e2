using System.Globalization;
using System.Numerics;

namespace Hornet.Text;

/// <summary>How reading a number ended.</summary>
enum NumberStatus : byte
{
    Ok,
    /// <summary>Not a number of this kind.</summary>
    Syntax,
    /// <summary>A number, but the type cannot hold it.</summary>
    Range,
}

/// <summary>The numbers that number tokens stand for. Source: spec, text/values.</summary>
static class NumberLiteral
{
    /// <summary>An unsigned number without sign that is at most <paramref name="max"/>.</summary>
    public static NumberStatus Unsigned(ReadOnlySpan<byte> s, ulong max, out ulong value)
    {
        value = 0;
        if (s.Length == 0) return NumberStatus.Syntax;
        bool hex = s.Length > 2 && s[0] == '0' && s[1] == 'x';
        if (hex) s = s[2..];
        ulong radix = hex ? 16u : 10u;
        bool digit = false, overflow = false;
        foreach (byte c in s)
        {
            if (c == '_' && digit)
            {
                digit = false;
                continue;
            }
            int d = StringLiteral.Hex(c);
            if (d < 0 || (ulong)d >= radix) return NumberStatus.Syntax;
            digit = true;
            overflow |= value > (ulong.MaxValue - (ulong)d) / radix;
            value = value * radix + (ulong)d;
        }
        if (!digit) return NumberStatus.Syntax;
        return overflow || value > max ? NumberStatus.Range : NumberStatus.Ok;
    }

    /// <summary>A number with optional sign, signed or unsigned, of <paramref name="bits"/> bits; the result is sign-extended.</summary>
    public static NumberStatus Integer(ReadOnlySpan<byte> s, int bits, out long value)
    {
        bool negative = s.Length > 0 && s[0] == '-';
        bool sign = negative || s.Length > 0 && s[0] == '+';
        ulong max = negative ? 1UL << (bits - 1) : ulong.MaxValue >> (64 - bits);
        NumberStatus status = Unsigned(sign ? s[1..] : s, max, out ulong magnitude);
        long bitPattern = negative ? unchecked(-(long)magnitude) : (long)magnitude;
        value = bitPattern << (64 - bits) >> (64 - bits);
        return status;
    }

    /// <summary>The bits of an f32 literal.</summary>
    public static NumberStatus F32(ReadOnlySpan<byte> s, out uint bits)
    {
        NumberStatus status = Float(s, 8, 23, out ulong wide);
        bits = (uint)wide;
        return status;
    }

    /// <summary>The bits of an f64 literal.</summary>
    public static NumberStatus F64(ReadOnlySpan<byte> s, out ulong bits) => Float(s, 11, 52, out bits);

    static NumberStatus Float(ReadOnlySpan<byte> s, int exponentBits, int fractionBits, out ulong bits)
    {
        bits = 0;
        if (s.Length == 0) return NumberStatus.Syntax;
        ulong sign = s[0] == '-' ? 1UL << (exponentBits + fractionBits) : 0;
        if (s[0] is (byte)'-' or (byte)'+') s = s[1..];
        ulong infinity = ((1UL << exponentBits) - 1) << fractionBits;
        if (s.SequenceEqual("inf"u8))
        {
            bits = sign | infinity;
            return NumberStatus.Ok;
        }
        if (s.SequenceEqual("nan"u8))
        {
            bits = sign | infinity | 1UL << (fractionBits - 1);
            return NumberStatus.Ok;
        }
        if (s.StartsWith("nan:0x"u8))
        {
            NumberStatus payload = Unsigned(s[4..], (1UL << fractionBits) - 1, out ulong fraction);
            if (payload == NumberStatus.Ok && fraction == 0) payload = NumberStatus.Range;
            bits = sign | infinity | fraction;
            return payload;
        }
        NumberStatus status = s.StartsWith("0x"u8) ? HexFloat(s[2..], exponentBits, fractionBits, out bits) : DecimalFloat(s, fractionBits == 23, out bits);
        if (status == NumberStatus.Ok && bits == infinity) status = NumberStatus.Range;
        bits |= sign;
        return status;
    }

    // digits ('.' digits?)? ([eE] sign? digits)?, checked here, converted by the base library, which rounds correctly.
    static NumberStatus DecimalFloat(ReadOnlySpan<byte> s, bool single, out ulong bits)
    {
        bits = 0;
        int p = 0;
        bool underscores = false;
        if (!Digits(s, ref p, false, ref underscores)) return NumberStatus.Syntax;
        if (p < s.Length && s[p] == '.')
        {
            p++;
            if (p < s.Length && s[p] is not ((byte)'e' or (byte)'E') && !Digits(s, ref p, false, ref underscores)) return NumberStatus.Syntax;
        }
        if (p < s.Length && s[p] is (byte)'e' or (byte)'E')
        {
            p++;
            if (p < s.Length && s[p] is (byte)'+' or (byte)'-') p++;
            if (!Digits(s, ref p, false, ref underscores)) return NumberStatus.Syntax;
        }
        if (p != s.Length) return NumberStatus.Syntax;
        if (underscores)
        {
            byte[] clean = new byte[s.Length];
            int n = 0;
            foreach (byte c in s)
                if (c != '_') clean[n++] = c;
            s = clean.AsSpan(0, n);
        }
        const NumberStyles style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (single)
        {
            if (!float.TryParse(s, style, CultureInfo.InvariantCulture, out float f)) return NumberStatus.Syntax;
            bits = BitConverter.SingleToUInt32Bits(f);
        }
        else
        {
            if (!double.TryParse(s, style, CultureInfo.InvariantCulture, out double d)) return NumberStatus.Syntax;
            bits = BitConverter.DoubleToUInt64Bits(d);
        }
        return NumberStatus.Ok;
    }

    static bool Digits(ReadOnlySpan<byte> s, ref int p, bool hex, ref bool underscores)
    {
        bool digit = false;
        for (; p < s.Length; p++)
        {
            if (s[p] == '_' && digit)
            {
                digit = false;
                underscores = true;
                continue;
            }
            int d = StringLiteral.Hex(s[p]);
            if (d < 0 || !hex && d > 9) break;
            digit = true;
        }
        return digit;
    }

    // After 0x: hexdigits ('.' hexdigits?)? ([pP] sign? digits)?; rounded to nearest, ties to even.
    static NumberStatus HexFloat(ReadOnlySpan<byte> s, int exponentBits, int fractionBits, out ulong bits)
    {
        bits = 0;
        int p = 0;
        bool ignored = false;
        if (!Digits(s, ref p, true, ref ignored)) return NumberStatus.Syntax;
        int point = p, fractionEnd = p;
        if (p < s.Length && s[p] == '.')
        {
            p++;
            if (p < s.Length && s[p] is not ((byte)'p' or (byte)'P') && !Digits(s, ref p, true, ref ignored)) return NumberStatus.Syntax;
            fractionEnd = p;
        }
        long exponent = 0;
        if (p < s.Length && s[p] is (byte)'p' or (byte)'P')
        {
            p++;
            bool negative = p < s.Length && s[p] == '-';
            if (p < s.Length && s[p] is (byte)'+' or (byte)'-') p++;
            int from = p;
            if (!Digits(s, ref p, false, ref ignored)) return NumberStatus.Syntax;
            foreach (byte c in s[from..p])
                if (c != '_') exponent = Math.Min(exponent * 10 + (c - '0'), 1L << 40);
            if (negative) exponent = -exponent;
        }
        if (p != s.Length) return NumberStatus.Syntax;

        // The value is mantissa * 2^exponent; `sticky`: something non-zero was dropped below the mantissa.
        ulong mantissa = 0;
        bool sticky = false;
        for (int i = 0; i < fractionEnd; i++)
        {
            if (s[i] is (byte)'_' or (byte)'.') continue;
            ulong d = (ulong)StringLiteral.Hex(s[i]);
            if (mantissa >> 60 == 0)
            {
                mantissa = mantissa << 4 | d;
                if (i > point) exponent -= 4;
            }
            else
            {
                sticky |= d != 0;
                if (i < point) exponent += 4;
            }
        }
        if (mantissa == 0) return NumberStatus.Ok;

        int bias = (1 << (exponentBits - 1)) - 1;
        int shift = BitOperations.LeadingZeroCount(mantissa);
        mantissa <<= shift;
        exponent -= shift;
        // Now 1.xxx * 2^(exponent + 63); bits kept below the leading one: all of the fraction, or fewer for subnormals.
        long biased = exponent + 63 + bias;
        if (biased > 2 * bias) return NumberStatus.Range;
        long drop = 63 - fractionBits + (biased < 1 ? 1 - biased : 0);
        if (drop > 64) return NumberStatus.Ok;
        ulong kept = drop == 64 ? 0 : mantissa >> (int)drop;
        ulong half = 1UL << (int)(drop - 1);
        ulong rest = drop == 64 ? mantissa : mantissa & ((1UL << (int)drop) - 1);
        if (rest > half || rest == half && (sticky || (kept & 1) != 0)) kept++;
        // A carry out of the fraction runs into the exponent, which is what rounding up to the next power of two means.
        bits = biased < 1 ? kept : ((ulong)(biased - 1) << fractionBits) + kept;
        return NumberStatus.Ok;
    }

    /// <summary>Whether a token is a number of any kind: decides between "unexpected token" and "unknown operator".</summary>
    public static bool IsNumber(ReadOnlySpan<byte> s) =>
        Integer(s, 64, out _) != NumberStatus.Syntax || Float(s, 11, 52, out _) != NumberStatus.Syntax;
}
