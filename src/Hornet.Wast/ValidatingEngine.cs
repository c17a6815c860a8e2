using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Wast;

/// <summary>Validates and runs nothing.</summary>
sealed class ValidatingEngine(Features features) : IScriptEngine
{
    static readonly ValidationOptions OneThread = new() { MaxDegreeOfParallelism = 1 };

    public bool CanRun => false;

    public object Compile(byte[] module) => ModuleValidator.Validate(module, features, OneThread);

    public Outcome Instantiate(object module) => Outcome.Returned() with { Instance = module };

    public void Register(string name, object instance)
    {
    }

    public Outcome Invoke(object instance, string function, ScriptValue[] arguments) => throw new InvalidOperationException("this engine runs nothing");

    public Outcome Get(object instance, string global) => throw new InvalidOperationException("this engine runs nothing");

    public void Dispose()
    {
    }
}
