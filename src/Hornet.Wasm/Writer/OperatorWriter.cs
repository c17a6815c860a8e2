using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>Writes operators, by the shape of their immediates: what <see cref="OperatorReader"/> reads. Source: spec, binary/instructions.</summary>
public static class OperatorWriter
{
    /// <summary>
    /// Writes an operator with its immediates. Its shape is looked up, <see cref="Operator.Offset"/> and <see cref="Operator.Entries"/> are not used.
    /// </summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="op">The operator.</param>
    /// <param name="entries">Of br_table, try_table and select: the encoded entries (of br_table, with the default behind them), <see cref="Operator.Count"/> of them.</param>
    public static void Operator(this ByteBuffer buffer, in Operator op, ReadOnlySpan<byte> entries = default)
    {
        buffer.Opcode(op.Op);
        switch (Opcodes.ShapeOf(op.Op))
        {
            case Shape.None:
                break;
            case >= Shape.Label and <= Shape.Tag:
                buffer.U32(op.A);
                break;
            case >= Shape.TypeTable and <= Shape.ArrayElem:
                buffer.U32(op.A);
                buffer.U32(op.B);
                break;
            case Shape.I32:
                buffer.S64((int)op.Imm);
                break;
            case Shape.I64:
                buffer.S64((long)op.Imm);
                break;
            case Shape.F32:
                buffer.Fixed32((uint)op.Imm);
                break;
            case Shape.F64:
                buffer.Fixed64(op.Imm);
                break;
            case Shape.V128 or Shape.Shuffle:
                buffer.Fixed64(op.Imm);
                buffer.Fixed64(op.ImmHigh);
                break;
            case >= Shape.Mem8 and <= Shape.Mem128:
                MemArg(buffer, op);
                break;
            case >= Shape.Mem8Lane and <= Shape.Mem64Lane:
                MemArg(buffer, op);
                buffer.Byte(op.Lane);
                break;
            case >= Shape.Lane2 and <= Shape.Lane16:
                buffer.Byte(op.Lane);
                break;
            case Shape.Block:
                buffer.BlockType(op.BlockType);
                break;
            case Shape.BrTable or Shape.Select:
                buffer.U32((uint)op.Count);
                buffer.Append(entries);
                break;
            case Shape.TryTable:
                buffer.BlockType(op.BlockType);
                buffer.U32((uint)op.Count);
                buffer.Append(entries);
                break;
            case Shape.Heap:
                buffer.HeapType(op.Heap);
                break;
            case Shape.BrOnCast:
                buffer.Byte(op.Lane);
                buffer.U32(op.A);
                buffer.HeapType(op.Heap);
                buffer.HeapType(op.Heap2);
                break;
            case Shape.Fence:
                buffer.Byte(0);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(op), op.Op, "no such operator");
        }
    }

    /// <summary>The opcode alone.</summary>
    public static void Opcode(this ByteBuffer buffer, Op op)
    {
        (byte prefix, uint code) = Opcodes.Encoding(op);
        if (prefix == 0)
        {
            buffer.Byte((byte)code);
            return;
        }
        buffer.Byte(prefix);
        buffer.U32(code);
    }

    public static void BrTable(this ByteBuffer buffer, ReadOnlySpan<uint> labels, uint defaultLabel)
    {
        buffer.Opcode(Op.BrTable);
        buffer.U32((uint)labels.Length);
        foreach (uint label in labels) buffer.U32(label);
        buffer.U32(defaultLabel);
    }

    public static void TryTable(this ByteBuffer buffer, BlockType type, ReadOnlySpan<CatchClause> clauses)
    {
        buffer.Opcode(Op.TryTable);
        buffer.BlockType(type);
        buffer.U32((uint)clauses.Length);
        foreach (CatchClause clause in clauses)
        {
            buffer.Byte((byte)clause.Kind);
            if (clause.Kind <= CatchKind.CatchRef) buffer.U32(clause.Tag);
            buffer.U32(clause.Label);
        }
    }

    public static void SelectTyped(this ByteBuffer buffer, ReadOnlySpan<ValType> types)
    {
        buffer.Opcode(Op.SelectTyped);
        buffer.ValTypes(types);
    }

    // The alignment's bit 6 says that a memory index follows.
    static void MemArg(ByteBuffer buffer, in Operator op)
    {
        buffer.U32(op.B | (op.A != 0 ? 0x40u : 0));
        if (op.A != 0) buffer.U32(op.A);
        buffer.U64(op.Imm);
    }
}
