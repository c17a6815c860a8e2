using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>
/// Functions that begin at the head of a loop, with the values of an interpreter's frame. Their entry reads locals and operands from it and
/// jumps to the head; what only leads there from the function's beginning is not reached and goes. A value from before the loop that is used behind
/// it may thus come from two sides, so operands beneath a block are variables of the builder. Results go to the frame.
///
/// <code>
///   entry: locals, operands ← frame ──┐
///   (beginning of the function) ──► head ──► body ──► behind the loop ──► results → frame
///                                     └───◄───┘
/// </code>
/// </content>
internal sealed partial class FunctionTranslator
{
    // Offset of the loop, -1 where the function begins at its beginning.
    int _loop;
    Block _takesOver;
    Value _frame;
    // By variable: where an operand lies in the interpreter's frame, and where the next one above it does.
    readonly List<(int At, int Next)> _homes = [];

    static readonly MemFlags s_frame = MemFlags.Trusted(AliasClass.Any);

    void BeginTakeOver(int loop, Block entry)
    {
        _loop = loop;
        if (loop < 0) return;
        _takesOver = entry;
        _frame = _builder.Param(entry, 2);
        _homes.Clear();
        // Nothing leads here; what is built is thrown away unless a loop leads back to it.
        _builder.SwitchTo(_builder.CreateBlock());
        _builder.Seal(_builder.Current);
    }

    /// <summary>The lower operands become variables.</summary>
    void KeepOperands(int count)
    {
        Span<Value> entries = _stack.Entries(_stack.Height)[..count];
        int first = count;
        while (first > 0 && !OperandStack.IsVariable(entries[first - 1], out _)) first--;
        if (first == count) return;
        int home = first == 0 ? FirstHome() : HomeBehind(entries[first - 1]);
        for (int i = first; i < count; i++)
        {
            int next = home + Thunks.SlotBytes(_builder.Function.TypeOf(entries[i]));
            entries[i] = Keep(entries[i], home, next);
            home = next;
        }
    }

    Value Keep(Value value, int home, int next)
    {
        Variable variable = _builder.DeclareVariable(_builder.Function.TypeOf(value));
        while (_homes.Count <= variable.Index) _homes.Add(default);
        _homes[variable.Index] = (home, next);
        _builder.Define(variable, value);
        return OperandStack.EntryOf(variable);
    }

    /// <summary>The parameters of an if wait for its else below those of the first side; the interpreter has them once.</summary>
    void KeepForElse(Span<Value> waiting)
    {
        int home = -1;
        foreach (ref Value entry in waiting)
        {
            _ = OperandStack.IsVariable(entry, out Variable variable);
            if (home < 0) home = _homes[variable.Index].At;
            entry = Keep(_builder.Use(variable), _homes[variable.Index].At, home);
        }
    }

    void TakeForElse(ReadOnlySpan<Value> waited)
    {
        foreach (Value entry in waited)
        {
            _ = OperandStack.IsVariable(entry, out Variable variable);
            int home = _homes[variable.Index].At;
            _homes[variable.Index] = (home, home + Thunks.SlotBytes(_builder.TypeOf(variable)));
        }
    }

    int HomeBehind(Value entry)
    {
        _ = OperandStack.IsVariable(entry, out Variable variable);
        return _homes[variable.Index].Next;
    }

    int FirstHome()
    {
        int at = FrameHeader.Size;
        for (int i = _type.Parameters.Length; i < _locals.Count; i++) at += Thunks.SlotBytes(_builder.TypeOf(_locals[i]));
        return at;
    }

    /// <summary>At the head of the loop that is taken over, its own parameters off the stack: the entry is built.</summary>
    void TakeOver(Block head, ReadOnlySpan<ValType> parameters)
    {
        _builder.SwitchTo(_takesOver);
        int at = -FrameLayout.Bytes(_type.Parameters);
        for (int i = 0; i < _locals.Count; i++)
        {
            if (i == _type.Parameters.Length) at = FrameHeader.Size;
            IrType type = _builder.TypeOf(_locals[i]);
            _builder.Define(_locals[i], _builder.Load(type, s_frame, _frame, at));
            at += Thunks.SlotBytes(type);
        }
        int home = FirstHome();
        foreach (Value entry in _stack.Entries(_stack.Height))
        {
            _ = OperandStack.IsVariable(entry, out Variable variable);
            (int own, home) = _homes[variable.Index];
            _builder.Define(variable, _builder.Load(_builder.TypeOf(variable), s_frame, _frame, own));
        }
        EnsureScratch(parameters.Length);
        for (int i = 0; i < parameters.Length; i++)
        {
            IrType type = module.TypeOf(parameters[i]);
            _scratch[i] = _builder.Load(type, s_frame, _frame, home);
            home += Thunks.SlotBytes(type);
        }
        _builder.Jump(head, _scratch.AsSpan(0, parameters.Length));
    }

    /// <summary>A tail call: the interpreter's frame waits for the results, so it is a call. No handler of this function sees what the callee throws.</summary>
    void ReturnResultsOf(Inst call)
    {
        PushResults(call);
        Branch((uint)_stack.Depth - 1);
    }

    /// <summary>Leaves results where the interpreter looks for those of a call: in place of the arguments, or above the header where they are more.</summary>
    void ReturnToFrame(ReadOnlySpan<Value> results)
    {
        int arguments = FrameLayout.Bytes(_type.Parameters), at = FrameLayout.Bytes(_type.Results) <= arguments ? -arguments : FrameHeader.Size;
        foreach (Value result in results)
        {
            // The whole slot of a reference: an address or a number, zero-extended.
            IrType type = _builder.Function.TypeOf(result);
            _builder.Store(s_frame, type == IrType.Ref ? _builder.RefAddr(result) : result, _frame, at);
            at += Thunks.SlotBytes(type);
        }
        _builder.Return();
    }
}
