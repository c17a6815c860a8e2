using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// Orders the blocks: reverse postorder with each loop in one piece, blocks that end in a trap (and those that only lead to such) last.
/// A block stands behind those that dominate it: selection visits uses before definitions, and intervals begin at their definition.
/// Turning loops so that their test lies at the bottom is therefore a matter of emission, not of this order.
/// </summary>
internal static class BlockLayout
{
    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        MarkCold(f, c);
        c.Work.Clear();
        c.Marks.Reset(f.Blocks.Count, 0);
        foreach (int block in c.Flow.Order) Place(f, c, new Block(block), cold: false);
        foreach (int block in c.Flow.Order) Place(f, c, new Block(block), cold: true);
        f.SetLayout(c.Work.AsSpan());
        return true;
    }

    private static void MarkCold(Function f, PassContext c)
    {
        for (int i = c.Flow.Order.Length - 1; i > 0; i--)
        {
            var block = new Block(c.Flow.Order[i]);
            InstData last = f[f[block].Last];
            bool cold = last.Op == Opcode.Trap;
            int count = f.TargetCount(last);
            if (count > 0)
            {
                cold = true;
                for (int t = 0; t < count; t++) cold &= f[f.TargetBlock(f.GetTarget(last, t))].Cold;
            }
            f[block].Cold |= cold;
            if (last.Op is Opcode.TryCall or Opcode.TryCallIndirect) f[f.TargetBlock(f.GetTarget(last, 1))].Cold = true;
        }
        // What only a cold block leads to is as cold, and must stand behind it.
        foreach (int index in c.Flow.Order)
        {
            Block dominator = c.Flow.ImmediateDominator(new Block(index));
            if (!dominator.IsNone && f[dominator].Cold) f[new Block(index)].Cold = true;
        }
    }

    /// <summary>Places a block, and with a loop's header the rest of the loop.</summary>
    private static void Place(Function f, PassContext c, Block block, bool cold)
    {
        if (c.Marks[block.Index] != 0 || f[block].Cold != cold) return;
        c.Marks[block.Index] = 1;
        c.Work.Add(block.Index);
        int loop = c.Flow.LoopOf(block);
        if (loop < 0 || c.Flow.LoopHeader(loop) != block) return;
        ReadOnlySpan<int> order = c.Flow.Order;
        for (int i = c.Flow.NumberOf(block) + 1, left = c.Flow.LoopSize(loop) - 1; i < order.Length && left > 0; i++)
        {
            if (!c.Flow.LoopContains(loop, new Block(order[i]))) continue;
            left--;
            Place(f, c, new Block(order[i]), cold);
        }
    }
}
