using System.Numerics;
using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Compiler.X64;

/// <summary>Writes allocated machine instructions as bytes, with prologue, epilogues and tables. Rare paths of an instruction are
/// put off (<see cref="Deferred"/>) and written behind the function, and behind them constants and jump tables.</summary>
internal sealed partial class X64Emit
{
    /// <summary>A leaf function with a frame up to this need not check the stack: the headroom below the limit is larger.</summary>
    private const int LeafHeadroom = 16 * 1024;
    // Frames up to this size do not count in the comparison: a chain of them below the limit is as long as the limit allows, so only the last one adds.
    private const int SmallFrame = 1024;

    private readonly Assembler _asm;
    private readonly CodeBuffer _buffer;
    private readonly CompiledCode _output;
    private readonly FlatList<CodeLabel> _blockLabels = new(64);
    private readonly FlatList<int> _forward = new(64);
    private readonly FlatList<CodeLabel> _constantLabels = new(16);
    private readonly FlatList<(CodeLabel Label, int Block)> _tables = new(4);
    private readonly FlatList<int> _stackSlotOffsets = new(4);
    private readonly FlatList<(int Offset, CodeLabel Handler)> _handlers = new(4);
    private X64Lower _lower = null!;
    private RegAlloc _alloc = null!;
    private VCode _code = null!;
    private Function _function = null!;
    private int _nextMove;
    private int _frameSize, _spillTop, _returnAreaTop, _savedTop;
    private ulong _saved;
    private int _stackArgs;
    private int _lastSource;

    public X64Emit(CodeBuffer buffer, CompiledCode output)
    {
        (_buffer, _output) = (buffer, output);
        _asm = new Assembler(buffer);
    }

    /// <summary>See <see cref="CompilerSettings.TrapStub"/>.</summary>
    public int TrapStub { get; set; } = -1;

    /// <summary>See <see cref="CompilerSettings.Entries"/>.</summary>
    public int Entries { get; set; }

    public void Run(Function function, X64Lower lower, RegAlloc alloc)
    {
        (_function, _lower, _alloc, _code) = (function, lower, alloc, lower.Code);
        _asm.Features = lower.Features;
        _buffer.Clear();
        _output.Clear();
        _deferred.Clear();
        _tables.Clear();
        _handlers.Clear();
        _nextMove = 0;
        _lastSource = -1;
        LayOutFrame();
        _constantLabels.Clear();
        for (int i = 0; i < lower.Constants.Count; i++) _constantLabels.Add(_buffer.CreateLabel());
        _blockLabels.Clear();
        for (int i = 0; i < _code.Blocks.Count; i++) _blockLabels.Add(_buffer.CreateLabel());
        ForwardEmptyBlocks();
        Prologue();
        for (int block = 0; block < _code.Blocks.Count; block++) EmitBlock(block);
        for (int i = 0; i < _deferred.Count; i++) EmitDeferred(_deferred[i]);
        int end = EmitConstants();
        _buffer.Finish();
        _output.CodeSize = FinalEnd(end);
        FinishTables();
        foreach (InlineSiteData site in function.InlineSites.AsSpan()) _output.InlineSites.Add(site);
    }

    // Frame

    private void LayOutFrame()
    {
        _stackArgs = X64Abi.StackBytes(_function.Signature);
        _saved = _lower.HasHandlers ? X64Abi.CalleeSaved : _alloc.UsedRegs & X64Abi.CalleeSaved;
        int size = _lower.KeepsContext || _lower.HasHandlers ? 8 : 0;
        _savedTop = size;
        size += 8 * BitOperations.PopCount(_saved);
        _stackSlotOffsets.Clear();
        for (int i = 0; i < _function.StackSlots.Count; i++)
        {
            StackSlotData slot = _function.StackSlots[i];
            int align = Math.Clamp(slot.Align, 1, 16);
            size = (size + slot.Size + align - 1) / align * align;
            _stackSlotOffsets.Add(-size);
        }
        size = (size + 8 * _alloc.SlotCount + 15) & ~15;
        _spillTop = size;
        size += _lower.ReturnAreaBytes;
        _returnAreaTop = size;
        size += _lower.OutgoingBytes;
        _frameSize = (size + 15) & ~15;
        _output.FrameSize = _frameSize;
        _output.KeepsContext = _savedTop > 0;
    }

    private RegMem SlotAt(int slot) => RegMem.Memory(Rbp, 8 * slot - _spillTop);

    private void Prologue()
    {
        _asm.EmitPlain(X64Op.Push, 8, Rbp);
        _asm.Mov(Rbp, Rsp);
        if (_function.StackLimit.Count > 0 && (_lower.HasCalls || _frameSize > LeafHeadroom)) CheckStack();
        if (_frameSize > 0) _asm.Emit(X64Op.SubMi, 8, 0, Rsp, _frameSize);
        if (_savedTop > 0) _asm.Emit(X64Op.MovMr, 8, Pinned, RegMem.Memory(Rbp, -8));
        int offset = _savedTop;
        for (ulong set = _saved; set != 0; set &= set - 1)
            _asm.Emit(X64Op.MovMr, 8, BitOperations.TrailingZeroCount(set), RegMem.Memory(Rbp, -(offset += 8)));
    }

    private void CheckStack()
    {
        int from = Pinned, last = _function.StackLimit.Count - 1;
        for (int i = 0; i < last; i++)
        {
            _asm.Emit(X64Op.MovRm, 8, Scratch, RegMem.Memory(from, _function.StackLimit[i]));
            from = Scratch;
        }
        CodeLabel overflow = Defer(DeferredKind.Trap, TrapCode.StackOverflow);
        if (_frameSize <= SmallFrame)
        {
            // What lies below the limit has room for it.
            _asm.Emit(X64Op.CmpRm, 8, Rsp, RegMem.Memory(from, _function.StackLimit[last]));
            _asm.JumpIf(Cond.B, overflow);
            return;
        }
        _asm.Emit(X64Op.MovRm, 8, Scratch, RegMem.Memory(from, _function.StackLimit[last]));
        // limit + frame > rsp, without wrapping around.
        _asm.Emit(X64Op.AddMi, 8, 0, Scratch, _frameSize);
        if (_frameSize > LeafHeadroom) _asm.JumpIf(Cond.B, overflow);
        _asm.Emit(X64Op.CmpRm, 8, Rsp, Scratch);
        _asm.JumpIf(Cond.B, overflow);
    }

    private void RestoreSaved()
    {
        int offset = _savedTop;
        for (ulong set = _saved; set != 0; set &= set - 1)
            _asm.Emit(X64Op.MovRm, 8, BitOperations.TrailingZeroCount(set), RegMem.Memory(Rbp, -(offset += 8)));
    }

    private void Epilogue()
    {
        RestoreSaved();
        if (_frameSize > 0) _asm.Mov(Rsp, Rbp);
        _asm.EmitPlain(X64Op.Pop, 8, Rbp);
    }

    // Blocks

    /// <summary>A block that only jumps is left out, and who goes there goes on.</summary>
    private void ForwardEmptyBlocks()
    {
        _forward.Reset(_code.Blocks.Count, -1);
        ReadOnlySpan<RegMove> moves = _alloc.Moves;
        int next = 0;
        for (int block = 0; block < _code.Blocks.Count; block++)
        {
            MBlock data = _code.Blocks[block];
            while (next < moves.Length && moves[next].Inst < data.First) next++;
            bool empty = data.End == data.First + 1 && _code.Insts[data.First].Op == (ushort)X64Pseudo.Jump
                && (next == moves.Length || moves[next].Inst >= data.End) && _code.Insts[data.First].Aux != block;
            if (empty) _forward[block] = _code.Insts[data.First].Aux;
        }
    }

    private int Target(int block)
    {
        for (int steps = 0; _forward[block] >= 0 && steps < _forward.Count; steps++) block = _forward[block];
        return block;
    }

    /// <summary>A cycle of empty blocks cannot be left out.</summary>
    private bool IsLeftOut(int block) => _forward[block] >= 0 && _forward[Target(block)] < 0;

    private bool IsNext(int block, int after)
    {
        int next = after + 1;
        while (next < _code.Blocks.Count && IsLeftOut(next)) next++;
        return next == block;
    }

    private void EmitBlock(int block)
    {
        if (IsLeftOut(block)) return;
        _buffer.Bind(_blockLabels[block]);
        ReadOnlySpan<RegMove> moves = _alloc.Moves;
        for (int i = _code.Blocks[block].First; i < _code.Blocks[block].End; i++)
        {
            while (_nextMove < moves.Length && moves[_nextMove].Inst < i) _nextMove++;
            for (; _nextMove < moves.Length && moves[_nextMove].Inst == i && moves[_nextMove].Phase < MovePhase.After; _nextMove++) EmitMove(moves[_nextMove]);
            ref MInst inst = ref _code.Insts[i];
            if (inst.Source != _lastSource) _output.Sources.Add(new SourceSite(_buffer.Offset, _lastSource = inst.Source));
            if (inst.Op >= (ushort)X64Pseudo.First) EmitPseudo(block, i, inst);
            else EmitRow(block, inst);
            for (; _nextMove < moves.Length && moves[_nextMove].Inst == i; _nextMove++) EmitMove(moves[_nextMove]);
        }
    }

    private CodeLabel LabelOf(int block) => _blockLabels[Target(block)];

    private void EmitJump(int block, int target)
    {
        if (!IsNext(Target(target), block)) _asm.Jump(LabelOf(target));
    }

    // Moves

    private void EmitMove(in RegMove move)
    {
        RegKind kind = _code.VRegs[move.VReg];
        Loc from = move.From, to = move.To;
        if (from == Loc.Remat)
        {
            Rematerialise(move.VReg, to, kind);
            return;
        }
        if (from.IsReg && to.IsReg)
        {
            if (to.PReg.IsVector) _asm.Emit(X64Op.Movaps, 16, to.PReg.Number, from.PReg.Number);
            else _asm.Mov(to.PReg.Number, from.PReg.Number);
            return;
        }
        if (to.IsReg)
        {
            Load(kind, to.PReg, SlotAt(from.SlotNumber));
            return;
        }
        if (from.IsReg)
        {
            Store(kind, from.PReg, SlotAt(to.SlotNumber));
            return;
        }
        // From slot to slot without a register: the scratch registers may hold cycles that are being resolved.
        for (int i = 0; i < (kind == RegKind.Vector ? 2 : 1); i++)
        {
            _asm.Emit(X64Op.PushM, 8, 0, SlotAt(from.SlotNumber + i));
            _asm.Emit(X64Op.PopM, 8, 0, SlotAt(to.SlotNumber + i));
        }
    }

    private void Load(RegKind kind, PReg reg, in RegMem from)
    {
        X64Op op = kind == RegKind.Vector ? X64Op.MovupsRm : kind == RegKind.Float ? X64Op.MovsdRm : X64Op.MovRm;
        _asm.Emit(op, 8, reg.Number, from);
    }

    private void Store(RegKind kind, PReg reg, in RegMem to)
    {
        X64Op op = kind == RegKind.Vector ? X64Op.MovupsMr : kind == RegKind.Float ? X64Op.MovsdMr : X64Op.MovMr;
        _asm.Emit(op, 8, reg.Number, to);
    }

    private void Rematerialise(int vreg, Loc to, RegKind kind)
    {
        MInst inst = _code.Insts[_alloc.RematInst(vreg)];
        bool vector = kind >= RegKind.Float;
        PReg reg = to.IsReg ? to.PReg : vector ? PReg.Vector(ScratchX) : PReg.Int(Scratch);
        if (inst.Op >= (ushort)X64Pseudo.First) EmitConstantInto(inst, reg.Number, keepFlags: true);
        else _asm.Emit((X64Op)inst.Op, inst.Size, reg.Number, Memory(inst));
        if (to.IsSlot) Store(kind, reg, SlotAt(to.SlotNumber));
    }

    /// <summary>The instructions without inputs.</summary>
    private void EmitConstantInto(in MInst inst, int reg, bool keepFlags)
    {
        switch ((X64Pseudo)inst.Op)
        {
            case X64Pseudo.Constant when inst.Imm == 0 && !keepFlags: _asm.Emit(X64Op.XorRm, 4, reg, reg); break;
            case X64Pseudo.Constant: _asm.MovImm(reg, inst.Size == 4 ? (uint)inst.Imm : inst.Imm); break;
            case X64Pseudo.VectorConstant when inst.Aux == -1: _asm.Emit(X64Op.Xorps, 16, reg, reg); break;
            case X64Pseudo.VectorConstant when inst.Aux == -2: _asm.Emit(X64Op.Pcmpeqd, 16, reg, reg); break;
            case X64Pseudo.VectorConstant:
                X64Op op = inst.Size == 4 ? X64Op.MovssRm : inst.Size == 8 ? X64Op.MovsdRm : X64Op.MovupsRm;
                _asm.Emit(op, 16, reg, RegMem.At(_constantLabels[inst.Aux]));
                break;
            case X64Pseudo.Context: _asm.Mov(reg, Pinned); break;
            case X64Pseudo.FramePointer: _asm.Mov(reg, Rbp); break;
            case X64Pseudo.FuncAddr:
                _asm.Emit(X64Op.Lea, 8, reg, RegMem.At(CodeLabelForSymbol()));
                _output.Relocations.Add(new Relocation(_buffer.Offset - 4, RelocationKind.PcRelative32, inst.Aux, -4));
                break;
            default: throw new InvalidOperationException($"cannot make {(X64Pseudo)inst.Op} again");
        }
    }

    /// <summary>A label at the very place, so that the distance is there to be replaced by the relocation.</summary>
    private CodeLabel CodeLabelForSymbol()
    {
        CodeLabel here = _buffer.CreateLabel();
        _buffer.Bind(here);
        return here;
    }

    // Operands

    private Loc Alloc(in MInst inst, int operand) => _alloc.Allocs[inst.OperandStart + operand];

    private int Reg(in MInst inst, int operand) => Alloc(inst, operand).PReg.Number;

    private RegMem RegOrSlot(Loc loc) => loc.IsReg ? RegMem.Register(loc.PReg.Number) : SlotAt(loc.SlotNumber);

    private RegMem RmOf(in MInst inst) => inst.Mem == 0 ? RegOrSlot(Alloc(inst, inst.RmAt)) : Memory(inst);

    private RegMem Memory(in MInst inst)
    {
        int index = inst.IndexAt >= 0 ? Reg(inst, inst.IndexAt) : RegMem.NoReg;
        return (X64Mem)inst.Mem switch
        {
            X64Mem.Based => RegMem.Memory(Reg(inst, inst.RmAt), inst.Disp, index, inst.Scale),
            X64Mem.Pinned => RegMem.Memory(Pinned, inst.Disp, index, inst.Scale),
            X64Mem.StackSlot => RegMem.Memory(Rbp, _stackSlotOffsets[inst.Aux] + inst.Disp),
            X64Mem.Incoming => RegMem.Memory(Rbp, 16 + inst.Disp),
            X64Mem.Outgoing => RegMem.Memory(Rsp, inst.Disp),
            X64Mem.ReturnArea => RegMem.Memory(Rbp, inst.Disp - _returnAreaTop),
            X64Mem.Constant => RegMem.At(_constantLabels[inst.Aux]),
            _ => throw new InvalidOperationException("no memory operand"),
        };
    }

    private void AddTrap(in MInst inst)
    {
        if (inst.Trap != 0 && inst.Mem != 0) _output.Traps.Add(new TrapSite(_buffer.Offset, new TrapCode(inst.Trap), inst.TrapSource));
    }

    // Rows

    private void EmitRow(int block, in MInst inst)
    {
        var op = (X64Op)inst.Op;
        ref readonly X64Row row = ref op.Row();
        if (inst.Tail == (byte)X64Tail.Set) _asm.Emit(X64Op.XorRm, 4, Reg(inst, inst.TailAt), Reg(inst, inst.TailAt));
        if (row.Form is X64Form.Z or X64Form.Z3 or X64Form.O)
        {
            _asm.EmitPlain(op, inst.Size, inst.RegAt >= 0 ? Reg(inst, inst.RegAt) : 0);
            return;
        }
        RegMem rm = RmOf(inst);
        int reg = inst.RegAt >= 0 ? Reg(inst, inst.RegAt) : 0;
        int vvvv = inst.SourceAt >= 0 ? Reg(inst, inst.SourceAt) : -1;
        if (inst.SourceAt < 0 && row.Has(X64Flags.RegX) && row.Form is X64Form.RVM or X64Form.RVMI8)
        {
            // Keeps the destination's upper part: where that would mean waiting for an old value, break the chain.
            if (!row.Has(X64Flags.RmX)) _asm.Emit(X64Op.Xorps, 16, reg, reg);
            else if (!rm.IsMem && _asm.IsThreeOperand(op)) vvvv = rm.Reg;
        }
        AddTrap(inst);
        _asm.Emit(op, inst.Size, reg, rm, inst.Imm, vvvv, locked: inst.Locked);
        if (inst.Tail != 0) EmitTail(block, inst);
    }

    private void EmitTail(int block, in MInst inst)
    {
        var cond = (Cond)inst.Cond;
        switch ((X64Tail)inst.Tail)
        {
            case X64Tail.Branch:
                ReadOnlySpan<int> succs = _code.Succs(block);
                EmitBranch(block, cond, succs[0], succs[1]);
                break;
            case X64Tail.Set: EmitSet(cond, Reg(inst, inst.TailAt)); break;
            case X64Tail.Cmov:
                int size = Math.Max(4, (int)inst.TailSize);
                if (cond == Cond.FloatE) EmitFloatEqualMove(inst, size);
                else
                {
                    if (cond == Cond.FloatNE) _asm.Emit(X64Op.Cmov, size, Reg(inst, inst.TailAt), Reg(inst, inst.TailSourceAt), cond: Cond.P);
                    _asm.Emit(X64Op.Cmov, size, Reg(inst, inst.TailAt), Reg(inst, inst.TailSourceAt), cond: cond == Cond.FloatNE ? Cond.NE : cond);
                }
                break;
            case X64Tail.VectorMove:
                CodeLabel over = _buffer.CreateLabel(), move = _buffer.CreateLabel();
                if (cond == Cond.FloatNE)
                {
                    _asm.JumpIf(Cond.P, move);
                    _asm.JumpIf(Cond.E, over);
                }
                else
                {
                    if (cond == Cond.FloatE) _asm.JumpIf(Cond.P, over);
                    _asm.JumpIf(cond == Cond.FloatE ? Cond.NE : cond.Invert(), over);
                }
                _buffer.Bind(move);
                _asm.Emit(X64Op.Movaps, 16, Reg(inst, inst.TailAt), Reg(inst, inst.TailSourceAt));
                _buffer.Bind(over);
                break;
            case X64Tail.Adc or X64Tail.Sbb:
                bool add = inst.Tail == (byte)X64Tail.Adc;
                if (inst.TailSourceAt >= 0) _asm.Emit(add ? X64Op.AdcRm : X64Op.SbbRm, inst.TailSize, Reg(inst, inst.TailAt), Reg(inst, inst.TailSourceAt));
                else _asm.Emit(add ? X64Op.AdcMi : X64Op.SbbMi, inst.TailSize, 0, Reg(inst, inst.TailAt), 0);
                break;
            case X64Tail.Trap:
                CodeLabel trap = Defer(DeferredKind.Trap, new TrapCode(inst.TailTrap), inst.Source);
                if (cond == Cond.FloatE)
                {
                    CodeLabel skip = _buffer.CreateLabel();
                    _asm.JumpIf(Cond.P, skip);
                    _asm.JumpIf(Cond.E, trap);
                    _buffer.Bind(skip);
                }
                else
                {
                    if (cond == Cond.FloatNE) _asm.JumpIf(Cond.P, trap);
                    _asm.JumpIf(cond == Cond.FloatNE ? Cond.NE : cond, trap);
                }
                break;
        }
    }

    private void EmitSet(Cond cond, int reg)
    {
        if (cond is not (Cond.FloatE or Cond.FloatNE))
        {
            _asm.Emit(X64Op.Setcc, 1, 0, reg, cond: cond);
            return;
        }
        bool equal = cond == Cond.FloatE;
        _asm.Emit(X64Op.Setcc, 1, 0, reg, cond: equal ? Cond.NP : Cond.P);
        _asm.Emit(X64Op.Setcc, 1, 0, Scratch, cond: equal ? Cond.E : Cond.NE);
        _asm.Emit(equal ? X64Op.AndRm : X64Op.OrRm, 1, reg, Scratch);
    }

    /// <summary>dst already has the other value; the move must happen only for equal and ordered.</summary>
    private void EmitFloatEqualMove(in MInst inst, int size)
    {
        CodeLabel over = _buffer.CreateLabel();
        _asm.JumpIf(Cond.P, over);
        _asm.Emit(X64Op.Cmov, size, Reg(inst, inst.TailAt), Reg(inst, inst.TailSourceAt), cond: Cond.E);
        _buffer.Bind(over);
    }

    private void EmitBranch(int block, Cond cond, int taken, int other)
    {
        if (IsNext(Target(taken), block)) (cond, taken, other) = (cond.Invert(), other, taken);
        if (cond == Cond.FloatE)
        {
            _asm.JumpIf(Cond.P, LabelOf(other));
            _asm.JumpIf(Cond.E, LabelOf(taken));
        }
        else
        {
            if (cond == Cond.FloatNE) _asm.JumpIf(Cond.P, LabelOf(taken));
            _asm.JumpIf(cond == Cond.FloatNE ? Cond.NE : cond, LabelOf(taken));
        }
        EmitJump(block, other);
    }

    // The end

    /// <summary>Jump tables and constants; returns where the instructions end.</summary>
    private int EmitConstants()
    {
        int end = _buffer.Offset;
        foreach ((CodeLabel label, int block) in _tables.AsSpan())
        {
            _buffer.Align(4);
            _buffer.Bind(label);
            foreach (int succ in _code.Succs(block)) _buffer.Difference(LabelOf(succ), label);
        }
        if (_lower.Constants.Count > 0) _buffer.Align(16);
        for (int i = 0; i < _lower.Constants.Count; i++)
        {
            _buffer.Bind(_constantLabels[i]);
            _buffer.Int64((long)(ulong)_lower.Constants[i]);
            _buffer.Int64((long)(ulong)(_lower.Constants[i] >> 64));
        }
        return end;
    }

    /// <summary>Where the instruction ends that ended at an offset: alignment may follow it, and does not belong to it.</summary>
    private int FinalEnd(int offset) => _buffer.Final(offset - 1) + 1;

    /// <summary>Translates the offsets in the tables to the finished code.</summary>
    private void FinishTables()
    {
        foreach (ref Relocation item in _output.Relocations.AsSpan()) item = item with { Offset = _buffer.Final(item.Offset) };
        foreach (ref TrapSite item in _output.Traps.AsSpan())
            item = item with { Offset = item.Offset < 0 ? FinalEnd(~item.Offset) : _buffer.Final(item.Offset) };
        foreach (ref SourceSite item in _output.Sources.AsSpan()) item = item with { Offset = _buffer.Final(item.Offset) };
        foreach (ref ReturnSite item in _output.Returns.AsSpan())
            item = item with { Offset = FinalEnd(item.Offset), Handler = item.Handler < 0 ? -1 : _buffer.Final(new CodeLabel(item.Handler)) };
        _output.Traps.AsSpan().Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
    }
}
