using System.CommandLine;
using Hornet.Cli.Commands;
using Hornet.Cli.Options;

namespace Hornet.Cli;

internal static class Program
{
    /// <summary>Bad input, or something the host could not do.</summary>
    public const int Failure = 1;
    /// <summary>A command line that cannot be understood.</summary>
    public const int Usage = 2;
    /// <summary>An error of Hornet's own; not 134, which is what a guest's trap looks like.</summary>
    public const int Internal = 70;
    /// <summary>The guest trapped: what a shell shows for SIGABRT, as Wasmtime does.</summary>
    public const int Trapped = 134;

    private static int Main(string[] args)
    {
        try
        {
            var run = new RunCommand();
            var root = new RootCommand("Runs and inspects WebAssembly. 'hornet FILE' is short for 'hornet run FILE'.")
            {
                run, new ValidateCommand(), new ObjdumpCommand(), new CompletionCommand(), new TargetsCommand(),
            };
            // The root command's --version asks reflection for the assembly's version, which a trimmed executable answers differently.
            foreach (var option in root.Options)
                if (option is VersionOption)
                    option.Action = new VersionAction();
            return CommandLine.Invoke(root, run, args);
        }
        catch (UsageException e)
        {
            return Report(e.Message, Usage);
        }
        catch (InputException e)
        {
            return Report(e.Message, Failure);
        }
        catch (Exception e)
        {
            return Report($"internal error, please report it: {e}", Internal);
        }
    }

    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine($"hornet: {message}");
        return exitCode;
    }
}
