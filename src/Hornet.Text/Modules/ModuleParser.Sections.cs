using Hornet.Base;

namespace Hornet.Text.Modules;

// Puts the sections together in the order of the binary format, custom sections between them.
ref partial struct ModuleParser
{
    // The sections in the binary format's order, with the words that custom sections name them by. spec: binary/modules
    static readonly (byte Id, string Word)[] SectionOrder =
    [
        (1, "type"), (2, "import"), (3, "func"), (4, "table"), (5, "memory"), (13, "tag"), (6, "global"),
        (7, "export"), (8, "start"), (9, "elem"), (12, "datacount"), (10, "code"), (11, "data"),
    ];

    /// <summary>What custom sections' placements call the section of this number.</summary>
    public static string SectionWord(byte id) => Array.Find(SectionOrder, s => s.Id == id).Word;

    /// <summary>A custom section; <c>Place</c> is twice a section's place in the order, plus one if after it; -1: before all; <see cref="Last"/>: after all.</summary>
    readonly record struct Custom(int Place, byte[] Bytes);

    const int Last = 1000;
    readonly List<Custom> _customs = [];

    // (@custom "name" (before|after section)? string*)
    void CustomSection()
    {
        c.Advance();
        if (c.Current.Kind != TokenKind.String) c.Fail("@custom annotation: missing section name");
        ByteBuffer content = new();
        _scratch.Clear();
        Token name = c.Current;
        c.String(_scratch);
        if (!System.Text.Unicode.Utf8.IsValid(_scratch.Written)) c.Fail(name, "@custom annotation: malformed UTF-8 encoding");
        content.Vector(_scratch.Written);
        int place = Last;
        if (c.Current.Kind == TokenKind.LeftParen) place = Placement();
        while (c.Current.Kind == TokenKind.String) c.String(content);
        if (c.Current.Kind != TokenKind.RightParen) c.Fail("@custom annotation: unexpected token");
        c.Advance();
        _customs.Add(new(place, content.ToArray()));
    }

    int Placement()
    {
        c.Advance();
        bool after = c.IsKeyword("after"u8);
        if (!after && !c.IsKeyword("before"u8)) c.Fail("@custom annotation: malformed placement");
        c.Advance();
        int place = -2;
        if (c.IsKeyword(after ? "last"u8 : "first"u8)) place = after ? Last : -1;
        for (int i = 0; place == -2 && c.Current.Kind == TokenKind.Keyword && i < SectionOrder.Length; i++)
            if (System.Text.Encoding.UTF8.GetString(c.Text) == SectionOrder[i].Word) place = 2 * i + (after ? 1 : 0);
        if (place == -2) c.Fail("@custom annotation: malformed section kind");
        c.Advance();
        c.Close();
        return place;
    }

    byte[] Assemble()
    {
        ByteBuffer module = new(_codeSection.Length + _dataSection.Length + 1024);
        module.Append("\0asm\x01\0\0\0"u8);
        Customs(module, -1);
        for (int i = 0; i < SectionOrder.Length; i++)
        {
            Customs(module, 2 * i);
            (int count, ByteBuffer? content) = SectionOrder[i].Id switch
            {
                1 => (_typeEntries, _typeSection),
                2 => (_importCount, _importSection),
                3 => (_funcCount, _funcSection),
                4 => (_tableCount, _tableSection),
                5 => (_memoryCount, _memorySection),
                6 => (_globalCount, _globalSection),
                7 => (_exportCount, _exportSection),
                9 => (_elemCount, _elemSection),
                10 => (_funcCount, _codeSection),
                11 => (_dataCount, _dataSection),
                13 => (_tagCount, _tagSection),
                _ => (0, (ByteBuffer?)null),
            };
            if (SectionOrder[i].Id == 10) BranchHintSection(module);
            if (content is not null && count > 0) Section(module, SectionOrder[i].Id, count, content);
            if (SectionOrder[i].Id == 8 && _start >= 0) Section(module, 8, _start, null);
            if (SectionOrder[i].Id == 12 && _usesDataCount) Section(module, 12, _dataCount, null);
            Customs(module, 2 * i + 1);
        }
        if (_options.Names) NameSection(module);
        Customs(module, Last);
        return module.ToArray();
    }

    static void Section(ByteBuffer module, byte id, int count, ByteBuffer? content)
    {
        ByteBuffer prefix = new(8);
        prefix.U32((uint)count);
        module.Byte(id);
        module.U32((uint)(prefix.Length + (content?.Length ?? 0)));
        module.Append(prefix.Written);
        if (content is not null) module.Append(content.Written);
    }

    readonly void Customs(ByteBuffer module, int place)
    {
        foreach (Custom custom in _customs)
        {
            if (custom.Place != place) continue;
            module.Byte(0);
            module.Vector(custom.Bytes);
        }
    }

    // spec: the branch hinting proposal's custom section, which comes before the code section
    readonly void BranchHintSection(ByteBuffer module)
    {
        if (_hintFunctions == 0) return;
        ByteBuffer content = new();
        content.Name("metadata.code.branch_hint");
        content.U32((uint)_hintFunctions);
        content.Append(_hints.Written);
        module.Byte(0);
        module.Vector(content.Written);
    }

    // spec: appendix, custom sections, name section
    readonly void NameSection(ByteBuffer module)
    {
        ByteBuffer content = new();
        content.Name("name");
        int header = content.Length;
        if (_moduleName >= 0)
        {
            ByteBuffer name = new();
            name.Vector(_names[_moduleName]);
            content.Byte(0);
            content.Vector(name.Written);
        }
        NameSubsection(content, 1, _funcs);
        Indirect(content, 2, _localNameFunctions, _localNames);
        Indirect(content, 3, _labelNameFunctions, _labelNames);
        NameSubsection(content, 4, _types);
        NameSubsection(content, 5, _tables);
        NameSubsection(content, 6, _memories);
        NameSubsection(content, 7, _globals);
        NameSubsection(content, 8, _elems);
        NameSubsection(content, 9, _datas);
        FieldNames(content);
        NameSubsection(content, 11, _tags);
        if (content.Length == header) return;
        module.Byte(0);
        module.Vector(content.Written);
    }

    readonly void NameSubsection(ByteBuffer content, byte id, IndexSpace space)
    {
        if (space.Names.Count == 0) return;
        ByteBuffer map = new();
        NameMap(map, space.Names);
        content.Byte(id);
        content.Vector(map.Written);
    }

    static void Indirect(ByteBuffer content, byte id, int count, ByteBuffer entries)
    {
        if (count == 0) return;
        ByteBuffer map = new();
        map.U32((uint)count);
        map.Append(entries.Written);
        content.Byte(id);
        content.Vector(map.Written);
    }

    readonly void FieldNames(ByteBuffer content)
    {
        if (_fieldNames.Count == 0) return;
        ByteBuffer map = new();
        var types = _fieldNames.GroupBy(f => f.Type).ToArray();
        map.U32((uint)types.Length);
        foreach (var type in types)
        {
            map.U32((uint)type.Key);
            NameMap(map, type.Select(f => (f.Field, f.Name)).ToList());
        }
        content.Byte(10);
        content.Vector(map.Written);
    }
}
