using System.Text;

namespace Hornet.Wasm.Tests;

/// <summary>A binary module of the specification's suite and what a script says of it.</summary>
sealed record SuiteBinary(string File, int Line, string Assertion, byte[] Bytes, string Message);

/// <summary>Finds the modules that the specification's scripts give as bytes. Knows no more of the text format than that needs.</summary>
static class SuiteBinaries
{
    /// <summary>The folder of the suites, or null where there is none.</summary>
    public static string? Root { get; } = Find();

    static string? Find()
    {
        if (Environment.GetEnvironmentVariable("HORNET_SUITES") is { Length: > 0 } named && Directory.Exists(named)) return named;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Hornet.slnx"))) continue;
            string beside = Path.Combine(folder.FullName, "../shared/suites"), inside = Path.Combine(folder.FullName, ".suites");
            return Directory.Exists(beside) ? beside : Directory.Exists(inside) ? inside : null;
        }
        return null;
    }

    /// <summary>Every binary module below <paramref name="folder"/>, in the order of names and lines; the test is skipped where there is no suite.</summary>
    public static List<SuiteBinary> Read(string folder, SearchOption depth)
    {
        Assert.SkipWhen(Root is null, "no conformance suites: set HORNET_SUITES");
        string path = Path.Combine(Root!, folder);
        List<SuiteBinary> found = [];
        foreach (string file in Directory.EnumerateFiles(path, "*.wast", depth).Order(StringComparer.Ordinal))
        {
            byte[] text = File.ReadAllBytes(file);
            int pos = 0, line = 1;
            while (Form(text, ref pos, ref line) is { } form) Collect(Path.GetRelativePath(path, file), form, found);
        }
        return found;
    }

    static void Collect(string file, List<object> form, List<SuiteBinary> found)
    {
        string head = form.Count > 1 && form[1] is string h ? h : "";
        if (head == "module")
        {
            if (Module(form) is { } bytes) found.Add(new(file, (int)form[0], "module", bytes, ""));
        }
        else if (head.StartsWith("assert_", StringComparison.Ordinal) && form.Count > 2 && form[2] is List<object> inner && inner.Count > 1 && inner[1] is "module" && Module(inner) is { } module)
        {
            found.Add(new(file, (int)form[0], head, module, form.Count > 3 && form[3] is byte[] message ? Encoding.UTF8.GetString(message) : ""));
        }
    }

    static byte[]? Module(List<object> form) => form.Contains("binary") ? [.. form.OfType<byte[]>().SelectMany(b => b)] : null;

    // A form is its line followed by atoms (string), strings (byte[]) and forms.
    static List<object>? Form(byte[] text, ref int pos, ref int line)
    {
        Stack<List<object>> open = [];
        while (pos < text.Length)
        {
            byte c = text[pos];
            if (c == '\n') line++;
            if (c <= ' ') pos++;
            else if (c == ';' && text[pos + 1] == ';')
            {
                while (pos < text.Length && text[pos] != '\n') pos++;
            }
            else if (c == '(' && text[pos + 1] == ';')
            {
                int depth = 0;
                do
                {
                    if (text[pos] == '(' && text[pos + 1] == ';') { depth++; pos += 2; }
                    else if (text[pos] == ';' && text[pos + 1] == ')') { depth--; pos += 2; }
                    else if (text[pos++] == '\n') line++;
                }
                while (depth > 0);
            }
            else if (c == '(')
            {
                pos++;
                open.Push([line]);
            }
            else if (c == ')')
            {
                pos++;
                List<object> done = open.Pop();
                if (open.Count == 0) return done;
                open.Peek().Add(done);
            }
            else if (c == '"') open.Peek().Add(String(text, ref pos));
            else
            {
                int start = pos;
                while (text[pos] > ' ' && text[pos] is not ((byte)'(' or (byte)')' or (byte)'"')) pos++;
                open.Peek().Add(Encoding.UTF8.GetString(text, start, pos - start));
            }
        }
        return null;
    }

    static byte[] String(byte[] text, ref int pos)
    {
        List<byte> bytes = [];
        for (pos++; text[pos] != '"';)
        {
            if (text[pos] != '\\')
            {
                bytes.Add(text[pos++]);
                continue;
            }
            char escape = (char)text[pos + 1];
            pos += 2;
            switch (escape)
            {
                case 't': bytes.Add(9); break;
                case 'n': bytes.Add(10); break;
                case 'r': bytes.Add(13); break;
                case '"' or '\'' or '\\': bytes.Add((byte)escape); break;
                case 'u':
                    int end = Array.IndexOf(text, (byte)'}', pos);
                    bytes.AddRange(Encoding.UTF8.GetBytes(char.ConvertFromUtf32(Convert.ToInt32(Encoding.ASCII.GetString(text, pos + 1, end - pos - 1), 16))));
                    pos = end + 1;
                    break;
                default:
                    bytes.Add(Convert.ToByte($"{escape}{(char)text[pos++]}", 16));
                    break;
            }
        }
        pos++;
        return [.. bytes];
    }
}
