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

    /// <summary>The text of functions, one after the other.</summary>
    public static void OfFunctions(byte[] module, IEnumerable<int> functions, Action<int, List<WatLine>> each) =>
        WatPrinter.PrintFunctions(module, functions, (index, text) => each(index, [.. Read(Encoding.UTF8.GetString(text))]), new() { Offsets = true });

    private static IEnumerable<WatLine> Read(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
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
