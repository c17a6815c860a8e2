using System.CommandLine;

namespace Hornet.Cli;

/// <summary>Where a command writes its result: the file that -o names, or standard output.</summary>
internal static class OutputFile
{
    public static Option<string?> Option() => new("--output", "-o") { Description = "write here, not to standard output", HelpName = "FILE" };

    public static Stream Open(string? path)
    {
        try
        {
            return path is null or "-" ? Console.OpenStandardOutput() : File.Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InputException($"{path}: {e.Message}");
        }
    }

    /// <summary>Writes bytes that are not for a terminal.</summary>
    public static void WriteBinary(string? path, ReadOnlySpan<byte> bytes)
    {
        if (path is null && !Console.IsOutputRedirected)
            throw new UsageException("a binary module is not written to a terminal: use -o FILE, or -o - to insist");
        using var output = Open(path);
        output.Write(bytes);
    }
}
