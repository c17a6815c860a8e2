using System.CommandLine;
using Hornet.Cli.Options;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet validate FILE...: says what is wrong with modules, and nothing about valid ones. Files are read as a stream, whatever their size.</summary>
internal sealed class ValidateCommand : Command
{
    private readonly Argument<string[]> files = new("FILE") { Description = "modules; '-' reads one from standard input", Arity = ArgumentArity.OneOrMore };
    private readonly OptionGroups groups = new('W');

    public ValidateCommand() : base("validate", "Check that modules are well formed and valid. -W simd=n and its like switch features off and on.")
    {
        Add(files);
        groups.AddTo(this);
        SetAction(Validate);
    }

    private int Validate(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var features = groups.Settings(result).Features;
        var exitCode = 0;
        foreach (var file in result.GetRequiredValue(files))
            try
            {
                Validate(file, features);
            }
            catch (InputException e)
            {
                Console.Error.WriteLine($"hornet: {e.Message}");
                exitCode = Program.Failure;
            }
        return exitCode;
    }

    // Its header, all of its content, and the sections of its module before the code.
    private static void CheckImage(string path)
    {
        try
        {
            ImageListing.Open(path).Dispose();
        }
        catch (ImageException e)
        {
            throw new InputException(e.Message);
        }
    }

    private static void Validate(string path, Features features)
    {
        if (ModuleFile.IsImage(path))
        {
            CheckImage(path);
            return;
        }
        using var module = ModuleFile.Open(path);
        try
        {
            ModuleValidator.Validate(module, features);
        }
        catch (WasmFormatException e)
        {
            throw ModuleFile.Wrong(ModuleFile.NameOf(path), e);
        }
        catch (IOException e)
        {
            throw new InputException($"{ModuleFile.NameOf(path)}: {e.Message}");
        }
    }
}
