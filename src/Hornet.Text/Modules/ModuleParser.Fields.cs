using System.Numerics;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Modules;

// The second pass: one method a field. Source: spec, text/modules.
ref partial struct ModuleParser
{
    readonly ByteBuffer _importSection = new(), _funcSection = new(), _tableSection = new(), _memorySection = new(), _tagSection = new();
    readonly ByteBuffer _globalSection = new(), _exportSection = new(), _elemSection = new(), _dataSection = new();
    int _importCount, _funcCount, _tableCount, _memoryCount, _tagCount, _globalCount, _exportCount, _elemCount, _dataCount;
    int _start = -1;

    void Encode(in Field field)
    {
        if (field.Kind is FieldKind.Type or FieldKind.Rec) return;
        if (field.Kind == FieldKind.Custom)
        {
            CustomSection();
            return;
        }
        c.Advance();
        c.Advance();
        switch (field.Kind)
        {
            case FieldKind.Import: Import(field.Index); break;
            case FieldKind.Func: Func(field.Index); break;
            case FieldKind.Table: Table(field.Index); break;
            case FieldKind.Memory: Memory(field.Index); break;
            case FieldKind.Global: Global(field.Index); break;
            case FieldKind.Tag: Tag(field.Index); break;
            case FieldKind.Export: Export(); break;
            case FieldKind.Start: _start = (int)Index(_funcs); break;
            case FieldKind.Elem: Elem(); break;
            case FieldKind.Data: Data(); break;
        }
        c.Close();
    }

    void Import(int index)
    {
        ImportNames();
        c.Advance();
        ReadOnlySpan<byte> kind = c.Text;
        c.Advance();
        BindingId(out _);
        if (kind.SequenceEqual("func"u8)) ImportFunc(index);
        else if (kind.SequenceEqual("table"u8)) ImportTable();
        else if (kind.SequenceEqual("memory"u8)) ImportMemory();
        else if (kind.SequenceEqual("global"u8)) ImportGlobal();
        else ImportTag();
        c.Close();
    }

    void ImportNames()
    {
        _importCount++;
        LengthPrefixedName(_importSection);
        LengthPrefixedName(_importSection);
    }

    void LengthPrefixedName(ByteBuffer to)
    {
        _scratch.Clear();
        c.Name(_scratch);
        to.Vector(_scratch.Written);
    }

    void ImportFunc(int index)
    {
        _importSection.Byte((byte)ExternKind.Func);
        _importSection.U32(TypeUse(named: true));
        BeginLocals();
        AddParameterNames();
        WriteLocalNames(index);
    }

    void ImportTable()
    {
        _importSection.Byte((byte)ExternKind.Table);
        TableType(_importSection);
    }

    void ImportMemory()
    {
        _importSection.Byte((byte)ExternKind.Memory);
        MemoryType(_importSection);
    }

    void ImportGlobal()
    {
        _importSection.Byte((byte)ExternKind.Global);
        FieldTypeAsGlobal(_importSection);
    }

    void ImportTag()
    {
        _importSection.Byte((byte)ExternKind.Tag);
        _importSection.Byte(0);
        _importSection.U32(TypeUse(named: true));
    }

    // (export "name")* before the rest of a definition; true: (import "module" "name") follows them and is taken too.
    bool InlineExportsAndImport(ExternKind kind, int index)
    {
        BindingId(out _);
        while (c.TryForm("export"u8))
        {
            AddExport(kind, (uint)index);
            c.Close();
        }
        if (!c.TryForm("import"u8)) return false;
        ImportNames();
        c.Close();
        return true;
    }

    void AddExport(ExternKind kind, uint index)
    {
        _exportCount++;
        LengthPrefixedName(_exportSection);
        _exportSection.Byte((byte)kind);
        _exportSection.U32(index);
    }

    void Export()
    {
        LengthPrefixedName(_exportSection);
        _exportCount++;
        c.Open("what to export");
        IndexSpace space = DescribedSpace();
        c.Advance();
        _exportSection.Byte((byte)KindOf(space));
        _exportSection.U32(Index(space));
        c.Close();
    }

    readonly ExternKind KindOf(IndexSpace space) =>
        space == _funcs ? ExternKind.Func : space == _tables ? ExternKind.Table : space == _memories ? ExternKind.Memory : space == _globals ? ExternKind.Global : ExternKind.Tag;

    void Tag(int index)
    {
        if (InlineExportsAndImport(ExternKind.Tag, index))
        {
            ImportTag();
            return;
        }
        _tagCount++;
        _tagSection.Byte(0);
        _tagSection.U32(TypeUse(named: true));
    }

    void Global(int index)
    {
        if (InlineExportsAndImport(ExternKind.Global, index))
        {
            ImportGlobal();
            return;
        }
        _globalCount++;
        FieldTypeAsGlobal(_globalSection);
        Expression(_globalSection);
    }

    void FieldTypeAsGlobal(ByteBuffer to)
    {
        bool mutable = c.TryForm("mut"u8);
        ValType(to);
        if (mutable) c.Close();
        to.Byte(mutable ? (byte)1 : (byte)0);
    }

    // Whether indices are i64.
    bool AddressType()
    {
        if (c.TryKeyword("i64"u8)) return true;
        c.TryKeyword("i32"u8);
        return false;
    }

    readonly record struct ParsedLimits(ulong Min, ulong? Max);

    // Limits are 64-bit numbers whatever the address type; too large ones are invalid, not malformed. spec: text/types, limits
    ParsedLimits Limits() => new(Size(), c.Current.Kind == TokenKind.Number ? Size() : null);

    ulong Size() => c.Unsigned(ulong.MaxValue, "i64 constant out of range", "a size");

    static void WriteLimits(ByteBuffer to, ParsedLimits limits, int flags)
    {
        to.Byte((byte)(flags | (limits.Max is null ? 0 : 1)));
        to.U64(limits.Min);
        if (limits.Max is { } max) to.U64(max);
    }

    void MemoryType(ByteBuffer to)
    {
        bool is64 = AddressType();
        ParsedLimits limits = Limits();
        bool shared = c.TryKeyword("shared"u8);
        int pageSize = PageSize();
        WriteMemory(to, limits, is64, shared, pageSize);
    }

    static void WriteMemory(ByteBuffer to, ParsedLimits limits, bool is64, bool shared, int pageSize)
    {
        WriteLimits(to, limits, (shared ? 2 : 0) | (is64 ? 4 : 0) | (pageSize >= 0 ? 8 : 0));
        if (pageSize >= 0) to.U32((uint)pageSize);
    }

    // (pagesize n): the exponent, or -1 where it is the ordinary one
    int PageSize()
    {
        if (!c.TryForm("pagesize"u8)) return -1;
        Token token = c.Current;
        ulong size = c.Unsigned(ulong.MaxValue, "i64 constant out of range", "a page size");
        if (!BitOperations.IsPow2(size)) c.Fail(token, "invalid custom page size");
        c.Close();
        // The ordinary size is not written. spec: custom page sizes, binary format
        int log2 = BitOperations.Log2(size);
        return log2 == 16 ? -1 : log2;
    }

    void Memory(int index)
    {
        if (InlineExportsAndImport(ExternKind.Memory, index))
        {
            ImportMemory();
            return;
        }
        _memoryCount++;
        bool is64 = AddressType();
        if (c.Current.Kind != TokenKind.LeftParen)
        {
            ParsedLimits limits = Limits();
            bool shared = c.TryKeyword("shared"u8);
            WriteMemory(_memorySection, limits, is64, shared, PageSize());
            return;
        }
        int pageSize = PageSize();
        if (!c.TryForm("data"u8)) c.Unexpected("a size or `(data`");
        _dataCount++;
        WriteActive(_dataSection, (uint)index, is64, 2);
        int length = Strings(_dataSection);
        c.Close();
        int log2 = pageSize < 0 ? 16 : pageSize;
        ulong pages = ((ulong)length + (1UL << log2) - 1) >> log2;
        WriteMemory(_memorySection, new(pages, pages), is64, false, pageSize);
    }

    // An active segment at offset 0 of a memory or table; `flags` is said where the index is not 0.
    static void WriteActive(ByteBuffer to, uint index, bool is64, int flags)
    {
        to.Byte(index == 0 && flags == 2 ? (byte)0 : (byte)flags);
        if (index != 0 || flags != 2) to.U32(index);
        to.Append(is64 ? [0x42, 0, 0x0B] : [0x41, 0, 0x0B]);
    }

    // string*: their bytes as one vector; returns how many bytes.
    int Strings(ByteBuffer to)
    {
        ByteBuffer bytes = new();
        while (c.Current.Kind == TokenKind.String) c.String(bytes);
        to.Vector(bytes.Written);
        return bytes.Length;
    }

    void TableType(ByteBuffer to)
    {
        bool is64 = AddressType();
        ParsedLimits limits = Limits();
        ReferenceType(to);
        WriteLimits(to, limits, is64 ? 4 : 0);
    }

    void ReferenceType(ByteBuffer to)
    {
        int start = to.Length;
        Token token = c.Current;
        if (!TryValType(to)) c.Unexpected("a reference type");
        if (to.Written[start] is >= 0x7B and <= 0x7F) c.Fail(token, $"unexpected token `{System.Text.Encoding.UTF8.GetString(c.Source.Slice(token.Start, token.Length))}`, expected a reference type");
    }

    void Table(int index)
    {
        if (InlineExportsAndImport(ExternKind.Table, index))
        {
            ImportTable();
            return;
        }
        _tableCount++;
        bool is64 = AddressType();
        if (c.Current.Kind == TokenKind.Number)
        {
            ParsedLimits limits = Limits();
            ByteBuffer type = new(8);
            ReferenceType(type);
            bool initialised = c.Current.Kind != TokenKind.RightParen;
            if (initialised) _tableSection.Append([0x40, 0x00]);
            _tableSection.Append(type.Written);
            WriteLimits(_tableSection, limits, is64 ? 4 : 0);
            if (initialised) Expression(_tableSection);
            return;
        }
        InlineElements(index, is64);
    }

    // reftype (elem ...): a table of just the size that the elements need.
    void InlineElements(int index, bool is64)
    {
        ByteBuffer type = new(8);
        ReferenceType(type);
        if (!c.TryForm("elem"u8)) c.Unexpected("`(elem`");
        ByteBuffer items = new();
        int count = 0;
        bool expressions = c.Current.Kind == TokenKind.LeftParen;
        for (; c.Current.Kind != TokenKind.RightParen; count++)
            if (expressions) ElementExpression(items);
            else items.U32(Index(_funcs));
        c.Close();
        _elemCount++;
        bool plainFuncRef = type.Length == 1 && type.Written[0] == 0x70;
        // Indices stand for (ref.func x); they have a form of their own only where the table holds functions.
        if (!expressions && !plainFuncRef) (items, expressions) = (AsExpressions(items, count), true);
        if (!expressions || plainFuncRef && index == 0)
        {
            _elemSection.Byte((byte)((expressions ? 4 : 0) | (index == 0 ? 0 : 2)));
            if (index != 0) _elemSection.U32((uint)index);
            _elemSection.Append(is64 ? [0x42, 0, 0x0B] : [0x41, 0, 0x0B]);
            if (index != 0) _elemSection.Byte(0);
        }
        else
        {
            WriteActive(_elemSection, (uint)index, is64, 6);
            _elemSection.Append(type.Written);
        }
        _elemSection.U32((uint)count);
        _elemSection.Append(items.Written);
        _tableSection.Append(type.Written);
        WriteLimits(_tableSection, new((ulong)count, (ulong)count), is64 ? 4 : 0);
    }

    static ByteBuffer AsExpressions(ByteBuffer indices, int count)
    {
        ByteBuffer expressions = new();
        OperatorReader reader = new(indices.Written, 0);
        for (int i = 0; i < count; i++)
        {
            expressions.Byte((byte)Op.RefFunc);
            expressions.U32(reader.U32());
            expressions.Byte((byte)Op.End);
        }
        return expressions;
    }

    // (item expr), or one folded instruction
    void ElementExpression(ByteBuffer to)
    {
        if (c.TryForm("item"u8))
        {
            Expression(to);
            c.Close();
        }
        else OneInstruction(to);
    }

    // (offset expr), or one folded instruction
    void Offset(ByteBuffer to)
    {
        if (c.TryForm("offset"u8))
        {
            Expression(to);
            c.Close();
        }
        else OneInstruction(to);
    }

    void Elem()
    {
        _elemCount++;
        BindingId(out _);
        bool declared = c.TryKeyword("declare"u8), active = false;
        uint table = 0;
        ByteBuffer offset = new(8);
        if (!declared)
        {
            if (c.TryForm("table"u8))
            {
                table = Index(_tables);
                c.Close();
                active = true;
            }
            else if (c.Current.Kind == TokenKind.Number)
            {
                table = Index(_tables);
                active = true;
            }
            // An offset, unless the parenthesis opens a reference type or an item.
            if (active || c.Current.Kind == TokenKind.LeftParen && !c.IsForm("ref"u8))
            {
                active = true;
                Offset(offset);
            }
        }
        ByteBuffer type = new(8), items = new();
        int count = 0;
        bool expressions = false;
        if (c.TryKeyword("func"u8) || active && (c.IsIndex || c.Current.Kind == TokenKind.RightParen))
            for (; c.Current.Kind != TokenKind.RightParen; count++) items.U32(Index(_funcs));
        else
        {
            ReferenceType(type);
            expressions = true;
            for (; c.Current.Kind != TokenKind.RightParen; count++) ElementExpression(items);
        }
        bool plainFuncRef = type.Length == 1 && type.Written[0] == 0x70;
        // spec: binary/modules, element section: bit 0 not active, bit 1 explicit index or declared, bit 2 expressions
        bool explicitIndex = table != 0 || expressions && !plainFuncRef;
        int flags = (expressions ? 4 : 0) | (declared ? 3 : !active ? 1 : explicitIndex ? 2 : 0);
        _elemSection.Byte((byte)flags);
        if (active && explicitIndex) _elemSection.U32(table);
        _elemSection.Append(offset.Written);
        if ((flags & 3) != 0)
        {
            if (expressions) _elemSection.Append(type.Written);
            else _elemSection.Byte(0);
        }
        _elemSection.U32((uint)count);
        _elemSection.Append(items.Written);
    }

    void Data()
    {
        _dataCount++;
        BindingId(out _);
        uint memory = 0;
        bool active = false;
        if (c.TryForm("memory"u8))
        {
            memory = Index(_memories);
            c.Close();
            active = true;
        }
        else if (c.IsIndex)
        {
            memory = Index(_memories);
            active = true;
        }
        if (active || c.Current.Kind == TokenKind.LeftParen)
        {
            _dataSection.Byte(memory == 0 ? (byte)0 : (byte)2);
            if (memory != 0) _dataSection.U32(memory);
            Offset(_dataSection);
        }
        else _dataSection.Byte(1);
        Strings(_dataSection);
    }
}
