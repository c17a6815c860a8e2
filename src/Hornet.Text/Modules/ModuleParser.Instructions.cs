using System.Runtime.InteropServices;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Modules;

// Instruction sequences, flat and folded, with an explicit stack of what is open. Source: spec, text/instructions.
ref partial struct ModuleParser
{
    enum FrameKind : byte
    {
        /// <summary>(op operands...): the encoded operator waits in _deferred for the closing parenthesis.</summary>
        Plain,
        /// <summary>(block ...), (loop ...), (try_table ...)</summary>
        FoldedBlock,
        /// <summary>(if condition... before (then</summary>
        FoldedIf,
        /// <summary>(if ... (then ...) seen</summary>
        FoldedThen,
        /// <summary>(if ... (then ...) (else ...) seen</summary>
        FoldedElse,
        /// <summary>(try before (do</summary>
        FoldedTry,
        /// <summary>(try (do ...) seen</summary>
        FoldedDo,
        /// <summary>(try (do ...) (catch ...) seen</summary>
        FoldedCatch,
        /// <summary>(try (do ...) ... (catch_all ...) seen</summary>
        FoldedCatchAll,
        /// <summary>(try (do ...) (delegate x) seen: no `end` of its own</summary>
        FoldedDelegate,
        /// <summary>Inside (then, (else, (do, (catch</summary>
        Arm,
        /// <summary>block, loop, try_table up to their `end`</summary>
        Block,
        If,
        Else,
        Try,
        /// <summary>try after a catch</summary>
        Catch,
        /// <summary>try after its catch_all</summary>
        CatchAll,
    }

    // Deferred: where in _deferred this frame's operator begins. Label, Displayed: the identifier of a label that is not in
    // scope yet, and the name shown for it. Hint: a branch hint for the deferred operator, or -1.
    record struct Frame(FrameKind Kind, int Deferred, int Label, int Displayed, int Hint);

    readonly List<Frame> _frames = [];
    // Identifiers of the labels around, -1 where there is none, and which label of the same identifier each hides (0: none, else one more than its place).
    readonly List<(int Id, int Hidden)> _labels = [];
    // By identifier: one more than the place of the innermost label, 0 where there is none.
    int[] _innermost = [];
    readonly ByteBuffer _deferred = new(256);
    ByteBuffer _code = null!;
    bool _inFunction, _usesDataCount;

    /// <summary>An expression up to the closing parenthesis around it, with its `end`.</summary>
    void Expression(ByteBuffer to)
    {
        Instructions(to, single: false);
        to.Byte((byte)Op.End);
    }

    /// <summary>One folded instruction as an expression, with its `end`.</summary>
    void OneInstruction(ByteBuffer to)
    {
        if (c.Current.Kind != TokenKind.LeftParen) c.Unexpected("an expression in parentheses");
        Instructions(to, single: true);
        to.Byte((byte)Op.End);
    }

    void Instructions(ByteBuffer to, bool single)
    {
        _frames.Clear();
        // An error may have left some.
        while (_labels.Count > 0) PopLabel();
        _deferred.Clear();
        _code = to;
        int hint = -1;
        do
        {
            switch (c.Current.Kind)
            {
                case TokenKind.Keyword:
                    Flat(hint);
                    hint = -1;
                    break;
                case TokenKind.LeftParen:
                    Folded(hint);
                    hint = -1;
                    break;
                case TokenKind.RightParen:
                    if (hint >= 0) c.Fail("@metadata.code.branch_hint annotation: invalid target");
                    if (_frames.Count == 0) return;
                    CloseFrame();
                    break;
                case TokenKind.Annotation when _inFunction && c.IsAnnotation("metadata.code.branch_hint"u8):
                    if (hint >= 0) c.Fail("@metadata.code.branch_hint annotation: duplicate annotation");
                    hint = HintAnnotation();
                    break;
                default:
                    c.Unexpected("an instruction");
                    break;
            }
        }
        while (!single || _frames.Count > 0);
    }

    int HintAnnotation()
    {
        c.Advance();
        _scratch.Clear();
        Token token = c.Current;
        while (c.Current.Kind == TokenKind.String) c.String(_scratch);
        if (_scratch.Length != 1 || _scratch.Written[0] > 1) c.Fail(token, "@metadata.code.branch_hint annotation: invalid value, expected \"\\00\" or \"\\01\"");
        c.Close();
        return _scratch.Written[0];
    }

    readonly FrameKind Top => _frames.Count == 0 ? FrameKind.Arm : _frames[^1].Kind;

    readonly void SetTop(FrameKind kind) => CollectionsMarshal.AsSpan(_frames)[^1].Kind = kind;

    Op Mnemonic()
    {
        if (!Opcodes.TryFind(c.Text, out Op op)) c.Unexpected("an instruction");
        return op;
    }

    readonly void CheckHint(Op op, int hint)
    {
        if (hint >= 0 && op is not (Op.If or Op.BrIf)) c.Fail("@metadata.code.branch_hint annotation: invalid target");
    }

    readonly void AddHint(int hint)
    {
        if (hint >= 0) _functionHints.Add((_code.Length, (byte)hint));
    }

    // ---- flat

    void Flat(int hint)
    {
        if (Top is FrameKind.Plain or (>= FrameKind.FoldedIf and <= FrameKind.FoldedDelegate))
        {
            Mnemonic();
            c.Unexpected("an operand in parentheses, or `)`");
        }
        Op op = Mnemonic();
        CheckHint(op, hint);
        switch (op)
        {
            case Op.Block or Op.Loop or Op.If or Op.Try or Op.TryTable:
                c.Advance();
                int id = BindingId(out int displayed);
                AddHint(hint);
                BlockHeader(op, _code);
                PushLabel(id, displayed);
                _frames.Add(new(op == Op.If ? FrameKind.If : op == Op.Try ? FrameKind.Try : FrameKind.Block, 0, 0, 0, -1));
                break;
            case Op.Else:
                if (Top != FrameKind.If) c.Unexpected("an instruction");
                c.Advance();
                LabelAgain();
                _code.Byte((byte)Op.Else);
                SetTop(FrameKind.Else);
                break;
            case Op.Catch or Op.CatchAll:
                if (Top is not (FrameKind.Try or FrameKind.Catch)) c.Unexpected("an instruction");
                c.Advance();
                Handler(op);
                SetTop(op == Op.Catch ? FrameKind.Catch : FrameKind.CatchAll);
                break;
            case Op.Delegate:
                if (Top != FrameKind.Try) c.Unexpected("an instruction");
                c.Advance();
                PopLabel();
                _frames.RemoveAt(_frames.Count - 1);
                _code.Byte((byte)Op.Delegate);
                _code.U32(Label());
                break;
            case Op.End:
                if (Top < FrameKind.Block) c.Unexpected(_frames.Count == 0 ? "`)`" : "an instruction");
                c.Advance();
                LabelAgain();
                _code.Byte((byte)Op.End);
                PopLabel();
                _frames.RemoveAt(_frames.Count - 1);
                break;
            default:
                c.Advance();
                AddHint(hint);
                Plain(op, _code);
                break;
        }
    }

    // The label may be written again after `else` and `end`.
    void LabelAgain()
    {
        if (!c.IsId) return;
        Token token = c.Current;
        if (c.Identifier(_names) != _labels[^1].Id) c.Fail(token, "mismatching label");
    }

    void Handler(Op op)
    {
        _code.Byte((byte)op);
        if (op == Op.Catch) _code.U32(Index(_tags));
    }

    void PushLabel(int id, int displayed)
    {
        if (displayed >= 0) _functionLabels.Add((_labelCount, displayed));
        _labelCount++;
        if (id >= _innermost.Length) Array.Resize(ref _innermost, Math.Max(id + 16, _innermost.Length * 2));
        _labels.Add((id, id < 0 ? 0 : _innermost[id]));
        if (id >= 0) _innermost[id] = _labels.Count;
    }

    readonly void PopLabel()
    {
        (int id, int hidden) = _labels[^1];
        if (id >= 0) _innermost[id] = hidden;
        _labels.RemoveAt(_labels.Count - 1);
    }

    /// <summary>A label as the number of blocks between.</summary>
    uint Label()
    {
        if (!c.IsId) return c.U32("a label");
        Token token = c.Current;
        int id = c.Identifier(_names);
        int found = id < _innermost.Length ? _innermost[id] : 0;
        if (found > 0) return (uint)(_labels.Count - found);
        Report(token, $"unknown label {Show(id)}");
        return 0;
    }

    // ---- folded

    void Folded(int hint)
    {
        if (c.Following.Kind != TokenKind.Keyword)
        {
            c.Advance();
            c.Unexpected("an instruction");
        }
        c.Advance();
        FrameKind top = Top;
        if (top is >= FrameKind.FoldedIf and <= FrameKind.FoldedDelegate && FoldedPart(top)) return;
        Op op = Mnemonic();
        CheckHint(op, hint);
        switch (op)
        {
            case Op.Block or Op.Loop or Op.TryTable or Op.Try:
                c.Advance();
                int id = BindingId(out int displayed);
                BlockHeader(op, _code);
                PushLabel(id, displayed);
                _frames.Add(new(op == Op.Try ? FrameKind.FoldedTry : FrameKind.FoldedBlock, 0, 0, 0, -1));
                break;
            case Op.If:
                c.Advance();
                // The label is not in scope in the condition, which comes before the operator. spec: text/instructions, folded
                int ifId = BindingId(out int ifDisplayed);
                _frames.Add(new(FrameKind.FoldedIf, _deferred.Length, ifId, ifDisplayed, hint));
                BlockHeader(op, _deferred);
                break;
            case Op.Else or Op.End or Op.Catch or Op.CatchAll or Op.Delegate:
                c.Unexpected("an instruction");
                break;
            default:
                c.Advance();
                _frames.Add(new(FrameKind.Plain, _deferred.Length, 0, 0, hint));
                Plain(op, _deferred);
                break;
        }
    }

    // (then, (else, (do, (catch, (catch_all, (delegate
    bool FoldedPart(FrameKind top)
    {
        switch (top)
        {
            case FrameKind.FoldedIf:
                if (!c.TryKeyword("then"u8)) return false;
                Frame frame = _frames[^1];
                AddHint(frame.Hint);
                EmitDeferred(frame.Deferred);
                PushLabel(frame.Label, frame.Displayed);
                SetTop(FrameKind.FoldedThen);
                break;
            case FrameKind.FoldedThen when c.TryKeyword("else"u8):
                _code.Byte((byte)Op.Else);
                SetTop(FrameKind.FoldedElse);
                break;
            case FrameKind.FoldedTry when c.TryKeyword("do"u8):
                SetTop(FrameKind.FoldedDo);
                break;
            case FrameKind.FoldedDo or FrameKind.FoldedCatch when c.TryKeyword("catch"u8):
                Handler(Op.Catch);
                SetTop(FrameKind.FoldedCatch);
                break;
            case FrameKind.FoldedDo or FrameKind.FoldedCatch when c.TryKeyword("catch_all"u8):
                Handler(Op.CatchAll);
                SetTop(FrameKind.FoldedCatchAll);
                break;
            case FrameKind.FoldedDo when c.TryKeyword("delegate"u8):
                PopLabel();
                _code.Byte((byte)Op.Delegate);
                _code.U32(Label());
                _labels.Add((-1, 0));
                SetTop(FrameKind.FoldedDelegate);
                break;
            default:
                c.Unexpected("`)`");
                break;
        }
        _frames.Add(new(FrameKind.Arm, 0, 0, 0, -1));
        return true;
    }

    void EmitDeferred(int start)
    {
        _code.Append(_deferred.Written[start..]);
        _deferred.Truncate(start);
    }

    void CloseFrame()
    {
        Frame frame = _frames[^1];
        switch (frame.Kind)
        {
            case FrameKind.Plain:
                AddHint(frame.Hint);
                EmitDeferred(frame.Deferred);
                break;
            case FrameKind.Arm:
                break;
            case FrameKind.FoldedBlock or FrameKind.FoldedThen or FrameKind.FoldedElse or FrameKind.FoldedDo or FrameKind.FoldedCatch or FrameKind.FoldedCatchAll:
                _code.Byte((byte)Op.End);
                PopLabel();
                break;
            case FrameKind.FoldedDelegate:
                PopLabel();
                break;
            default:
                c.Unexpected(frame.Kind switch { FrameKind.FoldedIf => "`(then`", FrameKind.FoldedTry => "`(do`", _ => "`end`" });
                break;
        }
        _frames.RemoveAt(_frames.Count - 1);
        c.Advance();
    }

    // ---- operators

    // The operator and its block type; of try_table, its catch clauses too.
    void BlockHeader(Op op, ByteBuffer to)
    {
        to.Byte((byte)op);
        if (ExplicitType(out uint index))
        {
            Token token = c.Current;
            ParametersAndResults(named: false);
            CheckExplicit(token, index);
            to.S64(index);
        }
        else
        {
            ParametersAndResults(named: false);
            if (_parameterCount == 0 && _resultCount == 0) to.Byte(0x40);
            else if (_parameterCount == 0 && _resultCount == 1) to.Append(_results.Written);
            else to.S64(ImplicitType());
        }
        if (op == Op.TryTable) CatchClauses(to);
    }

    void CatchClauses(ByteBuffer to)
    {
        ByteBuffer clauses = new(16);
        uint count = 0;
        for (; ; count++)
        {
            CatchKind kind;
            if (c.TryForm("catch"u8)) kind = CatchKind.Catch;
            else if (c.TryForm("catch_ref"u8)) kind = CatchKind.CatchRef;
            else if (c.TryForm("catch_all"u8)) kind = CatchKind.CatchAll;
            else if (c.TryForm("catch_all_ref"u8)) kind = CatchKind.CatchAllRef;
            else break;
            clauses.Byte((byte)kind);
            if (kind <= CatchKind.CatchRef) clauses.U32(Index(_tags));
            clauses.U32(Label());
            c.Close();
        }
        to.U32(count);
        to.Append(clauses.Written);
    }
}
