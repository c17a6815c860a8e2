using Hornet.Base;
using Hornet.Compiler;

namespace Hornet.Native;

/// <summary>One function's machine code with its tables, not bound to any place.</summary>
/// <param name="bytes">The code; what <paramref name="relocations"/> name is filled in where it is placed.</param>
/// <param name="relocations">Places that refer to other functions of the module and to builtins (<see cref="ModuleTranslation.FirstBuiltin"/>).</param>
/// <param name="tables">The encoded <see cref="FunctionTables"/>.</param>
internal sealed class FunctionCode(byte[] bytes, Relocation[] relocations, byte[] tables)
{
    public readonly byte[] Bytes = bytes;
    public readonly Relocation[] Relocations = relocations;
    public readonly byte[] Tables = tables;

    /// <summary>Copied out of the context that made it.</summary>
    public static FunctionCode Of(CompiledCode code, ByteBuffer scratch) =>
        new(code.Bytes.ToArray(), code.Relocations.AsSpan().ToArray(), FunctionTables.Encode(code, scratch));
}
