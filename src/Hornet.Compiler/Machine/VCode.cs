using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <summary>What a virtual register holds, as far as moving and spilling it goes.</summary>
internal enum RegKind : byte
{
    Int,
    /// <summary>An integer register that the collector must see: never in a register across a safepoint.</summary>
    Ref,
    /// <summary>The low eight bytes of a vector register.</summary>
    Float,
    Vector,
}

internal enum OperandRole : byte
{
    /// <summary>Read before anything is written.</summary>
    Use,
    /// <summary>Read, and intact until all is written.</summary>
    LateUse,
    Def,
    /// <summary>Written before all is read: overlaps no operand.</summary>
    EarlyDef,
}

internal enum OperandWhere : byte
{
    Register,
    /// <summary>A register or the value's frame slot.</summary>
    Any,
    /// <summary>One particular register.</summary>
    Fixed,
    /// <summary>A definition in the register of use number <see cref="Operand.Extra"/>.</summary>
    Reuse,
}

internal readonly record struct Operand(int VReg, OperandRole Role, OperandWhere Where, byte Extra)
{
    public bool IsDef => Role >= OperandRole.Def;
    public PReg FixedReg => new(Extra);
}

internal enum InstTraits : byte
{
    None = 0,
    /// <summary>Clobbers the registers that a callee need not preserve; a safepoint.</summary>
    Call = 1,
    /// <summary>Clobbers all registers.</summary>
    ClobbersAll = 2,
    Terminator = 4,
    /// <summary>Its only definition can be repeated anywhere instead of being kept.</summary>
    Remat = 8,
    /// <summary>Stands at a block's start, and its fixed definitions are there from the first.</summary>
    LiveIn = 16,
}

/// <summary>One machine instruction; the meaning of all but the operands is the target's business.</summary>
internal struct MInst
{
    public ushort Op;
    public InstTraits Traits;
    public byte Size;
    /// <summary>What follows the instruction: a consumer of its flags.</summary>
    public byte Tail;
    public byte Cond;
    public byte Mem;
    public byte Scale;
    public byte Trap;
    public byte TailTrap;
    public byte TailSize;
    public bool Locked;
    /// <summary>Numbers of operands: the reg field, r/m or base, index, first source, and the tail's; -1: none.</summary>
    public sbyte RegAt, RmAt, IndexAt, SourceAt, TailAt, TailSourceAt;
    public ushort OperandCount;
    public int OperandStart;
    public int Disp;
    public int Aux;
    public int Source;
    /// <summary>Where what <see cref="Trap"/> is about comes from: a load that became the instruction's operand says so itself.</summary>
    public int TrapSource;
    public long Imm;

    public readonly bool Has(InstTraits traits) => (Traits & traits) != 0;
}

internal struct MBlock
{
    public int First, End;
    /// <summary>Parameters and, for the one successor of a jump, arguments: ranges of <see cref="VCode.Lists"/>.</summary>
    public int Params, ParamCount, Args, ArgCount;
    public int Succs, SuccCount;
    public int Preds, PredCount;
    public byte LoopDepth;
    public bool Cold;
    public bool IsLoopHeader;
}

/// <summary>A function as machine instructions over virtual registers in SSA form: each is defined once, by an instruction or as a block's
/// parameter. A block that gives arguments has one successor; a block with several predecessors that have
/// several successors does not occur (edges are split).</summary>
internal sealed class VCode
{
    public FlatList<MInst> Insts { get; } = new(512);
    public FlatList<Operand> Operands { get; } = new(1024);
    public FlatList<MBlock> Blocks { get; } = new(64);
    public FlatList<int> Lists { get; } = new(128);
    public FlatList<RegKind> VRegs { get; } = new(512);

    /// <summary>Virtual registers that must lie in their frame slot at calls although the collector does not care: frame states name them.</summary>
    public FlatList<bool> InFrameAtCalls { get; } = new(512);

    /// <summary>Registers that may be allocated, of both classes.</summary>
    public ulong Allocatable { get; set; }

    public ulong CalleeSaved { get; set; }

    /// <summary>Registers outside <see cref="Allocatable"/> that break cycles of moves.</summary>
    public PReg ScratchInt { get; set; }

    public PReg ScratchVector { get; set; }

    public void Clear()
    {
        Insts.Clear();
        Operands.Clear();
        Blocks.Clear();
        Lists.Clear();
        VRegs.Clear();
        InFrameAtCalls.Clear();
    }

    public int CreateVReg(RegKind kind)
    {
        InFrameAtCalls.Add(kind == RegKind.Ref);
        return VRegs.Add(kind);
    }

    public bool IsVectorClass(int vreg) => VRegs[vreg] >= RegKind.Float;

    public ReadOnlySpan<Operand> OperandsOf(in MInst inst) => Operands.AsSpan().Slice(inst.OperandStart, inst.OperandCount);

    public ReadOnlySpan<int> Succs(int block) => Lists.AsSpan().Slice(Blocks[block].Succs, Blocks[block].SuccCount);

    public ReadOnlySpan<int> Preds(int block) => Lists.AsSpan().Slice(Blocks[block].Preds, Blocks[block].PredCount);

    public ReadOnlySpan<int> Params(int block) => Lists.AsSpan().Slice(Blocks[block].Params, Blocks[block].ParamCount);

    public ReadOnlySpan<int> Args(int block) => Lists.AsSpan().Slice(Blocks[block].Args, Blocks[block].ArgCount);

    /// <summary>Fills in the predecessors from the successors.</summary>
    public void ComputePreds()
    {
        for (int block = 0; block < Blocks.Count; block++) Blocks[block].PredCount = 0;
        for (int block = 0; block < Blocks.Count; block++)
            foreach (int succ in Succs(block))
                Blocks[succ].PredCount++;
        for (int block = 0; block < Blocks.Count; block++)
        {
            Blocks[block].Preds = Lists.Count;
            Lists.Resize(Lists.Count + Blocks[block].PredCount, -1);
            Blocks[block].PredCount = 0;
        }
        for (int block = 0; block < Blocks.Count; block++)
            for (int i = 0; i < Blocks[block].SuccCount; i++)
            {
                ref MBlock succ = ref Blocks[Lists[Blocks[block].Succs + i]];
                Lists[succ.Preds + succ.PredCount++] = block;
            }
    }
}
