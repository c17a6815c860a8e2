using System.Globalization;
using System.Text;
using Hornet.Cli.Commands;
using Hornet.Wasm;

namespace Hornet.Cli.Disassembly;

/// <summary>
/// The page of <c>hornet explore</c>: explore.html with its data put in. A function is an object of strings, a line for each line shown and
/// a tab between its fields, which the page takes apart when the function is looked at: so a page with thousands of functions opens at once.
/// </summary>
internal sealed class ExploredModule(string name, byte[] bytes, ModuleEnvironment environment, Config config, bool lazy)
{
    private const string Template = "explore.html", Place = "\"DATA\"";

    private readonly FunctionNames names = new(bytes, environment);

    /// <summary>Writes the page.</summary>
    /// <returns>How many functions it shows.</returns>
    public int Write(Stream page, IEnumerable<int> functions, long most = long.MaxValue)
    {
        using var resource = new StreamReader(typeof(ExploredModule).Assembly.GetManifestResourceStream(Template)!, Encoding.UTF8);
        var template = resource.ReadToEnd();
        var at = template.IndexOf(Place, StringComparison.Ordinal);
        using var to = new StreamWriter(page, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        to.Write(template.AsSpan(0, at));
        to.Write($"{{\"module\":{Quoted(name)},\"total\":{environment.Bodies.Count},\"functions\":[");
        var disassembler = new Disassembler(NameOf);
        var compilation = new CompilationListing(environment, bytes, config, lazy);
        int count = 0;
        long size = 0;
        // Asked before each function.
        WatLine.OfFunctions(bytes, functions.TakeWhile(_ => size < most), (index, text) =>
        {
            // The parenthesis that closes the function is its last operator.
            text[^1] = text[^1] with { Offset = environment.Bodies[index - environment.ImportedFunctions].Bytes.End - 1 };
            var code = compilation.Compile(index, null, out var refusal);
            to.Write(count++ == 0 ? "\n" : ",\n");
            var data = $"{{\"i\":{index},\"n\":{Quoted(NameOf(index))},\"b\":{environment.Bodies[index - environment.ImportedFunctions].Bytes.Length},\"s\":{code?.Bytes.Length ?? 0},\"w\":{Quoted(Lines(text, Wat))},\"c\":{Quoted(code is null ? "" : Lines(disassembler.Lines(code), Code))},\"r\":{Quoted(refusal ?? "")}}}";
            to.Write(data);
            size += data.Length;
        });
        to.Write("]}");
        to.Write(template.AsSpan(at + Place.Length));
        return count;
    }

    private string NameOf(int index) => names.Of(index) is { } found ? DemangleCommand.NameOf(found) : $"function {index}";

    private static string Lines<T>(IEnumerable<T> lines, Action<StringBuilder, T> write)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            if (text.Length > 0)
                text.Append('\n');
            write(text, line);
        }
        return text.ToString();
    }

    private static void Wat(StringBuilder to, WatLine line) => to.Append($"{Hex(line.Offset)}\t{line.Text.Replace('\t', ' ')}");

    // An instruction that swallowed a load belongs to both operators.
    private static void Code(StringBuilder to, CodeLine line) =>
        to.Append($"{Hex(line.Own)}{(line.Operand < 0 ? "" : $",{Hex(line.Operand)}")}\t{Hex(line.Offset)}\t{Convert.ToHexStringLower(line.Bytes.Span)}\t{line.Text.Replace('\t', ' ')}\t{Hex(line.Target)}\t{(line.Inlined.Length == 0 ? "" : $"inlined {line.Inlined} ")}{line.Notes}");

    private static string Hex(int offset) => offset < 0 ? "" : offset.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>A string of JSON that may stand within a script element.</summary>
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 16);
        foreach (var c in text)
        {
            if (c == '\n')
                quoted.Append("\\n");
            else if (c == '\t')
                quoted.Append("\\t");
            else if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c is < ' ' or '<' or '>' or '\u2028' or '\u2029' || char.IsSurrogate(c))
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }
}
