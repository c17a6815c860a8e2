using System.Buffers.Binary;
using System.Text;
using Hornet.Base;
using Hornet.Compiler;

namespace Hornet.Native;

/// <summary>The glue of a function type (<see cref="Thunks"/>), before it lies anywhere.</summary>
/// <param name="IsCallOut">A call-out; otherwise a trampoline.</param>
/// <param name="Key">The type, as <see cref="NativeTier"/> writes it.</param>
/// <param name="Bytes">The code.</param>
/// <param name="Relocations">Where it calls builtins.</param>
internal sealed record ThunkCode(bool IsCallOut, string Key, byte[] Bytes, Relocation[] Relocations)
{
    /// <summary>Writes the code to its place.</summary>
    /// <param name="target">The place.</param>
    /// <param name="at">Its address.</param>
    public void Place(Span<byte> target, nint at)
    {
        Bytes.CopyTo(target);
        foreach (Relocation relocation in Relocations)
        {
            nint symbol = Stubs.Process.AddressOf((Builtin)(relocation.Symbol - ModuleTranslation.FirstBuiltin));
            BinaryPrimitives.WriteInt32LittleEndian(target[relocation.Offset..], checked((int)(symbol + relocation.Addend - (at + relocation.Offset))));
        }
    }

    public void Write(ByteBuffer buffer)
    {
        buffer.Byte(IsCallOut ? (byte)1 : (byte)0);
        buffer.Name(Key);
        buffer.Vector(Bytes);
        buffer.U32((uint)Relocations.Length);
        foreach (Relocation relocation in Relocations)
        {
            buffer.U32((uint)relocation.Offset);
            buffer.U32((uint)(relocation.Symbol - ModuleTranslation.FirstBuiltin));
            buffer.S64(relocation.Addend);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote, one after the other.</summary>
    public static IEnumerable<ThunkCode> ReadAll(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            bool isCallOut = bytes[at++] != 0;
            string key = Encoding.UTF8.GetString(Take(bytes, ref at));
            byte[] code = Take(bytes, ref at).ToArray();
            Relocation[] relocations = new Relocation[Math.Min(Number(bytes, ref at), bytes.Length)];
            for (int i = 0; i < relocations.Length; i++)
            {
                int offset = Number(bytes, ref at), builtin = Number(bytes, ref at);
                if (Leb.TryReadS64(bytes, ref at, out long addend) != LebStatus.Ok || offset > code.Length - 4 || builtin >= (int)Builtin.Count) throw Damaged();
                relocations[i] = new(offset, RelocationKind.PcRelative32, ModuleTranslation.FirstBuiltin + builtin, (int)addend);
            }
            yield return new(isCallOut, key, code, relocations);
        }
    }

    static ReadOnlySpan<byte> Take(byte[] bytes, ref int at)
    {
        int length = Number(bytes, ref at);
        if (length > bytes.Length - at) throw Damaged();
        ReadOnlySpan<byte> taken = bytes.AsSpan(at, length);
        at += length;
        return taken;
    }

    static int Number(byte[] bytes, ref int at) => Leb.TryReadU32(bytes, ref at, out uint value) == LebStatus.Ok && value <= int.MaxValue ? (int)value : throw Damaged();

    static ImageException Damaged() => new("the image is damaged: its thunks are malformed");
}
