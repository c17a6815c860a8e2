using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// What no machine has, in terms of what each has: an i128 becomes two i64, its low half first, also as a parameter, argument or result;
/// what processors do not compute in 8 or 16 bits (division, the upper half of a product, counts of bits) is computed in 32. Functions without such
/// types, nearly all, are left alone. Runs before everything else, so that the optimiser sees the parts.
/// </summary>
internal static class Legalize
{
    public static bool Run(Function f, PassContext c)
    {
        if (!f.HasUnusualTypes) return false;
        Branches.RemoveUnreachable(f, c);
        ExpandSignatures(f, out Signature[] before);
        // By value: the halves of an i128.
        c.Marks.Reset(f.Values.Count, -1);
        c.Marks2.Reset(f.Values.Count, -1);
        var wide = new WideBuilder(f, c);
        ExpandParams(f, wide);
        // Operands are defined before their uses in this order, but for the arguments of branches, which come last.
        foreach (int index in c.Flow.Order)
            for (Inst inst = f[new Block(index)].First, next; !inst.IsNone; inst = next)
            {
                next = f.Link(inst).Next;
                wide.Before = inst;
                if (f[inst].Op.IsCall()) ExpandCall(f, wide, inst, before);
                else if (f[inst].Op == Opcode.Return) f[inst].List = wide.Expand(f[inst].List, 0);
                else if (IsWide(f, inst)) wide.Replace(inst);
                else if (f[inst].Type is IrType.I8 or IrType.I16) Narrow(f, wide, inst);
            }
        foreach (int index in c.Flow.Order)
        {
            Inst last = f[new Block(index)].Last;
            for (int i = 0, n = f.TargetCount(f[last]); i < n; i++)
            {
                ListRef target = wide.Expand(f.GetTarget(f[last], i), 1, i == 0 ? ResultsOf(f, last, before) : null);
                f.SetTarget(ref f[last], i, target);
            }
        }
        return true;
    }

    private static bool IsWide(Function f, Inst inst)
    {
        InstData data = f[inst];
        return data.Type == IrType.I128 || Is128(f, data.A) || Is128(f, data.B) || Is128(f, data.C);
    }

    private static bool Is128(Function f, Value value) => !value.IsNone && f.TypeOf(f.Resolve(value)) == IrType.I128;

    /// <summary>Yields the signatures as they were; nothing where they have not changed.</summary>
    private static void ExpandSignatures(Function f, out Signature[] before)
    {
        f.Signature = Expand(f.Signature);
        before = [];
        for (int i = 0; i < f.Signatures.Count; i++)
        {
            Signature expanded = Expand(f.Signatures[i]);
            if (ReferenceEquals(expanded, f.Signatures[i])) continue;
            if (before.Length == 0) before = f.Signatures.AsSpan().ToArray();
            f.Signatures[i] = expanded;
        }
    }

    /// <summary>A signature with two i64 for each i128; the same one if there is none.</summary>
    public static Signature Expand(Signature signature) =>
        HasWide(signature.Params) || HasWide(signature.Results)
            ? signature with { Params = Expand(signature.Params), Results = Expand(signature.Results) }
            : signature;

    private static IrType[] Expand(IrType[] types) => [.. types.SelectMany(static type => type == IrType.I128 ? [IrType.I64, IrType.I64] : new[] { type })];

    private static void ExpandParams(Function f, WideBuilder wide)
    {
        for (Block block = f.FirstBlock; !block.IsNone; block = f[block].Next)
        {
            if (!HasWide(f, f.Params(block))) continue;
            int[] parameters = f.Params(block).ToArray();
            f[block].Params = default;
            foreach (int param in parameters)
                if (f.TypeOf(new Value(param)) == IrType.I128) wide.Define(new Value(param), f.AppendParam(block, IrType.I64), f.AppendParam(block, IrType.I64));
                else f.AttachParam(block, new Value(param));
        }
    }

    // The library's search boxes each element until it has been optimised.
    private static bool HasWide(IrType[] types)
    {
        foreach (IrType type in types)
            if (type == IrType.I128)
                return true;
        return false;
    }

    private static bool HasWide(Function f, ReadOnlySpan<int> values)
    {
        foreach (int value in values)
            if (f.TypeOf(new Value(value)) == IrType.I128)
                return true;
        return false;
    }

    /// <summary>The types that a call that ends a block passes on, before they were expanded.</summary>
    private static IrType[]? ResultsOf(Function f, Inst inst, Signature[] before) =>
        before.Length > 0 && f[inst].Op is Opcode.TryCall or Opcode.TryCallIndirect ? SignatureOf(f, inst, before).Results : null;

    private static Signature SignatureOf(Function f, Inst inst, Signature[] before) =>
        before[f[inst].Op.Format() == InstFormat.Call ? f.Functions[(int)f[inst].Imm].Signature.Index : (int)f[inst].Imm];

    private static void ExpandCall(Function f, WideBuilder wide, Inst inst, Signature[] before)
    {
        f[inst].List = wide.Expand(f[inst].List, 0);
        for (FrameState state = f.Link(inst).State; !state.IsNone; state = f.FrameStates[state.Index].Outer)
        {
            ref FrameStateData frame = ref f.FrameStates[state.Index];
            frame = frame with { Values = wide.Expand(frame.Values, 0) };
        }
        if (before.Length == 0 || f.Link(inst).ResultCount == 0) return;
        IrType[] results = SignatureOf(f, inst, before).Results;
        if (!HasWide(results)) return;
        // The results of a call lie side by side, so it needs new ones.
        int first = f.Result(inst).Index;
        ref InstLinks links = ref f.Link(inst);
        (links.FirstResult, links.ResultCount) = (Value.None, 0);
        f.MakeResults(inst);
        int made = f.Result(inst).Index;
        for (int i = 0; i < results.Length; i++)
            if (results[i] == IrType.I128) wide.Define(new Value(first + i), new Value(made++), new Value(made++));
            else f.MakeAlias(new Value(first + i), new Value(made++));
    }

    /// <summary>What there is in 32 bits only.</summary>
    private static void Narrow(Function f, WideBuilder wide, Inst inst)
    {
        InstData data = f[inst];
        if (data.Lane != Lane.None) return;
        int bits = data.Type.Bits();
        Value result;
        switch (data.Op)
        {
            case Opcode.Smulhi or Opcode.Umulhi:
                result = Shift(wide.Make(Opcode.Imul, IrType.I32, Wider(data.A, data.Op == Opcode.Smulhi), Wider(data.B, data.Op == Opcode.Smulhi)));
                break;
            case Opcode.Udiv or Opcode.Urem:
                result = wide.Make(data.Op, IrType.I32, Wider(data.A, false), Wider(data.B, false));
                break;
            case Opcode.Srem:
                result = wide.Make(data.Op, IrType.I32, Wider(data.A, true), Wider(data.B, true));
                break;
            case Opcode.Sdiv:
                result = wide.Make(data.Op, IrType.I32, Wider(data.A, true), Wider(data.B, true));
                // The least number by -1 is the one quotient that does not fit.
                wide.Trapnz(wide.Compare(IntCC.Eq, result, wide.Constant(IrType.I32, 1UL << (bits - 1))), TrapCode.IntegerOverflow);
                break;
            case Opcode.Clz:
                result = wide.Make(Opcode.Isub, IrType.I32, wide.Make(Opcode.Clz, IrType.I32, Wider(data.A, false)), wide.Constant(IrType.I32, (ulong)(32 - bits)));
                break;
            case Opcode.Ctz:
                // A bit behind the last one ends the count.
                result = wide.Make(Opcode.Ctz, IrType.I32, wide.Make(Opcode.Bor, IrType.I32, Wider(data.A, false), wide.Constant(IrType.I32, 1UL << bits)));
                break;
            case Opcode.Popcnt: result = wide.Make(Opcode.Popcnt, IrType.I32, Wider(data.A, false)); break;
            case Opcode.Iabs: result = wide.Make(Opcode.Iabs, IrType.I32, Wider(data.A, true)); break;
            default: return;
        }
        f.MakeAlias(f.Result(inst), wide.Convert(Opcode.Ireduce, data.Type, result));
        f.RemoveInst(inst);

        Value Wider(Value value, bool signed) => wide.Convert(signed ? Opcode.Sextend : Opcode.Uextend, IrType.I32, value);
        Value Shift(Value product) => wide.Make(Opcode.Ushr, IrType.I32, product, wide.Constant(IrType.I32, (ulong)bits));
    }
}
