using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Vectors of floats, and conversions between them and integers.</content>
internal sealed partial class X64Lower
{
    private void LowerVectorFloat(in InstData data, int dst)
    {
        bool single = data.Lane == Lane.F32x4;
        switch (data.Op)
        {
            case Opcode.Fadd: V(single ? X64Op.Addps : X64Op.Addpd, dst, Use(data.A), SourceOf(data.B)); break;
            case Opcode.Fsub: V(single ? X64Op.Subps : X64Op.Subpd, dst, Use(data.A), SourceOf(data.B)); break;
            case Opcode.Fmul: V(single ? X64Op.Mulps : X64Op.Mulpd, dst, Use(data.A), SourceOf(data.B)); break;
            case Opcode.Fdiv: V(single ? X64Op.Divps : X64Op.Divpd, dst, Use(data.A), SourceOf(data.B)); break;
            // As for scalars: the second operand is what comes out in doubt.
            case Opcode.FminPseudo: V(single ? X64Op.Minps : X64Op.Minpd, dst, Use(data.B), SourceOf(data.A)); break;
            case Opcode.FmaxPseudo: V(single ? X64Op.Maxps : X64Op.Maxpd, dst, Use(data.B), SourceOf(data.A)); break;
            case Opcode.Fmin: VectorMin(single, dst, Use(data.A), Use(data.B)); break;
            case Opcode.Fmax: VectorMax(single, dst, Use(data.A), Use(data.B)); break;
            case Opcode.Sqrt: Rm(single ? X64Op.Sqrtps : X64Op.Sqrtpd, 16, dst, SourceOf(data.A)); break;
            case Opcode.Fneg: V(X64Op.Xorps, dst, Use(data.A), Source.At(SignMask(single))); break;
            case Opcode.Fabs: V(X64Op.Andps, dst, Use(data.A), Source.At(Constant(Both(single, single ? Sign32 - 1 : Sign64 - 1)))); break;
            case Opcode.Nearest: VectorRound(single, 0, dst, data.A); break;
            case Opcode.Floor: VectorRound(single, 1, dst, data.A); break;
            case Opcode.Ceil: VectorRound(single, 2, dst, data.A); break;
            case Opcode.Trunc: VectorRound(single, 3, dst, data.A); break;
            case Opcode.FpromoteLow: Rm(X64Op.Cvtps2pd, 16, dst, SourceLow(data.A)); break;
            case Opcode.FdemoteZero: Rm(X64Op.Cvtpd2ps, 16, dst, SourceOf(data.A)); break;
            case Opcode.FcvtLowFromSint: Rm(X64Op.Cvtdq2pd, 16, dst, SourceLow(data.A)); break;
            case Opcode.FcvtLowFromUint:
                // 2^52 + x as bits, then 2^52 off again.
                V(X64Op.Subpd, dst, V(X64Op.Punpckldq, Use(data.A), Fill32(0x43300000)), Fill64(0x4330000000000000));
                break;
            case Opcode.FcvtFromSint when single: Rm(X64Op.Cvtdq2ps, 16, dst, SourceOf(data.A)); break;
            case Opcode.FcvtFromUint when single: FromUnsigned(dst, Use(data.A)); break;
            case Opcode.FcvtToSintSat when data.Lane == Lane.I32x4: ToSigned(dst, Use(data.A)); break;
            case Opcode.FcvtToUintSat when data.Lane == Lane.I32x4: ToUnsigned(dst, Use(data.A)); break;
            case Opcode.FcvtToSintSatZero:
                // NaN is compared with zero instead of the largest integer, and loses.
                int value = Use(data.A);
                int limit = V(X64Op.Andps, V(X64Op.Cmppd, value, Source.Reg(value)), Fill64(BitConverter.DoubleToUInt64Bits(2147483647.0)));
                Rm(X64Op.Cvttpd2dq, 16, dst, Source.Reg(V(X64Op.Minpd, value, Source.Reg(limit))));
                break;
            case Opcode.FcvtToUintSatZero:
                int positive = V(X64Op.Maxpd, Use(data.A), Source.Reg(Zero()));
                int bounded = V(X64Op.Minpd, positive, Fill64(BitConverter.DoubleToUInt64Bits(4294967295.0)));
                int whole = Imm8(X64Op.Roundpd, Source.Reg(bounded), 3 | 8);
                // Adding 2^52 leaves the integer in the low half.
                V(X64Op.Shufps, dst, V(X64Op.Addpd, whole, Fill64(0x4330000000000000)), Source.Reg(Zero()), 0x88);
                break;
            case Opcode.Fma when Has(CpuFeatures.Fma):
                Fma(single ? X64Op.Vfmadd213ps : X64Op.Vfmadd213pd, 16, data, dst);
                break;
            default: throw new NotSupportedException($"lowering {data.Op.Name()}.{data.Lane.Name()}");
        }
    }

    private void VectorRound(bool single, int mode, int dst, Value value) =>
        Rm(single ? X64Op.Roundps : X64Op.Roundpd, 16, dst, SourceOf(value), mode | 8);

    /// <summary>cmpps predicates: equal, less, less or equal; four more negates.</summary>
    private void VectorFcmp(in InstData data, int dst)
    {
        FloatCC cc = data.FloatCC;
        (Value a, Value b) = (data.A, data.B);
        if (cc is FloatCC.Gt or FloatCC.NotGt or FloatCC.Ge or FloatCC.NotGe) (a, b, cc) = (b, a, cc.Swap());
        int predicate = cc switch
        {
            FloatCC.Eq => 0,
            FloatCC.Lt => 1,
            FloatCC.Le => 2,
            FloatCC.Ne => 4,
            FloatCC.NotLt => 5,
            _ => 6,
        };
        V(data.Lane == Lane.F32x4 ? X64Op.Cmpps : X64Op.Cmppd, dst, Use(a), SourceOf(b), predicate);
    }

    /// <summary>Both orders together get -0 and NaN; a NaN is then made one without payload.</summary>
    private void VectorMin(bool single, int dst, int a, int b)
    {
        X64Op min = single ? X64Op.Minps : X64Op.Minpd;
        int both = V(X64Op.Orps, V(min, a, Source.Reg(b)), Source.Reg(V(min, b, Source.Reg(a))));
        QuietNaN(single, dst, both);
    }

    private void VectorMax(bool single, int dst, int a, int b)
    {
        X64Op max = single ? X64Op.Maxps : X64Op.Maxpd;
        int x = V(max, a, Source.Reg(b)), y = V(max, b, Source.Reg(a));
        int differing = V(X64Op.Xorps, x, Source.Reg(y));
        // NaN where there is one; for zeros of both signs, -0 - -0 = +0.
        int result = V(single ? X64Op.Subps : X64Op.Subpd, V(X64Op.Orps, y, Source.Reg(differing)), Source.Reg(differing));
        QuietNaN(single, dst, result);
    }

    private void QuietNaN(bool single, int dst, int value)
    {
        int unordered = V(single ? X64Op.Cmpps : X64Op.Cmppd, value, Source.Reg(value), 3);
        int payload = ShiftImm(single ? X64Op.PsrldImm : X64Op.PsrlqImm, unordered, single ? 10 : 13);
        V(X64Op.Andnps, dst, payload, Source.Reg(V(X64Op.Orps, value, Source.Reg(unordered))));
    }

    private void FromUnsigned(int dst, int value)
    {
        // The low 16 bits exactly, the rest halved and doubled, then added: one rounding.
        int low = V(X64Op.Pblendw, Zero(), Source.Reg(value), 0x55);
        int high = V(X64Op.Psubd, value, Source.Reg(low));
        int half = U(X64Op.Cvtdq2ps, Source.Reg(ShiftImm(X64Op.PsrldImm, high, 1)));
        V(X64Op.Addps, dst, V(X64Op.Addps, half, Source.Reg(half)), Source.Reg(U(X64Op.Cvtdq2ps, Source.Reg(low))));
    }

    private void ToSigned(int dst, int value)
    {
        int ordered = V(X64Op.Cmpps, value, Source.Reg(value));
        int number = V(X64Op.Andps, value, Source.Reg(ordered));
        int converted = U(X64Op.Cvttps2dq, Source.Reg(number));
        // Positive, yet converted to the smallest integer: turned over into the largest.
        int positive = V(X64Op.Pxor, ordered, Source.Reg(number));
        V(X64Op.Pxor, dst, converted, Source.Reg(ShiftImm(X64Op.PsradImm, V(X64Op.Pand, positive, Source.Reg(converted)), 31)));
    }

    private void ToUnsigned(int dst, int value)
    {
        int number = V(X64Op.Maxps, value, Source.Reg(Zero()));
        int top = Load(Fill32(0x4F000000)); // 2^31
        int above = V(X64Op.Subps, number, Source.Reg(top));
        int tooLarge = V(X64Op.Cmpps, top, Source.Reg(above), 2);
        int rest = V(X64Op.Pxor, U(X64Op.Cvttps2dq, Source.Reg(above)), Source.Reg(tooLarge));
        V(X64Op.Paddd, dst, U(X64Op.Cvttps2dq, Source.Reg(number)), Source.Reg(V(X64Op.Pmaxsd, rest, Source.Reg(Zero()))));
    }
}
