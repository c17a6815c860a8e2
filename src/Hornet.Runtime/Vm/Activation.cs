using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// One call from the host into guest code: everything that belongs to the call and not to the instance. Linked from
/// <see cref="VmStore.Current"/>. Lives on the host stack of the caller, or, where the call may be suspended, in memory of its own.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Activation
{
    /// <summary>The activation that was current before: the guest that called the host function that made this call.</summary>
    public Activation* Parent;
    public VmStore* Store;
    /// <summary>Lowest address of the guest stack: interpreter frames grow up from here.</summary>
    public byte* StackBase;
    /// <summary>One past its highest address: native frames grow down from here.</summary>
    public byte* StackEnd;
    /// <summary>The first byte that no interpreter frame uses. Kept current at calls out of the interpreter.</summary>
    public byte* InterpreterTop;
    /// <summary>The stack pointer of the innermost native frame, or <see cref="StackEnd"/>. Kept current at calls out of native code.</summary>
    public byte* NativeTop;
    /// <summary>The host thread's stack must not be used below this: host functions are not entered, nested calls are refused.</summary>
    public byte* HostStackLimit;
    /// <summary>Host stack pointer at entry: where host calls and unwinding return to (native tier).</summary>
    public byte* HostStackPointer;
    /// <summary>The interpreter's current frame and instruction when it has left its loop for a call or a trap: backtraces start here.</summary>
    public void* InterpreterFrame;
    public void* InterpreterIp;
    /// <summary>The instance whose code <see cref="InterpreterIp"/> is.</summary>
    public VmContext* InterpreterContext;
    /// <summary>Native pc, frame and faulting address of a trap.</summary>
    public nint TrapPc, TrapFrame;
    public ulong TrapAddress;
    /// <summary>Where machine code goes on after a throw (<see cref="CallStatus.Caught"/>): the handler, its frame, and the exception.</summary>
    public nint HandlerPc, HandlerFrame;
    public ulong HandlerPayload;
    /// <summary>The instance whose machine code was left last.</summary>
    public VmContext* TrapContext;
    public TrapCode Trap;
    /// <summary>Other than Ok when native code is to be left: builtins and the fault handler set it.</summary>
    public CallStatus Exit;
    /// <summary>Whether host calls may wait by leaving: no frame of the host's lies between here and the <see cref="GuestTask"/>.</summary>
    public bool Suspendable;
    /// <summary>The interpreter's host call that is waiting: its instruction and its frame. Null where machine code was left.</summary>
    public byte* ResumeIp, ResumeFp;
    /// <summary>What the suspended call calls, and where its results go.</summary>
    public VmFuncRef* Callee;
    public ValRaw* Values;
    /// <summary>The registers of suspended machine code that a call preserves, as <c>Stubs</c> saves them.</summary>
    public SavedRegisters Registers;
}

/// <summary>Six registers. Not an array: methods that have one on their stack check a cookie, which each call from the host would pay for.</summary>
[StructLayout(LayoutKind.Sequential, Size = 6 * sizeof(ulong))]
internal struct SavedRegisters;

/// <summary>How guest code was left.</summary>
internal enum CallStatus
{
    /// <summary>Results are in place.</summary>
    Ok,
    /// <summary><see cref="Activation.Trap"/> says why.</summary>
    Trap,
    /// <summary>A host function threw; the exception waits in the store.</summary>
    HostException,
    /// <summary>A WebAssembly exception that no frame of the activation catches; it waits in the store.</summary>
    WasmException,
    /// <summary>A host call is waiting; the activation can be resumed. Seen only where it is <see cref="Activation.Suspendable"/>.</summary>
    Suspended,
    /// <summary>A frame of machine code catches what was thrown and goes on; never leaves the native tier.</summary>
    Caught,
    /// <summary>Native code faulted; never leaves the native tier, which makes a trap of it or gives up.</summary>
    Fault,
}
