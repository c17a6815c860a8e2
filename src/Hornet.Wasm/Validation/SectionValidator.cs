namespace Hornet.Wasm;

/// <summary>The rules for everything outside function bodies, section by section as they arrive. Source: spec, valid/modules.</summary>
sealed class SectionValidator(Features features)
{
    TypeSectionValidator? _types;
    readonly HashSet<string> _exportNames = [];

    /// <summary>Checks what a section has added to the environment.</summary>
    public void Section(ModuleEnvironment module, SectionId id, ModuleBytes content)
    {
        switch (id)
        {
            case SectionId.Type:
                Types(module, content);
                break;
            case SectionId.Import:
                Imports(module, content);
                break;
            case SectionId.Function:
                FunctionSectionReader functions = new(content);
                for (int at = functions.Offset; functions.TryRead(out int type); at = functions.Offset) FunctionType(module, type, at);
                break;
            case SectionId.Table:
                Tables(module, content);
                break;
            case SectionId.Memory:
                MemorySectionReader memories = new(content, features);
                for (int at = memories.Offset; memories.TryRead(out MemoryType memory); at = memories.Offset) Memory(memory, at);
                CheckCounts(module, content.Offset);
                break;
            case SectionId.Tag:
                TagSectionReader tags = new(content);
                for (int at = tags.Offset; tags.TryRead(out int type); at = tags.Offset) Tag(module, type, at);
                break;
            case SectionId.Global:
                Globals(module, content);
                break;
            case SectionId.Export:
                Exports(module, content);
                break;
            case SectionId.Start:
                FuncType start = FunctionType(module, Function(module, module.Start!.Value, content.Offset), content.Offset);
                if (start.Parameters.Length + start.Results.Length > 0) WasmFormatException.ThrowInvalid(content.Offset, "start function must have no parameters and no results");
                break;
            case SectionId.Elem:
                Elems(module, content);
                break;
            case SectionId.DataCount or SectionId.Custom:
                break;
            default:
                throw new InvalidOperationException($"no rules for the {Sections.Name(id)} section as a whole");
        }
    }

    /// <summary>Checks a data segment; the validator is kept between segments.</summary>
    public void Data(ModuleEnvironment module, int segment, ModuleBytes head, ref FunctionValidator? expressions)
    {
        DataSegment data = module.Datas[segment];
        if (data.Mode == SegmentMode.Passive)
        {
            FeatureGate.Require(features, Features.BulkMemory, head.Offset);
            return;
        }
        if (data.Memory >= module.Memories.Count) WasmFormatException.ThrowInvalid(head.Offset, $"unknown memory {data.Memory}");
        expressions ??= Expressions(module);
        expressions.ValidateConst(head[data.Offset.Code], module.Memories[data.Memory].IndexType, module.Globals.Count);
    }

    FunctionValidator Expressions(ModuleEnvironment module) => new(new ValidationContext(module, features));

    void Types(ModuleEnvironment module, ModuleBytes content)
    {
        TypeSectionReader reader = new(content);
        int[] offsets = new int[module.Types.Count];
        int at = reader.Offset;
        for (int i = 0; reader.TryRead(out SubTypeItem item); i++, at = reader.Offset)
        {
            offsets[i] = item.Offset;
            if (item.GroupSize > 0) CheckGroup(content, at);
        }
        CheckGroup(content, at);
        _types ??= new(module, features);
        _types.AddAll(offsets);
    }

    // A group written out, be it of one type or none.
    void CheckGroup(ModuleBytes content, int offset)
    {
        const byte Rec = 0x4E;
        if (offset < content.End && content.Span[offset - content.Offset] == Rec) FeatureGate.Require(features, Features.Gc, offset);
    }

    void Imports(ModuleEnvironment module, ModuleBytes content)
    {
        ImportSectionReader reader = new(content, features);
        while (reader.TryRead(out ImportItem item))
        {
            switch (item.Kind)
            {
                case ExternKind.Func:
                    FunctionType(module, item.TypeIndex, item.Offset);
                    break;
                case ExternKind.Table:
                    Table(module, item.Table, item.Offset);
                    break;
                case ExternKind.Memory:
                    Memory(item.Memory, item.Offset);
                    break;
                case ExternKind.Global:
                    ValueType(module, item.Global.Type, item.Offset);
                    if (item.Global.IsMutable) FeatureGate.Require(features, Features.MutableGlobal, item.Offset);
                    break;
                default:
                    Tag(module, item.TypeIndex, item.Offset);
                    break;
            }
        }
        CheckCounts(module, content.Offset);
    }

    void CheckCounts(ModuleEnvironment module, int offset)
    {
        if (module.Memories.Count > 1 && (features & Features.MultiMemory) == 0) WasmFormatException.ThrowInvalid(offset, "multiple memories: the feature multi-memory is not enabled");
        if (module.Tables.Count > 1 && (features & Features.ReferenceTypes) == 0) WasmFormatException.ThrowInvalid(offset, "multiple tables: the feature reference-types is not enabled");
    }

    void Tables(ModuleEnvironment module, ModuleBytes content)
    {
        TableSectionReader reader = new(content);
        FunctionValidator? expressions = null;
        for (int at = reader.Offset; reader.TryRead(out TableType table, out ConstExpr init); at = reader.Offset)
        {
            Table(module, table, at);
            if (init.Code.Length == 0)
            {
                if (!table.Element.IsDefaultable) WasmFormatException.ThrowInvalid(at, $"type mismatch: a table of {table.Element} needs an initial value");
                continue;
            }
            FeatureGate.Require(features, Features.FunctionReferences, at);
            expressions ??= Expressions(module);
            expressions.ValidateConst(content[init.Code], table.Element, module.ImportedGlobals);
        }
        CheckCounts(module, content.Offset);
    }

    void Globals(ModuleEnvironment module, ModuleBytes content)
    {
        GlobalSectionReader reader = new(content);
        FunctionValidator? expressions = null;
        int index = module.ImportedGlobals;
        for (int at = reader.Offset; reader.TryRead(out GlobalType global, out ConstExpr init); at = reader.Offset)
        {
            ValueType(module, global.Type, at);
            expressions ??= Expressions(module);
            expressions.ValidateConst(content[init.Code], global.Type, index++);
        }
    }

    void Exports(ModuleEnvironment module, ModuleBytes content)
    {
        ExportSectionReader reader = new(content);
        int at = reader.Offset;
        for (int i = 0; reader.TryRead(out _, out ExternKind kind, out int index); i++, at = reader.Offset)
        {
            (int count, string what) = kind switch
            {
                ExternKind.Func => (module.Functions.Count, "function"),
                ExternKind.Table => (module.Tables.Count, "table"),
                ExternKind.Memory => (module.Memories.Count, "memory"),
                ExternKind.Global => (module.Globals.Count, "global"),
                _ => (module.Tags.Count, "tag"),
            };
            if (index >= count) WasmFormatException.ThrowInvalid(at, $"unknown {what} {index}");
            if (kind == ExternKind.Global && module.Globals[index].IsMutable) FeatureGate.Require(features, Features.MutableGlobal, at);
            string name = module.Exports[i].Name;
            if (!_exportNames.Add(name)) WasmFormatException.ThrowInvalid(at, $"duplicate export name \"{name}\"");
        }
    }

    void Elems(ModuleEnvironment module, ModuleBytes content)
    {
        ElemSectionReader reader = new(content);
        FunctionValidator? expressions = null;
        for (int at = reader.Offset; reader.TryRead(out ElemSegment segment); at = reader.Offset)
        {
            ValType type = segment.Type;
            // The forms without a type mean functions, in modules of the first version too.
            if (segment.ItemsAreExpressions || segment.Mode != SegmentMode.Active || segment.Table != 0) FeatureGate.Require(features, Features.BulkMemory, at);
            if (type.Heap != HeapType.Func) ValueType(module, type, at);
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Table >= module.Tables.Count) WasmFormatException.ThrowInvalid(at, $"unknown table {segment.Table}");
                TableType table = module.Tables[segment.Table];
                if (!TypeMatching.Matches(module, type, table.Element)) WasmFormatException.ThrowInvalid(at, $"type mismatch: element segment of {type} does not match table of {table.Element}");
                expressions ??= Expressions(module);
                expressions.ValidateConst(content[segment.Offset.Code], table.IndexType, module.Globals.Count);
            }
            Items(module, content, segment, ref expressions);
        }
    }

    void Items(ModuleEnvironment module, ModuleBytes content, in ElemSegment segment, ref FunctionValidator? expressions)
    {
        OperatorReader items = new(content[segment.Items]);
        for (int i = 0; i < segment.Count; i++)
        {
            int at = items.Offset;
            if (segment.ItemsAreExpressions)
            {
                expressions ??= Expressions(module);
                expressions.ValidateConst(content[items.ConstExpr().Code], segment.Type, module.Globals.Count);
            }
            else
            {
                Function(module, items.Index(), at);
            }
        }
    }

    /// <summary>The type index of a function that must be there.</summary>
    static int Function(ModuleEnvironment module, int function, int offset)
    {
        if (function >= module.Functions.Count) WasmFormatException.ThrowInvalid(offset, $"unknown function {function}");
        return module.Functions[function];
    }

    static FuncType FunctionType(ModuleEnvironment module, int type, int offset)
    {
        if (type >= module.Types.Count) WasmFormatException.ThrowInvalid(offset, $"unknown type {type}");
        if (module.Types[type] is not FuncType function)
        {
            WasmFormatException.ThrowInvalid(offset, $"type mismatch: type {type} is not a function type");
            return null;
        }
        return function;
    }

    void ValueType(ModuleEnvironment module, ValType type, int offset)
    {
        FeatureGate.Check(type, features, offset);
        if (type.IsRef && type.Heap.IsConcrete && type.Code >= module.Types.Count) WasmFormatException.ThrowInvalid(offset, $"unknown type {type.Code}");
    }

    // spec: valid-tagtype
    static void Tag(ModuleEnvironment module, int type, int offset)
    {
        if (FunctionType(module, type, offset).Results.Length > 0) WasmFormatException.ThrowInvalid(offset, "non-empty tag result type");
    }

    // spec: valid-tabletype
    void Table(ModuleEnvironment module, TableType table, int offset)
    {
        if (table.Element != ValType.FuncRef) ValueType(module, table.Element, offset);
        if (table.Is64) FeatureGate.Require(features, Features.Memory64, offset);
        CheckLimits(table.Limits, table.Is64 ? ulong.MaxValue : uint.MaxValue, "table size must be at most 2^32-1", offset);
    }

    // spec: valid-memtype
    void Memory(MemoryType memory, int offset)
    {
        if (memory.PageSizeLog2 != 16) FeatureGate.Require(features, Features.CustomPageSizes, offset);
        if (memory.PageSizeLog2 is not (0 or 16)) WasmFormatException.ThrowInvalid(offset, "invalid custom page size");
        if (memory.Is64) FeatureGate.Require(features, Features.Memory64, offset);
        bool isStandard = memory.PageSizeLog2 == 16;
        switch (memory.Is64, isStandard)
        {
            case (false, true):
                CheckLimits(memory.Limits, 1UL << 16, "memory size must be at most 65536 pages (4GiB)", offset);
                break;
            case (false, false):
                CheckLimits(memory.Limits, uint.MaxValue, "memory size must be at most 2^32-1 pages", offset);
                break;
            case (true, true):
                CheckLimits(memory.Limits, 1UL << 48, "memory size must be at most 2^48 pages", offset);
                break;
            default:
                CheckLimits(memory.Limits, ulong.MaxValue, "memory size must be at most 2^64-1 pages", offset);
                break;
        }
        if (!memory.IsShared) return;
        FeatureGate.Require(features, Features.Threads, offset);
        if (memory.Limits.Max is null) WasmFormatException.ThrowInvalid(offset, "shared memory must have maximum");
    }

    static void CheckLimits(Limits limits, ulong most, string message, int offset)
    {
        if (limits.Min > most || limits.Max > most) WasmFormatException.ThrowInvalid(offset, message);
        if (limits.Min > limits.Max) WasmFormatException.ThrowInvalid(offset, "size minimum must not be greater than maximum");
    }
}
