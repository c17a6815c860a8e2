using System.Text;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// The name section, read when a name is first asked for (a trap's backtrace). It is not validated by anybody: whatever is wrong
/// with it, the names before the mistake count. Source: spec, appendix, custom sections, name section.
/// </summary>
internal sealed class ModuleNames
{
    readonly byte[] _bytes;
    readonly Dictionary<int, ByteRange> _functions = [];

    public ModuleNames(byte[] bytes)
    {
        _bytes = bytes;
        try
        {
            if (FindSection() is { } section) Read(section);
        }
        catch (WasmFormatException)
        {
            // The names before the mistake count.
        }
    }

    public string? Module { get; private set; }

    public string? Function(int index) => _functions.TryGetValue(index, out ByteRange name) ? Text(name) : null;

    string Text(ByteRange range) => Encoding.UTF8.GetString(_bytes, range.Offset, range.Length);

    ByteRange? FindSection()
    {
        OperatorReader reader = new(_bytes, 0);
        reader.Take(8);
        ByteRange? found = null;
        while (!reader.AtEnd)
        {
            byte id = reader.Byte();
            int size = (int)reader.Count(), start = reader.Offset;
            ReadOnlySpan<byte> content = reader.Take(size);
            if (id != 0) continue;
            OperatorReader custom = new(content, start);
            if (custom.Take((int)custom.Count()).SequenceEqual("name"u8)) found = new(custom.Offset, start + size - custom.Offset);
        }
        return found;
    }

    void Read(ByteRange section)
    {
        OperatorReader reader = new(_bytes.AsSpan(section.Offset, section.Length), section.Offset);
        while (!reader.AtEnd)
        {
            byte id = reader.Byte();
            int size = (int)reader.Count(), start = reader.Offset;
            OperatorReader content = new(reader.Take(size), start);
            switch (id)
            {
                case 0:
                    Module = Text(Name(ref content));
                    break;
                case 1:
                    for (uint i = content.Count(); i > 0; i--)
                    {
                        int function = (int)content.U32();
                        _functions[function] = Name(ref content);
                    }
                    break;
            }
        }
    }

    static ByteRange Name(ref OperatorReader reader)
    {
        int length = (int)reader.Count(), start = reader.Offset;
        reader.Take(length);
        return new(start, length);
    }
}
