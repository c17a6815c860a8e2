using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>Gathers names and writes a name section's content.</summary>
public sealed class NameSectionWriter
{
    readonly SortedDictionary<(NameKind Kind, uint Outer, uint Inner), string> _names = [];

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => _names.Count == 0;

    public void Module(string name) => _names[(NameKind.Module, 0, 0)] = name;

    /// <summary>Names an item of a kind with one index.</summary>
    public void Add(NameKind kind, int index, string name) => _names[(kind, 0, (uint)index)] = name;

    /// <summary>Names a local or label of a function, or a field of a type.</summary>
    public void Add(NameKind kind, int outer, int inner, string name) => _names[(kind, (uint)outer, (uint)inner)] = name;

    /// <summary>The content of the section: sub-sections in order, indices ascending, as the standard wants them.</summary>
    public byte[] ToArray()
    {
        ByteBuffer section = new(), part = new();
        foreach (IGrouping<NameKind, KeyValuePair<(NameKind Kind, uint Outer, uint Inner), string>> kind in _names.GroupBy(n => n.Key.Kind))
        {
            part.Clear();
            if (kind.Key == NameKind.Module) part.Name(kind.Single().Value);
            else if (kind.Key is NameKind.Local or NameKind.Label or NameKind.Field)
            {
                var outers = kind.GroupBy(n => n.Key.Outer).ToList();
                part.U32((uint)outers.Count);
                foreach (var outer in outers)
                {
                    part.U32(outer.Key);
                    Map(part, [.. outer]);
                }
            }
            else Map(part, [.. kind]);
            section.Byte((byte)kind.Key);
            section.Vector(part.Written);
        }
        return section.ToArray();
    }

    static void Map(ByteBuffer buffer, List<KeyValuePair<(NameKind Kind, uint Outer, uint Inner), string>> names)
    {
        buffer.U32((uint)names.Count);
        foreach (var name in names)
        {
            buffer.U32(name.Key.Inner);
            buffer.Name(name.Value);
        }
    }
}
