using System.Numerics;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Algebra, constant folding, and global value numbering, in one walk in reverse postorder: each instruction is rewritten until no rule
/// applies, and then, if the same was computed in a dominating place, replaced by that.</summary>
internal static class Simplify
{
    /// <summary>How far behind an index of 32 bits an address may lie that was computed in 64: a frontend that relies on a guard behind 4 GiB keeps as much of it free.</summary>
    public const int MostMovedSum = 1 << 24;

    public static bool Run(Function f, PassContext c)
    {
        c.Flow.Compute(f);
        c.Known.Clear();
        bool changed = false;
        foreach (int index in c.Flow.Order)
        {
            var block = new Block(index);
            for (Inst inst = f[block].First, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                changed |= Visit(f, c, inst);
            }
        }
        return changed;
    }

    private static bool Visit(Function f, PassContext c, Inst inst)
    {
        bool changed = false;
        f.ResolveOperands(inst);
        for (int rounds = 0; rounds < 8 && c.Fuel > 0; rounds++)
        {
            Value same = Rewrite(f, c, inst, out bool rewritten);
            if (!same.IsNone)
            {
                if (!c.TakeFuel()) return changed;
                Replace(f, inst, same);
                return true;
            }
            if (!rewritten) break;
            c.TakeFuel();
            changed = true;
            f.ResolveOperands(inst);
        }
        return changed | Number(f, c, inst);
    }

    private static void Replace(Function f, Inst inst, Value by)
    {
        f.MakeAlias(f.Result(inst), by);
        f.RemoveInst(inst);
    }

    private static bool Number(Function f, PassContext c, Inst inst)
    {
        ref InstData data = ref f[inst];
        bool canNumber = data.Op.IsPure() || (data.Op.Has(OpFlags.CanTrap) && !data.Op.Has(OpFlags.Effect)) || (data.Op.Has(OpFlags.Load) && data.Mem.IsPure);
        if (!canNumber || f.Link(inst).Block.IsNone) return false;
        ref Value known = ref c.Known.Find(f, inst, 0);
        Value result = f.Result(inst);
        if (known.IsNone || !c.Flow.Dominates(BlockOf(f, known), f.Link(inst).Block))
        {
            known = result;
            return false;
        }
        if (!c.TakeFuel()) return false;
        Replace(f, inst, known);
        return true;
    }

    private static Block BlockOf(Function f, Value value) => f.Link(f.DefOf(value)).Block;

    /// <summary>Applies one rule. Yields the value that the instruction equals, or none; in the latter case it may have been changed in place.</summary>
    private static Value Rewrite(Function f, PassContext c, Inst inst, out bool rewritten)
    {
        rewritten = false;
        ref InstData data = ref f[inst];
        if (data.Lane != Lane.None || data.Type is IrType.V128 or IrType.I128) return Value.None;
        switch (data.Op.Format())
        {
            case InstFormat.Unary:
                if (data.Op == Opcode.Uextend && ExtendedSum(f, c, inst, data) is { IsNone: false } sum64) return sum64;
                return Unary(f, inst, ref data, out rewritten);
            case InstFormat.Binary:
                if (data.Op == Opcode.Bor && ByteSwap.Find(f, inst, data) is { IsNone: false } swapped) return swapped;
                return Binary(f, c, inst, ref data, out rewritten);
            case InstFormat.IntCompare: return Compare(f, inst, ref data, out rewritten);
            case InstFormat.FloatCompare:
                if (FloatConst(f, data.A, out ulong x) && FloatConst(f, data.B, out ulong y))
                    return Constant(f, inst, IrType.I32, Evaluate.Fcmp(data.FloatCC, data.Type, x, y) ? 1u : 0u);
                return Value.None;
            case InstFormat.Ternary: return Select(f, ref data, out rewritten);
            case InstFormat.Load or InstFormat.Store or InstFormat.AtomicRmw or InstFormat.AtomicCas:
                // [(p + c) + offset] => [p + (c + offset)]
                ref Value address = ref data.Op.Format() == InstFormat.Store ? ref data.B : ref data.A;
                if (Is(f, address, Opcode.Iadd, out InstData sum) && f.IsIconst(sum.B, out long more) && data.Imm + more == (int)(data.Imm + more))
                {
                    address = sum.A;
                    data.Imm += more;
                    rewritten = true;
                    return Value.None;
                }
                rewritten = TakeConstantAlong(f, inst, address, data.Imm);
                return Value.None;
            case InstFormat.CondTrap: Condition(f, ref data, out rewritten); return Value.None;
            case InstFormat.Brif: Condition(f, ref data, out rewritten); return Value.None;
            default: return Value.None;
        }
    }

    private static Value Unary(Function f, Inst inst, ref InstData data, out bool rewritten)
    {
        rewritten = false;
        IrType from = f.TypeOf(data.A);
        bool known = from.IsFloat() ? FloatConst(f, data.A, out ulong a) : IntConst(f, data.A, out a);
        if (known && Evaluate.Unary(data.Op, data.Type, from, a, out ulong result, out _) == Evaluate.Outcome.Done)
        {
            // A NaN's bits are the machine's business.
            bool bits = data.Op is Opcode.Fneg or Opcode.Fabs or Opcode.Bitcast;
            if (!data.Type.IsFloat() || bits || !Evaluate.IsNaN(data.Type, result)) return Constant(f, inst, data.Type, result);
        }
        Inst def = f.DefOf(data.A);
        if (def.IsNone) return Value.None;
        InstData inner = f[def];
        switch (data.Op)
        {
            // neg(neg x) => x, not(not x) => x
            case Opcode.Ineg or Opcode.Bnot or Opcode.Fneg when inner.Op == data.Op: return inner.A;
            // abs(neg x) => abs x, abs(abs x) => abs x
            case Opcode.Fabs when inner.Op is Opcode.Fneg or Opcode.Fabs: data.A = inner.A; rewritten = true; return Value.None;
            // extend(extend x) => extend x
            case Opcode.Uextend or Opcode.Sextend when inner.Op == data.Op && inner.Lane == Lane.None: data.A = inner.A; rewritten = true; return Value.None;
            // sign-extending what was zero-extended => zero-extend
            case Opcode.Sextend when inner.Op == Opcode.Uextend: data.Op = Opcode.Uextend; rewritten = true; return Value.None;
            case Opcode.Ireduce when inner.Op is Opcode.Uextend or Opcode.Sextend:
                IrType source = f.TypeOf(inner.A);
                // reduce(extend x) => x, or a smaller extension, or a smaller reduction
                if (source == data.Type) return inner.A;
                data.Op = source.Bits() < data.Type.Bits() ? inner.Op : Opcode.Ireduce;
                data.A = inner.A;
                rewritten = true;
                return Value.None;
            // reduce(reduce x) => reduce x
            case Opcode.Ireduce when inner.Op == Opcode.Ireduce: data.A = inner.A; rewritten = true; return Value.None;
            // bitcast(bitcast x) => x
            case Opcode.Bitcast when inner.Op == Opcode.Bitcast && f.TypeOf(inner.A) == data.Type: return inner.A;
            default: return Value.None;
        }
    }

    /// <summary>[p + (q + c) + offset] => [(p + q) + (c + offset)]</summary>
    private static bool TakeConstantAlong(Function f, Inst inst, Value address, long offset)
    {
        if (!Is(f, address, Opcode.Iadd, out InstData sum)) return false;
        (Value p, Value q) = (f.Resolve(sum.A), f.Resolve(sum.B));
        if (!Is(f, q, Opcode.Iadd, out InstData inner) || !f.IsIconst(f.Resolve(inner.B), out long more))
        {
            (p, q) = (q, p);
            if (!Is(f, q, Opcode.Iadd, out inner) || !f.IsIconst(f.Resolve(inner.B), out more)) return false;
        }
        if (offset + more != (int)(offset + more)) return false;
        Value rest = Insert(f, inst, new InstData(Opcode.Iadd, IrType.I64) { A = p, B = inner.A });
        ref InstData data = ref f[inst];
        if (data.Op.Format() == InstFormat.Store) data.B = rest;
        else data.A = rest;
        data.Imm = offset + more;
        return true;
    }

    /// <summary>
    /// The extension of a sum or a shift that does not wrap around is the sum or shift of the extension, which an addressing mode can take along. A constant must be
    /// small, and a shifted value bounded by data alone: the processor may run ahead with a counter that is past its end, and what it then reads
    /// must not lie farther behind a guest's memory than the frontend leaves room for (<see cref="MostMovedSum"/>).
    /// </summary>
    private static Value ExtendedSum(Function f, PassContext c, Inst inst, in InstData data)
    {
        Inst def = f.DefOf(data.A);
        if (def.IsNone || data.Type != IrType.I64) return Value.None;
        InstData inner = f[def];
        if (inner.Type != IrType.I32 || inner.Lane != Lane.None || inner.Op is not (Opcode.Iadd or Opcode.Ishl) || !f.IsIconst(f.Resolve(inner.B), out long constant)) return Value.None;
        ulong n = (ulong)constant & uint.MaxValue;
        Value x = f.Resolve(inner.A);
        // extend(x + n) => extend(x) + n; extend(x << n) => extend(x) << n
        bool fits = inner.Op == Opcode.Iadd
            ? n < MostMovedSum && Ranges.Most(f, c, x, null) <= uint.MaxValue - n
            : n is > 0 and <= 3 && Ranges.Most(f, c, x, null, counters: false) <= uint.MaxValue >> (int)n;
        if (!fits) return Value.None;
        Value wide = Insert(f, inst, new InstData(Opcode.Uextend, IrType.I64) { A = x });
        return Insert(f, inst, new InstData(inner.Op, IrType.I64) { A = wide, B = Constant(f, inst, IrType.I64, n) });
    }

    private static Value Binary(Function f, PassContext c, Inst inst, ref InstData data, out bool rewritten)
    {
        rewritten = false;
        if (data.Type.IsFloat())
        {
            if (FloatConst(f, data.A, out ulong x) && FloatConst(f, data.B, out ulong y)
                && Evaluate.Binary(data.Op, data.Type, x, y, out ulong value, out _) == Evaluate.Outcome.Done && !Evaluate.IsNaN(data.Type, value))
                return Constant(f, inst, data.Type, value);
            return Value.None;
        }
        bool knownA = IntConst(f, data.A, out ulong a), knownB = IntConst(f, data.B, out ulong b);
        if (knownA && knownB && Evaluate.Binary(data.Op, data.Type, a, b, out ulong result, out _) == Evaluate.Outcome.Done)
            return Constant(f, inst, data.Type, result);
        // Constants go to the right.
        if (knownA && !knownB && data.Op.Has(OpFlags.Commutative))
        {
            (data.A, data.B) = (data.B, data.A);
            rewritten = true;
            return Value.None;
        }
        if (knownB) return BinaryConstant(f, c, inst, ref data, b, out rewritten);
        if (data.Op == Opcode.Band)
        {
            // x & ~y => x &~ y
            if (IsNot(f, data.A, out Value y)) (data.A, data.B) = (data.B, data.A);
            if (IsNot(f, data.B, out y))
            {
                (data.Op, data.B) = (Opcode.BandNot, y);
                rewritten = true;
                return Value.None;
            }
        }
        if (data.A != data.B) return Value.None;
        switch (data.Op)
        {
            // x - x => 0, x ^ x => 0
            case Opcode.Isub or Opcode.Bxor: return Constant(f, inst, data.Type, 0);
            // x & x => x, x | x => x, min(x, x) => x
            case Opcode.Band or Opcode.Bor or Opcode.Smin or Opcode.Smax or Opcode.Umin or Opcode.Umax: return data.A;
            default: return Value.None;
        }
    }

    private static Value BinaryConstant(Function f, PassContext context, Inst inst, ref InstData data, ulong b, out bool rewritten)
    {
        rewritten = false;
        IrType type = data.Type;
        ulong ones = type.Mask();
        Inst def = f.DefOf(data.A);
        InstData inner = def.IsNone ? default : f[def];
        ulong c = 0;
        bool chained = !def.IsNone && inner.Op == data.Op && inner.Type == type && IntConst(f, inner.B, out c);
        switch (data.Op)
        {
            // x + 0 => x, x | 0 => x, x ^ 0 => x, x - 0 => x
            case Opcode.Iadd or Opcode.Bor or Opcode.Bxor or Opcode.Isub when b == 0: return data.A;
            // shifts and rotations by a multiple of the width => x
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr when (b & (ulong)(type.Bits() - 1)) == 0: return data.A;
            // x - c => x + -c
            case Opcode.Isub: return Become(f, inst, ref data, Opcode.Iadd, data.A, 0 - b, out rewritten);
            // (x + c) + b => x + (c + b); likewise for * & | ^
            case Opcode.Iadd when chained: return Become(f, inst, ref data, data.Op, inner.A, c + b, out rewritten);
            case Opcode.Imul when chained: return Become(f, inst, ref data, data.Op, inner.A, c * b, out rewritten);
            case Opcode.Band when chained: return Become(f, inst, ref data, data.Op, inner.A, c & b, out rewritten);
            case Opcode.Bor when chained: return Become(f, inst, ref data, data.Op, inner.A, c | b, out rewritten);
            case Opcode.Bxor when chained: return Become(f, inst, ref data, data.Op, inner.A, c ^ b, out rewritten);
            // x * 0 => 0, x & 0 => 0
            case Opcode.Imul or Opcode.Band when b == 0: return Constant(f, inst, type, 0);
            // x * 1 => x, x & -1 => x
            case Opcode.Imul when b == 1: return data.A;
            case Opcode.Band when b == ones: return data.A;
            // x & 2^k - 1 => x, if x is no larger
            case Opcode.Band when (b & (b + 1)) == 0 && Ranges.Most(f, context, data.A, null) <= b: return data.A;
            // x | -1 => -1
            case Opcode.Bor when b == ones: return Constant(f, inst, type, ones);
            // x * 2^k => x << k
            case Opcode.Imul when BitOperations.IsPow2(b): return Become(f, inst, ref data, Opcode.Ishl, data.A, (ulong)BitOperations.TrailingZeroCount(b), out rewritten);
            // (x << c) << b => x << (c + b), if no bit would come back; likewise to the right
            case Opcode.Ishl or Opcode.Ushr when chained && c < (ulong)type.Bits() && b < (ulong)type.Bits() && c + b < (ulong)type.Bits():
                return Become(f, inst, ref data, data.Op, inner.A, c + b, out rewritten);
            // x / 1 => x
            case Opcode.Udiv or Opcode.Sdiv when b == 1: return data.A;
            // x % 1 => 0
            case Opcode.Urem or Opcode.Srem when b == 1: return Constant(f, inst, type, 0);
            // x / 2^k => x >> k
            case Opcode.Udiv when BitOperations.IsPow2(b): return Become(f, inst, ref data, Opcode.Ushr, data.A, (ulong)BitOperations.TrailingZeroCount(b), out rewritten);
            // x % 2^k => x & (2^k - 1)
            case Opcode.Urem when BitOperations.IsPow2(b): return Become(f, inst, ref data, Opcode.Band, data.A, b - 1, out rewritten);
            case Opcode.Udiv or Opcode.Sdiv or Opcode.Urem or Opcode.Srem when b != 0 && type >= IrType.I32 && !context.ForSize:
                return DivideByConstant.Expand(f, inst, data, b);
            default: return Value.None;
        }
    }

    private static Value Compare(Function f, Inst inst, ref InstData data, out bool rewritten)
    {
        rewritten = false;
        bool knownA = IntConst(f, data.A, out ulong a), knownB = IntConst(f, data.B, out ulong b);
        if (knownA && knownB) return Constant(f, inst, IrType.I32, Evaluate.Icmp(data.IntCC, data.Type, a, b) ? 1u : 0u);
        if (knownA)
        {
            (data.A, data.B) = (data.B, data.A);
            data.Cond = (byte)data.IntCC.Swap();
            rewritten = true;
            return Value.None;
        }
        // x == x => 1, x < x => 0
        if (data.A == data.B) return Constant(f, inst, IrType.I32, data.IntCC is IntCC.Eq or IntCC.Sge or IntCC.Sle or IntCC.Uge or IntCC.Ule ? 1u : 0u);
        if (!knownB || b != 0) return Value.None;
        switch (data.IntCC)
        {
            // x <u 0 => 0, x >=u 0 => 1
            case IntCC.Ult: return Constant(f, inst, IrType.I32, 0);
            case IntCC.Uge: return Constant(f, inst, IrType.I32, 1);
            // a comparison != 0 => the comparison; a comparison == 0 => its opposite
            case IntCC.Ne when IsBoolean(f, data.A): return data.A;
            case IntCC.Eq when IsBoolean(f, data.A):
                InstData inner = f[f.DefOf(data.A)];
                inner.Cond ^= 1;
                data = inner;
                rewritten = true;
                return Value.None;
            // x >u 0 => x != 0, x <=u 0 => x == 0
            case IntCC.Ugt: data.Cond = (byte)IntCC.Ne; rewritten = true; return Value.None;
            case IntCC.Ule: data.Cond = (byte)IntCC.Eq; rewritten = true; return Value.None;
            default: return Value.None;
        }
    }

    private static Value Select(Function f, ref InstData data, out bool rewritten)
    {
        rewritten = false;
        if (data.Op is not (Opcode.Select or Opcode.SelectGuard)) return Value.None;
        // c ? x : x => x
        if (data.B == data.C) return data.B;
        if (IntConst(f, data.A, out ulong condition)) return condition != 0 ? data.B : data.C;
        // (x == 0) ? a : b => x ? b : a, and (x != 0) ? a : b => x ? a : b
        if (!Is(f, data.A, Opcode.Icmp, out InstData compare) || compare.Lane != Lane.None || !IntConst(f, compare.B, out ulong zero) || zero != 0) return Value.None;
        if (compare.IntCC == IntCC.Eq) (data.B, data.C) = (data.C, data.B);
        else if (compare.IntCC != IntCC.Ne) return Value.None;
        data.A = compare.A;
        rewritten = true;
        return Value.None;
    }

    /// <summary>Branches and traps test for zero themselves.</summary>
    private static void Condition(Function f, ref InstData data, out bool rewritten)
    {
        rewritten = false;
        if (!Is(f, data.A, Opcode.Icmp, out InstData compare) || compare.Lane != Lane.None || !IntConst(f, compare.B, out ulong zero) || zero != 0) return;
        if (compare.IntCC is not (IntCC.Eq or IntCC.Ne)) return;
        data.A = compare.A;
        data.Type = f.TypeOf(compare.A);
        rewritten = true;
        if (compare.IntCC == IntCC.Ne) return;
        switch (data.Op)
        {
            case Opcode.Brif: (data.List, data.List2) = (data.List2, data.List); break;
            case Opcode.Trapz: data.Op = Opcode.Trapnz; break;
            case Opcode.Trapnz: data.Op = Opcode.Trapz; break;
        }
    }

    private static bool IsBoolean(Function f, Value value) =>
        f.DefOf(value) is { IsNone: false } def && f[def].Op is Opcode.Icmp or Opcode.Fcmp && f[def].Lane == Lane.None;

    private static bool IsNot(Function f, Value value, out Value of)
    {
        of = Value.None;
        if (Is(f, value, Opcode.Bnot, out InstData not)) of = not.A;
        else if (Is(f, value, Opcode.Bxor, out not) && not.Lane == Lane.None && f.IsIconst(f.Resolve(not.B), out long ones) && ((ulong)ones & not.Type.Mask()) == not.Type.Mask()) of = not.A;
        if (!of.IsNone) of = f.Resolve(of);
        return !of.IsNone;
    }

    private static bool Is(Function f, Value value, Opcode op, out InstData data)
    {
        Inst def = f.DefOf(value);
        data = def.IsNone ? default : f[def];
        return !def.IsNone && data.Op == op;
    }

    private static bool IntConst(Function f, Value value, out ulong bits)
    {
        bool known = f.IsIconst(value, out long constant);
        bits = (ulong)constant;
        return known;
    }

    private static bool FloatConst(Function f, Value value, out ulong bits)
    {
        Inst def = f.DefOf(value);
        bool known = !def.IsNone && f[def].Op is Opcode.F32const or Opcode.F64const;
        bits = known ? (ulong)f[def].Imm : 0;
        return known;
    }

    private static Value Become(Function f, Inst inst, ref InstData data, Opcode op, Value a, ulong constant, out bool rewritten)
    {
        IrType type = data.Type;
        Value b = Constant(f, inst, type, constant & type.Mask());
        ref InstData current = ref f[inst]; // the table may have moved
        (current.Op, current.A, current.B) = (op, a, b);
        rewritten = true;
        return Value.None;
    }

    /// <summary>A constant, made before an instruction.</summary>
    internal static Value Constant(Function f, Inst before, IrType type, ulong bits)
    {
        Opcode op = type switch
        {
            IrType.F32 => Opcode.F32const,
            IrType.F64 => Opcode.F64const,
            _ => Opcode.Iconst,
        };
        return Insert(f, before, new InstData(op, type) { Imm = (long)(bits & type.Mask()) });
    }

    internal static Value Insert(Function f, Inst before, in InstData data)
    {
        Inst inst = f.CreateInst(data);
        f.MakeResults(inst);
        f.Link(inst).Source = f.Link(before).Source;
        f.InsertBefore(inst, before);
        return f.Result(inst);
    }
}
