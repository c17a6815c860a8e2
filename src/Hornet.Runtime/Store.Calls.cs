using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Hornet.Runtime;

namespace Hornet;

// How exceptions and traps leave guests.
public sealed unsafe partial class Store
{
    // An exception that passes through a thousand nested guests would be copied with its growing trace at each of them.
    const int MostTraces = 16;

    ExceptionDispatchInfo? _pending, _passing;
    int _passed;

    /// <summary>Keeps an exception of a host function until the guest's frames are gone.</summary>
    internal CallStatus KeepException(Exception exception)
    {
        // Captured where it is caught: the trace up to here is part of it, wherever it is thrown again.
        bool again = _passing?.SourceException == exception;
        _passed = again ? _passed + 1 : 0;
        _pending = _passing = again && _passed > MostTraces ? _passing! : ExceptionDispatchInfo.Capture(exception);
        if (exception is WasmException) return CallStatus.WasmException;
        if (exception is not TrapException { Frames.Count: 0 } trap || Vm->Current == null) return CallStatus.HostException;
        Vm->Current->Trap = trap.Type;
        return CallStatus.Trap;
    }

    /// <summary>The exception that a guest's call ends with; taken while its frames are still there.</summary>
    internal ExceptionDispatchInfo ExceptionOf(Activation* activation, CallStatus status)
    {
        ExceptionDispatchInfo? pending = _pending;
        _pending = null;
        if (activation->Parent == null) _passing = null;
        switch (status)
        {
            case CallStatus.Trap:
                Exception? cause = pending?.SourceException is TrapException t ? t.InnerException : pending?.SourceException;
                TrapException trap = new(activation->Trap, Backtraces.Of(this, activation), cause);
                return ExceptionDispatchInfo.Capture(trap.Type == TrapCode.Interrupt ? InterruptException(trap) : trap);
            case CallStatus.HostException or CallStatus.WasmException when pending is not null:
                return pending;
            default:
                return ExceptionDispatchInfo.Capture(new InvalidOperationException($"a guest's call ended with {status} and nothing to show for it"));
        }
    }
}
