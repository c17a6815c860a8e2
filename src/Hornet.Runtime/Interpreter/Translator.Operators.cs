
using Hornet.Wasm;

namespace Hornet.Runtime;

// Operators that compute, load, store and move values.
internal sealed unsafe partial class Translator
{
    /// <summary>Comparisons of scalars: the operators whose families have branching forms.</summary>
    static bool IsComparison(Op op) => op is >= Op.I32Eq and <= Op.I32GeU or >= Op.I64Eq and <= Op.F64Ge;

    static int ConstantBytes(Op op)
    {
        ValType type = Opcodes.SignatureOf(op).Operand(0, ValType.I32);
        return type == ValType.I64 || type == ValType.F64 ? 8 : 4;
    }

    // The opposite of each integer comparison, counted from eq: eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u.
    static ReadOnlySpan<byte> Opposites => [1, 0, 8, 9, 6, 7, 4, 5, 2, 3];

    void StepParametric()
    {
        if (_op.Op == Op.Drop)
        {
            Pop();
            return;
        }
        int condition = PopSource();
        Entry second = Pop(), first = Pop();
        int b = Source(second), a = Source(first);
        bool vector = first.Type.IsVector;
        Begin(vector ? Runtime.Code.Select128 : Runtime.Code.Select);
        Result(PushHome(first.Type.IsRef && second.Type.IsRef && !first.Type.IsNullable ? second.Type : first.Type));
        Field(a);
        Field(b);
        Field(condition);
    }

    void StepVariable()
    {
        int index = (int)_op.A;
        switch (_op.Op)
        {
            case Op.LocalGet:
                PushLocal(index);
                break;
            case Op.LocalSet:
                SetLocal(index, keep: false);
                break;
            case Op.LocalTee:
                SetLocal(index, keep: true);
                break;
            case Op.GlobalGet:
            {
                ValType type = _env.Globals[index].Type;
                Begin(type.IsVector ? Runtime.Code.GlobalGet128 : Runtime.Code.GlobalGet);
                        Result(PushHome(type));
                Field(index);
                break;
            }
            case Op.GlobalSet:
            {
                int value = PopSource();
                Begin(_env.Globals[index].Type.IsVector ? Runtime.Code.GlobalSet128 : Runtime.Code.GlobalSet);
                Field(value);
                Field(index);
                Barrier();
                break;
            }
            default: throw Unexpected();
        }
    }

    void StepConst()
    {
        switch (_op.Op)
        {
            case Op.I32Const: PushConst(ValType.I32, (uint)_op.Imm); break;
            case Op.I64Const: PushConst(ValType.I64, _op.Imm); break;
            case Op.F32Const: PushConst(ValType.F32, (uint)_op.Imm); break;
            case Op.F64Const: PushConst(ValType.F64, _op.Imm); break;
            default:
                Begin(Runtime.Code.Const128);
                        Result(PushHome(ValType.V128));
                Wide(_op.Imm);
                Wide(_op.ImmHigh);
                break;
        }
    }

    void StepNumeric()
    {
        StepComputation();
        if (!_settings.CanonicalizeNaN || CanonicalNaN.ShapeOf(_op.Op) is not (var shape and not NaNShape.None)) return;
        Begin(Runtime.Code.CanonicalF32 + (shape - NaNShape.F32));
        Field(_stack[_count - 1].Home);
        Barrier();
    }

    void StepComputation()
    {
        Signature signature = Opcodes.SignatureOf(_op.Op);
        if (Opcodes.Encoding(_op.Op).Prefix == 0xFD || signature.ResultCount == 2)
        {
            StepVector(signature);
            return;
        }
        bool traps = Opcodes.ClassOf(_op.Op) == OpClass.Trapping;
        if (signature.OperandCount == 1)
        {
            if (_op.Op is Op.I32Eqz or Op.I64Eqz)
            {
                StepEqz();
                return;
            }
            int source = PopSource();
            if (traps) Mark();
            Begin(_op.Op, 0);
            Result(PushHome(signature.Result(0, ValType.I32)));
            Field(source);
            return;
        }
        Entry second = Pop(), first = Pop();
        if (!traps && Fuse(first, second, signature)) return;
        if (second.Where == Where.Const)
        {
            int source = Source(first);
            if (traps) Mark();
            Binary(Forms.SlotConst, source, 0, second.Bits, signature);
        }
        else if (first.Where == Where.Const)
        {
            if (traps) Mark();
            Binary(Forms.ConstSlot, Source(second), 0, first.Bits, signature);
        }
        else
        {
            int a = Source(first), b = Source(second);
            if (traps) Mark();
            Binary(Forms.Slots, a, b, 0, signature);
        }
    }

    /// <summary>One instruction for this operator and the one that has just made one of its operands, where there is one.</summary>
    bool Fuse(in Entry first, in Entry second, Signature signature)
    {
        bool right = IsLast(second);
        if (!right && !IsLast(first)) return false;
        Entry other = right ? first : second;
        if (other.Where == Where.Const)
        {
            if (right || _op.Op != Op.I32And || _lastOp != Op.I32ShrU || _lastForm != Forms.SlotConst) return false;
            return Fused(Runtime.Code.ShrUAnd, (int)other.Bits, signature);
        }
        Code code = Forms.Fused(_op.Op, _lastOp, _lastForm, right ? 2 : 1);
        return code != Runtime.Code.Br && Fused(code, other.Where == Where.Local ? _localAt[other.Local] : other.Home, signature);
    }

    bool Fused(Code code, int other, Signature signature)
    {
        int a = FieldAt(_last + 12), b = FieldAt(_last + 16);
        Undo();
        Begin(code);
        Result(PushHome(signature.Result(0, ValType.I32)));
        Field(a);
        Field(b);
        Field(other);
        return true;
    }

    /// <summary>Takes back the addition that has just made an address; its operands, and whether the second is a constant.</summary>
    bool TakeSum(in Entry address, out int a, out int b, out int form)
    {
        (a, b, form) = (0, 0, 0);
        if (!IsLast(address) || _lastOp != Op.I32Add || _lastForm == Forms.ConstSlot) return false;
        (a, b, form) = (FieldAt(_last + 12), FieldAt(_last + 16), _lastForm);
        Undo();
        return true;
    }

    void Binary(int form, int slot, int other, ulong bits, Signature signature)
    {
        Begin(_op.Op, form);
        Result(PushHome(signature.Result(0, ValType.I32)));
        Field(slot);
        if (form == Forms.Slots) Field(other);
        else if (ConstantBytes(_op.Op) == 8) Wide(bits);
        else Field((int)bits);
    }

    // x == 0, so that branches see a comparison; of an integer comparison it is the opposite one.
    void StepEqz()
    {
        ref Entry top = ref _stack[_count - 1];
        if (_op.Op == Op.I32Eqz && IsLast(top))
        {
            Op first = _lastOp is >= Op.I32Eq and <= Op.I32GeU ? Op.I32Eq : Op.I64Eq;
            if (_lastOp is >= Op.I32Eq and <= Op.I32GeU or >= Op.I64Eq and <= Op.I64GeU)
            {
                _lastOp = first + Opposites[_lastOp - first];
                System.Runtime.CompilerServices.Unsafe.WriteUnaligned(ref _code[_last], Dispatch.Word((Code)(Forms.Of(_lastOp) + _lastForm)));
                return;
            }
        }
        Op op = _op.Op == Op.I32Eqz ? Op.I32Eq : Op.I64Eq;
        int source = PopSource();
        Begin(op, Forms.SlotConst);
        Result(PushHome(ValType.I32));
        Field(source);
        if (op == Op.I64Eq) Wide(0);
        else Field(0);
    }

    /// <summary>Vectors, and wide arithmetic (leaves), generated from the table. Fields: results, operands, lane or shuffle.</summary>
    void StepVector(Signature signature)
    {
        Span<int> operands = stackalloc int[4];
        int count = signature.OperandCount;
        for (int i = count - 1; i >= 0; i--) operands[i] = PopSource();
        if (signature.ResultCount == 1)
        {
            Begin((Code)Forms.Of(_op.Op));
            Result(PushHome(signature.Result(0, ValType.I32)));
        }
        else
        {
            BeginLeaf(WideLeaves.Of(_op.Op));
            for (int i = 0; i < signature.ResultCount; i++) Field(PushHome(signature.Result(i, ValType.I32)));
        }
        for (int i = 0; i < count; i++) Field(operands[i]);
        if (_op.Shape is >= Shape.Lane2 and <= Shape.Lane16) Field(_op.Lane);
        if (_op.Shape == Shape.Shuffle)
        {
            Wide(_op.Imm);
            Wide(_op.ImmHigh);
        }
    }

    bool IsPlainMemory(uint memory) => memory == 0;

    void StepLoad()
    {
        MemoryType memory = _env.Memories[(int)_op.A];
        Signature signature = Opcodes.SignatureOf(_op.Op);
        ValType type = signature.Result(0, ValType.I32);
        int family = Forms.Of(_op.Op);
        if (signature.OperandCount == 2 || !IsPlainMemory(_op.A) || family == 0)
        {
            int vector = signature.OperandCount == 2 ? PopSource() : 0;
            AnyMemory(&Leaves.Load, PopSource(), vector, type);
            return;
        }
        Entry address = Pop();
        if (memory.Is64)
        {
            int source = Source(address);
            Mark();
            Begin((Code)(family + Forms.LoadSlot64));
            Result(PushHome(type));
            Field(source);
            Wide(_op.Imm);
        }
        else if (address.Where == Where.Const)
        {
            Mark();
            Begin((Code)(family + Forms.LoadConst));
            Result(PushHome(type));
            Wide((uint)address.Bits + _op.Imm);
        }
        else if (TakeSum(address, out int a, out int b, out int form))
        {
            Mark();
            Begin((Code)(family + Forms.LoadSum + form));
            Result(PushHome(type));
            Field(a);
            Field(b);
            Field((int)_op.Imm);
        }
        else
        {
            int source = Source(address);
            Mark();
            Begin((Code)(family + Forms.LoadSlot));
            (_lastOp, _lastForm) = (_op.Op, Forms.LoadSlot);
            Result(PushHome(type));
            Field(source);
            Field((int)_op.Imm);
        }
    }

    void StepStore()
    {
        MemoryType memory = _env.Memories[(int)_op.A];
        int family = Forms.Of(_op.Op);
        if (!IsPlainMemory(_op.A) || family == 0)
        {
            int stored = PopSource();
            AnyMemory(&Leaves.Store, PopSource(), stored, ValType.Bottom);
            return;
        }
        Entry value = Pop(), address = Pop();
        if (memory.Is64)
        {
            int source = Source(value), at = Source(address);
            Mark();
            Begin((Code)(family + Forms.StoreSlot64));
            Field(at);
            Field(source);
            Wide(_op.Imm);
        }
        else if (address.Where == Where.Const)
        {
            int source = Source(value);
            Mark();
            Begin((Code)(family + Forms.StoreConstAddress));
            Field(0);
            Field(source);
            Wide((uint)address.Bits + _op.Imm);
        }
        else if (value.Where != Where.Const && TakeSum(address, out int a, out int b, out int form))
        {
            int source = Source(value);
            Mark();
            Begin((Code)(family + Forms.StoreSum + form));
            Field(a);
            Field(source);
            Field(b);
            Field((int)_op.Imm);
        }
        else if (value.Where == Where.Const && !value.Type.IsVector)
        {
            int at = Source(address);
            Mark();
            Begin((Code)(family + Forms.StoreConstValue));
            Field(at);
            Field(0);
            Field((int)_op.Imm);
            if (value.Type == ValType.I64 || value.Type == ValType.F64) Wide(value.Bits);
            else Field((int)value.Bits);
        }
        else
        {
            int at = Source(address), source = Source(value);
            Mark();
            Begin((Code)(family + Forms.StoreSlots));
            Field(at);
            Field(source);
            Field((int)_op.Imm);
        }
        Barrier();
    }

    /// <summary>An access of any memory by any operator. Fields: result, address, operand, memory, operator and lane, offset.</summary>
    void AnyMemory(delegate*<byte*, byte*, Machine*, byte*> leaf, int address, int operand, ValType result)
    {
        BeginLeaf(leaf);
        if (result.IsBottom) Field(0);
        else Result(PushHome(result));
        Field(address);
        Field(operand);
        Field((int)_op.A);
        Field((int)_op.Op | _op.Lane << 16);
        Wide(_op.Imm);
        if (result.IsBottom) Barrier();
    }

    void StepAtomic()
    {
        if (_op.Op == Op.AtomicFence)
        {
            Leaf(&Leaves.Fence, [], []);
            return;
        }
        Signature signature = Opcodes.SignatureOf(_op.Op);
        Span<int> operands = stackalloc int[3];
        int count = signature.OperandCount;
        for (int i = count - 1; i >= 0; i--) operands[i] = PopSource();
        BeginLeaf(&Leaves.Atomic);
        if (signature.ResultCount == 1) Result(PushHome(signature.Result(0, ValType.I32)));
        else Field(0);
        for (int i = 0; i < 3; i++) Field(operands[i]);
        Field((int)_op.A);
        Field((int)_op.Op);
        Wide(_op.Imm);
        if (signature.ResultCount == 0) Barrier();
    }

    /// <summary>A leaf with operands, numbers and at most one result; fields in this order: result, operands, numbers.</summary>
    void Leaf(delegate*<byte*, byte*, Machine*, byte*> leaf, ReadOnlySpan<int> operands, ReadOnlySpan<int> numbers, ValType result = default)
    {
        BeginLeaf(leaf);
        if (!result.IsBottom) Result(PushHome(result));
        foreach (int operand in operands) Field(operand);
        foreach (int number in numbers) Field(number);
        // What grows may call the host, which may call guests that collect; a reference that is the result does not exist yet.
        if (!result.IsRef) Safepoint();
        if (result.IsBottom) Barrier();
    }

    void StepMemory()
    {
        int a = (int)_op.A, b = (int)_op.B;
        switch (_op.Op)
        {
            case Op.MemorySize:
                Leaf(&Leaves.MemorySize, [], [a], _env.Memories[a].IndexType);
                break;
            case Op.MemoryGrow:
                Leaf(&Leaves.MemoryGrow, [PopSource()], [a], _env.Memories[a].IndexType);
                break;
            case Op.DataDrop:
                Leaf(&Leaves.DataDrop, [], [a]);
                break;
            case Op.MemoryInit:
                Three(&Leaves.MemoryInit, a, b);
                break;
            case Op.MemoryCopy:
                Three(&Leaves.MemoryCopy, a, b);
                break;
            case Op.MemoryFill:
                Three(&Leaves.MemoryFill, a, 0);
                break;
            default: throw Unexpected();
        }
    }

    void Three(delegate*<byte*, byte*, Machine*, byte*> leaf, int a, int b)
    {
        int third = PopSource(), second = PopSource(), first = PopSource();
        Leaf(leaf, [first, second, third], [a, b]);
    }

    void StepTable()
    {
        int a = (int)_op.A, b = (int)_op.B;
        switch (_op.Op)
        {
            case Op.TableGet:
                Leaf(&Leaves.TableGet, [PopSource()], [a], _env.Tables[a].Element);
                break;
            case Op.TableSet:
            {
                int value = PopSource(), index = PopSource();
                Leaf(&Leaves.TableSet, [index, value], [a]);
                break;
            }
            case Op.TableSize:
                Leaf(&Leaves.TableSize, [], [a], _env.Tables[a].IndexType);
                break;
            case Op.TableGrow:
            {
                int count = PopSource(), value = PopSource();
                Leaf(&Leaves.TableGrow, [value, count], [a], _env.Tables[a].IndexType);
                break;
            }
            case Op.ElemDrop:
                Leaf(&Leaves.ElemDrop, [], [a]);
                break;
            case Op.TableFill:
                Three(&Leaves.TableFill, a, 0);
                break;
            case Op.TableInit:
                Three(&Leaves.TableInit, a, b);
                break;
            case Op.TableCopy:
                Three(&Leaves.TableCopy, a, b);
                break;
            default: throw Unexpected();
        }
    }

    void StepReference()
    {
        switch (_op.Op)
        {
            case Op.RefNull:
                PushConst(ValType.Ref(_op.Heap, nullable: true), 0);
                break;
            case Op.RefIsNull:
            {
                int source = PopSource();
                Begin(Op.I64Eq, Forms.SlotConst);
                Result(PushHome(ValType.I32));
                Field(source);
                Wide(0);
                break;
            }
            case Op.RefFunc:
                Leaf(&Leaves.RefFunc, [], [(int)_op.A], ValType.Ref(HeapType.Concrete(_env.Functions[(int)_op.A]), nullable: false));
                break;
            case Op.RefEq:
            {
                int b = PopSource(), a = PopSource();
                Begin(Op.I64Eq, Forms.Slots);
                Result(PushHome(ValType.I32));
                Field(a);
                Field(b);
                break;
            }
            case Op.RefAsNonNull:
                NullCheck(TrapCode.NullReference);
                break;
            default: throw Unexpected();
        }
    }

    /// <summary>Traps where the uppermost value is null; it stays where it is.</summary>
    void NullCheck(TrapCode trap)
    {
        Entry entry = _stack[_count - 1];
        if (entry.Where == Where.Const) SettleTop(1);
        Mark();
        Begin(Runtime.Code.TrapIfNull);
        Field(entry.Where == Where.Local ? _localAt[entry.Local] : entry.Home);
        Field((int)trap);
        Barrier();
    }
}
