using System.Runtime.InteropServices;
using System.Text;
using Hornet.Base;
using Hornet.Compiler.Machine;
using Hornet.Compiler.X64;
using Iced.Intel;
using Assembler = Hornet.Compiler.X64.Assembler;
using Decoder = Iced.Intel.Decoder;

namespace Hornet.Compiler.Tests;

using Hornet.Compiler.Ir;

/// <summary>Links compiled functions (symbol n is function n), puts them into executable memory, and calls the first one through
/// a trampoline from the system's convention. Explicit traps come back as outcomes.</summary>
internal sealed unsafe partial class NativeRunner : IDisposable
{
    // The context block: what the code under test sees as its VM context.
    private const int SavedStack = 8, TrapStub = 16, TrapPc = 24, ReturnArea = 1024, ContextBytes = 4096;

    private readonly List<byte[]> _images = [];
    private readonly List<Relocation[]> _relocations = [];
    private readonly List<TrapSite[]> _traps = [];
    private readonly List<int> _offsets = [];
    private readonly List<ReturnSite[]> _returns = [];
    private byte* _code;
    private byte* _context;
    private nuint _size;

    public static CompilerSettings Settings { get; } = new() { TrapStub = TrapStub, Verify = true };

    public ulong Context => (ulong)_context;

    public string Disassembly { get; private set; } = "";

    /// <summary>Compiles the functions, which call each other by number.</summary>
    public static NativeRunner Compile(CompilerSettings settings, CompilerContext context, params ReadOnlySpan<Function> functions)
    {
        var runner = new NativeRunner();
        foreach (Function function in functions)
        {
            CompiledCode code = context.Compile(function, settings with { TrapStub = TrapStub });
            runner._images.Add(code.Bytes.ToArray());
            runner._relocations.Add(code.Relocations.AsSpan().ToArray());
            runner._returns.Add(code.Returns.AsSpan().ToArray());
            runner._traps.Add(code.Traps.AsSpan().ToArray());
            runner.Disassembly += $"{function.Name}:\n{Disassemble(code)}";
        }
        runner.Link(functions[0].Signature);
        return runner;
    }

    public static string Disassemble(CompiledCode code)
    {
        var formatter = new NasmFormatter();
        formatter.Options.SpaceAfterOperandSeparator = true;
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = "";
        formatter.Options.RipRelativeAddresses = true;
        byte[] bytes = code.Bytes.ToArray();
        var decoder = Decoder.Create(64, bytes);
        var text = new StringBuilder();
        var output = new StringOutput();
        int end = code.CodeSize;
        while (decoder.IP < (ulong)end)
        {
            decoder.Decode(out Instruction instruction);
            formatter.Format(instruction, output);
            text.Append($"  {instruction.IP:x4}: {output.ToStringAndReset()}\n");
        }
        return text.ToString();
    }

    /// <summary>Overwrites a function by one that throws to the handler of the function that called it: what the runtime will do.</summary>
    public void MakeThrow(int thrower, int catcher, long payload)
    {
        int handler = _returns[catcher].First(site => site.Handler >= 0).Handler;
        var buffer = new CodeBuffer();
        var asm = new Assembler(buffer);
        // It has no frame of its own, so rbp is the catcher's already. Preserved registers and the context are lost on the way.
        foreach (int reg in (int[])[X64Regs.Rbx, X64Regs.R12, X64Regs.R13, X64Regs.R14, X64Regs.R15]) asm.MovImm(reg, 0x5555);
        asm.MovImm(X64Regs.Rax, payload);
        asm.MovImm(X64Regs.R11, (long)(_code + _offsets[catcher] + handler));
        asm.EmitPlain(X64Op.Push, 8, X64Regs.R11);
        asm.EmitPlain(X64Op.Ret);
        buffer.Finish();
        if (buffer.FinalSize > _images[thrower].Length) throw new InvalidOperationException("the function to be overwritten is too short");
        if (Protect(_code, _size, 3) != 0) throw new InvalidOperationException("mprotect");
        buffer.FinalBytes.CopyTo(new Span<byte>(_code + _offsets[thrower], buffer.FinalSize));
        if (Protect(_code, _size, 5) != 0) throw new InvalidOperationException("mprotect");
    }

    public IrOutcome Run(Signature signature, ReadOnlySpan<UInt128> args)
    {
        // An i128 takes two places, as it does in registers.
        UInt128* inputs = stackalloc UInt128[2 * args.Length + 1];
        UInt128* outputs = stackalloc UInt128[2 * signature.Results.Length + 1];
        int at = 0;
        for (int i = 0; i < args.Length; i++)
        {
            inputs[at++] = args[i];
            if (signature.Params[i] == IrType.I128) inputs[at++] = args[i] >> 64;
        }
        for (int i = 0; i <= 2 * signature.Results.Length; i++) outputs[i] = 0;
        // SAFETY: the trampoline follows the system's convention, keeps its preserved registers and returns here on traps too.
        var call = (delegate* unmanaged<UInt128*, byte*, UInt128*, byte*, int>)(_code + _offsets[^1]);
        int status = call(inputs, _context, outputs, _code + _offsets[0]);
        if (status != 0) return new IrOutcome(TrapAt(*(ulong*)(_context + TrapPc)), []);
        var results = new UInt128[signature.Results.Length];
        at = 0;
        for (int i = 0; i < results.Length; i++)
        {
            IrType type = signature.Results[i];
            results[i] = type == IrType.V128 ? outputs[at] : (ulong)outputs[at] & type.Mask();
            at++;
            if (type == IrType.I128) results[i] |= outputs[at++] << 64;
        }
        return new IrOutcome(TrapCode.None, results);
    }

    private TrapCode TrapAt(ulong pc)
    {
        for (int i = 0; i < _traps.Count; i++)
            foreach (TrapSite trap in _traps[i])
                if ((ulong)(_code + _offsets[i] + trap.Offset) == pc)
                    return trap.Code;
        throw new InvalidOperationException("a trap that is in no table");
    }

    private void Link(Signature signature)
    {
        int size = 0;
        _images.Add(Trampoline(signature, out int stub));
        foreach (byte[] image in _images)
        {
            _offsets.Add(size);
            size = size + image.Length + 15 & ~15;
        }
        _size = (nuint)(size + 4095 & ~4095);
        _code = (byte*)Map(null, _size, 3, 0x22, -1, 0);
        _context = (byte*)NativeMemory.AlignedAlloc(ContextBytes, 64);
        new Span<byte>(_context, ContextBytes).Clear();
        *(byte**)(_context + TrapStub) = _code + _offsets[^1] + stub;
        for (int i = 0; i < _images.Count; i++) _images[i].CopyTo(new Span<byte>(_code + _offsets[i], _images[i].Length));
        for (int i = 0; i < _relocations.Count; i++)
            foreach (Relocation relocation in _relocations[i])
            {
                byte* at = _code + _offsets[i] + relocation.Offset;
                *(int*)at = (int)(_code + _offsets[relocation.Symbol] - at) + relocation.Addend;
            }
        if (Protect(_code, _size, 5) != 0) throw new InvalidOperationException("mprotect");
    }

    private static byte[] Trampoline(Signature signature, out int stub)
    {
        var buffer = new CodeBuffer();
        var asm = new Assembler(buffer);
        int[] saved = [X64Regs.Rbx, X64Regs.R12, X64Regs.R13, X64Regs.R14, X64Regs.R15, X64Regs.Rdx];
        var slots = new FlatList<AbiSlot>();
        asm.EmitPlain(X64Op.Push, 8, X64Regs.Rbp);
        asm.Mov(X64Regs.Rbp, X64Regs.Rsp);
        foreach (int reg in saved) asm.EmitPlain(X64Op.Push, 8, reg);
        asm.Mov(X64Regs.R15, X64Regs.Rsi);
        asm.Emit(X64Op.MovMr, 8, X64Regs.Rsp, RegMem.Memory(X64Regs.R15, SavedStack));
        asm.Mov(X64Regs.R10, X64Regs.Rdi);
        asm.Mov(X64Regs.Rbx, X64Regs.Rcx);
        int bytes = X64Abi.Params(signature, slots);
        if (bytes > 0) asm.Emit(X64Op.SubMi, 8, 0, X64Regs.Rsp, bytes);
        for (int i = 0; i < slots.Count; i++)
        {
            bool area = i >= signature.Params.Length;
            AbiSlot slot = slots[i];
            if (area) asm.Emit(X64Op.Lea, 8, slot.InReg ? slot.Reg.Number : X64Regs.R11, RegMem.Memory(X64Regs.R15, ReturnArea));
            if (slot.InReg)
            {
                if (!area) asm.Emit(slot.Reg.IsVector ? X64Op.MovupsRm : X64Op.MovRm, 8, slot.Reg.Number, RegMem.Memory(X64Regs.R10, 16 * i));
                continue;
            }
            if (!area) asm.Emit(X64Op.MovupsRm, 8, 15, RegMem.Memory(X64Regs.R10, 16 * i));
            asm.Emit(area ? X64Op.MovMr : X64Op.MovupsMr, 8, area ? X64Regs.R11 : 15, RegMem.Memory(X64Regs.Rsp, slot.Offset));
        }
        asm.Emit(X64Op.CallM, 8, 0, X64Regs.Rbx);
        asm.Emit(X64Op.MovRm, 8, X64Regs.R10, RegMem.Memory(X64Regs.Rsp, 0));
        X64Abi.Results(signature, slots);
        for (int i = 0; i < slots.Count; i++)
        {
            AbiSlot slot = slots[i];
            if (!slot.InReg)
            {
                asm.Emit(X64Op.MovupsRm, 8, 15, RegMem.Memory(X64Regs.R15, ReturnArea + slot.Offset));
                asm.Emit(X64Op.MovupsMr, 8, 15, RegMem.Memory(X64Regs.R10, 16 * i));
                continue;
            }
            asm.Emit(slot.Reg.IsVector ? X64Op.MovupsMr : X64Op.MovMr, 8, slot.Reg.Number, RegMem.Memory(X64Regs.R10, 16 * i));
        }
        asm.MovImm(X64Regs.Rax, 0);
        CodeLabel exit = buffer.CreateLabel(), trap = buffer.CreateLabel();
        buffer.Bind(exit);
        foreach (int reg in saved.Reverse()) asm.EmitPlain(X64Op.Pop, 8, reg);
        asm.EmitPlain(X64Op.Pop, 8, X64Regs.Rbp);
        asm.EmitPlain(X64Op.Ret);
        buffer.Bind(trap);
        asm.EmitPlain(X64Op.Pop, 8, X64Regs.R11);
        asm.Emit(X64Op.MovMr, 8, X64Regs.R11, RegMem.Memory(X64Regs.R15, TrapPc));
        asm.Emit(X64Op.MovRm, 8, X64Regs.Rsp, RegMem.Memory(X64Regs.R15, SavedStack));
        asm.MovImm(X64Regs.Rax, 1);
        asm.Jump(exit);
        buffer.Finish();
        stub = buffer.Final(trap);
        return buffer.FinalBytes.ToArray();
    }

    public void Dispose()
    {
        if (_code != null) Unmap(_code, _size);
        if (_context != null) NativeMemory.AlignedFree(_context);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
