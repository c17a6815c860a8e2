using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>A block of wasm code that is open, with the IR blocks that its labels stand for.</summary>
internal struct ControlFrame
{
    public Op Kind;
    /// <summary>The body itself, whose label returns.</summary>
    public bool IsFunction;
    public BlockType Type;
    /// <summary>What follows the block; its parameters are the block's results.</summary>
    public Block Next;
    /// <summary>Where a branch to the block's label goes: a loop's head, else <see cref="Next"/>.</summary>
    public Block Label;
    /// <summary>The false side of an if, until its else; none otherwise.</summary>
    public Block Else;
    /// <summary>Operands below the block's parameters.</summary>
    public int Height;
    /// <summary>Something goes to <see cref="Next"/>.</summary>
    public bool NextReached;
    /// <summary>What catches exceptions of the code inside: a place in the translator's list of handlers, or -1.</summary>
    public int Handler;
    /// <summary>A try_table's clauses: where they lie in its code, and how many.</summary>
    public ByteRange Catches;
    public int CatchCount;
    /// <summary>Of a legacy try: the exception that its catches share, and where the next one's test goes (none: nothing is left to test).</summary>
    public Value Caught;
    public Block NextTest;
}

/// <summary>
/// The operands and open blocks of the function being translated: what the validator checks as types, here as values. An operand may be a variable of
/// the builder instead (a number below that of no value), whose value is looked up where it is taken.
/// </summary>
internal sealed class OperandStack
{
    readonly FlatList<Value> _values = new(64);
    readonly FlatList<ControlFrame> _frames = new(32);
    FunctionBuilder _builder = null!;

    public int Height => _values.Count;
    public int Depth => _frames.Count;

    public void Clear(FunctionBuilder builder)
    {
        _builder = builder;
        _values.Clear();
        _frames.Clear();
    }

    public void Push(Value value) => _values.Add(value);
    public Value Pop() => Look(_values.Pop());
    public Value Peek() => Look(_values[_values.Count - 1]);

    /// <summary>The uppermost values, in the order they were pushed; valid until the next push.</summary>
    public ReadOnlySpan<Value> Top(int count)
    {
        Span<Value> top = Entries(count);
        foreach (ref Value value in top) value = Look(value);
        return top;
    }

    /// <summary>The uppermost entries as they are, variables as variables.</summary>
    public Span<Value> Entries(int count) => _values.AsSpan()[(_values.Count - count)..];

    public static Value EntryOf(Variable variable) => new(FirstVariable - variable.Index);

    public static bool IsVariable(Value entry, out Variable variable)
    {
        variable = new(FirstVariable - entry.Index);
        return entry.Index <= FirstVariable;
    }

    const int FirstVariable = -2;

    Value Look(Value entry) => IsVariable(entry, out Variable variable) ? _builder.Use(variable) : entry;

    public void Drop(int count) => Truncate(_values.Count - count);

    public void Truncate(int height)
    {
        while (_values.Count > height) _values.Pop();
    }

    public void Open(in ControlFrame frame) => _frames.Add(frame);
    public ControlFrame Close() => _frames.Pop();
    public ref ControlFrame Frame(uint label) => ref _frames[_frames.Count - 1 - (int)label];
}
