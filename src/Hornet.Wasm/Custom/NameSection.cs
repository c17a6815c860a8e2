using System.Text;

namespace Hornet.Wasm;

/// <summary>The parts of a name section, with the binary format's numbers. Source: spec, appendix, name section; extended name section proposal.</summary>
public enum NameKind : byte { Module, Function, Local, Label, Type, Table, Memory, Global, Elem, Data, Field, Tag }

/// <summary>
/// The name section: what debuggers and backtraces call things. It keeps the section's bytes and where names lie in them; a name
/// becomes a string when it is asked for, because large modules have hundreds of thousands and show few.
/// </summary>
public sealed class NameSection
{
    /// <summary>What announces it.</summary>
    public const string Name = "name";

    const int Kinds = (int)NameKind.Tag + 1;
    readonly ReadOnlyMemory<byte> _bytes;
    // For each kind, sorted: index (of indirect kinds, outer and inner index in one number), and where the length of the name lies.
    readonly (ulong Index, int Offset)[]?[] _names = new (ulong, int)[]?[Kinds];

    NameSection(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    /// <summary>A module without names.</summary>
    public static NameSection Empty { get; } = new(default);

    /// <summary>What was wrong with it; the names before that place are there.</summary>
    public string? Error { get; private set; }

    /// <summary>The module's own name.</summary>
    public string? Module { get; private set; }

    /// <summary>Reads a name section's content as far as it is well formed; never fails.</summary>
    public static NameSection Read(ReadOnlyMemory<byte> content)
    {
        NameSection section = new(content);
        try
        {
            section.Parse();
        }
        catch (WasmFormatException e)
        {
            section.Error = e.Message;
        }
        return section;
    }

    /// <summary>The name of an item of a kind that has one index.</summary>
    public string? Find(NameKind kind, int index) => FindKey(kind, (uint)index);

    /// <summary>The name of a local or label of a function, or of a field of a type.</summary>
    public string? Find(NameKind kind, int outer, int inner) => FindKey(kind, (ulong)(uint)outer << 32 | (uint)inner);

    public string? Function(int index) => Find(NameKind.Function, index);

    /// <summary>How many names of this kind there are.</summary>
    public int Count(NameKind kind) => kind == NameKind.Module ? Module is null ? 0 : 1 : _names[(int)kind]?.Length ?? 0;

    /// <summary>Every name of a kind, in the order of indices. Inner is 0 for kinds with one index.</summary>
    public IEnumerable<(int Outer, int Inner, string Name)> All(NameKind kind)
    {
        foreach ((ulong key, int offset) in _names[(int)kind] ?? [])
            yield return IsIndirect(kind) ? ((int)(key >> 32), (int)key, Text(offset)) : ((int)key, 0, Text(offset));
    }

    static bool IsIndirect(NameKind kind) => kind is NameKind.Local or NameKind.Label or NameKind.Field;

    string? FindKey(NameKind kind, ulong key)
    {
        (ulong Index, int Offset)[]? names = _names[(int)kind];
        if (names is null) return null;
        int low = 0, high = names.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (names[middle].Index == key) return Text(names[middle].Offset);
            if (names[middle].Index < key) low = middle + 1;
            else high = middle - 1;
        }
        return null;
    }

    string Text(int offset) => Encoding.UTF8.GetString(new OperatorReader(_bytes.Span[offset..], offset).Name());

    void Parse()
    {
        ReadOnlySpan<byte> bytes = _bytes.Span;
        OperatorReader reader = new(bytes, 0);
        while (!reader.AtEnd)
        {
            byte id = reader.Byte();
            uint size = reader.Count();
            ByteRange range = new(reader.Offset, (int)size);
            reader.Take((int)size);
            if (id >= Kinds || _names[id] is not null) continue;
            OperatorReader part = reader.At(range);
            NameKind kind = (NameKind)id;
            if (kind == NameKind.Module)
            {
                Module = Encoding.UTF8.GetString(part.Name());
                continue;
            }
            List<(ulong, int)> names = [];
            try
            {
                if (IsIndirect(kind)) Indirect(ref part, names);
                else Direct(ref part, 0, names);
            }
            finally
            {
                _names[id] = Sorted(names);
            }
        }
    }

    // Producers should sort; not all do. Of two names of one thing the first counts.
    static (ulong, int)[] Sorted(List<(ulong Index, int Offset)> names)
    {
        bool sorted = true;
        for (int i = 1; i < names.Count && sorted; i++) sorted = names[i].Index > names[i - 1].Index;
        if (!sorted)
        {
            names.Sort((a, b) => a.Index != b.Index ? a.Index.CompareTo(b.Index) : a.Offset.CompareTo(b.Offset));
            int kept = 1;
            for (int i = 1; i < names.Count; i++)
            {
                if (names[i].Index != names[kept - 1].Index) names[kept++] = names[i];
            }
            names.RemoveRange(kept, names.Count - kept);
        }
        return [.. names];
    }

    static void Direct(ref OperatorReader reader, ulong outer, List<(ulong, int)> names)
    {
        uint count = reader.Count();
        names.EnsureCapacity(names.Count + (int)count / 2);
        for (uint i = 0; i < count; i++)
        {
            ulong index = outer << 32 | reader.U32();
            int offset = reader.Offset;
            reader.Name();
            names.Add((index, offset));
        }
    }

    static void Indirect(ref OperatorReader reader, List<(ulong, int)> names)
    {
        uint count = reader.Count();
        for (uint i = 0; i < count; i++)
        {
            uint outer = reader.U32();
            Direct(ref reader, outer, names);
        }
    }
}
