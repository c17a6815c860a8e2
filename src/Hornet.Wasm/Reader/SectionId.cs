namespace Hornet.Wasm;

/// <summary>The sections, with the binary format's numbers. Source: spec, binary/modules, sections.</summary>
public enum SectionId : byte
{
    Custom, Type, Import, Function, Table, Memory, Global, Export, Start, Elem, Code, Data, DataCount, Tag,
}

/// <summary>What is fixed for each section.</summary>
public static class Sections
{
    /// <summary>One past the largest number.</summary>
    public const int Count = 14;

    /// <summary>The place of a section in the order that modules must keep; custom sections, which may be anywhere, have 0.</summary>
    public static int Order(SectionId id) => Places[(int)id];
    /// <summary>The section at this place of the order, from 1.</summary>
    public static SectionId At(int order) => (SectionId)Places.IndexOf((byte)order);

    // By number:                             cu ty im fu ta me gl ex st el  co  da  dc  tag
    static ReadOnlySpan<byte> Places => [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

    /// <summary>As the specification calls it.</summary>
    public static string Name(SectionId id) => id switch
    {
        SectionId.Custom => "custom", SectionId.Type => "type", SectionId.Import => "import", SectionId.Function => "function",
        SectionId.Table => "table", SectionId.Memory => "memory", SectionId.Global => "global", SectionId.Export => "export",
        SectionId.Start => "start", SectionId.Elem => "element", SectionId.Code => "code", SectionId.Data => "data",
        SectionId.DataCount => "data count", SectionId.Tag => "tag", _ => throw new ArgumentOutOfRangeException(nameof(id)),
    };
}
