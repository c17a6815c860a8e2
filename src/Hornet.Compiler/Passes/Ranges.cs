using System.Numerics;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// How large a value can be, as an unsigned number. What is said holds in every run of the function: where nothing is known, it is the largest
/// number of the type, and a walk that is stopped half-way ends with just that.
/// </summary>
internal static class Ranges
{
    private const int MostSteps = 32, MostEdges = 8;

    /// <summary>The most that a value can be. Facts of the place where it is used make it less: <paramref name="facts"/> has them, or is null. Without facts and
    /// <paramref name="counters"/> no branch has a say in it, so that it holds as well where the processor runs ahead of one.</summary>
    public static ulong Most(Function f, PassContext c, Value value, FactTable? facts, bool counters = true)
    {
        // How far a walk goes in all, over operands and branches.
        c.Steps = MostSteps;
        c.CountersBounded = counters;
        return Walk(f, c, value, facts);
    }

    private static ulong Walk(Function f, PassContext c, Value value, FactTable? facts)
    {
        IrType type = f.TypeOf(value);
        ulong all = type.Mask();
        if (!type.IsInt()) return ulong.MaxValue;
        if (facts is not null && facts[RedundantChecks.MostKey(value)] is > 0 and var known) all = known - 1;
        if (--c.Steps < 0) return all;
        Inst def = f.DefOf(value);
        if (def.IsNone) return Math.Min(all, OfParam(f, c, value));
        InstData data = f[def];
        if (data.Lane != Lane.None) return all;
        return Math.Min(all, data.Op switch
        {
            Opcode.Iconst => (ulong)data.Imm & type.Mask(),
            Opcode.Uextend or Opcode.Ireduce => Fitting(Of(data.A)),
            // x & y is neither above x nor above y
            Opcode.Band => Math.Min(Of(data.A), Of(data.B)),
            Opcode.Bor or Opcode.Bxor => Ones(Of(data.A) | Of(data.B)),
            Opcode.Ushr when f.IsIconst(data.B, out long count) => Of(data.A) >> (int)(count & (type.Bits() - 1)),
            Opcode.Ishl when f.IsIconst(data.B, out long count) => Product(Of(data.A), 1UL << (int)(count & (type.Bits() - 1))),
            Opcode.Iadd => Fitting((UInt128)Of(data.A) + Of(data.B)),
            Opcode.Imul => Product(Of(data.A), Of(data.B)),
            Opcode.Urem when f.IsIconst(data.B, out long divisor) && divisor != 0 => ((ulong)divisor & type.Mask()) - 1,
            Opcode.Udiv when f.IsIconst(data.B, out long divisor) && divisor != 0 => Of(data.A) / ((ulong)divisor & type.Mask()),
            Opcode.Select or Opcode.SelectGuard => Math.Max(Of(data.B), Of(data.C)),
            Opcode.Umin => Math.Min(Of(data.A), Of(data.B)),
            Opcode.Uload8 => 0xFF,
            Opcode.Uload16 => 0xFFFF,
            Opcode.Uload32 => 0xFFFF_FFFF,
            Opcode.Icmp or Opcode.Fcmp => 1,
            Opcode.Clz or Opcode.Ctz or Opcode.Popcnt => (ulong)type.Bits(),
            _ => type.Mask(),
        });

        ulong Of(Value operand) => Walk(f, c, f.Resolve(operand), facts);
        ulong Product(ulong a, ulong b) => Fitting((UInt128)a * b);
        // What may wrap around can be anything.
        ulong Fitting(UInt128 most) => most <= type.Mask() ? (ulong)most : type.Mask();
    }

    private static ulong Ones(ulong most) => most == 0 ? 0 : ulong.MaxValue >> BitOperations.LeadingZeroCount(most);

    /// <summary>
    /// A parameter is at most what its branches pass. Facts of the place that asks mean nothing here: they are of the values as they are now, and a loop passed
    /// those of a round before. Where a branch passes on the parameter plus a constant, it is a counter, and its test bounds it.
    /// </summary>
    private static ulong OfParam(Function f, PassContext c, Value param)
    {
        ulong all = f.TypeOf(param).Mask();
        var block = new Block(f.Values[param.Index].Owner);
        if (block == f.Entry) return all;
        int number = f.Params(block).IndexOf(param.Index);
        ReadOnlySpan<int> preds = c.Flow.Preds(block), targets = c.Flow.PredTargets(block);
        if (preds.Length > MostEdges) return all;
        // First what is passed from elsewhere: the counter's start.
        ulong most = 0, start = 0;
        int starts = 0, counter = -1;
        bool exact = true;
        for (int edge = 0; edge < preds.Length; edge++)
        {
            if (!Passed(f, preds[edge], TargetOf(f, preds[edge], targets[edge], block), number, out Value passed)) return all;
            if (passed == param) continue;
            if (IsStep(f, param, passed, out _))
            {
                // The induction below is about one way of counting.
                if (counter >= 0 || !c.CountersBounded) return all;
                counter = edge;
                continue;
            }
            ulong one = Walk(f, c, passed, null);
            exact &= f.IsIconst(passed, out _) && (starts++ == 0 || one == start);
            start = one;
            most = Math.Max(most, one);
        }
        if (counter < 0) return most;
        int way = TargetOf(f, preds[counter], targets[counter], block);
        Passed(f, preds[counter], way, number, out Value next);
        IsStep(f, param, next, out ulong step);
        bool bounded = IsBounded(f, new Inst(preds[counter]), way, param, next, step, exact && starts > 0, start, most, out ulong bound);
        return bounded ? Math.Max(most, bound) : all;
    }

    /// <summary>Which way of a branch leads to a block: who simplifies a condition may have exchanged the two since they were counted.</summary>
    private static int TargetOf(Function f, int branch, int target, Block block)
    {
        InstData data = f[new Inst(branch)];
        return data.Op == Opcode.Brif && f.TargetBlock(f.GetTarget(data, target)) != block ? 1 - target : target;
    }

    private static bool Passed(Function f, int branch, int target, int number, out Value value)
    {
        int arg = f.TargetArgs(f.GetTarget(f[new Inst(branch)], target))[number];
        value = arg < 0 ? Value.None : f.Resolve(new Value(arg));
        return arg >= 0;
    }

    private static bool IsStep(Function f, Value param, Value next, out ulong step)
    {
        step = 0;
        Inst def = f.DefOf(next);
        if (def.IsNone || f[def].Op != Opcode.Iadd || f[def].Lane != Lane.None || f.Resolve(f[def].A) != param || !f.IsIconst(f.Resolve(f[def].B), out long constant)) return false;
        step = (ulong)constant & f.TypeOf(param).Mask();
        return step != 0;
    }

    /// <summary>
    /// Whether a branch that is taken only while a counter has not met its limit bounds what it passes. With p the counter, n = p + step what is passed on,
    /// N the constant it is compared with; each by induction over the rounds, from a start that is at most <paramref name="most"/>. No other branch counts:
    /// <list type="bullet">
    /// <item>n &lt;u N was tested, so n is at most N - 1; whether the sum wrapped around does not matter.</item>
    /// <item>n &lt;s N was tested, N positive: p is at most the larger of start and N - 1, so n does not reach the sign bit, is not negative, and so is below N.</item>
    /// <item>n != N was tested, all starts are one constant below N, and the step divides the distance: p meets N exactly, so before that it is at most
    /// N - step.</item>
    /// <item>n != 0 was tested, n = p - k, all starts are one positive multiple of k: p meets 0 exactly, and goes down from its start.</item>
    /// </list>
    /// </summary>
    private static bool IsBounded(Function f, Inst branch, int target, Value param, Value next, ulong step, bool exact, ulong start, ulong most, out ulong bound)
    {
        bound = 0;
        InstData data = f[branch];
        if (data.Op != Opcode.Brif || f.TargetBlock(data.List) == f.TargetBlock(data.List2)) return false;
        IrType type = f.TypeOf(param);
        ulong mask = type.Mask(), sign = mask / 2 + 1;
        Value condition = f.Resolve(data.A);
        IntCC cc = IntCC.Ne;
        ulong limit = 0;
        if (condition != next)
        {
            Inst def = f.DefOf(condition);
            if (def.IsNone || f[def].Op != Opcode.Icmp || f[def].Lane != Lane.None || f.Resolve(f[def].A) != next || !f.IsIconst(f.Resolve(f[def].B), out long constant)) return false;
            (cc, limit) = (f[def].IntCC, (ulong)constant & mask);
        }
        if (target == 1) cc = cc.Invert();
        switch (cc)
        {
            case IntCC.Ult when limit > 0:
                bound = limit - 1;
                return true;
            case IntCC.Ule:
                bound = limit;
                return true;
            case IntCC.Slt when limit > 0 && limit < sign && step < sign && Math.Max(most, limit - 1) < sign - step:
                bound = limit - 1;
                return true;
            case IntCC.Ne when limit > 0 && exact && step < sign && start < limit && (limit - start) % step == 0:
                bound = limit - step;
                return true;
            case IntCC.Ne when limit == 0 && exact && step >= sign && start > 0 && start % ((0 - step) & mask) == 0:
                bound = start;
                return true;
            default: return false;
        }
    }
}
