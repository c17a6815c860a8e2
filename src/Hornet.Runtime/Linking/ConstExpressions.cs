using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>Evaluates constant expressions of validated modules. Source: spec, valid/instructions, constant expressions.</summary>
internal unsafe ref struct ConstExpressions(Module module, VmContext* context)
{
    Operator _op;

    /// <summary>The value of an expression; an empty range is null.</summary>
    public VmGlobal Evaluate(ByteRange code)
    {
        if (code.Length == 0) return default;
        OperatorReader reader = new(module.Content[code], code.Offset);
        return Evaluate(ref reader);
    }

    /// <summary>Evaluates the expression that a reader stands before, and moves the reader past it.</summary>
    public VmGlobal Evaluate(ref OperatorReader reader)
    {
        // Nearly every expression is one operator: no stack is needed then.
        reader.Read(ref _op);
        if (Opcodes.ClassOf(_op.Op) == OpClass.Aggregate) return EvaluateLong(ref reader, [], 0);
        VmGlobal first = Single();
        reader.Read(ref _op);
        return _op.Op == Op.End ? first : EvaluateLong(ref reader, [first], 1);
    }

    VmGlobal EvaluateLong(ref OperatorReader reader, VmGlobal[] stack, int depth)
    {
        for (; _op.Op != Op.End; reader.Read(ref _op))
        {
            switch (_op.Op)
            {
                case Op.I32Add: depth--; stack[depth - 1].Low.I32 += stack[depth].Low.I32; break;
                case Op.I32Sub: depth--; stack[depth - 1].Low.I32 -= stack[depth].Low.I32; break;
                case Op.I32Mul: depth--; stack[depth - 1].Low.I32 *= stack[depth].Low.I32; break;
                case Op.I64Add: depth--; stack[depth - 1].Low.I64 += stack[depth].Low.I64; break;
                case Op.I64Sub: depth--; stack[depth - 1].Low.I64 -= stack[depth].Low.I64; break;
                case Op.I64Mul: depth--; stack[depth - 1].Low.I64 *= stack[depth].Low.I64; break;
                case Op.RefI31: stack[depth - 1].Low.U64 = GcRef.I31(stack[depth - 1].Low.I32).Bits; break;
                // Conversions between the two hierarchies leave the number as it is.
                case Op.AnyConvertExtern or Op.ExternConvertAny: break;
                default:
                    VmGlobal value;
                    if (Opcodes.ClassOf(_op.Op) == OpClass.Aggregate)
                    {
                        int operands = Operands();
                        depth -= operands;
                        value = NewObject(stack.AsSpan(depth, operands));
                    }
                    else value = Single();
                    if (depth == stack.Length) Array.Resize(ref stack, Math.Max(4, depth * 2));
                    stack[depth++] = value;
                    break;
            }
        }
        return stack[0];
    }

    int Operands() => _op.Op switch
    {
        Op.StructNew => ((StructType)module.Environment.Types[(int)_op.A]).Fields.Length,
        Op.ArrayNew => 2,
        Op.ArrayNewDefault => 1,
        Op.ArrayNewFixed => (int)_op.B,
        _ => 0,
    };

    VmGlobal NewObject(Span<VmGlobal> operands)
    {
        GcHeap heap = Store.Of(context->Store).Heap;
        uint id = context->TypeIds[_op.A], length = 0;
        GcType type = heap.TypeOf(id);
        ulong bytes = (uint)type.Size;
        if (type.Kind == CompositeKind.Array)
        {
            length = _op.Op == Op.ArrayNewFixed ? (uint)operands.Length : operands[^1].Low.U32;
            bytes += (ulong)length * (uint)GcType.Bytes(type.Element);
        }
        // The operands lie where the collector does not look.
        bool mayCollect = heap.MayCollect;
        heap.MayCollect = false;
        uint reference = heap.Allocate(id, length, bytes, out TrapCode trap);
        heap.MayCollect = mayCollect;
        if (reference == 0) throw new TrapException(trap);
        byte* at = heap.At(reference);
        fixed (VmGlobal* values = operands)
        {
            if (_op.Op == Op.StructNew)
            {
                for (int i = 0; i < operands.Length; i++) heap.Write(at + type.Fields[i].Offset, type.Fields[i].Storage, (ulong*)(values + i));
            }
            else if (_op.Op is Op.ArrayNew or Op.ArrayNewFixed)
            {
                for (uint i = 0; i < length; i++)
                    heap.Write(at + GcType.HeaderBytes + (ulong)i * (uint)GcType.Bytes(type.Element), type.Element, (ulong*)(values + (_op.Op == Op.ArrayNew ? 0 : i)));
            }
        }
        VmGlobal result = default;
        result.Low.U64 = reference;
        return result;
    }

    // Operators without operands.
    VmGlobal Single()
    {
        VmGlobal value = default;
        switch (_op.Op)
        {
            case Op.I32Const or Op.F32Const:
                value.Low.U64 = (uint)_op.Imm;
                break;
            case Op.I64Const or Op.F64Const:
                value.Low.U64 = _op.Imm;
                break;
            case Op.V128Const:
                value.Low.U64 = _op.Imm;
                value.High.U64 = _op.ImmHigh;
                break;
            case Op.GlobalGet:
                value = *context->Globals[_op.A];
                break;
            case Op.RefNull:
                break;
            case Op.RefFunc:
                value.Low.Func = Builtins.RefFunc(context, _op.A);
                break;
            default:
                throw new LinkException($"{Opcodes.Mnemonic(_op.Op)} in a constant expression (offset 0x{_op.Offset:x}) is not supported");
        }
        return value;
    }
}
