using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Removes what nobody needs: instructions without effect, and block parameters, even where they only feed each other. Starts from
/// what must stay and follows operands.</summary>
internal static class DeadCode
{
    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        c.Marks.Reset(f.Values.Count, 0);
        c.Work.Clear();
        foreach (int block in c.Flow.Order)
            for (Inst inst = f[new Block(block)].First; !inst.IsNone; inst = f.Link(inst).Next)
            {
                f.ResolveOperands(inst);
                if (f[inst].MustStay) NeedOperands(f, c, inst);
            }
        foreach (int param in f.Params(f.Entry)) Need(c, new Value(param));
        while (c.Work.Count > 0)
        {
            var value = new Value(c.Work.Pop());
            Inst def = f.DefOf(value);
            if (!def.IsNone)
            {
                if (!f[def].MustStay) NeedOperands(f, c, def);
                continue;
            }
            var block = new Block(f.Values[value.Index].Owner);
            int number = f.Params(block).IndexOf(value.Index);
            foreach (int pred in c.Flow.Preds(block)) NeedArgs(f, c, new Inst(pred), block, number);
        }
        return Sweep(f, c);
    }

    private static void Need(PassContext c, Value value)
    {
        if (c.Marks[value.Index] != 0) return;
        c.Marks[value.Index] = 1;
        c.Work.Add(value.Index);
    }

    /// <summary>All operands but branch arguments: those are needed only if the parameter is.</summary>
    private static void NeedOperands(Function f, PassContext c, Inst inst)
    {
        InstData data = f[inst];
        if (!data.A.IsNone) Need(c, data.A);
        if (!data.B.IsNone) Need(c, data.B);
        if (!data.C.IsNone) Need(c, data.C);
        if (f.HasArgList(data))
            foreach (int arg in f.Lists.Get(data.List))
                Need(c, new Value(arg));
        for (FrameState state = f.Link(inst).State; !state.IsNone; state = f.FrameStates[state.Index].Outer)
            foreach (int value in f.Lists.Get(f.FrameStates[state.Index].Values))
                Need(c, new Value(value));
    }

    private static void NeedArgs(Function f, PassContext c, Inst branch, Block block, int number)
    {
        InstData data = f[branch];
        for (int i = 0, n = f.TargetCount(data); i < n; i++)
        {
            ListRef target = f.GetTarget(data, i);
            if (f.TargetBlock(target) != block) continue;
            int arg = f.TargetArgs(target)[number];
            if (arg >= 0) Need(c, new Value(arg));
        }
    }

    private static bool Sweep(Function f, PassContext c)
    {
        bool changed = false;
        foreach (int index in c.Flow.Order)
        {
            var block = new Block(index);
            for (Inst inst = f[block].First, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                Value result = f.Result(inst);
                if (f[inst].MustStay || result.IsNone || c.Marks[result.Index] != 0) continue;
                f.RemoveInst(inst);
                changed = true;
            }
            if (block == f.Entry) continue;
            for (int number = f.Params(block).Length - 1; number >= 0; number--)
            {
                if (c.Marks[f.Params(block)[number]] != 0) continue;
                RemoveParam(f, c, block, number);
                changed = true;
            }
        }
        return changed;
    }

    /// <summary>Takes a parameter from a block and the argument from each branch to it.</summary>
    public static void RemoveParam(Function f, PassContext c, Block block, int number)
    {
        f.Lists.RemoveAt(f[block].Params, number);
        int last = -1;
        foreach (int pred in c.Flow.Preds(block))
        {
            // A branch with two edges to the block is listed twice.
            if (pred == last) continue;
            last = pred;
            InstData data = f[new Inst(pred)];
            for (int i = 0, n = f.TargetCount(data); i < n; i++)
            {
                ListRef target = f.GetTarget(data, i);
                if (f.TargetBlock(target) == block) f.Lists.RemoveAt(target, number + 1);
            }
        }
    }
}
