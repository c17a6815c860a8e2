using Hornet.Compiler.Ir;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>Vectors. Operators that the IR lacks are put together from those it has.</content>
internal sealed partial class FunctionTranslator
{
    const Lane B16 = Lane.I8x16, H8 = Lane.I16x8, W4 = Lane.I32x4, D2 = Lane.I64x2, S4 = Lane.F32x4, R2 = Lane.F64x2;

    Value ExtractLane(Opcode extract, Lane lane, Value vector, byte at) =>
        _builder.Build(new InstData(extract, IrType.V128) { Lane = lane, A = vector, Imm = at });

    void Vector(in Operator op)
    {
        if (VectorBinaryOf(op.Op) is var (binary, lane) && lane != Lane.None)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.Vector(binary, lane, a, b, operands: 2));
        }
        else if (VectorUnaryOf(op.Op) is var (unary, shape) && shape != Lane.None) Push(_builder.Vector(unary, shape, _stack.Pop()));
        else if (VectorIntCompareOf(op.Op) is var (integer, ints) && ints != Lane.None)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.VectorIcmp(integer, ints, a, b));
        }
        else if (VectorFloatCompareOf(op.Op) is var (real, floats) && floats != Lane.None)
        {
            Value b = _stack.Pop(), a = _stack.Pop();
            Push(_builder.VectorFcmp(real, floats, a, b));
        }
        else VectorSpecial(op);
    }

    static (Opcode, Lane) VectorBinaryOf(Op op) => op switch
    {
        Op.V128And => (Opcode.Band, B16), Op.V128Andnot => (Opcode.BandNot, B16), Op.V128Or => (Opcode.Bor, B16), Op.V128Xor => (Opcode.Bxor, B16),
        Op.I8x16Add => (Opcode.Iadd, B16), Op.I16x8Add => (Opcode.Iadd, H8), Op.I32x4Add => (Opcode.Iadd, W4), Op.I64x2Add => (Opcode.Iadd, D2),
        Op.I8x16Sub => (Opcode.Isub, B16), Op.I16x8Sub => (Opcode.Isub, H8), Op.I32x4Sub => (Opcode.Isub, W4), Op.I64x2Sub => (Opcode.Isub, D2),
        Op.I16x8Mul => (Opcode.Imul, H8), Op.I32x4Mul => (Opcode.Imul, W4), Op.I64x2Mul => (Opcode.Imul, D2),
        Op.I8x16AddSatS => (Opcode.SaddSat, B16), Op.I8x16AddSatU => (Opcode.UaddSat, B16), Op.I16x8AddSatS => (Opcode.SaddSat, H8), Op.I16x8AddSatU => (Opcode.UaddSat, H8),
        Op.I8x16SubSatS => (Opcode.SsubSat, B16), Op.I8x16SubSatU => (Opcode.UsubSat, B16), Op.I16x8SubSatS => (Opcode.SsubSat, H8), Op.I16x8SubSatU => (Opcode.UsubSat, H8),
        Op.I8x16MinS => (Opcode.Smin, B16), Op.I8x16MinU => (Opcode.Umin, B16), Op.I8x16MaxS => (Opcode.Smax, B16), Op.I8x16MaxU => (Opcode.Umax, B16),
        Op.I16x8MinS => (Opcode.Smin, H8), Op.I16x8MinU => (Opcode.Umin, H8), Op.I16x8MaxS => (Opcode.Smax, H8), Op.I16x8MaxU => (Opcode.Umax, H8),
        Op.I32x4MinS => (Opcode.Smin, W4), Op.I32x4MinU => (Opcode.Umin, W4), Op.I32x4MaxS => (Opcode.Smax, W4), Op.I32x4MaxU => (Opcode.Umax, W4),
        Op.I8x16AvgrU => (Opcode.AvgRound, B16), Op.I16x8AvgrU => (Opcode.AvgRound, H8),
        Op.I16x8Q15mulrSatS or Op.I16x8RelaxedQ15mulrS => (Opcode.Q15MulRound, H8), Op.I32x4DotI16x8S => (Opcode.Dot, W4),
        Op.I8x16NarrowI16x8S => (Opcode.Snarrow, B16), Op.I8x16NarrowI16x8U => (Opcode.Unarrow, B16),
        Op.I16x8NarrowI32x4S => (Opcode.Snarrow, H8), Op.I16x8NarrowI32x4U => (Opcode.Unarrow, H8),
        Op.I8x16Swizzle or Op.I8x16RelaxedSwizzle => (Opcode.Swizzle, B16),
        Op.F32x4Add => (Opcode.Fadd, S4), Op.F32x4Sub => (Opcode.Fsub, S4), Op.F32x4Mul => (Opcode.Fmul, S4), Op.F32x4Div => (Opcode.Fdiv, S4),
        Op.F64x2Add => (Opcode.Fadd, R2), Op.F64x2Sub => (Opcode.Fsub, R2), Op.F64x2Mul => (Opcode.Fmul, R2), Op.F64x2Div => (Opcode.Fdiv, R2),
        Op.F32x4Min or Op.F32x4RelaxedMin => (Opcode.Fmin, S4), Op.F32x4Max or Op.F32x4RelaxedMax => (Opcode.Fmax, S4),
        Op.F64x2Min or Op.F64x2RelaxedMin => (Opcode.Fmin, R2), Op.F64x2Max or Op.F64x2RelaxedMax => (Opcode.Fmax, R2),
        Op.F32x4Pmin => (Opcode.FminPseudo, S4), Op.F32x4Pmax => (Opcode.FmaxPseudo, S4), Op.F64x2Pmin => (Opcode.FminPseudo, R2), Op.F64x2Pmax => (Opcode.FmaxPseudo, R2),
        _ => default,
    };

    static (Opcode, Lane) VectorUnaryOf(Op op) => op switch
    {
        Op.V128Not => (Opcode.Bnot, B16), Op.V128AnyTrue => (Opcode.AnyTrue, B16),
        Op.I8x16AllTrue => (Opcode.AllTrue, B16), Op.I16x8AllTrue => (Opcode.AllTrue, H8), Op.I32x4AllTrue => (Opcode.AllTrue, W4), Op.I64x2AllTrue => (Opcode.AllTrue, D2),
        Op.I8x16Bitmask => (Opcode.Bitmask, B16), Op.I16x8Bitmask => (Opcode.Bitmask, H8), Op.I32x4Bitmask => (Opcode.Bitmask, W4), Op.I64x2Bitmask => (Opcode.Bitmask, D2),
        Op.I8x16Abs => (Opcode.Iabs, B16), Op.I16x8Abs => (Opcode.Iabs, H8), Op.I32x4Abs => (Opcode.Iabs, W4), Op.I64x2Abs => (Opcode.Iabs, D2),
        Op.I8x16Neg => (Opcode.Ineg, B16), Op.I16x8Neg => (Opcode.Ineg, H8), Op.I32x4Neg => (Opcode.Ineg, W4), Op.I64x2Neg => (Opcode.Ineg, D2),
        Op.I8x16Popcnt => (Opcode.Popcnt, B16),
        Op.I8x16Splat => (Opcode.Splat, B16), Op.I16x8Splat => (Opcode.Splat, H8), Op.I32x4Splat => (Opcode.Splat, W4), Op.I64x2Splat => (Opcode.Splat, D2),
        Op.F32x4Splat => (Opcode.Splat, S4), Op.F64x2Splat => (Opcode.Splat, R2),
        Op.I16x8ExtendLowI8x16S => (Opcode.SwidenLow, H8), Op.I16x8ExtendHighI8x16S => (Opcode.SwidenHigh, H8),
        Op.I16x8ExtendLowI8x16U => (Opcode.UwidenLow, H8), Op.I16x8ExtendHighI8x16U => (Opcode.UwidenHigh, H8),
        Op.I32x4ExtendLowI16x8S => (Opcode.SwidenLow, W4), Op.I32x4ExtendHighI16x8S => (Opcode.SwidenHigh, W4),
        Op.I32x4ExtendLowI16x8U => (Opcode.UwidenLow, W4), Op.I32x4ExtendHighI16x8U => (Opcode.UwidenHigh, W4),
        Op.I64x2ExtendLowI32x4S => (Opcode.SwidenLow, D2), Op.I64x2ExtendHighI32x4S => (Opcode.SwidenHigh, D2),
        Op.I64x2ExtendLowI32x4U => (Opcode.UwidenLow, D2), Op.I64x2ExtendHighI32x4U => (Opcode.UwidenHigh, D2),
        Op.I16x8ExtaddPairwiseI8x16S => (Opcode.SaddPairwise, H8), Op.I16x8ExtaddPairwiseI8x16U => (Opcode.UaddPairwise, H8),
        Op.I32x4ExtaddPairwiseI16x8S => (Opcode.SaddPairwise, W4), Op.I32x4ExtaddPairwiseI16x8U => (Opcode.UaddPairwise, W4),
        Op.F32x4Abs => (Opcode.Fabs, S4), Op.F64x2Abs => (Opcode.Fabs, R2), Op.F32x4Neg => (Opcode.Fneg, S4), Op.F64x2Neg => (Opcode.Fneg, R2),
        Op.F32x4Sqrt => (Opcode.Sqrt, S4), Op.F64x2Sqrt => (Opcode.Sqrt, R2), Op.F32x4Ceil => (Opcode.Ceil, S4), Op.F64x2Ceil => (Opcode.Ceil, R2),
        Op.F32x4Floor => (Opcode.Floor, S4), Op.F64x2Floor => (Opcode.Floor, R2), Op.F32x4Trunc => (Opcode.Trunc, S4), Op.F64x2Trunc => (Opcode.Trunc, R2),
        Op.F32x4Nearest => (Opcode.Nearest, S4), Op.F64x2Nearest => (Opcode.Nearest, R2),
        Op.I32x4TruncSatF32x4S or Op.I32x4RelaxedTruncF32x4S => (Opcode.FcvtToSintSat, W4), Op.I32x4TruncSatF32x4U or Op.I32x4RelaxedTruncF32x4U => (Opcode.FcvtToUintSat, W4),
        Op.I32x4TruncSatF64x2SZero or Op.I32x4RelaxedTruncF64x2SZero => (Opcode.FcvtToSintSatZero, W4),
        Op.I32x4TruncSatF64x2UZero or Op.I32x4RelaxedTruncF64x2UZero => (Opcode.FcvtToUintSatZero, W4),
        Op.F32x4ConvertI32x4S => (Opcode.FcvtFromSint, S4), Op.F32x4ConvertI32x4U => (Opcode.FcvtFromUint, S4),
        Op.F64x2ConvertLowI32x4S => (Opcode.FcvtLowFromSint, R2), Op.F64x2ConvertLowI32x4U => (Opcode.FcvtLowFromUint, R2),
        Op.F32x4DemoteF64x2Zero => (Opcode.FdemoteZero, S4), Op.F64x2PromoteLowF32x4 => (Opcode.FpromoteLow, R2),
        _ => default,
    };

    static (IntCC, Lane) VectorIntCompareOf(Op op) => op switch
    {
        Op.I8x16Eq => (IntCC.Eq, B16), Op.I8x16Ne => (IntCC.Ne, B16), Op.I8x16LtS => (IntCC.Slt, B16), Op.I8x16LtU => (IntCC.Ult, B16), Op.I8x16GtS => (IntCC.Sgt, B16),
        Op.I8x16GtU => (IntCC.Ugt, B16), Op.I8x16LeS => (IntCC.Sle, B16), Op.I8x16LeU => (IntCC.Ule, B16), Op.I8x16GeS => (IntCC.Sge, B16), Op.I8x16GeU => (IntCC.Uge, B16),
        Op.I16x8Eq => (IntCC.Eq, H8), Op.I16x8Ne => (IntCC.Ne, H8), Op.I16x8LtS => (IntCC.Slt, H8), Op.I16x8LtU => (IntCC.Ult, H8), Op.I16x8GtS => (IntCC.Sgt, H8),
        Op.I16x8GtU => (IntCC.Ugt, H8), Op.I16x8LeS => (IntCC.Sle, H8), Op.I16x8LeU => (IntCC.Ule, H8), Op.I16x8GeS => (IntCC.Sge, H8), Op.I16x8GeU => (IntCC.Uge, H8),
        Op.I32x4Eq => (IntCC.Eq, W4), Op.I32x4Ne => (IntCC.Ne, W4), Op.I32x4LtS => (IntCC.Slt, W4), Op.I32x4LtU => (IntCC.Ult, W4), Op.I32x4GtS => (IntCC.Sgt, W4),
        Op.I32x4GtU => (IntCC.Ugt, W4), Op.I32x4LeS => (IntCC.Sle, W4), Op.I32x4LeU => (IntCC.Ule, W4), Op.I32x4GeS => (IntCC.Sge, W4), Op.I32x4GeU => (IntCC.Uge, W4),
        Op.I64x2Eq => (IntCC.Eq, D2), Op.I64x2Ne => (IntCC.Ne, D2), Op.I64x2LtS => (IntCC.Slt, D2), Op.I64x2GtS => (IntCC.Sgt, D2), Op.I64x2LeS => (IntCC.Sle, D2), Op.I64x2GeS => (IntCC.Sge, D2),
        _ => default,
    };

    static (FloatCC, Lane) VectorFloatCompareOf(Op op) => op switch
    {
        Op.F32x4Eq => (FloatCC.Eq, S4), Op.F32x4Ne => (FloatCC.Ne, S4), Op.F32x4Lt => (FloatCC.Lt, S4), Op.F32x4Gt => (FloatCC.Gt, S4), Op.F32x4Le => (FloatCC.Le, S4), Op.F32x4Ge => (FloatCC.Ge, S4),
        Op.F64x2Eq => (FloatCC.Eq, R2), Op.F64x2Ne => (FloatCC.Ne, R2), Op.F64x2Lt => (FloatCC.Lt, R2), Op.F64x2Gt => (FloatCC.Gt, R2), Op.F64x2Le => (FloatCC.Le, R2), Op.F64x2Ge => (FloatCC.Ge, R2),
        _ => default,
    };

    void VectorSpecial(in Operator op)
    {
        switch (op.Op)
        {
            case Op.V128Bitselect or Op.I8x16RelaxedLaneselect or Op.I16x8RelaxedLaneselect or Op.I32x4RelaxedLaneselect or Op.I64x2RelaxedLaneselect:
            {
                Value mask = _stack.Pop(), b = _stack.Pop(), a = _stack.Pop();
                Push(_builder.Vector(Opcode.Bitselect, B16, mask, a, b, operands: 3));
                break;
            }
            case Op.I8x16Shuffle:
            {
                Value b = _stack.Pop(), a = _stack.Pop();
                Push(_builder.Shuffle(a, b, new UInt128(op.ImmHigh, op.Imm)));
                break;
            }
            case Op.I8x16ExtractLaneS: Push(ExtractLane(Opcode.SextractLane, B16, _stack.Pop(), op.Lane)); break;
            case Op.I16x8ExtractLaneS: Push(ExtractLane(Opcode.SextractLane, H8, _stack.Pop(), op.Lane)); break;
            case Op.I8x16ExtractLaneU: Push(ExtractLane(Opcode.ExtractLane, B16, _stack.Pop(), op.Lane)); break;
            case Op.I16x8ExtractLaneU: Push(ExtractLane(Opcode.ExtractLane, H8, _stack.Pop(), op.Lane)); break;
            case Op.I32x4ExtractLane: Push(ExtractLane(Opcode.ExtractLane, W4, _stack.Pop(), op.Lane)); break;
            case Op.I64x2ExtractLane: Push(ExtractLane(Opcode.ExtractLane, D2, _stack.Pop(), op.Lane)); break;
            case Op.F32x4ExtractLane: Push(ExtractLane(Opcode.ExtractLane, S4, _stack.Pop(), op.Lane)); break;
            case Op.F64x2ExtractLane: Push(ExtractLane(Opcode.ExtractLane, R2, _stack.Pop(), op.Lane)); break;
            case Op.I8x16ReplaceLane: ReplaceLane(B16, op.Lane); break;
            case Op.I16x8ReplaceLane: ReplaceLane(H8, op.Lane); break;
            case Op.I32x4ReplaceLane: ReplaceLane(W4, op.Lane); break;
            case Op.I64x2ReplaceLane: ReplaceLane(D2, op.Lane); break;
            case Op.F32x4ReplaceLane: ReplaceLane(S4, op.Lane); break;
            case Op.F64x2ReplaceLane: ReplaceLane(R2, op.Lane); break;
            case Op.I8x16Shl: Shift(Opcode.Ishl, B16); break;
            case Op.I8x16ShrS: Shift(Opcode.Sshr, B16); break;
            case Op.I8x16ShrU: Shift(Opcode.Ushr, B16); break;
            case Op.I16x8Shl: Shift(Opcode.Ishl, H8); break;
            case Op.I16x8ShrS: Shift(Opcode.Sshr, H8); break;
            case Op.I16x8ShrU: Shift(Opcode.Ushr, H8); break;
            case Op.I32x4Shl: Shift(Opcode.Ishl, W4); break;
            case Op.I32x4ShrS: Shift(Opcode.Sshr, W4); break;
            case Op.I32x4ShrU: Shift(Opcode.Ushr, W4); break;
            case Op.I64x2Shl: Shift(Opcode.Ishl, D2); break;
            case Op.I64x2ShrS: Shift(Opcode.Sshr, D2); break;
            case Op.I64x2ShrU: Shift(Opcode.Ushr, D2); break;
            case Op.I16x8ExtmulLowI8x16S: ExtendedMultiply(Opcode.SwidenLow, H8); break;
            case Op.I16x8ExtmulHighI8x16S: ExtendedMultiply(Opcode.SwidenHigh, H8); break;
            case Op.I16x8ExtmulLowI8x16U: ExtendedMultiply(Opcode.UwidenLow, H8); break;
            case Op.I16x8ExtmulHighI8x16U: ExtendedMultiply(Opcode.UwidenHigh, H8); break;
            case Op.I32x4ExtmulLowI16x8S: ExtendedMultiply(Opcode.SwidenLow, W4); break;
            case Op.I32x4ExtmulHighI16x8S: ExtendedMultiply(Opcode.SwidenHigh, W4); break;
            case Op.I32x4ExtmulLowI16x8U: ExtendedMultiply(Opcode.UwidenLow, W4); break;
            case Op.I32x4ExtmulHighI16x8U: ExtendedMultiply(Opcode.UwidenHigh, W4); break;
            case Op.I64x2ExtmulLowI32x4S: ExtendedMultiply(Opcode.SwidenLow, D2); break;
            case Op.I64x2ExtmulHighI32x4S: ExtendedMultiply(Opcode.SwidenHigh, D2); break;
            case Op.I64x2ExtmulLowI32x4U: ExtendedMultiply(Opcode.UwidenLow, D2); break;
            case Op.I64x2ExtmulHighI32x4U: ExtendedMultiply(Opcode.UwidenHigh, D2); break;
            case Op.F32x4RelaxedMadd: MultiplyAdd(S4, negate: false); break;
            case Op.F32x4RelaxedNmadd: MultiplyAdd(S4, negate: true); break;
            case Op.F64x2RelaxedMadd: MultiplyAdd(R2, negate: false); break;
            case Op.F64x2RelaxedNmadd: MultiplyAdd(R2, negate: true); break;
            case Op.I16x8RelaxedDotI8x16I7x16S:
            {
                Value b = _stack.Pop(), a = _stack.Pop();
                Push(DotBytes(a, b));
                break;
            }
            case Op.I32x4RelaxedDotI8x16I7x16AddS:
            {
                Value c = _stack.Pop(), b = _stack.Pop(), a = _stack.Pop();
                Push(_builder.Vector(Opcode.Iadd, W4, _builder.Vector(Opcode.SaddPairwise, W4, DotBytes(a, b)), c, operands: 2));
                break;
            }
            default: throw new UntranslatedException(op.Op);
        }
    }

    void ReplaceLane(Lane lane, byte at)
    {
        Value value = _stack.Pop(), vector = _stack.Pop();
        Push(_builder.Vector(Opcode.InsertLane, lane, vector, value, operands: 2, imm: at));
    }

    void Shift(Opcode shift, Lane lane)
    {
        Value count = _stack.Pop(), vector = _stack.Pop();
        Push(_builder.Vector(shift, lane, vector, count, operands: 2));
    }

    void ExtendedMultiply(Opcode widen, Lane lane)
    {
        Value b = _stack.Pop(), a = _stack.Pop();
        Push(_builder.Vector(Opcode.Imul, lane, _builder.Vector(widen, lane, a), _builder.Vector(widen, lane, b), operands: 2));
    }

    // The deterministic choice for the relaxed operators is the one that rounds twice; as Semantics has it, to the bit.
    void MultiplyAdd(Lane lane, bool negate)
    {
        Value c = _stack.Pop(), b = _stack.Pop(), a = _stack.Pop();
        if (negate) a = _builder.Vector(Opcode.Fneg, lane, a);
        Push(_builder.Vector(Opcode.Fadd, lane, _builder.Vector(Opcode.Fmul, lane, a, b, operands: 2), c, operands: 2));
    }

    // Even and odd bytes, sign-extended to the 16-bit lanes they lie in; the sum of the products wraps.
    Value DotBytes(Value a, Value b)
    {
        Value eight = Iconst32(8);
        return Lanes16(Opcode.Iadd, Lanes16(Opcode.Imul, Even(a), Even(b)), Lanes16(Opcode.Imul, Odd(a), Odd(b)));

        Value Lanes16(Opcode op, Value x, Value y) => _builder.Vector(op, H8, x, y, operands: 2);
        Value Even(Value x) => Odd(Lanes16(Opcode.Ishl, x, eight));
        Value Odd(Value x) => Lanes16(Opcode.Sshr, x, eight);
    }
}
