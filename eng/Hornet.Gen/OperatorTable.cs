using System.Globalization;

/// <summary>A row of wasm.ops.</summary>
sealed record OperatorRow(int Op, byte Prefix, int Code, string Mnemonic, string Shape, string Signature, string Class, string Feature, int Fuel)
{
    /// <summary>The C# name: <c>i32.load8_s</c> is <c>I32Load8S</c>.</summary>
    public string Name { get; } = Pascal(Mnemonic);

    /// <summary>Operand letters, or null where typing depends on context.</summary>
    public string? Operands => Signature == "*" ? null : Signature[..Signature.IndexOf(':')];

    /// <summary>Result letters, or null where typing depends on context.</summary>
    public string? Results => Signature == "*" ? null : Signature[(Signature.IndexOf(':') + 1)..];

    /// <summary>As the text format writes it.</summary>
    public string Text => Mnemonic.Split(':')[0];

    public static string Pascal(string words) =>
        string.Concat(words.Split('.', '_', ':', '-').Select(w => char.ToUpper(w[0], CultureInfo.InvariantCulture) + w[1..]));
}

/// <summary>wasm.ops, read.</summary>
static class OperatorTable
{
    /// <summary>Where the operators of each prefix begin in the enum; the same numbers are in Opcodes.cs.</summary>
    static int Base(int prefix) => prefix switch { 0 => 0, 0xFB => 0x100, 0xFC => 0x140, 0xFD => 0x180, 0xFE => 0x300, _ => throw new FormatException($"prefix {prefix:x}") };

    public static List<OperatorRow> Read(string path)
    {
        List<OperatorRow> rows = [];
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0] == "#") continue;
            bool prefixed = words[1].StartsWith("0x", StringComparison.Ordinal);
            int first = Convert.ToInt32(words[0], 16), prefix = prefixed ? first : 0, code = prefixed ? Convert.ToInt32(words[1], 16) : first;
            string[] w = words[(prefixed ? 2 : 1)..];
            if (w.Length != 6) throw new FormatException($"{path}: {line}");
            rows.Add(new(Base(prefix) + code, (byte)prefix, code, w[0], w[1], w[2], w[3], w[4], int.Parse(w[5], CultureInfo.InvariantCulture)));
        }
        return rows;
    }
}
