using System.CommandLine;
using Hornet.Cli.Options;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet preinit FILE -o OUT: runs a module's initialisation function and writes a module that begins where it ended (in Wizer's place).</summary>
internal sealed class PreinitCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module; '-' reads it from standard input" };
    private readonly Option<string?> output = OutputFile.Option();
    private readonly Option<string> init = new("--init-func", "-f") { Description = "the export to call, without parameters; what it returns is dropped", HelpName = "NAME", DefaultValueFactory = _ => "wizer.initialize" };
    private readonly Option<bool> keep = new("--keep-init-func") { Description = "the new module exports it, too" };
    private readonly Option<string[]> renames = Many("--rename-func", "NEW=OLD", "export OLD as NEW, in place of what was NEW", "-r", "--func-rename");
    private readonly Option<bool> wasi = new("--allow-wasi") { Description = "the function may use WASI; without it every import traps. What it opens is not open in the new module" };
    private readonly Option<bool> inherit = new("--inherit-stdio") { Description = "WASI's standard streams are this process's (on unless set to false)", DefaultValueFactory = _ => true };
    private readonly Option<bool> inheritEnvironment = new("--inherit-env") { Description = "the guest sees this process's variables" };
    private readonly Option<string[]> directories = Many("--dir", "HOST[::GUEST]", "a directory that the function may use, and under which name");
    private readonly Option<string[]> environment = Many("--env", "NAME=VALUE", "a variable for the function");
    private readonly OptionGroups groups = new('W');

    public PreinitCommand() : base("preinit", "Run a module's initialisation and write a module that begins initialised.")
    {
        Add(file);
        Add(output);
        Add(init);
        Add(keep);
        Add(renames);
        Add(wasi);
        Add(inherit);
        Add(inheritEnvironment);
        Add(directories);
        Add(environment);
        groups.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        var path = result.GetRequiredValue(file);
        try
        {
            OutputFile.WriteBinary(result.GetValue(output), Initialised(result, path));
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw ModuleFile.Wrong(ModuleFile.NameOf(path), e);
        }
        catch (TrapException e)
        {
            return Report(e.InnerException is LinkException missing ? $"the initialisation called what is not there: {missing.Message} (--allow-wasi gives it WASI)" : e.Message, Program.Trapped);
        }
        catch (WasiExitException e)
        {
            return Report($"the initialisation ended the program with exit code {e.ExitCode}", Program.Failure);
        }
        catch (SnapshotException e)
        {
            return Report($"{ModuleFile.NameOf(path)} cannot be captured: {e.Message}", Program.Failure);
        }
        catch (HornetException e)
        {
            return Report(e.Message, Program.Failure);
        }
    }

    private byte[] Initialised(ParseResult result, string path)
    {
        var settings = groups.Settings(result);
        using var engine = new Engine(settings.Configuration());
        using var input = ModuleFile.Open(path);
        using var module = Module.FromStream(engine, Path.GetFileNameWithoutExtension(path), input);
        using var linker = new Linker(engine);
        using var store = new Store(engine) { Limits = settings.Limits };
        if (settings.Fuel is { } fuel)
            store.Fuel = fuel;
        if (settings.Timeout is { } timeout)
            store.SetDeadline(timeout);
        if (result.GetValue(wasi))
        {
            linker.DefineWasi();
            store.SetWasiConfiguration(World(result, path));
        }
        linker.DefineUnknownImportsAsTraps(module);
        var instance = linker.Instantiate(store, module);
        var name = result.GetRequiredValue(init);
        var function = instance.GetFunction(name) ?? throw new InputException($"{ModuleFile.NameOf(path)}: no function '{name}' is exported; --init-func names another");
        if (function.Parameters.Count > 0)
            throw new InputException($"{ModuleFile.NameOf(path)}: the function '{name}' must have no parameters");
        // A reactor is set up before anything else of it is called, and only once.
        instance.GetFunction("_initialize")?.Invoke();
        function.Invoke();
        if (store.CountOpenedByGuests() is > 0 and var opened)
            throw new SnapshotException($"the initialisation has left {opened} of the files open that it opened: they would not be open in the new module");
        using var snapshot = instance.Snapshot();
        var renamed = Renames(result, module);
        return snapshot.ToModule(result.GetValue(keep) ? ["_initialize"] : ["_initialize", name], renamed);
    }

    private Dictionary<string, string> Renames(ParseResult result, Module module)
    {
        var renamed = new Dictionary<string, string>();
        foreach (var rename in result.GetValue(renames) ?? [])
        {
            var at = rename.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || at == rename.Length - 1)
                throw new UsageException($"--rename-func: expected NEW=OLD, not '{rename}'");
            if (!module.Exports.Any(e => e is FunctionExport && e.Name == rename[(at + 1)..]))
                throw new UsageException($"--rename-func: no function '{rename[(at + 1)..]}' is exported");
            renamed[rename[(at + 1)..]] = rename[..at];
        }
        return renamed;
    }

    private WasiConfiguration World(ParseResult result, string path)
    {
        var world = new WasiConfiguration().WithArgs([Path.GetFileName(path)]);
        if (result.GetValue(inherit))
            world.WithInheritedStandardInput().WithInheritedStandardOutput().WithInheritedStandardError();
        if (result.GetValue(inheritEnvironment))
            world.WithInheritedEnvironment();
        foreach (var variable in result.GetValue(environment) ?? [])
        {
            var at = variable.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw new UsageException($"--env: expected NAME=VALUE, not '{variable}'");
            world.WithEnvironmentVariable(variable[..at], variable[(at + 1)..]);
        }
        foreach (var directory in result.GetValue(directories) ?? [])
        {
            var at = directory.IndexOf("::", StringComparison.Ordinal);
            world.WithPreopenedDirectory(at < 0 ? directory : directory[..at], at < 0 ? directory : directory[(at + 2)..]);
        }
        return world;
    }

    private static Option<string[]> Many(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine($"hornet: {message}");
        return exitCode;
    }
}
