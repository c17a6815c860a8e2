using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>Prints a module field by field, in the order of the sections; custom sections stand where they lie.</summary>
ref partial struct ModulePrinter
{
    readonly ReadOnlySpan<byte> _module;
    readonly WatPrinterOptions _options;
    TextBuffer t;
    readonly ModuleEnvironment _env;
    readonly List<OutlinedSection> _sections;
    readonly NameSection _names = NameSection.Empty;
    readonly Identifiers _funcs, _types, _tables, _memories, _globals, _tags, _elems, _datas;

    public ModulePrinter(ReadOnlySpan<byte> module, WatPrinterOptions options, TextBuffer text)
    {
        _module = module;
        _options = options;
        t = text;
        _sections = ModuleOutline.Read(module);
        // Text cannot say that a section is there and empty.
        ReadOnlySpan<byte> all = module;
        for (int i = _sections.Count - 1; i >= 0; i--)
            if (_sections[i] is { Id: not (SectionId.Custom or SectionId.Start or SectionId.DataCount), Content.Length: 1 } section && all[section.Content.Offset] == 0) _sections.RemoveAt(i);
        _env = ModuleDecoder.Decode(module, Features.All);
        int named = _sections.FindLastIndex(s => s.Id == SectionId.Custom && s.Name == NameSection.Name);
        if (options.Names && named >= 0)
        {
            _names = NameSection.Read(Bytes(_sections[named].Content).Span.ToArray());
            _nameSection = named;
        }
        _funcs = Identifiers.Of(_names, NameKind.Function, _env.Functions.Count);
        _types = Identifiers.Of(_names, NameKind.Type, _env.Types.Count);
        _tables = Identifiers.Of(_names, NameKind.Table, _env.Tables.Count);
        _memories = Identifiers.Of(_names, NameKind.Memory, _env.Memories.Count);
        _globals = Identifiers.Of(_names, NameKind.Global, _env.Globals.Count);
        _tags = Identifiers.Of(_names, NameKind.Tag, _env.Tags.Count);
        _elems = Identifiers.Of(_names, NameKind.Elem, _env.Elems.Count);
        _datas = Identifiers.Of(_names, NameKind.Data, _env.Datas.Count);
        _localNames = Grouped(NameKind.Local);
        _labelNames = Grouped(NameKind.Label);
    }

    readonly int _nameSection = -1;

    readonly ModuleBytes Bytes(ByteRange range) => new(_module.Slice(range.Offset, range.Length), range.Offset);

    public void Print()
    {
        ReadHints();
        if (_options.Function is { } only)
        {
            if (only >= _env.ImportedFunctions && only - _env.ImportedFunctions < _env.Bodies.Count) Function(only);
            t.Write('\n');
            return;
        }
        t.Write("(module"u8);
        if (_names.Module is { } name)
        {
            t.Write(' ');
            if (name.Length > 0) t.Write(Identifiers.Spell(name));
            else NameAnnotation(name);
        }
        SectionId? last = null;
        for (int i = 0; i < _sections.Count; i++)
        {
            OutlinedSection section = _sections[i];
            if (section.Id == SectionId.Custom)
            {
                if (i != _nameSection && i != _hintSection) Custom(section, i, last);
                continue;
            }
            last = section.Id;
            Section(section);
        }
        t.Write("\n)\n"u8);
    }

    void Section(OutlinedSection section)
    {
        switch (section.Id)
        {
            case SectionId.Type: Types(section.Content); break;
            case SectionId.Import: Imports(); break;
            case SectionId.Table: Tables(); break;
            case SectionId.Memory: Memories(); break;
            case SectionId.Tag: Tags(); break;
            case SectionId.Global: Globals(); break;
            case SectionId.Export: Exports(); break;
            case SectionId.Elem: Elems(); break;
            case SectionId.Code:
                for (int f = _env.ImportedFunctions; f < _env.Functions.Count; f++) Function(f);
                break;
            case SectionId.Data: Datas(); break;
            case SectionId.Start when _env.Start is { } start:
                Open("start"u8);
                Index(_funcs, start);
                t.Write(')');
                break;
        }
    }

    // ---- pieces

    readonly void Open(ReadOnlySpan<byte> keyword)
    {
        t.Line(1);
        t.Write('(');
        t.Write(keyword);
    }

    /// <summary>Where something is defined: its identifier and name, or its index as a comment.</summary>
    readonly void Define(Identifiers names, int index)
    {
        ReadOnlySpan<byte> id = names[index];
        if (!id.IsEmpty)
        {
            t.Write(' ');
            t.Write(id);
            if (names.NameIfDifferent(index) is { } name)
            {
                t.Write(' ');
                NameAnnotation(name);
            }
        }
        t.Write(" (;"u8);
        t.Number(index);
        t.Write(";)"u8);
    }

    readonly void NameAnnotation(string name)
    {
        t.Write("(@name "u8);
        t.QuotedName(System.Text.Encoding.UTF8.GetBytes(name));
        t.Write(')');
    }

    readonly void Index(Identifiers names, int index)
    {
        t.Write(' ');
        IndexOnly(names, index);
    }

    readonly void IndexOnly(Identifiers names, int index)
    {
        ReadOnlySpan<byte> id = names[index];
        if (id.IsEmpty) t.Unsigned((uint)index);
        else t.Write(id);
    }

    readonly void Name(string name)
    {
        t.Write(' ');
        t.QuotedName(System.Text.Encoding.UTF8.GetBytes(name));
    }

    readonly Identifiers Space(ExternKind kind) => kind switch
    {
        ExternKind.Func => _funcs, ExternKind.Table => _tables, ExternKind.Memory => _memories, ExternKind.Global => _globals, _ => _tags,
    };

    static ReadOnlySpan<byte> Word(ExternKind kind) => kind switch
    {
        ExternKind.Func => "func"u8, ExternKind.Table => "table"u8, ExternKind.Memory => "memory"u8, ExternKind.Global => "global"u8, _ => "tag"u8,
    };

    // ---- fields

    void Imports()
    {
        foreach (Import import in _env.Imports)
        {
            Open("import"u8);
            Name(import.Module);
            Name(import.Name);
            t.Write(" ("u8);
            t.Write(Word(import.Kind));
            Define(Space(import.Kind), import.Index);
            switch (import.Kind)
            {
                case ExternKind.Func:
                    LocalNames(import.Index);
                    TypeUse(_env.Functions[import.Index], _locals);
                    break;
                case ExternKind.Table: TableType(_env.Tables[import.Index]); break;
                case ExternKind.Memory: MemoryType(_env.Memories[import.Index]); break;
                case ExternKind.Global: GlobalType(_env.Globals[import.Index]); break;
                default: TypeUse(_env.Tags[import.Index], Identifiers.None); break;
            }
            t.Write("))"u8);
        }
    }

    void Tables()
    {
        for (int i = _env.ImportedTables; i < _env.Tables.Count; i++)
        {
            Open("table"u8);
            Define(_tables, i);
            TableType(_env.Tables[i]);
            ConstExpr init = _env.TableInits[i - _env.ImportedTables];
            if (init.Code.Length > 0)
            {
                t.Write(' ');
                Expression(init.Code, parenthesise: false);
            }
            t.Write(')');
        }
    }

    readonly void Memories()
    {
        for (int i = _env.ImportedMemories; i < _env.Memories.Count; i++)
        {
            Open("memory"u8);
            Define(_memories, i);
            MemoryType(_env.Memories[i]);
            t.Write(')');
        }
    }

    readonly void Tags()
    {
        for (int i = _env.ImportedTags; i < _env.Tags.Count; i++)
        {
            Open("tag"u8);
            Define(_tags, i);
            TypeUse(_env.Tags[i], Identifiers.None);
            t.Write(')');
        }
    }

    void Globals()
    {
        for (int i = _env.ImportedGlobals; i < _env.Globals.Count; i++)
        {
            Open("global"u8);
            Define(_globals, i);
            GlobalType(_env.Globals[i]);
            t.Write(' ');
            Expression(_env.GlobalInits[i - _env.ImportedGlobals].Code, parenthesise: false);
            t.Write(')');
        }
    }

    readonly void Exports()
    {
        foreach (Export export in _env.Exports)
        {
            Open("export"u8);
            Name(export.Name);
            t.Write(" ("u8);
            t.Write(Word(export.Kind));
            Index(Space(export.Kind), export.Index);
            t.Write("))"u8);
        }
    }

    void Elems()
    {
        for (int i = 0; i < _env.Elems.Count; i++)
        {
            ElemSegment segment = _env.Elems[i];
            Open("elem"u8);
            Define(_elems, i);
            if (segment.Mode == SegmentMode.Declarative) t.Write(" declare"u8);
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Table != 0)
                {
                    t.Write(" (table"u8);
                    Index(_tables, segment.Table);
                    t.Write(')');
                }
                t.Write(' ');
                Expression(segment.Offset.Code, parenthesise: true);
            }
            t.Write(' ');
            if (segment.ItemsAreExpressions) ValType(segment.Type);
            else t.Write("func"u8);
            if (_options.Skeleton && segment.Count > 0) t.Write(" ..."u8);
            else ElemItems(segment);
            t.Write(')');
        }
    }

    void ElemItems(ElemSegment segment)
    {
        OperatorReader reader = new(Bytes(segment.Items));
        for (int i = 0; i < segment.Count; i++)
        {
            if (!segment.ItemsAreExpressions)
            {
                Index(_funcs, reader.Index());
                continue;
            }
            t.Write(' ');
            Expression(reader.ConstExpr().Code, parenthesise: true, "item"u8);
        }
    }

    void Datas()
    {
        for (int i = 0; i < _env.Datas.Count; i++)
        {
            DataSegment segment = _env.Datas[i];
            Open("data"u8);
            Define(_datas, i);
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Memory != 0)
                {
                    t.Write(" (memory"u8);
                    Index(_memories, segment.Memory);
                    t.Write(')');
                }
                t.Write(' ');
                Expression(segment.Offset.Code, parenthesise: true);
            }
            t.Write(' ');
            if (_options.Skeleton) t.Write("..."u8);
            else t.Quoted(Bytes(segment.Bytes).Span);
            t.Write(')');
        }
    }

    // ---- custom sections

    void Custom(OutlinedSection section, int at, SectionId? last)
    {
        Open("@custom"u8);
        Name(section.Name);
        bool behindAll = last is { } id && !_sections.Skip(at).Any(s => s.Id != SectionId.Custom) && (at > _nameSection || _nameSection < 0);
        if (last is null) t.Write(_sections.Exists(s => s.Id != SectionId.Custom) || _nameSection > at ? " (before first)"u8 : ""u8);
        else if (!behindAll)
        {
            t.Write(" (after "u8);
            t.Write(Modules.ModuleParser.SectionWord((byte)last));
            t.Write(')');
        }
        if (_options.Skeleton) t.Write(" ..."u8);
        else
        {
            t.Write(' ');
            t.Quoted(Bytes(section.Content).Span);
        }
        t.Write(')');
    }
}
