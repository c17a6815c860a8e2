using System.Text;

namespace Hornet.Wasm;

/// <summary>
/// Fills a <see cref="ModuleEnvironment"/> from the events of a module that comes in chunks, and rejects whatever is malformed:
/// section order, sizes, counts, forms of numbers and names. What is well formed but wrong is the validator's, which attaches as
/// the sink. The inside of function bodies is read by the sink alone; <see cref="FunctionBodyReader.CheckWellFormed"/> is for those without one.
/// </summary>
public sealed class ModuleDecoder(Features features = Features.Default, IModuleSink? sink = null)
{
    readonly ModuleReader _reader = new();
    byte[] _kept = [];
    int _keptLength, _missing, _order;
    int _bodies, _definedFunctions;
    string? _custom;
    bool _ended;

    /// <summary>The module so far.</summary>
    public ModuleEnvironment Environment { get; } = new();

    /// <summary>Decodes a module that is there as a whole.</summary>
    /// <exception cref="WasmFormatException">The module is malformed, or the sink does not accept it.</exception>
    public static ModuleEnvironment Decode(ReadOnlySpan<byte> module, Features features = Features.Default, IModuleSink? sink = null)
    {
        ModuleDecoder decoder = new(features, sink);
        decoder.Run(module, isLast: true);
        return decoder.Environment;
    }

    /// <summary>Takes the next bytes of the module.</summary>
    public void Feed(ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            if (_keptLength == 0)
            {
                int used = Run(chunk, isLast: false);
                Keep(chunk[used..], chunk.Length - used + _missing);
                return;
            }
            // Give what was kept no more than it lacks, so that the rest is read where it lies.
            int taken = Math.Min(_missing, chunk.Length);
            Keep(chunk[..taken], _keptLength + _missing);
            chunk = chunk[taken..];
            _missing -= taken;
            if (_missing > 0) return;
            int consumed = Run(_kept.AsSpan(0, _keptLength), isLast: false);
            _kept.AsSpan(consumed, _keptLength - consumed).CopyTo(_kept);
            _keptLength -= consumed;
        }
    }

    /// <summary>The module ends here.</summary>
    public ModuleEnvironment Finish()
    {
        if (!_ended) Run(_kept.AsSpan(0, _keptLength), isLast: true);
        return Environment;
    }

    // What will be needed bounds the room, in steps of 64 KiB; what has arrived bounds it too: a section's own word for its size
    // allocates nothing.
    void Keep(ReadOnlySpan<byte> bytes, long needed)
    {
        if (bytes.IsEmpty) return;
        int length = _keptLength + bytes.Length;
        if (length > _kept.Length) Array.Resize(ref _kept, Math.Max(length, (int)Math.Min(Math.Min(_kept.Length * 2L, (needed + 0xFFFF) & ~0xFFFFL), WasmLimits.ModuleBytes)));
        bytes.CopyTo(_kept.AsSpan(_keptLength));
        _keptLength = length;
    }

    /// <summary>Reads events until more bytes are needed or the module ends; returns how many bytes were consumed.</summary>
    int Run(ReadOnlySpan<byte> bytes, bool isLast)
    {
        int total = 0;
        while (true)
        {
            ModuleEvent e = _reader.Read(bytes[total..], isLast, out int consumed);
            total += consumed;
            switch (e.Kind)
            {
                case ModuleEventKind.NeedMore:
                    _missing = e.Count;
                    return total;
                case ModuleEventKind.Version:
                    break;
                case ModuleEventKind.SectionStart:
                    SectionStart(e);
                    break;
                case ModuleEventKind.Section:
                    Section(e);
                    break;
                case ModuleEventKind.ItemCount:
                    ItemCount(e);
                    break;
                case ModuleEventKind.FunctionBody:
                    Environment.Bodies.Add(new(e.Range));
                    sink?.FunctionBody(Environment, Environment.ImportedFunctions + e.Index, e.Content);
                    break;
                case ModuleEventKind.DataSegment:
                    Environment.Datas.Add(DataSegmentReader.Read(e.Content, Environment.DeclaredFunctions));
                    sink?.DataSegment(Environment, e.Index, e.Content);
                    break;
                case ModuleEventKind.Bytes:
                    if (e.Section == SectionId.Data) sink?.DataBytes(Environment, e.Index, e.Content);
                    break;
                case ModuleEventKind.SectionEnd:
                    break;
                case ModuleEventKind.End:
                    End(e.Range.Offset);
                    return total;
            }
        }
    }

    void SectionStart(in ModuleEvent e)
    {
        if (e.Section == SectionId.Custom)
        {
            _custom = null;
            string name = sink is null ? "" : Encoding.UTF8.GetString(e.Name);
            if (sink is not null && sink.WantsCustom(name)) _custom = name;
            else _reader.TakeRaw();
            return;
        }
        int order = Sections.Order(e.Section);
        if (order <= _order) WasmFormatException.ThrowMalformed(e.Range.Offset, $"unexpected content after last section: {Sections.Name(e.Section)} section is a duplicate or out of order");
        _order = order;
        // A feature that is off has no section.
        if (e.Section == SectionId.Tag && (features & (Features.Exceptions | Features.LegacyExceptions)) == 0) ThrowNoSection(e, Features.Exceptions);
        if (e.Section == SectionId.DataCount && (features & Features.BulkMemory) == 0) ThrowNoSection(e, Features.BulkMemory);
    }

    static void ThrowNoSection(in ModuleEvent e, Features needed) =>
        WasmFormatException.ThrowMalformed(e.Range.Offset, $"malformed section id {(byte)e.Section}: the feature {FeatureGate.Name(needed)} is not enabled");

    void ItemCount(in ModuleEvent e)
    {
        if (e.Section == SectionId.Code)
        {
            // Too few are told at the end, where the standard's interpreter tells it: another code section is the worse mistake.
            if (e.Count > _definedFunctions) WasmFormatException.ThrowMalformed(e.Range.Offset, "function and code section have inconsistent lengths");
            _bodies = e.Count;
            Environment.Bodies.EnsureCapacity(e.Count);
            sink?.CodeStart(Environment, e.Count);
        }
        else if (Environment.DataCount is int count && count != e.Count)
        {
            WasmFormatException.ThrowMalformed(e.Range.Offset, "data count and data section have inconsistent lengths");
        }
    }

    void End(int offset)
    {
        _ended = true;
        if (_bodies != _definedFunctions) WasmFormatException.ThrowMalformed(offset, "function and code section have inconsistent lengths");
        if (Environment.DataCount is int count && count != Environment.Datas.Count) WasmFormatException.ThrowMalformed(offset, "data count and data section have inconsistent lengths");
        sink?.End(Environment);
    }

    void Section(in ModuleEvent e)
    {
        ModuleEnvironment env = Environment;
        int at = e.Range.Offset;
        switch (e.Section)
        {
            case SectionId.Custom:
                sink!.CustomSection(env, _custom!, e.Content);
                return;
            case SectionId.Type:
                Types(e.Content);
                break;
            case SectionId.Import:
                Imports(e.Content);
                break;
            case SectionId.Function:
                FunctionSectionReader functions = new(e.Content);
                WasmLimits.Check(env.Functions.Count + (long)functions.Count, WasmLimits.Functions, at, "function");
                env.Functions.EnsureCapacity(env.Functions.Count + functions.Count);
                while (functions.TryRead(out int type)) env.Functions.Add(type);
                _definedFunctions = functions.Count;
                break;
            case SectionId.Table:
                TableSectionReader tables = new(e.Content);
                WasmLimits.Check(env.Tables.Count + (long)tables.Count, WasmLimits.Tables, at, "table");
                while (tables.TryRead(out TableType table, out ConstExpr init, env.DeclaredFunctions))
                {
                    env.Tables.Add(table);
                    env.TableInits.Add(init);
                }
                break;
            case SectionId.Memory:
                MemorySectionReader memories = new(e.Content, features);
                WasmLimits.Check(env.Memories.Count + (long)memories.Count, WasmLimits.Memories, at, "memory");
                while (memories.TryRead(out MemoryType memory)) env.Memories.Add(memory);
                break;
            case SectionId.Tag:
                TagSectionReader tags = new(e.Content);
                WasmLimits.Check(env.Tags.Count + (long)tags.Count, WasmLimits.Tags, at, "tag");
                while (tags.TryRead(out int tag)) env.Tags.Add(tag);
                break;
            case SectionId.Global:
                GlobalSectionReader globals = new(e.Content);
                WasmLimits.Check(env.Globals.Count + (long)globals.Count, WasmLimits.Globals, at, "global");
                while (globals.TryRead(out GlobalType global, out ConstExpr value, env.DeclaredFunctions))
                {
                    env.Globals.Add(global);
                    env.GlobalInits.Add(value);
                }
                break;
            case SectionId.Export:
                Exports(e.Content);
                break;
            case SectionId.Start:
                OperatorReader start = new(e.Content);
                env.Start = start.Index();
                SectionReaders.End(start);
                break;
            case SectionId.Elem:
                ElemSectionReader elems = new(e.Content);
                WasmLimits.Check(elems.Count, WasmLimits.ElemSegments, at, "element segment");
                // Most segments list functions, two bytes or three for each.
                env.DeclaredFunctions.EnsureCapacity(Math.Min(env.Functions.Count, e.Content.Length / 2));
                while (elems.TryRead(out ElemSegment segment, env.DeclaredFunctions)) env.Elems.Add(segment);
                break;
            case SectionId.DataCount:
                OperatorReader count = new(e.Content);
                uint datas = count.U32();
                SectionReaders.End(count);
                WasmLimits.Check(datas, WasmLimits.DataSegments, at, "data segment");
                env.DataCount = (int)datas;
                break;
            default:
                throw new InvalidOperationException($"{e.Section} section as a whole");
        }
        sink?.Section(env, e.Section, e.Content);
    }

    void Types(ModuleBytes content)
    {
        ModuleEnvironment env = Environment;
        TypeSectionReader types = new(content);
        int group = 0;
        while (types.TryRead(out SubTypeItem item))
        {
            WasmLimits.Check(env.Types.Count + 1L, WasmLimits.Types, item.Offset, "type");
            if ((features & Features.Gc) == 0 && (item.Kind != CompositeKind.Func || item.Supertype >= 0 || !item.IsFinal))
                WasmFormatException.ThrowMalformed(item.Offset, "malformed definition type: the feature gc is not enabled");
            if (item.GroupSize > 0) group = env.Types.Count;
            env.Types.Add(item.ToSubType());
            env.RecGroupStart.Add(group);
        }
    }

    void Imports(ModuleBytes content)
    {
        ModuleEnvironment env = Environment;
        ImportSectionReader imports = new(content, features);
        WasmLimits.Check(imports.Count, WasmLimits.Imports, content.Offset, "import");
        string lastModule = "";
        while (imports.TryRead(out ImportItem item))
        {
            int index;
            switch (item.Kind)
            {
                case ExternKind.Func:
                    index = env.ImportedFunctions++;
                    env.Functions.Add(item.TypeIndex);
                    break;
                case ExternKind.Table:
                    index = env.ImportedTables++;
                    env.Tables.Add(item.Table);
                    WasmLimits.Check(env.Tables.Count, WasmLimits.Tables, item.Offset, "table");
                    break;
                case ExternKind.Memory:
                    index = env.ImportedMemories++;
                    env.Memories.Add(item.Memory);
                    WasmLimits.Check(env.Memories.Count, WasmLimits.Memories, item.Offset, "memory");
                    break;
                case ExternKind.Global:
                    index = env.ImportedGlobals++;
                    env.Globals.Add(item.Global);
                    break;
                default:
                    index = env.ImportedTags++;
                    env.Tags.Add(item.TypeIndex);
                    break;
            }
            // Imports of one module stand together: one string serves them.
            if (!Matches(item.Module, lastModule)) lastModule = Encoding.UTF8.GetString(item.Module);
            env.Imports.Add(new(lastModule, Encoding.UTF8.GetString(item.Name), item.Kind, index));
        }
    }

    static bool Matches(ReadOnlySpan<byte> utf8, string text)
    {
        if (utf8.Length != text.Length) return false;
        for (int i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] >= 0x80 || utf8[i] != text[i]) return false;
        }
        return true;
    }

    void Exports(ModuleBytes content)
    {
        ModuleEnvironment env = Environment;
        ExportSectionReader exports = new(content);
        WasmLimits.Check(exports.Count, WasmLimits.Exports, content.Offset, "export");
        while (exports.TryRead(out ReadOnlySpan<byte> name, out ExternKind kind, out int index))
        {
            env.Exports.Add(new(Encoding.UTF8.GetString(name), kind, index));
            // spec: valid-module, the functions that occur outside bodies and the start section may be named by ref.func.
            if (kind == ExternKind.Func) env.DeclaredFunctions.Add(index);
        }
    }
}
