using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Finds the instruction that computed the same before: open addressing over a hash of operator, types, operands, and (for memory) a
/// version of what it reads. Cleared in constant time.</summary>
internal sealed class ValueTable
{
    private struct Slot
    {
        public int Generation;
        public int Hash;
        public int Version;
        public Inst Inst;
        public Value Value;
    }

    private Slot[] _slots = new Slot[512];
    private int _count;
    private int _generation = 1;

    public void Clear()
    {
        _count = 0;
        _generation++;
    }

    /// <summary>The entry for an instruction like this one, created empty (no value) if there is none. The reference is valid until the
    /// next call.</summary>
    public ref Value Find(Function function, Inst inst, int version)
    {
        InstData data = function[inst];
        int hash = HashOf(data, version);
        if (_count * 4 >= _slots.Length * 3) Grow();
        int mask = _slots.Length - 1;
        for (int i = hash & mask; ; i = (i + 1) & mask)
        {
            ref Slot slot = ref _slots[i];
            if (slot.Generation != _generation)
            {
                _count++;
                slot = new Slot { Generation = _generation, Hash = hash, Version = version, Inst = inst, Value = Value.None };
                return ref slot.Value;
            }
            if (slot.Hash == hash && slot.Version == version && Same(function[slot.Inst], data)) return ref slot.Value;
        }
    }

    private static bool Same(in InstData a, in InstData b) =>
        a.Op == b.Op && a.Type == b.Type && a.Lane == b.Lane && a.Cond == b.Cond && a.A == b.A && a.B == b.B && a.C == b.C && a.Imm == b.Imm
        && a.Mem.Alias == b.Mem.Alias;

    private static int HashOf(in InstData data, int version)
    {
        ulong hash = (ulong)data.Op | (ulong)data.Type << 8 | (ulong)data.Lane << 16 | (ulong)data.Cond << 24 | (ulong)(uint)version << 32;
        hash = (hash ^ (uint)data.A.Index) * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 29) ^ (uint)data.B.Index) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 32) ^ (uint)data.C.Index ^ (ulong)data.Imm) * 0x94D049BB133111EB;
        return (int)(hash >> 33);
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[old.Length * 2];
        int mask = _slots.Length - 1;
        foreach (Slot slot in old)
        {
            if (slot.Generation != _generation) continue;
            int i = slot.Hash & mask;
            while (_slots[i].Generation == _generation) i = (i + 1) & mask;
            _slots[i] = slot;
        }
    }
}
