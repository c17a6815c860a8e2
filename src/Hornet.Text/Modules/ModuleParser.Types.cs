using Hornet.Base;

namespace Hornet.Text.Modules;

// Types and type uses. Source: spec, text/types and text/modules, type uses.
ref partial struct ModuleParser
{
    const byte FuncForm = 0x60, StructForm = 0x5F, ArrayForm = 0x5E, SubForm = 0x50, SubFinalForm = 0x4F, RecForm = 0x4E;

    readonly ByteBuffer _typeSection = new();
    int _typeEntries;
    // Function types by their encoding; for each, the first type index that a type use without index may take, or -1.
    readonly NameTable _signatures = new();
    readonly List<int> _signatureType = [];
    // For every type index: its signature (-1: no function type) and number of parameters.
    readonly List<(int Signature, int Parameters)> _typeShapes = [];
    readonly Dictionary<(int Type, int Name), int> _fieldIndices = [];
    readonly List<(int Type, int Field, int Name)> _fieldNames = [];

    // A type use's parameters and results, each as the types' encodings, and the parameters' names.
    readonly ByteBuffer _parameters = new(), _results = new(), _signature = new();
    int _parameterCount, _resultCount;
    readonly List<(int Index, int Id, int Displayed, Token Token)> _parameterNames = [];

    void DefineTypes()
    {
        foreach (Field field in _fields)
        {
            if (field.Kind is not (FieldKind.Type or FieldKind.Rec)) continue;
            int before = _typeSection.Length;
            try
            {
                c.Seek(field.Start);
                c.Advance();
                c.Advance();
                if (field.Kind == FieldKind.Type) TypeDefinition(field.Index, alone: true);
                else
                {
                    _typeSection.Byte(RecForm);
                    _typeSection.U32((uint)field.Count);
                    for (int i = 0; i < field.Count; i++)
                    {
                        c.Advance();
                        c.Advance();
                        TypeDefinition(field.Index + i, field.Count == 1);
                    }
                    c.Close();
                }
            }
            catch (TextException e)
            {
                Record(e);
                while (_typeShapes.Count < field.Index + field.Count) _typeShapes.Add((-1, 0));
            }
            _typeEntries++;
        }
    }

    // After (type: identifier, sub type, closing parenthesis
    void TypeDefinition(int index, bool alone)
    {
        BindingId(out _);
        bool final = true;
        int supers = 0;
        if (c.TryForm("sub"u8))
        {
            final = c.TryKeyword("final"u8);
            ByteBuffer list = new(8);
            for (; c.IsIndex; supers++) list.U32(Index(_types));
            if (!final || supers > 0)
            {
                _typeSection.Byte(final ? SubFinalForm : SubForm);
                _typeSection.U32((uint)supers);
                _typeSection.Append(list.Written);
            }
            CompositeType(index, alone && final && supers == 0);
            c.Close();
        }
        else CompositeType(index, alone);
        c.Close();
    }

    void CompositeType(int index, bool shareable)
    {
        if (c.TryForm("func"u8))
        {
            ParametersAndResults(named: true);
            int signature = Signature();
            _typeShapes.Add((signature, _parameterCount));
            _typeSection.Byte(FuncForm);
            _typeSection.Append(_signatures[signature]);
            if (shareable && _signatureType[signature] < 0) _signatureType[signature] = index;
        }
        else if (c.TryForm("struct"u8))
        {
            _typeShapes.Add((-1, 0));
            _typeSection.Byte(StructForm);
            StructFields(index);
        }
        else if (c.TryForm("array"u8))
        {
            _typeShapes.Add((-1, 0));
            _typeSection.Byte(ArrayForm);
            FieldType(_typeSection);
        }
        else c.Unexpected("`(func`, `(struct` or `(array`");
        c.Close();
    }

    void StructFields(int type)
    {
        ByteBuffer fields = new(32);
        int count = 0;
        while (c.TryForm("field"u8))
        {
            Token token = c.Current;
            int id = BindingId(out int displayed);
            if (id >= 0 && !_fieldIndices.TryAdd((type, id), count)) Report(token, $"duplicate field {Show(id)}");
            if (displayed >= 0)
            {
                _fieldNames.Add((type, count++, displayed));
                FieldType(fields);
            }
            else
                for (; c.Current.Kind != TokenKind.RightParen; count++) FieldType(fields);
            c.Close();
        }
        _typeSection.U32((uint)count);
        _typeSection.Append(fields.Written);
    }

    void FieldType(ByteBuffer to)
    {
        bool mutable = c.TryForm("mut"u8);
        if (c.TryKeyword("i8"u8)) to.Byte(0x78);
        else if (c.TryKeyword("i16"u8)) to.Byte(0x77);
        else ValType(to);
        if (mutable) c.Close();
        to.Byte(mutable ? (byte)1 : (byte)0);
    }

    /// <summary>A value type's encoding.</summary>
    void ValType(ByteBuffer to)
    {
        if (!TryValType(to)) c.Unexpected("a value type");
    }

    bool TryValType(ByteBuffer to)
    {
        if (c.TryForm("ref"u8))
        {
            bool nullable = c.TryKeyword("null"u8);
            int start = to.Length;
            to.Byte(nullable ? (byte)0x63 : (byte)0x64);
            bool isAbstract = HeapType(to);
            c.Close();
            // (ref null func) is written as funcref is. spec: binary/types, reference types
            if (isAbstract && nullable)
            {
                byte code = to.Written[^1];
                to.Truncate(start);
                to.Byte(code);
            }
            return true;
        }
        if (c.Current.Kind != TokenKind.Keyword) return false;
        int type = NumericOrReference(c.Text);
        if (type == 0) return false;
        to.Byte((byte)type);
        c.Advance();
        return true;
    }

    static int NumericOrReference(ReadOnlySpan<byte> word) => word.Length switch
    {
        3 => word[0] switch
        {
            (byte)'i' when word.SequenceEqual("i32"u8) => 0x7F,
            (byte)'i' when word.SequenceEqual("i64"u8) => 0x7E,
            (byte)'f' when word.SequenceEqual("f32"u8) => 0x7D,
            (byte)'f' when word.SequenceEqual("f64"u8) => 0x7C,
            _ => 0,
        },
        4 when word.SequenceEqual("v128"u8) => 0x7B,
        7 when word.SequenceEqual("nullref"u8) => 0x71,
        11 when word.SequenceEqual("nullfuncref"u8) => 0x73,
        13 when word.SequenceEqual("nullexternref"u8) => 0x72,
        10 when word.SequenceEqual("nullexnref"u8) => 0x74,
        >= 5 when word.EndsWith("ref"u8) && !word.StartsWith("no"u8) => AbstractHeap(word[..^3]),
        _ => 0,
    };

    static int AbstractHeap(ReadOnlySpan<byte> word) => word.Length switch
    {
        2 when word.SequenceEqual("eq"u8) => 0x6D,
        3 when word.SequenceEqual("any"u8) => 0x6E,
        3 when word.SequenceEqual("i31"u8) => 0x6C,
        3 when word.SequenceEqual("exn"u8) => 0x69,
        4 when word.SequenceEqual("func"u8) => 0x70,
        4 when word.SequenceEqual("none"u8) => 0x71,
        5 when word.SequenceEqual("array"u8) => 0x6A,
        5 when word.SequenceEqual("noexn"u8) => 0x74,
        6 when word.SequenceEqual("extern"u8) => 0x6F,
        6 when word.SequenceEqual("struct"u8) => 0x6B,
        6 when word.SequenceEqual("nofunc"u8) => 0x73,
        8 when word.SequenceEqual("noextern"u8) => 0x72,
        _ => 0,
    };

    /// <summary>A heap type's encoding; whether it is an abstract one.</summary>
    bool HeapType(ByteBuffer to)
    {
        int code = c.Current.Kind == TokenKind.Keyword ? AbstractHeap(c.Text) : 0;
        if (code != 0)
        {
            to.Byte((byte)code);
            c.Advance();
            return true;
        }
        if (!c.IsIndex) c.Unexpected("a heap type");
        to.S64(Index(_types));
        return false;
    }

    /// <summary>(param ...)* (result ...)* into the fields above.</summary>
    void ParametersAndResults(bool named)
    {
        _parameters.Clear();
        _results.Clear();
        _parameterNames.Clear();
        _parameterCount = _resultCount = 0;
        while (c.TryForm("param"u8))
        {
            Token token = c.Current;
            int displayed = -1, id = named ? BindingId(out displayed) : -1;
            if (displayed >= 0)
            {
                _parameterNames.Add((_parameterCount++, id, displayed, token));
                ValType(_parameters);
            }
            else
                for (; c.Current.Kind != TokenKind.RightParen; _parameterCount++) ValType(_parameters);
            c.Close();
        }
        while (c.TryForm("result"u8))
        {
            for (; c.Current.Kind != TokenKind.RightParen; _resultCount++) ValType(_results);
            c.Close();
        }
        if (c.IsForm("param"u8) || c.IsForm("type"u8)) c.Unexpected("a type use in the order type, parameters, results");
    }

    // The number of the function type that _parameters and _results make.
    int Signature()
    {
        _signature.Clear();
        _signature.U32((uint)_parameterCount);
        _signature.Append(_parameters.Written);
        _signature.U32((uint)_resultCount);
        _signature.Append(_results.Written);
        int id = _signatures.Intern(_signature.Written);
        if (id == _signatureType.Count) _signatureType.Add(-1);
        return id;
    }

    /// <summary>A type use: the type index, explicit or found by its parameters and results, which afterwards are in the fields above.</summary>
    uint TypeUse(bool named)
    {
        Token token = c.Current;
        bool isExplicit = ExplicitType(out uint index);
        ParametersAndResults(named);
        if (!isExplicit) return ImplicitType();
        CheckExplicit(token, index);
        return index;
    }

    bool ExplicitType(out uint index)
    {
        index = 0;
        if (!c.TryForm("type"u8)) return false;
        index = Index(_types);
        c.Close();
        return true;
    }

    // What is written beside (type x) must say the same as x does.
    void CheckExplicit(Token token, uint index)
    {
        if (_parameterCount + _resultCount == 0) return;
        if (index >= _typeShapes.Count) Report(token, $"unknown type {index}");
        else if (_typeShapes[(int)index].Signature != Signature()) Report(token, $"inline function type differs from type {index}");
    }

    readonly int ParametersOf(uint type) => type < _typeShapes.Count ? _typeShapes[(int)type].Parameters : 0;

    // The first type that is this function type and nothing more, or a new one after all others.
    uint ImplicitType()
    {
        int signature = Signature();
        if (_signatureType[signature] < 0)
        {
            _signatureType[signature] = _typeShapes.Count;
            _typeShapes.Add((signature, _parameterCount));
            _typeSection.Byte(FuncForm);
            _typeSection.Append(_signatures[signature]);
            _typeEntries++;
        }
        return (uint)_signatureType[signature];
    }
}
