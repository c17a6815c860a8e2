namespace Hornet.Wasm;

/// <summary>What the typed section readers share. Each reads a whole section, item by item, and checks that it ends with the last one.</summary>
static class SectionReaders
{
    public static void End(in OperatorReader reader)
    {
        if (!reader.AtEnd) WasmFormatException.ThrowMalformed(reader.Offset, "section size mismatch");
    }
}

/// <summary>A function section's type indices.</summary>
public ref struct FunctionSectionReader
{
    OperatorReader _reader;
    int _left;

    public FunctionSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    public bool TryRead(out int typeIndex)
    {
        typeIndex = 0;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        typeIndex = _reader.Index();
        return true;
    }
}

/// <summary>A table section's types and initialisers.</summary>
public ref struct TableSectionReader
{
    OperatorReader _reader;
    int _left;

    public TableSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    /// <param name="type">The table's type.</param>
    /// <param name="init">Its initialiser, of length 0 where there is none.</param>
    /// <param name="declared">Where the functions that the initialiser names are noted.</param>
    public bool TryRead(out TableType type, out ConstExpr init, ISet<int>? declared = null)
    {
        type = default;
        init = default;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        // 0x40 0x00 begins a table with an initialiser. spec: binary/modules, table section
        bool hasInit = _reader.Peek() == 0x40;
        if (hasInit)
        {
            _reader.Byte();
            if (_reader.Byte() != 0) WasmFormatException.ThrowMalformed(_reader.Offset - 1, "zero byte expected");
        }
        type = _reader.TableType();
        if (hasInit) init = _reader.ConstExpr(declared);
        return true;
    }
}

/// <summary>A memory section's types.</summary>
public ref struct MemorySectionReader
{
    readonly Features _features;
    OperatorReader _reader;
    int _left;

    public MemorySectionReader(ModuleBytes section, Features features = Features.All)
    {
        _features = features;
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    public bool TryRead(out MemoryType type)
    {
        type = default;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        type = _reader.MemoryType(_features);
        return true;
    }
}

/// <summary>A tag section's type indices.</summary>
public ref struct TagSectionReader
{
    OperatorReader _reader;
    int _left;

    public TagSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    public bool TryRead(out int typeIndex)
    {
        typeIndex = 0;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        typeIndex = _reader.TagType();
        return true;
    }
}

/// <summary>A global section's types and initialisers.</summary>
public ref struct GlobalSectionReader
{
    OperatorReader _reader;
    int _left;

    public GlobalSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    /// <param name="type">The global's type.</param>
    /// <param name="init">Its initialiser.</param>
    /// <param name="declared">Where the functions that the initialiser names are noted.</param>
    public bool TryRead(out GlobalType type, out ConstExpr init, ISet<int>? declared = null)
    {
        type = default;
        init = default;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        type = _reader.GlobalType();
        init = _reader.ConstExpr(declared);
        return true;
    }
}

/// <summary>An export section's entries.</summary>
public ref struct ExportSectionReader
{
    OperatorReader _reader;
    int _left;

    public ExportSectionReader(ModuleBytes section)
    {
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    /// <summary>Where the next item begins.</summary>
    public readonly int Offset => _reader.Offset;

    /// <param name="name">UTF-8, checked.</param>
    /// <param name="kind">What is exported.</param>
    /// <param name="index">Which of its kind.</param>
    public bool TryRead(out ReadOnlySpan<byte> name, out ExternKind kind, out int index)
    {
        name = default;
        kind = default;
        index = 0;
        if (_left-- == 0)
        {
            SectionReaders.End(_reader);
            return false;
        }
        name = _reader.Name();
        kind = (ExternKind)_reader.Byte();
        if (kind > ExternKind.Tag) WasmFormatException.ThrowMalformed(_reader.Offset - 1, "malformed export kind");
        index = _reader.Index();
        return true;
    }
}
