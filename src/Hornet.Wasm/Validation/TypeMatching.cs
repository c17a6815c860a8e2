namespace Hornet.Wasm;

/// <summary>Numbered types: a module's own, or an engine's. What subtyping has to ask about a concrete heap type.</summary>
interface ITypeSpace
{
    CompositeKind KindOf(int type);

    /// <summary>Whether <paramref name="sub"/> is <paramref name="super"/> or declares it, directly or not.</summary>
    bool IsSubtype(int sub, int super);
}

/// <summary>Subtyping of value types, heap types and composite types. Source: spec, valid/matching.</summary>
public static class TypeMatching
{
    /// <summary>Whether a value of type <paramref name="sub"/> may stand where the module asks for <paramref name="super"/>.</summary>
    public static bool Matches(ModuleEnvironment module, ValType sub, ValType super) => sub == super || Matches((ITypeSpace)module, sub, super);

    /// <summary>Whether the module's heap type <paramref name="sub"/> is a subtype of <paramref name="super"/>.</summary>
    public static bool Matches(ModuleEnvironment module, HeapType sub, HeapType super) => Matches((ITypeSpace)module, sub, super);

    // spec: match-reftype, match-numtype
    internal static bool Matches(ITypeSpace space, ValType sub, ValType super)
    {
        if (sub == super || sub.IsBottom) return true;
        if (!sub.IsRef || !super.IsRef) return false;
        return (!sub.IsNullable || super.IsNullable) && Matches(space, sub.Heap, super.Heap);
    }

    // spec: match-heaptype
    internal static bool Matches(ITypeSpace space, HeapType sub, HeapType super)
    {
        if (sub == super || sub == HeapType.Bottom) return true;
        if (super.IsConcrete)
        {
            if (sub.IsConcrete) return space.IsSubtype(sub.Code, super.Code);
            return sub == (space.KindOf(super.Code) == CompositeKind.Func ? HeapType.NoFunc : HeapType.None);
        }
        if (sub.IsConcrete) sub = Abstract(space.KindOf(sub.Code));
        return sub == super || IsAbstractSubtype(sub, super);
    }

    static HeapType Abstract(CompositeKind kind) => kind switch
    {
        CompositeKind.Func => HeapType.Func,
        CompositeKind.Struct => HeapType.Struct,
        _ => HeapType.Array,
    };

    static bool IsAbstractSubtype(HeapType sub, HeapType super)
    {
        if (super == HeapType.Any) return sub == HeapType.Eq || sub == HeapType.None || IsEqSubtype(sub);
        if (super == HeapType.Eq) return sub == HeapType.None || IsEqSubtype(sub);
        if (IsEqSubtype(super)) return sub == HeapType.None;
        if (super == HeapType.Func) return sub == HeapType.NoFunc;
        if (super == HeapType.Extern) return sub == HeapType.NoExtern;
        return super == HeapType.Exn && sub == HeapType.NoExn;
    }

    static bool IsEqSubtype(HeapType type) => type == HeapType.I31 || type == HeapType.Struct || type == HeapType.Array;

    /// <summary>Whether a definition of <paramref name="sub"/> may name <paramref name="super"/> its supertype. spec: match-comptype</summary>
    internal static bool Matches(ITypeSpace space, SubType sub, SubType super)
    {
        switch (sub, super)
        {
            case (FuncType f, FuncType g):
                return MatchesAll(space, g.Parameters, f.Parameters) && MatchesAll(space, f.Results, g.Results);
            case (StructType s, StructType t):
                if (s.Fields.Length < t.Fields.Length) return false;
                for (int i = 0; i < t.Fields.Length; i++)
                    if (!Matches(space, s.Fields[i], t.Fields[i])) return false;
                return true;
            case (ArrayType a, ArrayType b):
                return Matches(space, a.Element, b.Element);
            default:
                return false;
        }
    }

    static bool Matches(ITypeSpace space, FieldType sub, FieldType super) =>
        sub.IsMutable == super.IsMutable && Matches(space, sub.Storage, super.Storage) && (!sub.IsMutable || Matches(space, super.Storage, sub.Storage));

    internal static bool MatchesAll(ITypeSpace space, ReadOnlySpan<ValType> sub, ReadOnlySpan<ValType> super)
    {
        if (sub.Length != super.Length) return false;
        for (int i = 0; i < sub.Length; i++)
            if (!Matches(space, sub[i], super[i])) return false;
        return true;
    }
}
