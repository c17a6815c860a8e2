namespace Hornet.Compiler.Machine;

/// <summary>Where a value lies: a register, its frame slot, or (a constant) nowhere, to be made again.</summary>
internal readonly record struct Loc(int Code)
{
    private const int FirstSlot = 64;

    public static Loc None => new(-1);
    public static Loc Remat => new(-2);

    public static Loc Reg(PReg reg) => new(reg.Index);

    public static Loc Slot(int slot) => new(FirstSlot + slot);

    public bool IsReg => (uint)Code < FirstSlot;
    public bool IsSlot => Code >= FirstSlot;
    public PReg PReg => new((byte)Code);
    public int SlotNumber => Code - FirstSlot;

    public override string ToString() => IsReg ? PReg.ToString() : IsSlot ? $"slot{SlotNumber}" : this == Remat ? "remat" : "none";
}

/// <summary>When, around an instruction, a move happens; the phases before it run in this order.</summary>
internal enum MovePhase : byte
{
    BlockStart,
    /// <summary>A parameter that has a frame slot is stored there.</summary>
    ParamStore,
    Split,
    Operand,
    BlockEnd,
    After,
    /// <summary>After that: what has just been defined is stored in its frame slot.</summary>
    DefStore,
}

/// <summary>One move; all moves of one phase at one instruction happen at once.</summary>
internal readonly record struct RegMove(int Inst, MovePhase Phase, int VReg, Loc From, Loc To);
