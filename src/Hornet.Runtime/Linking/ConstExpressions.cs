using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>Evaluates constant expressions of validated modules. Source: spec, valid/instructions, constant expressions.</summary>
internal unsafe ref struct ConstExpressions(Module module, VmContext* context)
{
    /// <summary>What an expression can have on its stack at once; each entry is two slots, so that a v128 fits.</summary>
    const int StackDepth = 64;

    Operator _op;

    /// <summary>The value of an expression; an empty range is null.</summary>
    public VmGlobal Evaluate(ByteRange code)
    {
        if (code.Length == 0) return default;
        OperatorReader reader = new(module.Bytes.AsSpan(code.Offset, code.Length), code.Offset);
        return Evaluate(ref reader);
    }

    /// <summary>Evaluates the expression that a reader stands before, and moves the reader past it.</summary>
    public VmGlobal Evaluate(ref OperatorReader reader)
    {
        // Nearly every expression is one operator: no stack is needed then.
        reader.Read(ref _op);
        VmGlobal first = Single();
        reader.Read(ref _op);
        return _op.Op == Op.End ? first : EvaluateLong(ref reader, first);
    }

    VmGlobal EvaluateLong(ref OperatorReader reader, VmGlobal first)
    {
        VmGlobal* stack = stackalloc VmGlobal[StackDepth];
        stack[0] = first;
        int depth = 1;
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
                    if (depth == StackDepth) throw new LinkException($"a constant expression at offset 0x{_op.Offset:x} needs more than {StackDepth} operands");
                    stack[depth++] = Single();
                    break;
            }
        }
        return stack[0];
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
