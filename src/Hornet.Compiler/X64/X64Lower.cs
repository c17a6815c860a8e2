using Hornet.Base;
using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <summary>
/// Instruction selection. Blocks and instructions are visited backwards, so that an instruction knows whether anybody wants
/// its result in a register before it is looked at: what has been merged into its users is simply not wanted any more. A load
/// is merged only if it has one user and nothing with an effect lies between the two (equal <i>colours</i>).
///
/// An i32 or ref in a register is always zero-extended to 64 bits (so extending it is free); the upper bits of an i8 or i16 are
/// arbitrary.
/// </summary>
internal sealed partial class X64Lower
{
    private readonly record struct PlannedBlock(Block Block, Inst Edge, int Target);

    private readonly FlatList<PlannedBlock> _plan = new(64);
    private readonly FlatList<int> _blockNumber = new(64);
    private readonly FlatList<int> _edgeNumber = new(64);
    private readonly FlatList<int> _coldEdges = new(64);
    private readonly FlatList<(int Start, int End)> _extent = new(64);
    private readonly FlatList<int> _uses = new(512);
    private readonly FlatList<int> _vregOf = new(512);
    private readonly FlatList<int> _colour = new(512);
    private readonly FlatList<bool> _sunk = new(512);
    private readonly FlatList<MInst> _sequence = new(32);
    private readonly FlatList<int> _scratch = new(32);
    private readonly FlatList<AbiSlot> _slots = new(16);
    private Function _function = new();
    private ControlFlow _flow = new();
    private Inst _root = Inst.None;
    private int _returnArea;

    public VCode Code { get; } = new();

    /// <summary>Constants that lie behind the code, 16 bytes each.</summary>
    public FlatList<UInt128> Constants { get; } = new(16);

    public CpuFeatures Features { get; set; }

    /// <summary>Bytes below the frame for arguments of calls.</summary>
    public int OutgoingBytes { get; private set; }

    public int ReturnAreaBytes { get; private set; }

    /// <summary>Some call changes the VM context, so the frame keeps the function's own.</summary>
    public bool KeepsContext { get; private set; }

    public bool HasCalls { get; private set; }

    public bool HasHandlers { get; private set; }

    private bool Has(CpuFeatures feature) => (Features & feature) != 0;

    public void Run(Function function, ControlFlow flow)
    {
        (_function, _flow) = (function, flow);
        Code.Clear();
        Code.Allocatable = X64Abi.Allocatable;
        Code.CalleeSaved = X64Abi.CalleeSaved;
        Code.ScratchInt = PReg.Int(X64Regs.Scratch);
        Code.ScratchVector = PReg.Vector(X64Regs.ScratchX);
        Constants.Clear();
        CallSites.Clear();
        _products.Clear();
        OutgoingBytes = ReturnAreaBytes = 0;
        KeepsContext = HasCalls = HasHandlers = false;
        _returnArea = X64Abi.ReturnAreaSize(function.Signature) > 0 ? Code.CreateVReg(RegKind.Int) : -1;
        _vregOf.Reset(function.Values.Count, -1);
        _sunk.Reset(function.Insts.Count, false);
        CountUses();
        Colour();
        PlanBlocks();
        for (int i = _plan.Count - 1; i >= 0; i--)
        {
            int start = Code.Insts.Count;
            if (_plan[i].Edge.IsNone) LowerBlock(_plan[i].Block);
            else LowerEdge(i);
            _extent[i] = (start, Code.Insts.Count);
        }
        int total = Code.Insts.Count;
        Code.Insts.AsSpan().Reverse();
        for (int i = 0; i < _plan.Count; i++) (Code.Blocks[i].First, Code.Blocks[i].End) = (total - _extent[i].End, total - _extent[i].Start);
        Code.ComputePreds();
    }

    private void CountUses()
    {
        _uses.Reset(_function.Values.Count, 0);
        foreach (int block in _flow.Order)
            for (Inst inst = _function[new Block(block)].First; !inst.IsNone; inst = _function.Link(inst).Next)
            {
                FlatList<int> uses = _uses;
                _function.ForEachUse(inst, ref uses, static (Value value, ref FlatList<int> counts) => counts[value.Index]++);
            }
    }

    /// <summary>Two instructions of a block have equal colours if nothing between them has an effect that a load could notice, or
    /// could trap for another reason.</summary>
    private void Colour()
    {
        _colour.Reset(_function.Insts.Count, 0);
        int colour = 0;
        foreach (int block in _flow.Order)
        {
            colour++;
            TrapCode trap = TrapCode.None;
            for (Inst inst = _function[new Block(block)].First; !inst.IsNone; inst = _function.Link(inst).Next)
            {
                ref InstData data = ref _function[inst];
                if (data.Op.Has(OpFlags.Load) && !data.Op.Has(OpFlags.Store) && data.Mem.Trap != TrapCode.None && data.Mem.Trap != trap)
                {
                    trap = data.Mem.Trap;
                    colour++;
                }
                _colour[inst.Index] = colour;
                if (!data.Op.MustStay()) continue;
                colour++;
                trap = TrapCode.None;
            }
        }
    }

    private void PlanBlocks()
    {
        _plan.Clear();
        _blockNumber.Reset(_function.Blocks.Count, -1);
        _edgeNumber.Reset(_function.Blocks.Count, -1);
        _coldEdges.Reset(_function.Blocks.Count, -1);
        for (Block block = _function.FirstBlock; !block.IsNone; block = _function[block].Next)
        {
            if (!_flow.IsReachable(block)) continue;
            _blockNumber[block.Index] = _plan.Add(new PlannedBlock(block, Inst.None, 0));
            PlanEdges(block, cold: _function[block].Cold, all: _function[block].Cold);
        }
        for (Block block = _function.FirstBlock; !block.IsNone; block = _function[block].Next)
            if (_flow.IsReachable(block) && !_function[block].Cold)
                PlanEdges(block, cold: true, all: false);
        _extent.Reset(_plan.Count, default);
        for (int i = 0; i < _plan.Count; i++)
        {
            Block home = _plan[i].Block;
            bool edge = !_plan[i].Edge.IsNone;
            bool cold = _function[home].Cold || (edge && _function[TargetOf(_plan[i])].Cold);
            int depth = _flow.LoopDepth(home);
            if (edge) depth = Math.Min(depth, _flow.LoopDepth(TargetOf(_plan[i])));
            Code.Blocks.Add(new MBlock { LoopDepth = (byte)Math.Min(depth, 15), Cold = cold, IsLoopHeader = !edge && IsHeader(home) });
        }
    }

    private bool IsHeader(Block block) => _flow.LoopOf(block) is >= 0 and var loop && _flow.LoopHeader(loop) == block;

    private Block TargetOf(PlannedBlock planned) => _function.TargetBlock(_function.GetTarget(_function[planned.Edge], planned.Target));

    /// <summary>Plans the blocks for the edges of one block: those to cold targets come at the end of the function.</summary>
    private void PlanEdges(Block block, bool cold, bool all)
    {
        Inst inst = _function[block].Last;
        InstData last = _function[inst];
        for (int i = 0, n = _function.TargetCount(last); i < n; i++)
        {
            ListRef target = _function.GetTarget(last, i);
            Block to = _function.TargetBlock(target);
            if (!NeedsEdge(last, i) || (!all && _function[to].Cold != cold)) continue;
            int planned = _plan.Add(new PlannedBlock(block, inst, i));
            if (cold && !all && _coldEdges[block.Index] < 0) _coldEdges[block.Index] = planned;
        }
    }

    private bool NeedsEdge(in InstData last, int index)
    {
        if (last.Op == Opcode.Jump) return false;
        // A handler finds nothing but its frame: the edge to it puts the stack pointer and the context back, whether or not it passes a value.
        if (index == 1 && last.Op is Opcode.TryCall or Opcode.TryCallIndirect) return true;
        ListRef target = _function.GetTarget(last, index);
        return _function.Lists.Count(target) > 1 || _flow.Preds(_function.TargetBlock(target)).Length > 1;
    }

    /// <summary>The machine block that a target of a terminator leads to: the block itself, or the one on the edge.</summary>
    private int NumberOf(Inst inst, in InstData last, int index)
    {
        if (!NeedsEdge(last, index)) return _blockNumber[_function.TargetBlock(_function.GetTarget(last, index)).Index];
        return _edgeNumber[index];
    }

    private void LowerEdge(int number)
    {
        PlannedBlock planned = _plan[number];
        InstData data = _function[planned.Edge];
        ListRef target = _function.GetTarget(data, planned.Target);
        _root = planned.Edge;
        AddJump(_blockNumber[_function.TargetBlock(target).Index]);
        bool hasResults = data.Op is Opcode.TryCall or Opcode.TryCallIndirect;
        if (hasResults) LowerTryResults(number, data, target, planned.Target == 1);
        else FinishArgs(number, _function.TargetArgs(target));
        SetSuccs(number, _blockNumber[_function.TargetBlock(target).Index]);
        Flush();
    }

    private void SetSuccs(int block, int succ)
    {
        Code.Blocks[block].Succs = Code.Lists.Add(succ);
        Code.Blocks[block].SuccCount = 1;
    }

    private void FinishArgs(int block, ReadOnlySpan<int> args)
    {
        _scratch.Clear();
        foreach (int arg in args) _scratch.Add(Use(new Value(arg)));
        Code.Blocks[block].Args = Code.Lists.Count;
        Code.Blocks[block].ArgCount = _scratch.Count;
        foreach (int vreg in _scratch.AsSpan()) Code.Lists.Add(vreg);
    }

    private void LowerBlock(Block block)
    {
        int number = _blockNumber[block.Index];
        for (Inst inst = _function[block].Last; !inst.IsNone; inst = _function.Link(inst).Prev)
        {
            ref InstData data = ref _function[inst];
            if (_sunk[inst.Index]) continue;
            if (!data.MustStay && !IsWanted(inst)) continue;
            _root = inst;
            if (data.Op.IsTerminator()) LowerTerminator(number, inst, data);
            else LowerInst(inst, data);
            Flush();
        }
        if (block == _function.Entry)
        {
            LowerParams();
            Flush();
            return;
        }
        ReadOnlySpan<int> parameters = _function.Params(block);
        Code.Blocks[number].Params = Code.Lists.Count;
        Code.Blocks[number].ParamCount = parameters.Length;
        foreach (int param in parameters) Code.Lists.Add(VRegOf(new Value(param)));
    }

    private bool IsWanted(Inst inst)
    {
        Value result = _function.Result(inst);
        return !result.IsNone && _vregOf[result.Index] >= 0;
    }

    /// <summary>The instructions of one IR instruction were built forwards; the whole goes backwards.</summary>
    private void Flush()
    {
        for (int i = _sequence.Count - 1; i >= 0; i--) Code.Insts.Add(_sequence[i]);
        _sequence.Clear();
    }

    private void LowerTerminator(int number, Inst inst, InstData data)
    {
        switch (data.Op)
        {
            case Opcode.Jump:
                int to = _blockNumber[_function.TargetBlock(data.List).Index];
                AddJump(to);
                FinishArgs(number, _function.TargetArgs(data.List));
                SetSuccs(number, to);
                return;
            case Opcode.Brif:
                FindEdges(inst, data);
                int taken = NumberOf(inst, data, 0), other = NumberOf(inst, data, 1);
                LowerFlags(data.A, invert: false, new TailSpec(X64Tail.Branch));
                Code.Blocks[number].Succs = Code.Lists.Add(taken);
                Code.Lists.Add(other);
                Code.Blocks[number].SuccCount = 2;
                return;
            case Opcode.BrTable when _function.TargetCount(data) == 1:
                // Values for the only successor are moved before the last instruction, so that one must not read any.
                FindEdges(inst, data);
                int only = NumberOf(inst, data, 0);
                AddJump(only);
                SetSuccs(number, only);
                return;
            case Opcode.BrTable:
                FindEdges(inst, data);
                LowerBrTable(number, inst, data);
                return;
            case Opcode.Trap:
                ref MInst trap = ref New(X64Pseudo.Trap, 4);
                trap.Trap = data.Mem.Trap.Code;
                trap.Traits = InstTraits.Terminator;
                return;
            case Opcode.Return: LowerReturn(data); return;
            case Opcode.ReturnCall or Opcode.ReturnCallIndirect: LowerTailCall(data); return;
            default:
                FindEdges(inst, data);
                LowerTryCall(number, inst, data);
                return;
        }
    }

    /// <summary>Fills <see cref="_edgeNumber"/> with the machine blocks of this terminator's edges, by target number.</summary>
    private void FindEdges(Inst inst, in InstData data)
    {
        int count = _function.TargetCount(data);
        if (_edgeNumber.Count < count) _edgeNumber.Resize(count, -1);
        // The edges of one block lie behind it, and those to cold blocks together at the function's end.
        int block = _function.Link(inst).Block.Index;
        for (int i = _blockNumber[block] + 1; i < _plan.Count && _plan[i].Edge == inst; i++) _edgeNumber[_plan[i].Target] = i;
        if (_coldEdges[block] < 0) return;
        for (int i = _coldEdges[block]; i < _plan.Count && _plan[i].Edge == inst; i++) _edgeNumber[_plan[i].Target] = i;
    }

    private void LowerBrTable(int number, Inst inst, in InstData data)
    {
        int count = _function.TargetCount(data);
        int index = Use(data.A), temp = Code.CreateVReg(RegKind.Int);
        ref MInst table = ref New(X64Pseudo.JumpTable, 4);
        table.Traits = InstTraits.Terminator;
        table.Imm = count - 1;
        table.RegAt = AddOperand(ref table, temp, OperandRole.EarlyDef, OperandWhere.Register);
        table.RmAt = AddOperand(ref table, index, OperandRole.Use, OperandWhere.Register);
        // One successor per target, in order: emission reads the table from here.
        Code.Blocks[number].Succs = Code.Lists.Count;
        Code.Blocks[number].SuccCount = count;
        for (int i = 0; i < count; i++) Code.Lists.Add(NumberOf(inst, data, i));
    }

    private void AddJump(int to)
    {
        ref MInst jump = ref New(X64Pseudo.Jump, 4);
        jump.Traits = InstTraits.Terminator;
        jump.Aux = to;
    }

    // Values and operands

    private int VRegOf(Value value)
    {
        ref int vreg = ref _vregOf[value.Index];
        if (vreg < 0)
            vreg = Code.CreateVReg(_function.TypeOf(value) switch
            {
                IrType.F32 or IrType.F64 => RegKind.Float,
                IrType.V128 => RegKind.Vector,
                IrType.Ref => RegKind.Ref,
                _ => RegKind.Int,
            });
        return vreg;
    }

    /// <summary>The virtual register of a value, which is thereby wanted. Extensions that cost nothing are looked through.</summary>
    private int Use(Value value)
    {
        while (true)
        {
            Inst def = _function.DefOf(value);
            if (def.IsNone) return VRegOf(value);
            ref InstData data = ref _function[def];
            if (!IsFreeExtension(data)) return VRegOf(value);
            value = data.A;
        }
    }

    /// <summary>What yields its operand's register as it is. The register or slot of a reference always has its number, also after a collection.</summary>
    private bool IsFreeExtension(in InstData data) =>
        (data.Op == Opcode.Uextend && data.Type == IrType.I64 && _function.TypeOf(data.A) == IrType.I32)
        || (data.Op == Opcode.Ireduce && data.Type < IrType.I32) || data.Op == Opcode.RefAddr;

    private int Temp(RegKind kind = RegKind.Int) => Code.CreateVReg(kind);

    private ref MInst New(X64Op op, int size) => ref NewInst((ushort)op, size);

    private ref MInst New(X64Pseudo op, int size) => ref NewInst((ushort)op, size);

    private ref MInst NewInst(ushort op, int size)
    {
        int index = _sequence.Add(new MInst
        {
            Op = op,
            Size = (byte)size,
            RegAt = -1,
            RmAt = -1,
            IndexAt = -1,
            SourceAt = -1,
            TailAt = -1,
            TailSourceAt = -1,
            OperandStart = Code.Operands.Count,
            Source = _function.Link(_root).Source,
            TrapSource = _function.Link(_root).Source,
        });
        return ref _sequence[index];
    }

    private sbyte AddOperand(ref MInst inst, int vreg, OperandRole role, OperandWhere where, byte extra = 0)
    {
        Code.Operands.Add(new Operand(vreg, role, where, extra));
        return (sbyte)inst.OperandCount++;
    }

    private void AddFixed(ref MInst inst, int vreg, OperandRole role, PReg reg) => AddOperand(ref inst, vreg, role, OperandWhere.Fixed, reg.Index);

    /// <summary>Gives an instruction its r/m operand.</summary>
    private void AddSource(ref MInst inst, in Source source, OperandWhere where = OperandWhere.Any)
    {
        if (!source.IsMem)
        {
            // A float's slot has eight bytes: an instruction that would read sixteen wants a register.
            if (Code.VRegs[source.VReg] == RegKind.Float && !((X64Op)inst.Op).Row().Has(X64Flags.M32 | X64Flags.M64)) where = OperandWhere.Register;
            inst.RmAt = AddOperand(ref inst, source.VReg, OperandRole.Use, where);
        }
        else
        {
            AddMem(ref inst, source.Mem);
        }
    }

    private void AddMem(ref MInst inst, in Amode mem)
    {
        inst.Mem = (byte)mem.Kind;
        inst.Scale = (byte)mem.Scale;
        inst.Disp = mem.Disp;
        inst.Aux = mem.Aux;
        inst.Trap = mem.Trap;
        if (mem.TrapSource >= 0) inst.TrapSource = mem.TrapSource;
        if (mem.Base >= 0) inst.RmAt = AddOperand(ref inst, mem.Base, OperandRole.Use, OperandWhere.Register);
        if (mem.Index >= 0) inst.IndexAt = AddOperand(ref inst, mem.Index, OperandRole.Use, OperandWhere.Register);
    }

    // The shapes of instructions

    /// <summary>dst ← source.</summary>
    private ref MInst Rm(X64Op op, int size, int dst, in Source source, long imm = 0)
    {
        ref MInst inst = ref New(op, size);
        inst.RegAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Register);
        inst.Imm = imm;
        AddSource(ref inst, source);
        return ref inst;
    }

    /// <summary>dst ← a op source: with VEX three registers, else dst is where a was.</summary>
    private ref MInst Rvm(X64Op op, int size, int dst, int a, in Source source, long imm = 0)
    {
        ref readonly X64Row row = ref op.Row();
        bool three = row.Has(X64Flags.VexOnly) || (row.Has(X64Flags.Vex) && Has(CpuFeatures.Avx));
        ref MInst inst = ref New(op, size);
        inst.Imm = imm;
        // Both operands the same register: one that dies may be overwritten all the same.
        bool same = !three && !source.IsMem && source.VReg == a;
        inst.RegAt = AddOperand(ref inst, dst, OperandRole.Def, three ? OperandWhere.Register : OperandWhere.Reuse, 1);
        inst.SourceAt = AddOperand(ref inst, a, OperandRole.Use, OperandWhere.Register);
        if (same) inst.RmAt = inst.RegAt;
        else AddSource(ref inst, source, row.Has(X64Flags.RegOnly) ? OperandWhere.Register : OperandWhere.Any);
        return ref inst;
    }

    /// <summary>dst ← a op immediate, in place.</summary>
    private ref MInst Mi(X64Op op, int size, int dst, int a, long imm)
    {
        ref MInst inst = ref New(op, size);
        inst.RmAt = AddOperand(ref inst, dst, OperandRole.Def, OperandWhere.Reuse, 1);
        inst.Imm = imm;
        AddOperand(ref inst, a, OperandRole.Use, OperandWhere.Register);
        return ref inst;
    }

    private ref MInst StoreReg(X64Op op, int size, int value, in Amode to)
    {
        ref MInst inst = ref New(op, size);
        inst.RegAt = AddOperand(ref inst, value, OperandRole.Use, OperandWhere.Register);
        AddMem(ref inst, to);
        return ref inst;
    }

    private ref MInst StoreImm(X64Op op, int size, long imm, in Amode to)
    {
        ref MInst inst = ref New(op, size);
        inst.Imm = imm;
        AddMem(ref inst, to);
        return ref inst;
    }

    private Amode Constant(UInt128 bits)
    {
        for (int i = 0; i < Constants.Count; i++)
            if (Constants[i] == bits)
                return new Amode(X64Mem.Constant, Aux: i);
        return new Amode(X64Mem.Constant, Aux: Constants.Add(bits));
    }
}
