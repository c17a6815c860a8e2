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

    /// <summary>Whether a file, which can be read, is an image that 'hornet compile' made.</summary>
    public static bool IsImage(string path)
    {
        // A pipe has no length, and must not lose what is read here.
        if (path == "-" || new FileInfo(path) is not { Exists: true, Length: >= ImageListing.MagicLength })
            return false;
        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.None);
            Span<byte> start = stackalloc byte[ImageListing.MagicLength];
            return RandomAccess.Read(file, start, 0) == start.Length && ImageListing.IsImage(start);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Whoever opens it will complain.
            return false;
        }
    }

    /// <summary>Opens a module to be read from beginning to end; '-' is standard input. One in the text format is given in the binary format.</summary>
    /// <exception cref="InputException">It cannot be opened, or its text is wrong.</exception>
    public static Stream Open(string path)
    {
        var raw = OpenRaw(path);
        var start = new byte[ImageListing.MagicLength];
        var peeked = raw.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (ImageListing.IsImage(start))
        {
            raw.Dispose();
            throw new InputException($"{NameOf(path)}: an image of machine code, not a module: 'hornet objdump' shows it, 'hornet run --allow-precompiled' runs it");
        }
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
