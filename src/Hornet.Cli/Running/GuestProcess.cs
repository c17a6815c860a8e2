using Hornet.Cli.Commands;
using Hornet.Cli.Options;
using Hornet.Wasm;

namespace Hornet.Cli.Running;

/// <summary>One run of a module as a command: engine, store, links, call, and what remains of it as an exit code.</summary>
internal sealed class GuestProcess(RunSettings settings)
{
    private readonly List<Module> modules = [];
    private readonly HashSet<string> images = [];
    // The file that is being read, for messages about it.
    private string current = "";

    public int Run(string path)
    {
        try
        {
            return Start(path);
        }
        catch (WasiExitException e)
        {
            return e.ExitCode;
        }
        catch (TrapException e)
        {
            return Report(settings.Backtrace ? e.Frames.Aggregate(e.MessageWithSource, (text, f) => f.FunctionName is { } name ? text.Replace($"!{name}", $"!{DemangleCommand.NameOf(name)}", StringComparison.Ordinal) : text) : $"wasm trap: {e.Reason}", Program.Trapped);
        }
        catch (WasmException e)
        {
            return Report(e.Message, Program.Trapped);
        }
        catch (WasmFormatException e)
        {
            throw ModuleFile.Wrong(ModuleFile.NameOf(current), e);
        }
        catch (HornetException e)
        {
            return Report(e.Message, Program.Failure);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(e.Message);
        }
        finally
        {
            // However the guest has ended: what was compiled is kept for the next run.
            foreach (var module in modules)
                module.Dispose();
        }
    }

    private int Start(string path)
    {
        foreach (var file in settings.Preloads.Select(p => p.File).Append(path))
            if (ModuleFile.IsImage(file) && images.Add(file))
                CheckImage(file);
        if (settings.Profiling != ProfilingStrategy.None)
            NativeProfiling.Start(settings.Profiling);
        settings.ChooseTier();
        var engine = new Engine(settings.Cache ? settings.Configuration().WithCompileCache() : settings.Configuration());
        var linker = new Linker(engine);
        var store = new Store(engine);
        linker.DefineWasi();
        store.SetWasiConfiguration(World());
        Limit(store);

        foreach (var (name, file) in settings.Preloads)
            linker.DefineInstance(store, name, Instantiate(linker, store, Load(engine, file)));
        var module = Load(engine, path);
        if (settings.UnknownImportsTrap)
            linker.DefineUnknownImportsAsTraps(module);
        if (settings.UnknownImportsDefault)
            linker.DefineUnknownImportsAsDefaultValues(store, module);
        var instance = Instantiate(linker, store, module);
        if (settings.Invoke is { } export)
            InvokedFunction.Call(instance, module, export, settings.Arguments.AsSpan(1));
        else
            instance.GetFunction("_start")?.Invoke();
        return 0;
    }

    /// <summary>An image is a program: whoever runs one says so.</summary>
    private void CheckImage(string image)
    {
        if (!settings.AllowPrecompiled)
            throw new InputException($"{image}: an image of machine code, which is run as it is; if you trust where it comes from, say --allow-precompiled, else run the module that it was made of");
        if (settings is { TierChosen: true, Native: false })
            throw new UsageException($"-C compiler=interpreter: {image} is an image of machine code");
        settings.TierChosen = true;
    }

    private WasiConfiguration World()
    {
        var world = new WasiConfiguration().WithArgs(settings.Arguments);
        if (settings.InheritStandardInput)
            world.WithInheritedStandardInput();
        if (settings.InheritStandardOutput)
            world.WithInheritedStandardOutput();
        if (settings.InheritStandardError)
            world.WithInheritedStandardError();
        if (settings.InheritEnvironment)
            world.WithInheritedEnvironment();
        foreach (var (name, value) in settings.Environment)
            world.WithEnvironmentVariable(name, value);
        if (settings.ListenFd && int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), out var listeners) && listeners is > 0 and < 1024)
        {
            // What systemd and others hand on begins at 3, for the process and for the guest.
            for (var i = 0; i < listeners; i++)
                world.WithPreopenedListener(3 + i);
            world.WithEnvironmentVariable("LISTEN_FDS", listeners.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        foreach (var point in settings.Listeners)
            world.WithPreopenedListener(point);
        foreach (var (host, guest) in settings.Directories)
            world.WithPreopenedDirectory(host, guest);
        return world;
    }

    private void Limit(Store store)
    {
        store.Limits = settings.Limits;
        if (settings.Fuel is { } fuel)
            store.Fuel = fuel;
        if (settings.Timeout is { } timeout)
            store.SetDeadline(timeout);
    }

    private Module Load(Engine engine, string path)
    {
        current = path;
        if (images.Contains(path))
            return Module.DeserializeFile(engine, Path.GetFileNameWithoutExtension(path), path);
        using var file = ModuleFile.Open(path);
        var module = Module.FromStream(engine, Path.GetFileNameWithoutExtension(path), file);
        modules.Add(module);
        return module;
    }

    private static Instance Instantiate(Linker linker, Store store, Module module)
    {
        var instance = linker.Instantiate(store, module);
        // A reactor is set up before anything else of it is called.
        instance.GetFunction("_initialize")?.Invoke();
        return instance;
    }

    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine($"hornet: {message}");
        return exitCode;
    }
}
