using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Hornet.Wasm;

/// <summary>
/// Turns symbols, as compilers write them into name sections, into names as programmers wrote them: Rust (legacy and v0) and C++ (Itanium).
/// Names come from modules, so they are hostile: depth and length of the result are bounded, and what is not understood is left alone.
/// </summary>
public static class Demangler
{
    const int LongestSymbol = 1 << 16;

    /// <summary>The name of a symbol, without hashes and crate disambiguators; false when it is no symbol of a known scheme, or one not understood.</summary>
    public static bool TryDemangle(ReadOnlySpan<char> symbol, [NotNullWhen(true)] out string? name)
    {
        name = null;
        if (symbol.Length is < 3 or > LongestSymbol || symbol[0] != '_') return false;
        DemangledText text = new(symbol.Length);
        if (symbol.StartsWith("_R"))
        {
            if (!RustV0Name.TryPrint(symbol, text)) return false;
        }
        else if (symbol.StartsWith("_ZN") && RustLegacyName.TryPrint(symbol, text))
        {
        }
        else
        {
            text.Truncate(0);
            if (!symbol.StartsWith("_Z") || !ItaniumName.TryPrint(symbol, text)) return false;
        }
        if (text.IsFull || text.Length == 0) return false;
        string found = text.ToString();
        // Names go to terminals.
        foreach (char c in found)
            if (char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format) return false;
        name = found;
        return true;
    }
}
