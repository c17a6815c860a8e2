using System.Text;

namespace Hornet.Wasm;

/// <summary>A symbol that a dynamic library imports or exports, with its linking flags.</summary>
public readonly record struct DylinkSymbol(string Module, string Name, uint Flags);

/// <summary>The dylink.0 section of a dynamically linked module. Source: tool conventions, dynamic linking.</summary>
public sealed class DylinkSection : ICustomSection<DylinkSection>
{
    public static string Name => "dylink.0";

    /// <summary>Bytes of memory that the module needs at its base, and log2 of their alignment.</summary>
    public uint MemorySize { get; private set; }
    public uint MemoryAlignment { get; private set; }
    /// <summary>Table elements that the module needs at its base, and log2 of their alignment.</summary>
    public uint TableSize { get; private set; }
    public uint TableAlignment { get; private set; }
    /// <summary>Libraries that it depends on.</summary>
    public List<string> Needed { get; } = [];
    public List<DylinkSymbol> Exports { get; } = [];
    public List<DylinkSymbol> Imports { get; } = [];
    /// <summary>Where libraries are looked for.</summary>
    public List<string> RuntimePath { get; } = [];

    public static DylinkSection Read(ModuleBytes content)
    {
        DylinkSection section = new();
        OperatorReader reader = new(content);
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
        switch (kind)
        {
            case 1:
                MemorySize = reader.U32();
                MemoryAlignment = reader.U32();
                TableSize = reader.U32();
                TableAlignment = reader.U32();
                break;
            case 2:
                Strings(ref reader, Needed);
                break;
            case 3:
                for (uint count = reader.Count(); count > 0; count--) Exports.Add(new("", Text(ref reader), reader.U32()));
                break;
            case 4:
                for (uint count = reader.Count(); count > 0; count--) Imports.Add(new(Text(ref reader), Text(ref reader), reader.U32()));
                break;
            case 5:
                Strings(ref reader, RuntimePath);
                break;
            default:
                // What later conventions add is passed over.
                return;
        }
        SectionReaders.End(reader);
    }

    static void Strings(ref OperatorReader reader, List<string> strings)
    {
        for (uint count = reader.Count(); count > 0; count--) strings.Add(Text(ref reader));
    }

    static string Text(ref OperatorReader reader) => Encoding.UTF8.GetString(reader.Name());
}
