namespace Hornet.Wasm;

/// <summary>What a type section entry describes.</summary>
public enum CompositeKind : byte { Func, Struct, Array }

/// <summary>A type section entry: a composite type with its place in the subtype hierarchy. Source: spec, syntax/types, recursive types.</summary>
public abstract class SubType
{
    /// <summary>Whether no type may declare this one its supertype.</summary>
    public bool IsFinal { get; init; } = true;
    /// <summary>Type index of the declared supertype, or -1.</summary>
    public int Supertype { get; init; } = -1;
    public abstract CompositeKind Kind { get; }
}

/// <summary>Parameters to results.</summary>
public sealed class FuncType(ValType[] parameters, ValType[] results) : SubType
{
    readonly ValType[] _parameters = parameters, _results = results;

    public ReadOnlySpan<ValType> Parameters => _parameters;
    public ReadOnlySpan<ValType> Results => _results;
    public override CompositeKind Kind => CompositeKind.Func;

    /// <summary>As in the text format, without names: <c>(param i32 i32) (result i64)</c>.</summary>
    public override string ToString()
    {
        string p = string.Join(' ', _parameters), r = string.Join(' ', _results);
        return (p, r) switch { ("", "") => "", (_, "") => $"(param {p})", ("", _) => $"(result {r})", _ => $"(param {p}) (result {r})" };
    }
}

/// <summary>A field of a struct, or the element of an array.</summary>
public readonly record struct FieldType(ValType Storage, bool IsMutable)
{
    public override string ToString() => IsMutable ? $"(mut {Storage})" : Storage.ToString();
}

/// <summary>A struct's fields.</summary>
public sealed class StructType(FieldType[] fields) : SubType
{
    readonly FieldType[] _fields = fields;
    public ReadOnlySpan<FieldType> Fields => _fields;

    /// <summary>Whether every field starts with a value of its own, so that `struct.new_default` may make one.</summary>
    public bool IsDefaultable { get; } = Array.TrueForAll(fields, static f => f.Storage.IsDefaultable);

    public override CompositeKind Kind => CompositeKind.Struct;
}

/// <summary>An array's element.</summary>
public sealed class ArrayType(FieldType element) : SubType
{
    public FieldType Element { get; } = element;
    public override CompositeKind Kind => CompositeKind.Array;
}

/// <summary>Minimum and maximum of a table (elements) or memory (pages); <see cref="Max"/> is null where there is none.</summary>
public readonly record struct Limits(ulong Min, ulong? Max);

/// <summary>A table: element type, limits in elements, whether it is indexed by i64.</summary>
public readonly record struct TableType(ValType Element, Limits Limits, bool Is64 = false)
{
    public ValType IndexType => Is64 ? ValType.I64 : ValType.I32;
}

/// <summary>A memory: limits in pages of 2^<see cref="PageSizeLog2"/> bytes.</summary>
public readonly record struct MemoryType(Limits Limits, bool Is64 = false, bool IsShared = false, byte PageSizeLog2 = 16)
{
    public ValType IndexType => Is64 ? ValType.I64 : ValType.I32;
    /// <summary>Bytes in a page.</summary>
    public ulong PageSize => 1UL << PageSizeLog2;
}

/// <summary>A global's value type and whether it can be set.</summary>
public readonly record struct GlobalType(ValType Type, bool IsMutable);

/// <summary>What can be imported and exported, with the binary format's numbers.</summary>
public enum ExternKind : byte { Func, Table, Memory, Global, Tag }
