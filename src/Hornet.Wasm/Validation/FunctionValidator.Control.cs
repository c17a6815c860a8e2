namespace Hornet.Wasm;

// Blocks, branches, calls, exceptions.
public sealed partial class FunctionValidator
{
    void Control(in OperatorReader reader, in Operator op)
    {
        switch (op.Op)
        {
            case Op.Nop:
                break;
            case Op.Unreachable:
                SetUnreachable();
                break;
            case Op.Block:
                OpenBlock(FrameKind.Block, op.BlockType);
                break;
            case Op.Loop:
                OpenBlock(FrameKind.Loop, op.BlockType);
                break;
            case Op.Try:
                OpenBlock(FrameKind.Try, op.BlockType);
                break;
            case Op.If:
                CheckBlockType(op.BlockType);
                Pop(ValType.I32);
                OpenBlock(FrameKind.If, op.BlockType);
                break;
            case Op.TryTable:
                TryTable(reader, op);
                break;
            case Op.Else:
                if (_frames[_depth - 1].Kind != FrameKind.If) WasmFormatException.ThrowMalformed(_offset, "illegal opcode: misplaced else");
                Continue(FrameKind.Else);
                PushAll(Parameters(_frames[_depth - 1]));
                break;
            case Op.End:
                End();
                break;
            case Op.Br:
                PopAll(LabelTypes(Label(op.A)));
                SetUnreachable();
                break;
            case Op.BrIf:
                ref readonly ControlFrame target = ref Label(op.A);
                Pop(ValType.I32);
                Retype(LabelTypes(target));
                break;
            case Op.BrTable:
                BrTable(reader, op);
                break;
            case Op.Return:
                PopAll(Results(_frames[0]));
                SetUnreachable();
                break;
            case Op.Call or Op.CallIndirect or Op.CallRef:
                FuncType callee = Callee(op);
                PopAll(callee.Parameters);
                PushAll(callee.Results);
                break;
            case Op.ReturnCall or Op.ReturnCallIndirect or Op.ReturnCallRef:
                _context.Module.HasTailCalls = true;
                FuncType last = Callee(op);
                if (!TypeMatching.MatchesAll(_context.Module, last.Results, Results(_frames[0])))
                    Invalid("type mismatch: current function requires result type [" + Join(Results(_frames[0])) + "] but callee returns [" + Join(last.Results) + "]");
                PopAll(last.Parameters);
                SetUnreachable();
                break;
            case Op.Throw:
                PopAll(Tag(op.A).Parameters);
                SetUnreachable();
                break;
            case Op.ThrowRef:
                Pop(ValType.ExnRef);
                SetUnreachable();
                break;
            case Op.Catch or Op.CatchAll or Op.Rethrow or Op.Delegate:
                LegacyException(op);
                break;
            default:
                throw new InvalidOperationException($"no typing rule for {Opcodes.Mnemonic(op.Op)}");
        }
    }

    void SetUnreachable()
    {
        _frames[_depth - 1].IsUnreachable = true;
        _unreachable = true;
        _height = _floor;
    }

    ref readonly ControlFrame Label(uint label)
    {
        if (label >= (uint)_depth) Invalid($"unknown label {label}");
        return ref _frames[_depth - 1 - (int)label];
    }

    // spec: valid-blocktype
    void CheckBlockType(BlockType type)
    {
        if (type.IsTypeIndex)
        {
            // Whatever the type: the form came with that proposal.
            FeatureGate.Require(_features, Features.MultiValue, _offset);
            FunctionType((uint)type.TypeIndex);
        }
        else if (!type.IsEmpty)
        {
            CheckType(type.Result, _offset);
        }
    }

    void OpenBlock(FrameKind kind, BlockType type)
    {
        CheckBlockType(type);
        if (!type.IsTypeIndex)
        {
            OpenFrame(kind, null, type.Result);
            return;
        }
        FuncType signature = (FuncType)_context.Types[type.TypeIndex];
        PopAll(signature.Parameters);
        OpenFrame(kind, signature, default);
        PushAll(signature.Parameters);
    }

    void OpenFrame(FrameKind kind, FuncType? signature, ValType single)
    {
        if (_depth == _frames.Length) Array.Resize(ref _frames, _depth * 2);
        ref ControlFrame frame = ref _frames[_depth++];
        frame.Kind = kind;
        frame.Signature = signature;
        frame.Single = single;
        frame.IsUnreachable = false;
        frame.Height = _floor = _height;
        frame.InitHeight = _initHeight;
        frame.Offset = _offset;
        _unreachable = false;
    }

    /// <summary>The results must be there and nothing above them.</summary>
    void CloseArm(in ControlFrame frame)
    {
        ReadOnlySpan<ValType> results = Results(frame);
        PopAll(results);
        if (_height != _floor)
        {
            int extra = _height;
            _height = Math.Min(extra + results.Length, _operands.Length);
            Invalid($"type mismatch: block requires [{Join(results)}] but stack has [{Join(Operands[_floor..])}]");
        }
        UnsetDownTo(frame.InitHeight);
    }

    /// <summary>Closes one arm of the innermost block and opens the next.</summary>
    void Continue(FrameKind kind)
    {
        ref ControlFrame frame = ref _frames[_depth - 1];
        CloseArm(frame);
        frame.Kind = kind;
        frame.IsUnreachable = _unreachable = false;
        frame.Offset = _offset;
    }

    void End()
    {
        ref ControlFrame frame = ref _frames[_depth - 1];
        CloseArm(frame);
        // An `if` without `else` passes its parameters on. spec: valid-if
        if (frame.Kind == FrameKind.If && !TypeMatching.MatchesAll(_context.Module, Parameters(frame), Results(frame)))
            Invalid($"type mismatch: if without else requires [{Join(Results(frame))}] but has [{Join(Parameters(frame))}]");
        CloseFrame();
        if (_depth > 0) PushAll(Results(frame));
    }

    void CloseFrame()
    {
        if (--_depth == 0) return;
        ref ControlFrame outer = ref _frames[_depth - 1];
        _floor = outer.Height;
        _unreachable = outer.IsUnreachable;
    }

    /// <summary>Pops operands and pushes them back with the types that the label gives them. spec: valid-br_if</summary>
    void Retype(ReadOnlySpan<ValType> types)
    {
        if (types.IsEmpty) return;
        PopAll(types);
        PushAll(types);
    }

    void BrTable(in OperatorReader reader, in Operator op)
    {
        Pop(ValType.I32);
        OperatorReader labels = reader.At(op.Entries);
        // Each distinct label is checked once, however often it occurs.
        if (_branchStamps.Length < _depth) Array.Resize(ref _branchStamps, _frames.Length);
        int stamp = ++_stamp;
        int arity = -1;
        for (int i = 0; i <= op.Count; i++)
        {
            uint label = labels.U32();
            ref readonly ControlFrame target = ref Label(label);
            int index = _depth - 1 - (int)label;
            if (_branchStamps[index] == stamp) continue;
            _branchStamps[index] = stamp;
            ReadOnlySpan<ValType> types = LabelTypes(target);
            if (arity < 0) arity = types.Length;
            else if (arity != types.Length) Invalid($"type mismatch: br_table labels take {arity} and {types.Length} operands");
            CheckTop(types);
        }
        SetUnreachable();
    }

    FuncType Callee(in Operator op)
    {
        switch (op.Op)
        {
            case Op.Call or Op.ReturnCall:
                if (op.A >= (uint)_context.Functions.Count) Invalid($"unknown function {op.A}");
                return _context.FunctionType((int)op.A);
            case Op.CallIndirect or Op.ReturnCallIndirect:
                TableType table = Table(op.B);
                if (!_context.Matches(table.Element, ValType.FuncRef)) Invalid($"type mismatch: instruction requires a table of functions but table {op.B} has {table.Element}");
                FuncType indirect = FunctionType(op.A);
                Pop(table.IndexType);
                return indirect;
            default:
                FuncType type = FunctionType(op.A);
                Pop(ValType.Ref(HeapType.Concrete((int)op.A), nullable: true));
                return type;
        }
    }

    FuncType Tag(uint index)
    {
        if (index >= (uint)_context.Tags.Length) Invalid($"unknown tag {index}");
        return _context.Tags[index];
    }

    // spec: valid-try_table. Labels are those around the block.
    void TryTable(in OperatorReader reader, in Operator op)
    {
        CheckBlockType(op.BlockType);
        OperatorReader clauses = reader.At(op.Entries);
        for (int i = 0; i < op.Count; i++)
        {
            CatchClause clause = clauses.CatchClause();
            ReadOnlySpan<ValType> parameters = clause.Kind <= CatchKind.CatchRef ? Tag(clause.Tag).Parameters : default;
            ReadOnlySpan<ValType> expected = LabelTypes(Label(clause.Label));
            bool takesReference = clause.Kind is CatchKind.CatchRef or CatchKind.CatchAllRef;
            ValType reference = ValType.Ref(HeapType.Exn, nullable: false);
            bool matches = expected.Length == parameters.Length + (takesReference ? 1 : 0)
                && TypeMatching.MatchesAll(_context.Module, parameters, expected[..Math.Min(parameters.Length, expected.Length)])
                && (!takesReference || _context.Matches(reference, expected[^1]));
            if (!matches) Invalid($"type mismatch: catch clause passes [{Join(parameters)}{(takesReference ? $" {reference}" : "")}] but label takes [{Join(expected)}]");
        }
        OpenBlock(FrameKind.TryTable, op.BlockType);
    }

    void LegacyException(in Operator op)
    {
        ref ControlFrame frame = ref _frames[_depth - 1];
        switch (op.Op)
        {
            case Op.Catch:
                if (frame.Kind is not (FrameKind.Try or FrameKind.Catch)) WasmFormatException.ThrowMalformed(_offset, "illegal opcode: misplaced catch");
                FuncType tag = Tag(op.A);
                Continue(FrameKind.Catch);
                PushAll(tag.Parameters);
                break;
            case Op.CatchAll:
                if (frame.Kind is not (FrameKind.Try or FrameKind.Catch)) WasmFormatException.ThrowMalformed(_offset, "illegal opcode: misplaced catch_all");
                Continue(FrameKind.CatchAll);
                break;
            case Op.Rethrow:
                if (Label(op.A).Kind is not (FrameKind.Catch or FrameKind.CatchAll)) Invalid("invalid rethrow label");
                SetUnreachable();
                break;
            default:
                if (frame.Kind != FrameKind.Try) WasmFormatException.ThrowMalformed(_offset, "illegal opcode: misplaced delegate");
                CloseArm(frame);
                CloseFrame();
                Label(op.A);
                PushAll(Results(frame));
                break;
        }
    }

    // A message shows the last few: a stack may have a million.
    static string Join(ReadOnlySpan<ValType> types) => types.Length <= 20 ? string.Join(' ', types.ToArray()) : $"... {string.Join(' ', types[^20..].ToArray())}";
}
