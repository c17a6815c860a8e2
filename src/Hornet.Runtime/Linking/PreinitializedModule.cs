using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// Writes a module that begins as a snapshot is: lengths and contents of its memories and tables, values of its globals. Functions, types,
/// imports and custom sections are copied; segments keep their numbers, because code names them, and new ones come behind them.
/// </summary>
internal sealed unsafe class PreinitializedModule
{
    // Engines refuse modules with more data segments.
    const int MostSegments = 50_000;

    // Of one memory: modules have at most 1 GiB, this much beside what is there already.
    const ulong MostBytes = 512 << 20;

    readonly byte[] _bytes;
    readonly CapturedState _state;
    readonly ModuleEnvironment _old, _new = new();
    // What is new, behind the module's own bytes: ranges of the environment refer to both together.
    readonly ByteBuffer _scratch = new();

    PreinitializedModule(Module module, CapturedState state)
    {
        (_bytes, _state, _old) = (module.Content.All, state, module.Environment);
        _scratch.Append(_bytes);
    }

    /// <param name="module">The snapshot's module.</param>
    /// <param name="state">What the snapshot has captured.</param>
    /// <param name="removed">Exports that the new module has not.</param>
    /// <param name="renamed">Exports under other names, by these; an export that has such a name already goes.</param>
    public static byte[] Write(Module module, CapturedState state, IReadOnlyCollection<string> removed, IReadOnlyDictionary<string, string> renamed)
    {
        PreinitializedModule made = new(module, state);
        made.Memories();
        made.Tables();
        made.Globals();
        made.Exports(removed, renamed);
        made.Elems();
        made.Datas();
        return made.Written();
    }

    void Memories()
    {
        _new.ImportedMemories = _old.ImportedMemories;
        for (int i = 0; i < _old.Memories.Count; i++)
        {
            MemoryType type = _old.Memories[i];
            _new.Memories.Add(type with { Limits = type.Limits with { Min = _state.MemoryBytes[i] >> type.PageSizeLog2 } });
        }
    }

    void Tables()
    {
        _new.ImportedTables = _old.ImportedTables;
        for (int i = 0; i < _old.Tables.Count; i++)
        {
            TableType type = _old.Tables[i];
            _new.Tables.Add(type with { Limits = type.Limits with { Min = _state.TableLengths[i] } });
            _new.TableInits.Add(_old.TableInits[i]);
        }
    }

    void Globals()
    {
        _new.ImportedGlobals = _old.ImportedGlobals;
        _new.Globals.AddRange(_old.Globals);
        for (int i = 0; i < _old.GlobalInits.Count; i++)
        {
            GlobalType global = _old.Globals[_old.ImportedGlobals + i];
            _new.GlobalInits.Add(global.IsMutable ? new(Constant(global.Type, _state.Globals[i])) : _old.GlobalInits[i]);
        }
    }

    ByteRange Constant(ValType type, VmGlobal value)
    {
        int start = _scratch.Length;
        if (type == ValType.I32) Signed(0x41, value.Low.I32);
        else if (type == ValType.I64) Signed(0x42, value.Low.I64);
        else if (type == ValType.F32)
        {
            _scratch.Byte(0x43);
            _scratch.Fixed32(value.Low.U32);
        }
        else if (type == ValType.F64)
        {
            _scratch.Byte(0x44);
            _scratch.Fixed64(value.Low.U64);
        }
        else if (type.IsVector)
        {
            _scratch.Append([0xFD, 12]);
            _scratch.Fixed64(value.Low.U64);
            _scratch.Fixed64(value.High.U64);
        }
        else
        {
            Reference(type, value.Low.U64 == 0 ? InstanceImages.Null : (uint)value.Low.U64);
        }
        _scratch.Byte(0x0B);
        return new(start, _scratch.Length - start);

        void Signed(byte op, long number)
        {
            _scratch.Byte(op);
            _scratch.S64(number);
        }
    }

    // A function's index + 1, or null.
    void Reference(ValType type, uint item)
    {
        if (item == InstanceImages.Null)
        {
            _scratch.Byte(0xD0);
            _scratch.HeapType(type.Heap);
            return;
        }
        _scratch.Byte(0xD2);
        _scratch.U32(item - 1);
    }

    void Exports(IReadOnlyCollection<string> removed, IReadOnlyDictionary<string, string> renamed)
    {
        HashSet<string> taken = [.. renamed.Values];
        foreach (Wasm.Export export in _old.Exports)
        {
            if (renamed.TryGetValue(export.Name, out string? name)) _new.Exports.Add(export with { Name = name });
            else if (!removed.Contains(export.Name) && !taken.Contains(export.Name)) _new.Exports.Add(export);
        }
    }

    void Elems()
    {
        for (int i = 0; i < _old.Elems.Count; i++)
        {
            // What has been copied or dropped is empty from now on; what it declares stays declared, for ref.func in bodies.
            ElemSegment segment = _old.Elems[i];
            bool gone = segment.Mode == SegmentMode.Active || _state.DroppedElems[i];
            _new.Elems.Add(gone ? segment with { Mode = SegmentMode.Declarative, Table = 0, Offset = default } : segment);
        }
        for (int table = 0; table < _new.Tables.Count; table++)
        {
            uint[] items = _state.Images.Tables[table] ?? [];
            TableType type = _new.Tables[table];
            bool explicitNulls = _new.TableInits[table].Code.Length > 0;
            for (int start = 0, end; start < items.Length; start = end)
            {
                bool written = explicitNulls || items[start] is not (0 or InstanceImages.Null);
                for (end = start + 1; end < items.Length && (explicitNulls || items[end] is not (0 or InstanceImages.Null)) == written; end++) { }
                if (written) _new.Elems.Add(Segment(table, type, start, items.AsSpan(start, end - start)));
            }
        }
    }

    ElemSegment Segment(int table, TableType type, int offset, ReadOnlySpan<uint> items)
    {
        bool expressions = type.Element != ValType.FuncRef || items.Contains(InstanceImages.Null);
        ByteRange at = Offset(type.Is64, (ulong)offset);
        int start = _scratch.Length;
        foreach (uint item in items)
        {
            if (expressions)
            {
                Reference(type.Element, item);
                _scratch.Byte(0x0B);
            }
            else
            {
                _scratch.U32(item - 1);
            }
        }
        return new(SegmentMode.Active, table, new(at), type.Element, expressions, items.Length, new(start, _scratch.Length - start));
    }

    ByteRange Offset(bool is64, ulong value)
    {
        VmGlobal number = default;
        number.Low.U64 = value;
        return Constant(is64 ? ValType.I64 : ValType.I32, number);
    }

    void Datas()
    {
        // Only a module with a count of segments can name them.
        if (_old.DataCount is not null)
        {
            for (int i = 0; i < _old.Datas.Count; i++)
            {
                DataSegment segment = _old.Datas[i];
                bool gone = segment.Mode == SegmentMode.Active || _state.DroppedDatas[i];
                _new.Datas.Add(gone ? new(SegmentMode.Passive, 0, default, new(0, 0)) : segment);
            }
        }
        for (int i = 0; i < _new.Memories.Count; i++)
        {
            if (_state.Images.Memories[i] is not { } image) continue;
            ulong length64 = Math.Min((ulong)image.Length, _state.MemoryBytes[i]);
            if (length64 > MostBytes) throw new SnapshotException($"memory {i} has contents up to {length64} bytes, more than a module can carry");
            ReadOnlySpan<byte> bytes = new(image.Bytes, (int)length64);
            // A segment's header takes about eight bytes: gaps up to that are cheaper filled with zeros.
            List<(int Start, int Length)> parts = Parts(bytes, 8);
            for (int gap = 64; parts.Count > MostSegments; gap *= 8) parts = Parts(bytes, gap);
            foreach ((int start, int length) in parts)
            {
                ByteRange at = Offset(_new.Memories[i].Is64, (ulong)start);
                _new.Datas.Add(new(SegmentMode.Active, i, new(at), new(_scratch.Length, length)));
                _scratch.Append(bytes.Slice(start, length));
            }
        }
        if (_old.DataCount is not null) _new.DataCount = _new.Datas.Count;
    }

    // What is not zero, with gaps of fewer zeros than that in it.
    static List<(int Start, int Length)> Parts(ReadOnlySpan<byte> bytes, int gap)
    {
        List<(int, int)> parts = [];
        byte[] zeros = new byte[gap];
        for (int at = 0; at < bytes.Length;)
        {
            int start = bytes[at..].IndexOfAnyExcept((byte)0);
            if (start < 0) break;
            start += at;
            int length = bytes[start..].IndexOf(zeros);
            ReadOnlySpan<byte> part = length < 0 ? bytes[start..] : bytes.Slice(start, length);
            part = part.TrimEnd((byte)0);
            parts.Add((start, part.Length));
            at = start + part.Length;
        }
        return parts;
    }

    // Known sections in their order, changed ones from the new environment; custom sections stay before or behind all of them.
    byte[] Written()
    {
        ByteRange[] sections = new ByteRange[Sections.Count];
        List<ByteRange> before = [], behind = [];
        Find(sections, before, behind);
        ModuleWriter writer = new(_scratch.ToArray());
        foreach (ByteRange custom in before) writer.Copy(_bytes.AsSpan(custom.Offset, custom.Length));
        for (int order = 1; order < Sections.Count; order++)
        {
            SectionId id = Sections.At(order);
            if (id is SectionId.Memory or SectionId.Table or SectionId.Global or SectionId.Export or SectionId.Start or SectionId.Elem or SectionId.DataCount or SectionId.Data) writer.Section(id, _new);
            else writer.Copy(_bytes.AsSpan(sections[(int)id].Offset, sections[(int)id].Length));
        }
        foreach (ByteRange custom in behind) writer.Copy(_bytes.AsSpan(custom.Offset, custom.Length));
        return writer.ToArray();
    }

    void Find(ByteRange[] sections, List<ByteRange> before, List<ByteRange> behind)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        ModuleReader reader = new();
        for (int position = 0, start = 0; ;)
        {
            int began = position;
            ModuleEvent found = reader.Read(bytes[position..], isLast: true, out int consumed);
            position += consumed;
            if (found.Kind == ModuleEventKind.End) return;
            if (found.Kind == ModuleEventKind.SectionStart)
            {
                start = began;
                reader.TakeRaw();
            }
            if (found.Kind != ModuleEventKind.SectionEnd) continue;
            ByteRange range = new(start, position - start);
            if (found.Section != SectionId.Custom) sections[(int)found.Section] = range;
            else if (Array.TrueForAll(sections, static s => s.Length == 0)) before.Add(range);
            else behind.Add(range);
        }
    }
}
