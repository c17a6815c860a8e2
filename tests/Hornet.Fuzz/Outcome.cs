using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>What an engine did with a module, step by step: a line for each call, then memories and globals.</summary>
public sealed class Outcome
{
    readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Whether the run was cut short where engines may differ: the stack or the time ran out.</summary>
    public bool Inconclusive { get; private set; }

    internal void Add(string line) => _lines.Add(line);

    internal void Stop() => Inconclusive = true;

    static string AtomicTrap(string line)
    {
        foreach (TrapCode code in (TrapCode[])[TrapCode.UnalignedAtomic, TrapCode.ExpectedSharedMemory])
            line = line.Replace($"trap {code}", $"trap {TrapCode.MemoryOutOfBounds}", StringComparison.Ordinal);
        return line;
    }

    /// <summary>The first step in which another engine did something else, or null.</summary>
    /// <param name="other">What the other engine did.</param>
    /// <param name="isForeign">It is no engine of Hornet's: which of several reasons to trap an atomic operator finds first is its own affair.</param>
    public string? Difference(Outcome other, bool isForeign = false)
    {
        int both = Math.Min(_lines.Count, other._lines.Count);
        for (int i = 0; i < both; i++)
            if (_lines[i] != other._lines[i] && !(isForeign && AtomicTrap(_lines[i]) == AtomicTrap(other._lines[i]))) return $"{_lines[i]}  |  {other._lines[i]}";
        if (Inconclusive || other.Inconclusive || _lines.Count == other._lines.Count) return null;
        return $"{_lines.Count} steps  |  {other._lines.Count} steps";
    }
}

/// <summary>Which calls are made of a module's exports; the same for every engine, and nothing but the module decides.</summary>
public static class Calls
{
    const int EveryLimit = 300, EdgeLimit = 20, Rounds = 3;

    /// <summary>How often a function is called.</summary>
    public static int Count(string name, IReadOnlyList<ValType> parameters)
    {
        int limit = name.StartsWith("every", StringComparison.Ordinal) ? EveryLimit : name.StartsWith("edge", StringComparison.Ordinal) ? EdgeLimit : 0;
        if (limit == 0) return Rounds;
        int product = 1;
        foreach (ValType p in parameters) product = Math.Min(limit, product * EdgeValues.Of(p).Length);
        return product;
    }

    /// <summary>An argument of a call: all combinations of edge values in order, or, where they are too many, some.</summary>
    public static (ulong Low, ulong High) Argument(string name, IReadOnlyList<ValType> parameters, int call, int index)
    {
        (ulong, ulong)[] values = EdgeValues.Of(parameters[index]);
        if (!name.StartsWith('e')) return values[(call * 5 + index * 3 + call * index) % values.Length];
        int at = call;
        for (int i = 0; i < index; i++) at /= EdgeValues.Of(parameters[i]).Length;
        // Past the limit the later operands would never change.
        return values[(at + (parameters.Count > 2 && index > 0 ? call * (index + 1) : 0)) % values.Length];
    }

    public static string Bits(ValType type, ulong low, ulong high) => type == ValType.V128 ? $"{high:x16}{low:x16}" : type == ValType.I32 || type == ValType.F32 ? $"{(uint)low:x8}" : $"{low:x16}";

    /// <summary>An element of a table that is no null: functions of one type are one to an observer that does not call them.</summary>
    public static string Element(int parameters, int results) => $"({parameters}→{results})";

    /// <summary>What the imported host function computes.</summary>
    public static long Host(int a, long b) => (b ^ a) * 3 + 1;

    /// <summary>FNV-1a over 64-bit words.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (ulong word in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes)) hash = (hash ^ word) * 1099511628211;
        return hash;
    }
}
