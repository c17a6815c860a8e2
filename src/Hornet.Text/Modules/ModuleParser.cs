using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Modules;

// The order of the fields means nothing: nobody reads this struct's memory.
#pragma warning disable CS0282

/// <summary>
/// Parses a module straight to its binary form, without a tree between. The first pass over the tokens finds the fields and
/// gives identifiers their indices; then come the types; the second pass encodes the fields one by one into their sections.
/// An error ends its field, not the parse. Nothing recurses with the depth of the input.
/// </summary>
ref partial struct ModuleParser
{
    enum FieldKind : byte { Type, Rec, Import, Func, Table, Memory, Global, Tag, Export, Start, Elem, Data, Custom }

    /// <summary>A field: where its parenthesis is; the index it defines; how many types a recursion group has.</summary>
    readonly record struct Field(FieldKind Kind, int Start, int Index, int Count);

    TokenCursor c;
    readonly WatOptions _options;
    readonly List<TextDiagnostic> _errors = [];
    readonly List<Field> _fields = [];
    readonly NameTable _names = new();
    readonly ByteBuffer _scratch = new(64);
    int _moduleName = -1;

    readonly IndexSpace _types = new("type", "type"), _funcs = new("function", "func"), _tables = new("table", "table");
    readonly IndexSpace _memories = new("memory", "memory"), _globals = new("global", "global"), _tags = new("tag", "tag");
    readonly IndexSpace _elems = new("elem segment", "elem"), _datas = new("data segment", "data"), _locals = new("local", "local");

    public ModuleParser(ReadOnlySpan<byte> source, int start, WatOptions options)
    {
        c = new(source, start);
        _options = options;
    }

    /// <summary>Where the token after the module begins.</summary>
    public readonly int Position => c.Current.Start;

    /// <summary>A whole text: a module, or its bare fields.</summary>
    public byte[] Standalone()
    {
        byte[] module;
        if (c.TryForm("module"u8))
        {
            module = AfterModuleKeyword(out _);
            if (c.Current.Kind != TokenKind.End) c.Unexpected("the end of the text");
        }
        else module = Fields(TokenKind.End);
        return module;
    }

    /// <summary>After <c>(module</c>: optional identifier, fields, closing parenthesis. <paramref name="binary"/>: given as bytes, not as text.</summary>
    public byte[] AfterModuleKeyword(out bool binary)
    {
        binary = false;
        if (c.IsId) _moduleName = c.Identifier(_names);
        if (c.TryKeyword("binary"u8))
        {
            binary = true;
            ByteBuffer bytes = new();
            while (c.Current.Kind == TokenKind.String) c.String(bytes);
            c.Close();
            return bytes.ToArray();
        }
        byte[] module = Fields(TokenKind.RightParen);
        c.Close();
        return module;
    }

    byte[] Fields(TokenKind end)
    {
        try
        {
            ModuleNameAnnotation();
            while (c.Current.Kind != end) FindField();
        }
        catch (TextException e)
        {
            // Names after this point are unknown, so nothing more can be said that would help.
            Record(e);
        }
        Token after = c.Current;
        if (_errors.Count == 0)
        {
            DefineTypes();
            foreach (Field field in _fields)
            {
                try
                {
                    c.Seek(field.Start);
                    Encode(field);
                }
                catch (TextException e)
                {
                    Record(e);
                }
            }
        }
        if (_errors.Count > 0)
        {
            _errors.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            throw new TextException(_errors);
        }
        c.Seek(after.Start);
        return Assemble();
    }

    readonly void Record(TextException e)
    {
        _errors.AddRange(e.Diagnostics);
        if (_errors.Count >= _options.MaxErrors) throw new TextException(_errors);
    }

    /// <summary>An error after which parsing goes on: an unknown name.</summary>
    readonly void Report(Token token, string message) => Record(new(new TextDiagnostic(token.Start, token.Length, message).Locate(c.Source)));

    void ModuleNameAnnotation()
    {
        bool seen = false;
        while (c.IsAnnotation("name"u8))
        {
            if (seen) c.Fail("@name annotation: multiple module");
            seen = true;
            _moduleName = NameAnnotation();
        }
    }

    // (@name "..."), whose parenthesis the token holds
    int NameAnnotation()
    {
        c.Advance();
        _scratch.Clear();
        c.Name(_scratch);
        c.Close();
        return _names.Intern(_scratch.Written);
    }

    /// <summary>An optional identifier and what the name section says in its place; -1 where there is none.</summary>
    int BindingId(out int displayed)
    {
        int id = c.IsId ? c.Identifier(_names) : -1;
        displayed = c.IsAnnotation("name"u8) ? NameAnnotation() : id;
        return id;
    }

    // ---- the first pass

    // Takes one field's indices and identifier and skips the rest of it.
    void FindField()
    {
        if (c.IsAnnotation("custom"u8))
        {
            _fields.Add(new(FieldKind.Custom, c.Current.Start, 0, 0));
            c.SkipForm();
            return;
        }
        int start = c.Current.Start;
        c.Open("a module field");
        if (c.Current.Kind != TokenKind.Keyword) c.Unexpected("a module field");
        ReadOnlySpan<byte> keyword = c.Text;
        FieldKind kind;
        IndexSpace? space = null;
        if (keyword.SequenceEqual("func"u8)) (kind, space) = (FieldKind.Func, _funcs);
        else if (keyword.SequenceEqual("type"u8)) (kind, space) = (FieldKind.Type, _types);
        else if (keyword.SequenceEqual("rec"u8)) kind = FieldKind.Rec;
        else if (keyword.SequenceEqual("import"u8)) kind = FieldKind.Import;
        else if (keyword.SequenceEqual("table"u8)) (kind, space) = (FieldKind.Table, _tables);
        else if (keyword.SequenceEqual("memory"u8)) (kind, space) = (FieldKind.Memory, _memories);
        else if (keyword.SequenceEqual("global"u8)) (kind, space) = (FieldKind.Global, _globals);
        else if (keyword.SequenceEqual("tag"u8)) (kind, space) = (FieldKind.Tag, _tags);
        else if (keyword.SequenceEqual("export"u8)) kind = FieldKind.Export;
        else if (keyword.SequenceEqual("start"u8)) kind = FieldKind.Start;
        else if (keyword.SequenceEqual("elem"u8)) (kind, space) = (FieldKind.Elem, _elems);
        else if (keyword.SequenceEqual("data"u8)) (kind, space) = (FieldKind.Data, _datas);
        else
        {
            c.Unexpected("a module field");
            return;
        }
        Token at = c.Current;
        c.Advance();
        switch (kind)
        {
            case FieldKind.Rec:
                FindRecursionGroup(start);
                return;
            case FieldKind.Import:
                FindImport(start, at);
                break;
            case FieldKind.Export or FieldKind.Start:
                if (kind == FieldKind.Start && _fields.Exists(f => f.Kind == FieldKind.Start)) Report(at, "multiple start sections");
                _fields.Add(new(kind, start, 0, 0));
                break;
            default:
                _fields.Add(new(kind, start, Bind(space!), 1));
                if (kind is FieldKind.Func or FieldKind.Table or FieldKind.Memory or FieldKind.Global or FieldKind.Tag) FindDefinition(kind, at);
                break;
        }
        SkipRest(start);
    }

    // Skips to the end of the field whose parenthesis and some more are taken already.
    void SkipRest(int start)
    {
        while (c.Current.Kind != TokenKind.RightParen)
            if (c.Current.Kind is TokenKind.LeftParen or TokenKind.Annotation) c.SkipForm();
            else if (c.Current.Kind == TokenKind.End) c.Unclosed(new(TokenKind.LeftParen, start, 1));
            else c.Advance();
        c.Advance();
    }

    int Bind(IndexSpace space)
    {
        int index = space.Count++;
        Token token = c.Current;
        int id = BindingId(out int displayed);
        if (id >= 0 && !space.Bind(id, index)) Report(token, $"duplicate {space.ShortKind} {Show(id)}");
        if (displayed >= 0) space.Names.Add((index, displayed));
        return index;
    }

    void FindRecursionGroup(int start)
    {
        int first = _types.Count;
        while (c.Current.Kind == TokenKind.LeftParen)
        {
            if (!c.TryForm("type"u8)) c.Unexpected("`(type`");
            Bind(_types);
            SkipRest(start);
        }
        c.Close();
        _fields.Add(new(FieldKind.Rec, start, first, _types.Count - first));
    }

    void FindImport(int start, Token at)
    {
        CheckImportOrder(at);
        _scratch.Clear();
        c.Name(_scratch);
        c.Name(_scratch);
        c.Open("an import's description");
        IndexSpace space = DescribedSpace();
        c.Advance();
        _fields.Add(new(FieldKind.Import, start, Bind(space), 1));
        SkipRest(start);
    }

    readonly IndexSpace DescribedSpace()
    {
        if (c.IsKeyword("func"u8)) return _funcs;
        if (c.IsKeyword("table"u8)) return _tables;
        if (c.IsKeyword("memory"u8)) return _memories;
        if (c.IsKeyword("global"u8)) return _globals;
        if (c.IsKeyword("tag"u8)) return _tags;
        c.Unexpected("`func`, `table`, `memory`, `global` or `tag`");
        return _funcs;
    }

    // Imports come before all definitions. spec: text/modules, modules
    readonly void CheckImportOrder(Token at)
    {
        if (_definedKind is { } kind) Report(at, $"import after {kind}");
    }

    string? _definedKind;

    // Whether it is imported; segments written inside tables and memories take indices too.
    void FindDefinition(FieldKind kind, Token at)
    {
        while (c.IsForm("export"u8)) c.SkipForm();
        if (c.IsForm("import"u8))
        {
            CheckImportOrder(at);
            return;
        }
        _definedKind ??= kind switch { FieldKind.Func => "function", FieldKind.Table => "table", FieldKind.Memory => "memory", FieldKind.Global => "global", _ => "tag" };
        if (kind is not (FieldKind.Table or FieldKind.Memory)) return;
        while (c.Current.Kind is not (TokenKind.RightParen or TokenKind.End))
        {
            if (kind == FieldKind.Table && c.IsForm("elem"u8)) _elems.Count++;
            else if (kind == FieldKind.Memory && c.IsForm("data"u8)) _datas.Count++;
            if (c.Current.Kind is TokenKind.LeftParen or TokenKind.Annotation) c.SkipForm();
            else c.Advance();
        }
    }

    readonly string Show(int name) => "$" + System.Text.Encoding.UTF8.GetString(_names[name]);

    // ---- indices

    /// <summary>An index, as a number or by name.</summary>
    uint Index(IndexSpace space)
    {
        if (!c.IsId) return c.U32($"a {space.Kind} index");
        Token token = c.Current;
        int name = c.Identifier(_names), index = space.Find(name);
        if (index < 0) Report(token, $"unknown {space.Kind} {Show(name)}");
        return (uint)Math.Max(index, 0);
    }

    uint OptionalIndex(IndexSpace space) => c.IsIndex ? Index(space) : 0;
}
