namespace Hornet.Wasm;

/// <summary>A stretch of a module: its bytes and where they begin, in bytes from the module's beginning.</summary>
public readonly ref struct ModuleBytes(ReadOnlySpan<byte> span, int offset)
{
    public ReadOnlySpan<byte> Span { get; } = span;
    public int Offset { get; } = offset;
    public int Length => Span.Length;
    public int End => Offset + Span.Length;
    public ByteRange Range => new(Offset, Span.Length);

    /// <summary>A part of it, given by its place in the module.</summary>
    public ModuleBytes this[ByteRange range] => new(Span.Slice(range.Offset - Offset, range.Length), range.Offset);
}
