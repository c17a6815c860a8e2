namespace Hornet.Wasm;

/// <summary>Value types as they lie in a module; decoded when enumerated, which allocates nothing. Already checked.</summary>
public readonly ref struct ValTypeVector(ModuleBytes bytes, int count)
{
    readonly ModuleBytes _bytes = bytes;

    public int Count { get; } = count;

    public Enumerator GetEnumerator() => new(_bytes, Count);

    /// <summary>A copy.</summary>
    public ValType[] ToArray()
    {
        if (Count == 0) return [];
        ValType[] types = new ValType[Count];
        int i = 0;
        foreach (ValType type in this) types[i++] = type;
        return types;
    }

    public ref struct Enumerator(ModuleBytes bytes, int count)
    {
        OperatorReader _reader = new(bytes);
        int _left = count;

        public ValType Current { get; private set; }

        public bool MoveNext()
        {
            if (_left-- <= 0) return false;
            Current = _reader.ValType();
            return true;
        }
    }
}

/// <summary>Fields as they lie in a module; decoded when enumerated, which allocates nothing. Already checked.</summary>
public readonly ref struct FieldTypeVector(ModuleBytes bytes, int count)
{
    readonly ModuleBytes _bytes = bytes;

    public int Count { get; } = count;

    public Enumerator GetEnumerator() => new(_bytes, Count);

    /// <summary>A copy.</summary>
    public FieldType[] ToArray()
    {
        if (Count == 0) return [];
        FieldType[] fields = new FieldType[Count];
        int i = 0;
        foreach (FieldType field in this) fields[i++] = field;
        return fields;
    }

    public ref struct Enumerator(ModuleBytes bytes, int count)
    {
        OperatorReader _reader = new(bytes);
        int _left = count;

        public FieldType Current { get; private set; }

        public bool MoveNext()
        {
            if (_left-- <= 0) return false;
            Current = _reader.FieldType();
            return true;
        }
    }
}
