using Hornet.Compiler.Ir;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>Blocks, branches and calls.</content>
internal sealed partial class FunctionTranslator
{
    /// <summary>A block's parameters; the function's own frame has none, its parameters are locals.</summary>
    ReadOnlySpan<ValType> ParametersOf(BlockType type) => type.IsTypeIndex ? ((FuncType)module.Environment.Types[type.TypeIndex]).Parameters : default;

    int ResultCountOf(BlockType type) => type.IsTypeIndex ? ((FuncType)module.Environment.Types[type.TypeIndex]).Results.Length : type.IsEmpty ? 0 : 1;

    void AppendResults(Block block, BlockType type)
    {
        if (type.IsTypeIndex)
            foreach (ValType result in ((FuncType)module.Environment.Types[type.TypeIndex]).Results) _builder.Function.AppendParam(block, module.TypeOf(result));
        else if (!type.IsEmpty) _builder.Function.AppendParam(block, module.TypeOf(type.Result));
    }

    void Control(in OperatorReader reader, in Operator op)
    {
        switch (op.Op)
        {
            case Op.Unreachable:
                _builder.Trap(TrapCodes.ToCompiler(TrapCode.Unreachable));
                _reachable = false;
                break;
            case Op.Nop: break;
            case Op.Block: OpenBlock(op, Block.None); break;
            case Op.Loop: OpenLoop(op); break;
            case Op.If: OpenIf(op); break;
            case Op.Else: Else(); break;
            case Op.End: End(reader); break;
            case Op.TryTable: OpenTryTable(op); break;
            case Op.Try: OpenTry(op); break;
            case Op.Catch or Op.CatchAll: LegacyCatch(op); break;
            case Op.Delegate: Delegate(reader, op.A); break;
            case Op.Throw: Throw((int)op.A); break;
            case Op.ThrowRef: ThrowRef(_stack.Pop()); break;
            case Op.Rethrow:
                Raise(_stack.Frame(0).Handler, _stack.Frame(op.A).Caught);
                _reachable = false;
                break;
            case Op.Br:
                Branch(op.A);
                _reachable = false;
                break;
            case Op.BrIf: BranchIf(_stack.Pop(), op.A); break;
            case Op.BrTable: BranchTable(reader, op); break;
            case Op.Return:
                Branch((uint)_stack.Depth - 1);
                _reachable = false;
                break;
            case Op.BrOnNull:
            {
                Value reference = _stack.Pop();
                BranchIf(IsNull(reference), op.A);
                Push(reference);
                break;
            }
            case Op.BrOnNonNull:
            {
                // The reference is the label's last value, and gone where the branch is not taken.
                Value reference = _stack.Pop();
                Value isNull = IsNull(reference);
                Push(reference);
                BranchIf(_builder.Icmp(IntCC.Eq, isNull, Iconst32(0)), op.A);
                _stack.Pop();
                break;
            }
            case Op.BrOnCast or Op.BrOnCastFail:
            {
                Value isInstance = IsInstance(_stack.Peek(), op.Heap2, nullable: (op.Lane & 2) != 0);
                BranchIf(op.Op == Op.BrOnCast ? isInstance : _builder.Icmp(IntCC.Eq, isInstance, Iconst32(0)), op.A);
                break;
            }
            default: Call(op); break;
        }
    }

    void OpenBlock(in Operator op, Block label)
    {
        if (_loop >= 0) KeepOperands(_stack.Height);
        Block next = _builder.CreateBlock();
        AppendResults(next, op.BlockType);
        _stack.Open(new()
        {
            Kind = op.Op, Type = op.BlockType, Next = next, Label = label.IsNone ? next : label, Else = Block.None,
            Height = _stack.Height - ParametersOf(op.BlockType).Length,
            Handler = _stack.Frame(0).Handler, Caught = Value.None, NextTest = Block.None,
        });
    }

    void OpenLoop(in Operator op)
    {
        Block head = _builder.CreateBlock();
        ReadOnlySpan<ValType> parameters = ParametersOf(op.BlockType);
        foreach (ValType parameter in parameters) _builder.Function.AppendParam(head, module.TypeOf(parameter));
        if (_loop >= 0) KeepOperands(_stack.Height - parameters.Length);
        _builder.Jump(head, _stack.Top(parameters.Length));
        _stack.Drop(parameters.Length);
        if (op.Offset == _loop) TakeOver(head, parameters);
        _builder.SwitchTo(head);
        for (int i = 0; i < parameters.Length; i++) Push(_builder.Param(head, i));
        OpenBlock(op, head);
        if (module.Settings.Interruptible) CheckInterrupt();
    }

    void OpenIf(in Operator op)
    {
        Value condition = _stack.Pop();
        // Before the ways part: both sides see the same variables.
        if (_loop >= 0) KeepOperands(_stack.Height);
        Block then = _builder.CreateBlock(), otherwise = _builder.CreateBlock();
        _builder.Brif(condition, then, [], otherwise, []);
        _builder.Seal(then);
        _builder.Seal(otherwise);
        OpenBlock(op, Block.None);
        _stack.Frame(0).Else = otherwise;
        // The else side starts with the same operands: they are values and still valid there, so their copies wait on the stack.
        int parameters = ParametersOf(op.BlockType).Length;
        if (parameters > 0)
        {
            EnsureScratch(parameters);
            _stack.Entries(parameters).CopyTo(_scratch);
            for (int i = 0; i < parameters; i++) Push(_scratch[i]);
            if (_loop >= 0) KeepForElse(_stack.Entries(2 * parameters)[..parameters]);
            _stack.Frame(0).Height += parameters;
        }
        _builder.SwitchTo(then);
    }

    void Else()
    {
        ref ControlFrame frame = ref _stack.Frame(0);
        int parameters = ParametersOf(frame.Type).Length;
        if (_reachable) JumpToNext(ref frame);
        // Below the then side's operands lie the copies of the parameters.
        frame.Height -= parameters;
        _stack.Truncate(frame.Height + parameters);
        if (_loop >= 0) TakeForElse(_stack.Entries(parameters));
        _builder.SwitchTo(frame.Else);
        frame.Else = Block.None;
        _reachable = true;
    }

    void JumpToNext(ref ControlFrame frame)
    {
        int results = ResultCount(frame);
        _builder.Jump(frame.Next, _stack.Top(results));
        frame.NextReached = true;
    }

    int ResultCount(in ControlFrame frame) => frame.IsFunction ? _type.Results.Length : ResultCountOf(frame.Type);

    void End(in OperatorReader reader)
    {
        ref ControlFrame open = ref _stack.Frame(0);
        if (_reachable) JumpToNext(ref open);
        if (!open.Else.IsNone)
        {
            // An if without else: its false side passes the parameters on as results.
            int parameters = ParametersOf(open.Type).Length;
            open.Height -= parameters;
            _stack.Truncate(open.Height + parameters);
            _builder.SwitchTo(open.Else);
            _builder.Jump(open.Next, _stack.Top(parameters));
            open.NextReached = true;
        }
        ControlFrame frame = _stack.Close();
        _stack.Truncate(frame.Height);
        if (frame.Kind is Op.TryTable or Op.Try or Op.Catch) EndHandlers(reader, frame);
        _builder.Seal(frame.Label);
        _builder.Seal(frame.Next);
        _reachable = frame.NextReached;
        if (!_reachable) return;
        _builder.SwitchTo(frame.Next);
        int results = ResultCount(frame);
        if (_stack.Depth > 0)
        {
            for (int i = 0; i < results; i++) Push(_builder.Param(frame.Next, i));
            return;
        }
        EnsureScratch(results);
        for (int i = 0; i < results; i++) _scratch[i] = _builder.Param(frame.Next, i);
        if (_loop >= 0) ReturnToFrame(_scratch.AsSpan(0, results));
        else _builder.Return(_scratch.AsSpan(0, results));
    }

    int LabelArity(in ControlFrame frame) => frame.Kind == Op.Loop ? ParametersOf(frame.Type).Length : ResultCount(frame);

    ListRef TargetOf(uint label)
    {
        ref ControlFrame frame = ref _stack.Frame(label);
        frame.NextReached |= frame.Kind != Op.Loop;
        return _builder.Function.Target(frame.Label, _stack.Top(LabelArity(frame)));
    }

    void Branch(uint label)
    {
        ref ControlFrame frame = ref _stack.Frame(label);
        frame.NextReached |= frame.Kind != Op.Loop;
        _builder.Jump(frame.Label, _stack.Top(LabelArity(frame)));
    }

    void BranchIf(Value condition, uint label)
    {
        ref ControlFrame frame = ref _stack.Frame(label);
        frame.NextReached |= frame.Kind != Op.Loop;
        Block otherwise = _builder.CreateBlock();
        _builder.Brif(condition, frame.Label, _stack.Top(LabelArity(frame)), otherwise, []);
        _builder.Seal(otherwise);
        ContinueIn(otherwise);
    }

    void BranchTable(in OperatorReader reader, in Operator op)
    {
        Value index = _stack.Pop();
        OperatorReader entries = reader.At(op.Entries);
        ListRef[] targets = new ListRef[op.Count + 1];
        // Each entry is an edge of its own, to which SSA construction may add arguments.
        for (int i = 0; i < targets.Length; i++) targets[i] = TargetOf(entries.U32());
        _builder.BrTable(index, targets);
        _reachable = false;
    }

    void EnsureScratch(int count)
    {
        if (_scratch.Length < count) _scratch = new Value[Math.Max(count, 2 * _scratch.Length)];
    }

    /// <summary>Goes on in a block to which every way leads through the current one.</summary>
    void ContinueIn(Block block) => ContinueIn(block, _builder.Current);

    /// <summary>Goes on in a block to which every way leads through another one.</summary>
    void ContinueIn(Block block, Block within)
    {
        if (_within.Count <= block.Index) _within.Resize(block.Index + 1, 0);
        _within[block.Index] = within.Index + 1;
        _builder.SwitchTo(block);
    }

    Value IsNull(Value reference) => _builder.Icmp(IntCC.Eq, reference, _builder.Iconst(_builder.Function.TypeOf(reference), 0));

    // Calls

    void Call(in Operator op)
    {
        switch (op.Op)
        {
            case Op.Call or Op.ReturnCall when (int)op.A >= module.Environment.ImportedFunctions:
            {
                int type = module.Environment.Functions[(int)op.A];
                SigRef signature = _builder.DeclareSignature(module.SignatureOf(type));
                int count = ((FuncType)module.Environment.Types[type]).Parameters.Length;
                ReadOnlySpan<Value> arguments = ArgumentsWithContext(count, module.LeavesByTailCalls ? _builder.VmContext() : Value.None);
                _stack.Drop(count);
                int slot = module.CallsThroughSlots ? 8 * ((int)op.A - module.Environment.ImportedFunctions) : -1;
                FuncRef callee = _builder.DeclareFunction((int)op.A, signature, slot);
                if (op.Op == Op.Call)
                {
                    BuildCall(callee, arguments);
                    break;
                }
                if (_loop < 0) _builder.ReturnCall(callee, arguments);
                else ReturnResultsOf(_builder.Call(callee, arguments));
                _reachable = false;
                break;
            }
            case Op.Call or Op.ReturnCall:
            {
                // An imported function's reference lies in the context, so its entry is one load away.
                int offset = module.Layout.Functions + (int)op.A * FuncRefSize;
                Value entry = ContextPointer(offset + VmOffsets.FuncRefNativeEntry), context = ContextPointer(offset + VmOffsets.FuncRefContext);
                CallReference(module.Environment.Functions[(int)op.A], entry, context, op.Op == Op.ReturnCall);
                break;
            }
            case Op.CallIndirect or Op.ReturnCallIndirect:
                CallTable(op);
                break;
            case Op.CallRef or Op.ReturnCallRef:
            {
                Value callee = _stack.Pop();
                _builder.Trapz(callee, TrapCodes.ToCompiler(TrapCode.NullFunctionReference));
                CallThrough(callee, (int)op.A, op.Op == Op.ReturnCallRef, MemFlags.Trusted(AliasClass.ReadOnly));
                break;
            }
            default: throw new UntranslatedException(op.Op);
        }
    }

    unsafe static int FuncRefSize => sizeof(Runtime.VmFuncRef);

    // The flags are those of the first access to the reference, which may be null.
    void CallThrough(Value callee, int type, bool tail, MemFlags first)
    {
        MemFlags flags = MemFlags.Trusted(AliasClass.ReadOnly);
        CallReference(type, _builder.Load(IrType.I64, first, callee, VmOffsets.FuncRefNativeEntry), _builder.Load(IrType.I64, flags, callee, VmOffsets.FuncRefContext), tail);
    }

    void CallReference(int type, Value entry, Value context, bool tail)
    {
        int count = ((FuncType)module.Environment.Types[type]).Parameters.Length;
        SigRef signature = _builder.DeclareSignature(module.ContextSignatureOf(type));
        ReadOnlySpan<Value> arguments = ArgumentsWithContext(count, context);
        _stack.Drop(count);
        if (!tail)
        {
            BuildCall(signature, entry, arguments);
            return;
        }
        if (_loop < 0) _builder.ReturnCallIndirect(signature, entry, arguments);
        else ReturnResultsOf(_builder.CallIndirect(signature, entry, arguments));
        _reachable = false;
    }

    /// <summary>The uppermost operands with the callee's context, if there is one, before them; valid until the next call of this.</summary>
    ReadOnlySpan<Value> ArgumentsWithContext(int count, Value context)
    {
        EnsureScratch(count + 1);
        int first = context.IsNone ? 0 : 1;
        _scratch[0] = context;
        _stack.Top(count).CopyTo(_scratch.AsSpan(first));
        return _scratch.AsSpan(0, count + first);
    }

    void CallTable(in Operator op)
    {
        TableType table = module.Environment.Tables[(int)op.B];
        Value callee = TableElement((int)op.B, _stack.Pop(), TrapCode.UndefinedElement);
        // No function is null, and the first thing that is read of one faults there.
        MemFlags first = MemFlags.Trusted(AliasClass.ReadOnly);
        if (module.Checks == BoundsChecks.Guard) first = new(AliasClass.ReadOnly, TrapCodes.ToCompiler(TrapCode.IndirectCallToNull));
        else _builder.Trapz(callee, TrapCodes.ToCompiler(TrapCode.IndirectCallToNull));
        int type = (int)op.A;
        if (!IsExactType(table.Element, type))
        {
            Value actual = _builder.Load(IrType.I32, first, callee, VmOffsets.FuncRefTypeId);
            first = MemFlags.Trusted(AliasClass.ReadOnly);
            Value expected = _builder.Load(IrType.I32, MemFlags.Trusted(AliasClass.ReadOnly), _builder.VmContext(), module.Layout.TypeIds + type * 4);
            Value same = _builder.Icmp(IntCC.Eq, actual, expected);
            if (module.Environment.Types[type].IsFinal) _builder.Trapz(same, TrapCodes.ToCompiler(TrapCode.BadSignature));
            else CheckSubtype(same, actual, type);
        }
        CallThrough(callee, type, op.Op == Op.ReturnCallIndirect, first);
    }

    // A table of exactly this final type holds nothing else.
    bool IsExactType(ValType element, int type) => element.Heap.IsConcrete && element.Heap.Code == type && module.Environment.Types[type].IsFinal;

    void CheckSubtype(Value same, Value actual, int type)
    {
        Block slow = _builder.CreateBlock(), done = _builder.CreateBlock();
        _builder.Brif(same, done, [], slow, []);
        _builder.Seal(slow);
        _builder.Function[slow].Cold = true;
        _builder.SwitchTo(slow);
        _builder.Trapz(IsSubtype(actual, type), TrapCodes.ToCompiler(TrapCode.BadSignature));
        _builder.Jump(done);
        _builder.Seal(done);
        _builder.SwitchTo(done);
    }

    void BuildCall(FuncRef callee, ReadOnlySpan<Value> arguments)
    {
        int handler = _stack.Frame(0).Handler;
        if (handler < 0)
        {
            PushResults(_builder.Call(callee, arguments));
            return;
        }
        Block normal = NormalReturn(_builder.Function.Functions[callee.Index].Signature);
        _builder.TryCall(callee, arguments, normal, HandlerBlock(handler));
        PushParams(normal);
    }

    void BuildCall(SigRef signature, Value entry, ReadOnlySpan<Value> arguments)
    {
        int handler = _stack.Frame(0).Handler;
        if (handler < 0)
        {
            PushResults(_builder.CallIndirect(signature, entry, arguments));
            return;
        }
        Block normal = NormalReturn(signature);
        _builder.TryCallIndirect(signature, entry, arguments, normal, HandlerBlock(handler));
        PushParams(normal);
    }

    Block NormalReturn(SigRef signature)
    {
        Block normal = _builder.CreateBlock();
        foreach (IrType result in _builder.Function.Signatures[signature.Index].Results) _builder.Function.AppendParam(normal, result);
        return normal;
    }

    void PushParams(Block normal)
    {
        _builder.Seal(normal);
        ContinueIn(normal);
        int results = _builder.Function.Params(normal).Length;
        for (int i = 0; i < results; i++) Push(_builder.Param(normal, i));
    }

    void PushResults(Inst call)
    {
        ref InstLinks links = ref _builder.Function.Link(call);
        for (int i = 0; i < links.ResultCount; i++) Push(new Value(links.FirstResult.Index + i));
    }

    /// <summary>Calls into the runtime; the VM context goes first. Null results are for builtins that yield nothing.</summary>
    Value CallBuiltin(Builtin builtin, params ReadOnlySpan<Value> arguments)
    {
        Span<Value> all = stackalloc Value[8];
        all[0] = _builder.VmContext();
        arguments.CopyTo(all[1..]);
        FuncRef callee = _builder.DeclareFunction(ModuleTranslation.FirstBuiltin + (int)builtin, _builder.DeclareSignature(BuiltinSignatures.Of(builtin)));
        return _builder.Function.Result(_builder.Call(callee, all[..(arguments.Length + 1)]));
    }
}
