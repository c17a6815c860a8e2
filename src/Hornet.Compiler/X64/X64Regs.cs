using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <summary>The registers by name.</summary>
internal static class X64Regs
{
    public const int Rax = 0, Rcx = 1, Rdx = 2, Rbx = 3, Rsp = 4, Rbp = 5, Rsi = 6, Rdi = 7;
    public const int R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15;

    /// <summary>Scratch of the code generator; never allocated.</summary>
    public const int Scratch = R11, ScratchX = 15;

    /// <summary>The VM context.</summary>
    public const int Pinned = R15;

    private static readonly string[] Names64 =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    public static string Name(PReg reg) => reg.IsVector ? $"xmm{reg.Number}" : Names64[reg.Number];
}

/// <summary>An x86 condition: the low four bits of <c>jcc</c>.</summary>
internal enum Cond : byte
{
    O, NO, B, AE, E, NE, BE, A, S, NS, P, NP, L, GE, LE, G,
    /// <summary>After <c>ucomis</c>: equal and ordered.</summary>
    FloatE,
    /// <summary>After <c>ucomis</c>: unequal or unordered.</summary>
    FloatNE,
}

internal static class Conds
{
    public static Cond Invert(this Cond cond) => (Cond)((int)cond ^ 1);
}

/// <summary>The r/m operand: a register, or memory at base + index * 2^scale + displacement, or at a label.</summary>
internal readonly struct RegMem
{
    public const int NoReg = -1;

    public readonly bool IsMem;
    public readonly sbyte Base, Index, Scale;
    public readonly int Disp;
    public readonly CodeLabel Label;

    private RegMem(bool isMem, int @base, int index, int scale, int disp, CodeLabel label)
    {
        IsMem = isMem;
        (Base, Index, Scale) = ((sbyte)@base, (sbyte)index, (sbyte)scale);
        (Disp, Label) = (disp, label);
    }

    public int Reg => Base;

    public static RegMem Register(int number) => new(false, number, NoReg, 0, 0, CodeLabel.None);

    public static RegMem Memory(int @base, int disp, int index = NoReg, int scale = 0) => new(true, @base, index, scale, disp, CodeLabel.None);

    public static RegMem At(CodeLabel label, int disp = 0) => new(true, NoReg, NoReg, 0, disp, label);
}
