using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// Removes traps that cannot happen: bounds checks, null checks, and branches whose outcome an earlier one decided. A walk over the tree of dominators carries
/// what is known: after <c>trapnz v</c>, v is 0; where only the one side of a branch leads, its condition is decided.
///
/// <para>What this has to prove, for an access must not leave its memory. A load that names a <i>bound</i> reads a number that never becomes less, and is never
/// below the bound's least value (<see cref="Function.Bounds"/>; the frontend promises both, and that all loads of one bound read the same number). A check of
/// a bound is put as <c>x + n &lt;= bound</c>, a statement about whole numbers, not about sums that may wrap around:</para>
/// <list type="bullet">
/// <item>x is a value as an unsigned number. Extensions with zeros do not change that number, so they are taken off; a constant is taken off a sum only where
/// the largest x (<see cref="Ranges"/>) plus the constant still fits the sum's type. Else the sum itself is x.</item>
/// <item>On the other side, <c>bound - n</c> counts as that number only where n is not above the bound's least value, so that it does not wrap either.</item>
/// <item>x + m &lt;= bound held at a place that dominates this one, and m >= n: then x + n &lt;= bound held there. x is the same number here (a value has no newer
/// instance between the two: its definition dominates the first place, and from a new definition every way here leads over that place again), and
/// the bound is what it was, or more. No store, call, or growing in between matters.</item>
/// <item>Or: the largest x plus n is not above the least value of the bound, or not above a constant that was once checked against it.</item>
/// </list>
/// <para>Nothing is moved, so what traps does so at the same place after the same effects as before. Masks against speculation
/// (<c>select_guard</c>) are no checks and stay as they are, with the comparison that they look at.</para>
/// </summary>
internal static class RedundantChecks
{
    // Kinds of facts: 1 + whether a value is not 0; 1 + the most it can be; n + 1 of x + n <= bound; how two values can be related.
    private const int Truth = 0, AtMost = 1, Below = 2, Relation = 3;

    // How a and b can be related: as unsigned numbers, and as signed ones.
    private const int Less = 1, Equal = 2, Greater = 4, Signed = 8, Anything = 0b111111;

    public static ulong MostKey(Value value) => FactTable.Key(AtMost, 0, value.Index);

    public static bool Run(Function f, PassContext c)
    {
        if (!HasChecks(f)) return false;
        c.Flow.Compute(f);
        c.Facts.Clear();
        bool changed = false;
        // Blocks, and (negative) marks to return to.
        c.Work.Clear();
        c.Work.Add(f.Entry.Index);
        while (c.Work.Count > 0)
        {
            int item = c.Work.Pop();
            if (item < 0)
            {
                c.Facts.ReturnTo(~item);
                continue;
            }
            c.Work.Add(~c.Facts.Mark);
            var block = new Block(item);
            LearnFromBranch(f, c, block);
            changed |= Visit(f, c, block);
            foreach (int child in c.Flow.Dominated(block)) c.Work.Add(child);
        }
        return changed;
    }

    private static bool HasChecks(Function f)
    {
        for (Block block = f.FirstBlock; !block.IsNone; block = f[block].Next)
            for (Inst inst = f[block].First; !inst.IsNone; inst = f.Link(inst).Next)
                if (f[inst].Op is Opcode.Trapz or Opcode.Trapnz)
                    return true;
        return false;
    }

    /// <summary>A block that one branch alone leads to knows how that was decided.</summary>
    private static void LearnFromBranch(Function f, PassContext c, Block block)
    {
        if (block == f.Entry || c.Flow.Preds(block) is not [int pred] || f[new Inst(pred)].Op != Opcode.Brif) return;
        Learn(f, c, f.Resolve(f[new Inst(pred)].A), isZero: c.Flow.PredTargets(block)[0] == 1);
    }

    private static bool Visit(Function f, PassContext c, Block block)
    {
        bool changed = false;
        for (Inst inst = f[block].First, next; !inst.IsNone; inst = next)
        {
            next = f.Link(inst).Next;
            Opcode op = f[inst].Op;
            if (op is not (Opcode.Trapz or Opcode.Trapnz or Opcode.Brif)) continue;
            f.ResolveOperands(inst);
            Value condition = f[inst].A;
            bool known = IsKnown(f, c, condition, out bool isZero);
            if (op == Opcode.Brif)
            {
                if (!known || f.IsIconst(condition, out _) || !c.TakeFuel()) continue;
                Value constant = Simplify.Constant(f, inst, f.TypeOf(condition), isZero ? 0u : 1u);
                f[inst].A = constant;
                changed = true;
                continue;
            }
            if (known && isZero == (op == Opcode.Trapnz) && c.TakeFuel())
            {
                f.RemoveInst(inst);
                changed = true;
                continue;
            }
            Learn(f, c, condition, isZero: op == Opcode.Trapnz);
        }
        return changed;
    }

    private static void Learn(Function f, PassContext c, Value value, bool isZero)
    {
        c.Facts[FactTable.Key(Truth, 0, value.Index)] = isZero ? 1u : 2u;
        if (isZero) c.Facts[MostKey(value)] = 1;
        if (!IsComparison(f, value, out InstData compare)) return;
        IntCC cc = isZero ? compare.IntCC.Invert() : compare.IntCC;
        (Value a, Value b) = (f.Resolve(compare.A), f.Resolve(compare.B));
        ulong key = RelationKey(ref a, ref b, ref cc);
        ulong before = c.Facts[key];
        c.Facts[key] = (before == 0 ? Anything : before) & (ulong)Possible(cc);
        LearnMost(f, c, a, cc, b);
        LearnMost(f, c, b, cc.Swap(), a);
        LearnBound(f, c, a, cc, b);
        LearnBound(f, c, b, cc.Swap(), a);
    }

    private static void LearnMost(Function f, PassContext c, Value value, IntCC cc, Value limit)
    {
        if (cc is not (IntCC.Ult or IntCC.Ule or IntCC.Eq) || !f.IsIconst(limit, out long constant)) return;
        ulong most = (ulong)constant & f.TypeOf(limit).Mask();
        if (cc == IntCC.Ult && most-- == 0) return;
        ulong before = c.Facts[MostKey(value)];
        if (most < ulong.MaxValue && (before == 0 || most < before - 1)) c.Facts[MostKey(value)] = most + 1;
    }

    private static void LearnBound(Function f, PassContext c, Value value, IntCC cc, Value limit)
    {
        if (cc is not (IntCC.Ult or IntCC.Ule) || !IsBound(f, limit, out int bound, out ulong less)) return;
        Value x = TakeApart(f, c, value, out ulong sum);
        // x < b says x + 1 <= b.
        UInt128 n = (UInt128)sum + less + (cc == IntCC.Ult ? 1u : 0u);
        if (n >= ulong.MaxValue) return;
        ulong key = BelowKey(bound, x);
        if (c.Facts[key] < (ulong)n + 1) c.Facts[key] = (ulong)n + 1;
    }

    /// <summary>Whether a value is 0 for certain, or not 0 for certain.</summary>
    private static bool IsKnown(Function f, PassContext c, Value value, out bool isZero)
    {
        ulong truth = c.Facts[FactTable.Key(Truth, 0, value.Index)];
        isZero = truth == 1;
        if (truth != 0) return true;
        if (!IsComparison(f, value, out InstData compare)) return false;
        (Value a, Value b, IntCC cc) = (f.Resolve(compare.A), f.Resolve(compare.B), compare.IntCC);
        ulong related = c.Facts[RelationKey(ref a, ref b, ref cc)];
        if (related == 0) related = Anything;
        // For each comparison the two of the four that would decide it.
        if (cc is IntCC.Ule or IntCC.Ugt && IsBelow(f, c, a, b, orEqual: true)) related &= (ulong)Possible(IntCC.Ule);
        if (cc is IntCC.Ult or IntCC.Uge or IntCC.Eq or IntCC.Ne && IsBelow(f, c, a, b, orEqual: false)) related &= (ulong)Possible(IntCC.Ult);
        if (cc is IntCC.Ult or IntCC.Uge && IsBelow(f, c, b, a, orEqual: true)) related &= (ulong)Possible(IntCC.Uge);
        if (cc is IntCC.Ule or IntCC.Ugt or IntCC.Eq or IntCC.Ne && IsBelow(f, c, b, a, orEqual: false)) related &= (ulong)Possible(IntCC.Ugt);
        ulong holds = (ulong)Decisive(cc), fails = (ulong)Decisive(cc.Invert());
        isZero = (related & holds) == 0;
        // Facts that contradict each other belong to code that never runs.
        return isZero != ((related & fails) == 0);
    }

    /// <summary>Whether a is below b (or equal) because of how large a can be, or because a check of a bound said so.</summary>
    private static bool IsBelow(Function f, PassContext c, Value a, Value b, bool orEqual)
    {
        ulong more = orEqual ? 0u : 1u;
        if (f.IsIconst(b, out long constant)) return (UInt128)Ranges.Most(f, c, a, c.Facts) + more <= ((ulong)constant & f.TypeOf(b).Mask());
        if (!IsBound(f, b, out int bound, out ulong less)) return false;
        Value x = TakeApart(f, c, a, out ulong sum);
        UInt128 n = (UInt128)sum + less + more;
        ulong known = c.Facts[BelowKey(bound, x)];
        if (known > 0 && n <= known - 1) return true;
        ulong least = (ulong)f.LeastOf(bound);
        ulong constantChecked = c.Facts[BelowKey(bound, Value.None)];
        if (constantChecked > 0) least = Math.Max(least, constantChecked - 1);
        return n + (x.IsNone ? 0 : Ranges.Most(f, c, x, c.Facts)) <= least;
    }

    private static ulong BelowKey(int bound, Value x) => FactTable.Key(Below, bound, x.Index + 1);

    /// <summary>A value as a bound less a constant, where that does not wrap around.</summary>
    private static bool IsBound(Function f, Value value, out int bound, out ulong less)
    {
        (bound, less) = (-1, 0);
        Inst def = f.DefOf(value);
        if (def.IsNone) return false;
        InstData data = f[def];
        if (data.Op == Opcode.Iadd && data.Lane == Lane.None && f.IsIconst(f.Resolve(data.B), out long constant) && constant <= 0)
        {
            less = (ulong)-constant;
            def = f.DefOf(f.Resolve(data.A));
            if (def.IsNone) return false;
            data = f[def];
        }
        // An i64 only: the constant was taken for a number of 64 bits.
        if (data.Op != Opcode.Load || data.Type != IrType.I64 || data.Bound == 0) return false;
        bound = data.Bound - 1;
        return less <= (ulong)f.LeastOf(bound);
    }

    /// <summary>A value as another one and a constant whose sum is the same whole number; none and a constant for a constant.</summary>
    private static Value TakeApart(Function f, PassContext c, Value value, out ulong sum)
    {
        sum = 0;
        for (int steps = 0; steps < 8; steps++)
        {
            Inst def = f.DefOf(value);
            if (def.IsNone) break;
            InstData data = f[def];
            if (data.Lane != Lane.None) break;
            ulong mask = data.Type.Mask();
            if (data.Op == Opcode.Iconst && data.Type.IsInt())
            {
                UInt128 whole = (UInt128)sum + ((ulong)data.Imm & mask);
                if (whole > ulong.MaxValue) break;
                sum = (ulong)whole;
                return Value.None;
            }
            if (data.Op == Opcode.Uextend && data.Type != IrType.I128)
            {
                value = f.Resolve(data.A);
                continue;
            }
            if (data.Op != Opcode.Iadd || !f.IsIconst(f.Resolve(data.B), out long constant)) break;
            Value rest = f.Resolve(data.A);
            ulong more = (ulong)constant & mask;
            if ((UInt128)Ranges.Most(f, c, rest, c.Facts) + more > mask || (UInt128)sum + more > ulong.MaxValue) break;
            (value, sum) = (rest, sum + more);
        }
        return value;
    }

    private static bool IsComparison(Function f, Value value, out InstData compare)
    {
        Inst def = f.DefOf(value);
        compare = def.IsNone ? default : f[def];
        return !def.IsNone && compare.Op == Opcode.Icmp && compare.Lane == Lane.None && (compare.Type.IsInt() || compare.Type == IrType.Ref);
    }

    private static ulong RelationKey(ref Value a, ref Value b, ref IntCC cc)
    {
        if (a.Index > b.Index) (a, b, cc) = (b, a, cc.Swap());
        return FactTable.Key(Relation, a.Index, b.Index);
    }

    /// <summary>The relations that are possible where a comparison holds: it says nothing of the other kind of numbers, unless it says equal.</summary>
    private static int Possible(IntCC cc) => cc switch
    {
        IntCC.Eq => Equal | Equal * Signed,
        IntCC.Ne => Less | Greater | (Less | Greater) * Signed,
        IntCC.Slt => Less * Signed | Less | Greater,
        IntCC.Sle => (Less | Equal) * Signed | 0b111,
        IntCC.Sgt => Greater * Signed | Less | Greater,
        IntCC.Sge => (Greater | Equal) * Signed | 0b111,
        IntCC.Ult => Less | (Less | Greater) * Signed,
        IntCC.Ule => Less | Equal | 0b111 * Signed,
        IntCC.Ugt => Greater | (Less | Greater) * Signed,
        _ => Greater | Equal | 0b111 * Signed,
    };

    /// <summary>The relations of which one must be possible for a comparison to hold.</summary>
    private static int Decisive(IntCC cc) => cc switch
    {
        IntCC.Eq => Equal,
        IntCC.Ne => Less | Greater,
        IntCC.Slt => Less * Signed,
        IntCC.Sle => (Less | Equal) * Signed,
        IntCC.Sgt => Greater * Signed,
        IntCC.Sge => (Greater | Equal) * Signed,
        IntCC.Ult => Less,
        IntCC.Ule => Less | Equal,
        IntCC.Ugt => Greater,
        _ => Greater | Equal,
    };
}
