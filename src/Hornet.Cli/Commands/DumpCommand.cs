using System.CommandLine;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet dump FILE: every byte of a module and what it is.</summary>
internal sealed class DumpCommand : Command
{
    public DumpCommand() : base("dump", "Show every byte of a module and what it means.")
    {
        var file = new Argument<string>("FILE") { Description = "the module; '-' reads it from standard input" };
        var output = OutputFile.Option();
        Add(file);
        Add(output);
        SetAction(result => Dump(ModuleFile.Read(result.GetRequiredValue(file)), result.GetValue(output)));
    }

    private static int Dump(ModuleFile module, string? output)
    {
        using var target = OutputFile.Open(output);
        try
        {
            ModuleDump.Write(module.Bytes, target);
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }
}
