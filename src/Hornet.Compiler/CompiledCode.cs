using Hornet.Base;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler;

/// <summary>How a relocation patches the code.</summary>
internal enum RelocationKind : byte
{
    /// <summary>Four bytes: the symbol's address plus the addend, minus the address of the four bytes.</summary>
    PcRelative32,
}

/// <summary>A place in the code that refers to something outside.</summary>
internal readonly record struct Relocation(int Offset, RelocationKind Kind, int Symbol, int Addend);

/// <summary>An instruction that can stop the program, and why.</summary>
internal readonly record struct TrapSite(int Offset, TrapCode Code, int Source);

/// <summary>A call: where it returns to, where it came from in the source, its handler (or -1), the slots that hold references while it
/// runs (a range of <see cref="CompiledCode.StackMaps"/>) and its frame state (or -1).</summary>
internal readonly record struct ReturnSite(int Offset, int Source, int Handler, int MapStart, int MapCount, int State);

internal enum FrameValueKind : byte
{
    /// <summary>In the frame at <c>Payload</c> from rbp.</summary>
    Slot,
    /// <summary>The constant <c>Payload</c>.</summary>
    Constant,
    /// <summary>The VM context.</summary>
    Context,
    /// <summary>Not kept.</summary>
    Unknown,
}

internal readonly record struct FrameValue(FrameValueKind Kind, long Payload);

/// <summary>One frame (an inlined one has an outer) at a safepoint; its values are a range of <see cref="CompiledCode.FrameValues"/>.</summary>
internal readonly record struct FrameStateSite(int Tag, int Outer, int ValueStart, int ValueCount);

/// <summary>Code from an offset on comes from a place in the source.</summary>
internal readonly record struct SourceSite(int Offset, int Source);

/// <summary>The result of a compile: bytes that run anywhere, and tables sorted by offset. Valid until the context compiles again.</summary>
internal sealed class CompiledCode
{
    private readonly Machine.CodeBuffer _buffer;

    public CompiledCode(Machine.CodeBuffer buffer) => _buffer = buffer;

    public ReadOnlySpan<byte> Bytes => _buffer.FinalBytes;

    /// <summary>Where the instructions end; behind them lie jump tables and constants.</summary>
    public int CodeSize { get; set; }

    public FlatList<Relocation> Relocations { get; } = new();
    public FlatList<TrapSite> Traps { get; } = new();
    public FlatList<ReturnSite> Returns { get; } = new();
    /// <summary>Offsets from rbp.</summary>
    public FlatList<int> StackMaps { get; } = new();
    public FlatList<FrameStateSite> FrameStates { get; } = new();
    public FlatList<FrameValue> FrameValues { get; } = new();
    public FlatList<SourceSite> Sources { get; } = new();
    /// <summary>What positions in the other tables mean that do not lie in the function's own source.</summary>
    public FlatList<InlineSiteData> InlineSites { get; } = new();

    /// <summary>Bytes from rbp down to rsp between calls.</summary>
    public int FrameSize { get; set; }

    /// <summary>The frame holds the function's own VM context at rbp - 8.</summary>
    public bool KeepsContext { get; set; }

    internal void Clear()
    {
        Relocations.Clear();
        Traps.Clear();
        Returns.Clear();
        StackMaps.Clear();
        FrameStates.Clear();
        FrameValues.Clear();
        Sources.Clear();
        InlineSites.Clear();
        FrameSize = 0;
    }
}
