using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Scalar integers and floats.</content>
internal sealed partial class X64Lower
{
    private void LowerInst(Inst inst, InstData data)
    {
        Value result = _function.Result(inst);
        if (data.Op.IsCall())
        {
            LowerCall(inst, data);
            return;
        }
        if (data.Op == Opcode.RefAddr)
        {
            Rm(X64Op.MovRm, 4, VRegOf(result), Source.Reg(Use(data.A)));
            return;
        }
        if (data.Op.Has(OpFlags.Load | OpFlags.Store))
        {
            LowerMemory(inst, data);
            return;
        }
        int dst = result.IsNone ? -1 : VRegOf(result);
        if (data.IsVector || (!data.A.IsNone && _function.TypeOf(data.A) == IrType.V128))
        {
            LowerVector(data, dst);
            return;
        }
        int size = Math.Max(4, data.Type.Bytes());
        switch (data.Op)
        {
            case Opcode.Iconst:
                ref MInst constant = ref New(X64Pseudo.Constant, size);
                constant.Imm = data.Imm;
                constant.Traits = InstTraits.Remat;
                constant.RegAt = AddOperand(ref constant, dst, OperandRole.Def, OperandWhere.Register);
                break;
            case Opcode.F32const or Opcode.F64const:
                LowerVectorConstant(dst, (ulong)data.Imm, data.Type.Bytes());
                break;
            case Opcode.VmContext: Plain(X64Pseudo.Context, dst).Traits = InstTraits.Remat; break;
            case Opcode.FramePointer: Plain(X64Pseudo.FramePointer, dst).Traits = InstTraits.Remat; break;
            case Opcode.StackPointer: Plain(X64Pseudo.StackPointer, dst); break;
            case Opcode.FuncAddr:
                ref MInst symbol = ref Plain(X64Pseudo.FuncAddr, dst);
                symbol.Traits = InstTraits.Remat;
                symbol.Aux = _function.Functions[(int)data.Imm].Symbol;
                break;
            case Opcode.StackAddr:
                ref MInst slot = ref Rm(X64Op.Lea, 8, dst, Source.At(new Amode(X64Mem.StackSlot, Disp: (int)data.Imm, Aux: (int)(data.Imm >> 32))));
                slot.Traits = InstTraits.Remat;
                break;
            case Opcode.Iadd or Opcode.Isub when LowerCarry(data, dst, size): break;
            case Opcode.Iadd: LowerAdd(data, dst, size); break;
            case Opcode.Isub: LowerSub(data, dst, size); break;
            case Opcode.Imul or Opcode.Smulhi or Opcode.Umulhi when WaitsForProduct(inst, data): break;
            case Opcode.Imul when ProductBehind(inst) is { IsNone: false } behind: LowerProduct(data, dst, behind); break;
            case Opcode.Imul: LowerMul(data, dst, size); break;
            case Opcode.Band: LowerLogic(X64Op.AndRm, X64Op.AndMi, data, dst, size); break;
            case Opcode.Bor: LowerLogic(X64Op.OrRm, X64Op.OrMi, data, dst, size); break;
            case Opcode.Bxor: LowerLogic(X64Op.XorRm, X64Op.XorMi, data, dst, size); break;
            case Opcode.BandNot: LowerAndNot(data, dst, size); break;
            case Opcode.Bnot: Mi(X64Op.NotM, size, dst, Use(data.A), 0); break;
            case Opcode.Ineg: Mi(X64Op.NegM, size, dst, Use(data.A), 0); break;
            case Opcode.Iabs: LowerAbs(data, dst, size); break;
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr: LowerShift(data, dst, size); break;
            case Opcode.Smulhi or Opcode.Umulhi: LowerProduct(data, dst, ProductBehind(inst)); break;
            case Opcode.Sdiv or Opcode.Udiv or Opcode.Srem or Opcode.Urem: LowerDivide(data, dst); break;
            case Opcode.Smin or Opcode.Umin or Opcode.Smax or Opcode.Umax: LowerMinMax(data, dst); break;
            case Opcode.Clz or Opcode.Ctz or Opcode.Popcnt: LowerCount(data, dst); break;
            case Opcode.Bswap: LowerBswap(data, dst); break;
            case Opcode.Icmp or Opcode.Fcmp:
                // The comparison itself, for its value: it is its own root.
                if (data.Op == Opcode.Icmp) LowerIcmp(data, false, true, new TailSpec(X64Tail.Set, Def: dst));
                else LowerFcmp(data, false, true, new TailSpec(X64Tail.Set, Def: dst));
                break;
            case Opcode.Select or Opcode.SelectGuard:
                // Operands first: a comparison merged into this must not be built around them.
                int then = Use(data.B), otherwise = Use(data.C);
                LowerFlags(data.A, false, new TailSpec(data.Type.IsVectorClass() ? X64Tail.VectorMove : X64Tail.Cmov, size, dst, then, otherwise));
                break;
            case Opcode.Trapz or Opcode.Trapnz:
                LowerFlags(data.A, data.Op == Opcode.Trapz, new TailSpec(X64Tail.Trap, Trap: data.Mem.Trap.Code));
                break;
            case Opcode.Uextend: LowerExtend(data, dst, signed: false); break;
            case Opcode.Sextend: LowerExtend(data, dst, signed: true); break;
            case Opcode.Ireduce: Rm(X64Op.MovRm, 4, dst, Source.Reg(Use(data.A))); break;
            case Opcode.Debugtrap: New(X64Op.Int3, 4); break;
            default: LowerFloat(data, dst); break;
        }
    }

    private ref MInst Plain(X64Pseudo op, int dst)
    {
        ref MInst inst = ref New(op, 8);
        inst.RegAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Register);
        return ref inst;
    }

    private void LowerVectorConstant(int dst, UInt128 bits, int size)
    {
        ref MInst constant = ref New(X64Pseudo.VectorConstant, size);
        constant.Traits = InstTraits.Remat;
        constant.Aux = bits == 0 ? -1 : bits == UInt128.MaxValue ? -2 : Constant(bits).Aux;
        constant.RegAt = AddOperand(ref constant, dst, OperandRole.Def, OperandWhere.Register);
    }

    private void LowerAdd(in InstData data, int dst, int size)
    {
        if (data.Type >= IrType.I32)
        {
            // Three operands, or two that do not die: lea adds without destroying anything.
            bool load = HasMergeableLoad(data.A) || HasMergeableLoad(data.B);
            bool keepsA = !DiesHere(data.A), keepsB = !DiesHere(data.B);
            Amode sum = load ? JustAdd : AddressOf(data);
            bool cheap = sum.Index < 0 && sum.Kind == X64Mem.Based;
            if (cheap && sum.Disp == 0)
            {
                Rm(X64Op.MovRm, size, dst, Source.Reg(sum.Base));
                return;
            }
            if (!cheap && (sum.Disp != 0 || sum.Scale != 0 || sum.Kind != X64Mem.Based))
            {
                Rm(X64Op.Lea, size, dst, Source.At(sum));
                return;
            }
            if (cheap && !keepsA)
            {
                Mi(X64Op.AddMi, size, dst, sum.Base, sum.Disp);
                return;
            }
            if (cheap || (keepsA && keepsB && !load))
            {
                // One instruction instead of a copy and a sum.
                Rm(X64Op.Lea, size, dst, Source.At(cheap ? sum : new Amode(X64Mem.Based, Use(data.A), Use(data.B))));
                return;
            }
        }
        LowerLogic(X64Op.AddRm, X64Op.AddMi, data, dst, size);
    }

    /// <summary>Whether an instruction is the last to want a value, so that its register may be overwritten: nothing behind has asked for it,
    /// and no loop around this place comes back to it.</summary>
    private bool DiesHere(Value value)
    {
        while (true)
        {
            if (_vregOf[value.Index] >= 0) return false;
            Inst def = _function.DefOf(value);
            Block home = def.IsNone ? new Block(_function.Values[value.Index].Owner) : _function.Link(def).Block;
            if (!def.IsNone && IsFreeExtension(_function[def]))
            {
                value = _function[def].A;
                continue;
            }
            int loop = _flow.LoopOf(_function.Link(_root).Block);
            return loop < 0 || _flow.LoopContains(loop, home);
        }
    }

    private static Amode JustAdd => new(X64Mem.Based, 0, 0);

    private bool HasMergeableLoad(Value value) => IsMergeable(value, out Inst def) && _function[def].Op == Opcode.Load;

    /// <summary>a + b as base, index, scale and displacement, in 32 or 64 bits, or <see cref="JustAdd"/>.</summary>
    private Amode AddressOf(in InstData data)
    {
        (Value a, Value b) = (data.A, data.B);
        long disp = 0;
        if (_function.IsIconst(a, out _)) (a, b) = (b, a);
        if (IsImm32(b, data.Type.Bytes(), out long constant))
        {
            disp = constant;
            Inst inner = _function.DefOf(a);
            if (inner.IsNone || _function[inner].Op != Opcode.Iadd || _uses[a.Index] > 1) return new Amode(X64Mem.Based, Use(a), Disp: (int)disp);
            if (HasMergeableLoad(_function[inner].A) || HasMergeableLoad(_function[inner].B)) return new Amode(X64Mem.Based, Use(a), Disp: (int)disp);
            (a, b) = (_function[inner].A, _function[inner].B);
            if (_function.IsIconst(b, out _) || _function.IsIconst(a, out _)) return new Amode(X64Mem.Based, Use(_function.Result(inner)), Disp: (int)disp);
        }
        if (IsShifted(a, data.Type, out _, out _)) (a, b) = (b, a);
        if (IsShifted(b, data.Type, out Value index, out int scale)) return new Amode(X64Mem.Based, Use(a), Use(index), scale, (int)disp);
        if (disp != 0) return new Amode(X64Mem.Based, Use(a), Use(b), 0, (int)disp);
        return JustAdd;
    }

    private bool IsShifted(Value value, IrType type, out Value index, out int scale)
    {
        (index, scale) = (value, 0);
        Inst def = _function.DefOf(value);
        if (def.IsNone || _function[def].Op != Opcode.Ishl || _function[def].Type != type) return false;
        if (!_function.IsIconst(_function[def].B, out long shift) || shift is < 1 or > 3) return false;
        (index, scale) = (_function[def].A, (int)shift);
        return true;
    }

    private void LowerSub(in InstData data, int dst, int size)
    {
        if (IsImm32(data.B, data.Type.Bytes(), out long imm)) Mi(X64Op.SubMi, size, dst, Use(data.A), imm);
        else if (_function.IsIconst(data.A, out long zero) && zero == 0) Mi(X64Op.NegM, size, dst, Use(data.B), 0);
        else Rvm(X64Op.SubRm, size, dst, Use(data.A), NarrowSource(data.B, data.Type));
    }

    private void LowerMul(in InstData data, int dst, int size)
    {
        (Value a, Value b) = Commute(data);
        if (IsImm32(b, data.Type.Bytes(), out long imm)) Rm(X64Op.ImulRmi, size, dst, NarrowSource(a, data.Type), imm);
        else Rvm(X64Op.ImulRm, size, dst, Use(a), NarrowSource(b, data.Type));
    }

    private void LowerLogic(X64Op rm, X64Op mi, in InstData data, int dst, int size)
    {
        (Value a, Value b) = Commute(data);
        if (IsImm32(b, data.Type.Bytes(), out long imm))
        {
            if (mi == X64Op.XorMi && imm == -1) Mi(X64Op.NotM, size, dst, Use(a), 0);
            else if (mi == X64Op.AndMi && size == 4 && (uint)imm is 0xFF or 0xFFFF) Rm((uint)imm == 0xFF ? X64Op.MovzxB : X64Op.MovzxW, 4, dst, Source.Reg(Use(a)));
            else Mi(mi, size, dst, Use(a), imm);
            return;
        }
        if (mi == X64Op.AndMi && size == 8 && _function.IsIconst(b, out long mask) && mask == 0xFFFF_FFFF)
        {
            Rm(X64Op.MovRm, 4, dst, Source.Reg(Use(a)));
            return;
        }
        Rvm(rm, size, dst, Use(a), NarrowSource(b, data.Type));
    }

    /// <summary>Constants and loads to the right, where they can be immediates and memory operands.</summary>
    private (Value A, Value B) Commute(in InstData data)
    {
        bool exchange = (_function.IsIconst(data.A, out _) && !_function.IsIconst(data.B, out _))
            || (!_function.IsIconst(data.B, out _) && !HasMergeableLoad(data.B) && (HasMergeableLoad(data.A) || (!DiesHere(data.A) && DiesHere(data.B))));
        return exchange ? (data.B, data.A) : (data.A, data.B);
    }

    /// <summary>Narrow arithmetic is done in 32 bits, so it must not read 32 bits of memory.</summary>
    private Source NarrowSource(Value value, IrType type) => type >= IrType.I32 ? SourceOf(value) : Source.Reg(Use(value));

    private void LowerAndNot(in InstData data, int dst, int size)
    {
        if (Has(CpuFeatures.Bmi1))
        {
            // andn complements its first source.
            int inverted = Use(data.B);
            Rvm(X64Op.Andn, size, dst, inverted, NarrowSource(data.A, data.Type));
            return;
        }
        int not = Temp();
        Mi(X64Op.NotM, size, not, Use(data.B), 0);
        Rvm(X64Op.AndRm, size, dst, Use(data.A), Source.Reg(not));
    }

    private void LowerAbs(in InstData data, int dst, int size)
    {
        int a = Use(data.A), negated = Temp();
        Mi(X64Op.NegM, size, negated, a, 0);
        ref MInst test = ref New(X64Op.TestMr, size);
        test.RegAt = test.RmAt = AddOperand(ref test, a, OperandRole.Use, OperandWhere.Register);
        Finish(ref test, Cond.S, new TailSpec(X64Tail.Cmov, size, dst, negated, a));
    }

    private void LowerShift(in InstData data, int dst, int size)
    {
        (X64Op byCl, X64Op byImm, X64Op bmi) = data.Op switch
        {
            Opcode.Ishl => (X64Op.ShlCl, X64Op.ShlMi8, X64Op.Shlx),
            Opcode.Ushr => (X64Op.ShrCl, X64Op.ShrMi8, X64Op.Shrx),
            Opcode.Sshr => (X64Op.SarCl, X64Op.SarMi8, X64Op.Sarx),
            Opcode.Rotl => (X64Op.RolCl, X64Op.RolMi8, X64Op.Rorx),
            _ => (X64Op.RorCl, X64Op.RorMi8, X64Op.Rorx),
        };
        bool rotate = data.Op is Opcode.Rotl or Opcode.Rotr;
        bool narrow = data.Type < IrType.I32;
        int value = Use(data.A);
        if (narrow && data.Op is Opcode.Ushr or Opcode.Sshr)
        {
            int wide = Temp();
            if (data.Type == IrType.I8) Rm(data.Op == Opcode.Ushr ? X64Op.MovzxB : X64Op.MovsxB, 4, wide, Source.Reg(value));
            else if (data.Type == IrType.I16) Rm(data.Op == Opcode.Ushr ? X64Op.MovzxW : X64Op.MovsxW, 4, wide, Source.Reg(value));
            else wide = value;
            value = wide;
        }
        if (rotate) size = data.Type.Bytes();
        if (_function.IsIconst(data.B, out long constant))
        {
            constant &= data.Type.Bits() - 1;
            if (data.Op == Opcode.Ishl && constant == 1 && !narrow) Rm(X64Op.Lea, size, dst, Source.At(new Amode(X64Mem.Based, value, value)));
            else if (rotate && Has(CpuFeatures.Bmi2) && !narrow)
                Rm(X64Op.Rorx, size, dst, Source.Reg(value), data.Op == Opcode.Rotr ? constant : (data.Type.Bits() - constant) & (data.Type.Bits() - 1));
            else Mi(byImm, size, dst, value, constant);
            return;
        }
        int count = Use(data.B);
        if (narrow && !rotate)
        {
            int masked = Temp();
            Mi(X64Op.AndMi, 4, masked, count, data.Type.Bits() - 1);
            count = masked;
        }
        if (!rotate && Has(CpuFeatures.Bmi2))
        {
            ref MInst shift = ref New(bmi, size);
            shift.RegAt = AddOperand(ref shift, dst, OperandRole.Def, OperandWhere.Register);
            shift.RmAt = AddOperand(ref shift, value, OperandRole.Use, OperandWhere.Any);
            shift.SourceAt = AddOperand(ref shift, count, OperandRole.Use, OperandWhere.Register);
            return;
        }
        ref MInst inst = ref Mi(byCl, size, dst, value, 0);
        AddFixed(ref inst, count, OperandRole.Use, PReg.Int(X64Regs.Rcx));
    }

    private void LowerDivide(in InstData data, int dst)
    {
        bool rest = data.Op is Opcode.Srem or Opcode.Urem, signed = data.Op is Opcode.Sdiv or Opcode.Srem;
        int a = Use(data.A), b = Use(data.B), other = Temp();
        bool known = _function.IsIconst(data.B, out long divisor);
        bool notZero = known && divisor != 0, notMinusOne = known && Evaluate.SignExtend((ulong)divisor, data.Type.Bits()) != -1;
        ref MInst divide = ref New(X64Pseudo.Divide, data.Type.Bytes());
        divide.Imm = (signed ? 1 : 0) | (rest ? 2 : 0) | (notZero ? 4 : 0) | (notMinusOne ? 8 : 0);
        AddFixed(ref divide, a, OperandRole.Use, PReg.Int(X64Regs.Rax));
        divide.RmAt = AddOperand(ref divide, b, OperandRole.LateUse, OperandWhere.Register);
        AddFixed(ref divide, rest ? other : dst, OperandRole.EarlyDef, PReg.Int(X64Regs.Rax));
        AddFixed(ref divide, rest ? dst : other, OperandRole.EarlyDef, PReg.Int(X64Regs.Rdx));
    }

    private void LowerMinMax(in InstData data, int dst)
    {
        int a = Use(data.A), b = Use(data.B);
        ref MInst compare = ref New(X64Op.CmpRm, data.Type.Bytes());
        compare.RegAt = AddOperand(ref compare, a, OperandRole.Use, OperandWhere.Register);
        compare.RmAt = AddOperand(ref compare, b, OperandRole.Use, OperandWhere.Register);
        Cond cond = data.Op switch
        {
            Opcode.Smin => Cond.L,
            Opcode.Umin => Cond.B,
            Opcode.Smax => Cond.G,
            _ => Cond.A,
        };
        Finish(ref compare, cond, new TailSpec(X64Tail.Cmov, Math.Max(4, data.Type.Bytes()), dst, a, b));
    }

    private void LowerCount(in InstData data, int dst)
    {
        int size = data.Type.Bytes();
        (CpuFeatures needs, X64Op op) = data.Op switch
        {
            Opcode.Clz => (CpuFeatures.Lzcnt, X64Op.Lzcnt),
            Opcode.Ctz => (CpuFeatures.Bmi1, X64Op.Tzcnt),
            _ => (CpuFeatures.Popcnt, X64Op.Popcnt),
        };
        if (Has(needs))
        {
            Rm(op, size, dst, SourceOf(data.A));
            return;
        }
        int a = Use(data.A);
        if (data.Op == Opcode.Popcnt)
        {
            int temp = Temp();
            ref MInst slow = ref New(X64Pseudo.PopcntSlow, size);
            slow.RegAt = AddOperand(ref slow, dst, OperandRole.Def, OperandWhere.Reuse, 1);
            AddOperand(ref slow, a, OperandRole.Use, OperandWhere.Register);
            slow.SourceAt = AddOperand(ref slow, temp, OperandRole.EarlyDef, OperandWhere.Register);
            return;
        }
        ref MInst scan = ref New(X64Pseudo.BitScan, size);
        scan.Imm = data.Op == Opcode.Clz ? 1 : 0;
        scan.RegAt = AddOperand(ref scan, dst, OperandRole.Def, OperandWhere.Register);
        scan.RmAt = AddOperand(ref scan, a, OperandRole.Use, OperandWhere.Register);
    }

    private void LowerBswap(in InstData data, int dst)
    {
        int size = Math.Max(4, data.Type.Bytes());
        int swapped = data.Type == IrType.I16 ? Temp() : dst;
        if (data.Type == IrType.I8)
        {
            Rm(X64Op.MovRm, 4, dst, Source.Reg(Use(data.A)));
            return;
        }
        ref MInst swap = ref New(X64Op.Bswap, size);
        swap.RegAt = AddOperand(ref swap, swapped, OperandRole.Def, OperandWhere.Reuse, 1);
        AddOperand(ref swap, Use(data.A), OperandRole.Use, OperandWhere.Register);
        if (data.Type == IrType.I16) Mi(X64Op.ShrMi8, 4, dst, swapped, 16);
    }

    private void LowerExtend(in InstData data, int dst, bool signed)
    {
        IrType from = _function.TypeOf(data.A);
        int size = Math.Max(4, data.Type.Bytes());
        // From memory in one instruction, if the load is narrow and used only here.
        Source source = Source.Reg(-1);
        if (IsMergeable(data.A, out Inst load) && _function[load].Op == Opcode.Load)
        {
            _sunk[load.Index] = true;
            source = Source.At(Address(_function[load].A, _function[load].Imm, _function[load].Mem.Trap) with { TrapSource = _function.Link(load).Source });
        }
        else
        {
            source = Source.Reg(Use(data.A));
        }
        X64Op op = (from, signed) switch
        {
            (IrType.I8, false) => X64Op.MovzxB,
            (IrType.I8, true) => X64Op.MovsxB,
            (IrType.I16, false) => X64Op.MovzxW,
            (IrType.I16, true) => X64Op.MovsxW,
            (_, true) => X64Op.Movsxd,
            _ => X64Op.MovRm,
        };
        // Extending with zeros reaches 64 bits in the 32-bit form.
        Rm(op, signed ? size : 4, dst, source);
    }
}
