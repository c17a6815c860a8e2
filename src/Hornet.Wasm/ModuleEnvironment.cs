namespace Hornet.Wasm;

/// <summary>Bytes of a module: <see cref="Offset"/> from its beginning.</summary>
public readonly record struct ByteRange(int Offset, int Length)
{
    public int End => Offset + Length;
}

/// <summary>An import; <see cref="Index"/> is its place in the index space of its kind.</summary>
public readonly record struct Import(string Module, string Name, ExternKind Kind, int Index);

/// <summary>An export of the item with this index.</summary>
public readonly record struct Export(string Name, ExternKind Kind, int Index);

/// <summary>How an element segment is used. Source: spec, binary/modules, element section.</summary>
public enum SegmentMode : byte { Active, Passive, Declarative }

/// <summary>A constant expression: its bytes, `end` included. An empty range: the type's default (a table without initialiser).</summary>
public readonly record struct ConstExpr(ByteRange Code);

/// <summary>An element segment: its items are either function indices or constant expressions, in <see cref="Items"/> as they lie in the module.</summary>
public readonly record struct ElemSegment(SegmentMode Mode, int Table, ConstExpr Offset, ValType Type, bool ItemsAreExpressions, int Count, ByteRange Items);

/// <summary>A data segment.</summary>
public readonly record struct DataSegment(SegmentMode Mode, int Memory, ConstExpr Offset, ByteRange Bytes);

/// <summary>A function body: locals and code, without its size prefix.</summary>
public readonly record struct FunctionBody(ByteRange Bytes);

/// <summary>
/// The index spaces of one module: what validation, translation and linking look up. Filled section by section by the
/// reader; byte ranges refer to the module's bytes, which this does not hold.
/// </summary>
public sealed class ModuleEnvironment : ITypeSpace
{
    /// <summary>The type section, flattened: recursion groups are runs of it.</summary>
    public List<SubType> Types { get; } = [];
    /// <summary>For every type index, the first index of its recursion group.</summary>
    public List<int> RecGroupStart { get; } = [];
    /// <summary>For every type index, the number that equal types of this module share: the least index of an equal type.</summary>
    public List<int> CanonicalType { get; } = [];
    /// <summary>For every type index, how many declared supertypes lie above it.</summary>
    internal List<byte> SupertypeDepth { get; } = [];
    /// <summary>For every type index, some declared supertype further up (or itself): the jump pointers of a skew-binary list.</summary>
    internal List<int> SupertypeJump { get; } = [];
    public List<Import> Imports { get; } = [];
    /// <summary>Type index of every function, imported ones first.</summary>
    public List<int> Functions { get; } = [];
    public List<TableType> Tables { get; } = [];
    public List<MemoryType> Memories { get; } = [];
    public List<GlobalType> Globals { get; } = [];
    /// <summary>Type index of every tag, imported ones first.</summary>
    public List<int> Tags { get; } = [];
    public int ImportedFunctions { get; set; }
    public int ImportedTables { get; set; }
    public int ImportedMemories { get; set; }
    public int ImportedGlobals { get; set; }
    public int ImportedTags { get; set; }
    /// <summary>One for each table that the module defines.</summary>
    public List<ConstExpr> TableInits { get; } = [];
    /// <summary>One for each global that the module defines.</summary>
    public List<ConstExpr> GlobalInits { get; } = [];
    public List<Export> Exports { get; } = [];
    public int? Start { get; set; }
    public List<ElemSegment> Elems { get; } = [];
    /// <summary>The data count section's number, where there is one.</summary>
    public int? DataCount { get; set; }
    public List<DataSegment> Datas { get; } = [];
    /// <summary>One for each function that the module defines.</summary>
    public List<FunctionBody> Bodies { get; } = [];
    /// <summary>Functions that occur outside function bodies, so that `ref.func` may name them (spec: context.refs).</summary>
    public HashSet<int> DeclaredFunctions { get; } = [];

    /// <summary>Whether a function body has a tail call; known once the bodies are validated.</summary>
    public bool HasTailCalls { get; internal set; }

    public FuncType FunctionType(int function) => (FuncType)Types[Functions[function]];

    CompositeKind ITypeSpace.KindOf(int type) => Types[type].Kind;

    // spec: match-deftype. Upwards from the subtype to the depth of the supertype, in long jumps where there are some: a logarithm of
    // the depth, since a module can ask for a thousand of these with each call.
    bool ITypeSpace.IsSubtype(int sub, int super)
    {
        int depth = SupertypeDepth[super];
        while (SupertypeDepth[sub] > depth)
        {
            int jump = SupertypeJump[sub];
            sub = SupertypeDepth[jump] >= depth ? jump : Types[sub].Supertype;
        }
        return CanonicalType[sub] == CanonicalType[super];
    }
}
