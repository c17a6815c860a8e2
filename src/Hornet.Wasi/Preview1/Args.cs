using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>args_*; the environment is handed over the same way.</summary>
internal static unsafe class Args
{
    public static Errno ArgsGet(WasiContext context, GuestMemory memory, ValRaw* a) => Get(memory, context.Arguments, a[0].U32, a[1].U32);
    public static Errno ArgsSizesGet(WasiContext context, GuestMemory memory, ValRaw* a) => Sizes(memory, context.Arguments, a[0].U32, a[1].U32);

    internal static Errno Sizes(GuestMemory memory, byte[][] texts, uint countAddress, uint sizeAddress)
    {
        uint size = 0;
        foreach (byte[] text in texts)
            size += (uint)text.Length;
        Errno errno = memory.Write(countAddress, texts.Length);
        return errno != Errno.Success ? errno : memory.Write(sizeAddress, size);
    }

    internal static Errno Get(GuestMemory memory, byte[][] texts, uint pointers, uint buffer)
    {
        for (int i = 0; i < texts.Length; i++)
        {
            if (memory.Write(pointers, buffer) != Errno.Success || !memory.TrySlice(buffer, (uint)texts[i].Length, out Span<byte> text))
                return Errno.Fault;
            texts[i].CopyTo(text);
            pointers += 4;
            buffer += (uint)texts[i].Length;
        }
        return Errno.Success;
    }
}
