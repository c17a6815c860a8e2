using Hornet.Base;

namespace Hornet.Compiler.Passes;

/// <summary>What is known at one place of a function: a number by kind and up to two entities. What was learned since a mark is taken back
/// when the walk leaves the blocks that it dominates. Cleared in constant time.</summary>
internal sealed class FactTable
{
    private struct Slot
    {
        public int Generation;
        public ulong Key;
        /// <summary>0: nothing.</summary>
        public ulong Fact;
    }

    private readonly FlatList<(ulong Key, ulong Fact)> _log = new(64);
    private Slot[] _slots = new Slot[256];
    private int _count;
    private int _generation = 1;

    /// <summary>Give this to <see cref="ReturnTo"/>.</summary>
    public int Mark => _log.Count;

    public void Clear()
    {
        _log.Clear();
        _count = 0;
        _generation++;
    }

    public static ulong Key(int kind, int a, int b) => (ulong)kind << 62 | (ulong)(uint)a << 31 | (uint)b;

    /// <summary>What is known, or 0.</summary>
    public ulong this[ulong key]
    {
        get => Find(key) is var slot && _slots[slot].Generation == _generation ? _slots[slot].Fact : 0;
        set
        {
            int slot = Find(key);
            if (_slots[slot].Generation != _generation)
            {
                if (++_count * 4 >= _slots.Length * 3)
                {
                    Grow();
                    slot = Find(key);
                }
                _slots[slot] = new Slot { Generation = _generation, Key = key };
            }
            _log.Add((key, _slots[slot].Fact));
            _slots[slot].Fact = value;
        }
    }

    /// <summary>Forgets what was learned since the mark.</summary>
    public void ReturnTo(int mark)
    {
        while (_log.Count > mark)
        {
            (ulong key, ulong fact) = _log.Pop();
            _slots[Find(key)].Fact = fact;
        }
    }

    /// <summary>The slot of a key, or the free one where it would go.</summary>
    private int Find(ulong key)
    {
        int mask = _slots.Length - 1;
        for (int i = (int)(key * 0x9E3779B97F4A7C15 >> 33) & mask; ; i = (i + 1) & mask)
            if (_slots[i].Generation != _generation || _slots[i].Key == key)
                return i;
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (Slot slot in old)
            if (slot.Generation == _generation)
                _slots[Find(slot.Key)] = slot;
    }
}
