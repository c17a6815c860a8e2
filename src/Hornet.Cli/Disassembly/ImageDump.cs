using System.Text;

namespace Hornet.Cli.Disassembly;

/// <summary>An image as text: what it is for, its parts, and its machine code with the operators, traps and safepoints beside it.</summary>
internal static class ImageDump
{
    public static int Write(string path, string? only, bool headersOnly)
    {
        using var image = Open(path);
        var names = new FunctionNames(image.Module.ToArray(), image.Environment);
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
        if (only is null)
            Headers(path, image, output);
        if (headersOnly)
            return 0;
        int? function = only is null ? null : FunctionNames.Defined(new(path, image.Module.ToArray()), image.Environment, only);
        var listed = image.Functions.Where(f => function is null || f.Function == function).ToDictionary(f => f.Function);
        if (function is not null && listed.Count == 0)
            throw new InputException($"{path}: function '{only}' has no code in the image: it is compiled when it is called");
        // Text and code of one function after the other.
        WatLine.OfFunctions(image.Module.ToArray(), [.. listed.Keys], (index, lines) =>
        {
            var operators = new Dictionary<int, string>();
            foreach (var line in lines.Where(l => l.Offset >= 0))
                operators.TryAdd(line.Offset, line.Text.Trim());
            Function(image, listed[index], names, operators, output);
        });
        return 0;
    }

    private static ImageListing Open(string path)
    {
        try
        {
            return ImageListing.Open(path);
        }
        catch (ImageException e)
        {
            throw new InputException(e.Message);
        }
    }

    private static void Headers(string path, ImageListing image, StreamWriter output)
    {
        output.Write($"{path}: image of a module of {image.Module.Length} bytes, {(image.IsComplete ? "all" : "some")} of its {image.Environment.Bodies.Count} functions compiled\n");
        output.Write($"CPU features: {image.CpuFeatures}\n{image.Settings}\n{"offset",10} {"size",10}  part\n");
        foreach (var (name, offset, length) in image.Parts)
            output.Write($"{$"0x{offset:x}",10} {length,10}  {name}\n");
    }

    private static void Function(ImageListing image, ListedFunction function, FunctionNames names, Dictionary<int, string> operators, StreamWriter output)
    {
        string NameOf(int index) => names.Of(index) is { } name ? $"${name}" : $"function{index}";
        output.Write($"\n{NameOf(function.Function)} (function {function.Function}) at 0x{function.Offset:x}: {function.Code.Bytes.Length} bytes, frame of {function.Code.FrameSize}\n");
        var disassembler = new Disassembler(NameOf, target => image.TargetAt(function.Offset + target) switch
        {
            ({ } callee, _) when callee != function.Function => NameOf(callee),
            (_, { } builtin) => builtin,
            _ => null,
        });
        var last = -1;
        foreach (var line in disassembler.Lines(function.Code))
        {
            var from = line.From(operators, last);
            last = line.Source;
            var notes = line.Notes.Length > 0 ? $" ; {line.Notes}" : "";
            output.Write($"{$"0x{line.Offset:x}",8} | {Convert.ToHexStringLower(line.Bytes.Span),-20} | {line.Text,-44} | {from}{notes}".TrimEnd() + "\n");
        }
    }
}
