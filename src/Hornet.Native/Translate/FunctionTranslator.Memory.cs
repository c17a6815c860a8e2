using Hornet.Compiler.Ir;
using Hornet.Wasm;
using Opcodes = Hornet.Wasm.Opcodes;

namespace Hornet.Native;

/// <content>Linear memories: addresses, bounds, loads, stores, bulk operators.</content>
internal sealed partial class FunctionTranslator
{
    static readonly MemFlags HeapAccess = new(AliasClass.Heap, TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));
    static readonly MemFlags CheckedHeapAccess = MemFlags.Trusted(AliasClass.Heap);

    /// <summary>The VmMemory of a memory: a constant of the instance.</summary>
    Value MemoryCell(uint memory) => ContextPointer(memory == 0 ? VmOffsets.ContextMemory0 : module.Layout.Memories + (int)memory * 8);

    bool IsGuarded(in MemoryType type) => module.Checks == BoundsChecks.Guard && !type.Is64 && type.PageSizeLog2 == 16;

    /// <summary>The address of an access, checked as its memory asks; the remaining offset goes into the instruction.</summary>
    (Value Address, int Offset, MemFlags Flags) HeapAddress(in Operator op, Value index, int size)
    {
        MemoryType type = module.Environment.Memories[(int)op.A];
        Value cell = MemoryCell(op.A);
        ulong offset = op.Imm;
        if (IsGuarded(type))
        {
            // The base of a reserved memory never moves, and that of memory 0 lies in the context itself: one load less before the first access.
            Value start = op.A == 0 ? ContextPointer(VmOffsets.ContextMemory0Base)
                : _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.ReadOnly), cell, VmOffsets.MemoryBase);
            Value wide = _builder.Convert(Opcode.Uextend, IrType.I64, index);
            Value at = _builder.Binary(Opcode.Iadd, start, wide);
            if (offset + (ulong)size <= ModuleTranslation.GuardSize) return (at, (int)offset, HeapAccess);
            // Beyond the guard: the sum of two 32-bit numbers cannot overflow 64 bits, so one comparison decides.
            CheckEnd(op.A, cell, _builder.Binary(Opcode.Iadd, wide, Iconst64((long)offset + size)));
            return (_builder.Binary(Opcode.Iadd, at, Iconst64((long)offset)), 0, HeapAccess);
        }
        Value address = type.Is64 ? index : _builder.Convert(Opcode.Uextend, IrType.I64, index);
        // A memory that may move: its base lives in the VM context's alias class, which calls and grow change.
        if (!type.Is64)
        {
            CheckEnd(op.A, cell, _builder.Binary(Opcode.Iadd, address, Iconst64((long)offset + size)));
        }
        else if (offset <= ulong.MaxValue - (ulong)size && offset + (ulong)size <= (ulong)LeastLength(type))
        {
            // No memory is shorter than its type says, so that this difference does not wrap around: one comparison decides.
            Value last = _builder.Binary(Opcode.Isub, MemoryLength(op.A, cell), Iconst64((long)offset + size));
            _builder.Trapnz(_builder.Icmp(IntCC.Ugt, address, last), TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));
        }
        else
        {
            // index + offset + size in 65 bits: the constant part first, then the carry of the sum.
            ulong constant = unchecked(offset + (ulong)size);
            if (constant < offset)
            {
                _builder.Trapnz(Iconst32(1), TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));
                constant = 0;
            }
            Value end = _builder.Binary(Opcode.Iadd, address, Iconst64((long)constant));
            _builder.Trapnz(_builder.Icmp(IntCC.Ult, end, address), TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));
            CheckEnd(op.A, cell, end);
        }
        Value movable = _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.VmContext), cell, VmOffsets.MemoryBase);
        Value target = _builder.Binary(Opcode.Iadd, movable, address);
        if (offset <= int.MaxValue) return (target, (int)offset, CheckedHeapAccess);
        return (_builder.Binary(Opcode.Iadd, target, Iconst64((long)offset)), 0, CheckedHeapAccess);
    }

    void CheckEnd(uint memory, Value cell, Value end) =>
        _builder.Trapnz(_builder.Icmp(IntCC.Ugt, end, MemoryLength(memory, cell)), TrapCodes.ToCompiler(TrapCode.MemoryOutOfBounds));

    /// <summary>A memory's length: it only grows, which lets the optimiser drop checks. spec: exec/instructions, memory.grow</summary>
    Value MemoryLength(uint memory, Value cell)
    {
        MemoryType type = module.Environment.Memories[(int)memory];
        return _builder.LoadBound(new(2 * (int)memory, LeastLength(type)), MemFlags.Trusted(AliasClass.VmContext), cell, VmOffsets.MemoryLength);
    }

    /// <summary>Bytes that a memory of a type has at least.</summary>
    static long LeastLength(in MemoryType type) => type.Limits.Min > (ulong)long.MaxValue >> type.PageSizeLog2 ? long.MaxValue : (long)type.Limits.Min << type.PageSizeLog2;

    void LoadOperator(in Operator op)
    {
        bool lane = op.Shape is >= Shape.Mem8Lane and <= Shape.Mem64Lane;
        Value vector = lane ? _stack.Pop() : Value.None;
        int size = 1 << Opcodes.AccessSizeLog2(op.Shape);
        (Value address, int offset, MemFlags flags) = HeapAddress(op, _stack.Pop(), size);
        switch (op.Op)
        {
            case Op.I32Load: Plain(Opcode.Load, IrType.I32); break;
            case Op.I64Load: Plain(Opcode.Load, IrType.I64); break;
            case Op.F32Load: Plain(Opcode.Load, IrType.F32); break;
            case Op.F64Load: Plain(Opcode.Load, IrType.F64); break;
            case Op.I32Load8S: Plain(Opcode.Sload8, IrType.I32); break;
            case Op.I32Load8U: Plain(Opcode.Uload8, IrType.I32); break;
            case Op.I32Load16S: Plain(Opcode.Sload16, IrType.I32); break;
            case Op.I32Load16U: Plain(Opcode.Uload16, IrType.I32); break;
            case Op.I64Load8S: Plain(Opcode.Sload8, IrType.I64); break;
            case Op.I64Load8U: Plain(Opcode.Uload8, IrType.I64); break;
            case Op.I64Load16S: Plain(Opcode.Sload16, IrType.I64); break;
            case Op.I64Load16U: Plain(Opcode.Uload16, IrType.I64); break;
            case Op.I64Load32S: Plain(Opcode.Sload32, IrType.I64); break;
            case Op.I64Load32U: Plain(Opcode.Uload32, IrType.I64); break;
            case Op.V128Load: Plain(Opcode.Load, IrType.V128); break;
            case Op.V128Load8x8S: Lanes(Opcode.SloadWiden, Lane.I16x8); break;
            case Op.V128Load8x8U: Lanes(Opcode.UloadWiden, Lane.I16x8); break;
            case Op.V128Load16x4S: Lanes(Opcode.SloadWiden, Lane.I32x4); break;
            case Op.V128Load16x4U: Lanes(Opcode.UloadWiden, Lane.I32x4); break;
            case Op.V128Load32x2S: Lanes(Opcode.SloadWiden, Lane.I64x2); break;
            case Op.V128Load32x2U: Lanes(Opcode.UloadWiden, Lane.I64x2); break;
            case Op.V128Load8Splat: Lanes(Opcode.LoadSplat, Lane.I8x16); break;
            case Op.V128Load16Splat: Lanes(Opcode.LoadSplat, Lane.I16x8); break;
            case Op.V128Load32Splat: Lanes(Opcode.LoadSplat, Lane.I32x4); break;
            case Op.V128Load64Splat: Lanes(Opcode.LoadSplat, Lane.I64x2); break;
            case Op.V128Load32Zero: Lanes(Opcode.LoadZero, Lane.I32x4); break;
            case Op.V128Load64Zero: Lanes(Opcode.LoadZero, Lane.I64x2); break;
            case Op.V128Load8Lane: Insert(Opcode.Uload8, IrType.I32, Lane.I8x16, op.Lane); break;
            case Op.V128Load16Lane: Insert(Opcode.Uload16, IrType.I32, Lane.I16x8, op.Lane); break;
            case Op.V128Load32Lane: Insert(Opcode.Load, IrType.I32, Lane.I32x4, op.Lane); break;
            case Op.V128Load64Lane: Insert(Opcode.Load, IrType.I64, Lane.I64x2, op.Lane); break;
            default: throw new UntranslatedException(op.Op);
        }

        void Plain(Opcode load, IrType type) => Push(_builder.Load(load, type, flags, address, offset));
        void Lanes(Opcode load, Lane lanes) => Push(_builder.LoadVector(load, lanes, flags, address, offset));
        void Insert(Opcode load, IrType type, Lane lanes, byte at) =>
            Push(_builder.Vector(Opcode.InsertLane, lanes, vector, _builder.Load(load, type, flags, address, offset), operands: 2, imm: at));
    }

    void StoreOperator(in Operator op)
    {
        Value value = _stack.Pop();
        int size = 1 << Opcodes.AccessSizeLog2(op.Shape);
        (Value address, int offset, MemFlags flags) = HeapAddress(op, _stack.Pop(), size);
        (Opcode store, Value stored) = op.Op switch
        {
            Op.I32Store or Op.I64Store or Op.F32Store or Op.F64Store or Op.V128Store => (Opcode.Store, value),
            Op.I32Store8 or Op.I64Store8 => (Opcode.Store8, value),
            Op.I32Store16 or Op.I64Store16 => (Opcode.Store16, value),
            Op.I64Store32 => (Opcode.Store32, value),
            Op.V128Store8Lane => (Opcode.Store8, Extract(Lane.I8x16, op.Lane)),
            Op.V128Store16Lane => (Opcode.Store16, Extract(Lane.I16x8, op.Lane)),
            Op.V128Store32Lane => (Opcode.Store, Extract(Lane.I32x4, op.Lane)),
            Op.V128Store64Lane => (Opcode.Store, Extract(Lane.I64x2, op.Lane)),
            _ => throw new UntranslatedException(op.Op),
        };
        _builder.Store(store, flags, stored, address, offset);

        Value Extract(Lane lanes, byte at) => ExtractLane(Opcode.ExtractLane, lanes, value, at);
    }

    void MemoryOperator(in Operator op)
    {
        switch (op.Op)
        {
            case Op.MemorySize:
            {
                MemoryType type = module.Environment.Memories[(int)op.A];
                Value length = _builder.Load(IrType.I64, MemFlags.Trusted(type.IsShared ? AliasClass.Any : AliasClass.VmContext), MemoryCell(op.A), VmOffsets.MemoryLength);
                Push(Narrow(type.Is64, _builder.Binary(Opcode.Ushr, length, Iconst64(type.PageSizeLog2))));
                break;
            }
            case Op.MemoryGrow:
            {
                bool is64 = module.Environment.Memories[(int)op.A].Is64;
                Push(Narrow(is64, CallBuiltin(Builtin.MemoryGrow, Iconst32(op.A), Widen(is64, _stack.Pop()))));
                break;
            }
            case Op.MemoryFill:
            {
                bool is64 = module.Environment.Memories[(int)op.A].Is64;
                Value count = Widen(is64, _stack.Pop()), value = _stack.Pop(), start = Widen(is64, _stack.Pop());
                CallBuiltin(Builtin.MemoryFill, Iconst32(op.A), start, value, count);
                break;
            }
            case Op.MemoryCopy:
            {
                bool to64 = module.Environment.Memories[(int)op.A].Is64, from64 = module.Environment.Memories[(int)op.B].Is64;
                Value count = Widen(to64 && from64, _stack.Pop()), from = Widen(from64, _stack.Pop()), to = Widen(to64, _stack.Pop());
                CallBuiltin(Builtin.MemoryCopy, Iconst64((long)((ulong)op.A << 32 | op.B)), to, from, count);
                break;
            }
            case Op.MemoryInit:
            {
                bool is64 = module.Environment.Memories[(int)op.B].Is64;
                Value count = _stack.Pop(), from = _stack.Pop(), to = Widen(is64, _stack.Pop());
                CallBuiltin(Builtin.MemoryInit, Iconst64((long)((ulong)op.B << 32 | op.A)), to, from, count);
                break;
            }
            case Op.DataDrop: CallBuiltin(Builtin.DataDrop, Iconst32(op.A)); break;
            default: throw new UntranslatedException(op.Op);
        }
    }

    Value Widen(bool is64, Value value) => is64 ? value : _builder.Convert(Opcode.Uextend, IrType.I64, value);
    Value Narrow(bool is64, Value value) => is64 ? value : _builder.Convert(Opcode.Ireduce, IrType.I32, value);
}
