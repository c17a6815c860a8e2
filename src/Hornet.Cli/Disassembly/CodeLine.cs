namespace Hornet.Cli.Disassembly;

/// <summary>A line of machine code.</summary>
/// <param name="Offset">Bytes from the function's beginning.</param>
/// <param name="Bytes">The instruction's, or those of a row of data.</param>
/// <param name="Text">The instruction in Intel's order of operands.</param>
/// <param name="Source">The offset in the module of the operator that it is made for, or -1.</param>
/// <param name="Operand">The offset of another operator that became its operand, a load, or -1.</param>
/// <param name="Target">The offset that it branches to in the same function, or -1.</param>
/// <param name="Notes">What the tables say of it, or an empty text.</param>
internal readonly record struct CodeLine(int Offset, ReadOnlyMemory<byte> Bytes, string Text, int Source, int Operand, int Target, string Notes);
