using System.Text;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A frame of guest code.</summary>
/// <param name="ModuleName">The module's name, given at its creation or in its name section.</param>
/// <param name="FunctionName">From the name section, else an export's name, or null.</param>
/// <param name="FunctionIndex">Index in the module.</param>
/// <param name="ModuleOffset">Bytes from the beginning of the module to the operator.</param>
/// <param name="FunctionOffset">Bytes from the beginning of the function's body to the operator.</param>
public sealed record TrapFrame(string? ModuleName, string? FunctionName, int FunctionIndex, int ModuleOffset, int FunctionOffset)
{
    internal DwarfLines? Lines { get; init; }

    /// <summary>The line of the source, where the module has DWARF line tables; they are read when it is asked for.</summary>
    public SourceLine? Source => Lines?.Find(ModuleOffset);

    /// <summary>As in a backtrace: offset, module and function.</summary>
    public override string ToString() => $"0x{ModuleOffset:x} - {ModuleName ?? "<unknown>"}!{FunctionName ?? $"<wasm function {FunctionIndex}>"}";
}

/// <summary>The guest was stopped: its own fault, or a limit that its host has set.</summary>
public sealed class TrapException : HornetException
{
    internal TrapException(TrapCode code, IReadOnlyList<TrapFrame> frames, Exception? inner = null) : base(Describe(code, frames, withSource: false), inner)
    {
        Type = code;
        Frames = frames;
    }

    /// <summary>A trap that a host function raises.</summary>
    public TrapException(TrapCode code) : this(code, []) { }

    public TrapCode Type { get; }

    /// <summary>The guest's frames, innermost first.</summary>
    public IReadOnlyList<TrapFrame> Frames { get; }

    /// <summary>The reason in the words of the specification's test suite, without the backtrace.</summary>
    public string Reason => ReasonOf(Type);

    /// <summary>The message, with the lines of the source behind those frames whose modules have DWARF line tables.</summary>
    public string MessageWithSource => Describe(Type, Frames, withSource: true);

    /// <summary>The words of the specification's test suite for a trap.</summary>
    public static string ReasonOf(TrapCode code) => code switch
    {
        TrapCode.None => "no trap",
        TrapCode.Unreachable => "unreachable",
        TrapCode.MemoryOutOfBounds => "out of bounds memory access",
        TrapCode.UnalignedAtomic => "unaligned atomic",
        TrapCode.TableOutOfBounds => "out of bounds table access",
        TrapCode.UndefinedElement => "undefined element",
        TrapCode.IndirectCallToNull => "uninitialized element",
        TrapCode.BadSignature => "indirect call type mismatch",
        TrapCode.IntegerOverflow => "integer overflow",
        TrapCode.IntegerDivideByZero => "integer divide by zero",
        TrapCode.BadConversionToInteger => "invalid conversion to integer",
        TrapCode.StackOverflow => "call stack exhausted",
        TrapCode.NullReference => "null reference",
        TrapCode.NullStructReference => "null structure reference",
        TrapCode.NullArrayReference => "null array reference",
        TrapCode.NullExceptionReference => "null exception reference",
        TrapCode.NullI31Reference => "null i31 reference",
        TrapCode.NullFunctionReference => "null function reference",
        TrapCode.ArrayOutOfBounds => "out of bounds array access",
        TrapCode.CastFailure => "cast failure",
        TrapCode.AllocationTooLarge => "allocation size too large",
        TrapCode.HeapExhausted => "GC heap out of memory",
        TrapCode.UncaughtException => "uncaught exception",
        TrapCode.ExpectedSharedMemory => "expected shared memory",
        TrapCode.OutOfFuel => "all fuel consumed by WebAssembly",
        TrapCode.Interrupt => "interrupt",
        TrapCode.GrowFailure => "memory or table could not grow",
        TrapCode.UnknownImport => "unknown import",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, null),
    };

    static string Describe(TrapCode code, IReadOnlyList<TrapFrame> frames, bool withSource)
    {
        StringBuilder s = new($"wasm trap: {ReasonOf(code)}");
        if (frames.Count > 0) s.Append("\nwasm backtrace:");
        for (int i = 0; i < frames.Count; i++)
        {
            s.Append($"\n  {i,4}: {frames[i]}");
            if (withSource && frames[i].Source is { } source) s.Append($" at {source}");
        }
        return s.ToString();
    }
}
