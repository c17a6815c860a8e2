using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <content>Building the live intervals.</content>
internal sealed partial class RegAlloc
{
    private const int PositionsPerInst = 4; // moves before, read, write, moves after

    private struct Range
    {
        public int From, To, Next;
    }

    private struct UsePoint
    {
        public int Position, Next;
        public bool MustBeRegister;
    }

    private struct Interval
    {
        public int VReg;
        public int FirstRange, LastRange;
        public int FirstUse;
        public int NextChild;
        /// <summary>The range that the scan has reached.</summary>
        public int Cursor;
        public Loc Loc;
        public bool IsChild;
    }

    private struct VRegState
    {
        public int DefInst;     // -1: a block parameter
        public int DefBlock;
        public int UseStart;    // in _uses
        public int UseCount;
        public int Interval;
        public int HintVReg, HintVReg2;
        public PReg Hint;
        public bool Remat, HasSlot, StoreAtDef;
        public int Slot;
    }

    private readonly record struct Use(int Position, int End, int Block, bool MustBeRegister);

    private readonly FlatList<VRegState> _vregs = new(512);
    private readonly FlatList<Use> _uses = new(1024);
    private readonly FlatList<Range> _ranges = new(1024);
    private readonly FlatList<UsePoint> _points = new(1024);
    private readonly FlatList<Interval> _intervals = new(512);
    private readonly FlatList<int> _calls = new(64);
    private readonly FlatList<int> _clobberAlls = new(8);
    private readonly FlatList<(int From, int To)>[] _fixed = new FlatList<(int, int)>[PReg.Count];
    private readonly FlatList<int> _blockEnd = new(64);
    private readonly FlatList<int> _blockStamp = new(64);
    private readonly FlatList<int> _touched = new(64);
    private readonly FlatList<int> _stack = new(64);
    private readonly FlatList<int> _instBlock = new(512);

    private int StartOf(int block) => _code.Blocks[block].First * PositionsPerInst;

    private int EndOf(int block) => _code.Blocks[block].End * PositionsPerInst;

    private void CollectUses()
    {
        _vregs.Reset(_code.VRegs.Count, new VRegState { DefInst = -1, DefBlock = -1, Interval = -1, HintVReg = -1, HintVReg2 = -1, Hint = PReg.None, Slot = -1 });
        _calls.Clear();
        _clobberAlls.Clear();
        foreach (FlatList<(int, int)> list in _fixed) list.Clear();
        _instBlock.Reset(_code.Insts.Count, 0);

        for (int block = 0; block < _code.Blocks.Count; block++)
        {
            foreach (int param in _code.Params(block)) _vregs[param].DefBlock = block;
            foreach (int arg in _code.Args(block)) _vregs[arg].UseCount++;
            for (int i = _code.Blocks[block].First; i < _code.Blocks[block].End; i++)
            {
                _instBlock[i] = block;
                foreach (Operand operand in _code.OperandsOf(_code.Insts[i]))
                {
                    ref VRegState state = ref _vregs[operand.VReg];
                    if (operand.IsDef) (state.DefInst, state.DefBlock, state.Remat) = (i, block, _code.Insts[i].Has(InstTraits.Remat));
                    else state.UseCount++;
                }
            }
        }
        int start = 0;
        for (int v = 0; v < _vregs.Count; v++)
        {
            _vregs[v].UseStart = start;
            start += _vregs[v].UseCount;
            _vregs[v].UseCount = 0;
        }
        _uses.Reset(start, default);
        for (int block = 0; block < _code.Blocks.Count; block++)
        {
            for (int i = _code.Blocks[block].First; i < _code.Blocks[block].End; i++) CollectInst(block, i);
            CollectArgs(block);
        }
    }

    private void CollectInst(int block, int i)
    {
        ref MInst inst = ref _code.Insts[i];
        int at = i * PositionsPerInst;
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        int reused = -1, reuser = -1;
        for (int k = 0; k < operands.Length; k++)
            if (operands[k].Where == OperandWhere.Reuse)
                (reuser, reused) = (k, operands[k].Extra);
        for (int k = 0; k < operands.Length; k++)
        {
            Operand operand = operands[k];
            if (operand.Where == OperandWhere.Fixed)
            {
                // The moves around the instruction deal with fixed registers; only the register is occupied.
                int from = operand.IsDef ? (inst.Has(InstTraits.LiveIn) ? at : at + 2) : at + 1;
                int to = operand.IsDef ? at + 3 : operand.Role == OperandRole.LateUse ? at + 3 : at + 2;
                if (operand.Role == OperandRole.EarlyDef) from = at + 1;
                FlatList<(int From, int To)> list = _fixed[operand.Extra];
                // A use and a definition of the same register in one instruction are one piece.
                if (list.Count > 0 && list[list.Count - 1].To >= from) list[list.Count - 1] = (Math.Min(list[list.Count - 1].From, from), Math.Max(list[list.Count - 1].To, to));
                else list.Add((from, to));
                ref VRegState hinted = ref _vregs[operand.VReg];
                if (hinted.Hint.IsNone || operand.IsDef) hinted.Hint = operand.FixedReg;
            }
            if (operand.IsDef)
            {
                if (operand.Where == OperandWhere.Reuse) Hint(operand.VReg, operands[reused].VReg);
                continue;
            }
            bool before = operand.Where == OperandWhere.Fixed || k == reused;
            int end = before ? at + 1 : operand.Role == OperandRole.LateUse ? at + 3 : at + 2;
            bool must = !before && (operand.Where == OperandWhere.Register || (_vregs[operand.VReg].Remat && operand.Role != OperandRole.LateUse));
            AddUse(operand.VReg, new Use(before ? at : at + 1, end, block, must));
            if (k == reused && reuser >= 0) Hint(operand.VReg, operands[reuser].VReg);
        }
        if (inst.Has(InstTraits.ClobbersAll)) _clobberAlls.Add(at + 2);
        else if (inst.Has(InstTraits.Call)) _calls.Add(at + 2);
    }

    private void CollectArgs(int block)
    {
        ReadOnlySpan<int> args = _code.Args(block);
        if (args.IsEmpty) return;
        int last = _code.Blocks[block].End - 1;
        ReadOnlySpan<int> parameters = _code.Params(_code.Succs(block)[0]);
        for (int k = 0; k < args.Length; k++)
        {
            // Read by the moves before the final jump.
            AddUse(args[k], new Use(last * PositionsPerInst + 1, last * PositionsPerInst + 2, block, false));
            Hint(args[k], parameters[k]);
            Hint(parameters[k], args[k]);
        }
    }

    private void AddUse(int vreg, Use use)
    {
        ref VRegState state = ref _vregs[vreg];
        _uses[state.UseStart + state.UseCount++] = use;
    }

    private void Hint(int vreg, int other)
    {
        ref VRegState state = ref _vregs[vreg];
        if (state.HintVReg < 0) state.HintVReg = other;
        else if (state.HintVReg2 < 0) state.HintVReg2 = other;
    }

    private void BuildIntervals()
    {
        _ranges.Clear();
        _points.Clear();
        _intervals.Clear();
        _blockEnd.Reset(_code.Blocks.Count, 0);
        _blockStamp.Reset(_code.Blocks.Count, -1);
        for (int v = 0; v < _vregs.Count; v++)
            if (_vregs[v].DefBlock >= 0)
                BuildInterval(v);
    }

    /// <summary>Walks from each use upwards to the definition, remembering how far into each block the value lives.</summary>
    private void BuildInterval(int v)
    {
        VRegState state = _vregs[v];
        _touched.Clear();
        int start = DefinedAt(v);
        Touch(v, state.DefBlock, start + 1);
        Span<Use> uses = _uses.AsSpan().Slice(state.UseStart, state.UseCount);
        // In order but for the operands of one instruction.
        for (int i = 1; i < uses.Length; i++)
            for (int k = i; k > 0 && uses[k - 1].Position > uses[k].Position; k--)
                (uses[k - 1], uses[k]) = (uses[k], uses[k - 1]);
        foreach (Use use in uses)
        {
            if (Touch(v, use.Block, use.End) || use.Block == state.DefBlock) continue;
            _stack.Add(use.Block);
            while (_stack.Count > 0)
                foreach (int pred in _code.Preds(_stack.Pop()))
                    if (!Touch(v, pred, EndOf(pred)) && pred != state.DefBlock)
                        _stack.Add(pred);
        }
        SortBlocks(_touched.AsSpan());
        int interval = _intervals.Add(new Interval { VReg = v, FirstRange = -1, LastRange = -1, FirstUse = -1, NextChild = -1, Cursor = -1, Loc = Loc.None });
        foreach (int block in _touched.AsSpan())
            AppendRange(interval, block == state.DefBlock ? start : StartOf(block), _blockEnd[block]);
        _vregs[v].Interval = interval;
        int last = -1;
        if (state.DefInst >= 0 && DefinitionNeedsRegister(v)) last = AppendPoint(interval, last, start, true);
        foreach (Use use in uses) last = AppendPoint(interval, last, use.Position, use.MustBeRegister);
        _intervals[interval].Cursor = _intervals[interval].FirstRange;
    }

    /// <summary>Shell's sort: the library's allocates, and most values live in few blocks.</summary>
    private static void SortBlocks(Span<int> blocks)
    {
        int gap = 1;
        while (gap < blocks.Length / 3) gap = 3 * gap + 1;
        for (; gap > 0; gap /= 3)
            for (int i = gap; i < blocks.Length; i++)
            {
                int block = blocks[i], k = i;
                for (; k >= gap && blocks[k - gap] > block; k -= gap) blocks[k] = blocks[k - gap];
                blocks[k] = block;
            }
    }

    private int DefinedAt(int v)
    {
        ref VRegState state = ref _vregs[v];
        if (state.DefInst < 0) return StartOf(state.DefBlock);
        int at = state.DefInst * PositionsPerInst;
        foreach (Operand operand in _code.OperandsOf(_code.Insts[state.DefInst]))
            if (operand.IsDef && operand.VReg == v)
                return operand.Where == OperandWhere.Fixed ? at + 3
                    : operand.Where == OperandWhere.Reuse || operand.Role == OperandRole.EarlyDef ? at + 1 : at + 2;
        throw new InvalidOperationException("no definition");
    }

    /// <summary>A fixed definition is moved away after its instruction, and that move may go to a frame slot.</summary>
    private bool DefinitionNeedsRegister(int v)
    {
        foreach (Operand operand in _code.OperandsOf(_code.Insts[_vregs[v].DefInst]))
            if (operand.IsDef && operand.VReg == v)
                return operand.Where != OperandWhere.Fixed;
        return true;
    }

    /// <summary>The value lives in the block up to <paramref name="end"/>; returns whether it was known to live there.</summary>
    private bool Touch(int v, int block, int end)
    {
        bool known = _blockStamp[block] == v;
        if (!known)
        {
            _blockStamp[block] = v;
            _blockEnd[block] = end;
            _touched.Add(block);
        }
        else if (_blockEnd[block] < end)
        {
            _blockEnd[block] = end;
        }
        return known;
    }

    private void AppendRange(int interval, int from, int to)
    {
        ref Interval data = ref _intervals[interval];
        if (data.LastRange >= 0 && _ranges[data.LastRange].To == from)
        {
            _ranges[data.LastRange].To = to;
            return;
        }
        int range = _ranges.Add(new Range { From = from, To = to, Next = -1 });
        if (data.LastRange < 0) data.FirstRange = range;
        else _ranges[data.LastRange].Next = range;
        data.LastRange = range;
    }

    private int AppendPoint(int interval, int last, int position, bool must)
    {
        int point = _points.Add(new UsePoint { Position = position, MustBeRegister = must, Next = -1 });
        if (last < 0) _intervals[interval].FirstUse = point;
        else _points[last].Next = point;
        return point;
    }

    private int Start(int interval) => _ranges[_intervals[interval].FirstRange].From;

    private int End(int interval) => _ranges[_intervals[interval].LastRange].To;

    /// <summary>The part of an interval (or of one of its children) that covers a position.</summary>
    private int Covering(int interval, int position)
    {
        while (_intervals[interval].NextChild >= 0 && Start(_intervals[interval].NextChild) <= position) interval = _intervals[interval].NextChild;
        return interval;
    }

    private Loc LocAt(int vreg, int position) => LocOf(Covering(_vregs[vreg].Interval, position));

    private Loc LocOf(int interval)
    {
        Loc loc = _intervals[interval].Loc;
        int vreg = _intervals[interval].VReg;
        return loc.IsSlot ? (_vregs[vreg].Remat ? Loc.Remat : Loc.Slot(_vregs[vreg].Slot)) : loc;
    }
}
