namespace Hornet;

/// <summary>From an offset of machine code on, it is made from the operator at <paramref name="Source"/> in the module; -1 where from none.</summary>
public readonly record struct ListedSource(int Offset, int Source);

/// <summary>An instruction that can trap.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Trap">What its fault means.</param>
/// <param name="Source">The operator's offset in the module.</param>
public readonly record struct ListedTrap(int Offset, TrapCode Trap, int Source);

/// <summary>A call, which is a safepoint: what is known of the frame while it runs.</summary>
/// <param name="Offset">Where it returns to.</param>
/// <param name="Source">The operator's offset in the module.</param>
/// <param name="Handler">Where code goes on when the callee throws; -1 where nothing catches.</param>
/// <param name="References">Where the frame holds references that the collector must see, in bytes from the frame pointer.</param>
public readonly record struct ListedCall(int Offset, int Source, int Handler, IReadOnlyList<int> References);

/// <summary>Four bytes of machine code that the linker of code fills in.</summary>
/// <param name="Offset">Where they lie.</param>
/// <param name="Function">The function whose address they need, or -1.</param>
/// <param name="Builtin">The routine of the runtime whose address they need, or null.</param>
public readonly record struct ListedTarget(int Offset, int Function, string? Builtin);

/// <summary>One function's machine code with its tables, each in the order of offsets.</summary>
public sealed record ListedCode
{
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Where instructions end; behind them lie jump tables and constants.</summary>
    public required int CodeSize { get; init; }

    /// <summary>Bytes between the frame pointer and the stack pointer; -1 where it is not known.</summary>
    public int FrameSize { get; init; } = -1;

    public IReadOnlyList<ListedSource> Sources { get; init; } = [];
    public IReadOnlyList<ListedTrap> Traps { get; init; } = [];
    public IReadOnlyList<ListedCall> Calls { get; init; } = [];
    public IReadOnlyList<ListedTarget> Targets { get; init; } = [];
}
