using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Hornet.Text;

/// <summary>Cuts a text into tokens; allocates nothing. Source: spec, text/lexical.</summary>
ref struct Lexer(ReadOnlySpan<byte> source)
{
    const byte Illegal = 0, Space = 1, IdChar = 2, Open = 3, Close = 4, Quote = 5, Semicolon = 6, Punctuation = 7;

    // One class a byte; bytes from 0x80 on are illegal outside strings and comments.
    static ReadOnlySpan<byte> Classes =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 2, 5, 2, 2, 2, 2, 2, 3, 4, 2, 2, 7, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 6, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 2, 7, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 2, 7, 2, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    readonly ReadOnlySpan<byte> _source = source;
    int _pos = 0;

    public readonly ReadOnlySpan<byte> Source => _source;

    /// <summary>Where the next token is looked for; may be set back to where a token began or ended.</summary>
    public int Position
    {
        readonly get => _pos;
        set => _pos = value;
    }

    /// <summary>The bytes of a token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ReadOnlySpan<byte> Text(Token token) => _source.Slice(token.Start, token.Length);

    /// <summary>Throws where the text is not UTF-8. Called once: what follows relies on it.</summary>
    public readonly void CheckEncoding()
    {
        if (Utf8.IsValid(_source)) return;
        int good = 0;
        while (Rune.DecodeFromUtf8(_source[good..], out _, out int length) == System.Buffers.OperationStatus.Done) good += length;
        Fail(good, 1, "malformed UTF-8 encoding");
    }

    public Token Next()
    {
        ReadOnlySpan<byte> s = _source;
        int p = _pos;
        while ((uint)p < (uint)s.Length)
        {
            byte c = s[p];
            switch (Classes[c])
            {
                case Space:
                    p++;
                    continue;
                case IdChar:
                    return Word(p);
                case Open:
                    byte next = p + 1 < s.Length ? s[p + 1] : (byte)0;
                    if (next == ';')
                    {
                        p = SkipBlockComment(p);
                        continue;
                    }
                    if (next == '@')
                    {
                        if (Annotation(p, out Token annotation)) return annotation;
                        p = _pos;
                        continue;
                    }
                    _pos = p + 1;
                    return new(TokenKind.LeftParen, p, 1);
                case Close:
                    _pos = p + 1;
                    return new(TokenKind.RightParen, p, 1);
                case Semicolon when p + 1 < s.Length && s[p + 1] == ';':
                    p = LineEnd(p);
                    continue;
                case Quote or Semicolon or Punctuation:
                    return Odd(p);
                default:
                    Fail(p, 1, "illegal character");
                    break;
            }
        }
        _pos = s.Length;
        return new(TokenKind.End, s.Length, 0);
    }

    readonly int LineEnd(int p)
    {
        // spec: text/lexical, comments: a line ends with a line feed, a carriage return, or both
        int length = _source[p..].IndexOfAny((byte)'\n', (byte)'\r');
        return length < 0 ? _source.Length : p + length;
    }

    // Block comments nest; counted, not recursive.
    readonly int SkipBlockComment(int start)
    {
        int depth = 1, p = start + 2;
        while (true)
        {
            int step = _source[p..].IndexOfAny((byte)'(', (byte)';');
            if (step < 0 || p + step + 1 >= _source.Length) Fail(start, 2, "unclosed comment");
            p += step;
            if (_source[p] == '(' && _source[p + 1] == ';')
            {
                depth++;
                p += 2;
            }
            else if (_source[p] == ';' && _source[p + 1] == ')')
            {
                p += 2;
                if (--depth == 0) return p;
            }
            else p++;
        }
    }

    Token Word(int start)
    {
        ReadOnlySpan<byte> s = _source;
        int p = start + 1;
        while ((uint)p < (uint)s.Length && Classes[s[p]] == IdChar) p++;
        if ((uint)p < (uint)s.Length && Classes[s[p]] is Quote or Semicolon or Punctuation && !IsComment(p)) return QuotedIdOrReserved(start, p);
        _pos = p;
        byte first = s[start];
        if (first == '$')
        {
            if (p - start == 1) Fail(start, 1, "empty identifier");
            return new(TokenKind.Id, start, p - start);
        }
        TokenKind kind = first is >= (byte)'a' and <= (byte)'z' ? TokenKind.Keyword
            : first is >= (byte)'0' and <= (byte)'9' or (byte)'+' or (byte)'-' ? TokenKind.Number : TokenKind.Reserved;
        return new(kind, start, p - start);
    }

    Token QuotedIdOrReserved(int start, int p)
    {
        if (p != start + 1 || _source[start] != '$' || _source[p] != '"') return Reserved(start, p);
        // A string with a raw control character in it is no string, so that `$` stands alone.
        if (!StringEnd(p, out int end) || end == p + 2) Fail(start, 1, "empty identifier");
        if (ContinuesToken(end)) return Reserved(start, end);
        _pos = end;
        return new(TokenKind.QuotedId, start, end - start);
    }

    // A string, or a run of characters that the grammar reserves.
    Token Odd(int start)
    {
        if (_source[start] != '"') return Reserved(start, start);
        int end = String(start);
        if (ContinuesToken(end)) return Reserved(start, end);
        _pos = end;
        return new(TokenKind.String, start, end - start);
    }

    readonly bool ContinuesToken(int p) => p < _source.Length && Classes[_source[p]] is IdChar or Quote or Semicolon or Punctuation && !IsComment(p);

    readonly bool IsComment(int p) => _source[p] == ';' && p + 1 < _source.Length && _source[p + 1] == ';';

    Token Reserved(int start, int p)
    {
        while (p < _source.Length && ContinuesToken(p)) p = _source[p] == '"' ? String(p) : p + 1;
        _pos = p;
        return new(TokenKind.Reserved, start, p - start);
    }

    readonly int String(int start)
    {
        if (StringEnd(start, out int end)) return end;
        if (end >= _source.Length || _source[end] is (byte)'\n' or (byte)'\r') Fail(start, 1, "unclosed string");
        Fail(end, 1, "illegal character");
        return end;
    }

    // Finds the closing quote; what stands between the quotes is looked at when the string is decoded.
    readonly bool StringEnd(int start, out int end)
    {
        int p = start + 1;
        while (true)
        {
            while ((uint)p < (uint)_source.Length && _source[p] is not ((byte)'"' or (byte)'\\' or < 0x20 or 0x7F)) p++;
            end = p;
            if (p >= _source.Length) return false;
            if (_source[p] == '"')
            {
                end = p + 1;
                return true;
            }
            if (_source[p] != '\\') return false;
            p += 2;
        }
    }

    // True: one that the parser understands. False: skipped, _pos is after it.
    bool Annotation(int start, out Token token)
    {
        int p = start + 2, end = p;
        ReadOnlySpan<byte> name;
        if (p < _source.Length && _source[p] == '"')
        {
            if (!StringEnd(p, out end) || end == p + 2) Fail(start, 2, "empty annotation id");
            name = _source[(p + 1)..(end - 1)];
            if (name.Contains((byte)'\\'))
            {
                Base.ByteBuffer decoded = new();
                StringLiteral.Decode(this, new(TokenKind.String, p, end - p), decoded);
                if (!Utf8.IsValid(decoded.Written)) Fail(p, end - p, "malformed UTF-8 encoding");
                name = decoded.ToArray();
            }
        }
        else
        {
            while ((uint)end < (uint)_source.Length && Classes[_source[end]] == IdChar) end++;
            if (end == p) Fail(start, 2, "empty annotation id");
            name = _source[p..end];
        }
        _pos = end;
        token = new(TokenKind.Annotation, start, end - start);
        if (name.SequenceEqual("custom"u8) || name.SequenceEqual("name"u8) || name.SequenceEqual("metadata.code.branch_hint"u8)) return true;
        SkipAnnotation(token);
        return false;
    }

    // Any tokens, with balanced parentheses; annotations inside count as parentheses.
    void SkipAnnotation(Token open)
    {
        for (int depth = 1; depth > 0;)
        {
            int p = _pos;
            if (p >= _source.Length) Fail(open.Start, open.Length, "unclosed annotation");
            switch (Classes[_source[p]])
            {
                case Space:
                    _pos = p + 1;
                    break;
                case Open when p + 1 < _source.Length && _source[p + 1] == ';':
                    _pos = SkipBlockComment(p);
                    break;
                case Open:
                    depth++;
                    _pos = p + 1;
                    break;
                case Close:
                    depth--;
                    _pos = p + 1;
                    break;
                case Semicolon when IsComment(p):
                    _pos = LineEnd(p);
                    break;
                case Illegal:
                    Fail(p, 1, "illegal character");
                    break;
                default:
                    Reserved(p, p);
                    break;
            }
        }
    }

    [DoesNotReturn]
    public readonly void Fail(int offset, int length, string message) => throw new TextException(new TextDiagnostic(offset, length, message).Locate(_source));
}
