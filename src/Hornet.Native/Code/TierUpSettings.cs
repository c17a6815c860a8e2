namespace Hornet.Native;

/// <summary>When functions become machine code, where they tier up.</summary>
/// <param name="Heat">What the interpreter may spend on a function before it is compiled, in bytes run for each byte of it.</param>
/// <param name="Always">Tests: at the second call, and when a loop comes to its head.</param>
/// <param name="InBackground">A thread compiles while the interpreter goes on.</param>
internal sealed record TierUpSettings(int Heat, bool Always, bool InBackground)
{
    // The compiler takes about as long for a byte of a function as the interpreter for 800 bytes that it runs. A thread that has nothing else to
    // do may begin sooner.
    public static TierUpSettings Default { get; } = Environment.ProcessorCount > 1 ? new(200, false, true) : new(800, false, false);

    /// <summary>Everything as soon as it can be.</summary>
    public static TierUpSettings AtOnce { get; } = new(0, true, false);
}
