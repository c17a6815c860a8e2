using System.Runtime.CompilerServices;

namespace Hornet.Wasm;

// What does not depend on context comes from wasm.ops; here are the rows whose type there is `*`.
public sealed partial class FunctionValidator
{
    /// <summary>Checks one operator and applies it to the stacks.</summary>
    /// <param name="reader">The reader that it came from (for br_table's labels and the like).</param>
    /// <param name="op">The operator.</param>
    /// <exception cref="WasmFormatException">It is not valid here.</exception>
    public void Step(in OperatorReader reader, in Operator op)
    {
        _offset = op.Offset;
        if (_depth == 0) WasmFormatException.ThrowMalformed(_offset, "section size mismatch: operators after the end of the function");
        Features missing = Opcodes.FeatureOf(op.Op) & ~_features;
        if (missing != 0) RequireOperator(op.Op, missing);
        Signature signature = Opcodes.SignatureOf(op.Op);
        if (!signature.ByContext)
        {
            ByTable(op, signature);
            return;
        }
        switch (op.Op)
        {
            case Op.LocalGet:
                CheckLocal(op.A);
                if (IsUnset((int)op.A)) Invalid($"uninitialized local {op.A}");
                Push(LocalType((int)op.A));
                break;
            case Op.LocalSet:
                CheckLocal(op.A);
                Pop(LocalType((int)op.A));
                MarkSet((int)op.A);
                break;
            case Op.LocalTee:
                CheckLocal(op.A);
                Pop(LocalType((int)op.A));
                MarkSet((int)op.A);
                Push(LocalType((int)op.A));
                break;
            case Op.GlobalGet:
                Push(Global(op.A).Type);
                break;
            case Op.GlobalSet:
                GlobalType global = Global(op.A);
                if (!global.IsMutable) Invalid($"immutable global {op.A}");
                Pop(global.Type);
                break;
            case Op.Drop:
                Pop();
                break;
            case Op.Select:
                Select();
                break;
            case Op.SelectTyped:
                Select(reader, op);
                break;
            case Op.TableGet or Op.TableSet or Op.TableGrow or Op.TableSize or Op.TableFill or Op.TableCopy or Op.TableInit or Op.ElemDrop:
                TableOperator(op);
                break;
            case Op.MemoryFill or Op.MemoryCopy or Op.MemoryInit or Op.DataDrop:
                BulkMemory(op);
                break;
            case Op.RefNull or Op.RefIsNull or Op.RefFunc or Op.RefEq or Op.RefAsNonNull or Op.BrOnNull or Op.BrOnNonNull:
                Reference(op);
                break;
            case >= Op.StructNew and <= Op.I31GetU:
                Aggregate(op);
                break;
            default:
                Control(reader, op);
                break;
        }
    }

    void RequireOperator(Op op, Features missing)
    {
        // Both exception proposals have it.
        if (op == Op.Throw && (_features & Features.LegacyExceptions) != 0) return;
        FeatureGate.Require(_features, missing, _offset);
    }

    // spec: instructions whose type is fixed, up to the address type of a memory
    void ByTable(in Operator op, Signature signature)
    {
        ValType address = ValType.I32;
        switch (op.Shape)
        {
            case Shape.None or Shape.I32 or Shape.I64 or Shape.F32 or Shape.F64 or Shape.V128 or Shape.Fence:
                break;
            case Shape.Memory:
                address = Memory(op.A).IndexType;
                break;
            case >= Shape.Mem8 and <= Shape.Mem128:
                address = MemArg(op, Opcodes.AccessSizeLog2(op.Shape));
                break;
            case >= Shape.Mem8Lane and <= Shape.Mem64Lane:
                int log2 = Opcodes.AccessSizeLog2(op.Shape);
                address = MemArg(op, log2);
                CheckLane(op.Lane, 16 >> log2);
                break;
            case >= Shape.Lane2 and <= Shape.Lane16:
                CheckLane(op.Lane, 2 << (op.Shape - Shape.Lane2));
                break;
            case Shape.Shuffle:
                // Each byte selects among 32 lanes.
                if (((op.Imm | op.ImmHigh) & 0xE0E0E0E0E0E0E0E0) != 0) Invalid("invalid lane index");
                break;
            default:
                throw new InvalidOperationException($"wasm.ops gives {Opcodes.Mnemonic(op.Op)} a signature but its immediates are not understood");
        }
        for (int i = signature.OperandCount - 1; i >= 0; i--) Pop(signature.Operand(i, address));
        for (int i = 0; i < signature.ResultCount; i++) Push(signature.Result(i, address));
    }

    // spec: valid-memarg
    ValType MemArg(in Operator op, int natural)
    {
        MemoryType memory = Memory(op.A);
        if (op.B > (uint)natural) Invalid("alignment must not be larger than natural");
        if (op.B != (uint)natural && Opcodes.ClassOf(op.Op) == OpClass.Atomic) Invalid("atomic alignment must be natural");
        if (!memory.Is64 && op.Imm > uint.MaxValue) Invalid("offset out of range");
        return memory.IndexType;
    }

    void CheckLane(byte lane, int count)
    {
        if (lane >= count) Invalid("invalid lane index");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void CheckLocal(uint local)
    {
        if (local >= (uint)_localCount) Invalid($"unknown local {local}");
    }

    // spec: valid-select, without a type: numbers and vectors only
    void Select()
    {
        Pop(ValType.I32);
        ValType a = Pop(), b = Pop();
        if (a.IsRef || b.IsRef) Invalid("type mismatch: select of references needs a type");
        if (a != b && !a.IsBottom && !b.IsBottom) Invalid($"type mismatch: instruction requires [{b} {b}] but stack has [{b} {a}]");
        Push(a.IsBottom ? b : a);
    }

    void Select(in OperatorReader reader, in Operator op)
    {
        if (op.Count != 1) Invalid("invalid result arity");
        ValType type = reader.At(op.Entries).ValType();
        CheckType(type, op.Entries.Offset);
        Pop(ValType.I32);
        Pop(type);
        Pop(type);
        Push(type);
    }

    void TableOperator(in Operator op)
    {
        if (op.Op == Op.ElemDrop)
        {
            Elem(op.A);
            return;
        }
        if (op.Op == Op.TableInit)
        {
            // A is the segment, B the table.
            TableType into = Table(op.B);
            ValType elem = Elem(op.A);
            if (!_context.Matches(elem, into.Element)) Invalid($"type mismatch: element segment of {elem} does not match table of {into.Element}");
            Pop(ValType.I32);
            Pop(ValType.I32);
            Pop(into.IndexType);
            return;
        }
        TableType table = Table(op.A);
        switch (op.Op)
        {
            case Op.TableGet:
                Pop(table.IndexType);
                Push(table.Element);
                break;
            case Op.TableSet:
                Pop(table.Element);
                Pop(table.IndexType);
                break;
            case Op.TableSize:
                Push(table.IndexType);
                break;
            case Op.TableGrow:
                Pop(table.IndexType);
                Pop(table.Element);
                Push(table.IndexType);
                break;
            case Op.TableFill:
                Pop(table.IndexType);
                Pop(table.Element);
                Pop(table.IndexType);
                break;
            default:
                TableType source = Table(op.B);
                if (!_context.Matches(source.Element, table.Element)) Invalid($"type mismatch: table of {source.Element} does not match table of {table.Element}");
                // The length is counted in the narrower of both index types.
                Pop(table.Is64 && source.Is64 ? ValType.I64 : ValType.I32);
                Pop(source.IndexType);
                Pop(table.IndexType);
                break;
        }
    }

    void BulkMemory(in Operator op)
    {
        switch (op.Op)
        {
            case Op.DataDrop:
                Data(op.A);
                break;
            case Op.MemoryFill:
                ValType address = Memory(op.A).IndexType;
                Pop(address);
                Pop(ValType.I32);
                Pop(address);
                break;
            case Op.MemoryInit:
                // A is the segment, B the memory.
                ValType into = Memory(op.B).IndexType;
                Data(op.A);
                Pop(ValType.I32);
                Pop(ValType.I32);
                Pop(into);
                break;
            default:
                MemoryType destination = Memory(op.A), source = Memory(op.B);
                Pop(destination.Is64 && source.Is64 ? ValType.I64 : ValType.I32);
                Pop(source.IndexType);
                Pop(destination.IndexType);
                break;
        }
    }
}
