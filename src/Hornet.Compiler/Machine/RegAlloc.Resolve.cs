using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <content>After the scan: frame slots, the location of each operand, and the moves between parts of intervals.</content>
internal sealed partial class RegAlloc
{
    /// <summary>A slot is written after the definition, unless every place where the value leaves its register is colder.</summary>
    private void DecideStores()
    {
        _spilled.Clear();
        for (int v = 0; v < _vregs.Count; v++)
        {
            ref VRegState state = ref _vregs[v];
            if (!state.HasSlot || state.Remat) continue;
            _spilled.Add((long)Start(state.Interval) << 32 | (uint)v);
            MBlock home = _code.Blocks[state.DefBlock];
            int colder = 0, others = 0;
            for (int part = state.Interval; part >= 0; part = _intervals[part].NextChild)
            {
                if (!_intervals[part].Loc.IsSlot) continue;
                MBlock block = _code.Blocks[_instBlock[Start(part) / PositionsPerInst]];
                if (block.LoopDepth < home.LoopDepth || (block.Cold && !home.Cold)) colder++;
                else others++;
            }
            state.StoreAtDef = others > 0 || colder > 2;
        }
        _spilled.AsSpan().Sort();
    }

    private void AssignSlots()
    {
        SlotCount = 0;
        _slotEnds.Clear();
        // Vectors first, so that their pairs stay aligned.
        for (int pass = 0; pass < 2; pass++)
        {
            int units = pass == 0 ? 2 : 1;
            int firstSlot = _slotEnds.Count;
            foreach (long key in _spilled.AsSpan())
            {
                int v = (int)key;
                if ((_code.VRegs[v] == RegKind.Vector) != (pass == 0)) continue;
                int interval = _vregs[v].Interval;
                int last = interval;
                while (_intervals[last].NextChild >= 0) last = _intervals[last].NextChild;
                int found = -1;
                for (int i = firstSlot; i < _slotEnds.Count && found < 0; i++)
                    if (_slotEnds[i].End <= Start(interval))
                        found = i;
                if (found < 0)
                {
                    found = _slotEnds.Add((0, SlotCount));
                    SlotCount += units;
                }
                _slotEnds[found].End = End(last);
                _vregs[v].Slot = _slotEnds[found].Slot;
            }
        }
    }

    private void AssignOperands()
    {
        _allocs.Reset(_code.Operands.Count, Loc.None);
        _moves.Clear();
        for (int i = 0; i < _code.Insts.Count; i++)
        {
            ref MInst inst = ref _code.Insts[i];
            ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
            int at = i * PositionsPerInst;
            for (int k = 0; k < operands.Length; k++)
            {
                Operand operand = operands[k];
                ref Loc alloc = ref _allocs[inst.OperandStart + k];
                if (operand.Where == OperandWhere.Fixed)
                {
                    alloc = Loc.Reg(operand.FixedReg);
                    UsedRegs |= 1UL << operand.Extra;
                    if (operand.IsDef) Move(i, MovePhase.After, operand.VReg, alloc, LocAt(operand.VReg, at + 3));
                    else Move(i, MovePhase.Operand, operand.VReg, LocAt(operand.VReg, at), alloc);
                    continue;
                }
                alloc = LocAt(operand.VReg, operand.IsDef ? DefinedAt(operand.VReg) : at + 1);
            }
            for (int k = 0; k < operands.Length; k++)
            {
                if (operands[k].Where != OperandWhere.Reuse) continue;
                int used = operands[k].Extra;
                Loc target = _allocs[inst.OperandStart + k];
                Move(i, MovePhase.Operand, operands[used].VReg, LocAt(operands[used].VReg, at), target);
                _allocs[inst.OperandStart + used] = target;
            }
            foreach (Operand operand in operands)
            {
                if (!operand.IsDef || !_vregs[operand.VReg].StoreAtDef) continue;
                Loc home = LocAt(operand.VReg, DefinedAt(operand.VReg));
                if (home.IsReg) Move(i, MovePhase.DefStore, operand.VReg, home, Loc.Slot(_vregs[operand.VReg].Slot));
            }
        }
    }

    private void Move(int inst, MovePhase phase, int vreg, Loc from, Loc to)
    {
        if (from == to || to == Loc.Remat) return;
        _moves.Add(new RegMove(inst, phase, vreg, from, to));
    }

    private void Resolve()
    {
        for (int v = 0; v < _vregs.Count; v++)
        {
            int first = _vregs[v].Interval;
            if (first < 0) continue;
            bool param = _vregs[v].DefInst < 0;
            if (param && _vregs[v].StoreAtDef)
            {
                // Not where the interval begins: blocks that the defining one dominates may lie before it (it is cold, or its loop is rotated).
                int block = _vregs[v].DefBlock;
                Loc home = LocAt(v, StartOf(block));
                if (home.IsReg) Move(_code.Blocks[block].First, MovePhase.ParamStore, v, home, Loc.Slot(_vregs[v].Slot));
            }
            if (_intervals[first].NextChild < 0) continue;
            for (int part = first; part >= 0; part = _intervals[part].NextChild)
            {
                int next = _intervals[part].NextChild;
                if (next >= 0 && Start(next) == End(part) && StartOf(_instBlock[Start(next) / PositionsPerInst]) != Start(next))
                    Transfer(Start(next) / PositionsPerInst, MovePhase.Split, v, LocOf(part), LocOf(next));
                for (int range = _intervals[part].FirstRange; range >= 0; range = _ranges[range].Next) ResolveBlocks(v, part, _ranges[range]);
            }
        }
        for (int block = 0; block < _code.Blocks.Count; block++)
        {
            ReadOnlySpan<int> args = _code.Args(block);
            if (args.IsEmpty) continue;
            int succ = _code.Succs(block)[0];
            ReadOnlySpan<int> parameters = _code.Params(succ);
            int last = _code.Blocks[block].End - 1;
            for (int k = 0; k < args.Length; k++)
                Move(last, MovePhase.BlockEnd, args[k], LocAt(args[k], last * PositionsPerInst + 1), LocAt(parameters[k], StartOf(succ)));
        }
    }

    /// <summary>Where a value flows into a block that it is expected to enter elsewhere, the edge moves it.</summary>
    private void ResolveBlocks(int v, int part, Range range)
    {
        int block = _instBlock[range.From / PositionsPerInst];
        if (StartOf(block) < range.From) block++;
        for (; block < _code.Blocks.Count && StartOf(block) < range.To; block++)
        {
            if (block == _vregs[v].DefBlock) continue;
            Loc to = LocOf(part);
            foreach (int pred in _code.Preds(block))
            {
                Loc from = LocAt(v, EndOf(pred) - 1);
                if (_code.Blocks[pred].SuccCount == 1) Transfer(_code.Blocks[pred].End - 1, MovePhase.BlockEnd, v, from, to);
                else Transfer(_code.Blocks[block].First, MovePhase.BlockStart, v, from, to);
            }
        }
    }

    private void Transfer(int inst, MovePhase phase, int v, Loc from, Loc to)
    {
        // The slot has had the value since its definition.
        if (to.IsSlot && _vregs[v].StoreAtDef) return;
        Move(inst, phase, v, from, to);
    }

    private void CollectFrameValues()
    {
        _frameValues.Clear();
        if (_calls.Count + _clobberAlls.Count == 0) return;
        for (int v = 0; v < _vregs.Count; v++)
        {
            if (_vregs[v].Interval < 0 || _code.VRegs[v] != RegKind.Ref || _vregs[v].Remat) continue;
            for (int part = _vregs[v].Interval; part >= 0; part = _intervals[part].NextChild)
                for (int range = _intervals[part].FirstRange; range >= 0; range = _ranges[range].Next)
                {
                    AddFrameValues(v, _calls, _ranges[range]);
                    AddFrameValues(v, _clobberAlls, _ranges[range]);
                }
        }
        _frameValues.AsSpan().Sort(static (a, b) => a.Inst != b.Inst ? a.Inst.CompareTo(b.Inst) : a.VReg.CompareTo(b.VReg));
    }

    private void AddFrameValues(int v, FlatList<int> calls, Range range)
    {
        Span<int> span = calls.AsSpan();
        for (int i = LowerBound(span, range.From); i < span.Length && span[i] < range.To; i++) _frameValues.Add((span[i] / PositionsPerInst, v));
    }

    /// <summary>The parts of a virtual register's interval, where they lie and where they are used: for hunting our bugs.</summary>
    public string Describe(int vreg)
    {
        VRegState state = _vregs[vreg];
        var text = new System.Text.StringBuilder($"v{vreg} defined by {state.DefInst} in {state.DefBlock}, slot {(state.HasSlot ? state.Slot : -1)}\n");
        for (int part = state.Interval; part >= 0; part = _intervals[part].NextChild)
        {
            text.Append($"  {_intervals[part].Loc}:");
            for (int r = _intervals[part].FirstRange; r >= 0; r = _ranges[r].Next) text.Append($" [{_ranges[r].From},{_ranges[r].To})");
            text.Append(" uses");
            for (int u = _intervals[part].FirstUse; u >= 0; u = _points[u].Next) text.Append($" {_points[u].Position}{(_points[u].MustBeRegister ? "!" : "")}");
            text.Append('\n');
        }
        return text.ToString();
    }
}
