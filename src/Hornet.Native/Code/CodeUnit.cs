using Hornet.Compiler;

namespace Hornet.Native;

/// <summary>A position in machine code that the tables know: the function, and the offset of its operator in the module.</summary>
internal readonly record struct CodePosition(int Function, int Source);

/// <summary>Functions of one module that were put into code memory together, with their tables.</summary>
internal sealed unsafe class CodeUnit
{
    readonly CodeRange _range;
    // Where each function begins, in order, and which it is.
    readonly int[] _starts, _functions;
    readonly bool[] _keepsContext;
    readonly TrapSite[] _traps;
    readonly SourceSite[] _sources;

    public CodeUnit(NativeCode module, CodeRange range, int[] starts, int[] functions, bool[] keepsContext, TrapSite[] traps, SourceSite[] sources)
    {
        Module = module;
        (_range, _starts, _functions, _keepsContext, _traps, _sources) = (range, starts, functions, keepsContext, traps, sources);
    }

    public NativeCode Module { get; }
    public nint Start => (nint)_range.Start;
    public nint End => (nint)_range.Start + _range.Size;

    /// <summary>The trap that an instruction can raise; None where the table has none for it.</summary>
    public TrapCode TrapAt(nint pc) => IndexOfTrap((int)(pc - Start)) is >= 0 and var at ? TrapCodes.FromCompiler(_traps[at].Code) : TrapCode.None;

    int IndexOfTrap(int offset)
    {
        int low = 0, high = _traps.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_traps[middle].Offset == offset) return middle;
            if (_traps[middle].Offset < offset) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    /// <summary>The function and operator that a pc belongs to; a return address is looked up one byte before.</summary>
    public CodePosition Find(nint pc)
    {
        int offset = (int)(pc - Start), low = 0, high = _sources.Length;
        // Traps stand behind their function, so they say themselves where they come from.
        if (IndexOfTrap(offset) is >= 0 and var trap) return new(_functions[At(offset)], _traps[trap].Source);
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sources[middle].Offset <= offset) low = middle + 1;
            else high = middle;
        }
        return new(_functions[At(offset)], low == 0 ? 0 : Math.Max(0, _sources[low - 1].Source));
    }

    /// <summary>Whether the frame of the function at a pc keeps its context below its frame pointer.</summary>
    public bool KeepsContext(nint pc) => _keepsContext[At((int)(pc - Start))];

    int At(int offset)
    {
        int at = Array.BinarySearch(_starts, offset);
        return at >= 0 ? at : ~at - 1;
    }

    public void Dispose() => _range.Dispose();
}

/// <summary>Which unit a pc belongs to. Looked up without a lock.</summary>
internal static class CodeMap
{
    static readonly Lock s_lock = new();
    // Sorted by start; replaced as a whole.
    static CodeUnit[] s_units = [];

    public static void Add(CodeUnit unit)
    {
        lock (s_lock)
        {
            int at = IndexOf(s_units, unit.Start);
            s_units = [.. s_units.AsSpan(0, at), unit, .. s_units.AsSpan(at)];
        }
    }

    public static void Remove(IReadOnlyCollection<CodeUnit> units)
    {
        HashSet<CodeUnit> gone = [.. units];
        lock (s_lock) s_units = Array.FindAll(s_units, u => !gone.Contains(u));
    }

    public static CodeUnit? Find(nint pc)
    {
        CodeUnit[] units = Volatile.Read(ref s_units);
        int at = IndexOf(units, pc + 1) - 1;
        return at >= 0 && pc < units[at].End ? units[at] : null;
    }

    // The first unit that starts at or behind an address.
    static int IndexOf(CodeUnit[] units, nint start)
    {
        int low = 0, high = units.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (units[middle].Start < start) low = middle + 1;
            else high = middle;
        }
        return low;
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
