using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// Writes a module section by section: encoded from a <see cref="ModuleEnvironment"/>, or content that is ready. An environment's
/// byte ranges refer to <paramref name="source"/>: the module it was decoded from, or wherever expressions and bodies were gathered.
/// </summary>
/// <param name="source">What byte ranges refer to.</param>
public sealed class ModuleWriter(ReadOnlyMemory<byte> source = default)
{
    readonly ByteBuffer _module = NewModule(source.Length + 256);

    // What is re-encoded is about as long as what it was made from.
    static ByteBuffer NewModule(int capacity)
    {
        ByteBuffer module = new(capacity);
        module.Append("\0asm\u0001\0\0\0"u8);
        return module;
    }

    /// <summary>The module so far.</summary>
    public ReadOnlySpan<byte> Written => _module.Written;

    public byte[] ToArray() => _module.ToArray();

    /// <summary>A module whose environment is <paramref name="environment"/>, without custom sections.</summary>
    public static byte[] Encode(ModuleEnvironment environment, ReadOnlyMemory<byte> source)
    {
        ModuleWriter writer = new(source);
        for (int order = 1; order < Sections.Count; order++) writer.Section(Sections.At(order), environment);
        return writer.ToArray();
    }

    /// <summary>A section of ready content.</summary>
    public void Section(SectionId id, ReadOnlySpan<byte> content)
    {
        _module.Byte((byte)id);
        _module.Vector(content);
    }

    /// <summary>Bytes that are a section already, header included: a copy keeps even the form of its size.</summary>
    public void Copy(ReadOnlySpan<byte> sections) => _module.Append(sections);

    public void Custom(string name, ReadOnlySpan<byte> content)
    {
        int start = Begin(SectionId.Custom);
        _module.Name(name);
        _module.Append(content);
        End(start);
    }

    /// <summary>Encodes one section of the environment; nothing where it would be empty.</summary>
    public void Section(SectionId id, ModuleEnvironment environment)
    {
        int start = Begin(id);
        switch (id)
        {
            case SectionId.Type: Types(environment); break;
            case SectionId.Import: Imports(environment); break;
            case SectionId.Function: Functions(environment); break;
            case SectionId.Table: Tables(environment); break;
            case SectionId.Memory: Memories(environment); break;
            case SectionId.Tag: Tags(environment); break;
            case SectionId.Global: Globals(environment); break;
            case SectionId.Export: Exports(environment); break;
            case SectionId.Start: Start(environment); break;
            case SectionId.Elem: Elems(environment); break;
            case SectionId.DataCount: DataCount(environment); break;
            case SectionId.Code: Code(environment); break;
            case SectionId.Data: Datas(environment); break;
            default: throw new ArgumentOutOfRangeException(nameof(id), id, "not a section of the environment");
        }
        if (_module.Length == start) _module.Truncate(start - 1 - Leb.Max32);
        else End(start);
    }

    // The size is known at the end: room for the longest is left and closed up, which saves a second buffer as large as the section.
    int Begin(SectionId id)
    {
        _module.Byte((byte)id);
        for (int i = 0; i < Leb.Max32; i++) _module.Byte(0);
        return _module.Length;
    }

    void End(int start)
    {
        int length = _module.Length - start, sizeAt = start - Leb.Max32, at = sizeAt;
        Span<byte> bytes = _module.Bytes;
        uint size = (uint)length;
        for (; size >= 0x80; size >>= 7) bytes[at++] = (byte)(size | 0x80);
        bytes[at++] = (byte)size;
        bytes.Slice(start, length).CopyTo(bytes[at..]);
        _module.Truncate(at + length);
    }

    void Bytes(ByteRange range) => _module.Append(source.Span.Slice(range.Offset, range.Length));

    /// <summary>Begins a section of so many items, or says that there is none.</summary>
    bool Items(int count)
    {
        if (count > 0) _module.U32((uint)count);
        return count > 0;
    }

    void Types(ModuleEnvironment env)
    {
        int groups = 0;
        for (int i = 0; i < env.Types.Count; i++)
        {
            if (env.RecGroupStart[i] == i) groups++;
        }
        if (!Items(groups)) return;
        for (int i = 0; i < env.Types.Count; i++)
        {
            if (env.RecGroupStart[i] == i)
            {
                int end = i + 1;
                while (end < env.Types.Count && env.RecGroupStart[end] == i) end++;
                if (end - i > 1)
                {
                    _module.Byte(0x4E);
                    _module.U32((uint)(end - i));
                }
            }
            _module.SubType(env.Types[i]);
        }
    }

    void Imports(ModuleEnvironment env)
    {
        if (!Items(env.Imports.Count)) return;
        foreach (Import import in env.Imports)
        {
            _module.Name(import.Module);
            _module.Name(import.Name);
            _module.Byte((byte)import.Kind);
            switch (import.Kind)
            {
                case ExternKind.Func: _module.U32((uint)env.Functions[import.Index]); break;
                case ExternKind.Table: _module.TableType(env.Tables[import.Index]); break;
                case ExternKind.Memory: _module.MemoryType(env.Memories[import.Index]); break;
                case ExternKind.Global: _module.GlobalType(env.Globals[import.Index]); break;
                case ExternKind.Tag: Tag(env.Tags[import.Index]); break;
                default: throw new ArgumentException($"no encoding for an import of kind {import.Kind}");
            }
        }
    }

    void Tag(int typeIndex)
    {
        // The attribute: 0 is an exception, and there is no other.
        _module.Byte(0);
        _module.U32((uint)typeIndex);
    }

    void Functions(ModuleEnvironment env)
    {
        if (!Items(env.Functions.Count - env.ImportedFunctions)) return;
        for (int i = env.ImportedFunctions; i < env.Functions.Count; i++) _module.U32((uint)env.Functions[i]);
    }

    void Tables(ModuleEnvironment env)
    {
        if (!Items(env.Tables.Count - env.ImportedTables)) return;
        for (int i = env.ImportedTables; i < env.Tables.Count; i++)
        {
            ByteRange init = env.TableInits[i - env.ImportedTables].Code;
            if (init.Length > 0)
            {
                _module.Byte(0x40);
                _module.Byte(0);
            }
            _module.TableType(env.Tables[i]);
            Bytes(init);
        }
    }

    void Memories(ModuleEnvironment env)
    {
        if (!Items(env.Memories.Count - env.ImportedMemories)) return;
        for (int i = env.ImportedMemories; i < env.Memories.Count; i++) _module.MemoryType(env.Memories[i]);
    }

    void Tags(ModuleEnvironment env)
    {
        if (!Items(env.Tags.Count - env.ImportedTags)) return;
        for (int i = env.ImportedTags; i < env.Tags.Count; i++) Tag(env.Tags[i]);
    }

    void Globals(ModuleEnvironment env)
    {
        if (!Items(env.Globals.Count - env.ImportedGlobals)) return;
        for (int i = env.ImportedGlobals; i < env.Globals.Count; i++)
        {
            _module.GlobalType(env.Globals[i]);
            Bytes(env.GlobalInits[i - env.ImportedGlobals].Code);
        }
    }

    void Exports(ModuleEnvironment env)
    {
        if (!Items(env.Exports.Count)) return;
        foreach (Export export in env.Exports)
        {
            _module.Name(export.Name);
            _module.Byte((byte)export.Kind);
            _module.U32((uint)export.Index);
        }
    }

    void Start(ModuleEnvironment env)
    {
        if (env.Start is int start) _module.U32((uint)start);
    }

    void Elems(ModuleEnvironment env)
    {
        if (!Items(env.Elems.Count)) return;
        foreach (ElemSegment segment in env.Elems) Elem(segment);
    }

    // Bit 0: passive or declarative; bit 1: declarative, or of an active segment a table index; bit 2: expressions.
    void Elem(ElemSegment segment)
    {
        bool active = segment.Mode == SegmentMode.Active;
        // Without a table index there is no place for a type either: it is the common one.
        bool shortForm = active && segment.Table == 0 && (!segment.ItemsAreExpressions || segment.Type == ValType.FuncRef);
        int flags = (active ? shortForm ? 0 : 2 : segment.Mode == SegmentMode.Passive ? 1 : 3) | (segment.ItemsAreExpressions ? 4 : 0);
        _module.U32((uint)flags);
        if (active && !shortForm) _module.U32((uint)segment.Table);
        if (active) Bytes(segment.Offset.Code);
        if (!shortForm)
        {
            if (segment.ItemsAreExpressions) _module.ValType(segment.Type);
            else _module.Byte(0);
        }
        _module.U32((uint)segment.Count);
        Bytes(segment.Items);
    }

    void DataCount(ModuleEnvironment env)
    {
        if (env.DataCount is int count) _module.U32((uint)count);
    }

    void Code(ModuleEnvironment env)
    {
        if (!Items(env.Bodies.Count)) return;
        foreach (FunctionBody body in env.Bodies) _module.Vector(source.Span.Slice(body.Bytes.Offset, body.Bytes.Length));
    }

    void Datas(ModuleEnvironment env)
    {
        if (!Items(env.Datas.Count)) return;
        foreach (DataSegment segment in env.Datas)
        {
            bool active = segment.Mode == SegmentMode.Active;
            _module.U32(active ? segment.Memory == 0 ? 0u : 2u : 1u);
            if (active && segment.Memory != 0) _module.U32((uint)segment.Memory);
            if (active) Bytes(segment.Offset.Code);
            _module.Vector(source.Span.Slice(segment.Bytes.Offset, segment.Bytes.Length));
        }
    }
}
