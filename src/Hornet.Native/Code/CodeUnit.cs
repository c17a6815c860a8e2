using Hornet.Compiler;

namespace Hornet.Native;

/// <summary>A position in machine code that the tables know: the function, and the offset of its operator in the module.</summary>
internal readonly record struct CodePosition(int Function, int Source);

/// <summary>Functions of one module that were put into code memory together, with their tables.</summary>
internal abstract unsafe class CodeUnit
{
    readonly CodeRange _range;
    Layout? _layout;

    protected CodeUnit(NativeCode module, CodeRange range) => (Module, _range) = (module, range);

    /// <summary>Where each function begins, in order, which it is, and its tables: decoded when they are first asked for, two threads may do so at once.</summary>
    protected sealed record Layout(int[] Starts, int[] Functions)
    {
        public readonly FunctionTables?[] Tables = new FunctionTables?[Starts.Length];
    }

    /// <summary>Makes the layout, when it is first asked for.</summary>
    protected abstract Layout MakeLayout();

    Layout Functions => Volatile.Read(ref _layout) ?? Interlocked.CompareExchange(ref _layout, MakeLayout(), null) ?? _layout;

    public NativeCode Module { get; }

    /// <summary>What a profiler calls one of the functions.</summary>
    public virtual string NameOf(int function) => Module.NameOf(function);

    public nint Start => (nint)_range.Start;
    public nint End => (nint)_range.Start + _range.Size;

    /// <summary>A function's tables, as <see cref="FunctionTables"/> encodes them.</summary>
    /// <param name="function">Its index.</param>
    /// <param name="place">Its place in the layout.</param>
    protected abstract ReadOnlySpan<byte> EncodedTables(int function, int place);

    /// <summary>What has become of the code itself, where a fault at an address means that; null where it does not.</summary>
    public virtual ImageException? Loss(nint address) => null;

    /// <summary>The tables of the function at a pc.</summary>
    /// <param name="pc">Within this unit.</param>
    /// <param name="offset">Of the pc from the function's beginning.</param>
    public FunctionTables TablesAt(nint pc, out int offset)
    {
        Layout layout = Functions;
        int place = PlaceOf(layout, pc);
        offset = (int)(pc - Start) - layout.Starts[place];
        FunctionTables? tables = Volatile.Read(ref layout.Tables[place]);
        if (tables is null) Volatile.Write(ref layout.Tables[place], tables = FunctionTables.Decode(EncodedTables(layout.Functions[place], place)));
        return tables;
    }

    /// <summary>The trap that an instruction can raise; None where the table has none for it.</summary>
    public TrapCode TrapAt(nint pc) => TablesAt(pc, out int offset).TryFindTrap(offset, out TrapSite trap) ? TrapCodes.FromCompiler(trap.Code) : TrapCode.None;

    /// <summary>The frames that a pc belongs to, innermost first: of what is inlined, and of the function itself. A return address is looked up one byte before.</summary>
    /// <param name="pc">Within this unit.</param>
    /// <param name="frames">Gets them.</param>
    /// <param name="most">How many it may have.</param>
    public void Find(nint pc, List<CodePosition> frames, int most)
    {
        FunctionTables tables = TablesAt(pc, out int offset);
        // Traps stand behind their function, so they say themselves where they come from.
        int source = tables.TryFindTrap(offset, out TrapSite trap) ? trap.Source : tables.SourceAt(offset), function = FunctionAt(pc);
        // A function that the interpreter runs has no operators here.
        while (source > 0 && frames.Count < most) frames.Add(tables.Frame(ref source, function));
    }

    /// <summary>Whether the frame of the function at a pc keeps its context below its frame pointer.</summary>
    public bool KeepsContext(nint pc) => TablesAt(pc, out _).KeepsContext;

    /// <summary>The functions, and where their code begins and ends, padding included.</summary>
    public IEnumerable<(int Function, int Start, int End)> Places()
    {
        Layout layout = Functions;
        for (int i = 0; i < layout.Starts.Length; i++)
            yield return (layout.Functions[i], layout.Starts[i], i + 1 < layout.Starts.Length ? layout.Starts[i + 1] : (int)(End - Start));
    }

    int FunctionAt(nint pc) => Functions.Functions[PlaceOf(Functions, pc)];

    // Before the first function of an image lies its linkage, where nothing ever stops.
    int PlaceOf(Layout layout, nint pc)
    {
        int at = Array.BinarySearch(layout.Starts, (int)(pc - Start));
        return Math.Max(0, at >= 0 ? at : ~at - 1);
    }

    public void Dispose() => _range.Dispose();

    /// <summary>The code of a function, as it lies here.</summary>
    protected ReadOnlySpan<byte> CodeAt(int start, int end) => _range.Bytes[start..end];
}

/// <summary>Functions that this process has compiled.</summary>
internal sealed class CompiledUnit(NativeCode module, CodeRange range, int[] starts, int[] functions, byte[][] tables) : CodeUnit(module, range)
{
    /// <summary>Offset in the module of the loop that its one function begins in, -1 where functions begin at their beginning.</summary>
    public int Loop { get; init; } = -1;

    public override string NameOf(int function) => Loop < 0 ? base.NameOf(function) : $"{base.NameOf(function)} (loop at 0x{Loop:x})";

    protected override Layout MakeLayout() => new(starts, functions);
    protected override ReadOnlySpan<byte> EncodedTables(int function, int place) => tables[place];

    /// <summary>Of each function, what its place has filled in; null where no image will be made of the code.</summary>
    public Relocation[][]? Relocations { get; init; }

    /// <summary>The functions of the unit as they were before they had a place, by index.</summary>
    public IEnumerable<(int Function, FunctionCode Code)> ForImage()
    {
        for (int i = 0; Relocations is not null && i < starts.Length; i++)
            yield return (functions[i], new(CodeAt(starts[i], i + 1 < starts.Length ? starts[i + 1] : (int)(End - Start)).ToArray(), Relocations[i], tables[i]));
    }
}

/// <summary>Which unit a pc belongs to. Looked up without a lock.</summary>
internal static class CodeMap
{
    static readonly Lock s_lock = new();
    // Sorted by start; replaced as a whole.
    static CodeUnit[] s_units = [];
    static int s_generation;

    public static void Add(CodeUnit unit)
    {
        lock (s_lock)
        {
            int at = IndexOf(s_units, unit.Start);
            s_units = [.. s_units.AsSpan(0, at), unit, .. s_units.AsSpan(at)];
        }
        CodeProfile.Current?.Add(unit);
    }

    public static void Remove(IReadOnlyCollection<CodeUnit> units)
    {
        HashSet<CodeUnit> gone = [.. units];
        lock (s_lock)
        {
            s_units = Array.FindAll(s_units, u => !gone.Contains(u));
            // Before other code can be where this was.
            Volatile.Write(ref s_generation, s_generation + 1);
        }
    }

    /// <summary>Another one when code has gone: what was known of addresses may not hold any more.</summary>
    public static int Generation => Volatile.Read(ref s_generation);

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
