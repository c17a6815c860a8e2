using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>Scalar numbers. Vectors are in FunctionTranslator.Vector.cs.</content>
internal sealed partial class FunctionTranslator
{
    void Numeric(in Operator op)
    {
        Compute(op);
        if (module.Settings.CanonicalizeNaN && CanonicalNaN.ShapeOf(op.Op) is var shape and not NaNShape.None) Push(Canonical(shape, _stack.Pop()));
    }

    // A NaN is what differs from itself.
    Value Canonical(NaNShape shape, Value value) => shape switch
    {
        NaNShape.F32 => _builder.Select(_builder.Fcmp(FloatCC.Ne, value, value), _builder.F32const(CanonicalNaN.F32), value),
        NaNShape.F64 => _builder.Select(_builder.Fcmp(FloatCC.Ne, value, value), _builder.F64const(CanonicalNaN.F64), value),
        NaNShape.F32x4 => CanonicalLanes(S4, value, CanonicalNaN.F32 * 0x1_0000_0001UL),
        _ => CanonicalLanes(R2, value, CanonicalNaN.F64),
    };

    Value CanonicalLanes(Lane lane, Value value, ulong half) =>
        _builder.Vector(Opcode.Bitselect, B16, _builder.VectorFcmp(FloatCC.Eq, lane, value, value), value, _builder.Vconst(new UInt128(half, half)), operands: 3);

    void Compute(in Operator op)
    {
        if ((int)op.Op >= (int)Op.V128Load && (int)op.Op < (int)Op.MemoryAtomicNotify)
        {
            Vector(op);
            return;
        }
        if (BinaryOf(op.Op) is { } binary)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.Binary(binary, a, b));
        }
        else if (IntCompareOf(op.Op) is { } integer)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.Icmp(integer, a, b));
        }
        else if (FloatCompareOf(op.Op) is { } real)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.Fcmp(real, a, b));
        }
        else if (UnaryOf(op.Op) is { } unary) Push(_builder.Unary(unary, _stack.Pop()));
        else if (ConversionOf(op.Op) is var (conversion, type) && type != IrType.None) Push(_builder.Convert(conversion, type, _stack.Pop()));
        else Special(op);
    }

    static Opcode? BinaryOf(Op op) => op switch
    {
        Op.I32Add or Op.I64Add => Opcode.Iadd,
        Op.I32Sub or Op.I64Sub => Opcode.Isub,
        Op.I32Mul or Op.I64Mul => Opcode.Imul,
        Op.I32DivS or Op.I64DivS => Opcode.Sdiv,
        Op.I32DivU or Op.I64DivU => Opcode.Udiv,
        Op.I32RemS or Op.I64RemS => Opcode.Srem,
        Op.I32RemU or Op.I64RemU => Opcode.Urem,
        Op.I32And or Op.I64And => Opcode.Band,
        Op.I32Or or Op.I64Or => Opcode.Bor,
        Op.I32Xor or Op.I64Xor => Opcode.Bxor,
        Op.I32Shl or Op.I64Shl => Opcode.Ishl,
        Op.I32ShrS or Op.I64ShrS => Opcode.Sshr,
        Op.I32ShrU or Op.I64ShrU => Opcode.Ushr,
        Op.I32Rotl or Op.I64Rotl => Opcode.Rotl,
        Op.I32Rotr or Op.I64Rotr => Opcode.Rotr,
        Op.F32Add or Op.F64Add => Opcode.Fadd,
        Op.F32Sub or Op.F64Sub => Opcode.Fsub,
        Op.F32Mul or Op.F64Mul => Opcode.Fmul,
        Op.F32Div or Op.F64Div => Opcode.Fdiv,
        Op.F32Min or Op.F64Min => Opcode.Fmin,
        Op.F32Max or Op.F64Max => Opcode.Fmax,
        Op.F32Copysign or Op.F64Copysign => Opcode.Fcopysign,
        _ => null,
    };

    static IntCC? IntCompareOf(Op op) => op switch
    {
        Op.I32Eq or Op.I64Eq => IntCC.Eq,
        Op.I32Ne or Op.I64Ne => IntCC.Ne,
        Op.I32LtS or Op.I64LtS => IntCC.Slt,
        Op.I32LtU or Op.I64LtU => IntCC.Ult,
        Op.I32GtS or Op.I64GtS => IntCC.Sgt,
        Op.I32GtU or Op.I64GtU => IntCC.Ugt,
        Op.I32LeS or Op.I64LeS => IntCC.Sle,
        Op.I32LeU or Op.I64LeU => IntCC.Ule,
        Op.I32GeS or Op.I64GeS => IntCC.Sge,
        Op.I32GeU or Op.I64GeU => IntCC.Uge,
        _ => null,
    };

    static FloatCC? FloatCompareOf(Op op) => op switch
    {
        Op.F32Eq or Op.F64Eq => FloatCC.Eq,
        Op.F32Ne or Op.F64Ne => FloatCC.Ne,
        Op.F32Lt or Op.F64Lt => FloatCC.Lt,
        Op.F32Gt or Op.F64Gt => FloatCC.Gt,
        Op.F32Le or Op.F64Le => FloatCC.Le,
        Op.F32Ge or Op.F64Ge => FloatCC.Ge,
        _ => null,
    };

    static Opcode? UnaryOf(Op op) => op switch
    {
        Op.I32Clz or Op.I64Clz => Opcode.Clz,
        Op.I32Ctz or Op.I64Ctz => Opcode.Ctz,
        Op.I32Popcnt or Op.I64Popcnt => Opcode.Popcnt,
        Op.F32Abs or Op.F64Abs => Opcode.Fabs,
        Op.F32Neg or Op.F64Neg => Opcode.Fneg,
        Op.F32Ceil or Op.F64Ceil => Opcode.Ceil,
        Op.F32Floor or Op.F64Floor => Opcode.Floor,
        Op.F32Trunc or Op.F64Trunc => Opcode.Trunc,
        Op.F32Nearest or Op.F64Nearest => Opcode.Nearest,
        Op.F32Sqrt or Op.F64Sqrt => Opcode.Sqrt,
        _ => null,
    };

    static (Opcode Conversion, IrType Type) ConversionOf(Op op) => op switch
    {
        Op.I32WrapI64 => (Opcode.Ireduce, IrType.I32),
        Op.I64ExtendI32S => (Opcode.Sextend, IrType.I64),
        Op.I64ExtendI32U => (Opcode.Uextend, IrType.I64),
        Op.I32TruncF32S or Op.I32TruncF64S => (Opcode.FcvtToSint, IrType.I32),
        Op.I32TruncF32U or Op.I32TruncF64U => (Opcode.FcvtToUint, IrType.I32),
        Op.I64TruncF32S or Op.I64TruncF64S => (Opcode.FcvtToSint, IrType.I64),
        Op.I64TruncF32U or Op.I64TruncF64U => (Opcode.FcvtToUint, IrType.I64),
        Op.I32TruncSatF32S or Op.I32TruncSatF64S => (Opcode.FcvtToSintSat, IrType.I32),
        Op.I32TruncSatF32U or Op.I32TruncSatF64U => (Opcode.FcvtToUintSat, IrType.I32),
        Op.I64TruncSatF32S or Op.I64TruncSatF64S => (Opcode.FcvtToSintSat, IrType.I64),
        Op.I64TruncSatF32U or Op.I64TruncSatF64U => (Opcode.FcvtToUintSat, IrType.I64),
        Op.F32ConvertI32S or Op.F32ConvertI64S => (Opcode.FcvtFromSint, IrType.F32),
        Op.F32ConvertI32U or Op.F32ConvertI64U => (Opcode.FcvtFromUint, IrType.F32),
        Op.F64ConvertI32S or Op.F64ConvertI64S => (Opcode.FcvtFromSint, IrType.F64),
        Op.F64ConvertI32U or Op.F64ConvertI64U => (Opcode.FcvtFromUint, IrType.F64),
        Op.F32DemoteF64 => (Opcode.Fdemote, IrType.F32),
        Op.F64PromoteF32 => (Opcode.Fpromote, IrType.F64),
        Op.I32ReinterpretF32 => (Opcode.Bitcast, IrType.I32),
        Op.I64ReinterpretF64 => (Opcode.Bitcast, IrType.I64),
        Op.F32ReinterpretI32 => (Opcode.Bitcast, IrType.F32),
        Op.F64ReinterpretI64 => (Opcode.Bitcast, IrType.F64),
        _ => default,
    };

    void Special(in Operator op)
    {
        switch (op.Op)
        {
            case Op.I32Eqz: Push(_builder.Icmp(IntCC.Eq, _stack.Pop(), Iconst32(0))); break;
            case Op.I64Eqz: Push(_builder.Icmp(IntCC.Eq, _stack.Pop(), Iconst64(0))); break;
            case Op.I32Extend8S: SignExtend(IrType.I8, IrType.I32); break;
            case Op.I32Extend16S: SignExtend(IrType.I16, IrType.I32); break;
            case Op.I64Extend8S: SignExtend(IrType.I8, IrType.I64); break;
            case Op.I64Extend16S: SignExtend(IrType.I16, IrType.I64); break;
            case Op.I64Extend32S: SignExtend(IrType.I32, IrType.I64); break;
            case Op.I64Add128 or Op.I64Sub128: Add128(op.Op == Op.I64Sub128); break;
            case Op.I64MulWideS or Op.I64MulWideU:
            {
                Value b = _stack.Pop(), a = _stack.Pop();
                Push(_builder.Binary(Opcode.Imul, a, b));
                Push(_builder.Binary(op.Op == Op.I64MulWideS ? Opcode.Smulhi : Opcode.Umulhi, a, b));
                break;
            }
            default: throw new UntranslatedException(op.Op);
        }
    }

    void SignExtend(IrType from, IrType to) => Push(_builder.Convert(Opcode.Sextend, to, _builder.Convert(Opcode.Ireduce, from, _stack.Pop())));

    void Add128(bool subtract)
    {
        Value bHigh = _stack.Pop(), bLow = _stack.Pop(), aHigh = _stack.Pop(), aLow = _stack.Pop();
        Opcode code = subtract ? Opcode.Isub : Opcode.Iadd;
        Value low = _builder.Binary(code, aLow, bLow);
        // Carry: the sum is below an addend. Borrow: the minuend is below the subtrahend.
        Value carry = subtract ? _builder.Icmp(IntCC.Ult, aLow, bLow) : _builder.Icmp(IntCC.Ult, low, aLow);
        Push(low);
        Push(_builder.Binary(code, _builder.Binary(code, aHigh, bHigh), _builder.Convert(Opcode.Uextend, IrType.I64, carry)));
    }
}
