using System.CommandLine;
using System.CommandLine.Invocation;

namespace Hornet.Cli;

/// <summary>--version: the name and the version.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Console.WriteLine($"hornet {typeof(VersionAction).Assembly.GetName().Version!.ToString(3)}");
        return 0;
    }
}
