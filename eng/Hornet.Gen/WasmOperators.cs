using System.Text;

/// <summary>The enum and the tables of Hornet.Wasm.</summary>
static class WasmOperators
{
    public static string Enum(List<OperatorRow> rows)
    {
        StringBuilder s = new(Program.Header);
        s.Append("namespace Hornet.Wasm;\n\n/// <summary>The operators of WebAssembly; numbers as <see cref=\"Opcodes\"/> lays them out.</summary>\npublic enum Op : ushort\n{\n");
        foreach (OperatorRow r in rows) s.Append($"    /// <summary><c>{r.Text}</c></summary>\n    {r.Name} = 0x{r.Op:X3},\n");
        return s.Append("}\n").ToString();
    }

    public static string Tables(List<OperatorRow> rows)
    {
        int count = rows.Max(r => r.Op) + 1;
        OperatorRow?[] table = new OperatorRow?[count];
        foreach (OperatorRow r in rows) table[r.Op] = r;
        StringBuilder s = new(Program.Header);
        s.Append("namespace Hornet.Wasm;\n\npublic static partial class Opcodes\n{\n");
        s.Append($"    /// <summary>One past the largest operator.</summary>\n    public const int Count = 0x{count:X};\n\n");
        Column(s, "byte", "Shapes", table, r => $"(byte)Shape.{OperatorRow.Pascal(r.Shape)}", "0");
        Column(s, "byte", "Classes", table, r => $"(byte)OpClass.{OperatorRow.Pascal(r.Class)}", "0");
        Column(s, "byte", "FuelCosts", table, r => r.Fuel.ToString(), "0");
        Column(s, "uint", "RequiredFeatures", table, r => $"(uint)Features.{OperatorRow.Pascal(r.Feature)}", "0");
        // Mnemonics and signatures as UTF-8 blobs: no string objects at start-up.
        s.Append("    static string? MnemonicOf(Op op) => op switch\n    {\n");
        foreach (OperatorRow r in rows) s.Append($"        Op.{r.Name} => \"{r.Text}\",\n");
        s.Append("        _ => null,\n    };\n\n    // Signature letters of each operator whose typing does not depend on context: operands, ':', results; packed four bits a letter.\n");
        Column(s, "uint", "Signatures", table, r => Pack(r.Signature), "0");
        s.Append("    /// <summary>Every operator, in the order of the table.</summary>\n    public static ReadOnlySpan<ushort> All =>\n    [\n");
        foreach (OperatorRow[] line in rows.Chunk(12)) s.Append("        " + string.Join(", ", line.Select(r => $"0x{r.Op:X3}")) + ",\n");
        return s.Append("    ];\n}\n").ToString();
    }

    /// <summary>Lowest three bits: number of operands; next two: results; then four bits a letter, operands first. 0xFFFFFFFF: by context.</summary>
    static string Pack(string signature)
    {
        if (signature == "*") return "0xFFFFFFFF";
        string[] parts = signature.Split(':');
        uint packed = (uint)(parts[0].Length | parts[1].Length << 3);
        int shift = 8;
        foreach (char c in parts[0] + parts[1])
        {
            packed |= (uint)("?ilfdva".IndexOf(c)) << shift;
            shift += 4;
        }
        // Six letters fit; a longer signature (i64.add128: four and two) fits exactly.
        if (shift > 32) throw new FormatException(signature);
        return $"0x{packed:X8}";
    }

    static void Column(StringBuilder s, string type, string name, OperatorRow?[] table, Func<OperatorRow, string> cell, string none)
    {
        s.Append($"    static ReadOnlySpan<{type}> {name} =>\n    [\n");
        for (int i = 0; i < table.Length; i += 8)
            s.Append("        " + string.Join(", ", table.Skip(i).Take(8).Select(r => r is null ? none : cell(r))) + ",\n");
        s.Append("    ];\n\n");
    }
}
