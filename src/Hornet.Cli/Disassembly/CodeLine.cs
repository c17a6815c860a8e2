namespace Hornet.Cli.Disassembly;

/// <summary>A line of machine code.</summary>
/// <param name="Offset">Bytes from the function's beginning.</param>
/// <param name="Bytes">The instruction's, or those of a row of data.</param>
/// <param name="Text">The instruction in Intel's order of operands.</param>
/// <param name="Source">The offset in the module of the operator that it is made for, or -1.</param>
/// <param name="Own">The same in the function that is listed: where the operator is an inlined function's, the call of that.</param>
/// <param name="Inlined">The inlined function that the operator is in, or an empty text.</param>
/// <param name="Operand">The offset of another operator that became its operand, a load, or -1.</param>
/// <param name="Target">The offset that it branches to in the same function, or -1.</param>
/// <param name="Notes">What the tables say of it, or an empty text.</param>
internal readonly record struct CodeLine(int Offset, ReadOnlyMemory<byte> Bytes, string Text, int Source, int Own, string Inlined, int Operand, int Target, string Notes)
{
    /// <summary>Where the line comes from, for people.</summary>
    /// <param name="operators">Operators by offset.</param>
    /// <param name="last">The source of the line before: an operator is named once where several instructions come from it.</param>
    public string From(Dictionary<int, string> operators, int last)
    {
        var from = Source < 0 ? "" : $"0x{Source:x}";
        if (Source != last && operators.TryGetValue(Source, out var text))
            from = $"{from,-6} {text}";
        return Inlined.Length == 0 ? from : $"{from} in {Inlined}";
    }
}
