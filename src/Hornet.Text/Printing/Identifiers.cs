using System.Text;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>
/// What the items of one index space are called: names of the name section, made unique where they are not, as UTF-8 with the
/// dollar sign. Where an identifier is not the name itself, the definition says the name in an annotation.
/// </summary>
sealed class Identifiers
{
    const int MaxLength = 200;

    readonly Dictionary<int, (byte[] Identifier, string? Name)> _byIndex = [];
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public static Identifiers None { get; } = new();

    public static Identifiers Of(NameSection names, NameKind kind, int count)
    {
        if (names.Count(kind) == 0) return None;
        Identifiers made = new();
        foreach ((int index, _, string name) in names.All(kind))
            if (index >= 0 && index < count) made.Add(index, name);
        return made;
    }

    public void Clear()
    {
        _byIndex.Clear();
        _taken.Clear();
    }

    public void Add(int index, string name)
    {
        // A long name is written once, where it is defined: a small module must not become a text of any size.
        string unique = name.Length <= MaxLength ? name : name[..(char.IsHighSurrogate(name[MaxLength - 1]) ? MaxLength - 1 : MaxLength)] + "#" + index;
        for (int n = 1; unique.Length == 0 || !_taken.Add(unique); n++) unique = $"{name}#{(n == 1 ? index : $"{index}.{n}")}";
        _byIndex[index] = (Spell(unique), unique == name ? null : name);
    }

    /// <summary>The identifier, or nothing.</summary>
    public ReadOnlySpan<byte> this[int index] => _byIndex.TryGetValue(index, out var found) ? found.Identifier : [];

    /// <summary>The name, where the identifier is not it.</summary>
    public string? NameIfDifferent(int index) => _byIndex.TryGetValue(index, out var found) ? found.Name : null;

    /// <summary>A name as an identifier: plain if all its characters allow that, else quoted.</summary>
    public static byte[] Spell(string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        TextBuffer text = new(null);
        text.Write('$');
        if (Array.TrueForAll(utf8, IsIdChar)) text.Write(utf8);
        else text.QuotedName(utf8);
        return text.ToArray();
    }

    static bool IsIdChar(byte c) => c is > 0x20 and < 0x7F and not ((byte)'"' or (byte)'(' or (byte)')' or (byte)',' or (byte)';' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}');
}
