using Hornet.Wasm;

namespace Hornet.Cli;

/// <summary>A module's bytes, from a file or from standard input, and how to speak about them when they are wrong.</summary>
internal sealed record ModuleFile(string Name, byte[] Bytes)
{
    /// <summary>Reads a file; '-' is standard input.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static ModuleFile Read(string path)
    {
        try
        {
            if (path != "-")
                return new(path, File.ReadAllBytes(path));
            using var input = Console.OpenStandardInput();
            using var all = new MemoryStream();
            input.CopyTo(all);
            return new("(standard input)", all.ToArray());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InputException(Directory.Exists(path) ? $"{path}: a directory, not a module" : !File.Exists(path) ? $"{path}: no such file" : $"{path}: {e.Message}");
        }
    }

    /// <summary>Runs something that may find the module wrong, and then names file, offset and what was expected.</summary>
    public T Checked<T>(Func<byte[], T> use)
    {
        try
        {
            return use(Bytes);
        }
        catch (WasmFormatException e)
        {
            throw Wrong(e);
        }
    }

    /// <summary>One line: file, offset, expectation.</summary>
    public InputException Wrong(WasmFormatException e) =>
        new($"{Name}: at offset 0x{e.Offset:x}: {e.Reason}{(LooksLikeText() ? " (this looks like the text format; a binary module is expected)" : "")}");

    private bool LooksLikeText()
    {
        var start = Bytes.AsSpan(0, Math.Min(Bytes.Length, 256)).TrimStart(" \t\r\n"u8);
        return start.StartsWith("("u8) || start.StartsWith(";;"u8);
    }
}
