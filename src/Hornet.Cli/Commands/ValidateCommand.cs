using System.CommandLine;

namespace Hornet.Cli.Commands;

/// <summary>hornet validate FILE...: says whether modules are valid.</summary>
internal sealed class ValidateCommand : Command
{
    public ValidateCommand() : base("validate", "Check that modules are well formed and valid.")
    {
    }
}
