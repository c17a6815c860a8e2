using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Builds in two i64 what an instruction computes in one i128; the halves of each value are in the context's marks.</summary>
internal struct WideBuilder(Function f, PassContext c)
{
    private readonly record struct Pair(Value Low, Value High);

    /// <summary>New instructions go before this one.</summary>
    public Inst Before { get; set; }

    public readonly void Define(Value value, Value low, Value high)
    {
        // What is made here has no halves, so the marks of the values that were there suffice.
        c.Marks[value.Index] = low.Index;
        c.Marks2[value.Index] = high.Index;
    }

    /// <summary>A list of values (from <paramref name="first"/> on) with both halves of each i128. Where it passes on a call's results, they have <paramref name="types"/>.</summary>
    public readonly ListRef Expand(ListRef list, int first, IrType[]? types = null)
    {
        if (types is null && !HasWide(f.Lists.Get(list)[first..])) return list;
        ListRef result = default;
        int[] items = f.Lists.Get(list).ToArray();
        for (int i = 0; i < items.Length; i++)
        {
            if (i >= first && items[i] < 0)
            {
                int number = -2 - items[i], at = 0;
                for (int k = 0; types is not null && k < number; k++) at += types[k] == IrType.I128 ? 2 : 1;
                result = f.Lists.Add(result, Function.CallResult(types is null ? number : at));
                if (types is not null && types[number] == IrType.I128) result = f.Lists.Add(result, Function.CallResult(at + 1));
            }
            else if (i >= first && f.Resolve(new Value(items[i])) is var value && IsWide(value))
            {
                result = f.Lists.Add(result, Of(value).Low.Index);
                result = f.Lists.Add(result, Of(value).High.Index);
            }
            else
            {
                result = f.Lists.Add(result, items[i]);
            }
        }
        return result;
    }

    private readonly bool HasWide(ReadOnlySpan<int> items)
    {
        foreach (int item in items)
            if (item >= 0 && IsWide(f.Resolve(new Value(item))))
                return true;
        return false;
    }

    public readonly Value Make(Opcode op, IrType type, Value a) => Simplify.Insert(f, Before, new InstData(op, type) { A = a });

    public readonly Value Make(Opcode op, IrType type, Value a, Value b) => Simplify.Insert(f, Before, new InstData(op, type) { A = a, B = b });

    public readonly Value Convert(Opcode op, IrType to, Value a) => Make(op, to, a);

    public readonly Value Constant(IrType type, ulong bits) => Simplify.Constant(f, Before, type, bits);

    public readonly Value Compare(IntCC cc, Value a, Value b) => Simplify.Insert(f, Before, new InstData(Opcode.Icmp, f.TypeOf(f.Resolve(a))) { A = a, B = b, Cond = (byte)cc });

    public readonly void Trapnz(Value condition, TrapCode code)
    {
        Inst trap = f.CreateInst(new InstData(Opcode.Trapnz, IrType.I32) { A = condition, Mem = new MemFlags(AliasClass.Any, code) });
        f.Link(trap).Source = f.Link(Before).Source;
        f.InsertBefore(trap, Before);
    }

    /// <summary>Puts the halves in the place of an instruction that yields an i128, or takes one.</summary>
    public readonly void Replace(Inst inst)
    {
        InstData data = f[inst];
        Value result = f.Result(inst);
        switch (data.Op)
        {
            case Opcode.Icmp:
                f.MakeAlias(result, Compare(data.IntCC, Of(data.A), Of(data.B)));
                break;
            case Opcode.Ireduce:
                f.MakeAlias(result, data.Type == IrType.I64 ? Of(data.A).Low : Make(Opcode.Ireduce, data.Type, Of(data.A).Low));
                break;
            case Opcode.Bitcast when data.Type == IrType.V128:
                Value low = Simplify.Insert(f, inst, new InstData(Opcode.Splat, IrType.V128) { Lane = Lane.I64x2, A = Of(data.A).Low });
                f.MakeAlias(result, Simplify.Insert(f, inst, new InstData(Opcode.InsertLane, IrType.V128) { Lane = Lane.I64x2, A = low, B = Of(data.A).High, Imm = 1 }));
                break;
            case Opcode.Store:
                // The upper half first: it is the one that may lie beyond, and then nothing has been written.
                StoreHalf(data, Of(data.A).High, 8);
                StoreHalf(data, Of(data.A).Low, 0);
                break;
            case Opcode.Store8 or Opcode.Store16 or Opcode.Store32: StoreHalf(data, Of(data.A).Low, 0); break;
            default:
                Pair pair = Compute(data);
                Define(result, pair.Low, pair.High);
                break;
        }
        f.RemoveInst(inst);
    }

    private readonly Pair Compute(in InstData data)
    {
        switch (data.Op)
        {
            case Opcode.Iconst: return new(Constant((ulong)data.Imm), Constant((ulong)(data.Imm >> 63)));
            case Opcode.Uextend: return new(Extended(data), Constant(0));
            case Opcode.Sextend: return SignFrom(Extended(data));
            case Opcode.Bitcast when f.TypeOf(f.Resolve(data.A)) == IrType.V128: return new(Lane64(data.A, 0), Lane64(data.A, 1));
            case Opcode.Load: return new(LoadHalf(data, 0), LoadHalf(data, 8));
            case Opcode.Uload8 or Opcode.Uload16 or Opcode.Uload32: return new(LoadHalf(data, 0), Constant(0));
            case Opcode.Sload8 or Opcode.Sload16 or Opcode.Sload32: return SignFrom(LoadHalf(data, 0));
            case Opcode.Select or Opcode.SelectGuard:
                return Select(data.Op, data.A, Of(data.B), Of(data.C));
            case Opcode.Bnot: return new(Make(Opcode.Bnot, IrType.I64, Of(data.A).Low), Make(Opcode.Bnot, IrType.I64, Of(data.A).High));
            case Opcode.Band or Opcode.Bor or Opcode.Bxor or Opcode.BandNot: return Each(data.Op, Of(data.A), Of(data.B));
            case Opcode.Iadd: return Add(Of(data.A), Of(data.B));
            case Opcode.Isub: return Subtract(Of(data.A), Of(data.B));
            case Opcode.Ineg: return Subtract(new(Constant(0), Constant(0)), Of(data.A));
            case Opcode.Iabs:
                // m is all ones where x is negative: (x ^ m) - m
                Value m = Make(Opcode.Sshr, Of(data.A).High, Constant(63));
                return Subtract(Each(Opcode.Bxor, Of(data.A), new(m, m)), new(m, m));
            case Opcode.Imul: return Multiply(Of(data.A), Of(data.B));
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr: return Shift(data.Op, Of(data.A), Count(data.B));
            case Opcode.Clz: return Count(Opcode.Clz, Of(data.A).High, Of(data.A).Low);
            case Opcode.Ctz: return Count(Opcode.Ctz, Of(data.A).Low, Of(data.A).High);
            case Opcode.Popcnt: return new(Make(Opcode.Iadd, Make(Opcode.Popcnt, IrType.I64, Of(data.A).Low), Make(Opcode.Popcnt, IrType.I64, Of(data.A).High)), Constant(0));
            case Opcode.Bswap: return new(Make(Opcode.Bswap, IrType.I64, Of(data.A).High), Make(Opcode.Bswap, IrType.I64, Of(data.A).Low));
            case Opcode.Smin: return Select(Opcode.Select, Compare(IntCC.Slt, Of(data.A), Of(data.B)), Of(data.A), Of(data.B));
            case Opcode.Umin: return Select(Opcode.Select, Compare(IntCC.Ult, Of(data.A), Of(data.B)), Of(data.A), Of(data.B));
            case Opcode.Smax: return Select(Opcode.Select, Compare(IntCC.Sgt, Of(data.A), Of(data.B)), Of(data.A), Of(data.B));
            case Opcode.Umax: return Select(Opcode.Select, Compare(IntCC.Ugt, Of(data.A), Of(data.B)), Of(data.A), Of(data.B));
            default: throw new NotSupportedException($"{data.Op.Name()}.i128");
        }
    }

    private readonly bool IsWide(Value value) => f.TypeOf(value) == IrType.I128;

    private readonly Pair Of(Value value)
    {
        int index = f.Resolve(value).Index;
        return new(new Value(c.Marks[index]), new Value(c.Marks2[index]));
    }

    private readonly Value Make(Opcode op, Value a, Value b) => Make(op, IrType.I64, a, b);

    private readonly Value Constant(ulong bits) => Constant(IrType.I64, bits);

    private readonly Value Lane64(Value vector, int lane) => Simplify.Insert(f, Before, new InstData(Opcode.ExtractLane, IrType.V128) { Lane = Lane.I64x2, A = vector, Imm = lane });

    private readonly Value Extended(in InstData data) => f.TypeOf(f.Resolve(data.A)) == IrType.I64 ? data.A : Make(data.Op, IrType.I64, data.A);

    private readonly Pair SignFrom(Value low) => new(low, Make(Opcode.Sshr, low, Constant(63)));

    private readonly Pair Each(Opcode op, Pair a, Pair b) => new(Make(op, a.Low, b.Low), Make(op, a.High, b.High));

    private readonly Pair Select(Opcode op, Value condition, Pair a, Pair b) => new(SelectHalf(op, condition, a.Low, b.Low), SelectHalf(op, condition, a.High, b.High));

    private readonly Value SelectHalf(Opcode op, Value condition, Value a, Value b) => Simplify.Insert(f, Before, new InstData(op, f.TypeOf(f.Resolve(a))) { A = condition, B = a, C = b });

    private readonly Value LoadHalf(InstData data, int offset)
    {
        (data.Type, data.A, data.Imm) = Moved(data.A, data.Imm, offset);
        return Simplify.Insert(f, Before, data);
    }

    private readonly void StoreHalf(InstData data, Value half, int offset)
    {
        (data.Type, data.B, data.Imm) = Moved(data.B, data.Imm, offset);
        data.A = half;
        Inst store = f.CreateInst(data);
        f.Link(store).Source = f.Link(Before).Source;
        f.InsertBefore(store, Before);
    }

    // An offset has 32 bits.
    private readonly (IrType Type, Value Address, long Offset) Moved(Value address, long offset, int more) =>
        offset + more == (int)(offset + more) ? (IrType.I64, address, offset + more) : (IrType.I64, Make(Opcode.Iadd, address, Constant((ulong)more)), offset);

    private readonly Pair Add(Pair a, Pair b)
    {
        // The carry: the sum is below an addend.
        Value low = Make(Opcode.Iadd, a.Low, b.Low);
        Value carry = Make(Opcode.Uextend, IrType.I64, Compare(IntCC.Ult, low, a.Low));
        return new(low, Make(Opcode.Iadd, Make(Opcode.Iadd, a.High, b.High), carry));
    }

    private readonly Pair Subtract(Pair a, Pair b)
    {
        Value borrow = Make(Opcode.Uextend, IrType.I64, Compare(IntCC.Ult, a.Low, b.Low));
        return new(Make(Opcode.Isub, a.Low, b.Low), Make(Opcode.Isub, Make(Opcode.Isub, a.High, b.High), borrow));
    }

    private readonly Pair Multiply(Pair a, Pair b)
    {
        Value low = Make(Opcode.Imul, a.Low, b.Low), high = Make(Opcode.Umulhi, a.Low, b.Low);
        Value cross = Make(Opcode.Iadd, Make(Opcode.Imul, a.Low, b.High), Make(Opcode.Imul, a.High, b.Low));
        return new(low, Make(Opcode.Iadd, high, cross));
    }

    private readonly Value Compare(IntCC cc, Pair a, Pair b)
    {
        if (cc is IntCC.Eq or IntCC.Ne)
            return Compare(cc, Make(Opcode.Bor, Make(Opcode.Bxor, a.Low, b.Low), Make(Opcode.Bxor, a.High, b.High)), Constant(0));
        // The upper halves decide where they differ; the lower ones are numbers without a sign.
        IntCC low = cc switch
        {
            IntCC.Slt => IntCC.Ult,
            IntCC.Sle => IntCC.Ule,
            IntCC.Sgt => IntCC.Ugt,
            IntCC.Sge => IntCC.Uge,
            _ => cc,
        };
        return SelectHalf(Opcode.Select, Compare(IntCC.Eq, a.High, b.High), Compare(low, a.Low, b.Low), Compare(cc, a.High, b.High));
    }

    /// <summary>A count of shifts as an i64; only its seven lowest bits mean something.</summary>
    private readonly Value Count(Value count) => f.TypeOf(f.Resolve(count)) == IrType.I64 ? count : Make(Opcode.Uextend, IrType.I64, count);

    /// <summary>Zeros in the first half, or all of it and those of the second.</summary>
    private readonly Pair Count(Opcode op, Value first, Value second)
    {
        Value beyond = Make(Opcode.Iadd, Make(op, IrType.I64, second), Constant(64));
        return new(SelectHalf(Opcode.Select, first, Make(op, IrType.I64, first), beyond), Constant(0));
    }

    /// <summary>Shifts of 64 bits take the count modulo 64. What crosses from one half to the other is shifted by one and by 63 less the count, so that
    /// a count of 0 lets nothing cross; from 64 on the halves exchange their places.</summary>
    private readonly Pair Shift(Opcode op, Pair a, Value count)
    {
        Value far = Make(Opcode.Band, count, Constant(64)), rest = Make(Opcode.Bxor, count, Constant(63));
        bool left = op is Opcode.Ishl or Opcode.Rotl;
        if (op is Opcode.Rotl or Opcode.Rotr)
        {
            a = Select(Opcode.Select, far, new(a.High, a.Low), a);
            return new(Across(left, a.Low, a.High, count, rest), Across(left, a.High, a.Low, count, rest));
        }
        if (left)
        {
            Value low = Make(Opcode.Ishl, a.Low, count);
            return Select(Opcode.Select, far, new(Constant(0), low), new(low, Across(left, a.High, a.Low, count, rest)));
        }
        Value high = Make(op, a.High, count);
        Value fill = op == Opcode.Sshr ? Make(Opcode.Sshr, a.High, Constant(63)) : Constant(0);
        return Select(Opcode.Select, far, new(high, fill), new(Across(left, a.Low, a.High, count, rest), high));
    }

    /// <summary>Bits of one half shifted, and those that come over from the other.</summary>
    private readonly Value Across(bool left, Value half, Value other, Value count, Value rest) => left
        ? Make(Opcode.Bor, Make(Opcode.Ishl, half, count), Make(Opcode.Ushr, Make(Opcode.Ushr, other, Constant(1)), rest))
        : Make(Opcode.Bor, Make(Opcode.Ushr, half, count), Make(Opcode.Ishl, Make(Opcode.Ishl, other, Constant(1)), rest));
}
