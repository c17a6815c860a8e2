using Hornet.Base;
using Hornet.Compiler;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>A position in machine code that the tables know: the function, and the offset of its operator in the module.</summary>
internal readonly record struct CodePosition(int Function, int Source);

/// <summary>A module's machine code with its tables, beside the interpreter's code for what stays with the interpreter.</summary>
internal sealed unsafe class NativeCode : ModuleCode
{
    readonly CodeRange _range;
    // By function, imported ones left out: where its code begins; sorted, as functions lie in order.
    readonly int[] _starts;
    readonly bool[] _keepsContext;
    readonly TrapSite[] _traps;
    readonly SourceSite[] _sources;

    public NativeCode(ModuleEnvironment environment, ModuleCode interpreted, CodeRange range, int[] starts, bool[] keepsContext, TrapSite[] traps, SourceSite[] sources)
    {
        Environment = environment;
        Interpreted = interpreted;
        (_range, _starts, _keepsContext, _traps, _sources) = (range, starts, keepsContext, traps, sources);
        CodeMap.Add(this);
    }

    public ModuleEnvironment Environment { get; }
    public ModuleCode Interpreted { get; }
    public nint Start => (nint)_range.Start;
    public nint End => (nint)_range.Start + _range.Size;

    /// <summary>The entry of a function that the module defines, by its place among those.</summary>
    public nint Entry(int defined) => Start + _starts[defined];

    /// <summary>The trap that an instruction can raise; None where the table has none for it.</summary>
    public TrapCode TrapAt(nint pc)
    {
        int offset = (int)(pc - Start), low = 0, high = _traps.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_traps[middle].Offset == offset) return TrapCodes.FromCompiler(_traps[middle].Code);
            if (_traps[middle].Offset < offset) low = middle + 1;
            else high = middle - 1;
        }
        return TrapCode.None;
    }

    /// <summary>The function and operator that a pc belongs to; a return address is looked up one byte before.</summary>
    public CodePosition Find(nint pc)
    {
        int offset = (int)(pc - Start);
        int defined = Last(_starts, offset);
        int low = 0, high = _sources.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sources[middle].Offset <= offset) low = middle + 1;
            else high = middle;
        }
        return new(Environment.ImportedFunctions + defined, low == 0 ? 0 : Math.Max(0, _sources[low - 1].Source));
    }

    /// <summary>Whether the frame of the function at a pc keeps its context below its frame pointer.</summary>
    public bool KeepsContext(nint pc) => _keepsContext[Last(_starts, (int)(pc - Start))];

    static int Last(int[] starts, int offset)
    {
        int at = Array.BinarySearch(starts, offset);
        return at >= 0 ? at : ~at - 1;
    }

    public override void Dispose()
    {
        CodeMap.Remove(this);
        _range.Dispose();
        Interpreted.Dispose();
    }
}

/// <summary>Which module a pc belongs to. Looked up without a lock.</summary>
internal static class CodeMap
{
    static readonly Lock s_lock = new();
    // Sorted by start; replaced as a whole.
    static NativeCode[] s_codes = [];

    public static void Add(NativeCode code)
    {
        lock (s_lock) s_codes = [.. s_codes.Append(code).OrderBy(c => c.Start)];
    }

    public static void Remove(NativeCode code)
    {
        lock (s_lock) s_codes = [.. s_codes.Where(c => c != code)];
    }

    public static NativeCode? Find(nint pc)
    {
        NativeCode[] codes = Volatile.Read(ref s_codes);
        int low = 0, high = codes.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (pc < codes[middle].Start) high = middle - 1;
            else if (pc >= codes[middle].End) low = middle + 1;
            else return codes[middle];
        }
        return null;
    }
}

/// <summary>The traps' numbers in the code generator, which knows a few itself, and in the runtime.</summary>
internal static class TrapCodes
{
    public static Compiler.TrapCode ToCompiler(TrapCode trap) => trap switch
    {
        TrapCode.StackOverflow => Compiler.TrapCode.StackOverflow,
        TrapCode.IntegerDivideByZero => Compiler.TrapCode.IntegerDivisionByZero,
        TrapCode.IntegerOverflow => Compiler.TrapCode.IntegerOverflow,
        TrapCode.BadConversionToInteger => Compiler.TrapCode.BadConversionToInteger,
        _ => Compiler.TrapCode.User((int)trap),
    };

    public static TrapCode FromCompiler(Compiler.TrapCode code)
    {
        if (code == Compiler.TrapCode.StackOverflow) return TrapCode.StackOverflow;
        if (code == Compiler.TrapCode.IntegerDivisionByZero) return TrapCode.IntegerDivideByZero;
        if (code == Compiler.TrapCode.IntegerOverflow) return TrapCode.IntegerOverflow;
        if (code == Compiler.TrapCode.BadConversionToInteger) return TrapCode.BadConversionToInteger;
        return (TrapCode)(code.Code - Compiler.TrapCode.FirstUser);
    }
}
