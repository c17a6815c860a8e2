using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text;

/// <summary>A lexer with two tokens in hand, and what every grammar rule asks of them.</summary>
ref partial struct TokenCursor
{
    Lexer _lexer;

    /// <summary>The token that comes next.</summary>
    public Token Current;

    /// <summary>The one after it.</summary>
    public Token Following;

    public TokenCursor(ReadOnlySpan<byte> source, int start)
    {
        _lexer = new(source);
        Seek(start);
    }

    public readonly ReadOnlySpan<byte> Source => _lexer.Source;

    public readonly ReadOnlySpan<byte> Text => _lexer.Text(Current);

    public void Seek(int position)
    {
        _lexer.Position = position;
        Current = _lexer.Next();
        Following = _lexer.Next();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance()
    {
        Current = Following;
        Following = _lexer.Next();
    }

    /// <summary>Whether a form with this keyword comes next: <c>(keyword</c>.</summary>
    public readonly bool IsForm(ReadOnlySpan<byte> keyword) =>
        Current.Kind == TokenKind.LeftParen && Following.Kind == TokenKind.Keyword && _lexer.Text(Following).SequenceEqual(keyword);

    public readonly bool IsKeyword(ReadOnlySpan<byte> keyword) => Current.Kind == TokenKind.Keyword && Text.SequenceEqual(keyword);

    public readonly bool IsId => Current.Kind is TokenKind.Id or TokenKind.QuotedId;

    public readonly bool IsIndex => Current.Kind is TokenKind.Number or TokenKind.Id or TokenKind.QuotedId;

    /// <summary>Whether the annotation of this name comes next.</summary>
    public readonly bool IsAnnotation(ReadOnlySpan<byte> name)
    {
        if (Current.Kind != TokenKind.Annotation) return false;
        ReadOnlySpan<byte> text = Text[2..];
        return (text[0] == '"' ? text[1..^1] : text).SequenceEqual(name);
    }

    /// <summary>Takes the parenthesis and the keyword, if they come next.</summary>
    public bool TryForm(ReadOnlySpan<byte> keyword)
    {
        if (!IsForm(keyword)) return false;
        Advance();
        Advance();
        return true;
    }

    public bool TryKeyword(ReadOnlySpan<byte> keyword)
    {
        if (!IsKeyword(keyword)) return false;
        Advance();
        return true;
    }

    public void Close()
    {
        if (Current.Kind != TokenKind.RightParen) Unexpected("`)`");
        Advance();
    }

    public void Open(string expected)
    {
        if (Current.Kind != TokenKind.LeftParen) Unexpected(expected);
        Advance();
    }

    /// <summary>Skips the form that comes next, whatever is in it.</summary>
    public void SkipForm()
    {
        int depth = 0;
        Token open = Current;
        do
        {
            switch (Current.Kind)
            {
                case TokenKind.LeftParen or TokenKind.Annotation: depth++; break;
                case TokenKind.RightParen: depth--; break;
                case TokenKind.End: Unclosed(open); break;
            }
            Advance();
        }
        while (depth > 0);
    }

    /// <summary>Reports a parenthesis for which the text has no other.</summary>
    [DoesNotReturn]
    public readonly void Unclosed(Token open) => Fail(open, "unexpected token: the text ends before this parenthesis is closed");

    /// <summary>The identifier that comes next as a number of <paramref name="names"/>.</summary>
    public int Identifier(NameTable names)
    {
        int id;
        if (Current.Kind == TokenKind.Id) id = names.Intern(Text[1..]);
        else
        {
            if (Current.Kind != TokenKind.QuotedId) Unexpected("an identifier");
            ByteBuffer decoded = new(64);
            StringLiteral.Decode(_lexer, Current, decoded);
            if (!Utf8.IsValid(decoded.Written)) Fail("malformed UTF-8 encoding");
            id = names.Intern(decoded.Written);
        }
        Advance();
        return id;
    }

    /// <summary>Appends the bytes of the string that comes next.</summary>
    public void String(ByteBuffer into)
    {
        if (Current.Kind != TokenKind.String) Unexpected("a string");
        StringLiteral.Decode(_lexer, Current, into);
        Advance();
    }

    /// <summary>Like <see cref="String"/>, for a string that must be UTF-8: a name.</summary>
    public void Name(ByteBuffer into)
    {
        Token token = Current;
        int start = into.Length;
        String(into);
        if (!Utf8.IsValid(into.Written[start..])) Fail(token, "malformed UTF-8 encoding");
    }

    /// <summary>An unsigned number.</summary>
    public ulong Unsigned(ulong max, string outOfRange, string expected)
    {
        if (Current.Kind != TokenKind.Number) Unexpected(expected);
        NumberStatus status = NumberLiteral.Unsigned(Text, max, out ulong value);
        if (status == NumberStatus.Syntax) Unexpected(expected);
        if (status == NumberStatus.Range) Fail(outOfRange);
        Advance();
        return value;
    }

    public uint U32(string expected) => (uint)Unsigned(uint.MaxValue, "i32 constant out of range", expected);

    /// <summary>Reports the next token as one that cannot stand here.</summary>
    [DoesNotReturn]
    public readonly void Unexpected(string expected)
    {
        string text = Shorten(Encoding.UTF8.GetString(Text));
        Fail(Current.Kind switch
        {
            TokenKind.End => $"unexpected token: the text ends, expected {expected}",
            TokenKind.Annotation => Misplaced(text),
            TokenKind.Reserved => $"unknown operator {text}, expected {expected}",
            TokenKind.Keyword when !Keywords.IsKnown(Text) => $"unknown operator {text}, expected {expected}",
            TokenKind.Number when !NumberLiteral.IsNumber(Text) => $"unknown operator {text}, expected {expected}",
            _ => $"unexpected token `{text}`, expected {expected}",
        });
    }

    static string Misplaced(string text) => text[2..].Trim('"') is var name && name.StartsWith("metadata.", StringComparison.Ordinal)
        ? $"@{name} annotation: not in a function"
        : $"misplaced @{name} annotation";

    static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "...");

    [DoesNotReturn]
    public readonly void Fail(string message) => Fail(Current, message);

    [DoesNotReturn]
    public readonly void Fail(Token token, string message) => _lexer.Fail(token.Start, token.Length, message);
}
