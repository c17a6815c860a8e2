using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>A parameter that gets the same value from every branch (or itself) is that value.</summary>
internal static class RedundantParams
{
    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        bool changed = false, again = true;
        while (again)
        {
            again = false;
            foreach (int index in c.Flow.Order)
            {
                var block = new Block(index);
                if (block == f.Entry) continue;
                for (int number = f.Params(block).Length - 1; number >= 0; number--)
                {
                    var param = new Value(f.Params(block)[number]);
                    Value same = OnlyArgument(f, c, block, number, param);
                    if (same.IsNone || !c.TakeFuel()) continue;
                    DeadCode.RemoveParam(f, c, block, number);
                    f.MakeAlias(param, same);
                    changed = again = true;
                }
            }
        }
        if (changed) f.ResolveAll();
        return changed;
    }

    private static Value OnlyArgument(Function f, PassContext c, Block block, int number, Value param)
    {
        Value same = Value.None;
        foreach (int pred in c.Flow.Preds(block))
        {
            InstData data = f[new Inst(pred)];
            for (int i = 0, n = f.TargetCount(data); i < n; i++)
            {
                ListRef target = f.GetTarget(data, i);
                if (f.TargetBlock(target) != block) continue;
                int arg = f.TargetArgs(target)[number];
                if (arg < 0) return Value.None;
                Value value = f.Resolve(new Value(arg));
                if (value == param || value == same) continue;
                if (!same.IsNone) return Value.None;
                same = value;
            }
        }
        return same;
    }
}
