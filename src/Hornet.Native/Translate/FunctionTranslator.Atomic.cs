using Hornet.Compiler.Ir;
using Hornet.Wasm;
using Opcodes = Hornet.Wasm.Opcodes;
using Signature = Hornet.Wasm.Signature;

namespace Hornet.Native;

/// <content>
/// Atomic accesses: sequentially consistent, and a trap where they are not aligned, which is looked at before the bounds as in
/// the interpreter. spec: threads, exec-atomics
/// </content>
internal sealed partial class FunctionTranslator
{
    void Atomic(in Operator op)
    {
        switch (op.Op)
        {
            case Op.AtomicFence:
                _builder.Fence();
                break;
            case Op.MemoryAtomicNotify:
            {
                Value count = _stack.Pop(), address = WaitAddress(op, 4);
                Push(_builder.Convert(Opcode.Ireduce, IrType.I32, CallBuiltin(Builtin.AtomicNotify, Iconst32(op.A), address, count)));
                break;
            }
            case Op.MemoryAtomicWait32 or Op.MemoryAtomicWait64:
            {
                bool is64 = op.Op == Op.MemoryAtomicWait64;
                Value timeout = _stack.Pop(), expected = _stack.Pop(), address = WaitAddress(op, is64 ? 8 : 4);
                Push(_builder.Convert(Opcode.Ireduce, IrType.I32, CallBuiltin(is64 ? Builtin.AtomicWait64 : Builtin.AtomicWait32, Iconst32(op.A), address, Widen(is64, expected), timeout)));
                break;
            }
            default:
                AtomicAccess(op);
                break;
        }
    }

    void AtomicAccess(in Operator op)
    {
        Signature signature = Opcodes.SignatureOf(op.Op);
        IrType type = signature.ResultCount == 0 ? StoredType(signature) : ModuleTranslation.Map(signature.Result(0, ValType.I32));
        int log2 = Opcodes.AccessSizeLog2(op.Shape);
        IrType narrow = log2 switch { 0 => IrType.I8, 1 => IrType.I16, 2 => IrType.I32, _ => IrType.I64 };
        Value second = signature.OperandCount > 2 ? Cut(_stack.Pop()) : Value.None, first = signature.OperandCount > 1 ? Cut(_stack.Pop()) : Value.None;
        Value index = _stack.Pop();
        CheckAligned(op, index, 1 << log2);
        (Value address, int offset, MemFlags flags) = HeapAddress(op, index, 1 << log2);
        switch (op.Op)
        {
            case >= Op.I32AtomicLoad and <= Op.I64AtomicLoad32U: PushExtended(_builder.Load(Opcode.AtomicLoad, narrow, flags, address, offset)); break;
            case >= Op.I32AtomicStore and <= Op.I64AtomicStore32: _builder.Store(Opcode.AtomicStore, flags, first, address, offset); break;
            case >= Op.I32AtomicRmwCmpxchg: PushExtended(_builder.AtomicCas(flags, address, first, second, offset)); break;
            default: PushExtended(_builder.AtomicRmw(ModificationOf(op.Op), flags, address, first, offset)); break;
        }

        Value Cut(Value value) => narrow == type ? value : _builder.Convert(Opcode.Ireduce, narrow, value);
        void PushExtended(Value value) => Push(narrow == type ? value : _builder.Convert(Opcode.Uextend, type, value));
    }

    static IrType StoredType(Signature signature) => ModuleTranslation.Map(signature.Operand(1, ValType.I32));

    static AtomicOp ModificationOf(Op op) => op switch
    {
        <= Op.I64AtomicRmw32AddU => AtomicOp.Add,
        <= Op.I64AtomicRmw32SubU => AtomicOp.Sub,
        <= Op.I64AtomicRmw32AndU => AtomicOp.And,
        <= Op.I64AtomicRmw32OrU => AtomicOp.Or,
        <= Op.I64AtomicRmw32XorU => AtomicOp.Xor,
        _ => AtomicOp.Xchg,
    };

    // Memories begin at a page, so the address within the memory says it; only the low bits of the sum matter.
    void CheckAligned(in Operator op, Value index, int size)
    {
        if (size == 1) return;
        Value low = module.Environment.Memories[(int)op.A].Is64 ? _builder.Convert(Opcode.Ireduce, IrType.I32, index) : index;
        int rest = (int)op.Imm & size - 1;
        if (rest != 0) low = _builder.Binary(Opcode.Iadd, low, Iconst32(rest));
        _builder.Trapnz(_builder.Binary(Opcode.Band, low, Iconst32(size - 1)), TrapCodes.ToCompiler(TrapCode.UnalignedAtomic));
    }

    /// <summary>The address that a wait or notify gets: aligned, with its offset, and not wrapped around. The builtins look at the bounds.</summary>
    Value WaitAddress(in Operator op, int size)
    {
        Value index = _stack.Pop();
        CheckAligned(op, index, size);
        bool is64 = module.Environment.Memories[(int)op.A].Is64;
        Value wide = Widen(is64, index);
        if (op.Imm == 0) return wide;
        Value sum = _builder.Binary(Opcode.Iadd, wide, Iconst64((long)op.Imm));
        if (is64) _builder.Trapnz(_builder.Icmp(IntCC.Ult, sum, wide), TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));
        return sum;
    }
}
