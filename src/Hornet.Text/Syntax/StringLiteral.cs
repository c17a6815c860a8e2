using System.Text;
using Hornet.Base;

namespace Hornet.Text;

/// <summary>The bytes that a string token stands for. Source: spec, text/values, strings.</summary>
static class StringLiteral
{
    /// <summary>Appends the bytes of a <see cref="TokenKind.String"/> or, after its dollar sign, a <see cref="TokenKind.QuotedId"/>.</summary>
    public static void Decode(in Lexer lexer, Token token, ByteBuffer into)
    {
        int quote = token.Kind == TokenKind.QuotedId ? 1 : 0;
        ReadOnlySpan<byte> s = lexer.Source[(token.Start + quote + 1)..(token.End - 1)];
        int origin = token.Start + quote + 1, p = 0;
        while (p < s.Length)
        {
            int plain = s[p..].IndexOf((byte)'\\');
            if (plain < 0)
            {
                into.Append(s[p..]);
                return;
            }
            into.Append(s.Slice(p, plain));
            p += plain;
            int used = Escape(s[p..], into);
            if (used == 0) lexer.Fail(origin + p, 2, "malformed escape sequence");
            p += used;
        }
    }

    static int Escape(ReadOnlySpan<byte> s, ByteBuffer into)
    {
        if (s.Length < 2) return 0;
        switch (s[1])
        {
            case (byte)'t': into.Byte((byte)'\t'); return 2;
            case (byte)'n': into.Byte((byte)'\n'); return 2;
            case (byte)'r': into.Byte((byte)'\r'); return 2;
            case (byte)'"' or (byte)'\'' or (byte)'\\': into.Byte(s[1]); return 2;
            case (byte)'u': return Unicode(s, into);
        }
        int high = Hex(s[1]), low = s.Length > 2 ? Hex(s[2]) : -1;
        if (high < 0 || low < 0) return 0;
        into.Byte((byte)(high << 4 | low));
        return 3;
    }

    // \u{hexnum}: a Unicode scalar value
    static int Unicode(ReadOnlySpan<byte> s, ByteBuffer into)
    {
        if (s.Length < 5 || s[2] != '{') return 0;
        uint value = 0;
        int p = 3;
        for (; p < s.Length && s[p] != '}'; p++)
        {
            if (s[p] == '_' && p > 3 && s[p - 1] != '_') continue;
            int digit = Hex(s[p]);
            if (digit < 0 || value > 0x10FFFF) return 0;
            value = value << 4 | (uint)digit;
        }
        if (p == 3 || p >= s.Length || s[p - 1] == '_' || !Rune.TryCreate(value, out Rune rune)) return 0;
        Span<byte> utf8 = stackalloc byte[4];
        into.Append(utf8[..rune.EncodeToUtf8(utf8)]);
        return p + 1;
    }

    internal static int Hex(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}
