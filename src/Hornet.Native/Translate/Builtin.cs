using Hornet.Compiler.Ir;

namespace Hornet.Native;

/// <summary>What machine code asks the runtime to do. The VM context is always the first argument; a trap does not return.</summary>
internal enum Builtin
{
    MemoryGrow,
    MemoryFill,
    MemoryCopy,
    MemoryInit,
    DataDrop,
    /// <summary>The reference of an own function, made.</summary>
    RefFunc,
    /// <summary>The payload of a slot within bounds that is not initialised.</summary>
    TableGet,
    TableGrow,
    TableFill,
    TableCopy,
    TableInit,
    ElemDrop,
    IsSubtype,
    Interrupted,
    AtomicNotify,
    AtomicWait32,
    AtomicWait64,
    /// <summary>Calls a function that is not machine code: a host function, or one that the interpreter runs.</summary>
    CallOut,
    /// <summary>A function without code of its own is called: compiles it and yields the code's address, or lets the interpreter run it.</summary>
    Compile,
    /// <summary>Puts the results of a function that the interpreter has run where its caller expects them.</summary>
    TakeResults,
    /// <summary>Makes the thunk of a host function at its first call.</summary>
    LinkHost,
    /// <summary>A new exception of a tag, its payload not yet there.</summary>
    NewException,
    /// <summary>Goes on in the innermost frame with a handler; does not return.</summary>
    Throw,
    NewStruct,
    NewArray,
    NewArrayFromData,
    NewArrayFromElem,
    ArrayFill,
    ArrayCopy,
    ArrayInitData,
    ArrayInitElem,
    /// <summary>The number by which objects know a function.</summary>
    FunctionNumber,
    Count,
}

/// <summary>
/// The builtins' signatures: integers only and at most six, so that they are where the system's convention wants them. What they
/// yield is 64 bits wide: the system's convention says nothing of the upper half of a narrower result, the code generator wants it zero.
/// </summary>
internal static class BuiltinSignatures
{
    const IrType I32 = IrType.I32, I64 = IrType.I64, Ref = IrType.Ref;

    static readonly Signature[] All =
    [
        /* MemoryGrow  */ new([I64, I32, I64], [I64]),             // memory, pages
        /* MemoryFill  */ new([I64, I32, I64, I32, I64], []),      // memory, start, value, count
        /* MemoryCopy  */ new([I64, I64, I64, I64, I64], []),      // to << 32 | from, to, from, count
        /* MemoryInit  */ new([I64, I64, I64, I32, I32], []),      // memory << 32 | segment, to, from, count
        /* DataDrop    */ new([I64, I32], []),                     // segment
        /* RefFunc     */ new([I64, I32], [I64]),                  // function
        /* TableGet    */ new([I64, I32, I64], [I64]),             // table, index
        /* TableGrow   */ new([I64, I32, I64, I64], [I64]),        // table, payload, elements
        /* TableFill   */ new([I64, I32, I64, I64, I64], []),      // table, start, payload, count
        /* TableCopy   */ new([I64, I64, I64, I64, I64], []),      // to << 32 | from, to, from, count
        /* TableInit   */ new([I64, I64, I64, I32, I32], []),      // table << 32 | segment, to, from, count
        /* ElemDrop    */ new([I64, I32], []),                     // segment
        /* IsSubtype   */ new([I64, I32, I32], [I64]),             // sub, super
        /* Interrupted */ new([I64], []),
        /* AtomicNotify*/ new([I64, I32, I64, I32], [I64]),        // memory, address, most
        /* AtomicWait32*/ new([I64, I32, I64, I64, I64], [I64]),   // memory, address, expected, timeout
        /* AtomicWait64*/ new([I64, I32, I64, I64, I64], [I64]),   // memory, address, expected, timeout
        /* CallOut     */ new([I64, I64, I64], []),                // function reference, values
        /* Compile     */ new([I64, I64, I64], []),                // function, saved registers
        /* TakeResults */ new([I64, I64, I64], []),                // function, saved registers
        /* LinkHost    */ new([I64, I64, I64], []),                // function reference, saved registers
        /* NewException */ new([I64, I32, I32], [Ref]),            // tag, bytes of payload
        /* Throw       */ new([I64, I64], []),                     // exception
        /* NewStruct   */ new([I64, I32], [Ref]),                  // type
        /* NewArray    */ new([I64, I32, I32], [Ref]),             // type, length
        /* NewArrayFromData */ new([I64, I64, I32, I32], [Ref]),   // type << 32 | segment, from, length
        /* NewArrayFromElem */ new([I64, I64, I32, I32], [Ref]),   // type << 32 | segment, from, length
        /* ArrayFill   */ new([I64, I32, I64, I32, I64], []),      // storage, array << 32 | index, count, address of the value
        /* ArrayCopy   */ new([I64, I64, I64, I64], []),           // target << 32 | to, source << 32 | from, storage << 32 | count
        /* ArrayInitData */ new([I64, I64, I64, I32, I32], []),    // storage << 32 | segment, array << 32 | index, from, count
        /* ArrayInitElem */ new([I64, I64, I64, I32, I32], []),    // storage << 32 | segment, array << 32 | index, from, count
        /* FunctionNumber */ new([I64, I64], [I64]),               // function reference
    ];

    public static Signature Of(Builtin builtin) => All[(int)builtin];
}
