namespace Hornet.Cli;

/// <summary>A file that cannot be read or accepted: printed as one line that names it, exit code 1.</summary>
internal sealed class InputException(string message) : Exception(message);
