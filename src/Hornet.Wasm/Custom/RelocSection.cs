namespace Hornet.Wasm;

/// <summary>A place that the linker fills in.</summary>
/// <param name="Type">R_WASM_... number.</param>
/// <param name="Offset">Bytes from the beginning of the section's content.</param>
/// <param name="Index">Symbol or type.</param>
/// <param name="Addend">Added to the address, for the types that have one.</param>
public readonly record struct Reloc(byte Type, uint Offset, uint Index, long Addend);

/// <summary>A reloc.* section of an object file. Source: tool conventions, linking, relocation sections.</summary>
public sealed class RelocSection(int section, IReadOnlyList<Reloc> relocs) : ICustomSection<RelocSection>
{
    /// <summary>What its name begins with; the name of the section it belongs to follows.</summary>
    public static string Name => "reloc.";

    /// <summary>The place in the module of the section that is relocated, custom ones counted.</summary>
    public int Section { get; } = section;

    public IReadOnlyList<Reloc> Relocs { get; } = relocs;

    public static RelocSection Read(ModuleBytes content)
    {
        OperatorReader reader = new(content);
        int section = reader.Index();
        List<Reloc> relocs = [];
        for (uint count = reader.Count(); count > 0; count--)
        {
            byte type = reader.Byte();
            uint offset = reader.U32(), index = reader.U32();
            relocs.Add(new(type, offset, index, HasAddend(type) ? reader.S64() : 0));
        }
        SectionReaders.End(reader);
        return new(section, relocs);
    }

    // Memory addresses, function and section offsets have one; indices have none.
    static bool HasAddend(byte type) => type is 3 or 4 or 5 or 8 or 9 or 11 or 14 or 15 or 16 or 17 or 21 or 22 or 23 or 25;
}
