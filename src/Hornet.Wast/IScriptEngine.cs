using Hornet.Text.Scripts;

namespace Hornet.Wast;

/// <summary>What a runner asks of an engine. A module and an instance are the engine's own objects.</summary>
interface IScriptEngine : IDisposable
{
    /// <summary>Whether it runs modules; if not, only texts and validity are judged.</summary>
    bool CanRun { get; }

    /// <summary>Decodes and validates; throws <see cref="Wasm.WasmFormatException"/>.</summary>
    object Compile(byte[] module);

    /// <summary>Links, instantiates, runs the start function; the outcome's <see cref="Outcome.Instance"/> is set where that went well.</summary>
    Outcome Instantiate(object module);

    /// <summary>Makes an instance's exports importable under a name.</summary>
    void Register(string name, object instance);

    Outcome Invoke(object instance, string function, ScriptValue[] arguments);

    Outcome Get(object instance, string global);

    /// <summary>An engine for a thread of the script, in a store of its own; null where nothing runs.</summary>
    IScriptEngine? ForThread() => null;

    /// <summary>What another thread may see of an instance: its shared memories, as something that this thread's engine can register.</summary>
    object Share(object instance) => instance;
}

enum OutcomeKind : byte { Returned, Trapped, Exhausted, Threw, Unlinkable, Failed }

/// <summary>How an action ended; <see cref="Message"/> says why where it did not return.</summary>
sealed record Outcome(OutcomeKind Kind, string Message)
{
    public ScriptResult[] Results { get; init; } = [];
    public object? Instance { get; init; }

    public static Outcome Returned(params ScriptResult[] results) => new(OutcomeKind.Returned, "") { Results = results };
}

/// <summary>A result in the script's terms: the most specific kind that it has.</summary>
readonly record struct ScriptResult(ScriptValueKind Kind, ulong Bits, ulong BitsHigh = 0);
