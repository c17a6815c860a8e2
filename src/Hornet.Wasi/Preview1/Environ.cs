using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>environ_*.</summary>
internal static unsafe class Environ
{
    public static Errno EnvironGet(WasiContext context, GuestMemory memory, ValRaw* a) => Args.Get(memory, context.Environment, a[0].U32, a[1].U32);
    public static Errno EnvironSizesGet(WasiContext context, GuestMemory memory, ValRaw* a) => Args.Sizes(memory, context.Environment, a[0].U32, a[1].U32);
}
