using System.CommandLine;
using Hornet.Cli.Disassembly;
using Hornet.Cli.Options;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet explore FILE: a page with a module's text and machine code side by side.</summary>
internal sealed class ExploreCommand : Command
{
    /// <summary>Characters of data that a page may have where nobody says which functions are wanted: what a browser opens at once.</summary>
    private const long MostData = 24 << 20;

    private readonly Argument<string> file = new("FILE") { Description = "the module, text or binary; '-' reads it from standard input" };
    private readonly Option<string?> output = new("--output", "-o") { Description = "write here (FILE's name with .html)", HelpName = "PAGE" };
    private readonly Option<string[]> function = new("--function", "--func") { Description = "only this function, by index or name; may be given several times", HelpName = "FUNC", AllowMultipleArgumentsPerToken = false };
    private readonly Option<int?> limit = new("--limit") { Description = $"the first so many functions (as many as make a page of {MostData >> 20} MB)", HelpName = "N" };
    private readonly TargetFeatures target = new();
    private readonly OptionGroups groups = new('W', 'O', 'C');

    public ExploreCommand() : base("explore", "Write a page that shows a module's text and machine code side by side.")
    {
        Add(file);
        Add(output);
        Add(function);
        Add(limit);
        target.AddTo(this);
        groups.AddTo(this);
        SetAction(Explore);
    }

    private int Explore(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var settings = groups.Settings(result, new() { Features = Features.All, Lazy = false });
        if (!settings.Native)
            throw new UsageException("-C compiler=interpreter: the page shows machine code (hornet explain FILE --stage interpreter shows the interpreter's)");
        var config = target.Configuration(settings, result);
        var path = result.GetRequiredValue(file);
        var module = ModuleFile.Read(path);
        var page = result.GetValue(output) ?? (path == "-" ? throw new UsageException("-o PAGE says where the page of a module from standard input goes") : Path.ChangeExtension(path, ".html"));
        var most = result.GetValue(limit);
        if (most is < 1)
            throw new UsageException($"--limit: a number from 1 on, not {most}");
        try
        {
            var environment = ModuleValidator.Validate(module.Bytes, settings.Features);
            var all = environment.Bodies.Count;
            var named = (result.GetValue(function) ?? []).Select(f => FunctionNames.Defined(module, environment, f)).Distinct().ToList();
            var wanted = named.Count > 0 ? named : Enumerable.Range(environment.ImportedFunctions, Math.Min(most ?? all, all));
            int shown;
            using (var stream = OutputFile.Open(page))
                shown = new ExploredModule(Path.GetFileName(module.Name), module.Bytes, environment, config, settings.Lazy).Write(stream, wanted, named.Count > 0 || most is not null ? long.MaxValue : MostData);
            var left = shown < all && named.Count == 0 ? $", the first of {all}: --limit N or --function FUNC shows others" : "";
            Console.Error.WriteLine($"hornet: {(page == "-" ? "the page" : page)} shows {shown} {(shown == 1 ? "function" : "functions")}{left}");
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }
}
