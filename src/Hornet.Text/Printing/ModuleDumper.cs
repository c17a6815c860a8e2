using System.Text;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>Walks a module in the order of its bytes; every method says what the bytes from the last place to the reader's are.</summary>
ref struct ModuleDumper(ReadOnlySpan<byte> module, TextBuffer text)
{
    const int BytesInRow = 10;

    readonly ReadOnlySpan<byte> _module = module;
    readonly TextBuffer _line = new(null);
    ModulePrinter _printer;
    FunctionValidator? _validator;
    int _done, _functions;

    public void Dump()
    {
        // Names and types are needed before the bytes that hold them come.
        _printer = new(_module, WatPrinterOptions.Default, text);
        _functions = _printer.Environment.ImportedFunctions;
        Say(8, 0, "version 1 (module)");
        ModuleReader reader = new();
        for (int position = 0; ;)
        {
            ModuleEvent found = reader.Read(_module[position..], isLast: true, out int consumed);
            position += consumed;
            if (found.Kind == ModuleEventKind.End) return;
            if (found.Kind != ModuleEventKind.SectionStart) continue;
            reader.TakeRaw();
            Say(_done + 1, 0, $"section {Sections.Name(found.Section)}");
            OperatorReader header = new(_module[_done..], _done);
            uint size = header.U32();
            Say(header.Offset, 0, $"{size} bytes");
            if (found.Section == SectionId.Custom) Custom(found.Range);
            else Section(found.Section, found.Range);
        }
    }

    public void DumpFunction(int function)
    {
        _printer = new(_module, WatPrinterOptions.Default, text);
        ModuleEnvironment env = _printer.Environment;
        ByteRange range = env.Bodies[function - env.ImportedFunctions].Bytes;
        _done = range.Offset;
        _validator = new(new ValidationContext(env, Features.All));
        _validator.Begin(function);
        FunctionBodyReader forTypes = new(new(_module.Slice(range.Offset, range.Length), range.Offset), env.FunctionType(function).Parameters.Length);
        _validator.ReadLocals(ref forTypes);
        Body(function, range);
    }

    // ---- lines

    void Say(int end, int indent, string meaning)
    {
        _line.Truncate(0);
        _line.Write(meaning);
        SayLine(end, indent);
    }

    // The bytes up to `end`, in rows, and the line that was made beside the first.
    void SayLine(int end, int indent)
    {
        for (int row = _done; row < end || row == _done; row += BytesInRow)
        {
            text.Write(Offset(row));
            int count = Math.Min(BytesInRow, end - row);
            for (int i = 0; i < BytesInRow; i++)
            {
                if (i >= count)
                {
                    if (row == _done) text.Write("   "u8);
                    continue;
                }
                text.Write(' ');
                text.Write("0123456789abcdef"[_module[row + i] >> 4]);
                text.Write("0123456789abcdef"[_module[row + i] & 15]);
            }
            if (row == _done)
            {
                text.Write(" | "u8);
                for (int i = 0; i < Math.Min(indent, 40); i++) text.Write("  "u8);
                text.Write(_line.Written);
            }
            text.Write('\n');
            if (end <= row + BytesInRow) break;
        }
        _done = end;
    }

    static string Offset(int offset) => $"{$"0x{offset:x}",8} |";

    // ---- sections

    void Custom(ByteRange content)
    {
        OperatorReader reader = new(_module[_done..content.End], _done);
        string name = Encoding.UTF8.GetString(reader.Name());
        Say(reader.Offset, 1, $"custom section \"{name}\"");
        if (reader.Offset < content.End) Say(content.End, 1, $"{content.End - reader.Offset} bytes of content");
    }

    void Section(SectionId id, ByteRange content)
    {
        OperatorReader reader = new(_module.Slice(content.Offset, content.Length), content.Offset);
        uint count = reader.U32();
        switch (id)
        {
            case SectionId.Start:
                Say(reader.Offset, 1, $"start function {count}");
                return;
            case SectionId.DataCount:
                Say(reader.Offset, 1, $"{count} data segments");
                return;
        }
        Say(reader.Offset, 1, $"{count} items");
        ModuleEnvironment env = _printer.Environment;
        switch (id)
        {
            case SectionId.Type: Types(content); break;
            case SectionId.Import: Imports(content); break;
            case SectionId.Export: Exports(content); break;
            case SectionId.Code: Bodies(ref reader, count); break;
            case SectionId.Data: Datas(ref reader, count); break;
            case SectionId.Elem: Elems(content); break;
            default:
                for (int i = 0; i < count; i++) Plain(id, ref reader, i, env);
                break;
        }
    }

    // Items that one call reads and one line says.
    void Plain(SectionId id, ref OperatorReader reader, int i, ModuleEnvironment env)
    {
        switch (id)
        {
            case SectionId.Function:
                int type = reader.Index();
                Say(reader.Offset, 2, $"func {env.ImportedFunctions + i}: type {type}");
                break;
            case SectionId.Memory:
                MemoryType memory = reader.MemoryType();
                Say(reader.Offset, 2, $"memory {env.ImportedMemories + i}: {memory.Limits.Min}{(memory.Limits.Max is { } max ? $" {max}" : "")}{(memory.Is64 ? " i64" : "")}{(memory.IsShared ? " shared" : "")}");
                break;
            case SectionId.Tag:
                int signature = reader.TagType();
                Say(reader.Offset, 2, $"tag {env.ImportedTags + i}: type {signature}");
                break;
            case SectionId.Global:
                GlobalType global = reader.GlobalType();
                Say(reader.Offset, 2, $"global {env.ImportedGlobals + i}: {(global.IsMutable ? $"(mut {global.Type})" : global.Type)}");
                Expression(ref reader);
                break;
            case SectionId.Table:
                bool initialised = reader.Peek() == 0x40;
                if (initialised) reader.Take(2);
                TableType table = reader.TableType();
                Say(reader.Offset, 2, $"table {env.ImportedTables + i}: {table.Limits.Min}{(table.Limits.Max is { } most ? $" {most}" : "")} {table.Element}{(table.Is64 ? " i64" : "")}");
                if (initialised) Expression(ref reader);
                break;
        }
    }

    void Types(ByteRange content)
    {
        TypeSectionReader types = new(new(_module.Slice(content.Offset, content.Length), content.Offset));
        for (int i = 0; types.TryRead(out SubTypeItem item); i++)
        {
            if (item.Offset > _done) Say(item.Offset, 2, $"recursion group of {item.GroupSize}");
            string kind = item.ToSubType() switch { FuncType f => $"func {f}".TrimEnd(), StructType => "struct", _ => "array" };
            Say(types.Offset, 2, $"type {i}: {kind}");
        }
        if (_done < content.End) Say(content.End, 2, "empty recursion groups");
    }

    void Imports(ByteRange content)
    {
        ImportSectionReader imports = new(new(_module.Slice(content.Offset, content.Length), content.Offset));
        int previous = -1;
        string meaning = "";
        // An item says where it begins: the one before ends there.
        while (imports.TryRead(out ImportItem item))
        {
            if (previous >= 0) Say(item.Offset, 2, meaning);
            previous = item.Offset;
            meaning = $"import {item.Kind.ToString().ToLowerInvariant()} \"{Encoding.UTF8.GetString(item.Module)}\" \"{Encoding.UTF8.GetString(item.Name)}\"";
        }
        if (previous >= 0) Say(content.End, 2, meaning);
    }

    void Exports(ByteRange content)
    {
        ExportSectionReader exports = new(new(_module.Slice(content.Offset, content.Length), content.Offset));
        while (exports.TryRead(out ReadOnlySpan<byte> name, out ExternKind kind, out int index))
            Say(exports.Offset, 2, $"export \"{Encoding.UTF8.GetString(name)}\": {kind.ToString().ToLowerInvariant()} {index}");
    }

    void Elems(ByteRange content)
    {
        ElemSectionReader elems = new(new(_module.Slice(content.Offset, content.Length), content.Offset));
        for (int i = 0; elems.TryRead(out ElemSegment segment); i++)
            Say(elems.Offset, 2, $"elem {i}: {segment.Mode.ToString().ToLowerInvariant()}, {segment.Count} items of {segment.Type}");
    }

    void Datas(ref OperatorReader reader, uint count)
    {
        for (int i = 0; i < count; i++)
        {
            uint flags = reader.U32();
            if (flags == 2) reader.U32();
            Say(reader.Offset, 2, $"data {i}: {(flags == 1 ? "passive" : "active")}");
            if (flags != 1) Expression(ref reader);
            int length = (int)reader.U32();
            Say(reader.Offset, 2, $"{length} bytes");
            reader.Take(length);
            if (length > 0) Say(reader.Offset, 3, "the segment's bytes");
        }
    }

    void Bodies(ref OperatorReader reader, uint count)
    {
        for (int i = 0; i < count; i++)
        {
            int size = (int)reader.U32();
            Say(reader.Offset, 1, $"func {_functions + i}, {size} bytes");
            Body(_functions + i, new(reader.Offset, size));
            reader.Take(size);
        }
    }

    void Body(int function, ByteRange range)
    {
        FunctionBodyReader body = new(new(_module.Slice(range.Offset, range.Length), range.Offset));
        Say(body.Operators.Offset, 2, "local groups");
        while (body.TryReadLocals(out int locals, out ValType type)) Say(body.Operators.Offset, 2, $"{locals} locals of {type}");
        _printer.BeginBody(function);
        OperatorReader operators = body.Operators;
        Operators(ref operators, 2);
    }

    // What the operator leaves on the stack, behind its text.
    readonly void Operands(in Operator op, in OperatorReader reader, int indent)
    {
        if (_validator is null) return;
        _validator.Step(reader, op);
        for (int column = _line.Length + 2 * indent; column < 40; column++) _line.Write(' ');
        _line.Write(" ["u8);
        foreach (ValType type in _validator.Operands)
        {
            _line.Write(' ');
            _line.Write(type.ToString());
        }
        _line.Write(_validator.IsUnreachable ? " ] unreachable"u8 : " ]"u8);
    }

    void Expression(ref OperatorReader reader)
    {
        _printer.BeginBody(-1);
        Operators(ref reader, 3);
    }

    void Operators(ref OperatorReader reader, int indent)
    {
        Operator op = default;
        for (int depth = 0; ;)
        {
            reader.Read(ref op);
            if (op.Op is Op.End or Op.Delegate && depth > 0) depth--;
            else if (op.Op == Op.End) depth = -1;
            _line.Truncate(0);
            _printer.Capture(_line, op, reader);
            int level = indent + Math.Max(0, op.Op is Op.Else or Op.Catch or Op.CatchAll ? depth - 1 : depth);
            Operands(op, reader, level);
            SayLine(reader.Offset, level);
            if (depth < 0) return;
            if (op.Op is Op.Block or Op.Loop or Op.If or Op.Try or Op.TryTable) depth++;
        }
    }
}
