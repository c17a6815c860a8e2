using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <summary>Machine instructions that are more (or less) than one row of the table; numbered behind the rows.</summary>
internal enum X64Pseudo : ushort
{
    First = 1024,
    /// <summary>Fixed definitions at a block's start: parameters, results of a <c>try_call</c>.</summary>
    LiveIn = First,
    Jump,
    JumpTable,
    Return,
    Call,
    CallIndirect,
    TailCall,
    TailCallIndirect,
    TryCall,
    TryCallIndirect,
    Trap,
    /// <summary>A constant of <c>Size</c> bytes into a register.</summary>
    Constant,
    VectorConstant,
    Context,
    FramePointer,
    StackPointer,
    FuncAddr,
    /// <summary>Quotient or remainder with all its traps.</summary>
    Divide,
    FloatMinMax,
    FloatToInt,
    UnsignedToFloat,
    BitScan,
    PopcntSlow,
    AtomicLoop,
}

/// <summary>What consumes the flags of an instruction, in the same machine instruction, so that nothing comes between.</summary>
internal enum X64Tail : byte
{
    None,
    /// <summary>To the first successor if the condition holds, else to the second.</summary>
    Branch,
    Set,
    Cmov,
    /// <summary>A conditional move of a vector register, by jumping over a move.</summary>
    VectorMove,
    Trap,
    /// <summary>To a register, another one (or nothing) and the carry.</summary>
    Adc,
    Sbb,
}

internal enum X64Mem : byte
{
    /// <summary>The r/m operand is a register (or, where the allocator may, its frame slot).</summary>
    None,
    Based,
    /// <summary>Relative to the VM context.</summary>
    Pinned,
    /// <summary>In stack slot <c>Aux</c>.</summary>
    StackSlot,
    /// <summary>The function's own stack arguments.</summary>
    Incoming,
    /// <summary>Stack arguments of a call.</summary>
    Outgoing,
    /// <summary>Where callees leave results that have no register.</summary>
    ReturnArea,
    /// <summary>Constant <c>Aux</c> behind the code.</summary>
    Constant,
}

/// <summary>A memory operand over virtual registers.</summary>
internal readonly record struct Amode(X64Mem Kind, int Base = -1, int Index = -1, int Scale = 0, int Disp = 0, int Aux = 0, byte Trap = 0, int TrapSource = -1);

/// <summary>A source operand: a virtual register or memory.</summary>
internal readonly record struct Source(int VReg, Amode Mem)
{
    public static Source Reg(int vreg) => new(vreg, default);

    public static Source At(in Amode mem) => new(-1, mem);

    public bool IsMem => VReg < 0;
}

/// <summary>The consumer that a comparison is built with.</summary>
internal readonly record struct TailSpec(X64Tail Kind, int Size = 4, int Def = -1, int Then = -1, int Else = -1, byte Trap = 0);
