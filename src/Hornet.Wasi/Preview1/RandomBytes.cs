using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>random_get.</summary>
internal static unsafe class RandomBytes
{
    public static Errno Get(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        if (!memory.TrySlice(a[0].U32, a[1].U32, out Span<byte> bytes))
            return Errno.Fault;
        if ((uint)bytes.Length < a[1].U32)
            return Errno.Inval;
        // Gigabytes take seconds, which a deadline must not have to wait for.
        const int chunk = 1 << 20;
        for (; bytes.Length > chunk; bytes = bytes[chunk..])
        {
            context.FillRandom(bytes[..chunk]);
            if (context.Waiter.IsInterrupted)
                return Errno.Intr;
        }
        context.FillRandom(bytes);
        return Errno.Success;
    }
}
