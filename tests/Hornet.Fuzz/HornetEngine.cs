using Hornet.Native;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>An engine of Hornet as a party to comparisons.</summary>
public sealed class HornetEngine(string name, Config config, TimeSpan? deadline = null, bool metered = false, bool image = false) : IDisposable
{
    // Enough for some calls and too little for others, so that guests stop at all kinds of places.
    const ulong LeastUnits = 10, UnitsPerCall = 67;

    readonly Engine _engine = new(config);

    public string Name => name;

    public static HornetEngine Interpreter() => new("interpreter", new Config());

    /// <summary>
    /// Machine code with guard pages; with explicit checks and a compiler that checks itself (the IR between passes, and the allocation of registers); with neither optimiser nor signals; and both
    /// tiers in one call: functions change over at their second call and at the heads of their loops.
    /// </summary>
    public static HornetEngine[] Native()
    {
        HornetEngine guarded = new("native, guard pages", new Config().WithNativeCode(tierUp: false));
        HornetEngine plain = new("native, no optimiser, no signals", new Config().WithNativeCode(tierUp: false).WithOptimizationLevel(OptimizationLevel.None).WithSignalsBasedTraps(false));
        NativeTier.Verify = true;
        try
        {
            return [guarded, new("native, explicit checks", new Config().WithNativeCode(tierUp: false).WithOptimizationLevel(OptimizationLevel.SpeedAndSize).WithStaticMemoryMaximumSize(1 << 20)), plain, new("tier-up", TieringUp(new Config()))];
        }
        finally
        {
            NativeTier.Verify = false;
        }
    }

    static Config TieringUp(Config config) => config.WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);

    /// <summary>The tiers, interruptible: for modules that need not end by themselves.</summary>
    public static HornetEngine[] Interruptible(TimeSpan deadline) =>
    [
        new("interpreter", new Config().WithEpochInterruption(true), deadline),
        new("native, guard pages", new Config().WithEpochInterruption(true).WithNativeCode(tierUp: false), deadline),
        new("native, explicit checks", new Config().WithEpochInterruption(true).WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(1 << 20), deadline),
        new("tier-up", TieringUp(new Config().WithEpochInterruption(true)), deadline),
    ];

    /// <summary>The tiers with fuel and canonical NaNs: what is left of the fuel is part of the outcome.</summary>
    public static HornetEngine[] Metered()
    {
        return [new("interpreter", Config(), metered: true), new("native, guard pages", Config().WithNativeCode(tierUp: false), metered: true), new("native, explicit checks", Config().WithNativeCode(lazy: false).WithStaticMemoryMaximumSize(1 << 20), metered: true), new("tier-up", TieringUp(Config()), metered: true)];

        static Config Config() => new Config().WithFuelConsumption(true).WithCraneliftNaNCanonicalization(true);
    }

    /// <summary>Machine code that was saved and loaded.</summary>
    public static HornetEngine FromImage() => new("native, from an image", new Config().WithNativeCode(tierUp: false), image: true);

    /// <summary>The tiers with a collection at every allocation: a root that is missing is found at once.</summary>
    public static HornetEngine[] Collecting() =>
    [
        new("interpreter, collecting", new Config().WithCollectionAtEveryAllocation(true)),
        new("native, collecting", new Config().WithCollectionAtEveryAllocation(true).WithNativeCode(tierUp: false)),
        new("tier-up, collecting", TieringUp(new Config().WithCollectionAtEveryAllocation(true))),
    ];

    /// <summary>Makes all calls of a module.</summary>
    /// <exception cref="WasmFormatException">The module is not valid.</exception>
    /// <exception cref="InvalidOperationException">The compiler failed on a function, which the engine leaves to the interpreter without a word.</exception>
    public Outcome Run(byte[] bytes)
    {
        int failures = ModuleCompiler.Failures;
        Outcome outcome = MakeCalls(bytes);
        return ModuleCompiler.Failures == failures ? outcome : throw new InvalidOperationException($"{Name}: the compiler failed on {ModuleCompiler.Failures - failures} functions: {ModuleCompiler.LastFailure?.Message.Split('\n')[0]}");
    }

    Module Load(byte[] bytes)
    {
        Module module = Module.FromBytes(_engine, "fuzz", bytes);
        if (!image) return module;
        using (module) return Module.Deserialize(_engine, "fuzz", module.Serialize());
    }

    Outcome MakeCalls(byte[] bytes)
    {
        Outcome outcome = new();
        using Module module = Load(bytes);
        using Store store = new(_engine) { Limits = new(MemorySize: 64 << 20, TableElements: 10_000) };
        using Linker linker = new(_engine);
        linker.DefineFunction<int, long, long>("h", "f", Calls.Host);
        if (metered) store.Fuel = LeastUnits * 10;
        if (deadline is not null) store.SetDeadline(deadline);
        Instance instance;
        try
        {
            linker.DefineUnknownImportsAsDefaultValues(store, module);
            instance = linker.Instantiate(store, module);
        }
        catch (Exception e) when (e is TrapException or LinkException)
        {
            outcome.Add($"instantiation: {(e is TrapException t ? Code(t.Type) : "link error")}");
            if (e is TrapException { Type: TrapCode.Interrupt or TrapCode.StackOverflow }) outcome.Stop();
            return outcome;
        }
        Global? fuel = instance.GetGlobal("fuel");
        foreach ((string export, Function function) in instance.GetFunctions())
        {
            ValType[] parameters = [.. function.Parameters.Select(TypeOf)], results = [.. function.Results.Select(TypeOf)];
            if (parameters.Concat(results).Any(t => t == ValType.Bottom)) continue;
            ValueBox[] values = new ValueBox[results.Length], arguments = new ValueBox[parameters.Length];
            int count = Calls.Count(export, parameters);
            for (int call = 0; call < count; call++)
            {
                for (int i = 0; i < arguments.Length; i++)
                {
                    (ulong low, ulong high) = Calls.Argument(export, parameters, call, i);
                    arguments[i] = ValueBox.FromBits(function.Parameters[i], low, high);
                }
                fuel?.SetValue(ModuleGenerator.Fuel);
                if (metered) store.Fuel = LeastUnits + (ulong)(call % 16) * UnitsPerCall;
                string done;
                try
                {
                    function.Invoke(arguments, values);
                    done = string.Join(' ', values.Select((v, i) => Calls.Bits(results[i], v.LowBits, v.HighBits)));
                }
                catch (TrapException e)
                {
                    if (e.Type is TrapCode.StackOverflow or TrapCode.Interrupt)
                    {
                        outcome.Stop();
                        return outcome;
                    }
                    done = Code(e.Type);
                }
                catch (WasmException)
                {
                    done = "exception";
                }
                outcome.Add($"{export}#{call}({string.Join(' ', arguments.Select((a, i) => Calls.Bits(parameters[i], a.LowBits, a.HighBits)))}) = {done}{(metered ? $", {store.Fuel} left" : "")}");
            }
        }
        foreach ((string export, Memory memory) in instance.GetMemories()) outcome.Add($"memory {export}: {memory.GetLength():x} {Calls.Hash(memory.GetSpan()):x16}");
        foreach ((string export, Table table) in instance.GetTables())
            if (table.Kind == TableKind.FuncRef) outcome.Add($"table {export}: {string.Join(' ', Enumerable.Range(0, (int)table.GetSize()).Select(i => table.GetElement((ulong)i) is Function f ? Calls.Element(f.Parameters.Count, f.Results.Count) : "null"))}");
        foreach ((string export, Global global) in instance.GetGlobals())
            if (TypeOf(global.Kind) is { IsBottom: false } type) outcome.Add($"global {export}: {Calls.Bits(type, global.Value.LowBits, global.Value.HighBits)}");
        return outcome;
    }

    internal static ValType TypeOf(ValueKind kind) => kind <= ValueKind.V128 ? Bodies.Types[(int)kind] : ValType.Bottom;

    // Wasmtime has one code where the standard's tests have several wordings.
    static string Code(TrapCode code) => $"trap {code switch
    {
        TrapCode.UndefinedElement => TrapCode.TableOutOfBounds,
        TrapCode.NullFunctionReference or TrapCode.NullStructReference or TrapCode.NullArrayReference or TrapCode.NullI31Reference or TrapCode.NullExceptionReference => TrapCode.NullReference,
        _ => code,
    }}";

    public void Dispose() => _engine.Dispose();
}
