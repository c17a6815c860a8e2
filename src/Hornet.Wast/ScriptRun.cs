using Hornet.Text;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Wast;

/// <summary>The state of a script while it runs: named modules and instances, and the score.</summary>
sealed class ScriptRun(IScriptEngine engine)
{
    readonly Dictionary<string, object> _definitions = [], _instances = [];
    readonly List<(string? Name, System.Threading.Thread Thread, ScriptRun Run)> _threads = [];
    object? _definition, _instance;

    // A script's threads may wait for each other; one that never ends must not hang the run.
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public int Passed { get; private set; }
    public int NotRun { get; private set; }
    public List<WastFailure> Failures { get; } = [];

    public void Step(Directive directive)
    {
        string? wrong;
        try
        {
            wrong = Judge(directive);
        }
        catch (WasmFormatException e)
        {
            wrong = $"the module is not accepted: {e.Message}";
        }
        catch (TextException e)
        {
            wrong = $"the module's text is not accepted: {e.Message}";
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Our own bug: the script goes on, the failure names it.
            wrong = string.Join(" | ", e.ToString().Split('\n').Take(4));
        }
        if (wrong is null) Passed++;
        else if (wrong.Length > 0) Failures.Add(new(directive.Line, directive.Column, wrong));
        else NotRun++;
    }

    // What is wrong; null: nothing; empty: it needs an engine that runs.
    string? Judge(Directive d) => d.Kind switch
    {
        DirectiveKind.Module => Instantiate(Define(d.Module!), d.Module!.Name),
        DirectiveKind.ModuleDefinition => Define(d.Module!) is null ? "no module" : null,
        DirectiveKind.ModuleInstance => Find(_definitions, d.Definition, _definition) is { } definition ? Instantiate(definition, d.Name) : $"unknown module definition {d.Definition}",
        DirectiveKind.AssertMalformed or DirectiveKind.AssertMalformedCustom => Rejected(d, FormatErrorKind.Malformed),
        DirectiveKind.AssertInvalid or DirectiveKind.AssertInvalidCustom => Rejected(d, FormatErrorKind.Invalid),
        _ when !engine.CanRun => "",
        DirectiveKind.Register => Register(d),
        DirectiveKind.Action => Expect(OutcomeKind.Returned, Act(d.Action!), ""),
        DirectiveKind.AssertReturn => Returned(d),
        DirectiveKind.AssertTrap => Expect(OutcomeKind.Trapped, Do(d), d.Text),
        DirectiveKind.AssertExhaustion => Expect(OutcomeKind.Exhausted, Do(d), d.Text),
        DirectiveKind.AssertException => Expect(OutcomeKind.Threw, Do(d), ""),
        DirectiveKind.AssertUnlinkable => Expect(OutcomeKind.Unlinkable, Do(d), d.Text),
        DirectiveKind.Thread => Thread(d),
        DirectiveKind.Wait => Wait(d),
        _ => $"{d.Kind} is not supported",
    };

    object Define(ScriptModule module)
    {
        object definition = engine.Compile(module.Encode());
        _definition = definition;
        if (module.Name is { } name) _definitions[name] = definition;
        return definition;
    }

    string? Instantiate(object definition, string? name)
    {
        _instance = null;
        Outcome outcome = engine.Instantiate(definition);
        if (outcome.Instance is not { } instance) return $"instantiation failed: {Describe(outcome)}";
        _instance = instance;
        if (name is not null) _instances[name] = instance;
        return null;
    }

    string? Register(Directive d)
    {
        if (Find(_instances, d.Name, _instance) is not { } instance) return $"unknown module {d.Name}";
        engine.Register(d.Text, instance);
        return null;
    }

    static object? Find(Dictionary<string, object> named, string? name, object? last) => name is null ? last : named.GetValueOrDefault(name);

    // A thread of the script is one of the system's, with a store of its own; what it shares with others are shared memories.
    string? Thread(Directive d)
    {
        if (engine.ForThread() is not { } own) return "threads need an engine that runs";
        ScriptRun inner = new(own);
        foreach (string name in d.Shared)
            if (_instances.TryGetValue(name, out object? instance)) inner._instances[name] = own.Share(instance);
        System.Threading.Thread thread = new(() =>
        {
            foreach (Directive directive in d.Body) inner.Step(directive);
            inner.JoinAll();
        }) { IsBackground = true };
        thread.Start();
        _threads.Add((d.Name, thread, inner));
        return null;
    }

    string? Wait(Directive d)
    {
        int at = _threads.FindIndex(t => t.Name == d.Name);
        return at < 0 ? $"unknown thread {d.Name}" : Join(at);
    }

    /// <summary>Waits for the threads that the script has not waited for.</summary>
    public void JoinAll()
    {
        while (_threads.Count > 0)
            if (Join(0) is { } wrong) Failures.Add(new(1, 1, wrong));
    }

    void Dispose() => (engine as IDisposable)?.Dispose();

    string? Join(int at)
    {
        (string? name, System.Threading.Thread thread, ScriptRun inner) = _threads[at];
        _threads.RemoveAt(at);
        if (!thread.Join(s_patience)) return $"thread {name} is still running after {s_patience.TotalSeconds} s";
        Passed += inner.Passed;
        NotRun += inner.NotRun;
        Failures.AddRange(inner.Failures);
        inner.Dispose();
        return null;
    }

    Outcome Do(Directive d) => d.Action is { } action ? Act(action) : engine.Instantiate(engine.Compile(d.Module!.Encode()));

    Outcome Act(ScriptAction action)
    {
        if (Find(_instances, action.Module, _instance) is not { } instance) return new(OutcomeKind.Failed, $"there is no module {action.Module}");
        return action.IsGet ? engine.Get(instance, action.Name) : engine.Invoke(instance, action.Name, action.Arguments);
    }

    string? Returned(Directive d)
    {
        Outcome outcome = Act(d.Action!);
        if (outcome.Kind != OutcomeKind.Returned) return $"{Name(d)}: expected {Show(d.Expected)}, but it {Describe(outcome)}";
        bool matches = outcome.Results.Length == d.Expected.Length;
        for (int i = 0; matches && i < d.Expected.Length; i++) matches = ResultPattern.Matches(d.Expected[i], outcome.Results[i]);
        return matches ? null : $"{Name(d)}: expected {Show(d.Expected)}, got {string.Join(' ', outcome.Results.Select(ResultPattern.Show))}";
    }

    static string Name(Directive d) => $"\"{d.Action!.Name}\"";

    static string Show(ScriptValue[] values) => values.Length == 0 ? "no result" : string.Join(' ', values.Select(ResultPattern.Show));

    static string? Expect(OutcomeKind kind, Outcome outcome, string message)
    {
        // One trap code covers every access outside a table, as in Wasmtime; the reference calls one of them otherwise.
        // The reference says which element or address; ours may be as precise or stop before that.
        bool same = outcome.Kind == kind && (outcome.Message.StartsWith(message, StringComparison.Ordinal) || outcome.Message.Length > 0 && message.StartsWith(outcome.Message, StringComparison.Ordinal));
        return same ? null : $"expected that it {Describe(new(kind, message))}, but it {Describe(outcome)}";
    }

    static string Describe(Outcome outcome) => outcome.Kind switch
    {
        OutcomeKind.Returned => $"returned {string.Join(' ', outcome.Results.Select(ResultPattern.Show))}".TrimEnd(),
        OutcomeKind.Trapped => $"traps: {outcome.Message}",
        OutcomeKind.Exhausted => $"exhausts the stack: {outcome.Message}",
        OutcomeKind.Threw => "throws an exception",
        OutcomeKind.Unlinkable => $"cannot be linked: {outcome.Message}",
        _ => $"fails: {outcome.Message}",
    };

    // The text, the bytes or the validator must object, in the words that the script has.
    string? Rejected(Directive d, FormatErrorKind kind)
    {
        string got;
        try
        {
            engine.Compile(d.Module!.Encode());
            return $"expected \"{d.Text}\", but the module is accepted";
        }
        catch (TextException e) when (kind == FormatErrorKind.Malformed || d.Kind == DirectiveKind.AssertInvalidCustom)
        {
            got = e.Reason;
        }
        catch (WasmFormatException e) when (e.Kind == kind)
        {
            got = e.Reason;
        }
        catch (WasmFormatException e)
        {
            return $"expected \"{d.Text}\" ({kind}), got \"{e.Reason}\" ({e.Kind})";
        }
        return got.StartsWith(d.Text, StringComparison.Ordinal) || ToldBeyondTheEnd(d.Text, got) ? null : $"expected \"{d.Text}\", got \"{got}\"";
    }

    // The reference reads on past the end of a section or body and complains of what it finds there; a reader that takes
    // modules as they arrive cannot, and says that the section has ended.
    static bool ToldBeyondTheEnd(string expected, string got) =>
        got.StartsWith("unexpected end of section or function", StringComparison.Ordinal)
        && expected is ("integer representation too long" or "integer too large" or "END opcode expected" or "section size mismatch" or "length out of bounds" or "malformed limits flags");
}
