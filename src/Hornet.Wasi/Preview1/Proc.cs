using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>proc_*.</summary>
internal static unsafe class Proc
{
    public static Errno Exit(WasiContext context, GuestMemory memory, ValRaw* a) => throw new WasiExitException(a[0].I32);

    /// <summary>Only signals that end a program have a meaning for a guest: it ends, as a shell would report it.</summary>
    public static Errno Raise(WasiContext context, GuestMemory memory, ValRaw* a) => (Signal)a[0].U32 switch
    {
        Signal.None or Signal.Chld or Signal.Cont or Signal.Urg or Signal.Winch => Errno.Success,
        Signal.Stop or Signal.Tstp or Signal.Ttin or Signal.Ttou => Errno.NotSup,
        <= Signal.Sys => throw new WasiExitException(128 + a[0].I32),
        _ => Errno.Inval,
    };

    /// <summary>Preview 1's signals, in its order.</summary>
    enum Signal : uint
    {
        None, Hup, Int, Quit, Ill, Trap, Abrt, Bus, Fpe, Kill, Usr1, Segv, Usr2, Pipe, Alrm, Term,
        Chld, Cont, Stop, Tstp, Ttin, Ttou, Urg, Xcpu, Xfsz, Vtalrm, Prof, Winch, Poll, Pwr, Sys,
    }
}
