using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>
/// Exceptions. Inside a try, calls are <c>try_call</c>s to its handler: a block that gets the exception, tests its tag against the
/// clauses in order, and passes on to the handler outside what none of them catches. A throw inside a try of the same function
/// is a jump there. Source: spec, exec/instructions, throw_ref; the legacy proposal for try, delegate and rethrow.
/// </content>
internal sealed partial class FunctionTranslator
{
    /// <summary>Where exceptions go; its one parameter is the exception as 64 bits.</summary>
    struct Handler
    {
        public Block Block;
        public bool Reached;
    }

    readonly FlatList<Handler> _handlers = new(8);

    Block HandlerBlock(int handler)
    {
        _handlers[handler].Reached = true;
        return _handlers[handler].Block;
    }

    void OpenTry(in Operator op)
    {
        OpenBlock(op, Block.None);
        Block block = _builder.CreateBlock();
        _builder.Function.AppendParam(block, IrType.I64);
        _stack.Frame(0).Handler = _handlers.Add(new() { Block = block });
    }

    void OpenTryTable(in Operator op)
    {
        OpenTry(op);
        ref ControlFrame frame = ref _stack.Frame(0);
        (frame.Catches, frame.CatchCount) = (op.Entries, op.Count);
    }

    /// <summary>Goes to a block's handler, if anything does, and takes the exception there.</summary>
    bool EnterHandler(int handler, out Value exception)
    {
        Block block = _handlers[handler].Block;
        _builder.Seal(block);
        exception = Value.None;
        if (!_handlers[handler].Reached) return false;
        _builder.SwitchTo(block);
        exception = ToReference(_builder.Param(block, 0));
        return true;
    }

    /// <summary>What is left to do for a try that has just been closed: the operands and labels are those outside.</summary>
    void EndHandlers(in OperatorReader reader, in ControlFrame frame)
    {
        int outer = _stack.Frame(0).Handler;
        switch (frame.Kind)
        {
            case Op.TryTable:
                if (EnterHandler(frame.Handler, out Value exception)) Clauses(reader, frame, exception, outer);
                break;
            case Op.Try:
                // No clause at all.
                if (EnterHandler(frame.Handler, out exception)) Raise(outer, exception);
                break;
            default:
                if (frame.NextTest.IsNone) break;
                _builder.SwitchTo(frame.NextTest);
                Raise(outer, frame.Caught);
                break;
        }
    }

    void Clauses(in OperatorReader reader, in ControlFrame frame, Value exception, int outer)
    {
        OperatorReader clauses = reader.At(frame.Catches);
        int height = _stack.Height;
        for (int i = 0; i < frame.CatchCount; i++)
        {
            CatchClause clause = clauses.CatchClause();
            bool hasTag = clause.Kind is CatchKind.Catch or CatchKind.CatchRef;
            Block next = hasTag ? TestTag(exception, (int)clause.Tag) : Block.None;
            if (hasTag) PushPayload(exception, (int)clause.Tag);
            if (clause.Kind is CatchKind.CatchRef or CatchKind.CatchAllRef) Push(exception);
            Branch(clause.Label);
            _stack.Truncate(height);
            if (!hasTag) return;
            _builder.SwitchTo(next);
        }
        Raise(outer, exception);
    }

    /// <summary>Goes on where the exception has the tag; yields the block where it has another.</summary>
    Block TestTag(Value exception, int tag)
    {
        Value actual = _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.Object), ObjectAddress(exception), GcHeap.ExceptionTag);
        Block same = _builder.CreateBlock(), next = _builder.CreateBlock();
        _builder.Brif(_builder.Icmp(IntCC.Eq, actual, ContextPointer(module.Layout.Tags + tag * 8)), same, [], next, []);
        _builder.Seal(same);
        _builder.Seal(next);
        _builder.SwitchTo(same);
        return next;
    }

    ReadOnlySpan<ValType> PayloadOf(int tag) => ((FuncType)module.Environment.Types[module.Environment.Tags[tag]]).Parameters;

    void PushPayload(Value exception, int tag)
    {
        int offset = GcHeap.ExceptionPayload;
        foreach (ValType type in PayloadOf(tag))
        {
            Push(_builder.Load(module.TypeOf(type), MemFlags.Trusted(AliasClass.Object), ObjectAddress(exception), offset));
            offset += FrameLayout.Bytes(type);
        }
    }

    void Throw(int tag)
    {
        ReadOnlySpan<ValType> types = PayloadOf(tag);
        int offset = GcHeap.ExceptionPayload, bytes = FrameLayout.Bytes(types);
        Value exception = CallBuiltin(Builtin.NewException, Iconst32(tag), Iconst32(bytes));
        ReadOnlySpan<Value> values = _stack.Top(types.Length);
        for (int i = 0; i < values.Length; i++)
        {
            // The slot's upper half is zero already.
            _builder.Store(MemFlags.Trusted(AliasClass.Object), values[i], ObjectAddress(exception), offset);
            offset += FrameLayout.Bytes(types[i]);
        }
        _stack.Drop(types.Length);
        Raise(_stack.Frame(0).Handler, exception);
        _reachable = false;
    }

    void ThrowRef(Value exception)
    {
        _builder.Trapz(exception, TrapCodes.ToCompiler(TrapCode.NullExceptionReference));
        Raise(_stack.Frame(0).Handler, exception);
        _reachable = false;
    }

    void Raise(int handler, Value exception)
    {
        Value number = _builder.RefAddr(exception);
        if (handler >= 0)
        {
            _builder.Jump(HandlerBlock(handler), number);
            return;
        }
        CallBuiltin(Builtin.Throw, number);
        // It does not return.
        _builder.Trap(TrapCodes.ToCompiler(TrapCode.Unreachable));
    }

    /// <summary>Where an object lies, until the next safepoint.</summary>
    Value ObjectAddress(Value reference)
    {
        Value heap = _builder.Load(IrType.I64, CollectorAccess, StorePointer(), VmOffsets.StoreHeapBase);
        return _builder.Binary(Opcode.Iadd, heap, _builder.RefAddr(reference));
    }

    // The legacy operators

    void LegacyCatch(in Operator op)
    {
        ref ControlFrame frame = ref _stack.Frame(0);
        if (_reachable) JumpToNext(ref frame);
        _stack.Truncate(frame.Height);
        if (frame.Kind == Op.Try)
        {
            int own = frame.Handler;
            frame.Kind = Op.Catch;
            frame.Handler = _stack.Frame(1).Handler;
            if (EnterHandler(own, out frame.Caught)) frame.NextTest = _handlers[own].Block;
        }
        else if (!frame.NextTest.IsNone) _builder.SwitchTo(frame.NextTest);
        _reachable = !frame.NextTest.IsNone;
        if (!_reachable) return;
        if (op.Op == Op.CatchAll)
        {
            frame.NextTest = Block.None;
            return;
        }
        frame.NextTest = TestTag(frame.Caught, (int)op.A);
        PushPayload(frame.Caught, (int)op.A);
    }

    void Delegate(in OperatorReader reader, uint label)
    {
        int own = _stack.Frame(0).Handler;
        // Closed like a block without clauses; what it throws is as if thrown at the label, which is counted from outside.
        _stack.Frame(0).Kind = Op.Block;
        int target = _stack.Frame(label + 1).Handler;
        bool reachable = _reachable;
        Block current = _builder.Current;
        if (EnterHandler(own, out Value exception)) Raise(target, exception);
        if (reachable) _builder.SwitchTo(current);
        End(reader);
    }
}
