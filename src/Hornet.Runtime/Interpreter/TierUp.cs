using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// Makes machine code of what the interpreter finds hot (docs/native.md). A module's <see cref="InterpreterCode"/> has one where there is a
/// compiler; then its functions count what is spent on them.
/// </summary>
internal abstract unsafe class TierUp
{
    /// <summary>What may be spent on a function at first.</summary>
    /// <param name="bytes">Of its body.</param>
    public abstract int Budget(int bytes);

    /// <summary>What a call, or a turn of a loop, uses up of it.</summary>
    /// <param name="bytes">Of the body, or the loop.</param>
    public abstract int Weight(int bytes);

    /// <summary>Whether the interpreter's calls of a function go to machine code, by its place among those that the module defines.</summary>
    public abstract bool IsCompiled(int defined);

    /// <summary>Compiles a function that the interpreter cannot run.</summary>
    /// <returns>Whether that is done.</returns>
    public abstract bool TryCompile(int defined);

    /// <summary>A function was called and has used up its heat; it gets some anew.</summary>
    public abstract void Called(CodeHeader* function);

    /// <summary>The same in a loop.</summary>
    /// <returns>The machine code that goes on from that loop's head, or 0.</returns>
    public abstract nint Looped(CodeHeader* function, LoopCounter* loop);
}

/// <summary>The instruction at the head of a loop, where functions tier up.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct LoopCounter
{
    public nint Word;
    /// <summary>Where the function's header is, from here.</summary>
    public int Header;
    /// <summary>What a turn uses up.</summary>
    public int Weight;
    /// <summary>Of the operator in the module.</summary>
    public int Offset;
    /// <summary>Where the counter of the loop around this one is, from here; 0 where there is none.</summary>
    public int Outer;
    /// <summary>What the compiler has made of it so far.</summary>
    public int State;

    public const int Size = 28;
}
