using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>clock_*.</summary>
internal static unsafe class Clocks
{
    public static Errno ResGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Clock.Resolution(a[0].U32, out ulong resolution);
        return errno != Errno.Success ? errno : memory.Write(a[1].U32, resolution);
    }

    // The precision (a[1]) is what the guest would put up with; the clocks are always exact.
    public static Errno TimeGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Clock.Time(a[0].U32, out ulong time);
        return errno != Errno.Success ? errno : memory.Write(a[2].U32, time);
    }
}
