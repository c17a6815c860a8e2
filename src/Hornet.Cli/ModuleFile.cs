using Hornet.Text;
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

    /// <summary>Opens a module to be read from beginning to end; '-' is standard input. One in the text format is given in the binary format.</summary>
    /// <exception cref="InputException">It cannot be opened, or its text is wrong.</exception>
    public static Stream Open(string path)
    {
        var raw = OpenRaw(path);
        var start = new byte[4];
        var peeked = raw.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (!LooksLikeText(start.AsSpan(0, peeked)))
        {
            if (!raw.CanSeek)
                return new PrefixedStream(start[..peeked], raw);
            raw.Position = 0;
            return raw;
        }
        using (raw)
        {
            using var all = new MemoryStream();
            all.Write(start, 0, peeked);
            raw.CopyTo(all);
            return new MemoryStream(FromText(NameOf(path), all.ToArray()));
        }
    }

    /// <summary>Reads a file as it is; '-' is standard input.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static byte[] ReadRaw(string path)
    {
        using var raw = OpenRaw(path);
        using var all = new MemoryStream();
        raw.CopyTo(all);
        return all.ToArray();
    }

    /// <summary>The binary form of a module in the text format.</summary>
    /// <exception cref="InputException">The text is wrong; says where, with the line.</exception>
    public static byte[] FromText(string name, byte[] text, WatOptions? options = null)
    {
        try
        {
            return WatParser.Parse(text, options);
        }
        catch (TextException e)
        {
            throw new InputException(e.Render(name));
        }
    }

    /// <summary>Whether bytes begin as text does: with a blank, a parenthesis or a comment.</summary>
    public static bool LooksLikeText(ReadOnlySpan<byte> start) =>
        start.TrimStart(" \t\r\n"u8) is var rest && (rest.StartsWith("("u8) || rest.StartsWith(";;"u8) || rest.IsEmpty && !start.IsEmpty);

    private static Stream OpenRaw(string path)
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
    public static InputException Wrong(string name, WasmFormatException e) => new($"{name}: at offset 0x{e.Offset:x}: {e.Reason}");

    /// <summary>One line: file, offset, expectation.</summary>
    public InputException Wrong(WasmFormatException e) => Wrong(Name, e);
}
