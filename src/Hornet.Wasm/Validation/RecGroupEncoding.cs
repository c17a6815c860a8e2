using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// A recursion group as a sequence of numbers in which references inside the group are relative and references to earlier groups
/// carry their canonical number: two groups define equal types exactly if their sequences are equal (iso-recursive types).
/// Source: spec, valid/conventions, rolling and unrolling.
/// </summary>
sealed class RecGroupEncoding
{
    // How the number after it is to be read.
    const int Plain = 0, Inside = 1, Outside = 2;

    readonly List<int> _code = [];
    int _start;

    public ReadOnlySpan<int> Code => CollectionsMarshal.AsSpan(_code);

    /// <summary>Encodes a group whose first type has index <paramref name="start"/>; smaller indices go through <paramref name="canonical"/>, an empty span leaving all of them as they are.</summary>
    public void Encode(ReadOnlySpan<SubType> group, int start, ReadOnlySpan<int> canonical)
    {
        _code.Clear();
        _start = start;
        foreach (SubType type in group) Encode(type, canonical);
    }

    void Encode(SubType type, ReadOnlySpan<int> canonical)
    {
        _code.Add((int)type.Kind << 1 | (type.IsFinal ? 1 : 0));
        if (type.Supertype < 0) Add(Plain, 0);
        else Reference(type.Supertype, 0, canonical);
        switch (type)
        {
            case FuncType f:
                _code.Add(f.Parameters.Length);
                foreach (ValType t in f.Parameters) Encode(t, canonical);
                _code.Add(f.Results.Length);
                foreach (ValType t in f.Results) Encode(t, canonical);
                break;
            case StructType s:
                _code.Add(s.Fields.Length);
                foreach (FieldType field in s.Fields) Encode(field, canonical);
                break;
            case ArrayType a:
                Encode(a.Element, canonical);
                break;
        }
    }

    void Encode(FieldType field, ReadOnlySpan<int> canonical)
    {
        _code.Add(field.IsMutable ? 1 : 0);
        Encode(field.Storage, canonical);
    }

    void Encode(ValType type, ReadOnlySpan<int> canonical)
    {
        int kind = !type.IsRef ? 0 : type.IsNullable ? 1 : 2;
        if (kind != 0 && type.Heap.IsConcrete) Reference(type.Code, kind, canonical);
        else Add(Plain | kind << 2, type.Code);
    }

    void Reference(int index, int kind, ReadOnlySpan<int> canonical)
    {
        if (index >= _start) Add(Inside | kind << 2, index - _start);
        else Add(Outside | kind << 2, canonical.IsEmpty ? index : canonical[index]);
    }

    void Add(int tag, int value)
    {
        _code.Add(tag);
        _code.Add(value);
    }
}

/// <summary>Compares encoded groups; looks one up without a copy. The hash is seeded per process, so that no module can be built to collide.</summary>
sealed class RecGroupComparer : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
{
    public static readonly RecGroupComparer Instance = new();

    public bool Equals(int[]? a, int[]? b) => a.AsSpan().SequenceEqual(b);
    public bool Equals(ReadOnlySpan<int> a, int[] b) => a.SequenceEqual(b);
    public int GetHashCode(int[] code) => GetHashCode(code.AsSpan());
    public int[] Create(ReadOnlySpan<int> code) => code.ToArray();

    public int GetHashCode(ReadOnlySpan<int> code) => SeededHash.Of(code);
}
