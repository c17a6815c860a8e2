using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Shuffles by constants: the cheapest instruction whose pattern it is, from one (interleaving, picking words, a window over
/// both operands) to the general three.</content>
internal sealed partial class X64Lower
{
    private void Shuffle(in InstData data, int dst)
    {
        UInt128 lanes = _function.Vectors[(int)data.Imm];
        int a = Use(data.A), b = Use(data.B);
        Span<byte> picks = stackalloc byte[16];
        bool usesA = false, usesB = false;
        for (int i = 0; i < 16; i++)
        {
            picks[i] = (byte)((int)(lanes >> 8 * i) & (a == b ? 15 : 31));
            usesA |= picks[i] < 16;
            usesB |= picks[i] >= 16;
        }
        if (!usesA)
        {
            for (int i = 0; i < 16; i++) picks[i] -= 16;
            a = b;
        }
        if (usesA != usesB) ShuffleOne(picks, dst, a);
        else if (!ShuffleKnown(picks, dst, a, b))
        {
            int left = V(X64Op.Pshufb, a, Source.At(Constant(Pattern(picks, 0)))), right = V(X64Op.Pshufb, b, Source.At(Constant(Pattern(picks, 16))));
            V(X64Op.Por, dst, left, Source.Reg(right));
        }
    }

    /// <summary>Bytes of one operand, the others zero: what <c>pshufb</c> takes.</summary>
    private static UInt128 Pattern(ReadOnlySpan<byte> picks, int from)
    {
        UInt128 pattern = 0;
        for (int i = 0; i < 16; i++) pattern |= (UInt128)((uint)(picks[i] - from) < 16 ? (uint)(picks[i] - from) : 0x80u) << 8 * i;
        return pattern;
    }

    private void ShuffleOne(ReadOnlySpan<byte> picks, int dst, int a)
    {
        Span<byte> words = stackalloc byte[4];
        if (Whole(picks, words)) Rm(X64Op.Pshufd, 16, dst, Source.Reg(a), Order(words));
        else if (!ShuffleKnown(picks, dst, a, a)) V(X64Op.Pshufb, dst, a, Source.At(Constant(Pattern(picks, 0))));
    }

    /// <summary>The 32-bit lanes that are picked, if only whole ones are.</summary>
    private static bool Whole(ReadOnlySpan<byte> picks, Span<byte> words)
    {
        for (int i = 0; i < 16; i++)
        {
            if ((picks[i] & 3) != (i & 3) || picks[i] >> 2 != picks[i & ~3] >> 2) return false;
            words[i >> 2] = (byte)(picks[i] >> 2);
        }
        return true;
    }

    private static int Order(ReadOnlySpan<byte> words) => (words[0] & 3) | (words[1] & 3) << 2 | (words[2] & 3) << 4 | (words[3] & 3) << 6;

    private bool ShuffleKnown(ReadOnlySpan<byte> picks, int dst, int a, int b)
    {
        bool same = a == b;
        // Lanes of one half of both, in turn.
        for (int size = 1; size <= 8; size *= 2)
            for (int half = 0; half <= 8; half += 8)
            {
                X64Op op = half == 0 ? Unpack(size, X64Op.Punpcklbw, X64Op.Punpcklwd, X64Op.Punpckldq, X64Op.Punpcklqdq)
                    : Unpack(size, X64Op.Punpckhbw, X64Op.Punpckhwd, X64Op.Punpckhdq, X64Op.Punpckhqdq);
                for (int first = 0; first <= (same ? 0 : 16); first += 16)
                {
                    if (!Interleaves(picks, size, half, first, same)) continue;
                    V(op, dst, first == 0 ? a : b, Source.Reg(first == 0 ? b : a));
                    return true;
                }
            }
        // A window over one operand behind the other.
        int start = picks[0];
        bool window = true;
        for (int i = 0; i < 16; i++) window &= picks[i] == (start + i & (same ? 15 : 31));
        if (window)
        {
            (int low, int high) = start < 16 ? (a, b) : (b, a);
            V(X64Op.Palignr, dst, high, Source.Reg(low), start & 15);
            return true;
        }
        if (same) return false;
        // Each 16-bit lane from its place in one of the two.
        int blend = 0;
        bool inPlace = true;
        for (int i = 0; i < 16; i++)
        {
            inPlace &= (picks[i] & 15) == i && picks[i] >> 4 == picks[i & ~1] >> 4;
            blend |= picks[i] >> 4 << (i >> 1);
        }
        if (inPlace)
        {
            V(X64Op.Pblendw, dst, a, Source.Reg(b), blend);
            return true;
        }
        // Two 32-bit lanes of one, then two of the other.
        Span<byte> words = stackalloc byte[4];
        if (!Whole(picks, words) || words[0] >> 2 != words[1] >> 2 || words[2] >> 2 != words[3] >> 2) return false;
        V(X64Op.Shufps, dst, words[0] < 4 ? a : b, Source.Reg(words[2] < 4 ? a : b), Order(words));
        return true;
    }

    private static X64Op Unpack(int size, X64Op b, X64Op w, X64Op d, X64Op q) => size switch
    {
        1 => b,
        2 => w,
        4 => d,
        _ => q,
    };

    private static bool Interleaves(ReadOnlySpan<byte> picks, int size, int half, int first, bool same)
    {
        for (int i = 0; i < 16; i++)
        {
            int lane = i / size, from = half + lane / 2 * size + i % size + ((lane & 1) != 0 ? 16 - first : first);
            if (picks[i] != (same ? from & 15 : from)) return false;
        }
        return true;
    }
}
