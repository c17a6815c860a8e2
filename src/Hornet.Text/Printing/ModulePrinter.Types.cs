using System.Numerics;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

// Types. Source: spec, text/types.
ref partial struct ModulePrinter
{
    void Types(ByteRange content)
    {
        TypeSectionReader reader = new(Bytes(content));
        int index = 0, inGroup = 0;
        while (true)
        {
            int before = reader.Offset;
            bool more = reader.TryRead(out SubTypeItem item);
            if (inGroup == 0)
            {
                // Between two types lie the beginnings of recursion groups, those of none included.
                OperatorReader groups = new(Bytes(new(before, (more ? item.Offset : content.End) - before)));
                int size = -1;
                while (!groups.AtEnd && groups.Peek() == 0x4E)
                {
                    if (size == 0) Group(0);
                    groups.Byte();
                    size = (int)groups.U32();
                }
                if (size >= 0 && (more || size == 0)) Group(inGroup = size);
            }
            if (!more) break;
            bool nested = inGroup > 0;
            SubType(item, index++, nested);
            if (nested && --inGroup == 0)
            {
                t.Line(1);
                t.Write(')');
            }
        }
    }

    readonly void Group(int size)
    {
        Open("rec"u8);
        if (size == 0) t.Write(')');
    }

    void SubType(in SubTypeItem item, int index, bool nested)
    {
        t.Line(nested ? 2 : 1);
        t.Write("(type"u8);
        Define(_types, index);
        bool sub = !item.IsFinal || item.Supertype >= 0;
        if (sub)
        {
            t.Write(item.IsFinal ? " (sub final"u8 : " (sub"u8);
            if (item.Supertype >= 0) Index(_types, item.Supertype);
        }
        switch (item.Kind)
        {
            case CompositeKind.Func:
                t.Write(" (func"u8);
                List("param"u8, item.Parameters);
                List("result"u8, item.Results);
                break;
            case CompositeKind.Struct:
                t.Write(" (struct"u8);
                Fields(item.Fields, index);
                break;
            default:
                t.Write(" (array "u8);
                foreach (FieldType field in item.Fields) Field(field);
                break;
        }
        t.Write(sub ? ")))"u8 : "))"u8);
    }

    readonly void List(ReadOnlySpan<byte> word, ValTypeVector types)
    {
        if (types.Count == 0) return;
        t.Write(" ("u8);
        t.Write(word);
        foreach (ValType type in types)
        {
            t.Write(' ');
            ValType(type);
        }
        t.Write(')');
    }

    void Fields(FieldTypeVector fields, int type)
    {
        Identifiers names = FieldNames(type);
        int i = 0;
        foreach (FieldType field in fields)
        {
            t.Write(" (field "u8);
            Named(names, i++);
            Field(field);
            t.Write(')');
        }
    }

    Identifiers FieldNames(int type)
    {
        _fieldNames ??= Grouped(NameKind.Field);
        if (!_fieldNames.TryGetValue(type, out List<(int, string)>? named)) return Identifiers.None;
        Identifiers names = new();
        foreach ((int index, string name) in named) names.Add(index, name);
        return names;
    }

    Dictionary<int, List<(int Index, string Name)>>? _fieldNames;
    readonly Dictionary<int, Identifiers> _fieldIdentifiers = [];

    // An identifier and a blank, or nothing.
    readonly void Named(Identifiers names, int index)
    {
        ReadOnlySpan<byte> id = names[index];
        if (id.IsEmpty) return;
        t.Write(id);
        t.Write(' ');
        if (names.NameIfDifferent(index) is not { } name) return;
        NameAnnotation(name);
        t.Write(' ');
    }

    readonly void Field(FieldType field)
    {
        if (field.IsMutable) t.Write("(mut "u8);
        ValType(field.Storage);
        if (field.IsMutable) t.Write(')');
    }

    readonly void ValType(ValType type)
    {
        if (type == Wasm.ValType.I32) t.Write("i32"u8);
        else if (type == Wasm.ValType.I64) t.Write("i64"u8);
        else if (!type.IsRef || !type.Heap.IsConcrete) t.Write(type.ToString());
        else
        {
            t.Write(type.IsNullable ? "(ref null "u8 : "(ref "u8);
            IndexOnly(_types, type.Heap.Code);
            t.Write(')');
        }
    }

    readonly void HeapType(HeapType type)
    {
        if (type.IsConcrete) IndexOnly(_types, type.Code);
        else t.Write(type.ToString());
    }

    // As ValType, with the long form for every reference: what casts and br_on_cast name.
    readonly void RefType(HeapType heap, bool nullable)
    {
        t.Write(nullable ? "(ref null "u8 : "(ref "u8);
        HeapType(heap);
        t.Write(')');
    }

    /// <summary>(type x), and what it says, with the parameters' names.</summary>
    readonly void TypeUse(int type, Identifiers names)
    {
        t.Write(" (type"u8);
        Index(_types, type);
        t.Write(')');
        if ((uint)type >= (uint)_env.Types.Count || _env.Types[type] is not FuncType func) return;
        int i = 0;
        bool open = false;
        foreach (ValType parameter in func.Parameters)
        {
            ReadOnlySpan<byte> id = names[i];
            if (open && !id.IsEmpty)
            {
                t.Write(')');
                open = false;
            }
            t.Write(open ? " "u8 : " (param "u8);
            Named(names, i++);
            ValType(parameter);
            open = id.IsEmpty;
            if (!open) t.Write(')');
        }
        if (open) t.Write(')');
        if (func.Results.Length == 0) return;
        t.Write(" (result"u8);
        foreach (ValType result in func.Results)
        {
            t.Write(' ');
            ValType(result);
        }
        t.Write(')');
    }

    readonly void Limits(Limits limits, bool is64)
    {
        t.Write(is64 ? " i64 "u8 : " "u8);
        t.Unsigned(limits.Min);
        if (limits.Max is not { } max) return;
        t.Write(' ');
        t.Unsigned(max);
    }

    readonly void TableType(TableType type)
    {
        Limits(type.Limits, type.Is64);
        t.Write(' ');
        ValType(type.Element);
    }

    readonly void MemoryType(MemoryType type)
    {
        Limits(type.Limits, type.Is64);
        if (type.IsShared) t.Write(" shared"u8);
        if (type.PageSizeLog2 == 16) return;
        t.Write(" (pagesize "u8);
        t.Unsigned(type.PageSize);
        t.Write(')');
    }

    readonly void GlobalType(GlobalType type)
    {
        t.Write(' ');
        Field(new(type.Type, type.IsMutable));
    }
}
