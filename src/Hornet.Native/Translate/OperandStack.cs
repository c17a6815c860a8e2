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

/// <summary>The operands and open blocks of the function being translated: what the validator checks as types, here as values.</summary>
internal sealed class OperandStack
{
    readonly FlatList<Value> _values = new(64);
    readonly FlatList<ControlFrame> _frames = new(32);

    public int Height => _values.Count;
    public int Depth => _frames.Count;

    public void Clear()
    {
        _values.Clear();
        _frames.Clear();
    }

    public void Push(Value value) => _values.Add(value);
    public Value Pop() => _values.Pop();
    public Value Peek() => _values[_values.Count - 1];

    /// <summary>The uppermost values, in the order they were pushed; valid until the next push.</summary>
    public ReadOnlySpan<Value> Top(int count) => _values.AsSpan()[(_values.Count - count)..];

    public void Drop(int count) => Truncate(_values.Count - count);

    public void Truncate(int height)
    {
        while (_values.Count > height) _values.Pop();
    }

    public void Open(in ControlFrame frame) => _frames.Add(frame);
    public ControlFrame Close() => _frames.Pop();
    public ref ControlFrame Frame(uint label) => ref _frames[_frames.Count - 1 - (int)label];
}
