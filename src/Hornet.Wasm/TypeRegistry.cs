namespace Hornet.Wasm;

/// <summary>
/// Types of an engine: equal recursion groups of any modules share one set of ids, for as long as somebody holds them.
/// Ids are small positive numbers (never 0, below 2^29), are reused once released, and stand in the <see cref="SubType"/>s found here where a
/// module has type indices. All members may be called from any thread; look-ups take no lock.
/// </summary>
public sealed class TypeRegistry : ITypeSpace
{
    // Ids must fit the 29 bits that a ValType has for a positive type index.
    const uint MaxId = (1 << 29) - 1;

    // A set of mutually recursive types; alive while a registration or another group refers to it.
    sealed class Group(int[] key, uint[] ids, Group[] uses)
    {
        public readonly int[] Key = key;
        public readonly uint[] Ids = ids;
        public readonly Group[] Uses = uses;
        public int References = 1;
    }

    // Supertypes holds the declared chain from the root down to the type itself.
    sealed record Entry(SubType Type, uint[] Supertypes, Group Group);

    /// <summary>Words of a type in <see cref="Displays"/>: its kind, then the beginning of its chain of supertypes.</summary>
    internal const int DisplayWords = 8;

    /// <summary>The longest chain that a display holds whole.</summary>
    internal const int DisplayDepth = DisplayWords - 1;

    readonly Lock _lock = new();
    readonly Dictionary<int[], Group> _groups = new(RecGroupComparer.Instance);
    readonly Stack<uint> _free = new();
    readonly RecGroupEncoding _encoding = new();
    Entry?[] _entries = new Entry?[64];
    uint[] _displays = GC.AllocateArray<uint>(64 * DisplayWords, pinned: true);
    uint _next = 1;

    /// <summary>Ids that are in use.</summary>
    public int Count
    {
        get { lock (_lock) return (int)_next - 1 - _free.Count; }
    }

    /// <summary>Registers all types of a validated module.</summary>
    /// <returns>The id of every type index; disposing it releases them.</returns>
    public TypeRegistration Register(ModuleEnvironment module)
    {
        int count = module.Types.Count;
        int[] ids = new int[count];
        List<object> groups = [];
        lock (_lock)
        {
            for (int start = 0, end; start < count; start = end)
            {
                end = start + 1;
                while (end < count && module.RecGroupStart[end] == start) end++;
                Group group = Intern(module.Types[start..end].ToArray(), start, ids);
                groups.Add(group);
                for (int i = start; i < end; i++) ids[i] = (int)group.Ids[i - start];
            }
        }
        return new(this, ids, groups);
    }

    /// <summary>Registers one final function type without supertype, such as a host function's; concrete references in it are ids of this registry that the caller holds.</summary>
    public TypeRegistration Register(FuncType type)
    {
        if (type.Supertype >= 0 || !type.IsFinal) throw new ArgumentException("a lone function type is final and has no supertype", nameof(type));
        lock (_lock)
        {
            Group group = Intern([type], int.MaxValue, default);
            return new(this, [(int)group.Ids[0]], [group]);
        }
    }

    /// <summary>The type with this id; its concrete references are ids too.</summary>
    public SubType this[uint id] => Find(id).Type;

    /// <summary>The function type with this id.</summary>
    public FuncType FunctionType(uint id) => (FuncType)Find(id).Type;

    /// <summary>The declared chain from the root down to the type itself: a type is a subtype of another exactly if its chain has that type at the place where the other's ends.</summary>
    public ReadOnlySpan<uint> SupertypesOf(uint id) => Find(id).Supertypes;

    /// <summary>
    /// For machine code, by id: <see cref="DisplayWords"/> words with the <see cref="CompositeKind"/> and the ids of the first <see cref="DisplayDepth"/>
    /// supertypes from the root down, the type itself among them, then zeros. Pinned; complete for every type registered before the call.
    /// </summary>
    internal uint[] Displays => Volatile.Read(ref _displays);

    /// <summary>Whether <paramref name="sub"/> is <paramref name="super"/> or declares it, directly or not. Constant time.</summary>
    public bool IsSubtype(uint sub, uint super)
    {
        if (sub == super) return true;
        uint[] chain = Find(sub).Supertypes;
        int depth = Find(super).Supertypes.Length - 1;
        return depth < chain.Length && chain[depth] == super;
    }

    /// <summary>Subtyping of value types whose concrete references are ids.</summary>
    public bool Matches(ValType sub, ValType super) => TypeMatching.Matches(this, sub, super);

    /// <summary>Subtyping of heap types whose concrete ones are ids.</summary>
    public bool Matches(HeapType sub, HeapType super) => TypeMatching.Matches(this, sub, super);

    CompositeKind ITypeSpace.KindOf(int type) => Find((uint)type).Type.Kind;

    bool ITypeSpace.IsSubtype(int sub, int super) => IsSubtype((uint)sub, (uint)super);

    Entry Find(uint id)
    {
        Entry?[] entries = Volatile.Read(ref _entries);
        return (id < (uint)entries.Length ? entries[id] : null) ?? throw new ArgumentOutOfRangeException(nameof(id), id, "no such type is registered");
    }

    // Indices below start go through ids; an empty ids leaves them as they are.
    Group Intern(SubType[] types, int start, ReadOnlySpan<int> ids)
    {
        _encoding.Encode(types, start, ids);
        if (_groups.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(_encoding.Code, out Group? group))
        {
            group.References++;
            return group;
        }
        uint[] own = new uint[types.Length];
        for (int i = 0; i < own.Length; i++) own[i] = NewId();
        Renumbering numbers = new(start, ids, own);
        SubType[] renumbered = Array.ConvertAll(types, static t => t);
        for (int i = 0; i < types.Length; i++) renumbered[i] = numbers.Map(types[i]);
        Group[] uses = Uses(renumbered);
        group = new(_encoding.Code.ToArray(), own, uses);
        foreach (Group use in uses) use.References++;
        _groups.Add(group.Key, group);
        // A supertype precedes its subtypes, so its chain is there.
        for (int i = 0; i < own.Length; i++)
        {
            uint[] chain = Chain(own[i], renumbered[i].Supertype);
            _entries[own[i]] = new(renumbered[i], chain, group);
            Span<uint> display = _displays.AsSpan((int)own[i] * DisplayWords, DisplayWords);
            display.Clear();
            display[0] = (uint)renumbered[i].Kind;
            chain.AsSpan(0, Math.Min(chain.Length, DisplayDepth)).CopyTo(display[1..]);
        }
        return group;
    }

    uint[] Chain(uint id, int super) => super < 0 ? [id] : [.. _entries[super]!.Supertypes, id];

    uint NewId()
    {
        if (_free.TryPop(out uint id)) return id;
        if (_next > MaxId) throw new InvalidOperationException("too many types in one engine");
        if (_next == _entries.Length)
        {
            // Readers take no lock: the copy is complete before it is published.
            Entry?[] larger = new Entry?[_entries.Length * 2];
            _entries.CopyTo(larger, 0);
            Volatile.Write(ref _entries, larger);
            // Whoever uses the old one keeps it, and has no types that are not in it.
            uint[] displays = GC.AllocateArray<uint>(larger.Length * DisplayWords, pinned: true);
            _displays.CopyTo(displays, 0);
            Volatile.Write(ref _displays, displays);
        }
        return _next++;
    }

    // The groups that new types refer to; ids without an entry are the new types' own.
    Group[] Uses(SubType[] types)
    {
        HashSet<Group> uses = [];
        foreach (SubType type in types)
        {
            if (type.Supertype >= 0) Use((uint)type.Supertype);
            switch (type)
            {
                case FuncType f:
                    foreach (ValType t in f.Parameters) UseOf(t);
                    foreach (ValType t in f.Results) UseOf(t);
                    break;
                case StructType s:
                    foreach (FieldType field in s.Fields) UseOf(field.Storage);
                    break;
                case ArrayType a:
                    UseOf(a.Element.Storage);
                    break;
            }
        }
        return [.. uses];

        void UseOf(ValType type)
        {
            if (type.IsRef && type.Heap.IsConcrete) Use((uint)type.Code);
        }

        void Use(uint id)
        {
            if (_entries[id] is { } entry) uses.Add(entry.Group);
        }
    }

    internal void Release(List<object> groups)
    {
        lock (_lock)
        {
            Stack<Group> dropped = new();
            foreach (object group in groups) dropped.Push((Group)group);
            while (dropped.TryPop(out Group? group))
            {
                if (--group.References > 0) continue;
                _groups.Remove(group.Key);
                foreach (uint id in group.Ids)
                {
                    _entries[id] = null;
                    _free.Push(id);
                }
                foreach (Group use in group.Uses) dropped.Push(use);
            }
        }
    }

    // A module's type indices to ids.
    readonly ref struct Renumbering(int start, ReadOnlySpan<int> ids, uint[] own)
    {
        readonly ReadOnlySpan<int> _ids = ids;

        public SubType Map(SubType type)
        {
            int super = type.Supertype < 0 ? -1 : Map(type.Supertype);
            switch (type)
            {
                case FuncType f:
                    return new FuncType(Map(f.Parameters), Map(f.Results)) { IsFinal = f.IsFinal, Supertype = super };
                case StructType s:
                    FieldType[] fields = s.Fields.ToArray();
                    for (int i = 0; i < fields.Length; i++) fields[i] = Map(fields[i]);
                    return new StructType(fields) { IsFinal = s.IsFinal, Supertype = super };
                default:
                    return new ArrayType(Map(((ArrayType)type).Element)) { IsFinal = type.IsFinal, Supertype = super };
            }
        }

        ValType[] Map(ReadOnlySpan<ValType> types)
        {
            ValType[] mapped = types.ToArray();
            for (int i = 0; i < mapped.Length; i++) mapped[i] = Map(mapped[i]);
            return mapped;
        }

        FieldType Map(FieldType field) => field with { Storage = Map(field.Storage) };

        ValType Map(ValType type) => type.IsRef && type.Heap.IsConcrete ? ValType.Ref(HeapType.Concrete(Map(type.Code)), type.IsNullable) : type;

        int Map(int index) => index >= start ? (int)own[index - start] : _ids.IsEmpty ? index : _ids[index];
    }
}

/// <summary>Holds the types of one module (or one host function) in a <see cref="TypeRegistry"/>. Disposing it, or losing the last reference to it, releases them.</summary>
public sealed class TypeRegistration : IDisposable
{
    readonly TypeRegistry _registry;
    readonly uint[] _ids;
    List<object>? _groups;

    internal TypeRegistration(TypeRegistry registry, int[] ids, List<object> groups)
    {
        _registry = registry;
        _ids = Array.ConvertAll(ids, static id => (uint)id);
        _groups = groups;
    }

    ~TypeRegistration() => Dispose();

    /// <summary>The id of every type index of the module; of a lone function type, one.</summary>
    public ReadOnlySpan<uint> Ids => _ids;

    /// <summary>Releases the ids; a second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _groups, null) is not { } groups) return;
        _registry.Release(groups);
        GC.SuppressFinalize(this);
    }
}
