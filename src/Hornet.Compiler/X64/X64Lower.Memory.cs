using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Loads, stores, atomics.</content>
internal sealed partial class X64Lower
{
    private void LowerMemory(Inst inst, in InstData data)
    {
        Value result = _function.Result(inst);
        int dst = result.IsNone ? -1 : VRegOf(result);
        switch (data.Op)
        {
            case Opcode.Store or Opcode.Store8 or Opcode.Store16 or Opcode.Store32: LowerStore(data); break;
            case Opcode.Fence: New(X64Op.Mfence, 4); break;
            case Opcode.AtomicStore:
                // xchg is sequentially consistent by itself.
                int stored = Use(data.A), old = Temp();
                Amode place = Address(data.B, data.Imm, data.Mem.Trap);
                Exchange(X64Op.Xchg, data.Type.Bytes(), old, stored, place);
                break;
            case Opcode.AtomicRmw when _uses[result.Index] == 0 && TryLockedOp(data): break;
            case Opcode.AtomicRmw: LowerAtomicRmw(data, dst); break;
            case Opcode.AtomicCas:
                int expected = Use(data.B), replacement = Use(data.C);
                place = Address(data.A, data.Imm, data.Mem.Trap);
                ref MInst cas = ref New(X64Op.Cmpxchg, data.Type.Bytes());
                cas.Locked = true;
                AddFixed(ref cas, expected, OperandRole.Use, PReg.Int(X64Regs.Rax));
                AddFixed(ref cas, dst, OperandRole.Def, PReg.Int(X64Regs.Rax));
                cas.RegAt = AddOperand(ref cas, replacement, OperandRole.Use, OperandWhere.Register);
                AddMem(ref cas, place);
                break;
            default: LowerLoad(data, dst, Address(data.A, data.Imm, data.Mem.Trap)); break;
        }
    }

    private void LowerLoad(in InstData data, int dst, Amode from)
    {
        Source source = Source.At(from);
        int size = data.Type.Bytes();
        switch (data.Op)
        {
            case Opcode.Load or Opcode.AtomicLoad:
                switch (data.Type)
                {
                    case IrType.I8: Rm(X64Op.MovzxB, 4, dst, source); break;
                    case IrType.I16: Rm(X64Op.MovzxW, 4, dst, source); break;
                    case IrType.F32: Rm(X64Op.MovssRm, 4, dst, source); break;
                    case IrType.F64: Rm(X64Op.MovsdRm, 8, dst, source); break;
                    case IrType.V128: Rm(X64Op.MovupsRm, 16, dst, source); break;
                    default: Rm(X64Op.MovRm, size, dst, source); break;
                }
                break;
            case Opcode.Uload8: Rm(X64Op.MovzxB, 4, dst, source); break;
            case Opcode.Uload16: Rm(X64Op.MovzxW, 4, dst, source); break;
            case Opcode.Uload32: Rm(X64Op.MovRm, 4, dst, source); break;
            case Opcode.Sload8: Rm(X64Op.MovsxB, size, dst, source); break;
            case Opcode.Sload16: Rm(X64Op.MovsxW, size, dst, source); break;
            case Opcode.Sload32: Rm(X64Op.Movsxd, 8, dst, source); break;
            default: LowerVectorLoad(data, dst, source); break;
        }
    }

    private void LowerStore(in InstData data)
    {
        int size = data.Op switch
        {
            Opcode.Store8 => 1,
            Opcode.Store16 => 2,
            Opcode.Store32 => 4,
            _ => data.Type.Bytes(),
        };
        if (data.Type.IsVectorClass())
        {
            StoreFloat(data);
            return;
        }
        if (IsImm32(data.A, data.Type == IrType.Ref ? 4 : data.Type.Bytes(), out long imm))
        {
            StoreImm(X64Op.MovMi, size, size == 1 ? (sbyte)imm : size == 2 ? (short)imm : imm, Address(data.B, data.Imm, data.Mem.Trap));
            return;
        }
        if (data.Op == Opcode.Store && size >= 4 && TryOpStore(data, size)) return;
        int value = Use(StoredValue(data, size));
        StoreReg(X64Op.MovMr, size, value, Address(data.B, data.Imm, data.Mem.Trap));
    }

    /// <summary>Only the low bytes are stored: what was done to the others beforehand does not matter.</summary>
    private Value StoredValue(in InstData data, int size)
    {
        Value value = data.A;
        while (true)
        {
            Inst def = _function.DefOf(value);
            if (def.IsNone) return value;
            ref InstData inner = ref _function[def];
            bool irrelevant = inner.Op is Opcode.Uextend or Opcode.Sextend or Opcode.Ireduce && _function.TypeOf(inner.A).Bytes() >= size;
            if (!irrelevant) return value;
            value = inner.A;
        }
    }

    private void StoreFloat(in InstData data)
    {
        // A lane goes straight from the vector.
        int value = Use(data.A);
        Amode to = Address(data.B, data.Imm, data.Mem.Trap);
        StoreReg(data.Type == IrType.F32 ? X64Op.MovssMr : data.Type == IrType.F64 ? X64Op.MovsdMr : X64Op.MovupsMr, 16, value, to);
    }

    /// <summary>store(op(load p, x), p) is one instruction on memory.</summary>
    private bool TryOpStore(in InstData data, int size)
    {
        if (!IsMergeable(data.A, out Inst op)) return false;
        InstData inner = _function[op];
        (X64Op mr, X64Op mi) = inner.Op switch
        {
            Opcode.Iadd => (X64Op.AddMr, X64Op.AddMi),
            Opcode.Isub => (X64Op.SubMr, X64Op.SubMi),
            Opcode.Band => (X64Op.AndMr, X64Op.AndMi),
            Opcode.Bor => (X64Op.OrMr, X64Op.OrMi),
            Opcode.Bxor => (X64Op.XorMr, X64Op.XorMi),
            _ => (X64Op.Ud2, X64Op.Ud2),
        };
        if (mr == X64Op.Ud2) return false;
        (Value left, Value right) = (inner.A, inner.B);
        if (!IsLoadOf(left, data) && inner.Op != Opcode.Isub) (left, right) = (right, left);
        if (!IsLoadOf(left, data)) return false;
        Inst load = _function.DefOf(left);
        _sunk[load.Index] = true;
        // The load comes first, so it is what traps.
        int loaded = _function.Link(load).Source;
        if (IsImm32(right, size, out long imm))
        {
            StoreImm(mi, size, imm, Address(data.B, data.Imm, data.Mem.Trap) with { TrapSource = loaded });
            return true;
        }
        int value = Use(right);
        StoreReg(mr, size, value, Address(data.B, data.Imm, data.Mem.Trap) with { TrapSource = loaded });
        return true;
    }

    private bool IsLoadOf(Value value, in InstData store)
    {
        if (!IsMergeable(value, out Inst load)) return false;
        InstData data = _function[load];
        return data.Op == Opcode.Load && data.Type == store.Type && data.A == store.B && data.Imm == store.Imm;
    }

    /// <summary>Swaps or adds in memory: old ← place, place ← op(value).</summary>
    private ref MInst Exchange(X64Op op, int size, int old, int value, in Amode place)
    {
        ref MInst inst = ref New(op, size);
        inst.Locked = op == X64Op.Xadd;
        inst.RegAt = AddOperand(ref inst, old, OperandRole.Def, OperandWhere.Reuse, 1);
        AddOperand(ref inst, value, OperandRole.Use, OperandWhere.Register);
        AddMem(ref inst, place);
        return ref inst;
    }

    /// <summary>A modification whose old value nobody wants is one instruction on memory.</summary>
    private bool TryLockedOp(in InstData data)
    {
        (X64Op mr, X64Op mi) = data.AtomicOp switch
        {
            AtomicOp.Add => (X64Op.AddMr, X64Op.AddMi),
            AtomicOp.Sub => (X64Op.SubMr, X64Op.SubMi),
            AtomicOp.And => (X64Op.AndMr, X64Op.AndMi),
            AtomicOp.Or => (X64Op.OrMr, X64Op.OrMi),
            AtomicOp.Xor => (X64Op.XorMr, X64Op.XorMi),
            _ => (X64Op.Ud2, X64Op.Ud2),
        };
        if (mr == X64Op.Ud2) return false;
        int size = data.Type.Bytes();
        if (IsImm32(data.B, size, out long imm))
        {
            StoreImm(mi, size, imm, Address(data.A, data.Imm, data.Mem.Trap)).Locked = true;
            return true;
        }
        int value = Use(data.B);
        StoreReg(mr, size, value, Address(data.A, data.Imm, data.Mem.Trap)).Locked = true;
        return true;
    }

    private void LowerAtomicRmw(in InstData data, int dst)
    {
        int size = data.Type.Bytes();
        int value = Use(data.B);
        Amode place = Address(data.A, data.Imm, data.Mem.Trap);
        switch (data.AtomicOp)
        {
            case AtomicOp.Xchg:
                Exchange(X64Op.Xchg, size, dst, value, place);
                return;
            case AtomicOp.Add:
                Exchange(X64Op.Xadd, size, dst, value, place);
                return;
            case AtomicOp.Sub:
                int negated = Temp();
                Mi(X64Op.NegM, Math.Max(4, size), negated, value, 0);
                Exchange(X64Op.Xadd, size, dst, negated, place);
                return;
        }
        // and, or, xor: load, compute, compare-exchange, until nobody came between.
        int temp = Temp();
        ref MInst loop = ref New(X64Pseudo.AtomicLoop, size);
        loop.Imm = (int)(data.AtomicOp == AtomicOp.And ? X64Op.AndRm : data.AtomicOp == AtomicOp.Or ? X64Op.OrRm : X64Op.XorRm);
        AddFixed(ref loop, dst, OperandRole.EarlyDef, PReg.Int(X64Regs.Rax));
        loop.SourceAt = AddOperand(ref loop, temp, OperandRole.EarlyDef, OperandWhere.Register);
        loop.RegAt = AddOperand(ref loop, value, OperandRole.LateUse, OperandWhere.Register);
        loop.Mem = (byte)place.Kind;
        loop.Scale = (byte)place.Scale;
        loop.Disp = place.Disp;
        loop.Aux = place.Aux;
        loop.Trap = place.Trap;
        if (place.Base >= 0) loop.RmAt = AddOperand(ref loop, place.Base, OperandRole.LateUse, OperandWhere.Register);
        if (place.Index >= 0) loop.IndexAt = AddOperand(ref loop, place.Index, OperandRole.LateUse, OperandWhere.Register);
    }
}
