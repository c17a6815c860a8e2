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
            // A parameter's number has 16 bits; one that does not fit is looked for.
            ReadOnlySpan<int> parameters = f.Params(block);
            int number = f.Values[value.Index].Number;
            if (number >= parameters.Length || parameters[number] != value.Index) number = parameters.IndexOf(value.Index);
            ReadOnlySpan<int> preds = c.Flow.Preds(block), numbers = c.Flow.PredTargets(block);
            for (int edge = 0; edge < preds.Length; edge++)
            {
                int arg = f.TargetArgs(f.GetTarget(f[new Inst(preds[edge])], numbers[edge]))[number];
                if (arg >= 0) Need(c, new Value(arg));
            }
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
            c.Marks2.Clear();
            bool some = false;
            foreach (int param in f.Params(block))
            {
                c.Marks2.Add(c.Marks[param]);
                some |= c.Marks[param] == 0;
            }
            if (!some) continue;
            KeepParams(f, c, block, c.Marks2.AsSpan());
            changed = true;
        }
        return changed;
    }

    /// <summary>Takes parameters from a block and their arguments from each branch to it, those whose mark is 0.</summary>
    public static void KeepParams(Function f, PassContext c, Block block, ReadOnlySpan<int> keep)
    {
        Compact(f, f[block].Params, 0, keep);
        ReadOnlySpan<int> parameters = f.Params(block);
        for (int i = 0; i < parameters.Length; i++) f.Values[parameters[i]].Number = (ushort)i;
        ReadOnlySpan<int> preds = c.Flow.Preds(block), numbers = c.Flow.PredTargets(block);
        for (int edge = 0; edge < preds.Length; edge++) Compact(f, f.GetTarget(f[new Inst(preds[edge])], numbers[edge]), 1, keep);
    }

    private static void Compact(Function f, ListRef list, int first, ReadOnlySpan<int> keep)
    {
        Span<int> items = f.Lists.Get(list)[first..];
        int kept = 0;
        for (int i = 0; i < keep.Length; i++)
            if (keep[i] != 0)
                items[kept++] = items[i];
        f.Lists.Truncate(list, first + kept);
    }
}
