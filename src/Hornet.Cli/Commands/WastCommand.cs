using System.CommandLine;
using Hornet.Cli.Options;
using Hornet.Text;
using Hornet.Wasm;
using Hornet.Wast;

namespace Hornet.Cli.Commands;

/// <summary>hornet wast FILE...: runs scripts; a line for each directive that fails, and the sums.</summary>
internal sealed class WastCommand : Command
{
    private readonly Argument<string[]> files = new("FILE") { Description = "scripts; '-' reads one from standard input", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> validateOnly = new("--no-run") { Description = "judge texts and validity, run nothing" };

    private readonly OptionGroups groups = new('O', 'C');

    public WastCommand() : base("wast", "Run scripts of the specification's test suite.")
    {
        Add(files);
        Add(validateOnly);
        groups.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var settings = groups.Settings(result);
        settings.Features = Features.All;
        settings.ChooseTier();
        var (passed, failed) = (0, 0);
        foreach (var path in result.GetRequiredValue(files))
        {
            var script = ModuleFile.ReadRaw(path);
            try
            {
                using var engine = new Engine(settings.Configuration());
                var ran = result.GetValue(validateOnly) ? WastRunner.Validate(script) : WastRunner.Run(script, engine);
                passed += ran.Passed;
                failed += ran.Failures.Count;
                Console.Out.Write(ran.Render(ModuleFile.NameOf(path)));
            }
            catch (TextException e)
            {
                failed += e.Diagnostics.Count;
                Console.Out.WriteLine(e.Render(ModuleFile.NameOf(path)));
            }
        }
        Console.Out.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 ? 0 : Program.Failure;
    }
}
