using System.CommandLine;
using System.Diagnostics;
using Hornet.Cli.Options;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet compile FILE: an image of a module, which starts at once with <c>hornet run --allow-precompiled</c>.</summary>
internal sealed class CompileCommand : Command
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Argument<string> file = new("FILE") { Description = "the module, text or binary; '-' reads it from standard input" };
    private readonly Option<string?> output = new("--output", "-o") { Description = "the image; FILE with .hwasm at its end, in this directory, if nothing is said", HelpName = "FILE" };
    private readonly TargetFeatures target = new();
    private readonly OptionGroups groups = new('W', 'O', 'C');

    public CompileCommand() : base("compile", "Compile a module to an image of machine code, which 'hornet run --allow-precompiled' starts at once. Give both the same -W, -O and -C.")
    {
        Add(file);
        Add(output);
        target.AddTo(this);
        groups.AddTo(this);
        SetAction(Compile);
    }

    private int Compile(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var settings = groups.Settings(result);
        if (settings is { TierChosen: true, Native: false })
            throw new UsageException("-C compiler=interpreter: images are machine code (hornet compile --help)");
        var path = result.GetRequiredValue(file);
        var to = result.GetValue(output) ?? (path == "-" ? throw new UsageException("hornet compile - needs -o FILE: there is no name to derive the image's from") : Path.GetFileNameWithoutExtension(path) + ".hwasm");
        using var engine = new Engine(target.Configuration(settings, result));
        var module = ModuleFile.Read(path);
        try
        {
            Write(engine, module, to);
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{to}: {e.Message}");
        }
    }

    // Under another name until it is whole: whoever runs the old image, or looks at the wrong time, is not disturbed.
    private static void Write(Engine engine, ModuleFile module, string to)
    {
        if (to == "-")
        {
            using var standard = Console.OpenStandardOutput();
            engine.PrecompileModule(module.Bytes, standard, Progress());
            return;
        }
        if (Path.GetDirectoryName(Path.GetFullPath(to)) is { } folder && !Directory.Exists(folder))
            throw new InputException($"{to}: there is no directory {folder}");
        // A device or a link is written to where it leads, and not replaced.
        if (new FileInfo(to) is { Exists: true } there && (there.LinkTarget is not null || there.FullName.StartsWith("/dev/", StringComparison.Ordinal) || there.FullName.StartsWith("/proc/", StringComparison.Ordinal)))
        {
            using var stream = File.Create(to);
            engine.PrecompileModule(module.Bytes, stream, Progress());
            return;
        }
        var temporary = $"{to}.{Environment.ProcessId}.new";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1))
                engine.PrecompileModule(module.Bytes, stream, Progress());
            File.Move(temporary, to, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        finally
        {
            if (!Console.IsErrorRedirected)
                Console.Error.Write("\r\e[K");
        }
    }

    /// <summary>A percentage on the terminal, from the moment on that it takes long.</summary>
    private static Action<double>? Progress()
    {
        if (Console.IsErrorRedirected)
            return null;
        var (watch, told, written) = (Stopwatch.StartNew(), new Lock(), -1);
        return done =>
        {
            lock (told)
            {
                if (watch.Elapsed < Patience || (int)(done * 100) <= written)
                    return;
                written = (int)(done * 100);
                Console.Error.Write($"\rcompiling: {written} %");
            }
        };
    }
}
