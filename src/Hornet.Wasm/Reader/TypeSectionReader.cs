namespace Hornet.Wasm;

/// <summary>A type of the type section as it lies in the module.</summary>
public readonly ref struct SubTypeItem
{
    /// <summary>Bytes from the module's beginning.</summary>
    public int Offset { get; init; }
    public CompositeKind Kind { get; init; }
    public bool IsFinal { get; init; }
    /// <summary>Type index of the declared supertype, or -1.</summary>
    public int Supertype { get; init; }
    /// <summary>Whether this begins a recursion group, and of how many types. 0 inside a group.</summary>
    public int GroupSize { get; init; }
    /// <summary>Of a function.</summary>
    public ValTypeVector Parameters { get; init; }
    /// <summary>Of a function.</summary>
    public ValTypeVector Results { get; init; }
    /// <summary>Of a struct; of an array, its one element.</summary>
    public FieldTypeVector Fields { get; init; }

    /// <summary>The type as the environment keeps it.</summary>
    public SubType ToSubType() => Kind switch
    {
        CompositeKind.Func => new FuncType(Parameters.ToArray(), Results.ToArray()) { IsFinal = IsFinal, Supertype = Supertype },
        CompositeKind.Struct => new StructType(Fields.ToArray()) { IsFinal = IsFinal, Supertype = Supertype },
        _ => new ArrayType(Fields.ToArray()[0]) { IsFinal = IsFinal, Supertype = Supertype },
    };
}

/// <summary>Takes a type section apart. Source: spec, binary/types, recursive types.</summary>
public ref struct TypeSectionReader
{
    readonly ModuleBytes _bytes;
    OperatorReader _reader;
    int _groups, _inGroup;

    public TypeSectionReader(ModuleBytes section)
    {
        _bytes = section;
        _reader = new(section);
        _groups = (int)_reader.Count();
    }

    public readonly int Offset => _reader.Offset;

    /// <summary>The next type, groups opened up; false behind the last one. A group of no types yields nothing.</summary>
    public bool TryRead(out SubTypeItem item)
    {
        int groupSize = 0;
        while (_inGroup == 0)
        {
            if (_groups-- == 0)
            {
                item = default;
                SectionReaders.End(_reader);
                return false;
            }
            groupSize = 1;
            if (_reader.Peek() == 0x4E)
            {
                _reader.Byte();
                groupSize = (int)_reader.Count();
            }
            _inGroup = groupSize;
        }
        _inGroup--;
        item = SubType(groupSize);
        return true;
    }

    SubTypeItem SubType(int groupSize)
    {
        int offset = _reader.Offset, supertype = -1;
        bool isFinal = true;
        if (_reader.Peek() is 0x4F or 0x50)
        {
            isFinal = _reader.Byte() == 0x4F;
            uint supers = _reader.Count();
            if (supers > 1) WasmFormatException.ThrowInvalid(offset, "a sub type must have at most one supertype");
            if (supers == 1) supertype = _reader.Index();
        }
        byte form = _reader.Byte();
        switch (form)
        {
            case 0x60:
                ValTypeVector parameters = ValTypes(WasmLimits.Params, "parameter");
                ValTypeVector results = ValTypes(WasmLimits.Results, "result");
                return new() { Offset = offset, Kind = CompositeKind.Func, IsFinal = isFinal, Supertype = supertype, GroupSize = groupSize, Parameters = parameters, Results = results };
            case 0x5F:
                return new() { Offset = offset, Kind = CompositeKind.Struct, IsFinal = isFinal, Supertype = supertype, GroupSize = groupSize, Fields = Fields((int)_reader.Count()) };
            case 0x5E:
                return new() { Offset = offset, Kind = CompositeKind.Array, IsFinal = isFinal, Supertype = supertype, GroupSize = groupSize, Fields = Fields(1) };
            default:
                // A form is a signed number of seven bits. spec: binary/types, composite types
                WasmFormatException.ThrowMalformed(_reader.Offset - 1, form >= 0x80 ? "integer representation too long" : "malformed definition type");
                return default;
        }
    }

    ValTypeVector ValTypes(int most, string what)
    {
        int count = (int)_reader.Count(), start = _reader.Offset;
        WasmLimits.Check(count, most, start, what);
        for (int i = 0; i < count; i++) _reader.ValType();
        return new(_bytes[new(start, _reader.Offset - start)], count);
    }

    FieldTypeVector Fields(int count)
    {
        int start = _reader.Offset;
        WasmLimits.Check(count, WasmLimits.StructFields, start, "field");
        for (int i = 0; i < count; i++) _reader.FieldType();
        return new(_bytes[new(start, _reader.Offset - start)], count);
    }
}
