using System.Buffers.Binary;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

// The order of the fields means nothing: nobody reads this struct's memory.
#pragma warning disable CS0282

// Functions and expressions, operators one a line. Source: spec, text/instructions.
ref partial struct ModulePrinter
{
    readonly Identifiers _locals = new();
    readonly Dictionary<int, List<(int Index, string Name)>> _localNames, _labelNames;
    // The labels around the operator being printed: their identifiers, empty where there is none.
    readonly List<byte[]> _labels = [];
    readonly Dictionary<int, byte> _hints = [];
    int _hintSection = -1, _labelCount, _nextLabel;

    readonly Dictionary<int, List<(int, string)>> Grouped(NameKind kind)
    {
        Dictionary<int, List<(int, string)>> groups = [];
        foreach ((int outer, int inner, string name) in _names.All(kind))
        {
            if (!groups.TryGetValue(outer, out List<(int, string)>? group)) groups.Add(outer, group = []);
            group.Add((inner, name));
        }
        return groups;
    }

    readonly void LocalNames(int function)
    {
        _locals.Clear();
        if (!_localNames.TryGetValue(function, out List<(int, string)>? named)) return;
        foreach ((int index, string name) in named) _locals.Add(index, name);
    }

    // The section is taken apart only where the parser would put it: right before the code.
    void ReadHints()
    {
        int code = _sections.FindIndex(s => s.Id == SectionId.Code);
        if (code < 1 || _sections[code - 1].Name != BranchHintSection.Name) return;
        if (!CustomSection.TryRead(Bytes(_sections[code - 1].Content), out BranchHintSection? section, out _)) return;
        foreach (BranchHint hint in section.Hints)
        {
            int body = hint.Function - _env.ImportedFunctions;
            if (body < 0 || body >= _env.Bodies.Count) return;
            _hints[_env.Bodies[body].Bytes.Offset + hint.Offset] = hint.IsLikely ? (byte)1 : (byte)0;
        }
        _hintSection = code - 1;
    }

    public void Function(int function)
    {
        BeginBody(function);
        Open("func"u8);
        Define(_funcs, function);
        TypeUse(_env.Functions[function], _locals);
        if (_options.Skeleton)
        {
            t.Write(" ...)"u8);
            return;
        }
        int type = _env.Functions[function];
        int parameters = (uint)type < (uint)_env.Types.Count && _env.Types[type] is FuncType func ? func.Parameters.Length : 0;
        FunctionBodyReader body = new(Bytes(_env.Bodies[function - _env.ImportedFunctions].Bytes));
        Locals(ref body, parameters);
        OperatorReader operators = body.Operators;
        if (_options.Folded) new FoldedCode().Print(ref this, operators, 2);
        else Operators(operators, 2);
        t.Line(1);
        t.Write(')');
    }

    List<(int Index, string Name)>? _functionLabels;

    readonly void Locals(ref FunctionBodyReader body, int first)
    {
        int index = first;
        bool open = false;
        while (body.TryReadLocals(out int count, out ValType type))
        {
            for (int i = 0; i < count; i++, index++)
            {
                ReadOnlySpan<byte> id = _locals[index];
                if (open && !id.IsEmpty)
                {
                    t.Write(')');
                    open = false;
                }
                if (open) t.Write(' ');
                else
                {
                    t.Line(2);
                    t.Write("(local "u8);
                }
                Named(_locals, index);
                ValType(type);
                open = id.IsEmpty;
                if (!open) t.Write(')');
            }
        }
        if (open) t.Write(')');
    }

    void Operators(OperatorReader reader, int indent)
    {
        Operator op = default;
        int depth = 0;
        while (true)
        {
            reader.Read(ref op);
            if (op.Op == Op.End && depth == 0) return;
            int level = indent + depth;
            switch (op.Op)
            {
                case Op.End or Op.Delegate:
                    depth--;
                    level--;
                    break;
                case Op.Else or Op.Catch or Op.CatchAll:
                    level--;
                    break;
                case Op.Block or Op.Loop or Op.If or Op.Try or Op.TryTable:
                    depth++;
                    break;
            }
            Start(op, level);
            Instruction(op, reader);
        }
    }

    // A new line, with what stands before an operator: its offset, a branch hint.
    readonly void Start(in Operator op, int level)
    {
        t.Line(level);
        if (_options.Offsets)
        {
            t.Write("(;@"u8);
            t.Hex((ulong)op.Offset);
            t.Write(";) "u8);
        }
        Hint(op);
    }

    readonly void Hint(in Operator op)
    {
        if (_hints.Count > 0 && HintAt(op.Offset) is > 0 and var hint) t.Write(HintText(hint));
    }

    /// <summary>The branch hint of the operator at an offset: 0 none, 1 unlikely, 2 likely.</summary>
    public readonly byte HintAt(int offset) => _hints.TryGetValue(offset, out byte likely) ? (byte)(likely + 1) : (byte)0;

    public static ReadOnlySpan<byte> HintText(byte hint) =>
        hint == 2 ? "(@metadata.code.branch_hint \"\\01\") "u8 : "(@metadata.code.branch_hint \"\\00\") "u8;

    /// <summary>A constant expression: its operators folded, or in (offset ...) or (item ...) where one pair of parentheses cannot hold it.</summary>
    void Expression(ByteRange code, bool parenthesise, ReadOnlySpan<byte> wrapper = default)
    {
        OperatorReader reader = new(Bytes(code));
        Operator op = default;
        int count = 0;
        for (OperatorReader counter = reader; ; count++)
        {
            counter.Read(ref op);
            if (op.Op == Op.End) break;
        }
        bool wrap = parenthesise && count != 1;
        if (wrap)
        {
            t.Write('(');
            t.Write(wrapper.IsEmpty ? "offset"u8 : wrapper);
        }
        for (int i = 0; i < count; i++)
        {
            reader.Read(ref op);
            if (wrap || i > 0) t.Write(' ');
            t.Write('(');
            Instruction(op, reader);
            t.Write(')');
        }
        if (wrap) t.Write(')');
    }

    readonly void Label(uint depth)
    {
        t.Write(' ');
        int at = _labels.Count - 1 - (int)Math.Min(depth, int.MaxValue);
        // What lies further out is written as a number: to see whether a name is hidden takes a look at all labels between.
        if (at >= 0 && depth < 256 && _labels[at].Length > 0)
        {
            // A label inside may have the same name and hide it.
            bool hidden = false;
            for (int i = at + 1; i < _labels.Count; i++) hidden |= _labels[i].AsSpan().SequenceEqual(_labels[at]);
            if (!hidden)
            {
                t.Write(_labels[at]);
                return;
            }
        }
        t.Unsigned(depth);
    }

    void EnterBlock(in Operator op)
    {
        byte[] id = [];
        if (_functionLabels is not null)
        {
            // Names and blocks both come in the order of indices.
            while (_nextLabel < _functionLabels.Count && _functionLabels[_nextLabel].Index < _labelCount) _nextLabel++;
            if (_nextLabel < _functionLabels.Count && _functionLabels[_nextLabel] is var (index, name) && index == _labelCount)
            {
                t.Write(' ');
                if (name.Length is > 0 and <= 200) t.Write(id = Identifiers.Spell(name));
                else NameAnnotation(name);
            }
        }
        _labelCount++;
        BlockType(op.BlockType);
        _labels.Add(id);
    }

    readonly void BlockType(BlockType type)
    {
        if (type.IsTypeIndex) TypeUse(type.TypeIndex, Identifiers.None);
        else if (!type.IsEmpty)
        {
            t.Write(" (result "u8);
            ValType(type.Result);
            t.Write(')');
        }
    }

    readonly void LeaveBlock()
    {
        if (_labels.Count > 0) _labels.RemoveAt(_labels.Count - 1);
    }

    /// <summary>A mnemonic and its immediates.</summary>
    void Instruction(in Operator op, in OperatorReader reader)
    {
        t.Write(Opcodes.MnemonicUtf8(op.Op));
        switch (op.Shape)
        {
            case Shape.None:
                if (op.Op == Op.End) LeaveBlock();
                break;
            case Shape.Fence: break;
            case Shape.Local: Index(_locals, (int)op.A); break;
            case Shape.Global: Index(_globals, (int)op.A); break;
            case Shape.Func: Index(_funcs, (int)op.A); break;
            case Shape.Type: Index(_types, (int)op.A); break;
            case Shape.Tag: Index(_tags, (int)op.A); break;
            case Shape.Data: Index(_datas, (int)op.A); break;
            case Shape.Elem: Index(_elems, (int)op.A); break;
            case Shape.Label:
                if (op.Op == Op.Delegate) LeaveBlock();
                Label(op.A);
                break;
            case Shape.Table: NonZero(_tables, op.A); break;
            case Shape.Memory: NonZero(_memories, op.A); break;
            case Shape.I32: t.Write(' '); t.Number((int)op.Imm); break;
            case Shape.I64: t.Write(' '); t.Number((long)op.Imm); break;
            case Shape.F32: t.Write(' '); t.F32((uint)op.Imm); break;
            case Shape.F64: t.Write(' '); t.F64(op.Imm); break;
            case >= Shape.Mem8 and <= Shape.Mem128: MemArg(op); break;
            case >= Shape.Mem8Lane and <= Shape.Mem64Lane: MemArg(op); Lane(op.Lane); break;
            case >= Shape.Lane2 and <= Shape.Lane16: Lane(op.Lane); break;
            case Shape.Block: EnterBlock(op); break;
            default: RareImmediates(op, reader); break;
        }
    }

    void RareImmediates(in Operator op, in OperatorReader reader)
    {
        switch (op.Shape)
        {
            case Shape.TryTable:
                EnterBlock(op);
                CatchClauses(op, reader);
                break;
            case Shape.BrTable:
                OperatorReader targets = reader.At(op.Entries);
                while (!targets.AtEnd) Label(targets.U32());
                break;
            case Shape.TypeTable:
                NonZero(_tables, op.B);
                t.Write(" (type"u8);
                Index(_types, (int)op.A);
                t.Write(')');
                break;
            case Shape.TableTable: Two(_tables, op); break;
            case Shape.MemoryMemory: Two(_memories, op); break;
            case Shape.DataMemory: NonZero(_memories, op.B); Index(_datas, (int)op.A); break;
            case Shape.ElemTable: NonZero(_tables, op.B); Index(_elems, (int)op.A); break;
            case Shape.TypeType: Index(_types, (int)op.A); Index(_types, (int)op.B); break;
            case Shape.ArrayData: Index(_types, (int)op.A); Index(_datas, (int)op.B); break;
            case Shape.ArrayElem: Index(_types, (int)op.A); Index(_elems, (int)op.B); break;
            case Shape.ArrayFixed: Index(_types, (int)op.A); t.Write(' '); t.Unsigned(op.B); break;
            case Shape.Field: FieldOf(op); break;
            case Shape.Heap when op.Op is Op.RefNull: t.Write(' '); HeapType(op.Heap); break;
            case Shape.Heap: t.Write(' '); RefType(op.Heap, op.Op is Op.RefTestNull or Op.RefCastNull); break;
            case Shape.BrOnCast:
                Label(op.A);
                t.Write(' ');
                RefType(op.Heap, (op.Lane & 1) != 0);
                t.Write(' ');
                RefType(op.Heap2, (op.Lane & 2) != 0);
                break;
            case Shape.Select:
                t.Write(" (result"u8);
                OperatorReader types = reader.At(op.Entries);
                while (!types.AtEnd)
                {
                    t.Write(' ');
                    ValType(types.ValType());
                }
                t.Write(')');
                break;
            case Shape.V128: Vector(op); break;
            case Shape.Shuffle:
                for (int i = 0; i < 16; i++) Lane((byte)((i < 8 ? op.Imm : op.ImmHigh) >> (i % 8 * 8)));
                break;
            default: throw new InvalidOperationException($"the text form of {op.Op} is missing");
        }
    }

    readonly void Lane(byte lane)
    {
        t.Write(' ');
        t.Number(lane);
    }

    readonly void NonZero(Identifiers names, uint index)
    {
        if (index != 0) Index(names, (int)index);
    }

    readonly void Two(Identifiers names, in Operator op)
    {
        if (op.A == 0 && op.B == 0) return;
        Index(names, (int)op.A);
        Index(names, (int)op.B);
    }

    void FieldOf(in Operator op)
    {
        int type = (int)op.A;
        Index(_types, type);
        if (!_fieldIdentifiers.TryGetValue(type, out Identifiers? names)) _fieldIdentifiers.Add(type, names = FieldNames(type));
        Index(names, (int)op.B);
    }

    // A label of a catch clause counts from outside the try_table.
    readonly void CatchClauses(in Operator op, in OperatorReader reader)
    {
        byte[] own = _labels[^1];
        _labels.RemoveAt(_labels.Count - 1);
        OperatorReader clauses = reader.At(op.Entries);
        while (!clauses.AtEnd)
        {
            CatchClause clause = clauses.CatchClause();
            t.Write(clause.Kind switch { CatchKind.Catch => " (catch"u8, CatchKind.CatchRef => " (catch_ref"u8, CatchKind.CatchAll => " (catch_all"u8, _ => " (catch_all_ref"u8 });
            if (clause.Kind <= CatchKind.CatchRef) Index(_tags, (int)clause.Tag);
            Label(clause.Label);
            t.Write(')');
        }
        _labels.Add(own);
    }

    readonly void MemArg(in Operator op)
    {
        NonZero(_memories, op.A);
        if (op.Imm != 0)
        {
            t.Write(" offset="u8);
            t.Unsigned(op.Imm);
        }
        if (op.B == Opcodes.AccessSizeLog2(op.Shape)) return;
        t.Write(" align="u8);
        t.Unsigned(1UL << (int)op.B);
    }

    readonly void Vector(in Operator op)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, op.Imm);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], op.ImmHigh);
        t.Write(" i32x4"u8);
        for (int i = 0; i < 4; i++)
        {
            t.Write(" 0x"u8);
            t.Hex(BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]));
        }
    }
}

// What FoldedCode asks for.
ref partial struct ModulePrinter
{
    public readonly TextBuffer Target => t;

    public readonly ModuleEnvironment Environment => _env;

    /// <summary>Makes ready for the operators of a function; -1: of a constant expression.</summary>
    public void BeginBody(int function)
    {
        LocalNames(function);
        _labels.Clear();
        _labelCount = _nextLabel = 0;
        _labelNames.TryGetValue(function, out _functionLabels);
    }

    /// <summary>Writes an operator with its immediates elsewhere.</summary>
    public void Capture(TextBuffer to, in Operator op, in OperatorReader reader)
    {
        TextBuffer target = t;
        t = to;
        if (_options.Offsets)
        {
            t.Write("(;@"u8);
            t.Hex((ulong)op.Offset);
            t.Write(";) "u8);
        }
        Instruction(op, reader);
        t = target;
    }

    /// <summary>Takes note of an `end`, which folded text does not show.</summary>
    public void CaptureEnd(TextBuffer scratch, in Operator op, in OperatorReader reader)
    {
        int length = scratch.Length;
        Capture(scratch, op, reader);
        scratch.Truncate(length);
    }
}
