using System.CommandLine;

namespace Hornet.Cli.Options;

/// <summary>--target-features: for which CPU machine code is made.</summary>
internal sealed class TargetFeatures
{
    private readonly Option<string?> option = new("--target-features")
    {
        Description = "what the code may use of the CPU: native (this machine's), baseline (every x86-64 with SSE4.1), a list like popcnt,bmi1,avx2, or -avx2,-fma for this machine's without these", HelpName = "LIST",
    };

    public void AddTo(Command command) => command.Add(option);

    /// <summary>The configuration of an engine with what the command line says.</summary>
    public Config Configuration(RunSettings settings, ParseResult result)
    {
        var target = result.GetValue(option);
        try
        {
            return target is null ? settings.Configuration() : settings.Configuration().WithTargetFeatures(target);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"--target-features: '{target}' is not native, baseline or a list of sse42, popcnt, lzcnt, bmi1, bmi2, avx, avx2 and fma");
        }
    }
}
