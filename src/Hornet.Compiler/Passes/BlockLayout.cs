using Hornet.Base;
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
        Order(f, c);
        f.SetLayout(c.Work.AsSpan());
        return true;
    }

    /// <summary>Marks blocks from which nothing leads but to traps and handlers. Needs the control flow.</summary>
    public static void MarkCold(Function f, PassContext c)
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

    /// <summary>
    /// Fills the list of work with the blocks in order. Each loop is a chain of its own blocks and, where their headers come, the
    /// loops inside; the function is one more. The chains are followed with a stack, because loops nest as deep as the guest likes.
    /// </summary>
    private static void Order(Function f, PassContext c)
    {
        // An item of a chain is a block, or a loop (numbered behind the blocks).
        int blocks = f.Blocks.Count, loops = c.Flow.LoopCount;
        c.Marks.Reset(blocks + loops, End);       // what follows an item in its chain
        c.Marks2.Reset(2 * (loops + 1), End);     // the first and the last item of each chain
        Span<int> next = c.Marks.AsSpan(), ends = c.Marks2.AsSpan();
        foreach (int index in c.Flow.Order)
        {
            var block = new Block(index);
            int loop = c.Flow.LoopOf(block);
            if (loop >= 0 && c.Flow.LoopHeader(loop) == block) Append(next, ends, c.Flow.LoopParent(loop), blocks + loop);
            Append(next, ends, loop, index);
        }
        c.Work.Clear();
        Follow(f, c, blocks, cold: false);
        Follow(f, c, blocks, cold: true);
    }

    private const int End = -1;

    private static void Append(Span<int> next, Span<int> ends, int loop, int item)
    {
        ref int first = ref ends[2 * (loop + 1)], last = ref ends[2 * (loop + 1) + 1];
        if (first == End) first = item;
        else next[last] = item;
        last = item;
    }

    private static void Follow(Function f, PassContext c, int blocks, bool cold)
    {
        Span<int> next = c.Marks.AsSpan(), ends = c.Marks2.AsSpan();
        FlatList<int> stack = c.Uses;
        stack.Clear();
        stack.Add(ends[0]);
        while (stack.Count > 0)
        {
            int item = stack.Pop();
            if (item == End) continue;
            stack.Add(next[item]);
            if (item >= blocks) stack.Add(ends[2 * (item - blocks + 1)]);
            else if (f[new Block(item)].Cold == cold) c.Work.Add(item);
        }
    }
}
