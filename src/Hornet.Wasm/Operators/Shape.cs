namespace Hornet.Wasm;

/// <summary>What follows an opcode. The names are those of the second column of wasm.ops. Source: spec, binary/instructions.</summary>
public enum Shape : byte
{
    /// <summary>No such operator.</summary>
    Invalid,
    None,

    // One index, from here ...
    Label,
    Func,
    Type,
    Local,
    Global,
    Table,
    Memory,
    Data,
    Elem,
    Tag,
    // ... to here; two indices, from here ...
    TypeTable,
    TableTable,
    MemoryMemory,
    DataMemory,
    ElemTable,
    Field,
    TypeType,
    ArrayFixed,
    ArrayData,
    ArrayElem,
    // ... to here.

    /// <summary>Block type: -0x40 empty, another negative code a value type, 0 and up a type index.</summary>
    Block,
    /// <summary>A vector of labels and a default label.</summary>
    BrTable,
    /// <summary>Block type and a vector of catch clauses.</summary>
    TryTable,
    Heap,
    /// <summary>Flags (bit 0: first type nullable, bit 1: second), label, two heap types.</summary>
    BrOnCast,
    /// <summary>A vector of value types.</summary>
    Select,
    I32, I64, F32, F64, V128,
    Shuffle,
    Lane2, Lane4, Lane8, Lane16,
    Mem8, Mem16, Mem32, Mem64, Mem128,
    Mem8Lane, Mem16Lane, Mem32Lane, Mem64Lane,
    /// <summary>One reserved zero byte.</summary>
    Fence,
}

/// <summary>The fourth column of wasm.ops: what an operator touches.</summary>
public enum OpClass : byte { Control, Parametric, Variable, Table, Memory, Load, Store, Const, Numeric, Trapping, Reference, Aggregate, Atomic }
