using Hornet.Base;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Analysis;

/// <summary>Predecessors, reverse postorder, dominators (Cooper, Harvey, Kennedy: <i>A Simple, Fast Dominance
/// Algorithm</i>) and the loop nest of a function. <see cref="Compute"/> renews everything.</summary>
internal sealed class ControlFlow
{
    private readonly FlatList<int> _predStart = new();
    private readonly FlatList<int> _preds = new();
    private readonly FlatList<int> _predTargets = new();
    private readonly FlatList<int> _fill = new();
    private readonly FlatList<int> _order = new();
    private readonly FlatList<int> _number = new();
    private readonly FlatList<int> _idom = new();
    private readonly FlatList<int> _enter = new();
    private readonly FlatList<int> _leave = new();
    private readonly FlatList<int> _loopOf = new();
    private readonly FlatList<int> _header = new();
    private readonly FlatList<int> _parent = new();
    private readonly FlatList<int> _loopSize = new();
    private readonly FlatList<int> _loopDepth = new();
    private readonly FlatList<int> _outermost = new();
    // A walk over the tree of loops, parents first: the number of each, and how many numbers it and those inside have.
    private readonly FlatList<int> _loopNumber = new();
    private readonly FlatList<int> _loopsInside = new();
    private readonly FlatList<int> _childStart = new();
    private readonly FlatList<int> _children = new();
    private readonly FlatList<(int Block, int Next)> _stack = new();

    /// <summary>The reachable blocks in reverse postorder.</summary>
    public ReadOnlySpan<int> Order => _order.AsSpan();

    public int LoopCount => _header.Count;

    public bool IsReachable(Block block) => _number[block.Index] >= 0;

    /// <summary>The branch instructions that lead to a block, one entry per edge, unreachable ones left out.</summary>
    public ReadOnlySpan<int> Preds(Block block) =>
        _preds.AsSpan()[_predStart[block.Index].._predStart[block.Index + 1]];

    /// <summary>Beside <see cref="Preds"/>: which target of its branch each edge is.</summary>
    public ReadOnlySpan<int> PredTargets(Block block) =>
        _predTargets.AsSpan()[_predStart[block.Index].._predStart[block.Index + 1]];

    public Block ImmediateDominator(Block block) => new(_idom[block.Index]);

    /// <summary>The blocks whose immediate dominator this is, in reverse postorder.</summary>
    public ReadOnlySpan<int> Dominated(Block block) =>
        _children.AsSpan()[_childStart[block.Index].._childStart[block.Index + 1]];

    public bool Dominates(Block a, Block b) => _enter[a.Index] <= _enter[b.Index] && _leave[b.Index] <= _leave[a.Index];

    /// <summary>The innermost loop of a block, or -1. Irreducible cycles are no loops.</summary>
    public int LoopOf(Block block) => _loopOf[block.Index];

    /// <summary>The place of a reachable block in <see cref="Order"/>.</summary>
    public int NumberOf(Block block) => _number[block.Index];

    /// <summary>The number of blocks in a loop, inner loops included; they all come behind its header in <see cref="Order"/>.</summary>
    public int LoopSize(int loop) => _loopSize[loop];

    public Block LoopHeader(int loop) => new(_header[loop]);

    public int LoopParent(int loop) => _parent[loop];

    public int LoopDepth(Block block) => _loopOf[block.Index] < 0 ? 0 : _loopDepth[_loopOf[block.Index]];

    public bool LoopContains(int loop, Block block) =>
        _loopOf[block.Index] is >= 0 and var inner && (uint)(_loopNumber[inner] - _loopNumber[loop]) < (uint)_loopsInside[loop];

    public void Compute(Function function)
    {
        ComputeOrder(function);
        ComputePreds(function);
        ComputeDominators(function);
        ComputeLoops(function);
    }

    private void ComputeOrder(Function function)
    {
        _order.Clear();
        _stack.Clear();
        _number.Reset(function.Blocks.Count, -1);
        if (function.Entry.IsNone) return;
        _number[function.Entry.Index] = -2;
        _stack.Add((function.Entry.Index, 0));
        while (_stack.Count > 0)
        {
            ref (int Block, int Next) top = ref _stack[_stack.Count - 1];
            InstData last = function[function[new Block(top.Block)].Last];
            // The last target first: the order then lists the first target right after its branch.
            int count = function.TargetCount(last);
            if (top.Next == count)
            {
                _order.Add(top.Block);
                _stack.Pop();
                continue;
            }
            Block target = function.TargetBlock(function.GetTarget(last, count - 1 - top.Next++));
            if (_number[target.Index] != -1) continue;
            _number[target.Index] = -2;
            _stack.Add((target.Index, 0));
        }
        _order.AsSpan().Reverse();
        for (int i = 0; i < _order.Count; i++) _number[_order[i]] = i;
    }

    private void ComputePreds(Function function)
    {
        _predStart.Reset(function.Blocks.Count + 1, 0);
        foreach (int block in _order.AsSpan())
        {
            InstData last = function[function[new Block(block)].Last];
            for (int i = 0, n = function.TargetCount(last); i < n; i++) _predStart[function.TargetBlock(function.GetTarget(last, i)).Index + 1]++;
        }
        for (int i = 0; i < function.Blocks.Count; i++) _predStart[i + 1] += _predStart[i];
        _preds.Reset(_predStart[function.Blocks.Count], -1);
        _predTargets.Reset(_predStart[function.Blocks.Count], 0);
        _fill.Clear();
        foreach (int start in _predStart.AsSpan()) _fill.Add(start);
        foreach (int block in _order.AsSpan())
        {
            Inst inst = function[new Block(block)].Last;
            InstData last = function[inst];
            for (int i = 0, n = function.TargetCount(last); i < n; i++)
            {
                int target = function.TargetBlock(function.GetTarget(last, i)).Index;
                int at = _fill[target]++;
                _preds[at] = inst.Index;
                _predTargets[at] = i;
            }
        }
    }

    /// <summary>
    /// One round over edges that lead forwards is enough where each edge that leads back ends at a dominator of its start, which is so in all code
    /// that comes from structured control flow. Only for other code the rounds go on, with all edges.
    /// </summary>
    private void ComputeDominators(Function function)
    {
        _idom.Reset(function.Blocks.Count, -1);
        if (_order.Count == 0) return;
        _idom[_order[0]] = _order[0];
        ImproveDominators(function, forwardsOnly: true);
        _idom[_order[0]] = -1;
        ComputeTree(function);
        if (EdgesBackAreLoops(function)) return;
        _idom[_order[0]] = _order[0];
        while (ImproveDominators(function, forwardsOnly: false)) { }
        _idom[_order[0]] = -1;
        ComputeTree(function);
    }

    private bool EdgesBackAreLoops(Function function)
    {
        foreach (int index in _order.AsSpan())
        {
            var block = new Block(index);
            foreach (int pred in Preds(block))
            {
                Block from = function.Link(new Inst(pred)).Block;
                if (_number[from.Index] >= _number[index] && !Dominates(block, from)) return false;
            }
        }
        return true;
    }

    private bool ImproveDominators(Function function, bool forwardsOnly)
    {
        bool changed = false;
        for (int i = 1; i < _order.Count; i++)
        {
            int dominator = -1;
            foreach (int pred in Preds(new Block(_order[i])))
            {
                int block = function.Link(new Inst(pred)).Block.Index;
                if (_idom[block] < 0 || (forwardsOnly && _number[block] >= i)) continue;
                dominator = dominator < 0 ? block : Intersect(block, dominator);
            }
            if (_idom[_order[i]] == dominator) continue;
            _idom[_order[i]] = dominator;
            changed = true;
        }
        return changed;
    }

    private int Intersect(int a, int b)
    {
        while (a != b)
        {
            while (_number[a] > _number[b]) a = _idom[a];
            while (_number[b] > _number[a]) b = _idom[b];
        }
        return a;
    }

    private void ComputeTree(Function function)
    {
        _childStart.Reset(function.Blocks.Count + 2, 0);
        foreach (int block in _order.AsSpan())
            if (_idom[block] >= 0)
                _childStart[_idom[block] + 2]++;
        for (int i = 1; i < function.Blocks.Count + 2; i++) _childStart[i] += _childStart[i - 1];
        _children.Reset(Math.Max(0, _order.Count - 1), 0);
        foreach (int block in _order.AsSpan())
            if (_idom[block] >= 0)
                _children[_childStart[_idom[block] + 1]++] = block;

        _enter.Reset(function.Blocks.Count, int.MaxValue);
        _leave.Reset(function.Blocks.Count, -1);
        if (_order.Count == 0) return;
        int clock = 0;
        _stack.Clear();
        _stack.Add((_order[0], 0));
        _enter[_order[0]] = clock++;
        while (_stack.Count > 0)
        {
            ref (int Block, int Next) top = ref _stack[_stack.Count - 1];
            ReadOnlySpan<int> children = Dominated(new Block(top.Block));
            if (top.Next == children.Length)
            {
                _leave[top.Block] = clock++;
                _stack.Pop();
                continue;
            }
            int child = children[top.Next++];
            _enter[child] = clock++;
            _stack.Add((child, 0));
        }
    }

    private void ComputeLoops(Function function)
    {
        _loopOf.Reset(function.Blocks.Count, -1);
        _header.Clear();
        _parent.Clear();
        _outermost.Clear();
        // Inner headers come later in reverse postorder: visiting them first lets the outer loops swallow whole inner ones.
        for (int i = _order.Count - 1; i >= 0; i--)
        {
            var header = new Block(_order[i]);
            int loop = -1;
            _stack.Clear();
            foreach (int pred in Preds(header))
            {
                Block latch = function.Link(new Inst(pred)).Block;
                if (!Dominates(header, latch)) continue;
                if (loop < 0)
                {
                    loop = _header.Add(header.Index);
                    _parent.Add(-1);
                    _outermost.Add(loop);
                }
                _stack.Add((latch.Index, 0));
            }
            if (loop < 0) continue;
            while (_stack.Count > 0)
            {
                int block = _stack.Pop().Block;
                int inner = _loopOf[block];
                if (inner < 0)
                {
                    _loopOf[block] = loop;
                    if (block == header.Index) continue;
                    foreach (int pred in Preds(new Block(block))) _stack.Add((function.Link(new Inst(pred)).Block.Index, 0));
                    continue;
                }
                inner = Outermost(inner);
                if (inner == loop) continue;
                _parent[inner] = _outermost[inner] = loop;
                foreach (int pred in Preds(new Block(_header[inner]))) _stack.Add((function.Link(new Inst(pred)).Block.Index, 0));
            }
            if (_loopOf[header.Index] < 0) _loopOf[header.Index] = loop;
        }
        NumberLoops();
    }

    /// <summary>The outermost loop around one that is known so far; shortens the way for the next who asks.</summary>
    private int Outermost(int loop)
    {
        while (_outermost[loop] != loop)
        {
            _outermost[loop] = _outermost[_outermost[loop]];
            loop = _outermost[loop];
        }
        return loop;
    }

    private void NumberLoops()
    {
        int count = _header.Count;
        _loopSize.Reset(count, 0);
        _loopsInside.Reset(count, 1);
        _loopDepth.Reset(count, 1);
        _loopNumber.Reset(count, 0);
        _fill.Reset(count, 0);
        foreach (int block in _order.AsSpan())
            if (_loopOf[block] >= 0)
                _loopSize[_loopOf[block]]++;
        // Inner loops were found first.
        for (int loop = 0; loop < count; loop++)
        {
            if (_parent[loop] < 0) continue;
            _loopSize[_parent[loop]] += _loopSize[loop];
            _loopsInside[_parent[loop]] += _loopsInside[loop];
        }
        int next = 0;
        for (int loop = count - 1; loop >= 0; loop--)
        {
            ref int number = ref _parent[loop] < 0 ? ref next : ref _fill[_parent[loop]];
            if (_parent[loop] >= 0) _loopDepth[loop] = _loopDepth[_parent[loop]] + 1;
            _loopNumber[loop] = number;
            number += _loopsInside[loop];
            _fill[loop] = _loopNumber[loop] + 1;
        }
    }
}
