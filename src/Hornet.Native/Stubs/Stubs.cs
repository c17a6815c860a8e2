using Hornet.Compiler.Machine;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Native;

/// <summary>
/// The few instructions between C# and guest code that no compiler makes: they change stacks.
///
/// <code>
///   C# ── Enter ──► trampoline ──► function        on the guest's stack
///                                     │ builtin
///   C# ◄────────── Call ◄─────────────┘             back on the host's, below Enter's frame
///   C# ◄── Leave ◄── trap, or a builtin that says so: the guest's stack is abandoned
///                      or a builtin says that a frame catches: the guest goes on at its handler
///                      or it says that a host function waits: the registers are kept in the activation, the stack as it is
///   C# ── Resume ──► behind that builtin's call
/// </code>
/// </summary>
internal sealed unsafe class Stubs
{
    static readonly Lazy<Stubs> s_process = new(static () => new());

    readonly CodeRange _code;
    readonly nint _lazy;
    readonly nint[] _builtins = new nint[(int)Builtin.Count];
    // Where each begins, in order.
    readonly (string Name, nint Start)[] _names;

    Stubs()
    {
        CodeBuffer buffer = new();
        Assembler asm = new(buffer);
        CodeLabel leave = buffer.CreateLabel(), call = buffer.CreateLabel(), enter = buffer.CreateLabel(), returned = buffer.CreateLabel(), resume = buffer.CreateLabel();
        CodeLabel[] builtins = new CodeLabel[(int)Builtin.Count];
        for (int i = 0; i < builtins.Length; i++) builtins[i] = buffer.CreateLabel();
        EmitEnter(asm, enter, leave);
        EmitCall(asm, call, returned, leave);
        EmitResume(asm, resume, returned);
        CodeLabel trap = buffer.CreateLabel();
        EmitTrap(asm, trap, leave);
        CodeLabel lazy = buffer.CreateLabel(), lazyHost = buffer.CreateLabel();
        EmitLazy(asm, lazy, call);
        EmitLazyHost(asm, lazyHost, call);
        for (int i = 0; i < builtins.Length; i++)
        {
            buffer.Align(16);
            buffer.Bind(builtins[i]);
            asm.MovImm(Rax, i);
            asm.Jump(call);
        }
        buffer.Finish();
        _code = CodeArena.Process.Publish(buffer.FinalSize, range => buffer.FinalBytes.CopyTo(range.Writable));
        Enter = (delegate* unmanaged<VmContext*, nint, nint, ValRaw*, byte*, Activation*, int>)(_code.Start + buffer.Final(enter));
        Resume = (delegate* unmanaged<Activation*, int>)(_code.Start + buffer.Final(resume));
        _lazy = (nint)(_code.Start + buffer.Final(lazy));
        LazyHost = (nint)(_code.Start + buffer.Final(lazyHost));
        Trap = (nint)(_code.Start + buffer.Final(trap));
        Leave = (nint)(_code.Start + buffer.Final(leave));
        Call = (nint)(_code.Start + buffer.Final(call));
        for (int i = 0; i < builtins.Length; i++) _builtins[i] = (nint)(_code.Start + buffer.Final(builtins[i]));
        _names =
        [
            ("enter guest", (nint)Enter), ("call out of guest", Call), ("resume guest", (nint)Resume), ("trap", Trap), ("compile at first call", _lazy),
            .. _builtins.Select(static (start, i) => ($"builtin {(Builtin)i}", start)),
        ];
    }

    /// <summary>Tells a profiler what is called here.</summary>
    public void NameIn(CodeProfile profile)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            nint end = i + 1 < _names.Length ? _names[i + 1].Start : (nint)_code.Start + _code.Size;
            profile.Add((byte*)_names[i].Start, (int)(end - _names[i].Start), _names[i].Name);
        }
    }

    public static Stubs Process => s_process.Value;

    /// <summary>Goes over to the guest's stack and calls a trampoline there: context, trampoline, entry, values, guest stack pointer, activation. Returns the <see cref="CallStatus"/>.</summary>
    public delegate* unmanaged<VmContext*, nint, nint, ValRaw*, byte*, Activation*, int> Enter { get; }

    /// <summary>Goes over to the guest's stack behind the builtin that suspended the activation, with the status in <see cref="Activation.Exit"/>. Returns the <see cref="CallStatus"/>.</summary>
    public delegate* unmanaged<Activation*, int> Resume { get; }

    /// <summary>Where the fault handler sends a guest: r11 is the activation.</summary>
    public nint Leave { get; }

    /// <summary>What code without faults calls to trap: the same as a fault at the place that it would return to.</summary>
    public nint Trap { get; }

    /// <summary>The entry of a host function that has no thunk yet.</summary>
    public nint LazyHost { get; }

    /// <summary>Where images call builtins: eax is the number, rdi the VM context.</summary>
    public nint Call { get; }

    /// <summary>The code that machine code calls for a builtin.</summary>
    public nint AddressOf(Builtin builtin) => _builtins[(int)builtin];

    // What the system's convention has a call preserve; the builtins' C# side does, for the guest.
    static ReadOnlySpan<int> Preserved => [Rbp, Rbx, R12, R13, R14, R15];

    // rdi context, rsi trampoline, rdx entry, rcx values, r8 guest stack pointer, r9 activation
    static void EmitEnter(Assembler asm, CodeLabel enter, CodeLabel leave)
    {
        CodeBuffer buffer = asm.Buffer;
        buffer.Align(16);
        buffer.Bind(enter);
        EmitKeepHost(asm, R9);
        asm.Mov(R15, Rdi);
        asm.Mov(Rsp, R8);
        asm.EmitPlain(X64Op.Push, reg: R9);
        asm.EmitPlain(X64Op.Push, reg: R9);
        // The chain of frame pointers ends here.
        asm.Emit(X64Op.XorRm, 4, Rbp, Rbp);
        asm.Mov(Rax, Rsi);
        asm.Mov(Rdi, Rdx);
        asm.Mov(Rsi, Rcx);
        asm.Emit(X64Op.CallM, 8, 0, Rax);
        asm.EmitPlain(X64Op.Pop, reg: R11);
        asm.Emit(X64Op.MovMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), (int)CallStatus.Ok);
        // Ends the guest's part: status from the activation in r11.
        buffer.Bind(leave);
        asm.Emit(X64Op.MovRm, 8, Rsp, RegMem.Memory(R11, VmOffsets.ActivationHostStackPointer));
        asm.Emit(X64Op.MovRm, 4, Rax, RegMem.Memory(R11, VmOffsets.ActivationExit));
        asm.Emit(X64Op.AddMi, 8, 0, Rsp, 8);
        for (int i = Preserved.Length - 1; i >= 0; i--) asm.EmitPlain(X64Op.Pop, reg: Preserved[i]);
        asm.EmitPlain(X64Op.Ret);
    }

    // What Leave takes from the host's stack again.
    static void EmitKeepHost(Assembler asm, int activation)
    {
        foreach (int register in Preserved) asm.EmitPlain(X64Op.Push, reg: register);
        // The return address and six registers: eight bytes more and the stack is aligned.
        asm.Emit(X64Op.SubMi, 8, 0, Rsp, 8);
        asm.Emit(X64Op.MovMr, 8, Rsp, RegMem.Memory(activation, VmOffsets.ActivationHostStackPointer));
    }

    // rdi activation
    static void EmitResume(Assembler asm, CodeLabel resume, CodeLabel returned)
    {
        CodeBuffer buffer = asm.Buffer;
        buffer.Align(16);
        buffer.Bind(resume);
        EmitKeepHost(asm, Rdi);
        asm.Mov(R11, Rdi);
        for (int i = 0; i < Preserved.Length; i++) asm.Emit(X64Op.MovRm, 8, Preserved[i], RegMem.Memory(R11, VmOffsets.ActivationRegisters + 8 * i));
        asm.Emit(X64Op.MovRm, 8, R10, RegMem.Memory(R11, VmOffsets.ActivationNativeTop));
        asm.Jump(returned);
    }

    // rax number, rdi context, up to five more arguments where the system's convention wants them. rax and r10 are free: no builtin has so many.
    static void EmitCall(Assembler asm, CodeLabel call, CodeLabel returned, CodeLabel leave)
    {
        CodeBuffer buffer = asm.Buffer;
        buffer.Align(16);
        buffer.Bind(call);
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(Rdi, VmOffsets.ContextStore));
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(R11, VmOffsets.StoreCurrent));
        asm.Emit(X64Op.MovMr, 8, Rsp, RegMem.Memory(R11, VmOffsets.ActivationNativeTop));
        asm.Emit(X64Op.MovMr, 8, Rbp, RegMem.Memory(R11, VmOffsets.ActivationTrapFrame));
        asm.Emit(X64Op.MovMr, 8, Rdi, RegMem.Memory(R11, VmOffsets.ActivationTrapContext));
        asm.Mov(R10, Rsp);
        asm.Emit(X64Op.MovRm, 8, Rsp, RegMem.Memory(R11, VmOffsets.ActivationHostStackPointer));
        asm.EmitPlain(X64Op.Push, reg: R10);
        asm.EmitPlain(X64Op.Push, reg: R11);
        asm.MovImm(R10, (long)NativeBuiltins.Table);
        asm.Emit(X64Op.CallM, 8, 0, RegMem.Memory(R10, 0, Rax, 3));
        asm.EmitPlain(X64Op.Pop, reg: R11);
        asm.EmitPlain(X64Op.Pop, reg: R10);
        // r11 activation, r10 the guest's stack pointer.
        buffer.Bind(returned);
        asm.Emit(X64Op.CmpMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), 0);
        CodeLabel elsewhere = buffer.CreateLabel(), notCaught = buffer.CreateLabel();
        asm.JumpIf(Cond.NE, elsewhere);
        asm.Mov(Rsp, R10);
        asm.EmitPlain(X64Op.Ret);
        // A handler needs nothing but its frame and the exception: it sets the stack pointer and the context itself.
        buffer.Bind(elsewhere);
        asm.Emit(X64Op.CmpMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), (int)CallStatus.Caught);
        asm.JumpIf(Cond.NE, notCaught);
        asm.Emit(X64Op.MovMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), (int)CallStatus.Ok);
        asm.Emit(X64Op.MovRm, 8, Rbp, RegMem.Memory(R11, VmOffsets.ActivationHandlerFrame));
        asm.Emit(X64Op.MovRm, 8, Rax, RegMem.Memory(R11, VmOffsets.ActivationHandlerPayload));
        asm.Emit(X64Op.JmpM, 8, 0, RegMem.Memory(R11, VmOffsets.ActivationHandlerPc));
        buffer.Bind(notCaught);
        asm.Emit(X64Op.CmpMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), (int)CallStatus.Suspended);
        asm.JumpIf(Cond.NE, leave);
        for (int i = 0; i < Preserved.Length; i++) asm.Emit(X64Op.MovMr, 8, Preserved[i], RegMem.Memory(R11, VmOffsets.ActivationRegisters + 8 * i));
        asm.Jump(leave);
    }

    // r15 context. Notes what the fault handler notes.
    static void EmitTrap(Assembler asm, CodeLabel trap, CodeLabel leave)
    {
        CodeBuffer buffer = asm.Buffer;
        buffer.Align(16);
        buffer.Bind(trap);
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(R15, VmOffsets.ContextStore));
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(R11, VmOffsets.StoreCurrent));
        asm.EmitPlain(X64Op.Pop, reg: Rax);
        asm.Emit(X64Op.MovMr, 8, Rax, RegMem.Memory(R11, VmOffsets.ActivationTrapPc));
        asm.Emit(X64Op.MovMr, 8, Rbp, RegMem.Memory(R11, VmOffsets.ActivationTrapFrame));
        asm.Emit(X64Op.MovMr, 8, R15, RegMem.Memory(R11, VmOffsets.ActivationTrapContext));
        asm.Emit(X64Op.MovMi, 4, 0, RegMem.Memory(R11, VmOffsets.ActivationExit), (int)CallStatus.Fault);
        asm.Jump(leave);
    }

    // r11 function, r15 context, and the arguments of a call in flight, all of which must survive. The builtin says in the save area whose code the
    // call goes on in; if nowhere, the interpreter has run the function, and its results are where the arguments were.
    static void EmitLazy(Assembler asm, CodeLabel lazy, CodeLabel call)
    {
        CodeBuffer buffer = asm.Buffer;
        CodeLabel interpreted = buffer.CreateLabel(), popped = buffer.CreateLabel();
        EmitSave(asm, lazy);
        asm.Mov(Rdi, R15);
        asm.Mov(Rsi, R11);
        EmitBuiltin(asm, call, Builtin.Compile);
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(Rsp, 8 * R11));
        asm.Emit(X64Op.TestMr, 8, R11, R11);
        asm.JumpIf(Cond.E, interpreted);
        EmitRestore(asm);
        asm.Emit(X64Op.JmpM, 8, 0, R11);
        buffer.Bind(interpreted);
        asm.Mov(Rdi, R15);
        asm.Emit(X64Op.MovRm, 8, Rsi, RegMem.Memory(Rsp, 8 * R10));
        EmitBuiltin(asm, call, Builtin.TakeResults);
        asm.Emit(X64Op.MovRm, 8, R10, RegMem.Memory(Rsp, 8 * R10));
        EmitRestore(asm);
        // The callee pops its arguments.
        asm.Emit(X64Op.TestMr, 8, R10, R10);
        asm.JumpIf(Cond.NE, popped);
        asm.EmitPlain(X64Op.Ret);
        buffer.Bind(popped);
        asm.EmitPlain(X64Op.Pop, reg: R11);
        asm.Emit(X64Op.AddRm, 8, Rsp, R10);
        asm.Emit(X64Op.JmpM, 8, 0, R11);
    }

    // r15 the host function's reference. The caller's context lies in the caller's frame, as for call-out thunks.
    static void EmitLazyHost(Assembler asm, CodeLabel lazy, CodeLabel call)
    {
        EmitSave(asm, lazy);
        asm.Emit(X64Op.MovRm, 8, Rdi, RegMem.Memory(Rbp, 0));
        asm.Emit(X64Op.MovRm, 8, Rdi, RegMem.Memory(Rdi, -8));
        asm.Mov(Rsi, R15);
        EmitBuiltin(asm, call, Builtin.LinkHost);
        asm.Emit(X64Op.MovRm, 8, R11, RegMem.Memory(Rsp, 8 * R11));
        EmitRestore(asm);
        asm.Emit(X64Op.JmpM, 8, 0, R11);
    }

    /// <summary>Where a stub that interrupts a call keeps the registers of arguments and results: integers by their number, then vectors; and its return address is how far above.</summary>
    public const int SavedVectors = 16 * 8, SaveArea = SavedVectors + 8 * 16;

    static ReadOnlySpan<int> Passing => [Rdi, Rsi, Rdx, Rcx, R8, R9, Rax];

    static void EmitSave(Assembler asm, CodeLabel start)
    {
        asm.Buffer.Align(16);
        asm.Buffer.Bind(start);
        asm.EmitPlain(X64Op.Push, reg: Rbp);
        asm.Mov(Rbp, Rsp);
        asm.Emit(X64Op.SubMi, 8, 0, Rsp, SaveArea);
        foreach (int register in Passing) asm.Emit(X64Op.MovMr, 8, register, RegMem.Memory(Rsp, 8 * register));
        asm.Emit(X64Op.MovMr, 8, R11, RegMem.Memory(Rsp, 8 * R10));
        for (int i = 0; i < 8; i++) asm.Emit(X64Op.MovupsMr, 0, i, RegMem.Memory(Rsp, SavedVectors + 16 * i));
    }

    static void EmitBuiltin(Assembler asm, CodeLabel call, Builtin builtin)
    {
        asm.Mov(Rdx, Rsp);
        asm.MovImm(Rax, (int)builtin);
        asm.Buffer.Byte(0xE8); // call
        asm.Buffer.Distance(call, 0);
    }

    static void EmitRestore(Assembler asm)
    {
        foreach (int register in Passing) asm.Emit(X64Op.MovRm, 8, register, RegMem.Memory(Rsp, 8 * register));
        for (int i = 0; i < 8; i++) asm.Emit(X64Op.MovupsRm, 0, i, RegMem.Memory(Rsp, SavedVectors + 16 * i));
        asm.Mov(Rsp, Rbp);
        asm.EmitPlain(X64Op.Pop, reg: Rbp);
    }

    /// <summary>Bytes of one stub of <see cref="MakeLazy"/>.</summary>
    public const int LazySize = 16;

    /// <summary>Stubs that compile the function of their number when they are called, and go on there.</summary>
    public CodeRange MakeLazy(int count) => CodeArena.Process.Publish(checked(count * LazySize), range =>
    {
        Span<byte> bytes = range.Writable;
        for (int i = 0; i < count; i++)
        {
            // mov r11d, i; jmp lazy
            Span<byte> stub = bytes.Slice(i * LazySize, LazySize);
            stub[0] = 0x41;
            stub[1] = 0xBB;
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(stub[2..], i);
            stub[6] = 0xE9;
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(stub[7..], checked((int)(_lazy - ((nint)range.Start + i * LazySize + 11))));
            stub[11..].Fill(0xCC);
        }
    });
}
