using System.CommandLine;
using Hornet.Text;
using Hornet.Wasm;
using Hornet.Wast;

namespace Hornet.Cli.Commands;

/// <summary>hornet wast FILE...: runs scripts; a line for each directive that fails, and the sums.</summary>
internal sealed class WastCommand : Command
{
    private readonly Argument<string[]> files = new("FILE") { Description = "scripts; '-' reads one from standard input", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> validateOnly = new("--no-run") { Description = "judge texts and validity, run nothing" };

    public WastCommand() : base("wast", "Run scripts of the specification's test suite.")
    {
        Add(files);
        Add(validateOnly);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        var (passed, failed) = (0, 0);
        foreach (var path in result.GetRequiredValue(files))
        {
            var script = ModuleFile.ReadRaw(path);
            try
            {
                var ran = result.GetValue(validateOnly) ? WastRunner.Validate(script) : WastRunner.Run(script, Features.All);
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
