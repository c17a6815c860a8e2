using System.Text;

namespace Hornet.Wasi.Tests;

/// <summary>How a program is run: on which tier, and whether its thread waits when it does.</summary>
public enum Way { Interpreted, Native, InterpretedAsync, NativeAsync }

/// <summary>Runs a program (a module with <c>_start</c>) on the engine through its public interface.</summary>
internal static class GuestProgram
{
    public readonly record struct Outcome(int ExitCode, string Output, string Error);

    public static Config NewConfig(Way way) => way is Way.Native or Way.NativeAsync ? new Config().WithNativeCode(tierUp: false) : new Config();

    /// <summary>Runs it with its output captured; a trap is exit code 134 and its text part of the error output, as the command does.</summary>
    public static Outcome Run(string file, WasiConfiguration configuration, Stream? input = null, TimeSpan? timeout = null, Way way = Way.Interpreted)
    {
        using MemoryStream output = new(), error = new();
        configuration.WithStandardOutput(output).WithStandardError(error);
        if (input is not null)
            configuration.WithStandardInput(input);
        int code = Run(file, configuration, timeout ?? TimeSpan.FromSeconds(60), out string? trap, way);
        return new(code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()) + trap);
    }

    /// <summary>Runs it as configured.</summary>
    public static int Run(string file, WasiConfiguration configuration, TimeSpan timeout, out string? trap, Way way = Way.Interpreted)
    {
        using Engine engine = new(NewConfig(way).WithEpochInterruption(true));
        using Module module = Module.FromFile(engine, file);
        using Linker linker = new(engine);
        linker.DefineWasi();
        using Store store = new(engine);
        store.SetWasiConfiguration(configuration);
        store.SetDeadline(timeout);
        trap = null;
        try
        {
            Function start = linker.Instantiate(store, module).GetFunction("_start")!;
            if (way is Way.Interpreted or Way.Native)
                start.Invoke();
            else
                start.InvokeAsync().AsTask().GetAwaiter().GetResult();
            return 0;
        }
        catch (WasiExitException exit)
        {
            return exit.ExitCode;
        }
        catch (TrapException exception)
        {
            trap = exception.Message;
            return 134;
        }
    }
}
