namespace Hornet.Compiler.Ir;

/// <content>The order of blocks and instructions, and walking over operands.</content>
internal sealed partial class Function
{
    public void AppendBlock(Block block)
    {
        ref BlockData data = ref this[block];
        data.Prev = LastBlock;
        data.Next = Block.None;
        data.InLayout = true;
        if (LastBlock.IsNone) FirstBlock = block;
        else this[LastBlock].Next = block;
        LastBlock = block;
    }

    /// <summary>Puts a block into the layout before another one.</summary>
    public void InsertBlock(Block block, Block before)
    {
        ref BlockData next = ref this[before];
        ref BlockData data = ref this[block];
        data.Next = before;
        data.Prev = next.Prev;
        data.InLayout = true;
        if (next.Prev.IsNone) FirstBlock = block;
        else this[next.Prev].Next = block;
        next.Prev = block;
    }

    public void RemoveBlock(Block block)
    {
        ref BlockData data = ref this[block];
        if (data.Prev.IsNone) FirstBlock = data.Next;
        else this[data.Prev].Next = data.Next;
        if (data.Next.IsNone) LastBlock = data.Prev;
        else this[data.Next].Prev = data.Prev;
        data.InLayout = false;
        data.Prev = data.Next = Block.None;
    }

    /// <summary>Replaces the order of blocks.</summary>
    public void SetLayout(ReadOnlySpan<int> order)
    {
        FirstBlock = LastBlock = Block.None;
        foreach (int block in order) AppendBlock(new Block(block));
    }

    public void AppendInst(Block block, Inst inst)
    {
        ref BlockData data = ref this[block];
        ref InstLinks links = ref Link(inst);
        links.Block = block;
        links.Prev = data.Last;
        links.Next = Inst.None;
        if (data.Last.IsNone) data.First = inst;
        else Link(data.Last).Next = inst;
        data.Last = inst;
    }

    public void InsertBefore(Inst inst, Inst before)
    {
        ref InstLinks next = ref Link(before);
        ref InstLinks links = ref Link(inst);
        links.Block = next.Block;
        links.Prev = next.Prev;
        links.Next = before;
        if (next.Prev.IsNone) this[next.Block].First = inst;
        else Link(next.Prev).Next = inst;
        next.Prev = inst;
    }

    public void RemoveInst(Inst inst)
    {
        ref InstLinks links = ref Link(inst);
        ref BlockData data = ref this[links.Block];
        if (links.Prev.IsNone) data.First = links.Next;
        else Link(links.Prev).Next = links.Next;
        if (links.Next.IsNone) data.Last = links.Prev;
        else Link(links.Next).Prev = links.Prev;
        links.Block = Block.None;
        links.Prev = links.Next = Inst.None;
    }

    // Branch targets: lists whose first element is the block and whose others are its arguments.

    public ListRef Target(Block block, ReadOnlySpan<Value> args)
    {
        ListRef list = Lists.Create([block.Index]);
        foreach (Value arg in args) list = Lists.Add(list, arg.Index);
        return list;
    }

    public int TargetCount(in InstData data) => data.Op switch
    {
        Opcode.Jump => 1,
        Opcode.Brif or Opcode.TryCall or Opcode.TryCallIndirect => 2,
        Opcode.BrTable => Lists.Count(data.List),
        _ => 0,
    };

    /// <summary>A target of a terminator: for <c>brif</c> taken then not taken, for <c>try_call</c> normal then handler,
    /// for <c>br_table</c> the cases and last the default.</summary>
    public ListRef GetTarget(in InstData data, int index) => data.Op switch
    {
        Opcode.Jump => data.List,
        Opcode.Brif => index == 0 ? data.List : data.List2,
        Opcode.TryCall or Opcode.TryCallIndirect => index == 0 ? data.List3 : data.List2,
        _ => new ListRef(Lists.Get(data.List)[index]),
    };

    public void SetTarget(ref InstData data, int index, ListRef target)
    {
        switch (data.Op)
        {
            case Opcode.Jump: data.List = target; break;
            case Opcode.Brif when index == 0: data.List = target; break;
            case Opcode.Brif: data.List2 = target; break;
            case Opcode.TryCall or Opcode.TryCallIndirect when index == 0: data.List3 = target; break;
            case Opcode.TryCall or Opcode.TryCallIndirect: data.List2 = target; break;
            default: Lists.Get(data.List)[index] = target.Handle; break;
        }
    }

    public Block TargetBlock(ListRef target) => new(Lists.Get(target)[0]);

    public ReadOnlySpan<int> TargetArgs(ListRef target) => Lists.Get(target)[1..];

    /// <summary>Calls and returns: the operands kept in a list.</summary>
    public bool HasArgList(in InstData data) => data.Op.Format() is InstFormat.Call or InstFormat.CallIndirect or InstFormat.Return;

    /// <summary>Replaces every alias among the operands of an instruction by what it stands for.</summary>
    public void ResolveOperands(Inst inst)
    {
        ref InstData data = ref this[inst];
        if (!data.A.IsNone) data.A = Resolve(data.A);
        if (!data.B.IsNone) data.B = Resolve(data.B);
        if (!data.C.IsNone) data.C = Resolve(data.C);
        if (HasArgList(data)) ResolveList(Lists.Get(data.List));
        for (int i = 0, n = TargetCount(data); i < n; i++) ResolveList(Lists.Get(GetTarget(data, i))[1..]);
        FrameState state = Link(inst).State;
        while (!state.IsNone)
        {
            ResolveList(Lists.Get(FrameStates[state.Index].Values));
            state = FrameStates[state.Index].Outer;
        }
    }

    public void ResolveAll()
    {
        for (Block block = FirstBlock; !block.IsNone; block = this[block].Next)
            for (Inst inst = this[block].First; !inst.IsNone; inst = Link(inst).Next)
                ResolveOperands(inst);
    }

    private void ResolveList(Span<int> list)
    {
        foreach (ref int item in list)
            if (item >= 0)
                item = Resolve(new Value(item)).Index;
    }

    /// <summary>Calls <paramref name="use"/> for every operand, branch arguments and frame state included.</summary>
    public void ForEachUse<TState>(Inst inst, ref TState state, ValueUse<TState> use)
    {
        InstData data = this[inst];
        if (!data.A.IsNone) use(data.A, ref state);
        if (!data.B.IsNone) use(data.B, ref state);
        if (!data.C.IsNone) use(data.C, ref state);
        if (HasArgList(data))
            foreach (int arg in Lists.Get(data.List))
                use(new Value(arg), ref state);
        for (int i = 0, n = TargetCount(data); i < n; i++)
            foreach (int arg in TargetArgs(GetTarget(data, i)))
                if (arg >= 0)
                    use(new Value(arg), ref state);
        FrameState frame = Link(inst).State;
        while (!frame.IsNone)
        {
            foreach (int arg in Lists.Get(FrameStates[frame.Index].Values)) use(new Value(arg), ref state);
            frame = FrameStates[frame.Index].Outer;
        }
    }
}

internal delegate void ValueUse<TState>(Value value, ref TState state);
