using System.Text;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>A section: its number, of a custom one its name, and where its content lies.</summary>
readonly record struct OutlinedSection(SectionId Id, string Name, ByteRange Content);

/// <summary>The sections of a module in their order, not looked into.</summary>
static class ModuleOutline
{
    public static List<OutlinedSection> Read(ReadOnlySpan<byte> module)
    {
        List<OutlinedSection> sections = [];
        ModuleReader reader = new();
        for (int pos = 0; ;)
        {
            ModuleEvent found = reader.Read(module[pos..], isLast: true, out int consumed);
            pos += consumed;
            if (found.Kind == ModuleEventKind.End) return sections;
            if (found.Kind != ModuleEventKind.SectionStart) continue;
            sections.Add(new(found.Section, found.Section == SectionId.Custom ? Encoding.UTF8.GetString(found.Name) : "", found.Range));
            reader.TakeRaw();
        }
    }
}
