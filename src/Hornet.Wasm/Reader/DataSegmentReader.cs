namespace Hornet.Wasm;

/// <summary>Reads what precedes a data segment's bytes. Source: spec, binary/modules, data section.</summary>
public static class DataSegmentReader
{
    /// <summary>Reads the head of a segment, whose bytes follow it.</summary>
    /// <param name="head">The content of an event <see cref="ModuleEventKind.DataSegment"/>.</param>
    /// <param name="declared">Where the functions that its offset names are noted.</param>
    public static DataSegment Read(ModuleBytes head, ISet<int>? declared = null)
    {
        OperatorReader reader = new(head);
        DataSegment segment = Head(ref reader, declared);
        int length = (int)Math.Min(reader.U32(), int.MaxValue);
        return segment with { Bytes = new(reader.Offset, length) };
    }

    /// <summary>The length of the head that begins here and of the bytes behind it; false where the head is not yet whole.</summary>
    internal static bool TryMeasure(ModuleBytes bytes, bool isWhole, out int headLength, out uint length)
    {
        OperatorReader reader = new(bytes);
        headLength = 0;
        length = 0;
        try
        {
            Head(ref reader, null);
            length = reader.U32();
            headLength = reader.Offset - bytes.Offset;
            return true;
        }
        catch (WasmFormatException e) when (!isWhole && e.IsUnexpectedEnd)
        {
            return false;
        }
    }

    static DataSegment Head(ref OperatorReader reader, ISet<int>? declared)
    {
        int at = reader.Offset;
        uint flags = reader.U32();
        if (flags > 2) WasmFormatException.ThrowMalformed(at, "malformed data segment kind");
        if (flags == 1) return new(SegmentMode.Passive, 0, default, default);
        int memory = flags == 2 ? reader.Index() : 0;
        return new(SegmentMode.Active, memory, reader.ConstExpr(declared), default);
    }
}
