using System.Text;
using Hornet.Wasi.Host;
using Hornet.Wasm;

namespace Hornet.Micro;

/// <summary>hornet-micro: a guest as a process, interpreted. Does without System.Console, which would be a tenth of the executable.</summary>
internal static class Program
{
    const int Failure = 1, Usage = 2, Internal = 70, Trapped = 134;

    static int Main(string[] words)
    {
        try
        {
            var options = MicroOptions.Parse(words);
            if (options.ShowHelp || options.ShowVersion)
                return Print(1, options.ShowHelp ? MicroOptions.Help : "hornet-micro 0.1.0", 0);
            return options.File is null ? Print(2, MicroOptions.Help, Usage) : Run(options, options.File);
        }
        catch (WasiExitException exit)
        {
            return exit.ExitCode;
        }
        catch (UsageException exception)
        {
            return Report(exception.Message, Usage);
        }
        catch (TrapException exception)
        {
            return Report(exception.Message, Trapped);
        }
        catch (WasmFormatException exception)
        {
            return Report($"{words[^1]}: {exception.Message}", Failure);
        }
        catch (Exception exception) when (exception is HornetException or IOException or UnauthorizedAccessException)
        {
            return Report(exception.Message, Failure);
        }
        catch (Exception exception)
        {
            return Report($"internal error: {exception.GetType()}: {exception.Message}", Internal);
        }
    }

    static int Run(MicroOptions options, string file)
    {
        var engine = new Engine(new Config().WithMaximumStackSize(options.StackSize)
            .WithFuelConsumption(options.Fuel is not null).WithEpochInterruption(options.Timeout is not null));
        Module module = Load(engine, file);
        var linker = new Linker(engine);
        linker.DefineWasi();
        var store = new Store(engine);
        var world = new WasiConfiguration().WithArgs(options.Arguments)
            .WithInheritedStandardInput().WithInheritedStandardOutput().WithInheritedStandardError();
        foreach ((string name, string value) in options.Environment)
            world.WithEnvironmentVariable(name, value);
        foreach ((string host, string guest) in options.Directories)
            world.WithPreopenedDirectory(host, guest);
        store.SetWasiConfiguration(world);
        store.Limits = new ResourceLimits(MemorySize: (ulong?)options.HeapLimit);
        if (options.Fuel is { } fuel)
            store.Fuel = fuel;
        if (options.Timeout is { } timeout)
            store.SetDeadline(timeout);
        Instance instance = linker.Instantiate(store, module);
        instance.GetFunction("_initialize")?.Invoke();
        instance.GetFunction("_start")?.Invoke();
        return 0;
    }

    static Module Load(Engine engine, string file)
    {
        string path = file == "-" ? "/dev/stdin" : file;
        if (!File.Exists(path))
            throw new IOException($"there is no file {file}");
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        return Module.FromStream(engine, Path.GetFileNameWithoutExtension(file), stream);
    }

    static int Report(string message, int exitCode) => Print(2, $"hornet-micro: {message}", exitCode);

    static unsafe int Print(int handle, string text, int exitCode)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + "\n");
        fixed (byte* p = bytes)
        {
            var vector = new IoVec { Base = p, Length = (nuint)bytes.Length };
            _ = LinuxHost.Instance.Write(handle, &vector, 1, -1, out _);
        }
        return exitCode;
    }
}
