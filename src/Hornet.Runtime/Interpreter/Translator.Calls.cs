using Hornet.Wasm;

namespace Hornet.Runtime;

// Calls, tail calls and exceptions.
internal sealed unsafe partial class Translator
{
    void StepCall()
    {
        switch (_op.Op)
        {
            case Op.Call:
            {
                int function = (int)_op.A;
                FuncType type = _env.FunctionType(function);
                int frame = Arguments(type);
                Mark();
                if (function < _env.ImportedFunctions)
                {
                    Begin(Runtime.Code.CallImport);
                    Field(function * sizeof(VmFuncRef));
                }
                else
                {
                    Begin(Runtime.Code.Call);
                    Wide((ulong)_module.Cell(function - _env.ImportedFunctions));
                }
                Field(frame);
                Results(type);
                break;
            }
            case Op.CallIndirect:
            {
                FuncType type = (FuncType)_env.Types[(int)_op.A];
                int index = PopSource();
                int frame = Arguments(type);
                bool wide = _env.Tables[(int)_op.B].Is64;
                if (wide) BeginLeaf(&Leaves.CallIndirect64);
                else
                {
                    Mark();
                    Begin(Runtime.Code.CallIndirect);
                }
                Field(index);
                Field((int)_op.B);
                Field((int)_op.A);
                Field(frame);
                Results(type);
                break;
            }
            case Op.CallRef:
            {
                FuncType type = (FuncType)_env.Types[(int)_op.A];
                int callee = PopSource();
                int frame = Arguments(type);
                Mark();
                Begin(Runtime.Code.CallRef);
                Field(callee);
                Field(frame);
                Results(type);
                break;
            }
            case Op.ReturnCall:
            {
                FuncType type = _env.FunctionType((int)_op.A);
                int frame = Arguments(type);
                BeginLeaf(&Leaves.ReturnCall);
                Field((int)_op.A * sizeof(VmFuncRef));
                TailFields(type, frame);
                break;
            }
            case Op.ReturnCallIndirect:
            {
                FuncType type = (FuncType)_env.Types[(int)_op.A];
                int index = PopSource();
                int frame = Arguments(type);
                BeginLeaf(&Leaves.ReturnCallIndirect);
                Field(index);
                TailFields(type, frame);
                Field((int)_op.B);
                Field((int)_op.A);
                Leave();
                break;
            }
            case Op.ReturnCallRef:
            {
                FuncType type = (FuncType)_env.Types[(int)_op.A];
                int callee = PopSource();
                int frame = Arguments(type);
                BeginLeaf(&Leaves.ReturnCallRef);
                Field(callee);
                TailFields(type, frame);
                break;
            }
            default:
                throw Unexpected();
        }
    }

    /// <summary>
    /// Puts the arguments into their homes, which is where the callee wants them, and pops them. Another operand that was popped
    /// before stays readable: its home lies above.
    /// </summary>
    /// <returns>Where the callee's frame is to be.</returns>
    int Arguments(FuncType type)
    {
        int count = type.Parameters.Length;
        SettleTop(count);
        while (count-- > 0) Pop();
        int frame = _top + FrameLayout.Bytes(type.Parameters);
        _maxTop = Math.Max(_maxTop, frame + FrameHeader.Size);
        return frame;
    }

    void Results(FuncType type)
    {
        Safepoint();
        foreach (ValType result in type.Results) Push(result);
        Barrier();
    }

    void TailFields(FuncType type, int frame)
    {
        Field(frame - FrameLayout.Bytes(type.Parameters));
        Field(FrameLayout.Bytes(type.Parameters));
        Field(_paramBytes);
        Leave();
    }

    void TryTable(ref OperatorReader reader)
    {
        SaveAll();
        CatchClause[] clauses = new CatchClause[_op.Count];
        OperatorReader entries = reader.At(_op.Entries);
        for (int i = 0; i < clauses.Length; i++) clauses[i] = entries.CatchClause();
        ref Frame frame = ref Open(FrameKind.TryTable);
        frame.Catches = clauses;
        frame.Guarded = _pos;
        Barrier();
    }

    void EndTryTable(bool reached)
    {
        ref Frame frame = ref _frames[_frameCount - 1];
        int guarded = _pos;
        if (reached)
        {
            SettleTop(frame.Results.Length);
            if (frame.Catches!.Length > 0) Jump(ref frame);
        }
        foreach (CatchClause clause in frame.Catches!)
        {
            // Labels count from outside the try_table. spec: valid-try_table
            ref Frame target = ref Label(clause.Label + 1);
            int tag = clause.Kind <= CatchKind.CatchRef ? (int)clause.Tag : -1;
            _handlers.Add(new(frame.Guarded, guarded, clause.Kind, tag, _pos, target.Top, _frameCount - 1));
            // The payload, and the exception behind it, are put where the label has its values.
            int payload = tag < 0 ? 0 : FrameLayout.Bytes(((FuncType)_env.Types[_env.Tags[tag]]).Parameters);
            _maxTop = Math.Max(_maxTop, target.Top + payload + ValRaw.Size);
            if (target.Kind == FrameKind.Function) ReturnFrom(target.Top);
            else Jump(ref target);
        }
        CloseFrame(ref frame, reached);
    }

    void Throw()
    {
        FuncType type = (FuncType)_env.Types[_env.Tags[(int)_op.A]];
        int count = type.Parameters.Length;
        SettleTop(count);
        BeginLeaf(&Leaves.Throw);
        Field((int)_op.A);
        Field(count > 0 ? _stack[_count - count].Home : _top);
        Field(FrameLayout.Bytes(type.Parameters));
        // The payload is a root while the exception is made.
        Safepoint();
        Leave();
    }

    void ThrowRef(int from)
    {
        BeginLeaf(&Leaves.ThrowRef);
        Field(from);
        Leave();
    }

    // Legacy exceptions: a try keeps a home of its own for the exception that a catch has taken, for rethrow. The guarded code
    // ends at the first catch.

    void LegacyTry()
    {
        SaveAll();
        ref Frame frame = ref Open(FrameKind.Try);
        int count = frame.Params.Length, caught = frame.Top;
        // The parameters move up to make room; going down, none overwrites the next.
        for (int i = count - 1; i >= 0; i--)
        {
            ref Entry entry = ref _stack[_count - count + i];
            Copy(entry.Home + ValRaw.Size, entry.Home, entry.Type.IsVector);
            entry.Home += ValRaw.Size;
        }
        _top += ValRaw.Size;
        _maxTop = Math.Max(_maxTop, _top);
        frame.Caught = caught;
        Barrier();
        frame.Guarded = _pos;
    }

    void LegacyCatch(int tag)
    {
        ref Frame frame = ref _frames[_frameCount - 1];
        if (!_unreachable)
        {
            SettleTop(frame.Results.Length);
            MoveTo(frame);
            Jump(ref frame);
        }
        if (frame.Kind == FrameKind.Try) frame.Start = _pos;
        frame.Kind = FrameKind.Catch;
        _legacy = true;
        ValType[] payload = tag < 0 ? [] : ((FuncType)_env.Types[_env.Tags[tag]]).Parameters.ToArray();
        Restack(frame, []);
        _top = frame.Caught + ValRaw.Size;
        _maxTop = Math.Max(_maxTop, _top);
        int values = _top;
        // The guarded code ends where the try's own code does, not where an earlier catch does.
        _handlers.Add(new(frame.Guarded, frame.Start, tag < 0 ? CatchKind.CatchAll : CatchKind.Catch, tag, _pos, values, _frameCount - 1) { Caught = frame.Caught });
        foreach (ValType type in payload) Push(type);
        _unreachable = false;
        Barrier();
    }

    void LegacyDelegate(int label)
    {
        ref Frame frame = ref _frames[_frameCount - 1];
        bool reached = !_unreachable;
        int guarded = _pos;
        if (reached)
        {
            SettleTop(frame.Results.Length);
            MoveTo(frame);
        }
        // The label counts from outside the try: handlers further in than it do not see the exception.
        _handlers.Add(new(frame.Guarded, guarded, CatchKind.CatchAll, -1, -1, 0, _frameCount - 1) { DelegateTo = Math.Max(0, _frameCount - 2 - label) });
        CloseFrame(ref frame, reached);
    }
}
