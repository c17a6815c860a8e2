using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <summary>What emission needs to know of a call beyond its operands.</summary>
internal readonly record struct CallSite(int Symbol, int Slot, int StackBytes, FrameState State, int FirstStateOperand, bool RestoresContext);

/// <content>Parameters, calls, returns.</content>
internal sealed partial class X64Lower
{
    private readonly FlatList<AbiSlot> _resultSlots = new(16);

    public FlatList<CallSite> CallSites { get; } = new(16);

    private void LowerParams()
    {
        X64Abi.Params(_function.Signature, _slots);
        ReadOnlySpan<int> parameters = _function.Params(_function.Entry);
        ref MInst args = ref New(X64Pseudo.LiveIn, 8);
        args.Traits = InstTraits.LiveIn;
        for (int i = 0; i < _slots.Count; i++)
        {
            int vreg = i < parameters.Length ? _vregOf[parameters[i]] : _returnArea;
            if (vreg < 0 || !_slots[i].InReg) continue;
            if (_slots[i].Reg == PReg.Int(X64Regs.Pinned)) continue;
            AddFixed(ref args, vreg, OperandRole.Def, _slots[i].Reg);
        }
        if (_function.Signature.HasContext && parameters.Length > 0 && _vregOf[parameters[0]] >= 0)
            Plain(X64Pseudo.Context, _vregOf[parameters[0]]).Traits = InstTraits.Remat;
        for (int i = 0; i < _slots.Count; i++)
        {
            int vreg = i < parameters.Length ? _vregOf[parameters[i]] : _returnArea;
            if (vreg < 0 || _slots[i].InReg) continue;
            ref MInst load = ref Rm(LoadFor(Code.VRegs[vreg]), 8, vreg, Source.At(new Amode(X64Mem.Incoming, Disp: _slots[i].Offset)));
            // The cell stays as it is until a tail call leaves the frame.
            if (Code.VRegs[vreg] != RegKind.Ref) load.Traits = InstTraits.Remat;
        }
    }

    private static X64Op LoadFor(RegKind kind) => kind switch
    {
        RegKind.Float => X64Op.MovsdRm,
        RegKind.Vector => X64Op.MovupsRm,
        _ => X64Op.MovRm,
    };

    private static X64Op StoreFor(RegKind kind) => kind switch
    {
        RegKind.Float => X64Op.MovsdMr,
        RegKind.Vector => X64Op.MovupsMr,
        _ => X64Op.MovMr,
    };

    /// <summary>Stores the stack arguments; leaves the virtual registers of all arguments in <see cref="_scratch"/>.</summary>
    private int LowerArguments(Signature signature, ListRef list)
    {
        int bytes = X64Abi.Params(signature, _slots);
        OutgoingBytes = Math.Max(OutgoingBytes, bytes);
        _scratch.Clear();
        foreach (int arg in _function.Lists.Get(list)) _scratch.Add(Use(new Value(arg)));
        for (int i = 0; i < _scratch.Count; i++)
            if (!_slots[i].InReg)
                StoreReg(StoreFor(Code.VRegs[_scratch[i]]), 8, _scratch[i], new Amode(X64Mem.Outgoing, Disp: _slots[i].Offset));
        return bytes;
    }

    private void AddArguments(ref MInst call)
    {
        for (int i = 0; i < _scratch.Count; i++)
            if (_slots[i].InReg)
                AddFixed(ref call, _scratch[i], OperandRole.Use, _slots[i].Reg);
    }

    /// <summary>A call's return area: its address is the hidden last argument.</summary>
    private void AddReturnArea(Signature signature)
    {
        int size = X64Abi.ReturnAreaSize(signature);
        if (size == 0) return;
        ReturnAreaBytes = Math.Max(ReturnAreaBytes, size);
        int address = Temp();
        Rm(X64Op.Lea, 8, address, Source.At(new Amode(X64Mem.ReturnArea)));
        AbiSlot slot = _slots[_scratch.Count];
        if (!slot.InReg) StoreReg(X64Op.MovMr, 8, address, new Amode(X64Mem.Outgoing, Disp: slot.Offset));
        _scratch.Add(address);
    }

    private ref MInst NewCall(Inst inst, in InstData data, X64Pseudo direct, X64Pseudo indirect, bool clobbersAll)
    {
        HasCalls = true;
        Signature signature = _function.CallSignature(data);
        int bytes = LowerArguments(signature, data.List);
        AddReturnArea(signature);
        bool isDirect = data.Op.Format() == InstFormat.Call;
        int callee = isDirect ? -1 : Use(data.A);
        KeepsContext |= signature.HasContext;
        ref MInst call = ref New(isDirect ? direct : indirect, 8);
        call.Traits = clobbersAll ? InstTraits.ClobbersAll | InstTraits.Terminator : InstTraits.Call;
        AddArguments(ref call);
        if (!isDirect) call.RmAt = AddOperand(ref call, callee, OperandRole.Use, OperandWhere.Any);
        FrameState state = _function.Link(inst).State;
        int first = call.OperandCount;
        for (FrameState frame = state; !frame.IsNone; frame = _function.FrameStates[frame.Index].Outer)
            foreach (int value in _function.Lists.Get(_function.FrameStates[frame.Index].Values))
            {
                int vreg = Use(new Value(value));
                Code.InFrameAtCalls[vreg] = true;
                AddOperand(ref call, vreg, OperandRole.LateUse, OperandWhere.Any);
            }
        ExternalFunction target = isDirect ? Callee(data) : new ExternalFunction(-1, default);
        call.Imm = CallSites.Add(new CallSite(target.Symbol, target.Slot, bytes, state, first, signature.HasContext));
        return ref call;
    }

    /// <summary>What is called directly; the function itself needs no slot, because it is there.</summary>
    private ExternalFunction Callee(in InstData data)
    {
        ExternalFunction callee = _function.Functions[(int)data.Imm];
        return callee.Symbol == _function.Symbol ? callee with { Slot = -1 } : callee;
    }

    private void LowerCall(Inst inst, in InstData data)
    {
        ref MInst call = ref NewCall(inst, data, X64Pseudo.Call, X64Pseudo.CallIndirect, clobbersAll: false);
        X64Abi.Results(_function.CallSignature(data), _resultSlots);
        int first = _function.Result(inst).Index;
        for (int i = 0; i < _resultSlots.Count; i++)
            if (_resultSlots[i].InReg && _vregOf[first + i] >= 0)
                AddFixed(ref call, _vregOf[first + i], OperandRole.Def, _resultSlots[i].Reg);
        for (int i = 0; i < _resultSlots.Count; i++)
            if (!_resultSlots[i].InReg && _vregOf[first + i] >= 0)
                LoadResult(_vregOf[first + i], _resultSlots[i].Offset);
    }

    private void LoadResult(int vreg, int offset) =>
        Rm(LoadFor(Code.VRegs[vreg]), 8, vreg, Source.At(new Amode(X64Mem.ReturnArea, Disp: offset)));

    private void LowerTryCall(int number, Inst inst, in InstData data)
    {
        HasHandlers = true;
        NewCall(inst, data, X64Pseudo.TryCall, X64Pseudo.TryCallIndirect, clobbersAll: true);
        Code.Blocks[number].Succs = Code.Lists.Count;
        Code.Blocks[number].SuccCount = 2;
        Code.Lists.Add(NumberOf(inst, data, 0));
        Code.Lists.Add(NumberOf(inst, data, 1));
    }

    /// <summary>The block on an edge of a <c>try_call</c>: what the call yields appears in registers, and goes on as arguments.</summary>
    private void LowerTryResults(int number, in InstData data, ListRef target, bool handler)
    {
        MInst jump = _sequence.Pop();
        X64Abi.Results(_function.CallSignature(data), _resultSlots);
        int count = handler ? 1 : _resultSlots.Count;
        Signature signature = _function.CallSignature(data);
        Span<int> results = stackalloc int[count];
        results.Fill(-1);
        _scratch.Clear();
        foreach (int arg in _function.TargetArgs(target))
        {
            if (arg >= 0)
            {
                _scratch.Add(Use(new Value(arg)));
                continue;
            }
            ref int vreg = ref results[-2 - arg];
            if (vreg < 0) vreg = Code.CreateVReg(handler ? RegKind.Int : KindOf(signature.Results[-2 - arg]));
            _scratch.Add(vreg);
        }
        Code.Blocks[number].Args = Code.Lists.Count;
        Code.Blocks[number].ArgCount = _scratch.Count;
        foreach (int vreg in _scratch.AsSpan()) Code.Lists.Add(vreg);
        ref MInst live = ref New(X64Pseudo.LiveIn, 8);
        live.Traits = InstTraits.LiveIn;
        live.Imm = handler ? 1 : 0;
        for (int i = 0; i < count; i++)
            if (results[i] >= 0 && (handler || _resultSlots[i].InReg))
                AddFixed(ref live, results[i], OperandRole.Def, handler ? X64Abi.Payload : _resultSlots[i].Reg);
        for (int i = 0; i < count && !handler; i++)
            if (results[i] >= 0 && !_resultSlots[i].InReg)
                LoadResult(results[i], _resultSlots[i].Offset);
        _sequence.Add(jump);
    }

    private static RegKind KindOf(IrType type) => type switch
    {
        IrType.F32 or IrType.F64 => RegKind.Float,
        IrType.V128 => RegKind.Vector,
        IrType.Ref => RegKind.Ref,
        _ => RegKind.Int,
    };

    private void LowerReturn(in InstData data)
    {
        X64Abi.Results(_function.Signature, _resultSlots);
        _scratch.Clear();
        foreach (int value in _function.Lists.Get(data.List)) _scratch.Add(Use(new Value(value)));
        for (int i = 0; i < _scratch.Count; i++)
            if (!_resultSlots[i].InReg)
                StoreReg(StoreFor(Code.VRegs[_scratch[i]]), 8, _scratch[i], new Amode(X64Mem.Based, _returnArea, Disp: _resultSlots[i].Offset));
        ref MInst exit = ref New(X64Pseudo.Return, 8);
        exit.Traits = InstTraits.Terminator;
        for (int i = 0; i < _scratch.Count; i++)
            if (_resultSlots[i].InReg)
                AddFixed(ref exit, _scratch[i], OperandRole.Use, _resultSlots[i].Reg);
    }

    private void LowerTailCall(in InstData data)
    {
        Signature signature = _function.CallSignature(data);
        int bytes = LowerArguments(signature, data.List);
        if (_returnArea >= 0)
        {
            // Same results, same return area: the callee writes where our caller reads.
            AbiSlot slot = _slots[_scratch.Count];
            if (!slot.InReg) StoreReg(X64Op.MovMr, 8, _returnArea, new Amode(X64Mem.Outgoing, Disp: slot.Offset));
            _scratch.Add(_returnArea);
        }
        bool direct = data.Op == Opcode.ReturnCall;
        int callee = direct ? -1 : Use(data.A);
        ref MInst call = ref New(direct ? X64Pseudo.TailCall : X64Pseudo.TailCallIndirect, 8);
        call.Traits = InstTraits.Terminator;
        AddArguments(ref call);
        if (!direct) AddFixed(ref call, callee, OperandRole.Use, X64Abi.TailCallee);
        ExternalFunction target = direct ? Callee(data) : new ExternalFunction(-1, default);
        call.Imm = CallSites.Add(new CallSite(target.Symbol, target.Slot, bytes, FrameState.None, call.OperandCount, false));
    }
}
