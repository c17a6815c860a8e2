using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Scalar floats and conversions.</content>
internal sealed partial class X64Lower
{
    private const ulong Sign64 = 1UL << 63;
    private const ulong Sign32 = 1UL << 31;

    private void LowerFloat(in InstData data, int dst)
    {
        bool single = data.Type == IrType.F32;
        int size = data.Type.Bytes();
        switch (data.Op)
        {
            case Opcode.Fadd: Arithmetic(single ? X64Op.Addss : X64Op.Addsd, data, dst, commutes: true); break;
            case Opcode.Fmul: Arithmetic(single ? X64Op.Mulss : X64Op.Mulsd, data, dst, commutes: true); break;
            case Opcode.Fsub: Arithmetic(single ? X64Op.Subss : X64Op.Subsd, data, dst, commutes: false); break;
            case Opcode.Fdiv: Arithmetic(single ? X64Op.Divss : X64Op.Divsd, data, dst, commutes: false); break;
            case Opcode.Sqrt: Scalar(single ? X64Op.Sqrtss : X64Op.Sqrtsd, 8, dst, SourceOf(data.A)); break;
            case Opcode.FminPseudo: Pseudo(single ? X64Op.Minss : X64Op.Minsd, data, dst); break;
            case Opcode.FmaxPseudo: Pseudo(single ? X64Op.Maxss : X64Op.Maxsd, data, dst); break;
            case Opcode.Fmin or Opcode.Fmax:
                int a = Use(data.A), b = Use(data.B);
                ref MInst minMax = ref New(X64Pseudo.FloatMinMax, size);
                minMax.Imm = data.Op == Opcode.Fmax ? 1 : 0;
                minMax.RegAt = AddOperand(ref minMax, dst, OperandRole.Def, OperandWhere.Reuse, 1);
                AddOperand(ref minMax, a, OperandRole.Use, OperandWhere.Register);
                minMax.RmAt = AddOperand(ref minMax, b, OperandRole.LateUse, OperandWhere.Register);
                break;
            case Opcode.Fneg: Rvm(X64Op.Xorps, 8, dst, Use(data.A), Source.At(SignMask(single))); break;
            case Opcode.Fabs: Rvm(X64Op.Andps, 8, dst, Use(data.A), Source.At(Constant(Both(single, single ? Sign32 - 1 : Sign64 - 1)))); break;
            case Opcode.Fcopysign:
                int magnitude = Temp(RegKind.Float), sign = Temp(RegKind.Float);
                Rvm(X64Op.Andps, 8, magnitude, Use(data.A), Source.At(Constant(Both(single, single ? Sign32 - 1 : Sign64 - 1))));
                Rvm(X64Op.Andps, 8, sign, Use(data.B), Source.At(SignMask(single)));
                Rvm(X64Op.Orps, 8, dst, magnitude, Source.Reg(sign));
                break;
            case Opcode.Nearest: Round(0, single, data, dst); break;
            case Opcode.Floor: Round(1, single, data, dst); break;
            case Opcode.Ceil: Round(2, single, data, dst); break;
            case Opcode.Trunc: Round(3, single, data, dst); break;
            case Opcode.Fpromote: Scalar(X64Op.Cvtss2sd, 8, dst, SourceOf(data.A)); break;
            case Opcode.Fdemote: Scalar(X64Op.Cvtsd2ss, 8, dst, SourceOf(data.A)); break;
            case Opcode.FcvtFromSint or Opcode.FcvtFromUint: FromInt(data, dst, single); break;
            case Opcode.FcvtToSint or Opcode.FcvtToUint or Opcode.FcvtToSintSat or Opcode.FcvtToUintSat: ToInt(data, dst); break;
            case Opcode.Bitcast: LowerBitcast(data, dst); break;
            case Opcode.Fma when Has(CpuFeatures.Fma):
                Fma(single ? X64Op.Vfmadd213ss : X64Op.Vfmadd213sd, 8, data, dst);
                break;
            default: throw new NotSupportedException($"lowering {data.Op.Name()}.{data.Type.Name()}");
        }
    }

    // dst = a * b + c, in place of a.
    private void Fma(X64Op op, byte size, in InstData data, int dst)
    {
        int a = Use(data.A), b = Use(data.B);
        Source c = SourceOf(data.C);
        ref MInst fma = ref New(op, size);
        fma.RegAt = AddOperand(ref fma, dst, OperandRole.Def, OperandWhere.Reuse, 1);
        AddOperand(ref fma, a, OperandRole.Use, OperandWhere.Register);
        fma.SourceAt = AddOperand(ref fma, b, OperandRole.Use, OperandWhere.Register);
        AddSource(ref fma, c);
    }

    private static UInt128 Both(bool single, ulong bits) => single ? new UInt128(bits << 32 | bits, bits << 32 | bits) : new UInt128(bits, bits);

    private Amode SignMask(bool single) => Constant(Both(single, single ? Sign32 : Sign64));

    private void Arithmetic(X64Op op, in InstData data, int dst, bool commutes)
    {
        (Value a, Value b) = (data.A, data.B);
        // NaN payloads may differ with the order: only a load or a constant is worth the exchange.
        if (commutes && IsMemorySource(a) && !IsMemorySource(b)) (a, b) = (b, a);
        Rvm(op, 8, dst, Use(a), SourceOf(b));
    }

    private bool IsMemorySource(Value value) =>
        HasMergeableLoad(value) || (_function.DefOf(value) is { IsNone: false } def && FloatConstant(def, out UInt128 bits) && bits != 0);

    /// <summary>min and max of x86 yield the second operand when in doubt; the pseudo-minimum of a and b yields a.</summary>
    private void Pseudo(X64Op op, in InstData data, int dst)
    {
        int b = Use(data.B);
        Rvm(op, 8, dst, b, SourceOf(data.A));
    }

    private void Round(int mode, bool single, in InstData data, int dst) =>
        Scalar(single ? X64Op.Roundss : X64Op.Roundsd, 8, dst, SourceOf(data.A), mode | 8);

    /// <summary>A scalar operation that leaves the upper part of its destination: VEX takes that from a register, here the source or the
    /// destination itself.</summary>
    private void Scalar(X64Op op, int size, int dst, in Source source, long imm = 0)
    {
        ref MInst inst = ref New(op, size);
        inst.Imm = imm;
        inst.RegAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Register);
        AddSource(ref inst, source, OperandWhere.Any);
    }

    private void FromInt(in InstData data, int dst, bool single)
    {
        IrType from = _function.TypeOf(data.A);
        X64Op op = single ? X64Op.Cvtsi2ss : X64Op.Cvtsi2sd;
        int value = Use(data.A);
        if (from < IrType.I32)
        {
            int wide = Temp();
            bool signed = data.Op == Opcode.FcvtFromSint;
            X64Op extend = from == IrType.I8 ? (signed ? X64Op.MovsxB : X64Op.MovzxB) : signed ? X64Op.MovsxW : X64Op.MovzxW;
            Rm(extend, 4, wide, Source.Reg(value));
            Scalar(op, 4, dst, Source.Reg(wide));
            return;
        }
        if (data.Op == Opcode.FcvtFromSint || from == IrType.I32)
        {
            Scalar(op, data.Op == Opcode.FcvtFromSint ? from.Bytes() : 8, dst, Source.Reg(value));
            return;
        }
        int temp = Temp();
        ref MInst convert = ref New(X64Pseudo.UnsignedToFloat, data.Type.Bytes());
        convert.RegAt = AddOperand(ref convert, dst, OperandRole.Def, OperandWhere.Register);
        convert.RmAt = AddOperand(ref convert, value, OperandRole.LateUse, OperandWhere.Register);
        convert.SourceAt = AddOperand(ref convert, temp, OperandRole.EarlyDef, OperandWhere.Register);
    }

    private void ToInt(in InstData data, int dst)
    {
        int value = Use(data.A);
        bool signed = data.Op is Opcode.FcvtToSint or Opcode.FcvtToSintSat, saturates = data.Op is Opcode.FcvtToSintSat or Opcode.FcvtToUintSat;
        ref MInst convert = ref New(X64Pseudo.FloatToInt, data.Type.Bytes());
        convert.Imm = (signed ? 1 : 0) | (saturates ? 2 : 0) | (_function.TypeOf(data.A) == IrType.F32 ? 4 : 0);
        if (data.Type < IrType.I32) throw new NotSupportedException($"{data.Op.Name()}.{data.Type.Name()}");
        convert.RegAt = AddOperand(ref convert, dst, OperandRole.EarlyDef, OperandWhere.Register);
        convert.RmAt = AddOperand(ref convert, value, OperandRole.LateUse, OperandWhere.Register);
    }

    private void LowerBitcast(in InstData data, int dst)
    {
        IrType from = _function.TypeOf(data.A);
        bool toVector = data.Type.IsVectorClass(), fromVector = from.IsVectorClass();
        if (toVector == fromVector)
        {
            if (toVector) Rm(X64Op.Movaps, 16, dst, Source.Reg(Use(data.A)));
            else Rm(X64Op.MovRm, data.Type == IrType.I64 ? 8 : 4, dst, Source.Reg(Use(data.A)));
            return;
        }
        bool wide = data.Type.Bytes() == 8;
        ref MInst move = ref New(toVector ? (wide ? X64Op.MovqRm : X64Op.MovdRm) : wide ? X64Op.MovqMr : X64Op.MovdMr, wide ? 8 : 4);
        int value = Use(data.A);
        sbyte def = AddOperand(ref move, dst, OperandRole.Def, OperandWhere.Register);
        sbyte use = AddOperand(ref move, value, OperandRole.Use, OperandWhere.Register);
        (move.RegAt, move.RmAt) = toVector ? (def, use) : (use, def);
    }
}
