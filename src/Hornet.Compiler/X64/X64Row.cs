namespace Hornet.Compiler.X64;

/// <summary>What a CPU can do beyond SSE4.1, which is the floor.</summary>
[Flags]
internal enum CpuFeatures
{
    Base = 0,
    Sse42 = 1,
    Popcnt = 2,
    Lzcnt = 4,
    Bmi1 = 8,
    Bmi2 = 16,
    Avx = 32,
    Avx2 = 64,
    Fma = 128,
}

/// <summary>Where an instruction's operands are encoded.</summary>
internal enum X64Form : byte
{
    /// <summary>reg ← r/m (for arithmetic: reg is read too).</summary>
    RM,
    /// <summary>r/m ← reg.</summary>
    MR,
    /// <summary>r/m with an immediate of the operand's size, or a byte of it where that suffices.</summary>
    MI,
    MI8,
    /// <summary>r/m alone; a digit in the reg field.</summary>
    M,
    /// <summary>r/m, shifted by cl.</summary>
    MC,
    RMI,
    RMI8,
    MRI8,
    /// <summary>reg ← vvvv, r/m; without VEX, reg is the first source too.</summary>
    RVM,
    RVMI8,
    /// <summary>reg ← r/m, vvvv.</summary>
    RMV,
    /// <summary>vvvv ← r/m, imm8; without VEX, r/m is both.</summary>
    VMI8,
    /// <summary>The register is in the opcode.</summary>
    O,
    OI,
    Z,
    ZI16,
    /// <summary>No operands, and a fixed third byte.</summary>
    Z3,
}

[Flags]
internal enum X64Flags : uint
{
    None = 0,
    /// <summary>Operand size 1, 2, 4 or 8, the byte form having the opcode before.</summary>
    Size = 1,
    /// <summary>Operand size 2, 4 or 8.</summary>
    SizeNoByte = 2,
    /// <summary>Operand size 4 or 8.</summary>
    SizeW = 4,
    /// <summary>Always 8 bytes, without REX.W.</summary>
    Size64 = 8,
    W1 = 16,
    ByteReg = 32,
    HasCond = 64,
    RegX = 128,
    RmX = 256,
    /// <summary>Has a VEX form, used where AVX is there.</summary>
    Vex = 512,
    VexOnly = 1024,
    Lockable = 2048,
    MemOnly = 4096,
    RegOnly = 8192,
    /// <summary>Bits that r/m has in memory, where they are not the operand's size.</summary>
    M8 = 1 << 14,
    M16 = 1 << 15,
    M32 = 1 << 16,
    M64 = 1 << 17,
}

internal readonly record struct X64Row(
    X64Op Op, string Name, X64Form Form, byte Prefix, byte Map, byte Code, sbyte Ext, X64Flags Flags, CpuFeatures Feature = CpuFeatures.Base)
{
    public bool Has(X64Flags flags) => (Flags & flags) != 0;
}
