using System.CommandLine;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet print FILE: a module as text.</summary>
internal sealed class PrintCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module; '-' reads it from standard input" };
    private readonly Option<string?> output = OutputFile.Option();
    private readonly Option<bool> folded = new("--folded", "-f") { Description = "operands inside the parentheses of their operator" };
    private readonly Option<bool> offsets = new("--print-offsets", "-p") { Description = "before each operator, its offset in the module" };
    private readonly Option<bool> noNames = new("--no-names") { Description = "indices in place of names" };
    private readonly Option<bool> skeleton = new("--skeleton") { Description = "no code and no data: what there is, not what is in it" };
    private readonly Option<string?> function = new("--function") { Description = "only this function, by index or name", HelpName = "FUNC" };

    public PrintCommand() : base("print", "Print a module in the text format.")
    {
        Add(file);
        Add(output);
        Add(folded);
        Add(offsets);
        Add(noNames);
        Add(skeleton);
        Add(function);
        SetAction(Print);
    }

    private int Print(ParseResult result)
    {
        var module = ModuleFile.Read(result.GetRequiredValue(file));
        try
        {
            var options = new WatPrinterOptions
            {
                Folded = result.GetValue(folded),
                Offsets = result.GetValue(offsets),
                Names = !result.GetValue(noNames),
                Skeleton = result.GetValue(skeleton),
                Function = result.GetValue(function) is { } name ? FunctionNames.Defined(module, ModuleDecoder.Decode(module.Bytes, Features.All), name) : null,
            };
            using var target = OutputFile.Open(result.GetValue(output));
            WatPrinter.Print(module.Bytes, target, options);
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }
}
