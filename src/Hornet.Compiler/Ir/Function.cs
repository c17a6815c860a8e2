using Hornet.Base;

namespace Hornet.Compiler.Ir;

/// <summary>What a function takes and yields. With <see cref="HasContext"/> the first parameter is the VM context.</summary>
internal sealed record Signature(IrType[] Params, IrType[] Results, bool HasContext = false);

/// <summary>A function or symbol that the linker of the code knows by <see cref="Symbol"/>. With a <see cref="Slot"/> calls go through the
/// address that lies at this offset in the module's entries (<see cref="CompilerSettings.Entries"/>), because the function itself may be nowhere yet.</summary>
internal readonly record struct ExternalFunction(int Symbol, SigRef Signature, int Slot = -1);

internal readonly record struct StackSlotData(int Size, int Align);

/// <summary>
/// A call in whose place the callee's code stands. Positions of that code are those from <paramref name="Base"/> on, up to the next site's:
/// so a position is one number, and says in which of the inlined calls it lies.
/// </summary>
/// <param name="Symbol">The callee.</param>
/// <param name="Base">The position here that is <paramref name="Start"/> in the callee's own source.</param>
/// <param name="Start">Where the callee's source begins.</param>
/// <param name="Call">The call's position, perhaps in another site before; -1 where it was a tail call, whose caller is gone.</param>
internal readonly record struct InlineSiteData(int Symbol, int Base, int Start, int Call)
{
    /// <summary>The innermost site that a position lies in; none for one of the function's own.</summary>
    public static InlineSite SiteOf(ReadOnlySpan<InlineSiteData> sites, int source)
    {
        int low = 0, high = sites.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sites[middle].Base <= source) low = middle + 1;
            else high = middle;
        }
        return new InlineSite(low - 1);
    }

    /// <summary>A position as it is in the source that it lies in.</summary>
    public static int Origin(ReadOnlySpan<InlineSiteData> sites, int source)
    {
        InlineSite site = SiteOf(sites, source);
        return site.IsNone ? source : source - sites[site.Index].Base + sites[site.Index].Start;
    }
}

/// <summary>What is known of a bound: it is never below <see cref="Least"/>. A bound is a number in memory that never becomes less, such as the length of something that
/// only grows; all loads of one bound read the same number. The frontend numbers them, alike in all functions that may become one.</summary>
internal readonly record struct BoundData(int Bound, long Least);

/// <summary>At one safepoint: a tag of the frontend (a code offset), the frame it is inlined into, and the live values.</summary>
internal readonly record struct FrameStateData(int Tag, FrameState Outer, ListRef Values);

/// <summary>One instruction. Which fields mean something is its <see cref="InstFormat"/>'s business.</summary>
internal struct InstData
{
    public Opcode Op;
    /// <summary>The controlling type: the suffix in text form.</summary>
    public IrType Type;
    public Lane Lane;
    /// <summary><see cref="IntCC"/>, <see cref="FloatCC"/> or <see cref="AtomicOp"/>.</summary>
    public byte Cond;
    public MemFlags Mem;
    /// <summary>Of a load: the bound (+ 1) that it reads; 0 is none.</summary>
    public ushort Bound;
    public Value A, B, C;
    /// <summary>Arguments of calls and returns, the first branch target, or the branch table.</summary>
    public ListRef List;
    /// <summary>The second branch target; the handler of a <c>try_call</c>.</summary>
    public ListRef List2;
    /// <summary>The target of a <c>try_call</c> that returns.</summary>
    public ListRef List3;
    public long Imm;

    public InstData(Opcode op, IrType type)
    {
        (Op, Type) = (op, type);
        (A, B, C) = (Value.None, Value.None, Value.None);
    }

    public readonly IntCC IntCC => (IntCC)Cond;
    public readonly FloatCC FloatCC => (FloatCC)Cond;
    public readonly AtomicOp AtomicOp => (AtomicOp)Cond;
    /// <summary>May not be removed although nothing uses what it yields: it has an effect, or may trap.</summary>
    public readonly bool MustStay => Op.MustStay() || (Op.Has(OpFlags.Load) && !Mem.NoTrap);

    public readonly bool IsVector => Lane != Lane.None || Type == IrType.V128;
}

internal enum ValueKind : byte
{
    Result,
    Param,
    Alias,
}

/// <summary>Where a value comes from: an instruction, a block, or (alias) another value.</summary>
internal struct ValueData
{
    public ValueKind Kind;
    public IrType Type;
    public ushort Number;
    public int Owner;
}

internal struct BlockData
{
    public ListRef Params;
    public Inst First, Last;
    public Block Prev, Next;
    public bool InLayout;
    /// <summary>Rarely executed: laid out after everything else.</summary>
    public bool Cold;
}

internal struct InstLinks
{
    public Inst Prev, Next;
    public Block Block;
    public Value FirstResult;
    public int ResultCount;
    public FrameState State;
    /// <summary>A position in the frontend's source (see <see cref="InlineSiteData"/>), carried through to the tables; -1 is none.</summary>
    public int Source;
}

/// <summary>A function in SSA form: tables of entities and the order of blocks and instructions.</summary>
internal sealed partial class Function
{
    /// <summary>In a branch target's arguments: result <c>n</c> of the <c>try_call</c> (or the payload in its handler).</summary>
    public static int CallResult(int n) => -2 - n;

    public string Name { get; set; } = "f";
    public Signature Signature { get; set; } = new([], []);

    /// <summary>What calls of the function itself name; -1 where nobody says.</summary>
    public int Symbol { get; set; } = -1;

    /// <summary>Where the positions of the function's own source begin, and where those of all that is in it end.</summary>
    public int SourceStart { get; set; }
    public int SourceEnd { get; set; }

    /// <summary>What was inlined, in the order of <see cref="InlineSiteData.Base"/>: callers before what is inlined into them.</summary>
    public FlatList<InlineSiteData> InlineSites { get; } = new(4);

    public FlatList<InstData> Insts { get; } = new(256);
    public FlatList<InstLinks> Links { get; } = new(256);
    public FlatList<ValueData> Values { get; } = new(256);
    public FlatList<BlockData> Blocks { get; } = new(32);
    public FlatList<Signature> Signatures { get; } = new(8);
    public FlatList<ExternalFunction> Functions { get; } = new(8);
    public FlatList<StackSlotData> StackSlots { get; } = new(4);
    /// <summary>The bounds of which something is known.</summary>
    public FlatList<BoundData> Bounds { get; } = new(4);
    public FlatList<FrameStateData> FrameStates { get; } = new(4);
    public FlatList<UInt128> Vectors { get; } = new(4);
    public ListPool Lists { get; } = new();

    /// <summary>Offsets to follow from the VM context to the stack limit; empty: no check. The last one is compared with.</summary>
    public FlatList<int> StackLimit { get; } = new(2);

    /// <summary>Whether something is an i128, or is computed in 8 or 16 bits where processors have no instruction for it.</summary>
    public bool HasUnusualTypes { get; private set; }

    public Block FirstBlock { get; private set; } = Block.None;
    public Block LastBlock { get; private set; } = Block.None;

    public Block Entry => FirstBlock;

    public void Clear()
    {
        Insts.Clear();
        Links.Clear();
        Values.Clear();
        Blocks.Clear();
        Signatures.Clear();
        Functions.Clear();
        StackSlots.Clear();
        Bounds.Clear();
        FrameStates.Clear();
        Vectors.Clear();
        Lists.Clear();
        StackLimit.Clear();
        HasUnusualTypes = false;
        InlineSites.Clear();
        Symbol = -1;
        SourceStart = SourceEnd = 0;
        FirstBlock = LastBlock = Block.None;
    }

    public InlineSite SiteOf(int source) => InlineSiteData.SiteOf(InlineSites.AsSpan(), source);

    public ref InstData this[Inst inst] => ref Insts[inst.Index];

    public ref InstLinks Link(Inst inst) => ref Links[inst.Index];

    public ref BlockData this[Block block] => ref Blocks[block.Index];

    // Values

    public IrType TypeOf(Value value) => Values[value.Index].Type;

    /// <summary>The value that an alias stands for.</summary>
    public Value Resolve(Value value)
    {
        Span<ValueData> values = Values.AsSpan();
        int at = value.Index;
        while (values[at].Kind == ValueKind.Alias)
        {
            // Halves the way for whoever comes next: aliases of aliases can be as many as loops are nested.
            int next = values[at].Owner;
            if (values[next].Kind == ValueKind.Alias) next = values[at].Owner = values[next].Owner;
            at = next;
        }
        return new Value(at);
    }

    public void MakeAlias(Value value, Value of)
    {
        ref ValueData data = ref Values[value.Index];
        data.Kind = ValueKind.Alias;
        data.Owner = of.Index;
    }

    /// <summary>The instruction that defines a value; none for parameters.</summary>
    public Inst DefOf(Value value)
    {
        ref ValueData data = ref Values[value.Index];
        return data.Kind == ValueKind.Result ? new Inst(data.Owner) : Inst.None;
    }

    public Value Result(Inst inst) => Links[inst.Index].FirstResult;

    /// <summary>The constant that a value is, if it is an <c>iconst</c>.</summary>
    public bool IsIconst(Value value, out long constant)
    {
        constant = 0;
        Inst def = DefOf(value);
        if (def.IsNone || Insts[def.Index].Op != Opcode.Iconst) return false;
        constant = Insts[def.Index].Imm;
        return true;
    }

    // What the preamble declares, each once

    public SigRef Declare(Signature signature)
    {
        for (int i = 0; i < Signatures.Count; i++)
            if (ReferenceEquals(Signatures[i], signature))
                return new SigRef(i);
        return new SigRef(Signatures.Add(signature));
    }

    public FuncRef Declare(ExternalFunction function)
    {
        for (int i = 0; i < Functions.Count; i++)
            if (Functions[i] == function)
                return new FuncRef(i);
        return new FuncRef(Functions.Add(function));
    }

    public long Declare(UInt128 vector)
    {
        for (int i = 0; i < Vectors.Count; i++)
            if (Vectors[i] == vector)
                return i;
        return Vectors.Add(vector);
    }

    /// <summary>What a bound is never below: 0 where nothing is declared.</summary>
    public long LeastOf(int bound)
    {
        foreach (BoundData data in Bounds.AsSpan())
            if (data.Bound == bound)
                return data.Least;
        return 0;
    }

    // Creation

    public Block CreateBlock() => new(Blocks.Add(new BlockData { First = Inst.None, Last = Inst.None, Prev = Block.None, Next = Block.None }));

    public Value AppendParam(Block block, IrType type)
    {
        Value value = DetachedParam(block, type);
        AttachParam(block, value);
        return value;
    }

    /// <summary>A parameter that is not in its block's list yet (SSA construction decides later).</summary>
    public Value DetachedParam(Block block, IrType type)
    {
        HasUnusualTypes |= type == IrType.I128;
        return new(Values.Add(new ValueData { Kind = ValueKind.Param, Type = type, Owner = block.Index }));
    }

    public void AttachParam(Block block, Value value)
    {
        ref BlockData data = ref this[block];
        Values[value.Index].Number = (ushort)Lists.Count(data.Params);
        data.Params = Lists.Add(data.Params, value.Index);
    }

    public ReadOnlySpan<int> Params(Block block) => Lists.Get(this[block].Params);

    public Inst CreateInst(in InstData data)
    {
        int index = Insts.Add(data);
        HasUnusualTypes |= data.Type is IrType.I8 or IrType.I16 && data.Op is Opcode.Smulhi or Opcode.Umulhi or Opcode.Sdiv or Opcode.Udiv or Opcode.Srem or Opcode.Urem
            or Opcode.Clz or Opcode.Ctz or Opcode.Popcnt or Opcode.Iabs;
        Links.Add(new InstLinks
        {
            Prev = Inst.None,
            Next = Inst.None,
            Block = Block.None,
            FirstResult = Value.None,
            State = FrameState.None,
            Source = -1,
        });
        return new Inst(index);
    }

    public Value AddResult(Inst inst, IrType type)
    {
        HasUnusualTypes |= type == IrType.I128;
        ref InstLinks links = ref Link(inst);
        var value = new Value(Values.Add(new ValueData
        {
            Kind = ValueKind.Result,
            Type = type,
            Owner = inst.Index,
            Number = (ushort)links.ResultCount,
        }));
        if (links.ResultCount++ == 0) links.FirstResult = value;
        return value;
    }

    /// <summary>Gives an instruction the results that its operator, type and signature say.</summary>
    public void MakeResults(Inst inst)
    {
        ref InstData data = ref this[inst];
        if (data.Op is Opcode.Call or Opcode.CallIndirect)
        {
            foreach (IrType type in CallSignature(data).Results) AddResult(inst, type);
            return;
        }
        IrType result = ResultType(data);
        if (result != IrType.None) AddResult(inst, result);
    }

    public static IrType ResultType(in InstData data)
    {
        if (data.Op.Has(OpFlags.NoResult | OpFlags.Call)) return IrType.None;
        if (data.Op.Has(OpFlags.Boolean)) return data.Lane != Lane.None ? IrType.V128 : IrType.I32;
        return data.Op switch
        {
            Opcode.ExtractLane or Opcode.SextractLane => data.Lane.LaneType(),
            Opcode.AnyTrue or Opcode.AllTrue or Opcode.Bitmask => IrType.I32,
            _ => data.Type,
        };
    }

    public Signature CallSignature(in InstData data) =>
        data.Op is Opcode.Call or Opcode.ReturnCall or Opcode.TryCall
            ? Signatures[Functions[(int)data.Imm].Signature.Index]
            : Signatures[(int)data.Imm];
}
