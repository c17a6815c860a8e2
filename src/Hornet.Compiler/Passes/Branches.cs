using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Simplifies control flow: branches on constants, branches over a trap, jumps to jumps, blocks with one way in and out, and code
/// that cannot be reached.</summary>
internal static class Branches
{
    public static bool Run(Function f, PassContext c)
    {
        bool changed = false, again = true;
        for (int rounds = 0; again && rounds < 4; rounds++)
        {
            again = false;
            // Merging leaves aliases behind, whose uses must count as uses of what they stand for.
            f.ResolveAll();
            c.Flow.Compute(f);
            c.CountUses(f);
            foreach (int block in c.Flow.Order) again |= SimplifyTerminator(f, c, new Block(block));
            again |= RemoveUnreachable(f, c);
            again |= MergeBlocks(f, c);
            changed |= again;
        }
        if (changed) f.ResolveAll();
        return changed;
    }

    private static bool SimplifyTerminator(Function f, PassContext c, Block block)
    {
        Inst inst = f[block].Last;
        bool changed = ThreadTargets(f, c, inst);
        InstData data = f[inst];
        switch (data.Op)
        {
            case Opcode.Brif when f.IsIconst(f.Resolve(data.A), out long condition):
                return BecomeJump(f, c, inst, condition != 0 ? data.List : data.List2) | changed;
            // both ways the same => jump
            case Opcode.Brif when f.Lists.Get(data.List).SequenceEqual(f.Lists.Get(data.List2)):
                return BecomeJump(f, c, inst, data.List) | changed;
            // branch to a trap => conditional trap
            case Opcode.Brif when IsTrap(f, data.List, out Inst trap):
                return BecomeTrap(f, c, inst, Opcode.Trapnz, trap, data.List2) | changed;
            case Opcode.Brif when IsTrap(f, data.List2, out Inst trap):
                return BecomeTrap(f, c, inst, Opcode.Trapz, trap, data.List) | changed;
            // a table of one => jump
            case Opcode.BrTable when f.TargetCount(data) == 1:
                return BecomeJump(f, c, inst, f.GetTarget(data, 0)) | changed;
            case Opcode.BrTable when f.IsIconst(f.Resolve(data.A), out long index):
                int last = f.TargetCount(data) - 1;
                return BecomeJump(f, c, inst, f.GetTarget(data, (int)Math.Min((ulong)index, (ulong)last))) | changed;
            default: return changed;
        }
    }

    private static bool BecomeJump(Function f, PassContext c, Inst inst, ListRef target)
    {
        if (!c.TakeFuel()) return false;
        f[inst] = new InstData(Opcode.Jump, IrType.None) { List = target };
        return true;
    }

    private static bool BecomeTrap(Function f, PassContext c, Inst inst, Opcode op, Inst reason, ListRef target)
    {
        if (!c.TakeFuel()) return false;
        Inst trap = f.CreateInst(new InstData(op, f[inst].Type) { A = f[inst].A, Mem = f[reason].Mem });
        // What traps is the trap, not the branch to it.
        f.Link(trap).Source = f.Link(reason).Source;
        f.InsertBefore(trap, inst);
        f[inst] = new InstData(Opcode.Jump, IrType.None) { List = target };
        return true;
    }

    private static bool IsTrap(Function f, ListRef target, out Inst trap)
    {
        trap = f[f.TargetBlock(target)].First;
        return f[trap].Op == Opcode.Trap;
    }

    /// <summary>A target that only jumps on is passed over; a target that only branches on its parameter, which is a constant here, too.</summary>
    private static bool ThreadTargets(Function f, PassContext c, Inst inst)
    {
        bool changed = false;
        for (int i = 0, n = f.TargetCount(f[inst]); i < n; i++)
            for (int steps = 0; steps < 8; steps++)
            {
                ListRef target = f.GetTarget(f[inst], i);
                Block middle = f.TargetBlock(target);
                Inst only = f[middle].First;
                InstData data = f[only];
                if (only != f[middle].Last || middle == f.Link(inst).Block) break;
                ListRef next = data.Op switch
                {
                    Opcode.Jump => data.List,
                    Opcode.Brif when KnownCondition(f, middle, target, data.A, out bool taken) => taken ? data.List : data.List2,
                    _ => default,
                };
                if (next.Handle == 0 || f.TargetBlock(next) == middle || !ParamsStayInside(f, c, middle) || !c.TakeFuel()) break;
                ListRef threaded = Compose(f, middle, target, next);
                if (threaded.Handle == 0) break;
                f.SetTarget(ref f[inst], i, threaded);
                changed = true;
            }
        return changed;
    }

    private static bool KnownCondition(Function f, Block block, ListRef target, Value condition, out bool taken)
    {
        taken = false;
        int number = f.Params(block).IndexOf(f.Resolve(condition).Index);
        if (number < 0) return false;
        int arg = f.TargetArgs(target)[number];
        if (arg < 0 || !f.IsIconst(f.Resolve(new Value(arg)), out long constant)) return false;
        taken = constant != 0;
        return true;
    }

    /// <summary>The parameters of a block of one instruction are used by that instruction alone, so that going past the block hides nothing.</summary>
    private static bool ParamsStayInside(Function f, PassContext c, Block block)
    {
        ReadOnlySpan<int> parameters = f.Params(block);
        if (parameters.IsEmpty) return true;
        int inside = 0, all = 0;
        foreach (int param in parameters) all += c.Uses[param];
        InstData data = f[f[block].Last];
        if (!data.A.IsNone && parameters.Contains(data.A.Index)) inside++;
        for (int i = 0, n = f.TargetCount(data); i < n; i++)
            foreach (int arg in f.TargetArgs(f.GetTarget(data, i)))
                if (parameters.Contains(arg))
                    inside++;
        return inside == all;
    }

    /// <summary>The target of the second branch with the first one's arguments put in for the parameters between.</summary>
    private static ListRef Compose(Function f, Block middle, ListRef first, ListRef second)
    {
        ListRef result = f.Lists.Create([f.TargetBlock(second).Index]);
        for (int i = 0; i < f.TargetArgs(second).Length; i++)
        {
            int arg = f.Resolve(new Value(f.TargetArgs(second)[i])).Index;
            int number = f.Params(middle).IndexOf(arg);
            result = f.Lists.Add(result, number < 0 ? arg : f.TargetArgs(first)[number]);
        }
        return result;
    }

    /// <summary>Removes what nothing leads to; control flow is known afterwards.</summary>
    public static bool RemoveUnreachable(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        bool changed = false;
        for (Block block = f.FirstBlock, next; !block.IsNone; block = next)
        {
            next = f[block].Next;
            if (c.Flow.IsReachable(block)) continue;
            while (!f[block].Last.IsNone) f.RemoveInst(f[block].Last);
            f.RemoveBlock(block);
            changed = true;
        }
        return changed;
    }

    /// <summary>A block whose only predecessor jumps to it is appended to that.</summary>
    private static bool MergeBlocks(Function f, PassContext c)
    {
        bool changed = false;
        for (Block block = f.FirstBlock; !block.IsNone; block = f[block].Next)
            while (true)
            {
                Inst jump = f[block].Last;
                if (f[jump].Op != Opcode.Jump) break;
                ListRef target = f[jump].List;
                Block next = f.TargetBlock(target);
                if (next == block || next == f.Entry || c.Flow.Preds(next).Length != 1 || !c.TakeFuel()) break;
                for (int i = 0; i < f.Params(next).Length; i++) f.MakeAlias(new Value(f.Params(next)[i]), f.Resolve(new Value(f.TargetArgs(target)[i])));
                f.RemoveInst(jump);
                while (!f[next].First.IsNone)
                {
                    Inst moved = f[next].First;
                    f.RemoveInst(moved);
                    f.AppendInst(block, moved);
                }
                f.RemoveBlock(next);
                changed = true;
            }
        return changed;
    }
}
