using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>A load of what has just been loaded or stored takes that value. For each alias class and place, the <i>version</i> of its
/// memory is the last instruction that may have written it, or the block where several versions meet; equal address, offset, type and version mean
/// equal content.</summary>
internal static class RedundantLoads
{
    // A round carries versions around one more level of loops.
    private const int MostRounds = 32;
    private const int Classes = (int)AliasClass.ReadOnly + 1;

    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        FindVersions(f, c);
        c.Known.Clear();
        bool changed = false;
        Span<int> version = stackalloc int[Classes];
        foreach (int index in c.Flow.Order)
        {
            var block = new Block(index);
            c.Marks.AsSpan().Slice(index * Classes, Classes).CopyTo(version);
            for (Inst inst = f[block].First, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                f.ResolveOperands(inst);
                InstData data = f[inst];
                bool load = data.Op.Has(OpFlags.Load) && !data.Op.Has(OpFlags.Store);
                if (load) changed |= Forward(f, c, inst, version[(int)data.Mem.Alias]);
                Write(data, inst, version);
                if (data.Op == Opcode.Store) Remember(f, c, data, version[(int)data.Mem.Alias]);
            }
        }
        return changed;
    }

    private static bool Forward(Function f, PassContext c, Inst inst, int version)
    {
        ref Value known = ref c.Known.Find(f, inst, version);
        if (known.IsNone || !Dominates(f, c, known, inst))
        {
            known = f.Result(inst);
            return false;
        }
        if (!c.TakeFuel()) return false;
        f.MakeAlias(f.Result(inst), known);
        f.RemoveInst(inst);
        return true;
    }

    private static bool Dominates(Function f, PassContext c, Value value, Inst inst)
    {
        ref ValueData data = ref f.Values[value.Index];
        Block home = data.Kind == ValueKind.Result ? f.Link(new Inst(data.Owner)).Block : new Block(data.Owner);
        return !home.IsNone && c.Flow.Dominates(home, f.Link(inst).Block);
    }

    /// <summary>After a store, the place holds what was stored: entered as the load that would read it.</summary>
    private static void Remember(Function f, PassContext c, in InstData store, int version)
    {
        // The table compares instructions, so it needs one; it is never put into a block.
        Inst load = f.CreateInst(new InstData(Opcode.Load, store.Type) { A = store.B, Imm = store.Imm, Mem = store.Mem });
        c.Known.Find(f, load, version) = store.A;
    }

    /// <summary>The version of each class at the start of each block: a round of data flow until nothing changes.</summary>
    private static void FindVersions(Function f, PassContext c)
    {
        c.Marks.Reset(f.Blocks.Count * Classes, 0);  // at the start
        c.Marks2.Reset(f.Blocks.Count * Classes, 0); // at the end; 0: not known yet
        Span<int> version = stackalloc int[Classes];
        bool changed = true;
        for (int rounds = 0; changed; rounds++)
        {
            if (rounds == MostRounds)
            {
                // Not settled: then each block begins with what nobody knows.
                foreach (int index in c.Flow.Order) c.Marks.AsSpan().Slice(index * Classes, Classes).Fill(-2 - index);
                return;
            }
            changed = false;
            foreach (int index in c.Flow.Order)
            {
                var block = new Block(index);
                Meet(f, c, block, version);
                version.CopyTo(c.Marks.AsSpan().Slice(index * Classes, Classes));
                for (Inst inst = f[block].First; !inst.IsNone; inst = f.Link(inst).Next) Write(f[inst], inst, version);
                Span<int> end = c.Marks2.AsSpan().Slice(index * Classes, Classes);
                if (version.SequenceEqual(end)) continue;
                version.CopyTo(end);
                changed = true;
            }
        }
    }

    private static void Meet(Function f, PassContext c, Block block, Span<int> version)
    {
        int own = -2 - block.Index;
        version.Fill(block == f.Entry ? own : 0);
        foreach (int pred in c.Flow.Preds(block))
        {
            Span<int> end = c.Marks2.AsSpan().Slice(f.Link(new Inst(pred)).Block.Index * Classes, Classes);
            for (int i = 0; i < Classes; i++)
            {
                if (end[i] == 0) continue;
                version[i] = version[i] == 0 || version[i] == end[i] ? end[i] : own;
            }
        }
    }

    private static void Write(in InstData data, Inst inst, Span<int> version)
    {
        bool everything = data.Op.IsCall() || (data.Op.Has(OpFlags.Store) && (data.Op.Has(OpFlags.Effect) || data.Mem.Alias == AliasClass.Any));
        if (everything)
        {
            version[..(int)AliasClass.ReadOnly].Fill(inst.Index + 1);
        }
        else if (data.Op.Has(OpFlags.Store))
        {
            version[(int)data.Mem.Alias] = inst.Index + 1;
            version[(int)AliasClass.Any] = inst.Index + 1;
        }
    }
}
