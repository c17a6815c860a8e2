using System.Globalization;
using System.Text;
using Hornet.Text;

namespace Hornet.Cli.Disassembly;

/// <summary>A line of a module's text.</summary>
/// <param name="Offset">Of its operator in the module; -1 where it has none.</param>
/// <param name="Text">The line, indented.</param>
internal readonly record struct WatLine(int Offset, string Text)
{
    private const string Before = "(;@", Behind = ";) ";

    /// <summary>The text of one function.</summary>
    public static List<WatLine> OfFunction(byte[] module, int function) =>
        [.. Read(WatPrinter.Print(module, new() { Function = function, Offsets = true })).Where(l => l.Text.Length > 0)];

    /// <summary>The lines of a text that was printed with offsets.</summary>
    public static IEnumerable<WatLine> Read(byte[] text)
    {
        using var lines = new StreamReader(new MemoryStream(text), Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            var indent = line.Length - line.AsSpan().TrimStart(' ').Length;
            if (!line.AsSpan(indent).StartsWith(Before, StringComparison.Ordinal))
            {
                yield return new(-1, line);
                continue;
            }
            var end = line.IndexOf(Behind, indent, StringComparison.Ordinal);
            var offset = int.Parse(line.AsSpan(indent + Before.Length, end - indent - Before.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            yield return new(offset, string.Concat(line.AsSpan(0, indent), line.AsSpan(end + Behind.Length)));
        }
    }
}
