using System.Runtime.InteropServices;
using Hornet.Compiler.Machine;
using Hornet.Compiler.X64;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Native;

/// <summary>sigaction and sigaltstack of glibc and musl on x86-64.</summary>
internal sealed unsafe partial class LinuxFaultHandler : FaultHandler
{
    const int SigIll = 4, SigBus = 7, SigFpe = 8, SigSegv = 11;
    const int SaSigInfo = 4, SaOnStack = 0x0800_0000;
    const int RtSigaction = 13; // the system call's number

    // struct sigaction of the C library: handler, mask (1024 bits), flags, restorer.
    [StructLayout(LayoutKind.Sequential)]
    struct SigAction
    {
        public nint Handler;
        public fixed ulong Mask[16];
        public int Flags;
        public nint Restorer;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct SignalStack
    {
        public byte* Start;
        public int Flags;
        public nuint Size;
    }

    // ucontext_t: flags, link, stack (40 bytes), then r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip. siginfo_t has the address at 16.
    static readonly ContextLayout s_layout = new(Rip: 40 + 16 * 8, Rbp: 40 + 10 * 8, R11: 40 + 3 * 8, R15: 40 + 7 * 8, FaultAddress: 16);

    readonly Lock _lock = new();
    CodeRange? _code;
    SigAction* _default;

    public override void Install()
    {
        if (_code is not null) return;
        lock (_lock)
        {
            if (_code is not null) return;
            _default = (SigAction*)NativeMemory.AllocZeroed((nuint)sizeof(SigAction));
            ReadOnlySpan<int> signals = [SigSegv, SigBus, SigFpe, SigIll];
            Span<SigAction> old = stackalloc SigAction[signals.Length];
            CodeBuffer buffer = new();
            Assembler asm = new(buffer);
            CodeLabel[] handlers = new CodeLabel[signals.Length];
            for (int i = 0; i < signals.Length; i++)
            {
                fixed (SigAction* previous = &old[i]) Sigaction(signals[i], null, previous);
                nint handler = old[i].Handler is 0 or 1 ? 0 : old[i].Handler;
                handlers[i] = EmitHandler(asm, s_layout, handler, RestoreDefault);
            }
            buffer.Finish();
            CodeRange code = CodeArena.Process.Publish(buffer.FinalSize, range => buffer.FinalBytes.CopyTo(range.Writable));
            for (int i = 0; i < signals.Length; i++)
            {
                // The mask and flags that the runtime's own handler had: it is called in its own conditions. On an alternate stack it would
                // overflow where it does not expect one: CoreCLR throws its DivideByZeroException from within the handler of SIGFPE. A guest's
                // stack has room for a signal at all times (NativeTier.Headroom), so only a fault that could be of a stack needs another.
                SigAction action = old[i];
                bool alone = old[i].Handler is 0 or 1;
                action.Handler = (nint)(code.Start + buffer.Final(handlers[i]));
                action.Flags |= SaSigInfo | (alone || signals[i] == SigSegv ? SaOnStack : 0);
                if (Sigaction(signals[i], &action, null) != 0) throw new PlatformNotSupportedException("the system refuses a signal handler");
            }
            Volatile.Write(ref _code, code);
        }
    }

    // rt_sigaction(signal, default, null, 8): the kernel's structure with an all-zero action is the default one. rdi still is the signal.
    void RestoreDefault(Assembler asm)
    {
        asm.MovImm(Rsi, (long)_default);
        asm.Emit(X64Op.XorRm, 4, Rdx, Rdx);
        asm.MovImm(R10, 8);
        asm.MovImm(Rax, RtSigaction);
        asm.Buffer.Byte(0x0F);
        asm.Buffer.Byte(0x05); // syscall
    }

    public override void PrepareThread() => ThreadSignalStack.Ensure();

    /// <summary>A thread's alternate signal stack, where the runtime has not given it one; freed when the thread has gone.</summary>
    sealed class ThreadSignalStack
    {
        const int Bytes = 64 << 10;
        const int Disabled = 2;

        [ThreadStatic] static ThreadSignalStack? t_stack;

        readonly byte* _memory;

        ThreadSignalStack()
        {
            SignalStack current;
            if (Sigaltstack(null, &current) != 0 || (current.Flags & Disabled) == 0) return;
            _memory = (byte*)NativeMemory.Alloc(Bytes);
            SignalStack own = new() { Start = _memory, Size = Bytes };
            if (Sigaltstack(&own, null) != 0) throw new PlatformNotSupportedException("the system refuses an alternate signal stack");
        }

        // The thread, and with it the kernel's knowledge of the stack, is gone when its static is collected.
        ~ThreadSignalStack() => NativeMemory.Free(_memory);

        public static void Ensure() => t_stack ??= new();
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Sigaction(int signal, SigAction* action, SigAction* old);

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int Sigaltstack(SignalStack* stack, SignalStack* old);
}
