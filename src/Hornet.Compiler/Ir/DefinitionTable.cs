namespace Hornet.Compiler.Ir;

/// <summary>(block, variable) → value: open addressing, cleared in constant time by a generation number.</summary>
internal sealed class DefinitionTable
{
    private struct Slot
    {
        public ulong Key;
        public int Value;
        public int Generation;
    }

    private Slot[] _slots = new Slot[256];
    private int _count;
    private int _generation = 1;

    public void Clear()
    {
        _count = 0;
        if (++_generation != 0) return;
        Array.Clear(_slots);
        _generation = 1;
    }

    public int Get(int block, int variable)
    {
        ref Slot slot = ref Find(_slots, Key(block, variable));
        return slot.Generation == _generation ? slot.Value : -1;
    }

    public void Set(int block, int variable, int value)
    {
        ref Slot slot = ref Find(_slots, Key(block, variable));
        if (slot.Generation != _generation)
        {
            if (_count * 4 >= _slots.Length * 3)
            {
                Grow();
                slot = ref Find(_slots, Key(block, variable));
            }
            _count++;
            slot.Key = Key(block, variable);
            slot.Generation = _generation;
        }
        slot.Value = value;
    }

    private static ulong Key(int block, int variable) => (ulong)(uint)block << 32 | (uint)variable;

    private ref Slot Find(Slot[] slots, ulong key)
    {
        int mask = slots.Length - 1;
        for (int i = (int)((key * 0x9E3779B97F4A7C15) >> 40) & mask; ; i = (i + 1) & mask)
        {
            ref Slot slot = ref slots[i];
            if (slot.Generation != _generation || slot.Key == key) return ref slot;
        }
    }

    private void Grow()
    {
        var larger = new Slot[_slots.Length * 2];
        foreach (Slot slot in _slots)
            if (slot.Generation == _generation)
                Find(larger, slot.Key) = slot;
        _slots = larger;
    }
}
