using System.Globalization;

namespace Hornet.Wasm;

/// <summary>A place in a program's source.</summary>
/// <param name="File">The path that the compiler was given; absolute where the table knows the compilation's directory.</param>
/// <param name="Line">From 1; 0: the compiler names the file only.</param>
/// <param name="Column">From 1; 0: the whole line.</param>
public readonly record struct SourceLine(string File, int Line, int Column)
{
    /// <summary>file:line:column, as far as it is known.</summary>
    public override string ToString() => Line == 0 ? $"{File}:?"
        : Column == 0 ? string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}")
        : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>
/// Which line of the source an operator comes from, by the DWARF line tables (versions 2 to 5) of a module. The first question walks
/// them once and remembers where each sequence of rows lies, a function's as a rule; each question then runs one sequence. Malformed
/// tables are as good as absent: nothing is thrown. Calls that were inlined are not told apart: the line is the innermost one's.
/// Source: DWARF 5, 6.2; addresses in a module: https://yurydelendik.github.io/webassembly-dwarf/.
/// </summary>
public sealed class DwarfLines(ReadOnlyMemory<byte> module)
{
    // A run of rows: addresses from Low to before High; where its unit's header and its program lie in .debug_line.
    readonly record struct Sequence(uint Low, uint High, int Unit, int Program) : IComparable<Sequence>
    {
        public int CompareTo(Sequence other) => Low != other.Low ? Low.CompareTo(other.Low) : High != other.High ? High.CompareTo(other.High) : Program.CompareTo(other.Program);
    }

    sealed class Tables
    {
        public ByteRange Code, Lines, LineStrings, Strings;
        public Sequence[] Sequences = [];
    }

    readonly ReadOnlyMemory<byte> _module = module;
    Tables? _tables;

    /// <summary>Whether the module says anything about its source's lines.</summary>
    public bool HasLines => Read().Sequences.Length > 0;

    /// <summary>The line that the operator at an offset from the module's beginning comes from, or null.</summary>
    public SourceLine? Find(int moduleOffset)
    {
        Tables tables = Read();
        if (moduleOffset < tables.Code.Offset || moduleOffset >= tables.Code.End) return null;
        uint address = (uint)(moduleOffset - tables.Code.Offset);
        int found = Array.BinarySearch(tables.Sequences, new(address, uint.MaxValue, 0, int.MaxValue));
        if (found < 0) found = ~found - 1;
        return found >= 0 && address < tables.Sequences[found].High ? Find(tables, tables.Sequences[found], address) : null;
    }

    SourceLine? Find(Tables tables, Sequence sequence, uint address)
    {
        ReadOnlySpan<byte> lines = Bytes(tables.Lines);
        int position = sequence.Unit;
        if (!DwarfLineUnit.TryRead(lines, ref position, out DwarfLineUnit unit)) return null;
        DwarfLineProgram program = new(lines, unit, sequence.Program);
        ulong file = 0, column = 0;
        uint line = 0;
        bool isBefore = false;
        while (program.Next())
        {
            if (isBefore && program.Address > address)
            {
                string? path = new DwarfLineNames(lines, Bytes(tables.LineStrings), Bytes(tables.Strings), unit).Path(file);
                return path is null ? null : new(path, line > int.MaxValue ? 0 : (int)line, column > int.MaxValue ? 0 : (int)column);
            }
            if (program.EndsSequence) break;
            (file, line, column, isBefore) = (program.File, program.Line, program.Column, program.Address <= address);
        }
        return null;
    }

    ReadOnlySpan<byte> Bytes(ByteRange range) => _module.Span.Slice(range.Offset, range.Length);

    // Two threads may both do it; they find the same.
    Tables Read()
    {
        if (Volatile.Read(ref _tables) is { } known) return known;
        Tables tables = new();
        FindSections(tables);
        tables.Sequences = Sequences(Bytes(tables.Lines), (uint)tables.Code.Length);
        Volatile.Write(ref _tables, tables);
        return tables;
    }

    void FindSections(Tables tables)
    {
        ReadOnlySpan<byte> bytes = _module.Span;
        if (!bytes.StartsWith("\0asm\u0001\0\0\0"u8)) return;
        DwarfReader reader = new(bytes, 8, bytes.Length);
        while (!reader.AtEnd)
        {
            byte id = reader.Byte();
            ulong size = reader.Unsigned();
            int start = reader.Position;
            if (!reader.Take(size, out _)) return;
            if (id == (byte)SectionId.Code) tables.Code = new(start, (int)size);
            if (id != (byte)SectionId.Custom) continue;
            DwarfReader custom = new(bytes, start, reader.Position);
            if (!custom.Take(custom.Unsigned(), out ReadOnlySpan<byte> name)) continue;
            ByteRange content = new(custom.Position, reader.Position - custom.Position);
            if (name.SequenceEqual(".debug_line"u8)) tables.Lines = content;
            else if (name.SequenceEqual(".debug_line_str"u8)) tables.LineStrings = content;
            else if (name.SequenceEqual(".debug_str"u8)) tables.Strings = content;
        }
    }

    static Sequence[] Sequences(ReadOnlySpan<byte> lines, uint codeLength)
    {
        List<Sequence> sequences = [];
        for (int at = 0, next = 0; DwarfLineUnit.TryRead(lines, ref next, out DwarfLineUnit unit); at = next)
        {
            if (unit.End == 0) continue;
            DwarfLineProgram program = new(lines, unit, unit.Program);
            int start = unit.Program;
            ulong? low = null;
            while (program.Next())
            {
                low ??= program.Address;
                if (!program.EndsSequence) continue;
                // Functions that the linker left out begin at 0, where no body can, or far behind the code.
                if (low > 0 && low < program.Address && program.Address <= codeLength) sequences.Add(new((uint)low, (uint)program.Address, at, start));
                start = program.Position;
                low = null;
            }
        }
        sequences.Sort();
        return [.. sequences];
    }
}
