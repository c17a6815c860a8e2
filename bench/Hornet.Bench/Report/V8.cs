using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Hornet.Bench;

/// <summary>V8 in a Node process of its own, which runs guests as it is told, a line of JSON for each: bench/v8.mjs. Its optimising compiler alone, as in the others.</summary>
internal sealed class V8 : IDisposable
{
    private static readonly string[] Command = ["node", "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", Path.Combine(Tools.Root, "bench", "v8.mjs")];

    private Process process;

    private V8(Process process) => this.process = process;

    private static Process Node() => Process.Start(new ProcessStartInfo(Command[0], Command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    /// <summary>Starts Node; null where there is none.</summary>
    public static V8? Start()
    {
        try
        {
            return new(Node());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>A fresh process that compiles a module and says "wall cpu peak".</summary>
    public static string[] Compile(string file) => [.. Command, "compile", file];

    /// <summary>A fresh process that runs a command.</summary>
    public static string[] Run(string file) => ["node", "--no-warnings", Command[^1], "run", file];

    /// <summary>A guest's run: of a command with arguments, or of a script in QuickJS.</summary>
    public Natives.Runner Runner(string file, string[] arguments, string? script) => () =>
    {
        var request = new JsonObject { ["file"] = file, ["arguments"] = new JsonArray([.. arguments.Select(a => JsonValue.Create(a))]), ["script"] = script };
        var answer = JsonNode.Parse(Ask(request.ToJsonString()))!;
        return answer["error"] is { } error ? throw new InvalidOperationException($"node: {error}") : ((double)answer["ms"]!, (string)answer["output"]!);
    };

    private string Ask(string request)
    {
        try
        {
            process.StandardInput.WriteLine(request);
            process.StandardInput.Flush();
            if (process.StandardOutput.ReadLine() is { } answer)
                return answer;
        }
        catch (IOException)
        {
            // It has ended: as below.
        }
        process.WaitForExit();
        var exitCode = process.ExitCode;
        process.Dispose();
        // The next guest has a new one.
        process = Node();
        throw new InvalidOperationException($"node ended with exit code {exitCode}");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
