using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Trees into operands: addresses, sources in memory, immediates, and conditions.</content>
internal sealed partial class X64Lower
{
    /// <summary>The constant as an immediate that is sign-extended from 32 bits to the operand's size.</summary>
    private bool IsImm32(Value value, int size, out long imm)
    {
        if (!_function.IsIconst(value, out imm)) return false;
        imm = Evaluate.SignExtend((ulong)imm, size * 8);
        return imm == (int)imm;
    }

    /// <summary>The instruction that defines a value, if only the current instruction uses it and it can be executed there.</summary>
    private bool IsMergeable(Value value, out Inst def)
    {
        def = _function.DefOf(value);
        return !def.IsNone && _uses[value.Index] == 1 && _vregOf[value.Index] < 0 && !_sunk[def.Index]
            && _function.Link(def).Block == _function.Link(_root).Block && _colour[def.Index] == _colour[_root.Index];
    }

    /// <summary>A source operand: a constant behind the code, a load that can be done here, or a register.</summary>
    private Source SourceOf(Value value, bool mayMerge = true)
    {
        Inst def = _function.DefOf(value);
        if (!def.IsNone && FloatConstant(def, out UInt128 bits) && bits != 0) return Source.At(Constant(bits));
        if (mayMerge && IsMergeable(value, out def))
        {
            ref InstData data = ref _function[def];
            // A vector in memory is merged only where the instruction bears any alignment.
            bool whole = data.Op == Opcode.Load && data.Type is IrType.I32 or IrType.I64 or IrType.F32 or IrType.F64
                || (data.Op == Opcode.Load && data.Type == IrType.V128 && Has(CpuFeatures.Avx));
            if (whole)
            {
                _sunk[def.Index] = true;
                return Source.At(Address(data.A, data.Imm, data.Mem.Trap) with { TrapSource = _function.Link(def).Source });
            }
        }
        return Source.Reg(Use(value));
    }

    private bool FloatConstant(Inst def, out UInt128 bits)
    {
        InstData data = _function[def];
        bits = data.Op switch
        {
            Opcode.F32const or Opcode.F64const => (ulong)data.Imm,
            Opcode.Vconst => _function.Vectors[(int)data.Imm],
            _ => 0,
        };
        return data.Op is Opcode.F32const or Opcode.F64const or Opcode.Vconst;
    }

    /// <summary>Matches sums, scaled indices, constants, the VM context and stack slots into an addressing mode.</summary>
    private Amode Address(Value address, long offset, TrapCode trap)
    {
        byte code = trap.Code;
        while (true)
        {
            if (IsContextParam(address)) return new Amode(X64Mem.Pinned, Disp: (int)offset, Trap: code);
            Inst def = _function.DefOf(address);
            if (def.IsNone) break;
            InstData data = _function[def];
            if (data.Op == Opcode.VmContext) return new Amode(X64Mem.Pinned, Disp: (int)offset, Trap: code);
            if (data.Op == Opcode.StackAddr && Fits(offset + (int)data.Imm))
                return new Amode(X64Mem.StackSlot, Disp: (int)(offset + (int)data.Imm), Aux: (int)(data.Imm >> 32), Trap: code);
            if (data.Op != Opcode.Iadd) break;
            if (_function.IsIconst(data.B, out long constant) && Fits(offset + constant))
            {
                (address, offset) = (data.A, offset + constant);
                continue;
            }
            // base + index: the scaled one, if any, is the index.
            (Value first, Value second) = (data.A, data.B);
            if (IsScaled(first, out _, out _)) (first, second) = (second, first);
            bool scaled = IsScaled(second, out Value index, out int scale);
            Inst inner = _function.DefOf(first);
            if (!inner.IsNone && _function[inner].Op == Opcode.Iadd && _function.IsIconst(_function[inner].B, out constant) && Fits(offset + constant))
                (first, offset) = (_function[inner].A, offset + constant);
            if (!inner.IsNone && _function[inner].Op == Opcode.VmContext)
                return new Amode(X64Mem.Pinned, Index: Use(scaled ? index : second), Scale: scaled ? scale : 0, Disp: (int)offset, Trap: code);
            if (!scaled)
            {
                index = second;
                inner = _function.DefOf(second);
                if (!inner.IsNone && _function[inner].Op == Opcode.Iadd && _function.IsIconst(_function[inner].B, out constant) && Fits(offset + constant))
                    (index, offset) = (_function[inner].A, offset + constant);
            }
            return new Amode(X64Mem.Based, Use(first), Use(index), scaled ? scale : 0, (int)offset, Trap: code);
        }
        if (!Fits(offset)) throw new InvalidOperationException("an access has an offset beyond 32 bits");
        return new Amode(X64Mem.Based, Use(address), Disp: (int)offset, Trap: code);
    }

    /// <summary>The parameter that arrives in the pinned register, and stays there.</summary>
    private bool IsContextParam(Value value) =>
        _function.Signature.HasContext && _function.Values[value.Index].Kind == ValueKind.Param && _function.Params(_function.Entry)[0] == value.Index;

    private static bool Fits(long offset) => offset == (int)offset;

    private bool IsScaled(Value value, out Value index, out int scale)
    {
        (index, scale) = (value, 0);
        Inst def = _function.DefOf(value);
        if (def.IsNone || _function[def].Op != Opcode.Ishl || _function[def].Type != IrType.I64) return false;
        if (!_function.IsIconst(_function[def].B, out long shift) || shift is < 1 or > 3) return false;
        (index, scale) = (_function[def].A, (int)shift);
        return true;
    }

    // Conditions

    /// <summary>Builds the instruction that sets the flags for a condition together with what consumes them.</summary>
    private void LowerFlags(Value condition, bool invert, in TailSpec tail)
    {
        Inst def = _function.DefOf(condition);
        // A comparison with several users is done again for each: only one that is merged may take a load along.
        bool merge = _uses[condition.Index] == 1;
        if (!def.IsNone && !_function[def].IsVector)
        {
            InstData data = _function[def];
            if (data.Op == Opcode.Icmp)
            {
                LowerIcmp(data, invert, merge, tail);
                return;
            }
            if (data.Op == Opcode.Fcmp)
            {
                LowerFcmp(data, invert, merge, tail);
                return;
            }
            if (data.Op == Opcode.Band && data.Type >= IrType.I32 && merge)
            {
                LowerTest(data, invert ? Cond.E : Cond.NE, tail);
                return;
            }
        }
        int size = _function.TypeOf(condition).Bytes();
        int vreg = Use(condition);
        ref MInst test = ref New(X64Op.TestMr, size);
        test.RegAt = test.RmAt = AddOperand(ref test, vreg, OperandRole.Use, OperandWhere.Register);
        Finish(ref test, invert ? Cond.E : Cond.NE, tail);
    }

    private void LowerTest(in InstData and, Cond cond, in TailSpec tail)
    {
        int size = and.Type.Bytes();
        if (IsImm32(and.B, size, out long imm))
        {
            int tested = Use(and.A);
            // Bits of the lowest byte alone: three bytes less of code.
            if (imm is > 0 and <= 0xFF) (size, imm) = (1, (sbyte)imm);
            ref MInst test = ref New(X64Op.TestMi, size);
            test.Imm = imm;
            test.RmAt = AddOperand(ref test, tested, OperandRole.Use, OperandWhere.Register);
            Finish(ref test, cond, tail);
            return;
        }
        int a = Use(and.A);
        Source b = SourceOf(and.B);
        ref MInst both = ref New(X64Op.TestMr, size);
        both.RegAt = AddOperand(ref both, a, OperandRole.Use, OperandWhere.Register);
        AddSource(ref both, b);
        Finish(ref both, cond, tail);
    }

    private void LowerIcmp(in InstData data, bool invert, bool merge, in TailSpec tail)
    {
        IntCC cc = invert ? data.IntCC.Invert() : data.IntCC;
        (Value a, Value b) = (data.A, data.B);
        if (_function.IsIconst(a, out _) && !_function.IsIconst(b, out _)) (a, b, cc) = (b, a, cc.Swap());
        int size = _function.TypeOf(a).Bytes();
        if (IsImm32(b, size, out long imm))
        {
            Inst def = _function.DefOf(a);
            if (imm == 0 && cc is IntCC.Eq or IntCC.Ne && merge && _uses[a.Index] == 1 && !def.IsNone && _function[def].Op == Opcode.Band
                && _function[def].Type >= IrType.I32)
            {
                LowerTest(_function[def], CondOf(cc), tail);
                return;
            }
            Source source = SourceOf(a, merge);
            if (imm == 0 && !source.IsMem)
            {
                ref MInst test = ref New(X64Op.TestMr, size);
                test.RegAt = test.RmAt = AddOperand(ref test, source.VReg, OperandRole.Use, OperandWhere.Register);
                Finish(ref test, CondOf(cc), tail);
                return;
            }
            ref MInst compare = ref New(X64Op.CmpMi, size);
            compare.Imm = imm;
            AddSource(ref compare, source);
            Finish(ref compare, CondOf(cc), tail);
            return;
        }
        // A load on the left can be compared from memory as well, with the sides exchanged.
        bool left = merge && IsMergeable(a, out Inst load) && _function[load].Op == Opcode.Load && !(IsMergeable(b, out Inst other) && _function[other].Op == Opcode.Load);
        if (left) (a, b, cc) = (b, a, cc.Swap());
        int reg = Use(a);
        Source right = SourceOf(b, merge);
        ref MInst cmp = ref New(X64Op.CmpRm, size);
        cmp.RegAt = AddOperand(ref cmp, reg, OperandRole.Use, OperandWhere.Register);
        AddSource(ref cmp, right);
        Finish(ref cmp, CondOf(cc), tail);
    }

    private static Cond CondOf(IntCC cc) => cc switch
    {
        IntCC.Eq => Cond.E,
        IntCC.Ne => Cond.NE,
        IntCC.Slt => Cond.L,
        IntCC.Sge => Cond.GE,
        IntCC.Sgt => Cond.G,
        IntCC.Sle => Cond.LE,
        IntCC.Ult => Cond.B,
        IntCC.Uge => Cond.AE,
        IntCC.Ugt => Cond.A,
        _ => Cond.BE,
    };

    private void LowerFcmp(in InstData data, bool invert, bool merge, in TailSpec tail)
    {
        FloatCC cc = invert ? data.FloatCC.Invert() : data.FloatCC;
        (Value a, Value b) = (data.A, data.B);
        // ucomis sets the carry for "less or unordered": less-than is done as greater-than with the sides exchanged.
        if (cc is FloatCC.Lt or FloatCC.NotLt or FloatCC.Le or FloatCC.NotLe) (a, b, cc) = (b, a, cc.Swap());
        Cond cond = cc switch
        {
            FloatCC.Eq => Cond.FloatE,
            FloatCC.Ne => Cond.FloatNE,
            FloatCC.Gt => Cond.A,
            FloatCC.NotGt => Cond.BE,
            FloatCC.Ge => Cond.AE,
            _ => Cond.B,
        };
        int reg = Use(a);
        Source source = SourceOf(b, merge);
        ref MInst compare = ref New(data.Type == IrType.F32 ? X64Op.Ucomiss : X64Op.Ucomisd, 8);
        compare.RegAt = AddOperand(ref compare, reg, OperandRole.Use, OperandWhere.Register);
        AddSource(ref compare, source);
        Finish(ref compare, cond, tail);
    }

    /// <summary>Adds the consumer of the flags to the instruction that sets them.</summary>
    private void Finish(ref MInst inst, Cond cond, in TailSpec tail)
    {
        inst.Tail = (byte)tail.Kind;
        inst.Cond = (byte)cond;
        switch (tail.Kind)
        {
            case X64Tail.Branch:
                inst.Traits = InstTraits.Terminator;
                break;
            case X64Tail.Set:
                // Early: it is cleared before the comparison, so that no extension is needed afterwards.
                inst.TailAt = AddOperand(ref inst, tail.Def, OperandRole.EarlyDef, OperandWhere.Register);
                break;
            case X64Tail.Cmov or X64Tail.VectorMove:
                byte otherwise = (byte)(inst.OperandCount + 1);
                inst.TailAt = AddOperand(ref inst, tail.Def, OperandRole.Def, OperandWhere.Reuse, otherwise);
                AddOperand(ref inst, tail.Else, OperandRole.Use, OperandWhere.Register);
                inst.TailSourceAt = AddOperand(ref inst, tail.Then, OperandRole.Use, OperandWhere.Register);
                break;
            case X64Tail.Adc or X64Tail.Sbb:
                byte summand = (byte)(inst.OperandCount + 1);
                inst.TailAt = AddOperand(ref inst, tail.Def, OperandRole.Def, OperandWhere.Reuse, summand);
                AddOperand(ref inst, tail.Else, OperandRole.Use, OperandWhere.Register);
                if (tail.Then >= 0) inst.TailSourceAt = AddOperand(ref inst, tail.Then, OperandRole.Use, OperandWhere.Register);
                break;
            case X64Tail.Trap:
                inst.TailTrap = tail.Trap;
                break;
        }
        inst.TailSize = (byte)tail.Size;
    }
}
