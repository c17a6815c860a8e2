using Hornet.Wasm;

namespace Hornet.Cli;

/// <summary>A module's bytes, from a file or from standard input, and how to speak about them when they are wrong.</summary>
internal sealed record ModuleFile(string Name, byte[] Bytes)
{
    /// <summary>Reads a file; '-' is standard input.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static ModuleFile Read(string path)
    {
        using var input = Open(path);
        if (input.CanSeek && input.Length <= Array.MaxLength)
        {
            var bytes = GC.AllocateUninitializedArray<byte>((int)input.Length);
            if (input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length)
                return new(NameOf(path), bytes);
        }
        using var all = new MemoryStream();
        input.CopyTo(all);
        return new(NameOf(path), all.ToArray());
    }

    /// <summary>Opens a file to be read from beginning to end; '-' is standard input.</summary>
    /// <exception cref="InputException">It cannot be opened.</exception>
    public static Stream Open(string path)
    {
        try
        {
            return path == "-" ? Console.OpenStandardInput() : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InputException(Directory.Exists(path) ? $"{path}: a directory, not a module" : !File.Exists(path) ? $"{path}: no such file" : $"{path}: {e.Message}");
        }
    }

    /// <summary>What messages call it.</summary>
    public static string NameOf(string path) => path == "-" ? "(standard input)" : path;

    /// <summary>One line: file, offset, expectation.</summary>
    public static InputException Wrong(string name, WasmFormatException e, ReadOnlySpan<byte> start = default)
    {
        start = start[..Math.Min(start.Length, 256)].TrimStart(" \t\r\n"u8);
        var text = start.StartsWith("("u8) || start.StartsWith(";;"u8);
        return new($"{name}: at offset 0x{e.Offset:x}: {e.Reason}{(text ? " (this looks like the text format; a binary module is expected)" : "")}");
    }

    /// <summary>One line: file, offset, expectation.</summary>
    public InputException Wrong(WasmFormatException e) => Wrong(Name, e, Bytes);
}
