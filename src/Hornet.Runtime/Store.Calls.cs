using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Hornet.Runtime;

namespace Hornet;

// How exceptions and traps leave guests.
public sealed unsafe partial class Store
{
    ExceptionDispatchInfo? _pending;

    /// <summary>Keeps an exception of a host function until the guest's frames are gone.</summary>
    internal CallStatus KeepException(Exception exception)
    {
        // Captured where it is caught: the trace up to here is part of it, wherever it is thrown again.
        _pending = ExceptionDispatchInfo.Capture(exception);
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
