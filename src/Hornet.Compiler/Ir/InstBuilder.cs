namespace Hornet.Compiler.Ir;

/// <content>One method per shape of instruction, and short names for the most frequent operators.</content>
internal sealed partial class FunctionBuilder
{
    public Value Iconst(IrType type, long value) => Build(new InstData(Opcode.Iconst, type) { Imm = (long)((ulong)value & type.Mask()) });

    public Value F32const(uint bits) => Build(new InstData(Opcode.F32const, IrType.F32) { Imm = bits });

    public Value F64const(ulong bits) => Build(new InstData(Opcode.F64const, IrType.F64) { Imm = (long)bits });

    public Value Vconst(UInt128 bits) => Build(new InstData(Opcode.Vconst, IrType.V128) { Imm = AddVector(bits) });

    public Value VmContext() => Build(new InstData(Opcode.VmContext, IrType.I64));

    public Value FuncAddr(FuncRef function) => Build(new InstData(Opcode.FuncAddr, IrType.I64) { Imm = function.Index });

    public Value StackAddr(StackSlot slot, int offset = 0) =>
        Build(new InstData(Opcode.StackAddr, IrType.I64) { Imm = (long)slot.Index << 32 | (uint)offset });

    public Value Unary(Opcode op, Value a) => Build(new InstData(op, _function.TypeOf(a)) { A = a });

    /// <summary>A conversion to <paramref name="type"/>.</summary>
    public Value Convert(Opcode op, IrType type, Value a) => Build(new InstData(op, type) { A = a });

    /// <summary>A reference as a number, good until the next safepoint.</summary>
    public Value RefAddr(Value reference) => Build(new InstData(Opcode.RefAddr, IrType.I64) { A = reference, Mem = MemFlags.Trusted(AliasClass.Collector) });

    public Value Binary(Opcode op, Value a, Value b) => Build(new InstData(op, _function.TypeOf(a)) { A = a, B = b });

    public Value Ternary(Opcode op, Value a, Value b, Value c) => Build(new InstData(op, _function.TypeOf(a)) { A = a, B = b, C = c });

    /// <summary>The same operator on lanes; <paramref name="imm"/> is the lane number where there is one.</summary>
    public Value Vector(Opcode op, Lane lane, Value a, Value b = default, Value c = default, int operands = 1, long imm = 0) =>
        Build(new InstData(op, IrType.V128)
        {
            Lane = lane,
            A = a,
            B = operands > 1 ? b : Value.None,
            C = operands > 2 ? c : Value.None,
            Imm = imm,
        });

    public Value Shuffle(Value a, Value b, UInt128 lanes) => Build(new InstData(Opcode.Shuffle, IrType.V128)
    {
        Lane = Lane.I8x16,
        A = a,
        B = b,
        Imm = AddVector(lanes),
    });

    public Value Icmp(IntCC cc, Value a, Value b) => Build(new InstData(Opcode.Icmp, _function.TypeOf(a)) { A = a, B = b, Cond = (byte)cc });

    public Value Fcmp(FloatCC cc, Value a, Value b) => Build(new InstData(Opcode.Fcmp, _function.TypeOf(a)) { A = a, B = b, Cond = (byte)cc });

    public Value VectorIcmp(IntCC cc, Lane lane, Value a, Value b) =>
        Build(new InstData(Opcode.Icmp, IrType.V128) { Lane = lane, A = a, B = b, Cond = (byte)cc });

    public Value VectorFcmp(FloatCC cc, Lane lane, Value a, Value b) =>
        Build(new InstData(Opcode.Fcmp, IrType.V128) { Lane = lane, A = a, B = b, Cond = (byte)cc });

    public Value Select(Value condition, Value then, Value otherwise, bool guard = false) =>
        Build(new InstData(guard ? Opcode.SelectGuard : Opcode.Select, _function.TypeOf(then)) { A = condition, B = then, C = otherwise });

    // Memory

    public Value Load(Opcode op, IrType type, MemFlags flags, Value address, int offset) =>
        Build(new InstData(op, type) { A = address, Imm = offset, Mem = flags });

    public Value Load(IrType type, MemFlags flags, Value address, int offset) => Load(Opcode.Load, type, flags, address, offset);

    /// <summary>A load of a bound. One that is beyond counting is a number like any other.</summary>
    public Value LoadBound(BoundData bound, MemFlags flags, Value address, int offset)
    {
        bool counted = bound.Bound < ushort.MaxValue;
        if (counted && _function.LeastOf(bound.Bound) < bound.Least) _function.Bounds.Add(bound);
        return Build(new InstData(Opcode.Load, IrType.I64) { A = address, Imm = offset, Mem = flags, Bound = (ushort)(counted ? bound.Bound + 1 : 0) });
    }

    public Value LoadVector(Opcode op, Lane lane, MemFlags flags, Value address, int offset) =>
        Build(new InstData(op, IrType.V128) { Lane = lane, A = address, Imm = offset, Mem = flags });

    public void Store(Opcode op, MemFlags flags, Value value, Value address, int offset) =>
        Build(new InstData(op, _function.TypeOf(value)) { A = value, B = address, Imm = offset, Mem = flags });

    public void Store(MemFlags flags, Value value, Value address, int offset) => Store(Opcode.Store, flags, value, address, offset);

    /// <summary>Reads and writes as many bytes as the value has: a narrow access takes an i8 or i16.</summary>
    public Value AtomicRmw(AtomicOp op, MemFlags flags, Value address, Value value, int offset) =>
        Build(new InstData(Opcode.AtomicRmw, _function.TypeOf(value)) { A = address, B = value, Imm = offset, Mem = flags, Cond = (byte)op });

    public Value AtomicCas(MemFlags flags, Value address, Value expected, Value replacement, int offset) =>
        Build(new InstData(Opcode.AtomicCas, _function.TypeOf(expected)) { A = address, B = expected, C = replacement, Imm = offset, Mem = flags });

    public void Fence() => Build(new InstData(Opcode.Fence, IrType.None));

    // Calls

    public SigRef DeclareSignature(Signature signature) => _function.Declare(signature);

    public FuncRef DeclareFunction(int symbol, SigRef signature, int slot = -1) => _function.Declare(new ExternalFunction(symbol, signature, slot));

    public StackSlot CreateStackSlot(int size, int align) => new(_function.StackSlots.Add(new StackSlotData(size, align)));

    public FrameState CreateFrameState(int tag, ReadOnlySpan<Value> values, FrameState outer) =>
        new(_function.FrameStates.Add(new FrameStateData(tag, outer, List(values))));

    public Inst Call(FuncRef function, ReadOnlySpan<Value> args) =>
        BuildInst(new InstData(Opcode.Call, IrType.None) { Imm = function.Index, List = List(args) });

    public Inst CallIndirect(SigRef signature, Value callee, ReadOnlySpan<Value> args) =>
        BuildInst(new InstData(Opcode.CallIndirect, IrType.None) { Imm = signature.Index, A = callee, List = List(args) });

    public void ReturnCall(FuncRef function, ReadOnlySpan<Value> args) =>
        BuildInst(new InstData(Opcode.ReturnCall, IrType.None) { Imm = function.Index, List = List(args) });

    public void ReturnCallIndirect(SigRef signature, Value callee, ReadOnlySpan<Value> args) =>
        BuildInst(new InstData(Opcode.ReturnCallIndirect, IrType.None) { Imm = signature.Index, A = callee, List = List(args) });

    /// <summary>A call that goes on in <paramref name="normal"/> with its results as arguments, or, when something is thrown, in
    /// <paramref name="handler"/> with the payload (one i64).</summary>
    public Inst TryCall(FuncRef function, ReadOnlySpan<Value> args, Block normal, Block handler) =>
        BuildTryCall(new InstData(Opcode.TryCall, IrType.None) { Imm = function.Index, List = List(args) }, normal, handler);

    public Inst TryCallIndirect(SigRef signature, Value callee, ReadOnlySpan<Value> args, Block normal, Block handler) =>
        BuildTryCall(new InstData(Opcode.TryCallIndirect, IrType.None) { Imm = signature.Index, A = callee, List = List(args) }, normal, handler);

    private Inst BuildTryCall(InstData data, Block normal, Block handler)
    {
        ListRef target = _function.Target(normal, []);
        int results = _function.CallSignature(data).Results.Length;
        for (int i = 0; i < results; i++) target = _function.Lists.Add(target, Function.CallResult(i));
        data.List3 = target;
        data.List2 = _function.Lists.Add(_function.Target(handler, []), Function.CallResult(0));
        return BuildInst(data);
    }

    // Control

    public void Jump(Block target, params ReadOnlySpan<Value> args) =>
        BuildInst(new InstData(Opcode.Jump, IrType.None) { List = _function.Target(target, args) });

    public void Brif(Value condition, Block then, ReadOnlySpan<Value> thenArgs, Block otherwise, ReadOnlySpan<Value> otherwiseArgs) =>
        BuildInst(new InstData(Opcode.Brif, _function.TypeOf(condition))
        {
            A = condition,
            List = _function.Target(then, thenArgs),
            List2 = _function.Target(otherwise, otherwiseArgs),
        });

    /// <summary>Goes to the target with the number <paramref name="index"/>, or to the last one. The targets come from <see cref="Function.Target"/>.</summary>
    public void BrTable(Value index, ReadOnlySpan<ListRef> targets)
    {
        ListRef list = default;
        foreach (ListRef target in targets) list = _function.Lists.Add(list, target.Handle);
        BuildInst(new InstData(Opcode.BrTable, IrType.I32) { A = index, List = list });
    }

    public void Return(params ReadOnlySpan<Value> values) => BuildInst(new InstData(Opcode.Return, IrType.None) { List = List(values) });

    public void Trap(TrapCode code) => BuildInst(new InstData(Opcode.Trap, IrType.None) { Mem = new MemFlags(AliasClass.Any, code) });

    public void Trapz(Value condition, TrapCode code) => BuildTrap(Opcode.Trapz, condition, code);

    public void Trapnz(Value condition, TrapCode code) => BuildTrap(Opcode.Trapnz, condition, code);

    private void BuildTrap(Opcode op, Value condition, TrapCode code) =>
        BuildInst(new InstData(op, _function.TypeOf(condition)) { A = condition, Mem = new MemFlags(AliasClass.Any, code) });
}
