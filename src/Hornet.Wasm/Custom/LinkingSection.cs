using System.Text;

namespace Hornet.Wasm;

/// <summary>What a symbol of an object file stands for, with the convention's numbers.</summary>
public enum SymbolKind : byte { Function, Data, Global, Section, Tag, Table }

/// <summary>A symbol. <see cref="Index"/> is of the function, global, section, tag, table, or of the data segment (-1 where undefined).</summary>
public readonly record struct LinkingSymbol(SymbolKind Kind, uint Flags, string? Name, int Index, uint Offset, uint Size)
{
    public bool IsWeak => (Flags & 1) != 0;
    public bool IsLocal => (Flags & 2) != 0;
    public bool IsHidden => (Flags & 4) != 0;
    public bool IsUndefined => (Flags & 0x10) != 0;
}

/// <summary>A data segment as the linker sees it.</summary>
public readonly record struct LinkingSegment(string Name, uint AlignmentLog2, uint Flags);

/// <summary>A function that runs at start-up, lowest priority first.</summary>
public readonly record struct InitFunction(uint Priority, int Symbol);

/// <summary>Items that are kept or dropped together.</summary>
public sealed record Comdat(string Name, uint Flags, IReadOnlyList<(byte Kind, int Index)> Symbols);

/// <summary>The linking section of an object file. Source: tool conventions, linking, version 2.</summary>
public sealed class LinkingSection : ICustomSection<LinkingSection>
{
    public static string Name => "linking";

    public List<LinkingSegment> Segments { get; } = [];
    public List<InitFunction> InitFunctions { get; } = [];
    public List<Comdat> Comdats { get; } = [];
    public List<LinkingSymbol> Symbols { get; } = [];

    public static LinkingSection Read(ModuleBytes content)
    {
        LinkingSection section = new();
        OperatorReader reader = new(content);
        uint version = reader.U32();
        if (version != 2) WasmFormatException.ThrowMalformed(content.Offset, $"linking section of version {version}, not 2");
        while (!reader.AtEnd)
        {
            byte kind = reader.Byte();
            int size = (int)reader.Count();
            ByteRange range = new(reader.Offset, size);
            reader.Take(size);
            section.Part(kind, reader.At(range));
        }
        return section;
    }

    void Part(byte kind, OperatorReader reader)
    {
        if (kind is < 5 or > 8) return;
        for (uint count = reader.Count(); count > 0; count--)
        {
            switch (kind)
            {
                case 5: Segments.Add(new(Text(ref reader), reader.U32(), reader.U32())); break;
                case 6: InitFunctions.Add(new(reader.U32(), reader.Index())); break;
                case 7: Comdats.Add(ReadComdat(ref reader)); break;
                default: Symbols.Add(Symbol(ref reader)); break;
            }
        }
        SectionReaders.End(reader);
    }

    static Comdat ReadComdat(ref OperatorReader reader)
    {
        string name = Text(ref reader);
        uint flags = reader.U32();
        List<(byte, int)> symbols = [];
        for (uint count = reader.Count(); count > 0; count--) symbols.Add((reader.Byte(), reader.Index()));
        return new(name, flags, symbols);
    }

    static LinkingSymbol Symbol(ref OperatorReader reader)
    {
        byte kind = reader.Byte();
        uint flags = reader.U32();
        bool undefined = (flags & 0x10) != 0, explicitName = (flags & 0x40) != 0;
        switch ((SymbolKind)kind)
        {
            case SymbolKind.Data:
                string data = Text(ref reader);
                return undefined ? new(SymbolKind.Data, flags, data, -1, 0, 0) : new(SymbolKind.Data, flags, data, reader.Index(), reader.U32(), reader.U32());
            case SymbolKind.Section:
                return new(SymbolKind.Section, flags, null, reader.Index(), 0, 0);
            case SymbolKind.Function or SymbolKind.Global or SymbolKind.Tag or SymbolKind.Table:
                // An import has its own name unless another one is given.
                int index = reader.Index();
                return new((SymbolKind)kind, flags, undefined && !explicitName ? null : Text(ref reader), index, 0, 0);
            default:
                WasmFormatException.ThrowMalformed(reader.Offset, "malformed symbol kind");
                return default;
        }
    }

    static string Text(ref OperatorReader reader) => Encoding.UTF8.GetString(reader.Name());
}
