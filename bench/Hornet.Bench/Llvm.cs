namespace Hornet.Bench;

/// <summary>LLVM 22 as a guest (a module of 75 MB) compiles one of the C programs: clang, from its source to an object file.</summary>
internal static class Llvm
{
    public const string Name = "llvm";
    private const string Source = "json.c";
    // The most that Wasmtime takes without more ado.
    private const int StackSize = 2 << 20;

    private static readonly string[] Arguments =
    [
        "clang", "-cc1", "-triple", "wasm32-unknown-wasip1", "-O2", "-emit-obj", "-disable-free", "-main-file-name", Source, "-mrelocation-model", "static", "-target-cpu", "generic",
        "-fvisibility=hidden", "-resource-dir", "/usr", "-isysroot", "/usr", "-internal-isystem", "/usr/include", "-internal-isystem", "/usr/include/wasm32-wasip1",
        "-o", "/build/out.o", "-x", "c", "/source/" + Source,
    ];

    private static string Programs => Path.Combine(Tools.Root, "bench", "programs");

    /// <summary>The headers and libraries that the module reads, unpacked once.</summary>
    private static string Resources()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Tools.Guest("npm", Validation.Package, Validation.Module))!, "usr");
        if (Directory.Exists(folder))
            return folder;
        var scratch = $"{folder}.{Environment.ProcessId}";
        Directory.CreateDirectory(scratch);
        var (exitCode, _, error) = Tools.Capture(["tar", "xf", Tools.Guest("npm", Validation.Package, "gen/llvm-resources.tar"), "-C", scratch]);
        if (exitCode != 0)
            throw new InvalidOperationException($"tar: {error}");
        Directory.Move(scratch, folder);
        return folder;
    }

    public static Natives.Runner Hornet(byte[] bytes, Config config)
    {
        var resources = Resources();
        var engine = new Engine(config.WithMaximumStackSize(StackSize));
        var module = Module.FromBytes(engine, bytes);
        var linker = new Linker(engine);
        linker.DefineWasi();
        return () =>
        {
            using var store = new Store(engine);
            var build = Directory.CreateTempSubdirectory("hornet-llvm");
            store.SetWasiConfiguration(new WasiConfiguration().WithArgs(Arguments).WithInheritedStandardError()
                .WithPreopenedDirectory(resources, "/usr", WasiDirectoryPermissions.Read, WasiFilePermissions.Read)
                .WithPreopenedDirectory(Programs, "/source", WasiDirectoryPermissions.Read, WasiFilePermissions.Read).WithPreopenedDirectory(build.FullName, "/build"));
            return Run(linker.Instantiate(store, module).GetAction("_start")!, build);
        };
    }

    public static Natives.Runner Wasmtime(byte[] bytes, global::Wasmtime.Config config)
    {
        var resources = Resources();
        var engine = new global::Wasmtime.Engine(config.WithMaximumStackSize(StackSize));
        var module = global::Wasmtime.Module.FromBytes(engine, Name, bytes);
        var linker = new global::Wasmtime.Linker(engine);
        linker.DefineWasi();
        return () =>
        {
            using var store = new global::Wasmtime.Store(engine);
            var build = Directory.CreateTempSubdirectory("hornet-llvm");
            store.SetWasiConfiguration(new global::Wasmtime.WasiConfiguration().WithArgs(Arguments).WithInheritedStandardError()
                .WithPreopenedDirectory(resources, "/usr", false).WithPreopenedDirectory(Programs, "/source", false).WithPreopenedDirectory(build.FullName, "/build", true));
            return Run(linker.Instantiate(store, module).GetAction("_start")!, build);
        };
    }

    // What it has printed is the object file, as a hash.
    private static (double Milliseconds, string Output) Run(Action start, DirectoryInfo build)
    {
        var before = Natives.ThreadMilliseconds();
        try
        {
            start();
        }
        catch (WasiExitException exit) when (exit.ExitCode == 0)
        {
        }
        catch (global::Wasmtime.WasmtimeException exit) when (exit.ExitCode == 0)
        {
        }
        var took = Natives.ThreadMilliseconds() - before;
        var made = File.ReadAllBytes(Path.Combine(build.FullName, "out.o"));
        build.Delete(recursive: true);
        return (took, $"{made.Length} bytes, {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(made))[..16]}");
    }
}
