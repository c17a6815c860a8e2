using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Compiler.X64;

/// <summary>Where one argument or result travels: a register, or a 16-byte cell of the stack (of the return area, for results).</summary>
internal readonly record struct AbiSlot(PReg Reg, int Offset)
{
    public bool InReg => !Reg.IsNone;
}

/// <summary>The calling convention of docs/compiler.md.</summary>
internal static class X64Abi
{
    public const int CellSize = 16;
    public const ulong CalleeSaved = 1UL << Rbx | 1UL << R12 | 1UL << R13 | 1UL << R14;

    private const ulong IntRegs =
        1UL << Rax | 1UL << Rcx | 1UL << Rdx | 1UL << Rbx | 1UL << Rsi | 1UL << Rdi | 1UL << R8 | 1UL << R9 | 1UL << R10 | 1UL << R12 | 1UL << R13 | 1UL << R14;

    /// <summary>Everything but rsp, rbp, the pinned register and the scratch registers.</summary>
    public const ulong Allocatable = IntRegs | 0x7FFFUL << 32;

    /// <summary>Holds the address of an indirect tail call: no argument travels in it, and it is not preserved.</summary>
    public static PReg TailCallee => PReg.Int(R10);

    /// <summary>Where a handler finds its payload.</summary>
    public static PReg Payload => PReg.Int(Rax);

    private static ReadOnlySpan<byte> IntArgs => [Rdi, Rsi, Rdx, Rcx, R8, R9, Rax];

    private static ReadOnlySpan<byte> IntResults => [Rax, Rdx, Rcx, Rsi, Rdi, R8, R9];

    private const int VectorRegs = 8;

    /// <summary>Assigns the parameters, and behind them the address of the return area where one is needed; returns the bytes on the stack.</summary>
    public static int Params(Signature signature, FlatList<AbiSlot> slots)
    {
        slots.Clear();
        int bytes = 0, ints = 0, vectors = 0;
        for (int i = 0; i < signature.Params.Length; i++)
        {
            if (i == 0 && signature.HasContext) slots.Add(new AbiSlot(PReg.Int(Pinned), 0));
            else slots.Add(Next(signature.Params[i], IntArgs, ref ints, ref vectors, ref bytes));
        }
        if (ReturnAreaSize(signature) > 0) slots.Add(Next(IrType.I64, IntArgs, ref ints, ref vectors, ref bytes));
        return bytes;
    }

    public static int Results(Signature signature, FlatList<AbiSlot> slots)
    {
        slots.Clear();
        int bytes = 0, ints = 0, vectors = 0;
        foreach (IrType type in signature.Results) slots.Add(Next(type, IntResults, ref ints, ref vectors, ref bytes));
        return bytes;
    }

    public static int ReturnAreaSize(Signature signature)
    {
        int ints = 0, vectors = 0;
        foreach (IrType type in signature.Results)
            if (type.IsVectorClass()) vectors++;
            else ints++;
        return CellSize * (Math.Max(0, ints - IntResults.Length) + Math.Max(0, vectors - VectorRegs));
    }

    public static int StackBytes(Signature signature)
    {
        int ints = signature.HasContext ? -1 : 0, vectors = 0;
        foreach (IrType type in signature.Params)
            if (type.IsVectorClass()) vectors++;
            else ints++;
        if (ReturnAreaSize(signature) > 0) ints++;
        return CellSize * (Math.Max(0, ints - IntArgs.Length) + Math.Max(0, vectors - VectorRegs));
    }

    private static AbiSlot Next(IrType type, ReadOnlySpan<byte> intRegs, ref int ints, ref int vectors, ref int bytes)
    {
        if (type.IsVectorClass())
        {
            if (vectors < VectorRegs) return new AbiSlot(PReg.Vector(vectors++), 0);
        }
        else if (ints < intRegs.Length)
        {
            return new AbiSlot(PReg.Int(intRegs[ints++]), 0);
        }
        bytes += CellSize;
        return new AbiSlot(PReg.None, bytes - CellSize);
    }
}
