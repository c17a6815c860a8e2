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
            return CommandLine.Invoke(args);
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
