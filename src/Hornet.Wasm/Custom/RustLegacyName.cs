using System.Globalization;
using System.Text;

namespace Hornet.Wasm;

/// <summary>Rust's first scheme: <c>_ZN</c>, path elements with their lengths, the last one a hash, <c>E</c>. Punctuation is written between dollar signs.</summary>
static class RustLegacyName
{
    const int HashLength = 17;

    /// <summary>False without a hash at the end: then it is C++.</summary>
    public static bool TryPrint(ReadOnlySpan<char> symbol, DemangledText text)
    {
        if (!Ascii.IsValid(symbol)) return false;
        ReadOnlySpan<char> rest = symbol[3..], element = default;
        bool first = true;
        while (!rest.IsEmpty && rest[0] != 'E')
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 5 || !int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int length)) return false;
            if (length == 0 || length > rest.Length - digits) return false;
            // One element late, because the last one is the hash.
            if (!element.IsEmpty)
            {
                if (!first) text.Append("::");
                Element(element, text);
                first = false;
            }
            element = rest.Slice(digits, length);
            rest = rest[(digits + length)..];
        }
        if (rest.IsEmpty || first || element.Length != HashLength || element[0] != 'h' || element[1..].ContainsAnyExcept("0123456789abcdef")) return false;
        return RustSuffix.TryPrint(rest[1..], text);
    }

    static void Element(ReadOnlySpan<char> rest, DemangledText text)
    {
        if (rest.StartsWith("_$")) rest = rest[1..];
        while (!rest.IsEmpty)
        {
            if (rest.StartsWith(".."))
            {
                text.Append("::");
                rest = rest[2..];
            }
            else if (rest[0] == '$')
            {
                int end = rest[1..].IndexOf('$');
                if (end < 0 || !TryEscape(rest.Slice(1, end), text)) break;
                rest = rest[(end + 2)..];
            }
            else
            {
                int plain = rest[1..].IndexOfAny('$', '.') + 1;
                if (plain == 0) plain = rest.Length;
                text.Append(rest[..plain]);
                rest = rest[plain..];
            }
        }
        text.Append(rest);
    }

    static bool TryEscape(ReadOnlySpan<char> escape, DemangledText text)
    {
        char c = escape switch
        {
            "SP" => '@', "BP" => '*', "RF" => '&', "LT" => '<', "GT" => '>', "LP" => '(', "RP" => ')', "C" => ',',
            _    => '\0',
        };
        if (c != '\0')
        {
            text.Append(c);
            return true;
        }
        if (escape.Length is < 2 or > 7 || escape[0] != 'u' || escape[1..].ContainsAnyExcept("0123456789abcdef")) return false;
        int value = int.Parse(escape[1..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (!Rune.IsValid(value) || Rune.IsControl(new Rune(value))) return false;
        text.Append(new Rune(value).ToString());
        return true;
    }
}

/// <summary>What LLVM hangs on Rust's symbols: <c>.llvm.</c> and a hash mean nothing to readers; others, such as <c>.cold</c>, do.</summary>
static class RustSuffix
{
    public static bool TryPrint(ReadOnlySpan<char> suffix, DemangledText text)
    {
        int llvm = suffix.IndexOf(".llvm.");
        if (llvm >= 0) suffix = suffix[..llvm];
        if (suffix.IsEmpty) return true;
        text.Append(suffix);
        return suffix[0] == '.';
    }
}
