namespace Hornet;

/// <summary>The guest has ended itself with <c>proc_exit</c>.</summary>
/// <param name="exitCode">What it gave.</param>
public sealed class WasiExitException(int exitCode) : HornetException($"the guest exited with code {exitCode}")
{
    /// <summary>The guest's exit code.</summary>
    public int ExitCode { get; } = exitCode;
}
