namespace Hornet.Bench;

/// <summary>How much is measured.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Rounds">Of what is measured in turn.</param>
/// <param name="SlowRounds">Of the interpreter and of large modules.</param>
/// <param name="Milliseconds">That something short is repeated for in a round.</param>
/// <param name="WarmUp">Milliseconds before that, until .NET has compiled for the last time.</param>
/// <param name="Starts">Rounds of whole processes.</param>
internal sealed record Scale(string Name, int Rounds, int SlowRounds, int Milliseconds, int WarmUp, int Starts)
{
    public static Scale Tiny { get; } = new("tiny: for the test of the driver, the figures mean nothing", 2, 1, 1, 1, 2);
    public static Scale Usual { get; } = new("usual size", 3, 2, 5, 300, 15);
    public static Scale Full { get; } = new("full size", 7, 2, 20, 700, 100);

    // Those whose work does not grow with their size alone.
    private static readonly Dictionary<string, string> UsualSizes = new() { ["fib"] = "35", ["matmul"] = "400", ["mandelbrot"] = "250", ["spectral"] = "350" };

    /// <summary>The size that a program is given.</summary>
    public string SizeOf(string program, string large) =>
        this == Full ? large : this == Tiny ? "1" : UsualSizes.GetValueOrDefault(program) ?? Math.Max(1, int.Parse(large) / 8).ToString();
}
