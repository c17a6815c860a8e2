using Hornet.Wasm;

namespace Hornet.Runtime;

// Blocks, labels and branches.
internal sealed unsafe partial class Translator
{
    enum FrameKind : byte { Function, Block, Loop, If, Else, TryTable, Try, Catch }

    struct Frame
    {
        public FrameKind Kind;
        /// <summary>Entries and homes below the block's parameters.</summary>
        public int Count, Top;
        public ValType[] Params, Results;
        /// <summary>Where a loop begins, in the code, and where it counts its turns (-1: it does not).</summary>
        public int Start, Counter;
        /// <summary>The last field that wants the block's end: each holds the position of the one before, -1 ends.</summary>
        public int Pending;
        /// <summary>The field that wants the else branch, or -1.</summary>
        public int Else;
        /// <summary>Where a try's guarded code begins; the home of a caught exception (legacy); its catch clauses.</summary>
        public int Guarded, Caught;
        public CatchClause[]? Catches;
        /// <summary>The last field of the br_table being translated that wants a stub for this label, or -1.</summary>
        public int Stub;
    }

    readonly List<ExceptionHandler> _handlers = [];
    Frame[] _frames = new Frame[16];
    int _frameCount;
    bool _unreachable;
    int _skipDepth;

    ref Frame PushFrame(FrameKind kind, scoped ReadOnlySpan<ValType> parameters, scoped ReadOnlySpan<ValType> results)
    {
        if (_frameCount == _frames.Length) Array.Resize(ref _frames, _frameCount * 2);
        ref Frame frame = ref _frames[_frameCount++];
        frame = new Frame
        {
            Kind = kind, Count = _count - parameters.Length, Top = _top - FrameLayout.Bytes(parameters), Params = parameters.ToArray(), Results = results.ToArray(),
            Start = -1, Counter = -1, Pending = -1, Else = -1, Stub = -1,
        };
        return ref frame;
    }

    ref Frame Label(uint depth) => ref _frames[_frameCount - 1 - (int)depth];

    void StepControl(ref OperatorReader reader)
    {
        switch (_op.Op)
        {
            case Op.Nop: break;
            case Op.Unreachable:
                Mark();
                Begin(Runtime.Code.Unreachable);
                Leave();
                break;
            case Op.Block:
                SaveAll();
                Open(FrameKind.Block);
                break;
            case Op.Loop:
                SaveAll();
                OpenLoop();
                if (_settings.Interruptible) EmitCheck();
                break;
            case Op.If:
            {
                Condition condition = TakeCondition();
                SaveAll();
                ref Frame frame = ref Open(FrameKind.If);
                frame.Else = EmitBranch(condition, ifTrue: false);
                Barrier();
                break;
            }
            case Op.Else: Else(); break;
            case Op.End: End(); break;
            case Op.Br:
                Branch(_op.A);
                Leave();
                break;
            case Op.BrIf:
                BranchOn(TakeCondition(), true, _op.A);
                break;
            case Op.BrTable:
                BranchTable(ref reader);
                Leave();
                break;
            case Op.Return:
                Branch((uint)_frameCount - 1);
                Leave();
                break;
            case Op.BrOnNull:
            {
                // The reference is tested where it lies; on the way that stays it stays.
                SettleTop(1);
                Entry entry = Pop();
                BranchOn(NullTest(entry), true, _op.A);
                Push(entry.Type.AsNonNull());
                break;
            }
            case Op.BrOnNonNull:
            {
                SettleTop(1);
                Condition test = NullTest(_stack[_count - 1]);
                BranchOn(test, false, _op.A);
                Pop();
                break;
            }
            case Op.TryTable: TryTable(ref reader); break;
            case Op.Try: LegacyTry(); break;
            case Op.Catch or Op.CatchAll or Op.Delegate: Close(); break;
            case Op.Throw: Throw(); break;
            case Op.ThrowRef: ThrowRef(PopSource()); break;
            case Op.Rethrow: ThrowRef(Label(_op.A).Caught); break;
            case Op.BrOnCast or Op.BrOnCastFail: BranchOnCast(); break;
            default: StepCall(); break;
        }
    }

    void OpenLoop()
    {
        ref Frame frame = ref Open(FrameKind.Loop);
        frame.Start = _pos;
        Barrier();
        if (_module.TierUp is null) return;
        int outer = 0;
        for (int i = _frameCount - 2; i >= 0; i--)
        {
            // What a legacy catch has caught has no place that machine code knows.
            if (_frames[i].Kind is FrameKind.Try or FrameKind.Catch) return;
            if (outer == 0 && _frames[i].Kind == FrameKind.Loop) outer = _frames[i].Start - _pos;
        }
        int start = _pos;
        Begin(Runtime.Code.CountLoop);
        // How long the loop is turns out at its end.
        CountFields(start, 0);
        Field(_op.Offset);
        Field(outer);
        Field(0);
        frame.Counter = start;
        Barrier();
    }

    void CountFields(int start, int weight)
    {
        Field(-sizeof(CodeHeader) - start);
        Field(weight);
        Barrier();
    }

    /// <summary>What follows cannot be reached.</summary>
    void Leave()
    {
        _unreachable = true;
        _skipDepth = 0;
        Barrier();
    }

    ref Frame Open(FrameKind kind)
    {
        BlockType type = _op.BlockType;
        if (!type.IsTypeIndex)
        {
            return ref type.IsEmpty ? ref PushFrame(kind, [], []) : ref PushFrame(kind, [], [type.Result]);
        }
        FuncType function = (FuncType)_env.Types[type.TypeIndex];
        SettleTop(function.Parameters.Length);
        return ref PushFrame(kind, function.Parameters, function.Results);
    }

    /// <summary>Cuts the model back to a block's beginning and pushes values that lie in their homes.</summary>
    void Restack(in Frame frame, ValType[] values)
    {
        while (_count > frame.Count) Pop();
        _top = frame.Top;
        foreach (ValType type in values) Push(type);
    }

    void Else()
    {
        ref Frame frame = ref _frames[_frameCount - 1];
        if (!_unreachable)
        {
            SettleTop(frame.Results.Length);
            Jump(ref frame);
        }
        Patch(frame.Else, _pos - frame.Else);
        frame.Else = -1;
        frame.Kind = FrameKind.Else;
        _unreachable = false;
        Restack(frame, frame.Params);
        Barrier();
    }

    void End()
    {
        ref Frame frame = ref _frames[_frameCount - 1];
        bool reached = !_unreachable;
        switch (frame.Kind)
        {
            case FrameKind.Function:
                if (reached) EmitReturn();
                // A branch to the function's label has returned already.
                _frameCount--;
                return;
            case FrameKind.TryTable:
                EndTryTable(reached);
                return;
            case FrameKind.Try or FrameKind.Catch:
                if (reached)
                {
                    SettleTop(frame.Results.Length);
                    MoveTo(frame);
                }
                CloseFrame(ref frame, reached);
                return;
        }
        if (reached) SettleTop(frame.Results.Length);
        if (frame.Else >= 0)
        {
            // An if without else: parameters are results, and lie in their homes.
            Patch(frame.Else, _pos - frame.Else);
            reached = true;
        }
        CloseFrame(ref frame, reached);
    }

    void CloseFrame(ref Frame frame, bool reached)
    {
        if (frame.Kind != FrameKind.Loop && frame.Pending >= 0)
        {
            Bind(frame.Pending);
            reached = true;
        }
        if (frame.Counter >= 0) Patch(frame.Counter + 12, _module.TierUp!.Weight(_op.Offset - FieldAt(frame.Counter + 16)));
        _frameCount--;
        Restack(frame, frame.Results);
        Barrier();
        _unreachable = !reached;
        _skipDepth = 0;
    }

    void Bind(int field)
    {
        while (field >= 0)
        {
            int next = FieldAt(field);
            Patch(field, _pos - field);
            field = next;
        }
    }

    /// <summary>Writes a branch field for a label.</summary>
    void Target(ref Frame frame)
    {
        if (frame.Kind == FrameKind.Loop)
        {
            Field(frame.Start - _pos);
            return;
        }
        int before = frame.Pending;
        frame.Pending = _pos;
        Field(before);
    }

    void Jump(ref Frame frame)
    {
        Begin(Runtime.Code.Br);
        Target(ref frame);
        Barrier();
    }

    static ValType[] LabelTypes(in Frame frame) => frame.Kind == FrameKind.Loop ? frame.Params : frame.Results;

    /// <summary>Whether the uppermost values lie where a label wants them.</summary>
    bool InPlace(in Frame frame)
    {
        int count = LabelTypes(frame).Length;
        if (count == 0) return true;
        for (int i = _count - count; i < _count; i++)
        {
            if (_stack[i].Where != Where.Home) return false;
        }
        return _stack[_count - count].Home == frame.Top;
    }

    /// <summary>
    /// Before a branch: many values are put into their homes once, to be copied as one block, so that the code does not grow with
    /// the number of values times the number of branches.
    /// </summary>
    void PrepareMove(in Frame frame)
    {
        int count = LabelTypes(frame).Length;
        if (count > MostCopies) SettleTop(count);
    }

    const int MostCopies = 8;

    /// <summary>Copies the uppermost values where a label wants them. Its homes are not above theirs, so going up is safe.</summary>
    void MoveTo(in Frame frame)
    {
        int at = frame.Top, count = LabelTypes(frame).Length;
        if (count > MostCopies)
        {
            Entry first = _stack[_count - count];
            if (first.Home == at) return;
            Begin(Runtime.Code.CopyMany);
            Field(at);
            Field(first.Home);
            Field(_top - first.Home);
            Barrier();
            return;
        }
        for (int i = _count - count; i < _count; i++)
        {
            Move(_stack[i], at);
            at += FrameLayout.Bytes(_stack[i].Type);
        }
    }

    void Branch(uint depth)
    {
        ref Frame frame = ref Label(depth);
        PrepareMove(frame);
        if (frame.Kind == FrameKind.Function)
        {
            EmitReturn();
            return;
        }
        MoveTo(frame);
        Jump(ref frame);
    }

    void BranchOn(in Condition condition, bool ifTrue, uint depth)
    {
        ref Frame frame = ref Label(depth);
        PrepareMove(frame);
        if (frame.Kind != FrameKind.Function && InPlace(frame))
        {
            EmitCondition(condition, ifTrue);
            Target(ref frame);
            Barrier();
            return;
        }
        int around = EmitBranch(condition, !ifTrue);
        Branch(depth);
        Patch(around, _pos - around);
        Barrier();
    }

    void BranchTable(ref OperatorReader reader)
    {
        OperatorReader entries = reader.At(_op.Entries);
        int count = _op.Count, index = PopSource();
        // All labels take the same number of values.
        PrepareMove(Label(reader.At(_op.Entries).U32()));
        Begin(Runtime.Code.BrTable);
        Field(index);
        Field(count);
        int table = _pos;
        // Labels that want values elsewhere, and the function's, go through a stub behind the table; the field holds its label until then.
        for (int i = 0; i <= count; i++)
        {
            Room(8);
            ref Frame frame = ref Label(entries.U32());
            if (frame.Kind != FrameKind.Function && InPlace(frame)) Target(ref frame);
            else
            {
                int before = frame.Stub;
                frame.Stub = _pos;
                Field(before);
            }
        }
        Barrier();
        entries = reader.At(_op.Entries);
        for (int i = 0; i <= count; i++)
        {
            uint depth = entries.U32();
            ref Frame frame = ref Label(depth);
            if (frame.Stub < table) continue;
            Bind(frame.Stub);
            frame.Stub = -1;
            Branch(depth);
        }
    }

    /// <summary>What a branch depends on: a slot that is not 0, or a comparison that need not be computed.</summary>
    struct Condition
    {
        public Op Op;
        public int Form, Slot, Other;
        public ulong Bits;
        public bool Negated;
    }

    /// <summary>Pops a condition; the comparison that has just made it is taken back.</summary>
    Condition TakeCondition()
    {
        Entry entry = Pop();
        if (!IsLast(entry) || !IsComparison(_lastOp) && (_lastOp != Op.I32And || _lastForm == Forms.ConstSlot)) return new() { Op = Op.Nop, Slot = Source(entry) };
        Condition condition = new() { Op = _lastOp, Form = _lastForm, Slot = FieldAt(_last + 12) };
        if (_lastForm == Forms.Slots) condition.Other = FieldAt(_last + 16);
        else condition.Bits = ConstantBytes(_lastOp) == 8 ? System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(ref _code[_last + 16]) : (uint)FieldAt(_last + 16);
        Undo();
        return condition.Op is Op.I32Eq or Op.I32Ne && condition.Form == Forms.SlotConst && condition.Bits == 0
            ? new() { Op = Op.Nop, Slot = condition.Slot, Negated = condition.Op == Op.I32Eq }
            : condition;
    }

    Condition NullTest(in Entry entry) => new() { Op = Op.I64Eq, Form = Forms.SlotConst, Slot = entry.Home };

    void EmitCondition(in Condition condition, bool ifTrue)
    {
        if (StepAndBranch(condition, ifTrue)) return;
        if (condition.Op == Op.I32And)
        {
            bool slots = condition.Form == Forms.Slots;
            Begin(ifTrue ? slots ? Runtime.Code.BrIfAnd : Runtime.Code.BrIfAndConst : slots ? Runtime.Code.BrUnlessAnd : Runtime.Code.BrUnlessAndConst);
            Field(condition.Slot);
            Field(slots ? condition.Other : (int)condition.Bits);
            return;
        }
        if (condition.Op == Op.Nop)
        {
            Begin(ifTrue != condition.Negated ? Runtime.Code.BrIf : Runtime.Code.BrUnless);
            Field(condition.Slot);
            return;
        }
        Begin((Code)(Forms.Of(condition.Op) + (ifTrue ? Forms.BranchIf : Forms.BranchUnless) + condition.Form));
        Field(condition.Slot);
        if (condition.Form == Forms.Slots) Field(condition.Other);
        else if (ConstantBytes(condition.Op) == 8) Wide(condition.Bits);
        else Field((int)condition.Bits);
    }

    /// <summary>Where the compared value is a sum that the last instruction has made (a loop's counter): one instruction for all.</summary>
    bool StepAndBranch(in Condition condition, bool ifTrue)
    {
        if (_last < 0 || _lastOp != Op.I32Add || _lastForm == Forms.ConstSlot || FieldAt(_last + 8) != condition.Slot) return false;
        Op op = condition.Op;
        int form = condition.Form, other = form == Forms.Slots ? condition.Other : (int)condition.Bits;
        if (op == Op.Nop)
        {
            op = condition.Negated ? Op.I32Eq : Op.I32Ne;
            form = Forms.SlotConst;
            other = 0;
        }
        if (op is < Op.I32Eq or > Op.I32GeU || form == Forms.ConstSlot) return false;
        if (!ifTrue) op = Op.I32Eq + Opposites[op - Op.I32Eq];
        int to = FieldAt(_last + 8), a = FieldAt(_last + 12), b = FieldAt(_last + 16), step = _lastForm;
        Undo();
        Begin((Code)(Forms.Of(op) + Forms.AddBranch + 2 * step + form));
        Field(to);
        Field(a);
        Field(b);
        Field(other);
        return true;
    }

    /// <summary>A branch whose target is patched later; returns its field.</summary>
    int EmitBranch(in Condition condition, bool ifTrue)
    {
        EmitCondition(condition, ifTrue);
        int field = _pos;
        Field(0);
        Barrier();
        return field;
    }

    void EmitReturn()
    {
        ReadOnlySpan<ValType> results = _type.Results;
        Mark();
        if (results.Length == 0)
        {
            Begin(Runtime.Code.Return);
        }
        else if (_resultBytes == ValRaw.Size)
        {
            Entry entry = _stack[_count - 1];
            if (entry.Where == Where.Const)
            {
                Begin(Runtime.Code.Return1Const);
                Field(-_paramBytes);
                Wide(entry.Bits);
            }
            else
            {
                int from = entry.Where == Where.Local ? _localAt[entry.Local] : entry.Home;
                Begin(Runtime.Code.Return1);
                Field(from);
                Field(-_paramBytes);
            }
        }
        else
        {
            // On the way that stays, if any, values keep their places: homes are only written.
            for (int i = _count - results.Length; i < _count; i++) Move(_stack[i], _stack[i].Home);
            ReturnFrom(_stack[_count - results.Length].Home);
        }
        Barrier();
    }

    /// <summary>Returns results that lie in consecutive homes.</summary>
    void ReturnFrom(int from)
    {
        Begin(_resultBytes == 0 ? Runtime.Code.Return : Runtime.Code.ReturnMany);
        if (_resultBytes != 0)
        {
            Field(from);
            Field(-_paramBytes);
            Field(_resultBytes);
        }
        Barrier();
    }
}
