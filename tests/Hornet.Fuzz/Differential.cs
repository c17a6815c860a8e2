using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>Runs a module on every tier and on Wasmtime, and says where they differ.</summary>
public sealed class Differential : IDisposable
{
    readonly HornetEngine _interpreter = HornetEngine.Interpreter();
    readonly HornetEngine[] _native = HornetEngine.Native();
    readonly HornetEngine[] _interruptible = HornetEngine.Interruptible(TimeSpan.FromMilliseconds(100));
    readonly HornetEngine[] _metered = HornetEngine.Metered();
    readonly HornetEngine[] _collecting = HornetEngine.Collecting();
    readonly HornetEngine _image = HornetEngine.FromImage();
    readonly WasmtimeEngine _wasmtime = new();

    /// <summary>Steps that were compared so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs that ended where engines may differ.</summary>
    public long Inconclusive { get; private set; }

    /// <summary>The first difference, or null.</summary>
    public string? Compare(byte[] module, bool withWasmtime)
    {
        Outcome reference = _interpreter.Run(module);
        Note(reference);
        foreach (HornetEngine native in _native)
            if (reference.Difference(native.Run(module)) is { } difference) return $"interpreter  |  {native.Name}: {difference}";
        if (withWasmtime && reference.Difference(_wasmtime.Run(module), isForeign: true) is { } other) return $"interpreter  |  Wasmtime: {other}";
        return null;
    }

    /// <summary>As <see cref="Compare"/>, and with a collection at every allocation.</summary>
    public string? CompareCollecting(byte[] module)
    {
        Outcome reference = _interpreter.Run(module);
        foreach (HornetEngine engine in _collecting)
            if (reference.Difference(engine.Run(module)) is { } difference) return $"interpreter  |  {engine.Name}: {difference}";
        return Compare(module, withWasmtime: true);
    }

    /// <summary>The module, saved as an image and loaded again, against the interpreter.</summary>
    public string? CompareImage(byte[] module) => CompareTiers(module, [_interpreter, _image]);

    /// <summary>As <see cref="Compare"/>, for modules that need not end: tiers against each other, with a time limit.</summary>
    public string? CompareInterruptible(byte[] module) => CompareTiers(module, _interruptible);

    /// <summary>Tiers against each other with little fuel, which must be spent alike, and with canonical NaNs.</summary>
    public string? CompareMetered(byte[] module) => CompareTiers(module, _metered);

    string? CompareTiers(byte[] module, HornetEngine[] tiers)
    {
        try
        {
            Outcome reference = tiers[0].Run(module);
            Note(reference);
            foreach (HornetEngine native in tiers.AsSpan(1))
                if (reference.Difference(native.Run(module)) is { } difference) return $"interpreter  |  {native.Name}: {difference}";
            return null;
        }
        catch (WasmFormatException)
        {
            return null;
        }
    }

    void Note(Outcome outcome)
    {
        Steps += outcome.Lines.Count;
        if (outcome.Inconclusive) Inconclusive++;
    }

    public void Dispose()
    {
        foreach (HornetEngine engine in (HornetEngine[])[_interpreter, .. _native, .. _interruptible, .. _metered, .. _collecting, _image]) engine.Dispose();
        _wasmtime.Dispose();
    }
}
