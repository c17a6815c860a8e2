using System.CommandLine;

namespace Hornet.Cli.Commands;

/// <summary>hornet targets: what compilers call the systems whose programs run here, the newest first. <c>cargo wasi</c> asks.</summary>
internal sealed class TargetsCommand : Command
{
    private static readonly string[] Targets = ["wasm32-wasip1", "wasm32-wasi"];

    public TargetsCommand() : base("targets", "List the targets of Rust and Clang whose programs 'hornet run' runs.") =>
        SetAction(_ => Console.Out.Write(string.Join('\n', Targets) + "\n"));
}
