using System.Text;

namespace Hornet.Wasm;

/// <summary>Where a demangled name grows. Symbols refer back to parts of themselves, so a short one can mean a name without end: past a bound in its length nothing is added.</summary>
sealed class DemangledText(int symbolLength)
{
    readonly StringBuilder _text = new(Math.Min(2 * symbolLength, 1024));
    readonly int _limit = Math.Min(1 << 16, 1024 + 64 * symbolLength);

    /// <summary>Whether the bound was met: what is here is not the whole name.</summary>
    public bool IsFull { get; private set; }

    public int Length => _text.Length;

    public char Last => _text.Length == 0 ? '\0' : _text[^1];

    public void Append(ReadOnlySpan<char> text)
    {
        if (IsFull || _text.Length + text.Length > _limit) IsFull = true;
        else _text.Append(text);
    }

    public void Append(char c) => Append(new ReadOnlySpan<char>(in c));

    /// <summary>Gives the name up.</summary>
    public void Fail() => IsFull = true;

    public void Truncate(int length) => _text.Length = length;

    public override string ToString() => _text.ToString();
}
