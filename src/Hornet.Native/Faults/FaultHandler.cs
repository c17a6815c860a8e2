using Hornet.Compiler.Machine;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Native;

/// <summary>
/// Turns hardware faults of guest code into traps. The handler is machine code of our own: it asks whether the pc lies in the code
/// arena, writes pc, frame, address and signal into the activation, and lets the thread go on in <see cref="Stubs.Leave"/>. Every
/// other fault goes to the handler that was there before. Nothing managed runs in it.
/// </summary>
internal abstract unsafe class FaultHandler
{
    /// <summary>The system's, or null where guest code cannot rely on faults.</summary>
    public static FaultHandler? Process { get; } = OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64
        ? new LinuxFaultHandler() : null;

    /// <summary>Installs the handlers, once for a process; may be called again.</summary>
    public abstract void Install();

    /// <summary>Sees to it that this thread has an alternate signal stack: the guest's may be the one that overflowed.</summary>
    public abstract void PrepareThread();


    /// <summary>Where the system keeps an interrupted thread's registers, as offsets from the handler's third argument.</summary>
    protected readonly record struct ContextLayout(int Rip, int Rbp, int R11, int R15, int FaultAddress);

    /// <summary>
    /// The handler of one signal. rdi is the signal, rsi its information, rdx the interrupted registers.
    /// </summary>
    /// <param name="asm">Where to.</param>
    /// <param name="layout">Where the registers lie.</param>
    /// <param name="previous">The handler that was there before, 0 for the system's own action.</param>
    /// <param name="restoreDefault">What restores the system's action for a signal; emitted for a handler of 0.</param>
    protected static CodeLabel EmitHandler(Assembler asm, in ContextLayout layout, nint previous, Action<Assembler> restoreDefault)
    {
        CodeBuffer buffer = asm.Buffer;
        CodeLabel start = buffer.CreateLabel(), other = buffer.CreateLabel();
        buffer.Align(16);
        buffer.Bind(start);
        asm.Emit(X64Op.MovRm, 8, Rax, RegMem.Memory(Rdx, layout.Rip));
        asm.MovImm(Rcx, (long)CodeArena.Process.Base);
        asm.Mov(R8, Rax);
        asm.Emit(X64Op.SubRm, 8, R8, Rcx);
        asm.Emit(X64Op.CmpMi, 8, 0, R8, CodeArena.Size);
        asm.JumpIf(Cond.AE, other);
        // The pinned register of guest code leads to the activation.
        asm.Emit(X64Op.MovRm, 8, R9, RegMem.Memory(Rdx, layout.R15));
        asm.Emit(X64Op.MovRm, 8, Rcx, RegMem.Memory(R9, VmOffsets.ContextStore));
        asm.Emit(X64Op.MovRm, 8, Rcx, RegMem.Memory(Rcx, VmOffsets.StoreCurrent));
        asm.Emit(X64Op.MovMr, 8, R9, RegMem.Memory(Rcx, VmOffsets.ActivationTrapContext));
        asm.Emit(X64Op.MovMr, 8, Rax, RegMem.Memory(Rcx, VmOffsets.ActivationTrapPc));
        asm.Emit(X64Op.MovRm, 8, Rax, RegMem.Memory(Rdx, layout.Rbp));
        asm.Emit(X64Op.MovMr, 8, Rax, RegMem.Memory(Rcx, VmOffsets.ActivationTrapFrame));
        asm.Emit(X64Op.MovRm, 8, Rax, RegMem.Memory(Rsi, layout.FaultAddress));
        asm.Emit(X64Op.MovMr, 8, Rax, RegMem.Memory(Rcx, VmOffsets.ActivationTrapAddress));
        asm.Emit(X64Op.MovMi, 4, 0, RegMem.Memory(Rcx, VmOffsets.ActivationExit), (int)CallStatus.Fault);
        asm.Emit(X64Op.MovMr, 8, Rcx, RegMem.Memory(Rdx, layout.R11));
        asm.MovImm(Rax, Stubs.Process.Leave);
        asm.Emit(X64Op.MovMr, 8, Rax, RegMem.Memory(Rdx, layout.Rip));
        asm.EmitPlain(X64Op.Ret);
        buffer.Bind(other);
        if (previous != 0)
        {
            asm.MovImm(Rax, previous);
            asm.Emit(X64Op.JmpM, 8, 0, Rax);
        }
        else
        {
            // The system's action, and then the same fault again.
            restoreDefault(asm);
            asm.EmitPlain(X64Op.Ret);
        }
        return start;
    }
}
