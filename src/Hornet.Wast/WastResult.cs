namespace Hornet.Wast;

/// <summary>A directive that did not do what the script says.</summary>
public sealed record WastFailure(int Line, int Column, string Message);

/// <summary>What running a script came to.</summary>
/// <param name="Passed">Directives that did what the script says.</param>
/// <param name="NotRun">Directives that need an engine where there was none.</param>
/// <param name="Failures">The others, in the order of the script.</param>
/// <param name="Time">How long it took.</param>
public sealed record WastResult(int Passed, int NotRun, IReadOnlyList<WastFailure> Failures, TimeSpan Time)
{
    /// <summary>As <c>hornet wast</c> prints it: a line for each failure.</summary>
    public string Render(string file) => string.Concat(Failures.Select(f => $"{file}:{f.Line}:{f.Column}: {f.Message}\n"));
}
