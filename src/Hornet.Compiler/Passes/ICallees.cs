using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Passes;

/// <summary>Where the inliner gets functions from. What it answers depends on the program alone, so that the same program becomes the same code.</summary>
internal interface ICallees
{
    /// <summary>Whether a callee may have a <see cref="Inlining.SizeOf"/> of no more than <paramref name="most"/>. Cheap: nothing is built for it.</summary>
    bool MayBeSmall(int symbol, int most);

    /// <summary>Builds a callee as it is before all passes.</summary>
    /// <param name="symbol">As calls name it.</param>
    /// <param name="most">The largest size that is wanted.</param>
    /// <returns>The callee, without aliases, good until the next one is built; null where it is larger.</returns>
    Function? Build(int symbol, int most);

    /// <summary>Whether a call may go on in a handler.</summary>
    bool MayThrow(int symbol);
}
