using System.Text;

namespace Hornet.Text;

/// <summary>One thing that is wrong with a text, and where.</summary>
/// <param name="Offset">Bytes from the beginning of the text.</param>
/// <param name="Length">Bytes of the offending token; 0 at the end of the text.</param>
/// <param name="Message">In the words of the specification's test suite where it has some.</param>
public sealed record TextDiagnostic(int Offset, int Length, string Message)
{
    /// <summary>Line, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Column in characters, from 1.</summary>
    public int Column { get; init; }

    /// <summary>The source line and, below it, carets under the token; cut to a window where the line is long.</summary>
    public string Excerpt { get; init; } = "";

    /// <summary>As compilers print it: <c>file:line:column: error: message</c>, the line, a caret.</summary>
    public string Render(string file) => $"{file}:{Line}:{Column}: error: {Message}\n{Excerpt}";

    internal TextDiagnostic Locate(ReadOnlySpan<byte> source)
    {
        int at = Math.Min(Offset, source.Length);
        int lineStart = source[..at].LastIndexOf((byte)'\n') + 1;
        int lineLength = source[lineStart..].IndexOfAny((byte)'\n', (byte)'\r');
        int lineEnd = lineLength < 0 ? source.Length : lineStart + lineLength;
        const int window = 100;
        int from = Math.Max(lineStart, at - window), to = Math.Min(lineEnd, Math.Max(at, from) + window);
        // Do not cut inside a UTF-8 sequence.
        while (from > lineStart && (source[from] & 0xC0) == 0x80) from--;
        while (to < lineEnd && (source[to] & 0xC0) == 0x80) to++;
        string before = Encoding.UTF8.GetString(source[from..Math.Max(from, at)]);
        string line = Encoding.UTF8.GetString(source[from..Math.Max(from, to)]);
        StringBuilder marks = new();
        foreach (char c in before) marks.Append(c == '\t' ? '\t' : ' ');
        int carets = Math.Clamp(Math.Min(Length, to - at), 1, window);
        return this with
        {
            Line = source[..at].Count((byte)'\n') + 1,
            Column = Encoding.UTF8.GetCharCount(source[lineStart..at]) + 1,
            Excerpt = $"    {line}\n    {marks}^{new string('~', carets - 1)}",
        };
    }
}

/// <summary>A text that does not follow the grammar of the text format.</summary>
public sealed class TextException : Exception
{
    internal TextException(IReadOnlyList<TextDiagnostic> diagnostics)
        : base(string.Join('\n', diagnostics.Select(d => $"{d.Line}:{d.Column}: {d.Message}"))) => Diagnostics = diagnostics;

    internal TextException(TextDiagnostic diagnostic) : this([diagnostic])
    {
    }

    /// <summary>What is wrong, in the order of the text; at least one.</summary>
    public IReadOnlyList<TextDiagnostic> Diagnostics { get; }

    /// <summary>The first message.</summary>
    public string Reason => Diagnostics[0].Message;

    /// <summary>Every diagnostic with its line and caret.</summary>
    public string Render(string file) => string.Join('\n', Diagnostics.Select(d => d.Render(file)));
}
