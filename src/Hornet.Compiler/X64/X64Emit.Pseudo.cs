using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Compiler.X64;

/// <content>Instructions that become several, their rare paths, and calls.</content>
internal sealed partial class X64Emit
{
    private enum DeferredKind : byte
    {
        Trap,
        DivideByMinusOne,
        FloatMinMax,
        SignedToInt,
        UnsignedToInt32,
        UnsignedToInt64Large,
        UnsignedToInt64Negative,
        LargeUnsignedToFloat,
    }

    /// <summary>A rare path of an instruction: entered at one label, it returns at the other.</summary>
    private readonly record struct Deferred(DeferredKind Kind, CodeLabel Entry, CodeLabel Back, MInst Inst, TrapCode Code, int Source);

    private readonly FlatList<Deferred> _deferred = new(16);

    private CodeLabel Defer(DeferredKind kind, TrapCode code, int source = -1)
    {
        CodeLabel entry = _buffer.CreateLabel();
        _deferred.Add(new Deferred(kind, entry, CodeLabel.None, default, code, source));
        return entry;
    }

    private CodeLabel Defer(DeferredKind kind, in MInst inst, out CodeLabel back)
    {
        CodeLabel entry = _buffer.CreateLabel();
        back = _buffer.CreateLabel();
        _deferred.Add(new Deferred(kind, entry, back, inst, TrapCode.None, inst.Source));
        return entry;
    }

    private void EmitTrap(TrapCode code, int source)
    {
        if (TrapStub >= 0)
        {
            // The stub sees where it was called from: the end of the call (complemented until the tables are finished).
            _asm.Emit(X64Op.CallM, 8, 0, RegMem.Memory(Pinned, TrapStub));
            _output.Traps.Add(new TrapSite(~_buffer.Offset, code, source));
            // Never reached; the return address stays inside the function.
            _asm.EmitPlain(X64Op.Int3);
            return;
        }
        _output.Traps.Add(new TrapSite(_buffer.Offset, code, source));
        _asm.EmitPlain(X64Op.Ud2);
    }

    private void EmitPseudo(int block, int index, in MInst inst)
    {
        switch ((X64Pseudo)inst.Op)
        {
            case X64Pseudo.LiveIn:
                if (inst.Imm == 0) break;
                // A handler: whoever threw has set rbp, and knows nothing else of this frame.
                _asm.Emit(X64Op.Lea, 8, Rsp, RegMem.Memory(Rbp, -_frameSize));
                _asm.Emit(X64Op.MovRm, 8, Pinned, RegMem.Memory(Rbp, -8));
                break;
            case X64Pseudo.Jump: EmitJump(block, inst.Aux); break;
            case X64Pseudo.JumpTable: EmitJumpTable(block, inst); break;
            case X64Pseudo.Trap: EmitTrap(new TrapCode(inst.Trap), inst.Source); break;
            case X64Pseudo.Return:
                Epilogue();
                if (_stackArgs > 0) _asm.EmitPlain(X64Op.RetImm, imm: _stackArgs);
                else _asm.EmitPlain(X64Op.Ret);
                break;
            case X64Pseudo.Call or X64Pseudo.CallIndirect: EmitCall(index, inst, CodeLabel.None); break;
            case X64Pseudo.TryCall or X64Pseudo.TryCallIndirect:
                EmitCall(index, inst, LabelOf(_code.Succs(block)[1]));
                EmitJump(block, _code.Succs(block)[0]);
                break;
            case X64Pseudo.TailCall or X64Pseudo.TailCallIndirect: EmitTailCall(inst); break;
            case X64Pseudo.StackPointer: _asm.Mov(Reg(inst, inst.RegAt), Rsp); break;
            case X64Pseudo.Divide: EmitDivide(inst); break;
            case X64Pseudo.FloatMinMax: EmitFloatMinMax(inst); break;
            case X64Pseudo.FloatToInt: EmitFloatToInt(inst); break;
            case X64Pseudo.UnsignedToFloat: EmitUnsignedToFloat(inst); break;
            case X64Pseudo.BitScan: EmitBitScan(inst); break;
            case X64Pseudo.PopcntSlow: EmitPopcnt(Reg(inst, inst.RegAt), Reg(inst, inst.SourceAt)); break;
            case X64Pseudo.AtomicLoop: EmitAtomicLoop(inst); break;
            default: EmitConstantInto(inst, Reg(inst, inst.RegAt), keepFlags: false); break;
        }
    }

    private void EmitJumpTable(int block, in MInst inst)
    {
        int temp = Reg(inst, inst.RegAt), index = Reg(inst, inst.RmAt);
        CodeLabel table = _buffer.CreateLabel();
        _tables.Add((table, block));
        // An index out of range becomes the default's by a conditional move, which cannot be mispredicted.
        _asm.MovImm(Scratch, inst.Imm);
        _asm.Emit(X64Op.CmpRm, 4, index, Scratch);
        _asm.Emit(X64Op.Cmov, 4, Scratch, index, cond: Cond.B);
        _asm.Emit(X64Op.Lea, 8, temp, RegMem.At(table));
        _asm.Emit(X64Op.Movsxd, 8, Scratch, RegMem.Memory(temp, 0, Scratch, 2));
        _asm.Emit(X64Op.AddRm, 8, temp, Scratch);
        _asm.Emit(X64Op.JmpM, 8, 0, temp);
    }

    // Calls

    private void EmitCall(int index, in MInst inst, CodeLabel handler)
    {
        CallSite site = _lower.CallSites[(int)inst.Imm];
        if (site.Slot >= 0)
        {
            _asm.Emit(X64Op.MovRm, 8, Scratch, RegMem.Memory(Pinned, Entries));
            _asm.Emit(X64Op.CallM, 8, 0, RegMem.Memory(Scratch, site.Slot));
        }
        else if (site.Symbol >= 0)
        {
            int at = _asm.CallRelative();
            _output.Relocations.Add(new Relocation(at, RelocationKind.PcRelative32, site.Symbol, -4));
        }
        else
        {
            _asm.Emit(X64Op.CallM, 8, 0, RmOf(inst));
        }
        int mapStart = _output.StackMaps.Count;
        foreach ((int _, int vreg) in FrameValuesAt(index)) _output.StackMaps.Add(8 * _alloc.SlotOf(vreg) - _spillTop);
        int state = site.State.IsNone ? -1 : DescribeState(inst, site);
        _output.Returns.Add(new ReturnSite(_buffer.Offset, inst.Source, handler.Index, mapStart, _output.StackMaps.Count - mapStart, state));
        if (site.StackBytes > 0) _asm.Emit(X64Op.SubMi, 8, 0, Rsp, site.StackBytes);
        if (site.RestoresContext) _asm.Emit(X64Op.MovRm, 8, Pinned, RegMem.Memory(Rbp, -8));
    }

    private ReadOnlySpan<(int Inst, int VReg)> FrameValuesAt(int index)
    {
        ReadOnlySpan<(int Inst, int VReg)> all = _alloc.FrameValues;
        int low = 0, high = all.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (all[middle].Inst < index) low = middle + 1;
            else high = middle;
        }
        int end = low;
        while (end < all.Length && all[end].Inst == index) end++;
        return all[low..end];
    }

    /// <summary>Where each value of a frame state lies at the call; returns the innermost frame's entry.</summary>
    private int DescribeState(in MInst inst, CallSite site)
    {
        int operand = site.FirstStateOperand;
        int first = _output.FrameStates.Count;
        for (FrameState frame = site.State; !frame.IsNone; frame = _function.FrameStates[frame.Index].Outer)
        {
            FrameStateData data = _function.FrameStates[frame.Index];
            int count = _function.Lists.Count(data.Values);
            int start = _output.FrameValues.Count;
            for (int i = 0; i < count; i++) _output.FrameValues.Add(Describe(inst, operand++));
            int self = _output.FrameStates.Count;
            _output.FrameStates.Add(new FrameStateSite(data.Tag, data.Outer.IsNone ? -1 : self + 1, start, count));
        }
        return first;
    }

    private FrameValue Describe(in MInst inst, int operand)
    {
        Loc loc = Alloc(inst, operand);
        if (loc.IsSlot) return new FrameValue(FrameValueKind.Slot, 8L * loc.SlotNumber - _spillTop);
        if (loc != Loc.Remat) return new FrameValue(FrameValueKind.Unknown, 0);
        MInst made = _code.Insts[_alloc.RematInst(_code.OperandsOf(inst)[operand].VReg)];
        return (X64Pseudo)made.Op switch
        {
            X64Pseudo.Constant => new FrameValue(FrameValueKind.Constant, made.Imm),
            X64Pseudo.VectorConstant when made.Aux == -1 => new FrameValue(FrameValueKind.Constant, 0),
            X64Pseudo.VectorConstant when made.Size <= 8 => new FrameValue(FrameValueKind.Constant, (long)(ulong)_lower.Constants[made.Aux]),
            X64Pseudo.Context => new FrameValue(FrameValueKind.Context, 0),
            _ => new FrameValue(FrameValueKind.Unknown, 0),
        };
    }

    private void EmitTailCall(in MInst inst)
    {
        CallSite site = _lower.CallSites[(int)inst.Imm];
        RestoreSaved();
        if (site.StackBytes == 0 && _stackArgs == 0)
        {
            if (_frameSize > 0) _asm.Mov(Rsp, Rbp);
            _asm.EmitPlain(X64Op.Pop, 8, Rbp);
        }
        else
        {
            MoveStackArguments(site.StackBytes);
        }
        if ((X64Pseudo)inst.Op == X64Pseudo.TailCallIndirect)
        {
            _asm.Emit(X64Op.JmpM, 8, 0, X64Abi.TailCallee.Number);
            return;
        }
        if (site.Slot >= 0)
        {
            _asm.Emit(X64Op.MovRm, 8, Scratch, RegMem.Memory(Pinned, Entries));
            _asm.Emit(X64Op.JmpM, 8, 0, RegMem.Memory(Scratch, site.Slot));
            return;
        }
        int at = _asm.JumpRelative();
        _output.Relocations.Add(new Relocation(at, RelocationKind.PcRelative32, site.Symbol, -4));
    }

    /// <summary>The new arguments take the place of our own, ending where those end; the return address goes below them.</summary>
    private void MoveStackArguments(int bytes)
    {
        int delta = _stackArgs - bytes;
        _asm.Emit(X64Op.MovRm, 8, Scratch, RegMem.Memory(Rbp, 8));
        _asm.Emit(X64Op.MovRm, 8, Rbp, RegMem.Memory(Rbp, 0));
        // From the top down: the target lies above the source.
        for (int at = bytes - X64Abi.CellSize; at >= 0; at -= X64Abi.CellSize)
        {
            _asm.Emit(X64Op.MovupsRm, 16, ScratchX, RegMem.Memory(Rsp, at));
            _asm.Emit(X64Op.MovupsMr, 16, ScratchX, RegMem.Memory(Rsp, _frameSize + 16 + delta + at));
        }
        _asm.Emit(X64Op.MovMr, 8, Scratch, RegMem.Memory(Rsp, _frameSize + 8 + delta));
        _asm.Emit(X64Op.Lea, 8, Rsp, RegMem.Memory(Rsp, _frameSize + 8 + delta));
    }

    // Integers

    private void EmitDivide(in MInst inst)
    {
        bool signed = (inst.Imm & 1) != 0;
        int divisor = Reg(inst, inst.RmAt), size = inst.Size;
        if ((inst.Imm & 4) == 0)
        {
            _asm.Emit(X64Op.TestMr, size, divisor, divisor);
            _asm.JumpIf(Cond.E, Defer(DeferredKind.Trap, TrapCode.IntegerDivisionByZero, inst.Source));
        }
        if (!signed)
        {
            _asm.Emit(X64Op.XorRm, 4, Rdx, Rdx);
            _asm.Emit(X64Op.DivM, size, 0, divisor);
            return;
        }
        CodeLabel back = CodeLabel.None;
        if ((inst.Imm & 8) == 0)
        {
            _asm.Emit(X64Op.CmpMi, size, 0, divisor, -1);
            _asm.JumpIf(Cond.E, Defer(DeferredKind.DivideByMinusOne, inst, out back));
        }
        _asm.EmitPlain(size == 8 ? X64Op.Cqo : X64Op.Cdq);
        _asm.Emit(X64Op.IdivM, size, 0, divisor);
        if (!back.Equals(CodeLabel.None)) _buffer.Bind(back);
    }

    private void EmitBitScan(in MInst inst)
    {
        int bits = inst.Size * 8, dst = Reg(inst, inst.RegAt);
        bool leading = inst.Imm == 1;
        _asm.Emit(leading ? X64Op.Bsr : X64Op.Bsf, inst.Size, dst, Reg(inst, inst.RmAt));
        _asm.MovImm(Scratch, leading ? 2 * bits - 1 : bits);
        _asm.Emit(X64Op.Cmov, 4, dst, Scratch, cond: Cond.E);
        if (leading) _asm.Emit(X64Op.XorMi, 4, 0, dst, bits - 1);
    }

    /// <summary>Counts bits in place: sums of neighbours, twice as wide each time (Hacker's Delight, 5-1).</summary>
    private void EmitPopcnt(int x, int t)
    {
        _asm.Mov(t, x);
        _asm.Emit(X64Op.ShrMi8, 8, 0, t, 1);
        _asm.MovImm(Scratch, 0x5555_5555_5555_5555);
        _asm.Emit(X64Op.AndRm, 8, t, Scratch);
        _asm.Emit(X64Op.SubRm, 8, x, t);
        _asm.Mov(t, x);
        _asm.MovImm(Scratch, 0x3333_3333_3333_3333);
        _asm.Emit(X64Op.AndRm, 8, x, Scratch);
        _asm.Emit(X64Op.ShrMi8, 8, 0, t, 2);
        _asm.Emit(X64Op.AndRm, 8, t, Scratch);
        _asm.Emit(X64Op.AddRm, 8, x, t);
        _asm.Mov(t, x);
        _asm.Emit(X64Op.ShrMi8, 8, 0, t, 4);
        _asm.Emit(X64Op.AddRm, 8, x, t);
        _asm.MovImm(Scratch, 0x0F0F_0F0F_0F0F_0F0F);
        _asm.Emit(X64Op.AndRm, 8, x, Scratch);
        _asm.MovImm(Scratch, 0x0101_0101_0101_0101);
        _asm.Emit(X64Op.ImulRm, 8, x, Scratch);
        _asm.Emit(X64Op.ShrMi8, 8, 0, x, 56);
    }

    private void EmitAtomicLoop(in MInst inst)
    {
        int temp = Reg(inst, inst.SourceAt);
        RegMem place = Memory(inst);
        X64Op load = inst.Size switch
        {
            1 => X64Op.MovzxB,
            2 => X64Op.MovzxW,
            _ => X64Op.MovRm,
        };
        AddTrap(inst);
        _asm.Emit(load, Math.Max(4, (int)inst.Size), Rax, place);
        CodeLabel again = _buffer.CreateLabel();
        _buffer.Bind(again);
        _asm.Mov(temp, Rax);
        _asm.Emit((X64Op)inst.Imm, 8, temp, Reg(inst, inst.RegAt));
        AddTrap(inst);
        _asm.Emit(X64Op.Cmpxchg, inst.Size, temp, place, locked: true);
        _asm.JumpIf(Cond.NE, again);
    }

    // Floats

    private void EmitFloatMinMax(in MInst inst)
    {
        bool max = inst.Imm == 1, single = inst.Size == 4;
        int a = Reg(inst, inst.RegAt), b = Reg(inst, inst.RmAt);
        _asm.Emit(single ? X64Op.Ucomiss : X64Op.Ucomisd, 8, a, b);
        // Equal (zeros of both signs) and unordered both set the zero flag.
        _asm.JumpIf(Cond.E, Defer(DeferredKind.FloatMinMax, inst, out CodeLabel back));
        _asm.Emit((max, single) switch
        {
            (true, true) => X64Op.Maxss,
            (true, false) => X64Op.Maxsd,
            (false, true) => X64Op.Minss,
            _ => X64Op.Minsd,
        }, 8, a, b);
        _buffer.Bind(back);
    }

    private static X64Op Compare(in MInst inst) => (inst.Imm & 4) != 0 ? X64Op.Ucomiss : X64Op.Ucomisd;

    private static X64Op Truncate(in MInst inst) => (inst.Imm & 4) != 0 ? X64Op.Cvttss2si : X64Op.Cvttsd2si;

    private void EmitFloatToInt(in MInst inst)
    {
        int dst = Reg(inst, inst.RegAt), x = Reg(inst, inst.RmAt);
        bool signed = (inst.Imm & 1) != 0;
        if (signed)
        {
            // What does not fit becomes the smallest integer, and only that overflows when one is subtracted.
            _asm.Emit(Truncate(inst), inst.Size, dst, x);
            _asm.Emit(X64Op.CmpMi, inst.Size, 0, dst, 1);
            _asm.JumpIf(Cond.O, Defer(DeferredKind.SignedToInt, inst, out CodeLabel back));
            _buffer.Bind(back);
        }
        else if (inst.Size == 4)
        {
            _asm.Emit(Truncate(inst), 8, dst, x);
            _asm.Mov(Scratch, dst);
            _asm.Emit(X64Op.ShrMi8, 8, 0, Scratch, 32);
            _asm.JumpIf(Cond.NE, Defer(DeferredKind.UnsignedToInt32, inst, out CodeLabel back));
            _buffer.Bind(back);
        }
        else
        {
            LoadFloat(ScratchX, inst, 9223372036854775808.0);
            _asm.Emit(Compare(inst), 8, x, ScratchX);
            _asm.JumpIf(Cond.AE, Defer(DeferredKind.UnsignedToInt64Large, inst, out CodeLabel back));
            _asm.Emit(Truncate(inst), 8, dst, x);
            _asm.Emit(X64Op.TestMr, 8, dst, dst);
            _asm.JumpIf(Cond.S, Defer(DeferredKind.UnsignedToInt64Negative, inst, out CodeLabel back2));
            _buffer.Bind(back);
            _buffer.Bind(back2);
        }
    }

    private void LoadFloat(int reg, in MInst inst, double value)
    {
        bool single = (inst.Imm & 4) != 0;
        long bits = single ? BitConverter.SingleToUInt32Bits((float)value) : BitConverter.DoubleToInt64Bits(value);
        _asm.MovImm(Scratch, bits);
        _asm.Emit(X64Op.MovqRm, 8, reg, Scratch);
    }

    private void EmitUnsignedToFloat(in MInst inst)
    {
        int value = Reg(inst, inst.RmAt), dst = Reg(inst, inst.RegAt);
        _asm.Emit(X64Op.TestMr, 8, value, value);
        _asm.JumpIf(Cond.S, Defer(DeferredKind.LargeUnsignedToFloat, inst, out CodeLabel back));
        _asm.Emit(X64Op.Xorps, 16, dst, dst);
        _asm.Emit(inst.Size == 4 ? X64Op.Cvtsi2ss : X64Op.Cvtsi2sd, 8, dst, value);
        _buffer.Bind(back);
    }

    // Rare paths

    private void EmitDeferred(in Deferred path)
    {
        _buffer.Bind(path.Entry);
        if (path.Source != _lastSource) _output.Sources.Add(new SourceSite(_buffer.Offset, _lastSource = path.Source));
        MInst inst = path.Inst;
        switch (path.Kind)
        {
            case DeferredKind.Trap:
                EmitTrap(path.Code, path.Source);
                return;
            case DeferredKind.DivideByMinusOne:
                if ((inst.Imm & 2) != 0)
                {
                    // x % -1 => 0
                    _asm.Emit(X64Op.XorRm, 4, Rdx, Rdx);
                    break;
                }
                CodeLabel fits = _buffer.CreateLabel();
                _asm.Emit(X64Op.NegM, inst.Size, 0, Rax);
                _asm.JumpIf(Cond.NO, fits);
                EmitTrap(TrapCode.IntegerOverflow, path.Source);
                _buffer.Bind(fits);
                break;
            case DeferredKind.FloatMinMax:
                CodeLabel ordered = _buffer.CreateLabel();
                int a = Reg(inst, inst.RegAt), b = Reg(inst, inst.RmAt);
                _asm.JumpIf(Cond.NP, ordered);
                // A sum of which one is NaN is that NaN, made quiet.
                _asm.Emit(inst.Size == 4 ? X64Op.Addss : X64Op.Addsd, 8, a, b);
                _asm.Jump(path.Back);
                _buffer.Bind(ordered);
                _asm.Emit(inst.Imm == 1 ? X64Op.Andps : X64Op.Orps, 16, a, b);
                break;
            case DeferredKind.LargeUnsignedToFloat:
                // Halved with the lost bit kept (so that rounding is right), converted, doubled.
                int temp = Reg(inst, inst.SourceAt), value = Reg(inst, inst.RmAt), dst = Reg(inst, inst.RegAt);
                _asm.Mov(temp, value);
                _asm.Emit(X64Op.ShrMi8, 8, 0, temp, 1);
                _asm.Emit(X64Op.MovRm, 4, Scratch, value);
                _asm.Emit(X64Op.AndMi, 4, 0, Scratch, 1);
                _asm.Emit(X64Op.OrRm, 8, temp, Scratch);
                _asm.Emit(X64Op.Xorps, 16, dst, dst);
                _asm.Emit(inst.Size == 4 ? X64Op.Cvtsi2ss : X64Op.Cvtsi2sd, 8, dst, temp);
                _asm.Emit(inst.Size == 4 ? X64Op.Addss : X64Op.Addsd, 8, dst, dst);
                break;
            default:
                EmitDeferredToInt(path.Kind, inst, path.Back);
                break;
        }
        _asm.Jump(path.Back);
    }

    private void EmitDeferredToInt(DeferredKind kind, in MInst inst, CodeLabel back)
    {
        int dst = Reg(inst, inst.RegAt), x = Reg(inst, inst.RmAt);
        bool saturates = (inst.Imm & 2) != 0, single = (inst.Imm & 4) != 0;
        CodeLabel overflow = _buffer.CreateLabel(), number = _buffer.CreateLabel();
        switch (kind)
        {
            case DeferredKind.SignedToInt:
                RejectNaN(inst, dst, x, back, number);
                if (saturates)
                {
                    _asm.Emit(X64Op.Xorps, 16, ScratchX, ScratchX);
                    _asm.Emit(Compare(inst), 8, x, ScratchX);
                    _asm.JumpIf(Cond.B, back);
                    _asm.MovImm(dst, inst.Size == 4 ? int.MaxValue : long.MaxValue);
                    return;
                }
                // The smallest integer itself is right; for doubles to i32, so is everything above the next smaller integer.
                bool exclusive = !single && inst.Size == 4;
                LoadFloat(ScratchX, inst, exclusive ? -2147483649.0 : inst.Size == 4 ? -2147483648.0 : -9223372036854775808.0);
                _asm.Emit(Compare(inst), 8, x, ScratchX);
                _asm.JumpIf(exclusive ? Cond.BE : Cond.B, overflow);
                _asm.Emit(X64Op.Xorps, 16, ScratchX, ScratchX);
                _asm.Emit(Compare(inst), 8, x, ScratchX);
                _asm.JumpIf(Cond.B, back);
                _buffer.Bind(overflow);
                EmitTrap(TrapCode.IntegerOverflow, inst.Source);
                return;
            case DeferredKind.UnsignedToInt32 or DeferredKind.UnsignedToInt64Negative:
                RejectNaN(inst, dst, x, back, number);
                if (!saturates)
                {
                    EmitTrap(TrapCode.IntegerOverflow, inst.Source);
                    return;
                }
                _asm.Emit(X64Op.XorRm, 4, dst, dst);
                _asm.Emit(X64Op.Xorps, 16, ScratchX, ScratchX);
                _asm.Emit(Compare(inst), 8, x, ScratchX);
                _asm.JumpIf(Cond.B, back);
                _asm.MovImm(dst, inst.Size == 4 ? uint.MaxValue : -1);
                return;
            default: // UnsignedToInt64Large: 2^63 less as a signed integer, then the top bit put back
                _asm.Emit(X64Op.Movaps, 16, ScratchX, x);
                SubtractTopBit(inst);
                _asm.Emit(Truncate(inst), 8, dst, ScratchX);
                _asm.Emit(X64Op.TestMr, 8, dst, dst);
                _asm.JumpIf(Cond.S, overflow);
                _asm.MovImm(Scratch, long.MinValue);
                _asm.Emit(X64Op.OrRm, 8, dst, Scratch);
                _asm.Jump(back);
                _buffer.Bind(overflow);
                if (saturates) _asm.MovImm(dst, -1);
                else EmitTrap(TrapCode.IntegerOverflow, inst.Source);
                return;
        }
    }

    /// <summary>Subtracts 2^63 from the vector scratch register; no other is free, so the constant passes over the stack.</summary>
    private void SubtractTopBit(in MInst inst)
    {
        bool single = (inst.Imm & 4) != 0;
        _asm.MovImm(Scratch, single ? BitConverter.SingleToUInt32Bits(9223372036854775808f) : BitConverter.DoubleToInt64Bits(9223372036854775808.0));
        _asm.EmitPlain(X64Op.Push, 8, Scratch);
        _asm.Emit(single ? X64Op.Subss : X64Op.Subsd, 8, ScratchX, RegMem.Memory(Rsp, 0));
        _asm.EmitPlain(X64Op.Pop, 8, Scratch);
    }

    /// <summary>NaN: zero where saturating, else a trap; goes on at <paramref name="number"/> with anything else.</summary>
    private void RejectNaN(in MInst inst, int dst, int x, CodeLabel back, CodeLabel number)
    {
        _asm.Emit(Compare(inst), 8, x, x);
        _asm.JumpIf(Cond.NP, number);
        if ((inst.Imm & 2) != 0)
        {
            _asm.Emit(X64Op.XorRm, 4, dst, dst);
            _asm.Jump(back);
        }
        else
        {
            EmitTrap(TrapCode.BadConversionToInteger, inst.Source);
        }
        _buffer.Bind(number);
    }
}
