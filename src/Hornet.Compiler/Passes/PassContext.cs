using Hornet.Base;
using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>What passes share: the control flow of the function (a pass that changes edges computes it again), scratch, and the
/// fuel that stops rewriting after so many rewrites, so that a wrong one is found by bisection.</summary>
internal sealed class PassContext
{
    public ControlFlow Flow { get; } = new();

    public ValueTable Known { get; } = new();

    public FactTable Facts { get; } = new();

    public FlatList<int> Uses { get; } = new(256);

    public FlatList<int> Work { get; } = new(64);

    public FlatList<int> Marks { get; } = new(64);

    public FlatList<int> Marks2 { get; } = new(64);

    /// <summary>Steps left of a walk that must end soon.</summary>
    public int Steps { get; set; }
    /// <summary>Where the inliner gets functions from; null where nothing is inlined.</summary>
    public ICallees? Callees { get; set; }

    /// <summary>The function that is being inlined.</summary>
    public Function Callee { get; set; } = new();

    /// <summary>Of the same walk: whether a counter is bounded by the branch that tests it.</summary>
    public bool CountersBounded { get; set; }

    /// <summary>Rewrites left.</summary>
    public int Fuel { get; set; } = int.MaxValue;

    /// <summary>What makes code faster and longer is left out.</summary>
    public bool ForSize { get; set; }

    /// <summary>Is shown the function after each pass; null where nobody looks.</summary>
    public Action<string, Function>? Trace { get; set; }

    /// <summary>Takes the fuel for one rewrite; false: do not rewrite.</summary>
    public bool TakeFuel()
    {
        if (Fuel == 0) return false;
        Fuel--;
        return true;
    }

    /// <summary>How often each value is used, by instructions of blocks in the layout.</summary>
    public void CountUses(Function function)
    {
        Uses.Reset(function.Values.Count, 0);
        FlatList<int> uses = Uses;
        for (Block block = function.FirstBlock; !block.IsNone; block = function[block].Next)
            for (Inst inst = function[block].First; !inst.IsNone; inst = function.Link(inst).Next)
                function.ForEachUse(inst, ref uses, static (Value value, ref FlatList<int> counts) => counts[value.Index]++);
    }
}
