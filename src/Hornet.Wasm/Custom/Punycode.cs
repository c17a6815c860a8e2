using System.Text;

namespace Hornet.Wasm;

/// <summary>RFC 3492, as Rust's identifiers use it: the letters of ASCII first, then where the others go in between.</summary>
static class Punycode
{
    const int Base = 36, TMin = 1, TMax = 26, Skew = 38, Damp = 700, InitialBias = 72, InitialN = 128;
    // Each letter goes into an array by moving what follows; identifiers are short.
    const int Longest = 256;

    /// <summary>The identifier; null when the deltas are no such.</summary>
    public static string? Decode(ReadOnlySpan<char> ascii, ReadOnlySpan<char> deltas)
    {
        if (deltas.IsEmpty || ascii.Length + deltas.Length > Longest) return null;
        List<Rune> letters = [];
        foreach (char c in ascii) letters.Add(new Rune(c));
        long n = InitialN, i = 0;
        int bias = InitialBias;
        bool first = true;
        for (int at = 0; at < deltas.Length;)
        {
            long old = i, weight = 1;
            for (int k = Base; ; k += Base)
            {
                if (at >= deltas.Length) return null;
                char c = deltas[at++];
                int digit = char.IsAsciiLetterLower(c) ? c - 'a' : char.IsAsciiDigit(c) ? c - '0' + 26 : -1;
                if (digit < 0) return null;
                i += digit * weight;
                int threshold = Math.Clamp(k - bias, TMin, TMax);
                if (digit < threshold) break;
                weight *= Base - threshold;
                if (i > int.MaxValue || weight > int.MaxValue) return null;
            }
            bias = Adapt(i - old, letters.Count + 1, first);
            first = false;
            n += i / (letters.Count + 1);
            i %= letters.Count + 1;
            if (n > 0x10ffff || !Rune.IsValid((int)n)) return null;
            letters.Insert((int)i++, new Rune((int)n));
        }
        return string.Concat(letters);
    }

    static int Adapt(long delta, int count, bool first)
    {
        delta /= first ? Damp : 2;
        delta += delta / count;
        int k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base) delta /= Base - TMin;
        return k + (int)((Base - TMin + 1) * delta / (delta + Skew));
    }
}
