using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>The list of passes.</summary>
internal static class Pipeline
{
    private delegate bool Pass(Function f, PassContext c);

    private static readonly (string Name, Pass Run)[] Optimising =
    [
        ("inline", Inlining.Run),
        ("legalize", Legalize.Run),
        ("params", RedundantParams.Run),
        ("simplify", Simplify.Run),
        ("branches", Branches.Run),
        ("params", RedundantParams.Run),
        ("loads", RedundantLoads.Run),
        ("checks", RedundantChecks.Run),
        ("invariants", LoopInvariants.Run),
        ("simplify", Simplify.Run),
        ("branches", Branches.Run),
        ("dead", DeadCode.Run),
        ("layout", BlockLayout.Run),
    ];

    private static readonly (string Name, Pass Run)[] Plain =
    [
        ("legalize", Legalize.Run),
        ("params", RedundantParams.Run),
        ("layout", BlockLayout.Run),
    ];

    /// <summary>What the passes are called, each once.</summary>
    public static string[] Names { get; } = [.. Optimising.Select(static p => p.Name).Distinct()];

    /// <summary>Runs the passes of a level, or only the one named.</summary>
    public static void Run(Function f, PassContext c, bool optimise, bool verify, string? only = null)
    {
        foreach ((string name, Pass pass) in optimise ? Optimising : Plain)
        {
            if (only is not null && only != name) continue;
            pass(f, c);
            f.ResolveAll();
            c.Trace?.Invoke(name, f);
            if (verify) Check(f, name);
            if (only is not null) return;
        }
    }

    private static void Check(Function f, string pass)
    {
        try
        {
            Verifier.Check(f);
        }
        catch (VerifierException e)
        {
            throw new VerifierException($"after {pass}: {e.Message}");
        }
    }
}
