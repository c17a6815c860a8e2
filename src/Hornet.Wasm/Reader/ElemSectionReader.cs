namespace Hornet.Wasm;

/// <summary>Takes an element section apart. Source: spec, binary/modules, element section.</summary>
public ref struct ElemSectionReader
{
    OperatorReader _reader;
    int _left;

    public ElemSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    /// <summary>The next segment; false behind the last one.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="declared">Where the functions that it names are noted.</param>
    public bool TryRead(out ElemSegment segment, ISet<int>? declared = null)
    {
        segment = default;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        int at = _reader.Offset;
        uint flags = _reader.U32();
        if (flags > 7) WasmFormatException.ThrowMalformed(at, "malformed elements segment kind");
        // Bit 0: passive or declarative; bit 1: declarative, or of an active segment a table index; bit 2: expressions, not indices.
        bool active = (flags & 1) == 0, explicitTable = (flags & 2) != 0, expressions = (flags & 4) != 0;
        SegmentMode mode = active ? SegmentMode.Active : explicitTable ? SegmentMode.Declarative : SegmentMode.Passive;
        int table = active && explicitTable ? _reader.Index() : 0;
        ConstExpr offset = active ? _reader.ConstExpr(declared) : default;
        // The two forms without a kind or type: indices are never null, expressions may be.
        ValType type = expressions ? ValType.FuncRef : ValType.Ref(HeapType.Func, nullable: false);
        if ((flags & 3) != 0)
        {
            if (expressions) type = _reader.RefType();
            else if (_reader.Byte() != 0) WasmFormatException.ThrowMalformed(_reader.Offset - 1, "malformed element kind");
        }
        int count = (int)_reader.Count(), start = _reader.Offset;
        WasmLimits.Check(count, WasmLimits.ElemSegmentItems, at, "element segment item");
        for (int i = 0; i < count; i++)
        {
            if (expressions)
            {
                _reader.ConstExpr(declared);
                continue;
            }
            int function = _reader.Index();
            declared?.Add(function);
        }
        segment = new(mode, table, offset, type, expressions, count, new(start, _reader.Offset - start));
        return true;
    }
}
