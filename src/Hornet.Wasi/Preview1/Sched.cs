using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>sched_yield.</summary>
internal static unsafe class Sched
{
    public static Errno Yield(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        context.Host.Yield();
        return Errno.Success;
    }
}
