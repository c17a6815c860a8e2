using System.Text;

/// <summary>Mnemonics as UTF-8, by operator and back: what the printer and the parser of the text format look up.</summary>
static class WasmMnemonics
{
    const int Slots = 2048;

    public static string Tables(List<OperatorRow> rows)
    {
        int count = rows.Max(r => r.Op) + 1;
        int[] starts = new int[count + 1];
        StringBuilder blob = new();
        Dictionary<int, OperatorRow> byOp = rows.ToDictionary(r => r.Op);
        for (int op = 0; op < count; op++)
        {
            starts[op] = blob.Length;
            if (byOp.TryGetValue(op, out OperatorRow? row)) blob.Append(row.Text);
        }
        starts[count] = blob.Length;

        // Open addressing with linear probing; a mnemonic that several operators share finds the first.
        int[] slots = new int[Slots];
        HashSet<string> seen = [];
        int longest = 0;
        foreach (OperatorRow r in rows)
        {
            if (!seen.Add(r.Text)) continue;
            int slot = Hash(r.Text), steps = 1;
            for (; slots[slot] != 0; steps++) slot = (slot + 1) % Slots;
            slots[slot] = r.Op + 1;
            longest = Math.Max(longest, steps);
        }

        StringBuilder s = new(Program.Header);
        s.Append("namespace Hornet.Wasm;\n\npublic static partial class Opcodes\n{\n");
        s.Append($"    const int MnemonicSlots = {Slots}, MnemonicProbes = {longest};\n\n");
        s.Append("    static ReadOnlySpan<byte> MnemonicBlob =>\n");
        string all = blob.ToString();
        for (int i = 0; i < all.Length; i += 110)
            s.Append($"        \"{all.Substring(i, Math.Min(110, all.Length - i))}\"u8{(i + 110 < all.Length ? " +" : ";\n\n")}\n");
        Column(s, "ushort", "MnemonicStarts", starts);
        Column(s, "ushort", "MnemonicTable", slots);
        return s.Append("}\n").ToString();
    }

    // Opcodes.MnemonicHash is the same function over bytes.
    static int Hash(string text)
    {
        uint h = (uint)text.Length;
        foreach (char c in text) h = (h ^ c) * 0x01000193;
        return (int)(h >> 15) & (Slots - 1);
    }

    static void Column(StringBuilder s, string type, string name, int[] cells)
    {
        s.Append($"    static ReadOnlySpan<{type}> {name} =>\n    [\n");
        foreach (int[] line in cells.Chunk(24)) s.Append("        " + string.Join(", ", line) + ",\n");
        s.Append("    ];\n\n");
    }
}
