using System.Globalization;
using System.Text;

namespace Hornet.Wasm;

/// <summary>Constants, as generic arguments have them.</summary>
ref partial struct RustV0Name
{
    void Const(bool inValue)
    {
        if (!Enter()) return;
        char tag = Next();
        bool brace = !inValue && (tag is 'e' or 'A' or 'T' or 'V' or 'Q' || tag == 'R' && Peek != 'e');
        if (brace) Print("{");
        switch (tag)
        {
            case 'p':
                Print("_");
                break;
            case 'a' or 's' or 'l' or 'x' or 'n' or 'i' or 'h' or 't' or 'm' or 'y' or 'o' or 'j':
                if (tag is 'a' or 's' or 'l' or 'x' or 'n' or 'i' && Eat('n')) Print("-");
                ReadOnlySpan<char> hex = Hex();
                if (hex.Length > 16) Print("0x");
                Print(hex.Length > 16 ? hex : ulong.Parse(hex.IsEmpty ? "0" : hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
                break;
            case 'b':
                ReadOnlySpan<char> truth = Hex();
                if (truth is not ("" or "1")) _failed = true;
                Print(truth.IsEmpty ? "false" : "true");
                break;
            case 'c':
                ReadOnlySpan<char> code = Hex();
                if (code.Length > 6 || !Rune.TryCreate(int.Parse(code.IsEmpty ? "0" : code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), out Rune rune)) _failed = true;
                else Print($"'{Quoted(rune, '\'')}'");
                break;
            case 'e':
                Print("*");
                Text();
                break;
            case 'R' when Eat('e'):
                Text();
                break;
            case 'R' or 'Q':
                Print(tag == 'R' ? "&" : "&mut ");
                Const(inValue: true);
                break;
            case 'A':
                Print("[");
                Values();
                Print("]");
                break;
            case 'T':
                Print("(");
                Print(Values() == 1 ? ",)" : ")");
                break;
            case 'V':
                Path(inValue: true);
                Fields();
                break;
            case 'B':
                Back(inValue ? Again.ConstInValue : Again.Const);
                break;
            default:
                _failed = true;
                break;
        }
        if (brace) Print("}");
        _depth--;
    }

    int Values()
    {
        int count = 0;
        for (; !_failed && !Eat('E'); count++)
        {
            if (count > 0) Print(", ");
            Const(inValue: true);
        }
        return count;
    }

    void Fields()
    {
        switch (Next())
        {
            case 'U':
                break;
            case 'T':
                Print("(");
                Values();
                Print(")");
                break;
            case 'S':
                Print(" { ");
                for (int i = 0; !_failed && !Eat('E'); i++)
                {
                    if (i > 0) Print(", ");
                    Disambiguator();
                    Print(Identifier());
                    Print(": ");
                    Const(inValue: true);
                }
                Print(" }");
                break;
            default:
                _failed = true;
                break;
        }
    }

    ReadOnlySpan<char> Hex()
    {
        int start = _at;
        while (char.IsAsciiHexDigitLower(Peek)) _at++;
        ReadOnlySpan<char> digits = _symbol[start.._at].TrimStart('0');
        if (!Eat('_')) _failed = true;
        return _failed ? default : digits;
    }

    void Text()
    {
        int start = _at;
        while (char.IsAsciiHexDigitLower(Peek)) _at++;
        ReadOnlySpan<char> digits = _symbol[start.._at];
        if (!Eat('_') || digits.Length % 2 != 0)
        {
            _failed = true;
            return;
        }
        Print("\"");
        foreach (Rune rune in Encoding.UTF8.GetString(Convert.FromHexString(digits)).EnumerateRunes()) Print(Quoted(rune, '"'));
        Print("\"");
    }

    static string Quoted(Rune rune, char quote) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\0' => "\\0",
        '\\' => "\\\\",
        _ when rune.Value == quote => $"\\{quote}",
        _ when Rune.IsControl(rune) => $"\\u{{{rune.Value:x}}}",
        _ => rune.ToString(),
    };
}
