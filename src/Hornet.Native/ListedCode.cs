using Hornet.Compiler;
using Hornet.Compiler.Ir;
using Hornet.Native;

namespace Hornet;

/// <summary>From an offset of machine code on, it is made from an operator.</summary>
/// <param name="Offset">In the machine code.</param>
/// <param name="Source">The operator's offset in the module; -1 where there is none.</param>
/// <param name="Inlined">Which of <see cref="ListedCode.Inlined"/> the operator is in; -1 where it is the function's own.</param>
public readonly record struct ListedSource(int Offset, int Source, int Inlined = -1);

/// <summary>A call in whose place the callee's code stands.</summary>
/// <param name="Function">The callee.</param>
/// <param name="Call">The call's offset in the module; -1 where it was a tail call, whose caller is gone.</param>
/// <param name="Within">The inlined call that this call is in, an earlier one; -1 where it is the function's own.</param>
public readonly record struct ListedInline(int Function, int Call, int Within);

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
    public IReadOnlyList<ListedInline> Inlined { get; init; } = [];
    public IReadOnlyList<ListedTrap> Traps { get; init; } = [];
    public IReadOnlyList<ListedCall> Calls { get; init; } = [];
    public IReadOnlyList<ListedTarget> Targets { get; init; } = [];

    internal static ListedSource[] Map(ReadOnlySpan<SourceSite> from, ReadOnlySpan<InlineSiteData> inlined)
    {
        ListedSource[] to = new ListedSource[from.Length];
        for (int i = 0; i < to.Length; i++)
            to[i] = new(from[i].Offset, InlineSiteData.Origin(inlined, from[i].Source), InlineSiteData.SiteOf(inlined, from[i].Source).Index);
        return to;
    }

    internal static ListedTrap[] Map(ReadOnlySpan<TrapSite> from, ReadOnlySpan<InlineSiteData> inlined)
    {
        ListedTrap[] to = new ListedTrap[from.Length];
        for (int i = 0; i < to.Length; i++) to[i] = new(from[i].Offset, TrapCodes.FromCompiler(from[i].Code), InlineSiteData.Origin(inlined, from[i].Source));
        return to;
    }

    internal static ListedCall[] Map(ReadOnlySpan<ReturnSite> from, ReadOnlySpan<int> maps, ReadOnlySpan<InlineSiteData> inlined)
    {
        ListedCall[] to = new ListedCall[from.Length];
        for (int i = 0; i < to.Length; i++)
            to[i] = new(from[i].Offset, InlineSiteData.Origin(inlined, from[i].Source), from[i].Handler, maps.Slice(from[i].MapStart, from[i].MapCount).ToArray());
        return to;
    }

    internal static ListedInline[] Map(ReadOnlySpan<InlineSiteData> inlined)
    {
        ListedInline[] to = new ListedInline[inlined.Length];
        for (int i = 0; i < to.Length; i++)
            to[i] = new(inlined[i].Symbol, InlineSiteData.Origin(inlined, inlined[i].Call), InlineSiteData.SiteOf(inlined, inlined[i].Call).Index);
        return to;
    }
}
