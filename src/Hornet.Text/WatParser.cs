using Hornet.Text.Modules;

namespace Hornet.Text;

/// <summary>What <see cref="WatParser"/> writes besides what the text says.</summary>
public sealed record WatOptions
{
    public static WatOptions Default { get; } = new();

    /// <summary>Whether identifiers are kept in a name section.</summary>
    public bool Names { get; init; } = true;

    /// <summary>After so many errors the parser gives up.</summary>
    public int MaxErrors { get; init; } = 20;
}

/// <summary>Modules in the text format to modules in the binary format. The result is well formed; whether it is valid is the validator's to say.</summary>
public static class WatParser
{
    /// <summary>Parses a text that holds one module, with or without <c>(module ...)</c> around its fields.</summary>
    /// <exception cref="TextException">The text does not follow the grammar.</exception>
    public static byte[] Parse(ReadOnlySpan<byte> utf8, WatOptions? options = null)
    {
        new Lexer(utf8).CheckEncoding();
        ModuleParser parser = new(utf8, 0, options ?? WatOptions.Default);
        return parser.Standalone();
    }

    /// <summary>Whether these bytes look like a module in the text format rather than one in the binary format.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes) => !bytes.StartsWith("\0asm"u8);
}
