using System.CommandLine;
using Hornet.Text;

namespace Hornet.Cli.Commands;

/// <summary>hornet parse FILE: a module in the text format becomes one in the binary format.</summary>
internal sealed class ParseCommand : Command
{
    public ParseCommand() : base("parse", "Turn a module in the text format into the binary format.")
    {
        var file = new Argument<string>("FILE") { Description = "the text; '-' reads it from standard input" };
        var output = OutputFile.Option();
        var noNames = new Option<bool>("--no-names") { Description = "leave identifiers out: no name section" };
        Add(file);
        Add(output);
        Add(noNames);
        SetAction(result => Parse(result.GetRequiredValue(file), result.GetValue(output), !result.GetValue(noNames)));
    }

    private static int Parse(string path, string? output, bool names)
    {
        var bytes = ModuleFile.ReadRaw(path);
        if (WatParser.IsText(bytes))
            bytes = ModuleFile.FromText(ModuleFile.NameOf(path), bytes, new() { Names = names });
        OutputFile.WriteBinary(output, bytes);
        return 0;
    }
}
