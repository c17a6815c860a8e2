using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>
/// Shifts, masks and ors that put the bytes of one value in the opposite order are <c>bswap</c>: what compilers make of reading numbers with the
/// highest byte first, for wasm has no such operator. For each byte of the result it is followed where it comes from.
/// </summary>
internal static class ByteSwap
{
    private const int MostSteps = 64, Zero = 15;

    /// <summary>Where the bytes of a value come from: four bits each, the lowest byte first; <see cref="Zero"/> is none.</summary>
    private struct Bytes
    {
        public Value Base;
        public uint From;
    }

    /// <summary>The swapped value, made before the instruction, if that is what an <c>or</c> yields.</summary>
    public static Value Find(Function f, Inst inst, in InstData or)
    {
        if (or.Type is not (IrType.I32 or IrType.I64) || or.Lane != Lane.None) return Value.None;
        int bytes = or.Type.Bytes(), steps = MostSteps;
        // The last or of a chain has the lowest byte in one of its operands, moved all the way; most are none.
        var found = default(Bytes);
        found.Base = Value.None;
        if (!Trace(f, or.A, bytes, ref steps, out Bytes a) || a.Base.IsNone || !Trace(f, or.B, bytes, ref steps, out Bytes b) || !Join(a, b, bytes, out found) || found.Base.IsNone)
            return Value.None;
        for (int i = 0; i < bytes; i++)
            if ((found.From >> 4 * i & 15) != bytes - 1 - i)
                return Value.None;
        return Simplify.Insert(f, inst, new InstData(Opcode.Bswap, or.Type) { A = found.Base });
    }

    private static bool Trace(Function f, Value value, int bytes, ref int steps, out Bytes result)
    {
        value = f.Resolve(value);
        result = new Bytes { Base = value, From = 0x76543210 };
        if (--steps < 0) return false;
        Inst def = f.DefOf(value);
        if (def.IsNone) return true;
        InstData data = f[def];
        if (data.Lane != Lane.None || data.Type.Bytes() != bytes) return true;
        if (data.Op == Opcode.Bor)
            return Trace(f, data.A, bytes, ref steps, out Bytes a) && Trace(f, data.B, bytes, ref steps, out Bytes b) && Join(a, b, bytes, out result);
        if (data.Op is not (Opcode.Ishl or Opcode.Ushr or Opcode.Band) || !f.IsIconst(f.Resolve(data.B), out long constant)) return true;
        uint kept = 0;
        if (data.Op == Opcode.Band)
        {
            for (int i = 0; i < bytes; i++)
            {
                ulong mask = (ulong)constant >> 8 * i & 0xFF;
                if (mask is not (0 or 0xFF)) return true;
                if (mask == 0xFF) kept |= 15u << 4 * i;
            }
            if (!Trace(f, data.A, bytes, ref steps, out result)) return false;
            result.From = result.From & kept | ~kept;
            return true;
        }
        int count = (int)(constant & (8 * bytes - 1));
        if ((count & 7) != 0) return true;
        if (!Trace(f, data.A, bytes, ref steps, out result)) return false;
        // Bytes beyond the type's are none.
        uint all = bytes == 8 ? uint.MaxValue : (1u << 4 * bytes) - 1, from = result.From | ~all;
        result.From = data.Op == Opcode.Ishl ? from << count / 2 | (1u << count / 2) - 1 : (uint)(((ulong)uint.MaxValue << 32 | from) >> count / 2);
        result.From |= ~all;
        return true;
    }

    private static bool Join(Bytes a, Bytes b, int bytes, out Bytes result)
    {
        result = a;
        if (a.Base != b.Base) return false;
        result.From = 0;
        for (int i = 0; i < 8; i++)
        {
            uint x = a.From >> 4 * i & 15, y = b.From >> 4 * i & 15;
            if (i < bytes && x != Zero && y != Zero) return false;
            result.From |= (i >= bytes ? Zero : x == Zero ? y : x) << 4 * i;
        }
        return true;
    }
}
