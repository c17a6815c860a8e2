using System.Numerics;
using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <summary>
/// Linear scan over live intervals with holes, with splitting (Wimmer, Mössenböck 2005; Wimmer, Franz 2010). The scan
/// goes through the intervals by start. An interval gets the register that is free longest; where that is not to its end,
/// it is split and the rest queued again. Where none is free, the interval whose next use is farthest (a use in a loop
/// counts as near) gives way: it is split, at the outermost place possible, and lives in its frame slot until its next use.
/// Values are defined once, so a frame slot is written once, after the definition (or where the value is first evicted, when that place is
/// colder). Constants are not spilled but made again.
/// </summary>
internal sealed partial class RegAlloc
{
    private VCode _code = new();
    private readonly FlatList<int> _heap = new(64);
    private readonly FlatList<int> _inactive = new(64);
    private readonly int[] _active = new int[PReg.Count];
    private readonly int[] _freeUntil = new int[PReg.Count];
    // Up to which position a register is the home of a loop's variable: what goes around the loop should come back to it.
    private readonly int[] _homeUntil = new int[PReg.Count];
    private readonly long[] _distance = new long[PReg.Count];
    private readonly FlatList<Loc> _allocs = new(1024);
    private readonly FlatList<RegMove> _moves = new(512);
    private readonly FlatList<RegMove> _sequence = new(512);
    private readonly ParallelMove _parallel = new();
    private readonly FlatList<(int Inst, int VReg)> _frameValues = new(16);
    private readonly FlatList<(int End, int Slot)> _slotEnds = new(16);
    private readonly FlatList<long> _spilled = new(64);

    public RegAlloc()
    {
        for (int i = 0; i < _fixed.Length; i++) _fixed[i] = new FlatList<(int, int)>();
    }

    /// <summary>Where each operand of <see cref="VCode.Operands"/> lies.</summary>
    public ReadOnlySpan<Loc> Allocs => _allocs.AsSpan();

    /// <summary>The moves to insert, in order of instruction and phase.</summary>
    public ReadOnlySpan<RegMove> Moves => _sequence.AsSpan();

    /// <summary>At each call, the values that are in frame slots because somebody wants to find them there, in order.</summary>
    public ReadOnlySpan<(int Inst, int VReg)> FrameValues => _frameValues.AsSpan();

    /// <summary>Frame slots used, in units of 8 bytes; a vector takes two, beginning with an even number.</summary>
    public int SlotCount { get; private set; }

    /// <summary>Registers that are written somewhere.</summary>
    public ulong UsedRegs { get; private set; }

    public int SlotOf(int vreg) => _vregs[vreg].HasSlot && !_vregs[vreg].Remat ? _vregs[vreg].Slot : -1;

    /// <summary>The instruction that defines a value which is made again instead of spilled.</summary>
    public int RematInst(int vreg) => _vregs[vreg].DefInst;

    public void Run(VCode code)
    {
        _code = code;
        UsedRegs = 0;
        CollectUses();
        BuildIntervals();
        Scan();
        DecideStores();
        AssignSlots();
        AssignOperands();
        Resolve();
        CollectFrameValues();
        Sequence();
    }

    /// <summary>Puts the moves in order, and those that happen at once into a sequence that has their effect.</summary>
    private void Sequence()
    {
        _moves.AsSpan().Sort(static (a, b) => a.Inst != b.Inst ? a.Inst.CompareTo(b.Inst) : a.Phase != b.Phase ? ((int)a.Phase).CompareTo((int)b.Phase) : a.To.Code.CompareTo(b.To.Code));
        _sequence.Clear();
        Span<RegMove> moves = _moves.AsSpan();
        ReadFromRegisters(moves);
        for (int start = 0, end; start < moves.Length; start = end)
        {
            end = start + 1;
            while (end < moves.Length && moves[end].Inst == moves[start].Inst && moves[end].Phase == moves[start].Phase) end++;
            if (end == start + 1) _sequence.Add(moves[start]);
            else _parallel.Run(moves[start..end], _code, _sequence);
        }
    }

    /// <summary>A value that leaves its register right before an instruction that wants it in another one is still in the first, unless a
    /// split at the same place has taken it.</summary>
    private void ReadFromRegisters(Span<RegMove> moves)
    {
        int inst = -1;
        ulong taken = 0;
        foreach (ref RegMove move in moves)
        {
            if (move.Inst != inst) (inst, taken) = (move.Inst, 0);
            if (move.Phase == MovePhase.Split && move.To.IsReg) taken |= 1UL << move.To.Code;
            if (move.Phase != MovePhase.Operand || !move.From.IsSlot) continue;
            int position = inst * PositionsPerInst;
            if (StartOf(_instBlock[inst]) == position) continue;
            int before = Covering(_vregs[move.VReg].Interval, position - 1), now = Covering(before, position);
            Loc home = _intervals[before].Loc;
            if (before == now || End(before) != position || !home.IsReg || (taken >> home.Code & 1) != 0) continue;
            move = move with { From = home };
        }
    }

    private void Scan()
    {
        Array.Fill(_active, -1);
        Array.Clear(_homeUntil);
        _inactive.Clear();
        _heap.Clear();
        int initial = _intervals.Count;
        for (int i = 0; i < initial; i++) Push(i);
        while (_heap.Count > 0)
        {
            int current = PopFirst();
            int position = Start(current);
            Advance(position);
            if (!AllocateFree(current, position)) AllocateBlocked(current, position);
        }
    }

    // The queue of intervals by start, ties by number: a binary heap.

    private bool Before(int a, int b) => Start(a) != Start(b) ? Start(a) < Start(b) : a < b;

    private void Push(int interval)
    {
        int i = _heap.Add(interval);
        while (i > 0 && Before(_heap[i], _heap[(i - 1) / 2]))
        {
            (_heap[i], _heap[(i - 1) / 2]) = (_heap[(i - 1) / 2], _heap[i]);
            i = (i - 1) / 2;
        }
    }

    private int PopFirst()
    {
        int first = _heap[0];
        int last = _heap.Pop();
        if (_heap.Count == 0) return first;
        _heap[0] = last;
        int i = 0;
        while (true)
        {
            int child = 2 * i + 1;
            if (child >= _heap.Count) return first;
            if (child + 1 < _heap.Count && Before(_heap[child + 1], _heap[child])) child++;
            if (!Before(_heap[child], _heap[i])) return first;
            (_heap[child], _heap[i]) = (_heap[i], _heap[child]);
            i = child;
        }
    }

    /// <summary>Moves intervals between active (holding its register now), inactive (in a hole) and done.</summary>
    private void Advance(int position)
    {
        for (int r = 0; r < _active.Length; r++)
        {
            int interval = _active[r];
            if (interval < 0) continue;
            if (!Covers(interval, position))
            {
                _active[r] = -1;
                if (_intervals[interval].Cursor >= 0) _inactive.Add(interval);
            }
        }
        int kept = 0;
        for (int i = 0; i < _inactive.Count; i++)
        {
            int interval = _inactive[i];
            if (_intervals[interval].Cursor < 0) continue;
            if (Covers(interval, position)) _active[_intervals[interval].Loc.Code] = interval;
            else if (_intervals[interval].Cursor >= 0) _inactive[kept++] = interval;
        }
        _inactive.Resize(kept, 0);
    }

    private bool Covers(int interval, int position)
    {
        ref Interval data = ref _intervals[interval];
        while (data.Cursor >= 0 && _ranges[data.Cursor].To <= position) data.Cursor = _ranges[data.Cursor].Next;
        return data.Cursor >= 0 && _ranges[data.Cursor].From <= position;
    }

    /// <summary>For each register the first position at which something else needs it while <paramref name="current"/> lives; 0 for one in use.</summary>
    private void ComputeFreeUntil(int current, int position, bool ignoreHolders)
    {
        ulong candidates = Candidates(current);
        int call = FirstIn(current, _calls), clobber = FirstIn(current, _clobberAlls);
        bool inFrame = _code.InFrameAtCalls[_intervals[current].VReg];
        for (ulong set = candidates; set != 0; set &= set - 1)
        {
            int r = BitOperations.TrailingZeroCount(set);
            int until = clobber;
            if (inFrame || (_code.CalleeSaved >> r & 1) == 0) until = Math.Min(until, call);
            until = Math.Min(until, FirstFixed(current, _fixed[r]));
            _freeUntil[r] = _active[r] >= 0 && !ignoreHolders ? 0 : until;
        }
        if (ignoreHolders) return;
        foreach (int other in _inactive.AsSpan())
        {
            int r = _intervals[other].Loc.Code;
            if ((candidates >> r & 1) == 0 || _freeUntil[r] <= position) continue;
            _freeUntil[r] = Math.Min(_freeUntil[r], FirstCommon(current, other));
        }
    }

    private ulong Candidates(int interval) =>
        _code.Allocatable & (_code.IsVectorClass(_intervals[interval].VReg) ? ~0xFFFF_FFFFUL : 0xFFFF_FFFFUL);

    private bool AllocateFree(int current, int position)
    {
        ComputeFreeUntil(current, position, ignoreHolders: false);
        int end = End(current);
        int best = -1;
        ulong candidates = Candidates(current);
        int hinted = HintedRegister(current, candidates, end);
        for (ulong set = candidates; set != 0; set &= set - 1)
        {
            int r = BitOperations.TrailingZeroCount(set);
            if (best < 0 || Better(r, best, end, position)) best = r;
        }
        if (hinted >= 0 && (_freeUntil[hinted] >= end || _freeUntil[hinted] >= _freeUntil[best])) best = hinted;
        if (_freeUntil[best] < end)
        {
            // Worth it only if a use comes before the register is needed.
            int split = SplitPosition(current, position, _freeUntil[best]);
            if (split <= position || !HasUseBefore(current, split)) return false;
            Push(SplitAt(current, split));
        }
        Assign(current, best);
        return true;
    }

    /// <summary>Of two registers that are free to the end: one already written somewhere, no preserved one, and no loop variable's home.</summary>
    private bool Better(int r, int than, int end, int position)
    {
        bool whole = _freeUntil[r] >= end, otherWhole = _freeUntil[than] >= end;
        if (whole != otherWhole) return whole;
        if (!whole) return _freeUntil[r] > _freeUntil[than];
        return Cost(r, position) < Cost(than, position);
    }

    private int Cost(int r, int position) =>
        ((_code.CalleeSaved >> r & 1) == 0 ? 0 : (UsedRegs >> r & 1) != 0 ? 2 : 4) + (position < _homeUntil[r] ? 1 : 0);

    private int HintedRegister(int current, ulong candidates, int end)
    {
        ref VRegState state = ref _vregs[_intervals[current].VReg];
        int best = -1;
        if (!state.Hint.IsNone && (candidates >> state.Hint.Index & 1) != 0) best = state.Hint.Index;
        if (best >= 0 && _freeUntil[best] >= end) return best;
        for (int i = 0; i < 2; i++)
        {
            int other = i == 0 ? state.HintVReg : state.HintVReg2;
            if (other < 0 || _vregs[other].Interval < 0) continue;
            Loc loc = Loc.None;
            for (int part = _vregs[other].Interval; part >= 0 && Start(part) <= Start(current); part = _intervals[part].NextChild) loc = _intervals[part].Loc;
            if (!loc.IsReg && _intervals[_vregs[other].Interval].Loc.IsReg) loc = _intervals[_vregs[other].Interval].Loc;
            int r = loc.IsReg ? loc.Code : _vregs[other].Hint.IsNone ? -1 : _vregs[other].Hint.Index;
            if (r < 0 || (candidates >> r & 1) == 0) continue;
            if (best < 0 || _freeUntil[r] > _freeUntil[best]) best = r;
        }
        return best;
    }

    /// <summary>A use at the position itself counts: it is a move to a fixed register, and finds the value where it has been until then.</summary>
    private bool HasUseBefore(int interval, int position)
    {
        int first = _intervals[interval].FirstUse;
        return first >= 0 && _points[first].Position <= position;
    }

    private void Assign(int interval, int r)
    {
        _intervals[interval].Loc = new Loc(r);
        _active[r] = interval;
        UsedRegs |= 1UL << r;
        ref VRegState state = ref _vregs[_intervals[interval].VReg];
        if (state.DefInst < 0 && !_intervals[interval].IsChild && _code.Blocks[state.DefBlock].IsLoopHeader) _homeUntil[r] = LoopEnd(state.DefBlock);
    }

    private int LoopEnd(int header)
    {
        int end = 0;
        foreach (int pred in _code.Preds(header)) end = Math.Max(end, EndOf(pred));
        return end;
    }

    private void AllocateBlocked(int current, int position)
    {
        ComputeFreeUntil(current, position, ignoreHolders: true);
        ulong candidates = Candidates(current);
        int thisInstEnd = (position / PositionsPerInst + 1) * PositionsPerInst;
        for (ulong set = candidates; set != 0; set &= set - 1)
        {
            int r = BitOperations.TrailingZeroCount(set);
            _distance[r] = _active[r] < 0 ? long.MaxValue : MustBefore(_active[r], position, thisInstEnd) ? 0 : Distance(_active[r], position);
        }
        foreach (int other in _inactive.AsSpan())
        {
            int r = _intervals[other].Loc.Code;
            if ((candidates >> r & 1) != 0 && _distance[r] > 0 && FirstCommon(current, other) != int.MaxValue)
                _distance[r] = Math.Min(_distance[r], Math.Max(1, Distance(other, position)));
        }
        bool mustNow = MustBefore(current, position, thisInstEnd);
        int best = -1;
        for (ulong set = candidates; set != 0; set &= set - 1)
        {
            int r = BitOperations.TrailingZeroCount(set);
            // The register must last beyond this instruction, or at least as long as the interval.
            if (_freeUntil[r] < Math.Min(thisInstEnd, End(current)) || _distance[r] == 0) continue;
            if (best < 0 || _distance[r] > _distance[best] || (_distance[r] == _distance[best] && _freeUntil[r] > _freeUntil[best])) best = r;
        }
        bool pointless = best >= 0 && _freeUntil[best] < End(current) && !HasUseBefore(current, _freeUntil[best] & ~3);
        if (!mustNow && (best < 0 || pointless || Distance(current, position) >= _distance[best]))
        {
            SpillFrom(current, position);
            return;
        }
        if (best < 0) throw new InvalidOperationException("register allocation: no register left");
        Evict(best, current, position);
        if (_freeUntil[best] < End(current))
        {
            int split = SplitPosition(current, position, _freeUntil[best]);
            if (split <= position) throw new InvalidOperationException("register allocation: no place to split");
            Push(SplitAt(current, split));
        }
        Assign(current, best);
    }

    private void Evict(int r, int current, int position)
    {
        int holder = _active[r];
        if (holder >= 0)
        {
            _active[r] = -1;
            SpillFrom(holder, position);
        }
        for (int i = 0; i < _inactive.Count; i++)
        {
            int other = _inactive[i];
            if (_intervals[other].Loc.Code != r || FirstCommon(current, other) == int.MaxValue) continue;
            // It is in a hole: what comes after the hole is allocated anew.
            int rest = SplitAt(other, position);
            _intervals[other].Cursor = -1;
            Push(rest);
        }
    }

    /// <summary>From the last use before <paramref name="position"/> to the next one that wants a register, the value is in its frame slot.</summary>
    private void SpillFrom(int interval, int position)
    {
        int slotPart = interval;
        if (Start(interval) < position)
        {
            int last = LastUseBefore(interval, position);
            int split = SplitPosition(interval, last, position);
            // Begun at this very instruction, it never needed the register.
            int cut = split > Start(interval) ? split : position & ~3;
            if (cut > Start(interval)) slotPart = SplitAt(interval, cut);
        }
        int from = Math.Max(Start(slotPart), position);
        int depth = DepthAt(from);
        for (int point = _intervals[slotPart].FirstUse; point >= 0; point = _points[point].Next)
        {
            UsePoint use = _points[point];
            // A use that could do with the slot still gets a register when it is in a hotter place.
            if (!use.MustBeRegister && DepthAt(use.Position) <= depth) continue;
            int split = SplitPosition(slotPart, from, use.Position & ~3);
            if (split <= from || split <= Start(slotPart) || split >= End(slotPart))
            {
                if (use.MustBeRegister && (use.Position & ~3) > Start(slotPart)) split = use.Position & ~3;
                else if (use.MustBeRegister) throw new InvalidOperationException("register allocation: evicted at a use");
                else continue;
            }
            Push(SplitAt(slotPart, split));
            break;
        }
        _intervals[slotPart].Loc = Loc.Slot(0);
        _vregs[_intervals[slotPart].VReg].HasSlot = true;
    }

    /// <summary>How far the next use is, a use in a loop being eight times nearer per level.</summary>
    private long Distance(int interval, int position)
    {
        for (int point = _intervals[interval].FirstUse; point >= 0; point = _points[point].Next)
            if (_points[point].Position >= position)
            {
                long distance = (_points[point].Position - position + 1L) << 24;
                int depth = DepthAt(_points[point].Position) - DepthAt(position);
                if (_code.Blocks[_instBlock[_points[point].Position / PositionsPerInst]].Cold) depth -= 2;
                return depth >= 0 ? Math.Max(1, distance >> Math.Min(20, 3 * depth)) : distance << Math.Min(12, -3 * depth);
            }
        return long.MaxValue / 2;
    }

    private bool MustBefore(int interval, int position, int end)
    {
        for (int point = _intervals[interval].FirstUse; point >= 0 && _points[point].Position < end; point = _points[point].Next)
            if (_points[point].MustBeRegister && _points[point].Position >= (position & ~3))
                return true;
        return false;
    }

    private int LastUseBefore(int interval, int position)
    {
        int last = Start(interval);
        for (int point = _intervals[interval].FirstUse; point >= 0 && _points[point].Position < position; point = _points[point].Next) last = _points[point].Position;
        return last;
    }

    private int DepthAt(int position) => _code.Blocks[_instBlock[position / PositionsPerInst]].LoopDepth;

    /// <summary>The best place to split in (<paramref name="from"/>, <paramref name="to"/>]: the last one at the least loop depth; where that is
    /// within the block of <paramref name="to"/>, as late as possible.</summary>
    private int SplitPosition(int interval, int from, int to)
    {
        to = Math.Min(to, End(interval) - 1);
        int position = to & ~3;
        if (position <= from) return from;
        int block = _instBlock[position / PositionsPerInst], first = _instBlock[from / PositionsPerInst];
        int bestDepth = _code.Blocks[block].LoopDepth;
        int best = position;
        for (int steps = 0; block > first && steps < 64; block--, steps++)
        {
            int depth = Math.Min(_code.Blocks[block].LoopDepth, _code.Blocks[block - 1].LoopDepth);
            if (depth >= bestDepth || StartOf(block) <= from) continue;
            bestDepth = depth;
            best = StartOf(block);
        }
        return best;
    }

    /// <summary>Cuts an interval; returns the part from <paramref name="position"/> on.</summary>
    private int SplitAt(int interval, int position)
    {
        int child = _intervals.Add(_intervals[interval]);
        ref Interval data = ref _intervals[interval];
        ref Interval rest = ref _intervals[child];
        rest.IsChild = true;
        rest.Loc = Loc.None;
        data.NextChild = child;

        int previous = -1, range = data.FirstRange;
        while (range >= 0 && _ranges[range].To <= position) (previous, range) = (range, _ranges[range].Next);
        if (range < 0 || (previous < 0 && _ranges[range].From >= position)) throw new InvalidOperationException("register allocation: empty split");
        rest.LastRange = data.LastRange;
        if (_ranges[range].From < position)
        {
            int tail = _ranges.Add(new Range { From = position, To = _ranges[range].To, Next = _ranges[range].Next });
            if (rest.LastRange == range) rest.LastRange = tail;
            _ranges[range].To = position;
            _ranges[range].Next = -1;
            data.LastRange = range;
            rest.FirstRange = tail;
        }
        else
        {
            _ranges[previous].Next = -1;
            data.LastRange = previous;
            rest.FirstRange = range;
        }
        rest.Cursor = rest.FirstRange;
        // The scan may have gone past the cut.
        if (data.Cursor >= 0 && _ranges[data.Cursor].From >= position) data.Cursor = data.LastRange;

        int point = data.FirstUse, before = -1;
        while (point >= 0 && _points[point].Position < position) (before, point) = (point, _points[point].Next);
        rest.FirstUse = point;
        if (before < 0) data.FirstUse = -1;
        else _points[before].Next = -1;
        return child;
    }

    // Where two sets of positions first meet.

    private int FirstIn(int interval, FlatList<int> positions)
    {
        Span<int> span = positions.AsSpan();
        for (int range = _intervals[interval].FirstRange; range >= 0; range = _ranges[range].Next)
        {
            int i = LowerBound(span, _ranges[range].From);
            if (i == span.Length) return int.MaxValue;
            if (span[i] < _ranges[range].To) return span[i];
        }
        return int.MaxValue;
    }

    /// <summary>The first element that is not less; the library's search would box the number.</summary>
    private static int LowerBound(ReadOnlySpan<int> sorted, int value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle] < value) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private int FirstFixed(int interval, FlatList<(int From, int To)> pieces)
    {
        Span<(int From, int To)> span = pieces.AsSpan();
        if (span.IsEmpty) return int.MaxValue;
        int low = 0;
        for (int range = _intervals[interval].FirstRange; range >= 0; range = _ranges[range].Next)
        {
            int high = span.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (span[middle].To <= _ranges[range].From) low = middle + 1;
                else high = middle;
            }
            if (low == span.Length) return int.MaxValue;
            if (span[low].From < _ranges[range].To) return Math.Max(span[low].From, _ranges[range].From);
        }
        return int.MaxValue;
    }

    private int FirstCommon(int a, int b)
    {
        int x = _intervals[a].FirstRange, y = _intervals[b].Cursor;
        while (x >= 0 && y >= 0)
        {
            if (_ranges[x].To <= _ranges[y].From) x = _ranges[x].Next;
            else if (_ranges[y].To <= _ranges[x].From) y = _ranges[y].Next;
            else return Math.Max(_ranges[x].From, _ranges[y].From);
        }
        return int.MaxValue;
    }
}
