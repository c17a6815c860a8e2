using Hornet.Base;

namespace Hornet.Text;

/// <summary>Byte strings as numbers, so that the parser compares and stores integers. Numbers are given in order of first appearance.</summary>
sealed class NameTable
{
    readonly ByteBuffer _bytes = new(1024);
    readonly List<int> _ends = [];
    int[] _slots = new int[256];

    /// <summary>How many different ones there are.</summary>
    public int Count => _ends.Count;

    public ReadOnlySpan<byte> this[int id] => _bytes.Written[(id == 0 ? 0 : _ends[id - 1]).._ends[id]];

    /// <summary>The number of these bytes, a new one where they are new.</summary>
    public int Intern(ReadOnlySpan<byte> bytes)
    {
        int mask = _slots.Length - 1, slot = Hash(bytes) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (this[_slots[slot] - 1].SequenceEqual(bytes)) return _slots[slot] - 1;
        _bytes.Append(bytes);
        _ends.Add(_bytes.Length);
        _slots[slot] = _ends.Count;
        if (_ends.Count * 2 > _slots.Length) Rehash();
        return _ends.Count - 1;
    }

    void Rehash()
    {
        _slots = new int[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int id = 0; id < _ends.Count; id++)
        {
            int slot = Hash(this[id]) & mask;
            while (_slots[slot] != 0) slot = (slot + 1) & mask;
            _slots[slot] = id + 1;
        }
    }

    // Seeded by the process: hostile input cannot be prepared to collide.
    static int Hash(ReadOnlySpan<byte> bytes)
    {
        HashCode hash = default;
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}

/// <summary>One index space: which identifier stands for which index, and the names to be written to the name section.</summary>
/// <param name="kind">As error messages say it: "unknown <c>function</c> $x".</param>
/// <param name="shortKind">As the specification's suite says it: "duplicate <c>func</c>".</param>
sealed class IndexSpace(string kind, string shortKind)
{
    int[] _indices = [];
    readonly List<int> _bound = [];
    readonly List<(int Index, int Name)> _names = [];

    public string Kind => kind;
    public string ShortKind => shortKind;

    /// <summary>How many indices are taken.</summary>
    public int Count { get; set; }

    /// <summary>For the name section, by ascending index.</summary>
    public List<(int Index, int Name)> Names => _names;

    /// <summary>Lets an identifier stand for an index; false where it stands for another already.</summary>
    public bool Bind(int name, int index)
    {
        if (name >= _indices.Length) Array.Resize(ref _indices, Math.Max(name + 16, _indices.Length * 2));
        if (_indices[name] != 0) return false;
        _indices[name] = index + 1;
        _bound.Add(name);
        return true;
    }

    /// <summary>The index that an identifier stands for, or -1.</summary>
    public int Find(int name) => name < _indices.Length ? _indices[name] - 1 : -1;

    public void Clear()
    {
        foreach (int name in _bound) _indices[name] = 0;
        _bound.Clear();
        _names.Clear();
        Count = 0;
    }
}
