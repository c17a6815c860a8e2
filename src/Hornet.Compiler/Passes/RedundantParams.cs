using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>A parameter that gets the same value from every branch (or itself) is that value. One round goes up one level of loops.</summary>
internal static class RedundantParams
{
    private const int Gone = 0, Kept = 1;
    // Who nests loops deeper than this keeps some parameters too many.
    private const int MostRounds = 32;

    public static bool Run(Function f, PassContext c)
    {
        // Branches that nothing leads to are not seen, and would keep their arguments: code behind the entry of a loop that is taken over has such.
        bool changed = Branches.RemoveUnreachable(f, c), again = true;
        for (int rounds = 0; again && rounds < MostRounds; rounds++)
        {
            again = false;
            foreach (int index in c.Flow.Order)
            {
                var block = new Block(index);
                if (block != f.Entry && f.Params(block).Length > 0) again |= Visit(f, c, block);
            }
            changed |= again;
        }
        if (changed) f.ResolveAll();
        return changed;
    }

    private static bool Visit(Function f, PassContext c, Block block)
    {
        FindOnlyArguments(f, c, block);
        ReadOnlySpan<int> parameters = f.Params(block);
        Span<int> keep = c.Marks.AsSpan();
        bool some = false;
        for (int i = 0; i < keep.Length; i++)
        {
            int same = keep[i];
            keep[i] = Kept;
            if (same < 0 || same == parameters[i]) continue;
            // The value may be a parameter that has gone a moment ago.
            Value value = f.Resolve(new Value(same));
            if (value.Index == parameters[i] || !c.TakeFuel()) continue;
            keep[i] = Gone;
            f.MakeAlias(new Value(parameters[i]), value);
            some = true;
        }
        if (some) DeadCode.KeepParams(f, c, block, keep);
        return some;
    }

    /// <summary>Fills the marks with the one argument of each parameter; itself where there are several, -1 where there is none but itself.</summary>
    private static void FindOnlyArguments(Function f, PassContext c, Block block)
    {
        ReadOnlySpan<int> parameters = f.Params(block), preds = c.Flow.Preds(block), numbers = c.Flow.PredTargets(block);
        c.Marks.Reset(parameters.Length, -1);
        Span<int> same = c.Marks.AsSpan();
        int open = parameters.Length;
        for (int edge = 0; edge < preds.Length && open > 0; edge++)
        {
            ReadOnlySpan<int> args = f.TargetArgs(f.GetTarget(f[new Inst(preds[edge])], numbers[edge]));
            for (int i = 0; i < same.Length; i++)
            {
                int param = parameters[i];
                if (same[i] == param) continue;
                int value = args[i] < 0 ? param : f.Resolve(new Value(args[i])).Index;
                if (value == same[i] || (value == param && args[i] >= 0)) continue;
                if (same[i] < 0 && args[i] >= 0) same[i] = value;
                else
                {
                    same[i] = param;
                    open--;
                }
            }
        }
    }
}
