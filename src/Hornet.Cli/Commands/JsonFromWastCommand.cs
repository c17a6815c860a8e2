using System.CommandLine;
using Hornet.Text;
using Hornet.Wast;

namespace Hornet.Cli.Commands;

/// <summary>hornet json-from-wast FILE: a script as JSON and its modules as files, the form that other engines' test runners read.</summary>
internal sealed class JsonFromWastCommand : Command
{
    public JsonFromWastCommand() : base("json-from-wast", "Turn a script into JSON and files of modules, for other engines' test runners.")
    {
        var file = new Argument<string>("FILE") { Description = "the script" };
        var output = OutputFile.Option();
        var directory = new Option<string?>("--wasm-dir") { Description = "where the modules go; else beside the output, or here", HelpName = "DIR" };
        Add(file);
        Add(output);
        Add(directory);
        SetAction(result => Convert(result.GetRequiredValue(file), result.GetValue(output), result.GetValue(directory)));
    }

    private static int Convert(string path, string? output, string? directory)
    {
        var script = ModuleFile.ReadRaw(path);
        var folder = directory ?? Path.GetDirectoryName(output) ?? "";
        try
        {
            if (folder.Length > 0)
                Directory.CreateDirectory(folder);
            using var json = OutputFile.Open(output);
            WastJson.Write(script, path, json, (name, bytes) => File.WriteAllBytes(Path.Combine(folder, name), bytes));
            return 0;
        }
        catch (TextException e)
        {
            throw new InputException(e.Render(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(e.Message);
        }
    }
}
