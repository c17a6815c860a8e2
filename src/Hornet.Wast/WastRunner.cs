using System.Diagnostics;
using Hornet.Text;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Wast;

/// <summary>Runs scripts (.wast) and judges what happens by what they say.</summary>
public static class WastRunner
{
    /// <summary>Judges everything in a script that needs no engine: texts, binary modules, validity.</summary>
    /// <exception cref="TextException">The script itself is malformed.</exception>
    public static WastResult Validate(ReadOnlySpan<byte> script, Features features = Features.All)
    {
        using ValidatingEngine engine = new(features);
        return Run(script, engine);
    }

    /// <summary>Runs a script in a store of its own.</summary>
    /// <param name="script">UTF-8.</param>
    /// <param name="features">What modules may use.</param>
    /// <exception cref="TextException">The script itself is malformed.</exception>
    public static WastResult Run(ReadOnlySpan<byte> script, Features features = Features.All)
    {
        using HostedEngine engine = new(features);
        return Run(script, engine);
    }

    /// <summary>Runs a script in a store of its own on a given engine.</summary>
    public static WastResult Run(ReadOnlySpan<byte> script, Engine engine)
    {
        using HostedEngine hosted = new(engine);
        return Run(script, hosted);
    }

    internal static WastResult Run(ReadOnlySpan<byte> script, IScriptEngine engine)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<Directive> directives = WastParser.Parse(script);
        ScriptRun run = new(engine);
        foreach (Directive directive in directives) run.Step(directive);
        run.JoinAll();
        return new(run.Passed, run.NotRun, run.Failures, Stopwatch.GetElapsedTime(start));
    }
}
