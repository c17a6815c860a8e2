namespace Hornet.Wasm;

/// <summary>
/// The line number machine: runs a unit's program from the beginning of any sequence, row by row. Each step consumes a byte at
/// least, so that it ends. Source: DWARF 5, 6.2.2 (registers) and 6.2.5 (opcodes).
/// </summary>
ref struct DwarfLineProgram
{
    readonly ReadOnlySpan<byte> _section;
    readonly DwarfLineUnit _unit;
    DwarfReader _reader;
    ulong _operation;

    public DwarfLineProgram(ReadOnlySpan<byte> section, DwarfLineUnit unit, int position)
    {
        _section = section;
        _unit = unit;
        _reader = new(section, position, unit.End);
        Reset();
    }

    public readonly int Position => _reader.Position;
    public ulong Address { get; private set; }
    public ulong File { get; private set; }
    /// <summary>0: no line of the source.</summary>
    public uint Line { get; private set; }
    public ulong Column { get; private set; }
    /// <summary>The row says where the sequence ends and nothing else.</summary>
    public bool EndsSequence { get; private set; }

    /// <summary>Runs until a row is complete; false: the program has ended.</summary>
    public bool Next()
    {
        if (EndsSequence) Reset();
        while (!_reader.AtEnd)
        {
            byte opcode = _reader.Byte();
            if (opcode >= _unit.OpcodeBase)
            {
                int special = opcode - _unit.OpcodeBase;
                Advance((ulong)(special / _unit.LineRange));
                Line += (uint)(_unit.LineBase + special % _unit.LineRange);
                return true;
            }
            switch (opcode)
            {
                case 0: // extended
                    if (Extended()) return true;
                    break;
                case 1: // DW_LNS_copy
                    return true;
                case 2: // DW_LNS_advance_pc
                    Advance(_reader.Unsigned());
                    break;
                case 3: // DW_LNS_advance_line
                    Line += (uint)_reader.Signed();
                    break;
                case 4: // DW_LNS_set_file
                    File = _reader.Unsigned();
                    break;
                case 5: // DW_LNS_set_column
                    Column = _reader.Unsigned();
                    break;
                case 6 or 7 or 10 or 11: // DW_LNS_negate_stmt, set_basic_block, set_prologue_end, set_epilogue_begin
                    break;
                case 8: // DW_LNS_const_add_pc
                    Advance((ulong)((255 - _unit.OpcodeBase) / _unit.LineRange));
                    break;
                case 9: // DW_LNS_fixed_advance_pc
                    Address += _reader.U16();
                    _operation = 0;
                    break;
                default: // DW_LNS_set_isa, and opcodes of versions to come
                    for (int i = _section[_unit.OperandCounts + opcode - 1]; i > 0; i--) _reader.Unsigned();
                    break;
            }
        }
        return false;
    }

    void Reset()
    {
        (Address, _operation, File, Line, Column, EndsSequence) = (0, 0, 1, 1, 0, false);
    }

    // Of several operations in one instruction wasm has none; the formula is the standard's.
    void Advance(ulong operations)
    {
        if (_unit.MaximumOperations == 1)
        {
            Address += _unit.MinimumInstructionLength * operations;
            return;
        }
        ulong sum = _operation + operations;
        Address += _unit.MinimumInstructionLength * (sum / _unit.MaximumOperations);
        _operation = sum % _unit.MaximumOperations;
    }

    // Whether it completes a row.
    bool Extended()
    {
        if (!_reader.Take(_reader.Unsigned(), out ReadOnlySpan<byte> bytes) || bytes.IsEmpty) return false;
        switch (bytes[0])
        {
            case 1: // DW_LNE_end_sequence
                EndsSequence = true;
                return true;
            case 2: // DW_LNE_set_address
                Address = 0;
                for (int i = Math.Min(bytes.Length - 1, sizeof(ulong)); i > 0; i--) Address = Address << 8 | bytes[i];
                _operation = 0;
                return false;
            default: // DW_LNE_define_file, which nobody emits; DW_LNE_set_discriminator; vendors'
                return false;
        }
    }
}
