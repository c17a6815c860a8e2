namespace Hornet.Wasm;

/// <summary>
/// One operator with its immediates, filled by <see cref="OperatorReader"/>; reused, never cleared: only what the operator's
/// <see cref="Shape"/> has is meaningful.
/// </summary>
public struct Operator
{
    public Op Op;
    public Shape Shape;

    /// <summary>Bytes from the beginning of the module to the opcode.</summary>
    public int Offset;

    /// <summary>
    /// The first index: label, function, type, local, global, table, memory, data, elem, tag, field's type; in two-index shapes
    /// as written in the text format (type_table: type; data_memory: data; memory_memory: destination; br_on_cast: label).
    /// For memory accesses: the memory. For block and try_table: unused.
    /// </summary>
    public uint A;

    /// <summary>The second index: type_table's table, field's field, array_fixed's count, memory_memory's source, ...; a memarg's alignment (log2).</summary>
    public uint B;

    /// <summary>An integer constant (sign-extended), the bits of a float constant, a memarg's offset; the low half of a vector or shuffle.</summary>
    public ulong Imm;

    /// <summary>The high half of a vector or shuffle.</summary>
    public ulong ImmHigh;

    /// <summary>A lane; br_on_cast's flags.</summary>
    public byte Lane;

    /// <summary>Block type: see <see cref="BlockType"/>.</summary>
    public BlockType BlockType;

    /// <summary>Heap type of ref.null, ref.test, ref.cast; the source type of br_on_cast.</summary>
    public HeapType Heap;

    /// <summary>The target type of br_on_cast.</summary>
    public HeapType Heap2;

    /// <summary>Entries of a br_table (without the default), catch clauses, types of a select.</summary>
    public int Count;

    /// <summary>Where in the reader's span those entries lie: <see cref="OperatorReader.At"/> reads them again.</summary>
    public ByteRange Entries;
}

/// <summary>A block's type: nothing, one result, or a type index. Source: spec, binary/instructions, block types.</summary>
public readonly record struct BlockType(int TypeIndex, ValType Result)
{
    public static readonly BlockType Empty = new(-1, ValType.Bottom);
    public static BlockType Of(ValType result) => new(-1, result);
    public static BlockType Of(int typeIndex) => new(typeIndex, ValType.Bottom);
    public bool IsEmpty => TypeIndex < 0 && Result.IsBottom;
    public bool IsTypeIndex => TypeIndex >= 0;
}

/// <summary>How a catch clause of try_table takes an exception, with the binary format's numbers.</summary>
public enum CatchKind : byte { Catch, CatchRef, CatchAll, CatchAllRef }

/// <summary>A catch clause; <see cref="Tag"/> is meaningless for the catch_all kinds.</summary>
public readonly record struct CatchClause(CatchKind Kind, uint Tag, uint Label);
