namespace Hornet.Compiler.Ir;

/// <summary>What the vector operators mean, for the interpreter: lane by lane through <see cref="Evaluate"/> where the scalar
/// operator exists.</summary>
internal static unsafe class VectorEvaluate
{
    public static UInt128 Step(in InstData data, UInt128 a, UInt128 b, UInt128 c, UInt128 shuffle)
    {
        int bits = data.Lane.LaneBytes() * 8;
        switch (data.Op)
        {
            case Opcode.Band: return a & b;
            case Opcode.Bor: return a | b;
            case Opcode.Bxor: return a ^ b;
            case Opcode.BandNot: return a & ~b;
            case Opcode.Bnot: return ~a;
            case Opcode.Bitselect: return a & b | ~a & c;
            case Opcode.AnyTrue: return a != 0 ? 1u : 0u;
            case Opcode.AllTrue:
                for (int i = 0; i < 128; i += bits)
                    if (Get(a, i, bits) == 0)
                        return 0;
                return 1;
            case Opcode.Bitmask:
                UInt128 mask = 0;
                for (int i = 0; i < 128; i += bits) mask |= (UInt128)(Get(a, i, bits) >> (bits - 1)) << (i / bits);
                return mask;
            case Opcode.Splat: return Fill(bits, (ulong)a);
            case Opcode.ExtractLane: return Get(a, (int)data.Imm * bits, bits);
            case Opcode.SextractLane: return (ulong)Evaluate.SignExtend(Get(a, (int)data.Imm * bits, bits), bits) & data.Lane.LaneType().Mask();
            case Opcode.InsertLane:
                UInt128 hole = (UInt128)Mask(bits) << (int)data.Imm * bits;
                return a & ~hole | (UInt128)((ulong)b & Mask(bits)) << (int)data.Imm * bits;
            case Opcode.Shuffle:
            {
                UInt128 result = 0;
                for (int i = 0; i < 16; i++)
                {
                    int from = (int)Get(shuffle, 8 * i, 8);
                    result |= (UInt128)Get(from < 16 ? a : b, (from & 15) * 8, 8) << 8 * i;
                }
                return result;
            }
            case Opcode.Swizzle:
            {
                UInt128 result = 0;
                for (int i = 0; i < 16; i++)
                    if (Get(b, 8 * i, 8) is < 16 and var from)
                        result |= (UInt128)Get(a, (int)from * 8, 8) << 8 * i;
                return result;
            }
        }
        return Lanes(data, a, b, bits);
    }

    public static UInt128 Load(in InstData data, ulong address)
    {
        int bytes = data.Lane.LaneBytes();
        switch (data.Op)
        {
            case Opcode.LoadSplat: return Fill(bytes * 8, Read(address, bytes));
            case Opcode.LoadZero: return Read(address, bytes);
            case Opcode.SloadWiden or Opcode.UloadWiden:
                // The lane shape is the result's: eight bytes in memory become its wider lanes.
                UInt128 result = 0;
                for (int i = 0; i < 16 / bytes; i++)
                {
                    ulong lane = Read(address + (ulong)(i * bytes / 2), bytes / 2);
                    if (data.Op == Opcode.SloadWiden) lane = (ulong)Evaluate.SignExtend(lane, bytes * 4) & Mask(bytes * 8);
                    result |= (UInt128)lane << i * bytes * 8;
                }
                return result;
            default: throw new NotSupportedException($"interpreting {data.Op.Name()}");
        }
    }

    /// <summary>Operators whose lanes have another width than their operands'.</summary>
    private static bool Reshape(in InstData data, UInt128 a, UInt128 b, int bits, out UInt128 result)
    {
        result = 0;
        int count = 128 / bits;
        for (int i = 0; i < count; i++)
        {
            ulong lane;
            switch (data.Op)
            {
                case Opcode.Snarrow or Opcode.Unarrow:
                    long wide = Evaluate.SignExtend(Get(i < count / 2 ? a : b, i % (count / 2) * 2 * bits, 2 * bits), 2 * bits);
                    long most = (long)(Mask(bits) >> 1);
                    lane = (ulong)(data.Op == Opcode.Snarrow ? Math.Clamp(wide, -most - 1, most) : Math.Clamp(wide, 0, (long)Mask(bits))) & Mask(bits);
                    break;
                case Opcode.SwidenLow or Opcode.SwidenHigh or Opcode.UwidenLow or Opcode.UwidenHigh:
                    ulong narrow = Get(a, (i + (data.Op is Opcode.SwidenHigh or Opcode.UwidenHigh ? count : 0)) * bits / 2, bits / 2);
                    lane = data.Op is Opcode.SwidenLow or Opcode.SwidenHigh ? (ulong)Evaluate.SignExtend(narrow, bits / 2) & Mask(bits) : narrow;
                    break;
                case Opcode.SaddPairwise or Opcode.UaddPairwise or Opcode.Dot:
                    bool signed = data.Op != Opcode.UaddPairwise;
                    lane = 0;
                    for (int half = 0; half < 2; half++)
                    {
                        ulong x = Get(a, (2 * i + half) * bits / 2, bits / 2), y = Get(b, (2 * i + half) * bits / 2, bits / 2);
                        if (signed) (x, y) = ((ulong)Evaluate.SignExtend(x, bits / 2), (ulong)Evaluate.SignExtend(y, bits / 2));
                        lane += data.Op == Opcode.Dot ? x * y : x;
                    }
                    lane &= Mask(bits);
                    break;
                case Opcode.FpromoteLow or Opcode.FcvtLowFromSint or Opcode.FcvtLowFromUint:
                    Opcode scalar = data.Op == Opcode.FpromoteLow ? Opcode.Fpromote : data.Op == Opcode.FcvtLowFromSint ? Opcode.FcvtFromSint : Opcode.FcvtFromUint;
                    Evaluate.Unary(scalar, IrType.F64, data.Op == Opcode.FpromoteLow ? IrType.F32 : IrType.I32, Get(a, i * 32, 32), out lane, out _);
                    break;
                case Opcode.FdemoteZero or Opcode.FcvtToSintSatZero or Opcode.FcvtToUintSatZero:
                    scalar = data.Op == Opcode.FdemoteZero ? Opcode.Fdemote : data.Op == Opcode.FcvtToSintSatZero ? Opcode.FcvtToSintSat : Opcode.FcvtToUintSat;
                    lane = 0;
                    if (i < 2) Evaluate.Unary(scalar, data.Op == Opcode.FdemoteZero ? IrType.F32 : IrType.I32, IrType.F64, Get(a, i * 64, 64), out lane, out _);
                    break;
                default: return false;
            }
            result |= (UInt128)lane << i * bits;
        }
        return true;
    }

    private static UInt128 Lanes(in InstData data, UInt128 a, UInt128 b, int bits)
    {
        IrType type = data.Lane.IsFloat() ? data.Lane.LaneType() : bits switch
        {
            8 => IrType.I8,
            16 => IrType.I16,
            32 => IrType.I32,
            _ => IrType.I64,
        };
        bool shift = data.Op is Opcode.Ishl or Opcode.Ushr or Opcode.Sshr;
        if (Reshape(data, a, b, bits, out UInt128 result)) return result;
        for (int i = 0; i < 128; i += bits)
        {
            ulong x = Get(a, i, bits), y = shift ? (ulong)b : Get(b, i, bits), lane;
            if (data.Op == Opcode.Icmp) lane = Evaluate.Icmp(data.IntCC, type, x, y) ? Mask(bits) : 0;
            else if (data.Op == Opcode.Fcmp) lane = Evaluate.Fcmp(data.FloatCC, type, x, y) ? Mask(bits) : 0;
            else if (!Saturating(data.Op, x, y, bits, out lane))
            {
                Evaluate.Outcome outcome = data.B.IsNone
                    ? Evaluate.Unary(data.Op, type, ConvertsFrom(data), x, out lane, out _)
                    : Evaluate.Binary(data.Op, type, x, y, out lane, out _);
                if (outcome != Evaluate.Outcome.Done) throw new NotSupportedException($"interpreting {data.Op.Name()}.{data.Lane.Name()}");
            }
            result |= (UInt128)lane << i;
        }
        return result;
    }

    private static bool Saturating(Opcode op, ulong x, ulong y, int bits, out ulong result)
    {
        long sx = Evaluate.SignExtend(x, bits), sy = Evaluate.SignExtend(y, bits);
        long most = (long)(Mask(bits) >> 1);
        switch (op)
        {
            case Opcode.SaddSat: result = (ulong)Math.Clamp(sx + sy, -most - 1, most) & Mask(bits); return true;
            case Opcode.SsubSat: result = (ulong)Math.Clamp(sx - sy, -most - 1, most) & Mask(bits); return true;
            case Opcode.UaddSat: result = Math.Min(x + y, Mask(bits)); return true;
            case Opcode.UsubSat: result = x > y ? x - y : 0; return true;
            case Opcode.AvgRound: result = (x + y + 1) >> 1; return true;
            case Opcode.Q15MulRound: result = (ulong)Math.Min((sx * sy + 0x4000) >> 15, most) & Mask(bits); return true;
            default: result = 0; return false;
        }
    }

    /// <summary>The lane type that a conversion between vectors of equal lanes reads.</summary>
    private static IrType ConvertsFrom(in InstData data) => data.Op switch
    {
        Opcode.FcvtFromSint or Opcode.FcvtFromUint => data.Lane == Lane.F32x4 ? IrType.I32 : IrType.I64,
        Opcode.FcvtToSintSat or Opcode.FcvtToUintSat => data.Lane == Lane.I32x4 ? IrType.F32 : IrType.F64,
        _ => IrType.None,
    };

    private static ulong Mask(int bits) => bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;

    private static ulong Get(UInt128 value, int at, int bits) => (ulong)(value >> at) & Mask(bits);

    private static UInt128 Fill(int bits, ulong lane)
    {
        UInt128 result = 0;
        for (int i = 0; i < 128; i += bits) result |= (UInt128)(lane & Mask(bits)) << i;
        return result;
    }

    private static ulong Read(ulong address, int bytes)
    {
        ulong value = 0;
        for (int i = 0; i < bytes; i++) value |= (ulong)((byte*)address)[i] << 8 * i;
        return value;
    }
}
