namespace Hornet.Wasm;

/// <summary>The parts of WebAssembly that can be switched on and off.</summary>
[Flags]
public enum Features : uint
{
    Mvp = 0,
    MutableGlobal = 1 << 0,
    SignExtension = 1 << 1,
    SaturatingFloatToInt = 1 << 2,
    MultiValue = 1 << 3,
    ReferenceTypes = 1 << 4,
    BulkMemory = 1 << 5,
    Simd = 1 << 6,
    RelaxedSimd = 1 << 7,
    TailCall = 1 << 8,
    FunctionReferences = 1 << 9,
    Gc = 1 << 10,
    Exceptions = 1 << 11,
    Memory64 = 1 << 12,
    MultiMemory = 1 << 13,
    ExtendedConst = 1 << 14,
    Threads = 1 << 15,
    WideArithmetic = 1 << 16,
    CustomPageSizes = 1 << 17,
    LegacyExceptions = 1 << 18,

    /// <summary>WebAssembly 1.0.</summary>
    Wasm1 = MutableGlobal,
    /// <summary>WebAssembly 2.0.</summary>
    Wasm2 = Wasm1 | SignExtension | SaturatingFloatToInt | MultiValue | ReferenceTypes | BulkMemory | Simd,
    /// <summary>WebAssembly 3.0.</summary>
    Wasm3 = Wasm2 | RelaxedSimd | TailCall | FunctionReferences | Gc | Exceptions | Memory64 | MultiMemory | ExtendedConst,
    /// <summary>What an engine accepts unless told otherwise.</summary>
    Default = Wasm3 | Threads | WideArithmetic | CustomPageSizes,
    All = Default | LegacyExceptions,
}
