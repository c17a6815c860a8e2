namespace Hornet.Wasm;

/// <summary>An import or its like as it lies in the module; which type is meaningful, <see cref="Kind"/> says.</summary>
public readonly ref struct ImportItem
{
    /// <summary>Bytes from the module's beginning.</summary>
    public int Offset { get; init; }
    /// <summary>UTF-8, checked.</summary>
    public ReadOnlySpan<byte> Module { get; init; }
    /// <summary>UTF-8, checked.</summary>
    public ReadOnlySpan<byte> Name { get; init; }
    public ExternKind Kind { get; init; }
    /// <summary>Of a function or tag.</summary>
    public int TypeIndex { get; init; }
    public TableType Table { get; init; }
    public MemoryType Memory { get; init; }
    public GlobalType Global { get; init; }
}

/// <summary>Takes an import section apart. Source: spec, binary/modules, import section.</summary>
public ref struct ImportSectionReader
{
    readonly Features _features;
    OperatorReader _reader;
    int _left;

    public ImportSectionReader(ModuleBytes section, Features features = Features.All)
    {
        _features = features;
        _reader = new(section);
        _left = Count = (int)_reader.Count();
    }

    public int Count { get; }

    public bool TryRead(out ImportItem item)
    {
        if (_left-- == 0)
        {
            item = default;
            SectionReaders.End(_reader);
            return false;
        }
        int offset = _reader.Offset;
        ReadOnlySpan<byte> module = _reader.Name(), name = _reader.Name();
        byte kind = _reader.Byte();
        ImportItem read = new() { Offset = offset, Module = module, Name = name, Kind = (ExternKind)kind };
        switch ((ExternKind)kind)
        {
            case ExternKind.Func:
                item = read with { TypeIndex = _reader.Index() };
                break;
            case ExternKind.Table:
                item = read with { Table = _reader.TableType() };
                break;
            case ExternKind.Memory:
                item = read with { Memory = _reader.MemoryType(_features) };
                break;
            case ExternKind.Global:
                item = read with { Global = _reader.GlobalType() };
                break;
            case ExternKind.Tag when (_features & (Features.Exceptions | Features.LegacyExceptions)) != 0:
                item = read with { TypeIndex = _reader.TagType() };
                break;
            default:
                item = default;
                WasmFormatException.ThrowMalformed(_reader.Offset - 1, kind == (byte)ExternKind.Tag ? "malformed import kind: the feature exceptions is not enabled" : "malformed import kind");
                break;
        }
        return true;
    }
}
