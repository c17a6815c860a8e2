namespace Hornet.Wasm;

/// <summary>An operator's code, what it is in C++, and how many operands it has in expressions (0: only as a function's name).</summary>
readonly record struct ItaniumOperator(string Code, string Text, int Operands)
{
    static readonly ItaniumOperator[] Table =
    [
        new("nw", "new",    0), new("na", "new[]",  0), new("dl", "delete", 0), new("da", "delete[]", 0),
        new("ps", "+",      1), new("ng", "-",      1), new("ad", "&",      1), new("de", "*",        1),
        new("co", "~",      1), new("pl", "+",      2), new("mi", "-",      2), new("ml", "*",        2),
        new("dv", "/",      2), new("rm", "%",      2), new("an", "&",      2), new("or", "|",        2),
        new("eo", "^",      2), new("aS", "=",      2), new("pL", "+=",     2), new("mI", "-=",       2),
        new("mL", "*=",     2), new("dV", "/=",     2), new("rM", "%=",     2), new("aN", "&=",       2),
        new("oR", "|=",     2), new("eO", "^=",     2), new("ls", "<<",     2), new("rs", ">>",       2),
        new("lS", "<<=",    2), new("rS", ">>=",    2), new("eq", "==",     2), new("ne", "!=",       2),
        new("lt", "<",      2), new("gt", ">",      2), new("le", "<=",     2), new("ge", ">=",       2),
        new("ss", "<=>",    2), new("nt", "!",      1), new("aa", "&&",     2), new("oo", "||",       2),
        new("pp", "++",     0), new("mm", "--",     0), new("cm", ",",      2), new("pm", "->*",      0),
        new("pt", "->",     0), new("cl", "()",     0), new("ix", "[]",     0), new("qu", "?",        3),
        new("aw", "co_await ", 0),
    ];

    /// <summary>The operator with which a text begins.</summary>
    public static ItaniumOperator? Find(ReadOnlySpan<char> text)
    {
        foreach (ItaniumOperator known in Table)
            if (text.StartsWith(known.Code)) return known;
        return null;
    }
}
