namespace Hornet.Compiler.Machine;

/// <summary>The allocation is wrong: our bug.</summary>
internal sealed class RegAllocException(string message) : InvalidOperationException(message);

/// <summary>Executes the allocated code symbolically: knows at each point which virtual registers' values each location holds (the
/// intersection over all paths), and checks that every operand finds its own. It takes nothing from the allocator but its answers.</summary>
internal sealed class RegAllocChecker
{
    private readonly VCode _code;
    private readonly RegAlloc _alloc;
    private readonly Dictionary<Loc, HashSet<int>>?[] _in;
    private Dictionary<Loc, HashSet<int>> _state = [];

    private RegAllocChecker(VCode code, RegAlloc alloc)
    {
        (_code, _alloc) = (code, alloc);
        _in = new Dictionary<Loc, HashSet<int>>?[code.Blocks.Count];
    }

    public static void Check(VCode code, RegAlloc alloc) => new RegAllocChecker(code, alloc).Run();

    private void Run()
    {
        _in[0] = [];
        var queue = new Queue<int>([0]);
        while (queue.Count > 0)
        {
            int block = queue.Dequeue();
            // What is known shrinks from visit to visit: the first fault found is where it began.
            Execute(block);
            foreach (int succ in _code.Succs(block))
                if (Merge(block, succ))
                    queue.Enqueue(succ);
        }
    }

    private bool Merge(int block, int succ)
    {
        Dictionary<Loc, HashSet<int>> state = Copy(_state);
        ReadOnlySpan<int> args = _code.Args(block), parameters = _code.Params(succ);
        foreach ((Loc _, HashSet<int> set) in state)
        {
            var renamed = new List<int>();
            for (int i = 0; i < args.Length; i++)
                if (set.Contains(args[i]))
                    renamed.Add(parameters[i]);
            foreach (int parameter in parameters) set.Remove(parameter);
            set.UnionWith(renamed);
        }
        if (_in[succ] is not { } known)
        {
            _in[succ] = state;
            return true;
        }
        bool changed = false;
        foreach ((Loc loc, HashSet<int> set) in known)
        {
            int before = set.Count;
            if (state.TryGetValue(loc, out HashSet<int>? other)) set.IntersectWith(other);
            else set.Clear();
            changed |= set.Count != before;
        }
        return changed;
    }

    private static Dictionary<Loc, HashSet<int>> Copy(Dictionary<Loc, HashSet<int>> state) =>
        state.ToDictionary(pair => pair.Key, pair => new HashSet<int>(pair.Value));

    private void Execute(int block)
    {
        _state = Copy(_in[block]!);
        int next = 0;
        ReadOnlySpan<RegMove> moves = _alloc.Moves;
        while (next < moves.Length && moves[next].Inst < _code.Blocks[block].First) next++;
        for (int i = _code.Blocks[block].First; i < _code.Blocks[block].End; i++)
        {
            for (; next < moves.Length && moves[next].Inst == i && moves[next].Phase < MovePhase.After; next++) Apply(moves[next]);
            ExecuteInst(i);
            for (; next < moves.Length && moves[next].Inst == i; next++) Apply(moves[next]);
        }
    }

    private void ExecuteInst(int i)
    {
        MInst inst = _code.Insts[i];
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        int reused = -1;
        foreach (Operand operand in operands)
            if (operand.Where == OperandWhere.Reuse)
                reused = operand.Extra;
        for (int k = 0; k < operands.Length; k++)
        {
            Operand operand = operands[k];
            Loc loc = _alloc.Allocs[inst.OperandStart + k];
            bool placed = operand.Where switch
            {
                OperandWhere.Any => loc.IsReg || (loc.IsSlot && !operand.IsDef) || loc == Loc.Remat,
                OperandWhere.Fixed => loc == Loc.Reg(operand.FixedReg),
                OperandWhere.Reuse => loc == _alloc.Allocs[inst.OperandStart + operand.Extra] && loc.IsReg,
                _ => loc.IsReg,
            };
            if (!placed) throw Fault(i, $"operand {k} (v{operand.VReg}) lies in {loc}");
            if (loc.IsReg && loc.PReg.IsVector != _code.IsVectorClass(operand.VReg)) throw Fault(i, $"operand {k} lies in the wrong class");
            if (operand.IsDef) continue;
            if (loc == Loc.Remat) continue;
            if (!_state.TryGetValue(loc, out HashSet<int>? held) || !held.Contains(operand.VReg))
                throw Fault(i, $"operand {k} wants v{operand.VReg} in {loc}, which holds {string.Join(',', held ?? [])}");
            for (int d = 0; d < operands.Length; d++)
            {
                if (!operands[d].IsDef || _alloc.Allocs[inst.OperandStart + d] != loc || k == reused) continue;
                if (operand.Where == OperandWhere.Fixed && operands[d].Where == OperandWhere.Fixed) continue; // the instruction says so
                if (operands[d].Role == OperandRole.EarlyDef || operand.Role == OperandRole.LateUse || operands[d].Where == OperandWhere.Reuse)
                    throw Fault(i, $"operand {k} is overwritten by operand {d} before it is read");
            }
        }
        if (inst.Has(InstTraits.Call | InstTraits.ClobbersAll))
        {
            ulong kept = inst.Has(InstTraits.ClobbersAll) ? 0 : _code.CalleeSaved;
            foreach (Loc loc in _state.Keys.ToArray())
                if (loc.IsReg && (kept >> loc.Code & 1) == 0)
                    _state.Remove(loc);
            CheckFrameValues(i);
        }
        for (int k = 0; k < operands.Length; k++)
        {
            if (!operands[k].IsDef) continue;
            foreach (HashSet<int> set in _state.Values) set.Remove(operands[k].VReg);
        }
        for (int k = 0; k < operands.Length; k++)
            if (operands[k].IsDef)
                _state[_alloc.Allocs[inst.OperandStart + k]] = [operands[k].VReg];
    }

    private void CheckFrameValues(int i)
    {
        foreach ((int at, int vreg) in _alloc.FrameValues)
            if (at == i && (!_state.TryGetValue(Loc.Slot(_alloc.SlotOf(vreg)), out HashSet<int>? held) || !held.Contains(vreg)))
                throw Fault(i, $"the stack map says that v{vreg} is in slot {_alloc.SlotOf(vreg)}");
        // The collector may move objects, and knows of what the map lists: no other place holds a reference afterwards.
        HashSet<Loc> listed = [];
        foreach ((int at, int vreg) in _alloc.FrameValues)
            if (at == i) listed.Add(Loc.Slot(_alloc.SlotOf(vreg)));
        foreach ((Loc loc, HashSet<int> set) in _state)
            if (!listed.Contains(loc))
                set.RemoveWhere(vreg => _code.VRegs[vreg] == RegKind.Ref);
    }

    private void Apply(in RegMove move)
    {
        if (move.From == Loc.Remat)
        {
            _state[move.To] = [move.VReg];
            return;
        }
        _state.TryGetValue(move.From, out HashSet<int>? held);
        if (held is null || !held.Contains(move.VReg)) throw Fault(move.Inst, $"move {move} reads what is not there: {string.Join(',', held ?? [])}");
        _state[move.To] = held is null ? [] : [.. held];
    }

    private RegAllocException Fault(int inst, string message) => new($"instruction {inst}: {message}");
}
