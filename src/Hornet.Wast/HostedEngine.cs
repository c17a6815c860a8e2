using Hornet.Text;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Wast;

/// <summary>A script's engine: one store, one linker, and the module `spectest` that the suite imports.</summary>
sealed class HostedEngine : IScriptEngine
{
    // Source: interpreter/README of the specification, "Spectest host module"; shared_memory: the threads proposal.
    // A module for each feature that its exports need, so that scripts of older proposals find what they know.
    static readonly (Features Needed, byte[] Bytes)[] SpecTest =
    [
        (Features.Mvp, WatParser.Parse("""
            (module
              (func (export "print"))
              (func (export "print_i32") (param i32))
              (func (export "print_i64") (param i64))
              (func (export "print_f32") (param f32))
              (func (export "print_f64") (param f64))
              (func (export "print_i32_f32") (param i32 f32))
              (func (export "print_f64_f64") (param f64 f64))
              (global (export "global_i32") i32 (i32.const 666))
              (global (export "global_i64") i64 (i64.const 666))
              (global (export "global_f32") f32 (f32.const 666.6))
              (global (export "global_f64") f64 (f64.const 666.6))
              (table (export "table") 10 20 funcref)
              (memory (export "memory") 1 2))
            """u8)),
        (Features.Memory64, WatParser.Parse("""(module (table (export "table64") i64 10 20 funcref))"""u8)),
        (Features.Threads, WatParser.Parse("""(module (memory (export "shared_memory") 1 2 shared))"""u8)),
    ];

    readonly Engine _engine;
    readonly Store _store;
    readonly Linker _linker;
    readonly List<Module> _modules = [];
    readonly bool _ownsEngine;

    /// <param name="features">What modules may use.</param>
    public HostedEngine(Features features) : this(new Engine(new Config().WithFeatures(features))) => _ownsEngine = true;

    /// <param name="engine">Stays its owner's.</param>
    public HostedEngine(Engine engine)
    {
        _engine = engine;
        _store = new(engine);
        // Scripts know nothing of fuel: where an engine charges it, there is enough.
        if (engine.Options.ConsumeFuel) _store.Fuel = ulong.MaxValue;
        _linker = new(engine) { AllowShadowing = true };
        foreach ((Features needed, byte[] bytes) in SpecTest)
        {
            if ((engine.Features & needed) != needed) continue;
            Module module = Module.FromBytes(engine, "spectest", bytes);
            _modules.Add(module);
            _linker.DefineInstance(_store, "spectest", _linker.Instantiate(_store, module));
        }
    }

    public bool CanRun => true;

    public object Compile(byte[] module)
    {
        Module compiled = Module.FromBytes(_engine, null, module);
        _modules.Add(compiled);
        return compiled;
    }

    public Outcome Instantiate(object module) =>
        Ended(() => Outcome.Returned() with { Instance = _linker.Instantiate(_store, (Module)module) });

    public void Register(string name, object instance)
    {
        if (instance is Instance own) _linker.DefineInstance(_store, name, own);
        else foreach ((string export, SharedMemory memory) in (List<(string, SharedMemory)>)instance) _linker.Define(name, export, new Memory(_store, memory));
    }

    public IScriptEngine ForThread() => new HostedEngine(_engine);

    public object Share(object instance)
    {
        List<(string, SharedMemory)> shared = [];
        foreach ((string name, Memory memory) in ((Instance)instance).GetMemories())
            if (memory.Shared is { } of) shared.Add((name, of));
        return shared;
    }

    public Outcome Invoke(object instance, string function, ScriptValue[] arguments)
    {
        if (((Instance)instance).GetFunction(function) is not { } callee) return new(OutcomeKind.Failed, $"no function \"{function}\" is exported");
        if (callee.Parameters.Count != arguments.Length) return new(OutcomeKind.Failed, $"\"{function}\" takes {callee.Parameters.Count} arguments, not {arguments.Length}");
        ValueBox[] given = new ValueBox[arguments.Length];
        for (int i = 0; i < given.Length; i++) given[i] = ScriptValues.ToBox(arguments[i], callee.Parameters[i]);
        return Ended(() =>
        {
            ValueBox[] results = new ValueBox[callee.Results.Count];
            callee.Invoke(given, results);
            return Outcome.Returned(Array.ConvertAll(results, ScriptValues.FromBox));
        });
    }

    public Outcome Get(object instance, string global) =>
        ((Instance)instance).GetGlobal(global) is { } found
            ? Ended(() => Outcome.Returned(ScriptValues.FromBox(found.Value)))
            : new(OutcomeKind.Failed, $"no global \"{global}\" is exported");

    static Outcome Ended(Func<Outcome> action)
    {
        try
        {
            return action();
        }
        catch (TrapException e)
        {
            return new(e.Type == TrapCode.StackOverflow ? OutcomeKind.Exhausted : OutcomeKind.Trapped, e.Reason);
        }
        catch (WasmException)
        {
            return new(OutcomeKind.Threw, "");
        }
        catch (LinkException e)
        {
            return new(OutcomeKind.Unlinkable, e.Message);
        }
    }

    public void Dispose()
    {
        _store.Dispose();
        foreach (Module module in _modules) module.Dispose();
        if (_ownsEngine) _engine.Dispose();
    }
}
