using System.CommandLine;

namespace Hornet.Cli.Commands;

/// <summary>hornet objdump FILE: the sections of a module, where they lie and how much is in them.</summary>
internal sealed class ObjdumpCommand : Command
{
    public ObjdumpCommand() : base("objdump", "List the sections of a module, with offsets and sizes.")
    {
    }
}
