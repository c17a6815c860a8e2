namespace Hornet.Wasm;

/// <summary>
/// Implementation limits: what a module may have at most, of the size other engines allow (spec: appendix, implementation
/// limitations), so that a module which runs there runs here.
/// </summary>
public static class WasmLimits
{
    public const int ModuleBytes = 1 << 30;
    public const int StringBytes = 100_000;
    public const int Types = 1_000_000;
    public const int Imports = 1_000_000;
    public const int Functions = 1_000_000;
    public const int Globals = 1_000_000;
    public const int Tags = 1_000_000;
    public const int Exports = 1_000_000;
    public const int ElemSegments = 100_000;
    public const int DataSegments = 100_000;
    public const int Tables = 100;
    public const int Memories = 100;
    public const int TableElements = 10_000_000;
    public const int Params = 1_000;
    public const int Results = 1_000;
    public const int StructFields = 10_000;
    public const int SubtypingDepth = 63;
    public const int FunctionBytes = 7_654_321;
    public const int Locals = 50_000;
    public const int CatchClauses = 10_000;
    public const int ArrayNewFixed = 10_000;
    /// <summary>Operands on a function's stack. Nothing that a compiler wrote comes near; a body of a few megabytes that pushes a thousand with each call would take gigabytes.</summary>
    public const int Operands = 1 << 20;
    public const int ElemSegmentItems = 10_000_000;

    internal static void Check(long count, int most, int offset, string what)
    {
        if (count > most) WasmFormatException.ThrowLimit(offset, $"{what} count of {count} exceeds the limit of {most}");
    }
}
