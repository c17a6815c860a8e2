namespace Hornet.Text;

/// <summary>What the lexer tells apart. Source: spec, text/lexical, tokens.</summary>
enum TokenKind : byte
{
    /// <summary>The end of the text.</summary>
    End,
    LeftParen,
    RightParen,
    /// <summary>Begins with a lower-case letter.</summary>
    Keyword,
    /// <summary>Begins with a digit or a sign; whether it is a number is decided when it is read.</summary>
    Number,
    /// <summary><c>$name</c></summary>
    Id,
    /// <summary><c>$"name"</c></summary>
    QuotedId,
    String,
    /// <summary>Opens an annotation that this format gives a meaning: <c>(@custom</c>. Others are skipped like comments.</summary>
    Annotation,
    /// <summary>Characters that form no token of the grammar.</summary>
    Reserved,
}

/// <summary>A token: its kind and its bytes.</summary>
readonly record struct Token(TokenKind Kind, int Start, int Length)
{
    public int End => Start + Length;
}
