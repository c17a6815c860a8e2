namespace Hornet.Cli;

/// <summary>A command line that cannot be understood: printed as one line, exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
