using System.CommandLine;
using System.Text;
using Hornet.Cli.Disassembly;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet objdump FILE: the sections of a module, where they lie and how much is in them; of an image, its parts and its code.</summary>
internal sealed class ObjdumpCommand : Command
{
    public ObjdumpCommand() : base("objdump", "List the sections of a module, with offsets and sizes; of an image its parts, and its machine code with operators, traps and safepoints.")
    {
        var file = new Argument<string>("FILE") { Description = "the module, which '-' reads from standard input, or the image" };
        var function = new Option<string?>("--func", "-f") { Description = "of an image: only this function, by index or name", HelpName = "FUNC" };
        var headers = new Option<bool>("--headers") { Description = "of an image: only what it is for, and its parts" };
        Add(file);
        Add(function);
        Add(headers);
        SetAction(result => ModuleFile.IsImage(result.GetRequiredValue(file))
            ? ImageDump.Write(result.GetRequiredValue(file), result.GetValue(function), result.GetValue(headers))
            : Dump(ModuleFile.Read(result.GetRequiredValue(file))));
    }

    private static int Dump(ModuleFile module)
    {
        var text = new StringBuilder($"{module.Name}: {module.Bytes.Length} bytes\n\n{"offset",10} {"size",10} {"items",8}  section\n");
        try
        {
            List(module.Bytes, text);
        }
        catch (WasmFormatException e)
        {
            // What came before the fault is still worth seeing.
            Console.Out.Write(text);
            throw module.Wrong(e);
        }
        Console.Out.Write(text);
        return 0;
    }

    private static void List(ReadOnlySpan<byte> bytes, StringBuilder text)
    {
        var reader = new ModuleReader();
        var position = 0;
        var (start, custom) = (default(ByteRange), "");
        while (true)
        {
            var found = reader.Read(bytes[position..], isLast: true, out var consumed);
            position += consumed;
            switch (found.Kind)
            {
                case ModuleEventKind.SectionStart:
                    start = found.Range;
                    custom = found.Section == SectionId.Custom ? $" \"{Encoding.UTF8.GetString(found.Name)}\"" : "";
                    if (found.Section == SectionId.Custom)
                        reader.TakeRaw();
                    break;
                case ModuleEventKind.ItemCount:
                    Line(text, start, found.Count, Sections.Name(found.Section));
                    break;
                case ModuleEventKind.Section:
                    Line(text, start, Items(found), Sections.Name(found.Section));
                    break;
                case ModuleEventKind.SectionEnd when found.Section == SectionId.Custom:
                    Line(text, start, null, Sections.Name(found.Section) + custom);
                    break;
                case ModuleEventKind.End:
                    return;
            }
        }
    }

    /// <summary>A section's vector begins with its length; the start and data count sections hold one number.</summary>
    private static int? Items(in ModuleEvent section) =>
        section.Section is SectionId.Start or SectionId.DataCount ? null : (int)new OperatorReader(section.Content).U32();

    private static void Line(StringBuilder text, ByteRange range, int? items, string name) =>
        text.Append($"{$"0x{range.Offset:x}",10} {range.Length,10} {items,8}  {name}\n");
}
