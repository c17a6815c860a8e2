using Hornet.Base;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Moves what does not change in a loop before it: pure operators, and loads through the VM context whose memory the loop does not write.
/// What is free inside an addressing mode, a branch or an immediate moves only along with something that is not.</summary>
internal static class LoopInvariants
{
    // Marks of instructions are 2 * loop + one of these, so that those of other loops mean nothing.
    private const int Invariant = 1, Cheap = 2;

    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        if (c.Flow.LoopCount == 0) return false;
        for (int loop = 0; loop < c.Flow.LoopCount; loop++) EnsurePreheader(f, c, loop);
        c.Flow.Compute(f);
        c.Marks.Reset(f.Insts.Count, 0);
        bool changed = false;
        // Inner loops come first in the list: what leaves them can leave the outer ones as well. Each is walked through with all
        // that it contains, so nesting without end would cost the square.
        long most = 64L * c.Flow.Order.Length;
        for (int loop = 0; loop < c.Flow.LoopCount && (most -= c.Flow.LoopSize(loop)) >= 0; loop++) changed |= Hoist(f, c, loop);
        return changed;
    }

    /// <summary>A loop's header gets one predecessor outside that does nothing but jump to it.</summary>
    private static void EnsurePreheader(Function f, PassContext c, int loop)
    {
        Block header = c.Flow.LoopHeader(loop);
        c.Work.Clear();
        foreach (int pred in c.Flow.Preds(header))
            if (!c.Flow.Dominates(header, f.Link(new Inst(pred)).Block))
                c.Work.Add(pred);
        if (c.Work.Count == 1 && f[new Inst(c.Work[0])].Op == Opcode.Jump) return;
        Block preheader = f.CreateBlock();
        ListRef jump = f.Lists.Create([header.Index]);
        for (int i = 0; i < f.Params(header).Length; i++)
            jump = f.Lists.Add(jump, f.AppendParam(preheader, f.TypeOf(new Value(f.Params(header)[i]))).Index);
        f.AppendInst(preheader, f.CreateInst(new InstData(Opcode.Jump, IrType.None) { List = jump }));
        f[preheader].Cold = f[header].Cold;
        foreach (int pred in c.Work.AsSpan())
            for (int i = 0, n = f.TargetCount(f[new Inst(pred)]); i < n; i++)
            {
                ListRef target = f.GetTarget(f[new Inst(pred)], i);
                if (f.TargetBlock(target) == header) f.Lists.Get(target)[0] = preheader.Index;
            }
        f.InsertBlock(preheader, header);
    }

    private static bool Hoist(Function f, PassContext c, int loop)
    {
        Block header = c.Flow.LoopHeader(loop);
        Inst exit = Inst.None;
        foreach (int pred in c.Flow.Preds(header))
            if (!c.Flow.Dominates(header, f.Link(new Inst(pred)).Block))
                exit = new Inst(pred);
        if (exit.IsNone) return false;
        int written = WrittenClasses(f, c, loop);
        bool changed = false;
        for (int number = c.Flow.NumberOf(header), left = c.Flow.LoopSize(loop); left > 0; number++)
        {
            var block = new Block(c.Flow.Order[number]);
            if (!c.Flow.LoopContains(loop, block)) continue;
            left--;
            for (Inst inst = f[block].First, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                f.ResolveOperands(inst);
                ref InstData data = ref f[inst];
                bool movable = data.Op.IsPure()
                    || (data.Op.Has(OpFlags.Load) && !data.Op.Has(OpFlags.Effect) && data.Mem.NoTrap && (written >> (int)data.Mem.Alias & 1) == 0 && IsAlwaysValid(f, data));
                if (!movable || !Outside(f, c, loop, data.A) || !Outside(f, c, loop, data.B) || !Outside(f, c, loop, data.C)) continue;
                if (IsCheap(f, data))
                {
                    c.Marks[inst.Index] = 2 * loop + Cheap;
                    continue;
                }
                if (!c.TakeFuel()) return changed;
                MoveOut(f, c, loop, inst, exit);
                changed = true;
            }
        }
        return changed;
    }

    /// <summary>Whether a load is good at any place. That it cannot fault holds only where it stands: behind its bounds check or its
    /// null check. What the VM context holds, and what it points to, is always there.</summary>
    private static bool IsAlwaysValid(Function f, in InstData load)
    {
        if (load.Mem.Alias == AliasClass.VmContext || load.Op == Opcode.RefAddr || IsContext(f, load.A)) return true;
        Inst def = f.DefOf(load.A);
        return !def.IsNone && f[def] is { Op: Opcode.Load, Mem.IsPure: true } pointer && IsContext(f, pointer.A);
    }

    private static bool IsContext(Function f, Value value)
    {
        Inst def = f.DefOf(value);
        return def.IsNone ? f.Signature.HasContext && f.Params(f.Entry)[0] == value.Index : f[def].Op == Opcode.VmContext;
    }

    private static bool Outside(Function f, PassContext c, int loop, Value value)
    {
        if (value.IsNone) return true;
        Inst def = f.DefOf(value);
        if (def.IsNone) return !c.Flow.LoopContains(loop, new Block(f.Values[value.Index].Owner));
        return c.Marks[def.Index] - 2 * loop is Invariant or Cheap || !c.Flow.LoopContains(loop, f.Link(def).Block);
    }

    private static bool IsCheap(Function f, in InstData data) => data.Op switch
    {
        Opcode.Iconst or Opcode.F32const or Opcode.F64const or Opcode.VmContext or Opcode.StackAddr or Opcode.FuncAddr or Opcode.FramePointer => true,
        Opcode.Icmp or Opcode.Fcmp => data.Lane == Lane.None,
        Opcode.Uextend or Opcode.Ireduce or Opcode.RefAddr => true,
        Opcode.Iadd => f.IsIconst(data.B, out _),
        _ => false,
    };

    /// <summary>Moves an instruction and the cheap ones it needs, which may need others in turn: operands before what uses them.</summary>
    private static void MoveOut(Function f, PassContext c, int loop, Inst root, Inst before)
    {
        FlatList<int> stack = c.Work;
        stack.Clear();
        stack.Add(root.Index);
        while (stack.Count > 0)
        {
            var inst = new Inst(stack[stack.Count - 1]);
            InstData data = f[inst];
            if (inst != root && c.Marks[inst.Index] != 2 * loop + Cheap)
            {
                // Wanted twice, and moved already.
                stack.Pop();
                continue;
            }
            if (Push(f, c, loop, data.A) | Push(f, c, loop, data.B) | Push(f, c, loop, data.C)) continue;
            stack.Pop();
            c.Marks[inst.Index] = 2 * loop + Invariant;
            f.RemoveInst(inst);
            f.InsertBefore(inst, before);
        }
    }

    private static bool Push(Function f, PassContext c, int loop, Value operand)
    {
        if (operand.IsNone || f.DefOf(operand) is not { IsNone: false } def || c.Marks[def.Index] != 2 * loop + Cheap) return false;
        c.Work.Add(def.Index);
        return true;
    }

    /// <summary>A bit per alias class that something in the loop may write.</summary>
    private static int WrittenClasses(Function f, PassContext c, int loop)
    {
        const int all = ~(1 << (int)AliasClass.ReadOnly);
        Block header = c.Flow.LoopHeader(loop);
        int written = 0;
        for (int number = c.Flow.NumberOf(header), left = c.Flow.LoopSize(loop); left > 0; number++)
        {
            var block = new Block(c.Flow.Order[number]);
            if (!c.Flow.LoopContains(loop, block)) continue;
            left--;
            for (Inst inst = f[block].First; !inst.IsNone; inst = f.Link(inst).Next)
            {
                InstData data = f[inst];
                if (data.Op.IsCall() || (data.Op.Has(OpFlags.Store) && data.Op.Has(OpFlags.Effect))) return all;
                if (data.Op.Has(OpFlags.Store)) written |= data.Mem.Alias == AliasClass.Any ? all : 1 << (int)data.Mem.Alias | 1 << (int)AliasClass.Any;
            }
        }
        return written;
    }
}
