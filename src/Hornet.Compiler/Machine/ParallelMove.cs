using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <summary>Turns moves that happen at once into moves one after the other. A move is ready when nothing still wants to read what
/// it overwrites; when none is ready, the rest are cycles, and a scratch register opens one. Constants are made last. A move from slot to slot is
/// left as it is: the target does it without the scratch registers.</summary>
internal sealed class ParallelMove
{
    private readonly FlatList<RegMove> _pending = new(16);
    private int[] _readers = new int[64];

    public void Run(ReadOnlySpan<RegMove> moves, VCode code, FlatList<RegMove> output)
    {
        _pending.Clear();
        int most = 0;
        foreach (RegMove move in moves) most = Math.Max(most, Math.Max(move.From.Code, move.To.Code));
        if (_readers.Length <= most) Array.Resize(ref _readers, most + 64);
        foreach (RegMove move in moves)
        {
            if (move.From == Loc.Remat) continue;
            _pending.Add(move);
            _readers[move.From.Code]++;
        }
        int done = 0;
        while (done < _pending.Count)
        {
            bool progress = false;
            for (int i = 0; i < _pending.Count; i++)
            {
                RegMove move = _pending[i];
                if (move.Inst < 0 || _readers[move.To.Code] > 0) continue;
                output.Add(move);
                _readers[move.From.Code]--;
                _pending[i] = move with { Inst = -1 };
                done++;
                progress = true;
            }
            if (progress || done == _pending.Count) continue;
            OpenCycle(code, output);
        }
        foreach (RegMove move in moves)
            if (move.From == Loc.Remat)
                output.Add(move);
    }

    /// <summary>Saves what one move of a cycle would overwrite, and lets its readers read the copy.</summary>
    private void OpenCycle(VCode code, FlatList<RegMove> output)
    {
        int first = 0;
        while (_pending[first].Inst < 0) first++;
        Loc blocked = _pending[first].To;
        int vreg = -1;
        foreach (RegMove move in _pending.AsSpan())
            if (move.Inst >= 0 && move.From == blocked)
                vreg = move.VReg;
        Loc scratch = Loc.Reg(code.IsVectorClass(vreg) ? code.ScratchVector : code.ScratchInt);
        output.Add(_pending[first] with { VReg = vreg, From = blocked, To = scratch });
        for (int i = 0; i < _pending.Count; i++)
            if (_pending[i].Inst >= 0 && _pending[i].From == blocked)
            {
                _pending[i] = _pending[i] with { From = scratch };
                _readers[blocked.Code]--;
                _readers[scratch.Code]++;
            }
    }
}
