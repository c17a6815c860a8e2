using System.Text;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>A name section with its functions' names demangled.</summary>
public static class DemangledNames
{
    /// <summary>
    /// The content of a name section with what <see cref="Demangler"/> makes of the functions' names; the other names, byte for byte.
    /// Different symbols get different names: of several that mean the same the later ones get a number. Content that is malformed comes back as it is.
    /// </summary>
    public static byte[] Rewrite(ReadOnlySpan<byte> content)
    {
        try
        {
            ByteBuffer section = new(content.Length);
            OperatorReader reader = new(content, 0);
            while (!reader.AtEnd)
            {
                int start = reader.Offset;
                byte id = reader.Byte();
                int size = (int)reader.Count();
                ReadOnlySpan<byte> part = content.Slice(reader.Offset, size);
                reader.Take(size);
                if (id == (byte)NameKind.Function)
                {
                    section.Byte(id);
                    section.Vector(Functions(part));
                }
                else section.Append(content[start..reader.Offset]);
            }
            return section.ToArray();
        }
        catch (WasmFormatException)
        {
            return content.ToArray();
        }
    }

    static ReadOnlySpan<byte> Functions(ReadOnlySpan<byte> part)
    {
        List<(uint Index, string Symbol)> functions = [];
        OperatorReader reader = new(part, 0);
        for (uint left = reader.Count(); left > 0; left--) functions.Add((reader.U32(), Encoding.UTF8.GetString(reader.Name())));
        Dictionary<string, string> symbols = [];
        Dictionary<string, int> taken = [];
        foreach ((_, string symbol) in functions) taken[symbol] = 1;
        ByteBuffer names = new(part.Length);
        names.U32((uint)functions.Count);
        foreach ((uint index, string symbol) in functions)
        {
            // A symbol that is there twice stays one name twice.
            if (!symbols.TryGetValue(symbol, out string? name))
            {
                name = Demangler.TryDemangle(symbol, out string? demangled) ? Unique(demangled, taken) : symbol;
                symbols.Add(symbol, name);
            }
            names.U32(index);
            names.Name(name);
        }
        return names.Written;
    }

    static string Unique(string name, Dictionary<string, int> taken)
    {
        if (taken.TryAdd(name, 1)) return name;
        string numbered;
        do numbered = $"{name} [{++taken[name]}]";
        while (!taken.TryAdd(numbered, 1));
        return numbered;
    }
}
