namespace Hornet.Wasm;

/// <summary>The header of one compilation unit's line table, without the names in it. Source: DWARF 5, 6.2.4; DWARF 2 to 4, 6.2.4.</summary>
readonly struct DwarfLineUnit
{
    /// <summary>Where the unit's program begins, and where the unit ends.</summary>
    public int Program { get; private init; }
    public int End { get; private init; }
    public int Version { get; private init; }
    public bool Is64 { get; private init; }
    /// <summary>Where the directories and files lie.</summary>
    public int Names { get; private init; }
    /// <summary>Where the operand counts of the standard opcodes lie.</summary>
    public int OperandCounts { get; private init; }
    public byte MinimumInstructionLength { get; private init; }
    public byte MaximumOperations { get; private init; }
    public sbyte LineBase { get; private init; }
    /// <summary>Never 0.</summary>
    public byte LineRange { get; private init; }
    /// <summary>The first special opcode; never 0.</summary>
    public byte OpcodeBase { get; private init; }

    /// <summary>
    /// Reads the header at a position, which moves to the next unit. False: there is none. A unit of another version or a malformed
    /// one has no program: its End is 0.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> section, ref int position, out DwarfLineUnit unit)
    {
        unit = default;
        DwarfReader start = new(section, position, section.Length);
        ulong length = start.U32();
        bool is64 = length == 0xffff_ffff;
        if (is64) length = start.U64();
        // 0xfffffff0 and above are reserved; they are also longer than any section.
        if (start.Failed || length > (ulong)(section.Length - start.Position)) return false;
        int end = position = start.Position + (int)length;

        DwarfReader reader = new(section, start.Position, end);
        int version = reader.U16();
        if (version is < 2 or > 5) return true;
        // address_size and segment_selector_size: DW_LNE_set_address has its own length.
        if (version >= 5) reader.Skip(2);
        ulong headerLength = reader.Word(is64);
        if (reader.Failed || headerLength > (ulong)(end - reader.Position)) return true;
        int program = reader.Position + (int)headerLength;
        byte instruction = reader.Byte();
        byte operations = version >= 4 ? reader.Byte() : (byte)1;
        // default_is_stmt: rows that are no statements say where code comes from as well.
        reader.Skip(1);
        sbyte lineBase = (sbyte)reader.Byte();
        byte lineRange = reader.Byte(), opcodeBase = reader.Byte();
        int counts = reader.Position;
        if (lineRange == 0 || opcodeBase == 0) return true;
        reader.Skip(opcodeBase - 1u);
        if (reader.Failed || reader.Position > program) return true;
        unit = new()
        {
            Program = program,
            End = end,
            Version = version,
            Is64 = is64,
            Names = reader.Position,
            OperandCounts = counts,
            MinimumInstructionLength = instruction,
            MaximumOperations = Math.Max(operations, (byte)1),
            LineBase = lineBase,
            LineRange = lineRange,
            OpcodeBase = opcodeBase,
        };
        return true;
    }
}
