namespace Hornet;

/// <summary>Why a guest was stopped. The numbers are part of the image format and of machine code: append only.</summary>
public enum TrapCode : byte
{
    /// <summary>No trap.</summary>
    None,
    Unreachable,
    MemoryOutOfBounds,
    UnalignedAtomic,
    TableOutOfBounds,
    IndirectCallToNull,
    BadSignature,
    IntegerOverflow,
    IntegerDivideByZero,
    BadConversionToInteger,
    StackOverflow,
    NullReference,
    NullI31Reference,
    NullFunctionReference,
    ArrayOutOfBounds,
    CastFailure,
    AllocationTooLarge,
    HeapExhausted,
    UncaughtException,
    ExpectedSharedMemory,
    OutOfFuel,
    Interrupt,
    GrowFailure,
    UnknownImport,
    /// <summary>An indirect call's index is not in the table.</summary>
    UndefinedElement,
    NullStructReference,
    NullArrayReference,
    NullExceptionReference,
}
