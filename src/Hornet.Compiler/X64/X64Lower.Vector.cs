using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Vectors: one instruction where there is one, else the shortest known sequence.</content>
internal sealed partial class X64Lower
{
    private void LowerVector(in InstData data, int dst)
    {
        Lane lane = data.Lane;
        switch (data.Op)
        {
            case Opcode.Vconst: LowerVectorConstant(dst, _function.Vectors[(int)data.Imm], 16); return;
            case Opcode.Select or Opcode.SelectGuard:
                int then = Use(data.B), otherwise = Use(data.C);
                LowerFlags(data.A, false, new TailSpec(X64Tail.VectorMove, 16, dst, then, otherwise));
                return;
            case Opcode.Bitcast: Rm(X64Op.Movaps, 16, dst, Source.Reg(Use(data.A))); return;
            case Opcode.Band: V(X64Op.Pand, dst, Use(data.A), SourceOf(data.B)); return;
            case Opcode.Bor: V(X64Op.Por, dst, Use(data.A), SourceOf(data.B)); return;
            case Opcode.Bxor: V(X64Op.Pxor, dst, Use(data.A), SourceOf(data.B)); return;
            case Opcode.BandNot: V(X64Op.Pandn, dst, Use(data.B), SourceOf(data.A)); return;
            case Opcode.Bnot: Not(dst, Use(data.A)); return;
            case Opcode.Bitselect:
                int mask = Use(data.A);
                V(X64Op.Por, dst, V(X64Op.Pand, Use(data.B), Source.Reg(mask)), Source.Reg(V(X64Op.Pandn, mask, Source.Reg(Use(data.C)))));
                return;
            case Opcode.Splat: Splat(lane, dst, data.A); return;
            case Opcode.ExtractLane or Opcode.SextractLane: ExtractLane(data, dst); return;
            case Opcode.InsertLane: InsertLane(data, dst); return;
            case Opcode.Shuffle: Shuffle(data, dst); return;
            case Opcode.Swizzle:
                // An index beyond 15 gets its top bit set, which selects zero.
                V(X64Op.Pshufb, dst, Use(data.A), Source.Reg(V(X64Op.Paddusb, Use(data.B), Fill8(0x70))));
                return;
            case Opcode.AnyTrue: Test(dst, Use(data.A), Cond.NE); return;
            case Opcode.AllTrue: Test(dst, V(Lanes(lane, X64Op.Pcmpeqb, X64Op.Pcmpeqw, X64Op.Pcmpeqd, X64Op.Pcmpeqq), Zero(), Source.Reg(Use(data.A))), Cond.E); return;
            case Opcode.Bitmask: Bitmask(lane, dst, Use(data.A)); return;
            case Opcode.Icmp: VectorIcmp(data, dst); return;
            case Opcode.Fcmp: VectorFcmp(data, dst); return;
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr: VectorShift(data, dst); return;
        }
        if (lane.IsFloat() || data.Op is >= Opcode.FcvtToSint and <= Opcode.Fdemote or >= Opcode.FpromoteLow and <= Opcode.FcvtToUintSatZero) LowerVectorFloat(data, dst);
        else LowerVectorInt(data, dst);
    }

    private void LowerVectorInt(in InstData data, int dst)
    {
        Lane lane = data.Lane;
        switch (data.Op)
        {
            case Opcode.Ineg: V(Lanes(lane, X64Op.Psubb, X64Op.Psubw, X64Op.Psubd, X64Op.Psubq), dst, Zero(), Source.Reg(Use(data.A))); return;
            case Opcode.Iabs when lane == Lane.I64x2:
                // (x ^ sign) - sign
                int value = Use(data.A), sign = SignQ(value);
                V(X64Op.Psubq, dst, V(X64Op.Pxor, value, Source.Reg(sign)), Source.Reg(sign));
                return;
            case Opcode.Iabs: Rm(Lanes(lane, X64Op.Pabsb, X64Op.Pabsw, X64Op.Pabsd, X64Op.Pabsd), 16, dst, SourceOf(data.A)); return;
            case Opcode.Popcnt: PopcntBytes(dst, Use(data.A)); return;
            case Opcode.Imul when lane == Lane.I64x2: MultiplyQ(dst, Use(data.A), Use(data.B)); return;
            case Opcode.SwidenLow or Opcode.UwidenLow: Widen(data, dst, SourceLow(data.A)); return;
            case Opcode.SwidenHigh or Opcode.UwidenHigh: Widen(data, dst, Source.Reg(Imm8(X64Op.Pshufd, Source.Reg(Use(data.A)), 0xEE))); return;
            case Opcode.SaddPairwise when lane == Lane.I16x8: V(X64Op.Pmaddubsw, dst, Load(Fill8(1)), SourceOf(data.A)); return;
            case Opcode.UaddPairwise when lane == Lane.I16x8: V(X64Op.Pmaddubsw, dst, Use(data.A), Fill8(1)); return;
            case Opcode.SaddPairwise: V(X64Op.Pmaddwd, dst, Use(data.A), Fill16(1)); return;
            case Opcode.UaddPairwise:
                // As signed numbers 2^15 less each, which is put back to the sum.
                int shifted = V(X64Op.Pmaddwd, V(X64Op.Pxor, Use(data.A), Fill16(0x8000)), Fill16(1));
                V(X64Op.Paddd, dst, shifted, Fill32(0x10000));
                return;
            case Opcode.Q15MulRound:
                // Only -1 * -1 overflows, to 0x8000: turned over.
                int product = V(X64Op.Pmulhrsw, Use(data.A), SourceOf(data.B));
                V(X64Op.Pxor, dst, product, Source.Reg(V(X64Op.Pcmpeqw, product, Fill16(0x8000))));
                return;
        }
        X64Op op = data.Op switch
        {
            Opcode.Iadd => Lanes(lane, X64Op.Paddb, X64Op.Paddw, X64Op.Paddd, X64Op.Paddq),
            Opcode.Isub => Lanes(lane, X64Op.Psubb, X64Op.Psubw, X64Op.Psubd, X64Op.Psubq),
            Opcode.Imul => lane == Lane.I16x8 ? X64Op.Pmullw : X64Op.Pmulld,
            Opcode.Smin => Lanes(lane, X64Op.Pminsb, X64Op.Pminsw, X64Op.Pminsd, X64Op.Ud2),
            Opcode.Umin => Lanes(lane, X64Op.Pminub, X64Op.Pminuw, X64Op.Pminud, X64Op.Ud2),
            Opcode.Smax => Lanes(lane, X64Op.Pmaxsb, X64Op.Pmaxsw, X64Op.Pmaxsd, X64Op.Ud2),
            Opcode.Umax => Lanes(lane, X64Op.Pmaxub, X64Op.Pmaxuw, X64Op.Pmaxud, X64Op.Ud2),
            Opcode.AvgRound => Lanes(lane, X64Op.Pavgb, X64Op.Pavgw, X64Op.Ud2, X64Op.Ud2),
            Opcode.SaddSat => Lanes(lane, X64Op.Paddsb, X64Op.Paddsw, X64Op.Ud2, X64Op.Ud2),
            Opcode.UaddSat => Lanes(lane, X64Op.Paddusb, X64Op.Paddusw, X64Op.Ud2, X64Op.Ud2),
            Opcode.SsubSat => Lanes(lane, X64Op.Psubsb, X64Op.Psubsw, X64Op.Ud2, X64Op.Ud2),
            Opcode.UsubSat => Lanes(lane, X64Op.Psubusb, X64Op.Psubusw, X64Op.Ud2, X64Op.Ud2),
            Opcode.Snarrow => lane == Lane.I8x16 ? X64Op.Packsswb : X64Op.Packssdw,
            Opcode.Unarrow => lane == Lane.I8x16 ? X64Op.Packuswb : X64Op.Packusdw,
            Opcode.Dot => X64Op.Pmaddwd,
            _ => X64Op.Ud2,
        };
        if (op == X64Op.Ud2) throw new NotSupportedException($"lowering {data.Op.Name()}.{lane.Name()}");
        V(op, dst, Use(data.A), SourceOf(data.B));
    }

    // Building blocks

    private void V(X64Op op, int dst, int a, in Source b, long imm = 0) => Rvm(op, 16, dst, a, b, imm);

    /// <summary>The same into a new register.</summary>
    private int V(X64Op op, int a, in Source b, long imm = 0)
    {
        int dst = Temp(RegKind.Vector);
        Rvm(op, 16, dst, a, b, imm);
        return dst;
    }

    private int U(X64Op op, in Source source)
    {
        int dst = Temp(RegKind.Vector);
        Rm(op, 16, dst, source);
        return dst;
    }

    private int Imm8(X64Op op, in Source source, long imm)
    {
        int dst = Temp(RegKind.Vector);
        Rm(op, 16, dst, source, imm);
        return dst;
    }

    /// <summary>A shift of all lanes by a constant.</summary>
    private int ShiftImm(X64Op op, int a, long by)
    {
        int dst = Temp(RegKind.Vector);
        ShiftImm(op, dst, a, by);
        return dst;
    }

    private void ShiftImm(X64Op op, int dst, int a, long by)
    {
        ref MInst inst = ref New(op, 16);
        inst.Imm = by;
        if (Has(CpuFeatures.Avx))
        {
            inst.SourceAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Register);
            inst.RmAt = AddOperand(ref inst, a, OperandRole.Use, OperandWhere.Register);
            return;
        }
        inst.RmAt = inst.SourceAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Reuse, 1);
        AddOperand(ref inst, a, OperandRole.Use, OperandWhere.Register);
    }

    private int Zero()
    {
        int dst = Temp(RegKind.Vector);
        LowerVectorConstant(dst, 0, 16);
        return dst;
    }

    private int Load(in Source constant) => U(X64Op.MovupsRm, constant);

    private Source Fill8(byte value) => Fill32((uint)value * 0x01010101);

    private Source Fill16(ushort value) => Fill32((uint)value * 0x00010001);

    private Source Fill32(uint value) => Fill64((ulong)value << 32 | value);

    private Source Fill64(ulong value) => Source.At(Constant(new UInt128(value, value)));

    private void Not(int dst, int a) => V(X64Op.Pxor, dst, a, Source.At(Constant(UInt128.MaxValue)));

    private static X64Op Lanes(Lane lane, X64Op b, X64Op w, X64Op d, X64Op q) => lane switch
    {
        Lane.I8x16 => b,
        Lane.I16x8 => w,
        Lane.I32x4 or Lane.F32x4 => d,
        _ => q,
    };

    /// <summary>The low half, which instructions that widen read from memory as eight bytes: no load is merged.</summary>
    private Source SourceLow(Value value) => Source.Reg(Use(value));

    /// <summary>Each 64-bit lane's sign, as all ones or zero.</summary>
    private int SignQ(int value) => Imm8(X64Op.Pshufd, Source.Reg(ShiftImm(X64Op.PsradImm, value, 31)), 0xF5);

    // Lanes

    private void Splat(Lane lane, int dst, Value value)
    {
        int scalar = Use(value);
        switch (lane)
        {
            case Lane.F32x4: Rm(X64Op.Pshufd, 16, dst, Source.Reg(scalar), 0); return;
            case Lane.F64x2: Rm(X64Op.Movddup, 16, dst, Source.Reg(scalar)); return;
            default: SplatInt(lane, dst, FromInt(scalar, lane == Lane.I64x2)); return;
        }
    }

    private int FromInt(int scalar, bool wide)
    {
        int vector = Temp(RegKind.Vector);
        ref MInst move = ref New(wide ? X64Op.MovqRm : X64Op.MovdRm, wide ? 8 : 4);
        move.RegAt = AddOperand(ref move, vector, OperandRole.Def, OperandWhere.Register);
        move.RmAt = AddOperand(ref move, scalar, OperandRole.Use, OperandWhere.Register);
        return vector;
    }

    private void SplatInt(Lane lane, int dst, int low)
    {
        if (Has(CpuFeatures.Avx2))
        {
            Rm(Lanes(lane, X64Op.Vpbroadcastb, X64Op.Vpbroadcastw, X64Op.Vpbroadcastd, X64Op.Vpbroadcastq), 16, dst, Source.Reg(low));
            return;
        }
        switch (lane)
        {
            case Lane.I8x16: V(X64Op.Pshufb, dst, low, Source.Reg(Zero())); break;
            case Lane.I16x8: Rm(X64Op.Pshufd, 16, dst, Source.Reg(Imm8(X64Op.Pshuflw, Source.Reg(low), 0)), 0); break;
            case Lane.I32x4: Rm(X64Op.Pshufd, 16, dst, Source.Reg(low), 0); break;
            default: Rm(X64Op.Pshufd, 16, dst, Source.Reg(low), 0x44); break;
        }
    }

    private void ExtractLane(in InstData data, int dst)
    {
        int vector = Use(data.A);
        if (data.Lane.IsFloat())
        {
            // The lane goes to the bottom; what lies above a float does not matter.
            if (data.Imm == 0) Rm(X64Op.Movaps, 16, dst, Source.Reg(vector));
            else Rm(X64Op.Pshufd, 16, dst, Source.Reg(vector), data.Lane == Lane.F64x2 ? 0xEE : data.Imm);
            return;
        }
        bool signed = data.Op == Opcode.SextractLane;
        int extracted = signed ? Temp() : dst;
        ref MInst extract = ref New(Lanes(data.Lane, X64Op.Pextrb, X64Op.Pextrw, X64Op.Pextrd, X64Op.Pextrq), 4);
        extract.Imm = data.Imm;
        extract.RmAt = AddOperand(ref extract, extracted, OperandRole.Def, OperandWhere.Register);
        extract.RegAt = AddOperand(ref extract, vector, OperandRole.Use, OperandWhere.Register);
        if (signed) Rm(data.Lane == Lane.I8x16 ? X64Op.MovsxB : X64Op.MovsxW, 4, dst, Source.Reg(extracted));
    }

    private void InsertLane(in InstData data, int dst)
    {
        int vector = Use(data.A), scalar = Use(data.B);
        switch (data.Lane)
        {
            case Lane.F32x4: V(X64Op.Insertps, dst, vector, Source.Reg(scalar), data.Imm << 4); break;
            case Lane.F64x2 when data.Imm == 0: V(X64Op.MovsdXx, dst, vector, Source.Reg(scalar)); break;
            case Lane.F64x2: V(X64Op.Unpcklpd, dst, vector, Source.Reg(scalar)); break;
            default: V(Lanes(data.Lane, X64Op.Pinsrb, X64Op.Pinsrw, X64Op.Pinsrd, X64Op.Pinsrq), dst, vector, Source.Reg(scalar), data.Imm); break;
        }
    }

    private void Test(int dst, int vector, Cond cond)
    {
        ref MInst test = ref New(X64Op.Ptest, 16);
        test.RegAt = test.RmAt = AddOperand(ref test, vector, OperandRole.Use, OperandWhere.Register);
        Finish(ref test, cond, new TailSpec(X64Tail.Set, Def: dst));
    }

    private void Bitmask(Lane lane, int dst, int vector)
    {
        if (lane == Lane.I16x8) vector = V(X64Op.Packsswb, vector, Source.Reg(Zero()));
        ref MInst mask = ref New(Lanes(lane, X64Op.Pmovmskb, X64Op.Pmovmskb, X64Op.Movmskps, X64Op.Movmskpd), 4);
        mask.RegAt = AddOperand(ref mask, dst, OperandRole.Def, OperandWhere.Register);
        mask.RmAt = AddOperand(ref mask, vector, OperandRole.Use, OperandWhere.Register);
    }

    // Integers

    private void VectorIcmp(in InstData data, int dst)
    {
        Lane lane = data.Lane;
        int a = Use(data.A), b = Use(data.B);
        X64Op equal = Lanes(lane, X64Op.Pcmpeqb, X64Op.Pcmpeqw, X64Op.Pcmpeqd, X64Op.Pcmpeqq);
        X64Op most = Lanes(lane, X64Op.Pmaxub, X64Op.Pmaxuw, X64Op.Pmaxud, X64Op.Ud2), least = Lanes(lane, X64Op.Pminub, X64Op.Pminuw, X64Op.Pminud, X64Op.Ud2);
        if (lane == Lane.I64x2 && data.IntCC >= IntCC.Ult)
        {
            // Unsigned order is signed order with the top bits turned over.
            (a, b) = (V(X64Op.Pxor, a, Fill64(1UL << 63)), V(X64Op.Pxor, b, Fill64(1UL << 63)));
            SignedCompare(lane, (IntCC)(data.Cond - (int)IntCC.Ult + (int)IntCC.Slt), dst, a, b);
            return;
        }
        switch (data.IntCC)
        {
            case IntCC.Eq: V(equal, dst, a, Source.Reg(b)); break;
            case IntCC.Ne: Not(dst, V(equal, a, Source.Reg(b))); break;
            case IntCC.Uge: V(equal, dst, V(most, a, Source.Reg(b)), Source.Reg(a)); break;
            case IntCC.Ule: V(equal, dst, V(least, a, Source.Reg(b)), Source.Reg(a)); break;
            case IntCC.Ult: Not(dst, V(equal, V(most, a, Source.Reg(b)), Source.Reg(a))); break;
            case IntCC.Ugt: Not(dst, V(equal, V(least, a, Source.Reg(b)), Source.Reg(a))); break;
            default: SignedCompare(lane, data.IntCC, dst, a, b); break;
        }
    }

    private void SignedCompare(Lane lane, IntCC cc, int dst, int a, int b)
    {
        if (cc is IntCC.Slt or IntCC.Sge) (a, b) = (b, a);
        bool negated = cc is IntCC.Sge or IntCC.Sle;
        int greater = negated ? Temp(RegKind.Vector) : dst;
        if (lane == Lane.I64x2 && !Has(CpuFeatures.Sse42))
        {
            // The upper halves decide, or, where they are equal, the borrow of b - a.
            int borrow = V(X64Op.Pand, V(X64Op.Pcmpeqd, a, Source.Reg(b)), Source.Reg(V(X64Op.Psubq, b, Source.Reg(a))));
            int sign = V(X64Op.Por, borrow, Source.Reg(V(X64Op.Pcmpgtd, a, Source.Reg(b))));
            Rm(X64Op.Pshufd, 16, greater, Source.Reg(ShiftImm(X64Op.PsradImm, sign, 31)), 0xF5);
        }
        else
        {
            V(Lanes(lane, X64Op.Pcmpgtb, X64Op.Pcmpgtw, X64Op.Pcmpgtd, X64Op.Pcmpgtq), greater, a, Source.Reg(b));
        }
        if (negated) Not(dst, greater);
    }

    private void MultiplyQ(int dst, int a, int b)
    {
        // low * low + ((high * low + low * high) << 32)
        int cross = V(X64Op.Pmuludq, ShiftImm(X64Op.PsrlqImm, a, 32), Source.Reg(b));
        int other = V(X64Op.Pmuludq, ShiftImm(X64Op.PsrlqImm, b, 32), Source.Reg(a));
        int high = ShiftImm(X64Op.PsllqImm, V(X64Op.Paddq, cross, Source.Reg(other)), 32);
        V(X64Op.Paddq, dst, V(X64Op.Pmuludq, a, Source.Reg(b)), Source.Reg(high));
    }

    private void PopcntBytes(int dst, int a)
    {
        // A table of sixteen counts, looked up for both halves of each byte.
        var counts = new UInt128(0x0403030203020201, 0x0302020102010100);
        int low = V(X64Op.Pand, a, Fill8(15)), high = V(X64Op.Pand, ShiftImm(X64Op.PsrlwImm, a, 4), Fill8(15));
        int table = Load(Source.At(Constant(counts)));
        V(X64Op.Paddb, dst, V(X64Op.Pshufb, table, Source.Reg(low)), Source.Reg(V(X64Op.Pshufb, table, Source.Reg(high))));
    }

    private void Widen(in InstData data, int dst, in Source source)
    {
        bool signed = data.Op is Opcode.SwidenLow or Opcode.SwidenHigh or Opcode.SloadWiden;
        X64Op op = (data.Lane, signed) switch
        {
            (Lane.I16x8, true) => X64Op.Pmovsxbw,
            (Lane.I32x4, true) => X64Op.Pmovsxwd,
            (_, true) => X64Op.Pmovsxdq,
            (Lane.I16x8, false) => X64Op.Pmovzxbw,
            (Lane.I32x4, false) => X64Op.Pmovzxwd,
            _ => X64Op.Pmovzxdq,
        };
        Rm(op, 16, dst, source);
    }

    private void VectorShift(in InstData data, int dst)
    {
        Lane lane = data.Lane;
        int a = Use(data.A), bits = lane.LaneBytes() * 8;
        bool left = data.Op == Opcode.Ishl, signed = data.Op == Opcode.Sshr;
        if (_function.IsIconst(data.B, out long constant) && !(lane == Lane.I8x16 && signed))
        {
            VectorShiftBy(lane, left, signed, dst, a, (int)constant & bits - 1);
            return;
        }
        int masked = Temp();
        Mi(X64Op.AndMi, 4, masked, Use(data.B), bits - 1);
        int count = FromInt(masked, false);
        if (lane == Lane.I8x16 && signed)
        {
            // As the upper bytes of 16-bit lanes, shifted by eight more.
            int wide = Temp();
            Mi(X64Op.AddMi, 4, wide, masked, 8);
            count = FromInt(wide, false);
            int low = V(X64Op.Psraw, V(X64Op.Punpcklbw, a, Source.Reg(a)), Source.Reg(count)), high = V(X64Op.Psraw, V(X64Op.Punpckhbw, a, Source.Reg(a)), Source.Reg(count));
            V(X64Op.Packsswb, dst, low, Source.Reg(high));
            return;
        }
        if (lane == Lane.I8x16)
        {
            // In 16-bit lanes, and then without the bits that came from the neighbour.
            X64Op shift = left ? X64Op.Psllw : X64Op.Psrlw;
            int kept = V(shift, Load(Fill16(0xFF)), Source.Reg(count));
            int mask = V(X64Op.Pshufb, kept, Source.Reg(Zero()));
            V(X64Op.Pand, dst, V(shift, a, Source.Reg(count)), Source.Reg(mask));
            return;
        }
        if (lane == Lane.I64x2 && signed)
        {
            // (x >> c ^ m) - m, m being the sign bit after the shift
            int sign = V(X64Op.Psrlq, Load(Fill64(1UL << 63)), Source.Reg(count));
            V(X64Op.Psubq, dst, V(X64Op.Pxor, V(X64Op.Psrlq, a, Source.Reg(count)), Source.Reg(sign)), Source.Reg(sign));
            return;
        }
        X64Op op = left ? Lanes(lane, X64Op.Ud2, X64Op.Psllw, X64Op.Pslld, X64Op.Psllq)
            : signed ? Lanes(lane, X64Op.Ud2, X64Op.Psraw, X64Op.Psrad, X64Op.Ud2)
            : Lanes(lane, X64Op.Ud2, X64Op.Psrlw, X64Op.Psrld, X64Op.Psrlq);
        V(op, dst, a, Source.Reg(count));
    }

    private void VectorShiftBy(Lane lane, bool left, bool signed, int dst, int a, int by)
    {
        if (by == 0)
        {
            Rm(X64Op.Movaps, 16, dst, Source.Reg(a));
            return;
        }
        if (lane == Lane.I8x16)
        {
            // In 16-bit lanes, and then without the bits that came from the neighbour.
            int shifted = ShiftImm(left ? X64Op.PsllwImm : X64Op.PsrlwImm, a, by);
            V(X64Op.Pand, dst, shifted, Fill8((byte)(left ? 0xFF << by : 0xFF >> by)));
            return;
        }
        if (lane == Lane.I64x2 && signed)
        {
            // (x >> c ^ m) - m, m being the sign bit after the shift
            int turned = V(X64Op.Pxor, ShiftImm(X64Op.PsrlqImm, a, by), Fill64(1UL << 63 - by));
            V(X64Op.Psubq, dst, turned, Fill64(1UL << 63 - by));
            return;
        }
        X64Op op = left ? Lanes(lane, X64Op.Ud2, X64Op.PsllwImm, X64Op.PslldImm, X64Op.PsllqImm)
            : signed ? Lanes(lane, X64Op.Ud2, X64Op.PsrawImm, X64Op.PsradImm, X64Op.Ud2)
            : Lanes(lane, X64Op.Ud2, X64Op.PsrlwImm, X64Op.PsrldImm, X64Op.PsrlqImm);
        ShiftImm(op, dst, a, by);
    }

    // Memory

    private void LowerVectorLoad(in InstData data, int dst, in Source source)
    {
        switch (data.Op)
        {
            case Opcode.SloadWiden or Opcode.UloadWiden: Widen(data, dst, source); break;
            case Opcode.LoadZero: Rm(data.Lane.LaneBytes() == 4 ? X64Op.MovssRm : X64Op.MovsdRm, 16, dst, source); break;
            case Opcode.LoadSplat when data.Lane.LaneBytes() == 8: Rm(X64Op.Movddup, 16, dst, source); break;
            case Opcode.LoadSplat when Has(CpuFeatures.Avx2):
                Rm(Lanes(data.Lane, X64Op.Vpbroadcastb, X64Op.Vpbroadcastw, X64Op.Vpbroadcastd, X64Op.Vpbroadcastq), 16, dst, source);
                break;
            case Opcode.LoadSplat when data.Lane.LaneBytes() == 4:
                Rm(X64Op.Pshufd, 16, dst, Source.Reg(U(X64Op.MovssRm, source)), 0);
                break;
            case Opcode.LoadSplat:
                int scalar = Temp();
                Rm(data.Lane == Lane.I8x16 ? X64Op.MovzxB : X64Op.MovzxW, 4, scalar, source);
                SplatInt(data.Lane, dst, FromInt(scalar, false));
                break;
            default: throw new NotSupportedException($"lowering {data.Op.Name()}.{data.Lane.Name()}");
        }
    }
}
