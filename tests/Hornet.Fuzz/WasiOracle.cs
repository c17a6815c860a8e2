using System.Globalization;
using System.Text;
using Hornet.Native;
using Hornet.Wasi;
using Hornet.Wasi.Host;
using Hornet.Wasm;
using W = Wasmtime;

namespace Hornet.Fuzz;

/// <summary>
/// Runs a guest of <see cref="WasiSequences"/> in a scratch directory that is made anew for each run: both tiers, with paths resolved by the kernel and step by step, have to
/// give the same answers and leave the same files, and nothing outside the directory may change; Wasmtime leaves the same files after calls without
/// hostile arguments.
/// </summary>
public sealed class WasiOracle : IDisposable
{
    const string Secret = "secret", Inside = "inside the box", OutOfTime = $"trap {nameof(TrapCode.Interrupt)}";

    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    readonly Engine _interpreter = new(new Config().WithEpochInterruption(true)), _native = new(new Config().WithEpochInterruption(true).WithNativeCode(tierUp: false));
    readonly W.Engine _wasmtime = new(new W.Config().WithSignalsBasedTraps(false).WithParallelCompilation(false).WithOptimizationLevel(W.OptimizationLevel.None));
    readonly string _outer = Directory.CreateTempSubdirectory("hornet-wasi").FullName;

    string Box => Path.Combine(_outer, "box");

    /// <summary>The first difference, or null.</summary>
    public string? Judge(byte[] module)
    {
        bool isPolite = ModuleDecoder.Decode(module).Exports.Any(e => e.Name == WasiSequences.Polite);
        string[] reference = Ours(_interpreter, module, LinuxHost.Instance, isPolite);
        if (Difference(reference, Ours(_native, module, LinuxHost.Instance, isPolite)) is { } difference) return $"interpreter  |  native: {difference}";
        if (Difference(reference, Ours(_interpreter, module, new LinuxHost(new WalkResolver()), isPolite)) is { } other) return $"paths by the kernel  |  step by step: {other}";
        if (!isPolite) return null;
        return Difference(reference, Theirs(module)) is { } foreign ? $"interpreter  |  Wasmtime: {foreign}" : null;
    }

    // Whose time ran out, on a busy machine or in a sleep, cannot be compared.
    static string? Difference(string[] a, string[] b)
    {
        if (a[0] == OutOfTime || b[0] == OutOfTime) return null;
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
            if (a[i] != b[i]) return $"{a[i]}  |  {b[i]}";
        return a.Length == b.Length ? null : $"{a.Length} lines  |  {b.Length} lines";
    }

    string[] Ours(Engine engine, byte[] bytes, IHostSystem host, bool isPolite)
    {
        Furnish();
        string ended;
        byte[] memory;
        using (Module module = Module.FromBytes(engine, "wasi", bytes))
        using (Store store = new(engine))
        using (Linker linker = new(engine))
        {
            linker.DefineWasi();
            WasiContext context = new(new WasiConfiguration().WithArgs("program", "argument").WithEnvironmentVariable("NAME", "value").WithPreopenedDirectory(Box, "/")
                .WithRandom(span => span.Fill(0xA5)).WithMaxOpenDescriptors(32), host);
            context.Waiter.Attach(store);
            store.Wasi = context;
            store.SetDeadline(s_deadline);
            Instance instance = linker.Instantiate(store, module);
            ended = Ended(() => instance.GetFunction("run")!.Invoke());
            memory = instance.GetMemory("memory")!.GetSpan().ToArray();
        }
        return [ended, .. Answers(memory, isPolite), .. Left()];
    }

    string[] Theirs(byte[] bytes)
    {
        Furnish();
        string ended = "returned";
        byte[] memory;
        using (W.Module module = W.Module.FromBytes(_wasmtime, "wasi", bytes))
        using (W.Store store = new(_wasmtime))
        using (W.Linker linker = new(_wasmtime))
        {
            linker.DefineWasi();
            store.SetWasiConfiguration(new W.WasiConfiguration().WithPreopenedDirectory(Box, "/", true));
            W.Instance instance = linker.Instantiate(store, module);
            try
            {
                instance.GetAction("run")!();
            }
            catch (W.TrapException e)
            {
                ended = e.Type.ToString();
            }
            memory = instance.GetMemory("memory")!.GetSpan(0, (int)instance.GetMemory("memory")!.GetLength()).ToArray();
        }
        return [ended, .. Answers(memory, isPolite: true), .. Left()];
    }

    static string Ended(Action run)
    {
        try
        {
            run();
            return "returned";
        }
        catch (WasiExitException e)
        {
            return $"exit {e.ExitCode}";
        }
        catch (TrapException e)
        {
            return $"trap {e.Type}";
        }
    }

    // The answer of each call, and what else the guest sees.
    static IEnumerable<string> Answers(byte[] memory, bool isPolite)
    {
        for (int call = 0; call < WasiSequences.MostCalls; call++)
            if (BitConverter.ToInt32(memory, call * 4) is not 0 and var answer)
                yield return string.Create(CultureInfo.InvariantCulture, $"call {call}: {(Errno)(answer - 1)}, {BitConverter.ToInt64(memory, WasiSequences.Kept + call * 8):x}");
        // Which numbers descriptors have is the engine's choice.
        if (isPolite) memory.AsSpan(WasiSequences.Opened, WasiSequences.OpenedSlots * 4).Clear();
        yield return string.Create(CultureInfo.InvariantCulture, $"memory: {Calls.Hash(memory):x}");
    }

    void Furnish()
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(_outer))
        {
            if (new DirectoryInfo(entry) is { Exists: true, LinkTarget: null } folder) folder.Delete(recursive: true);
            else File.Delete(entry);
        }
        Directory.CreateDirectory(Path.Combine(Box, "d"));
        File.WriteAllText(Path.Combine(_outer, Secret), Secret);
        File.WriteAllText(Path.Combine(Box, "a"), Inside);
        File.CreateSymbolicLink(Path.Combine(Box, "up"), "..");
        File.CreateSymbolicLink(Path.Combine(Box, "abs"), _outer);
        File.CreateSymbolicLink(Path.Combine(Box, "l1"), "d");
    }

    // Everything that lies in the scratch directory now, and around it.
    List<string> Left()
    {
        List<string> lines = [];
        Look(_outer);
        if (!lines.Contains($"{Secret} = {Secret}") || Directory.EnumerateFileSystemEntries(_outer).Count() != 2) lines.Insert(0, "what lies outside has changed");
        return lines;

        void Look(string folder)
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
            {
                string name = Path.GetRelativePath(_outer, path);
                FileInfo file = new(path);
                if (file.LinkTarget is { } target) lines.Add($"{name} -> {target}");
                else if (Directory.Exists(path))
                {
                    lines.Add($"{name}/");
                    Look(path);
                }
                else lines.Add(file.Length > 1 << 20 ? $"{name}: {file.Length} bytes" : $"{name} = {Shown(File.ReadAllBytes(path))}");
            }
        }
    }

    static string Shown(byte[] bytes) => bytes.Length < 40 && bytes.All(b => b is >= 32 and < 127) ? Encoding.ASCII.GetString(bytes) : string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes, {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)).AsSpan(0, 16)}");

    public void Dispose()
    {
        _interpreter.Dispose();
        _native.Dispose();
        _wasmtime.Dispose();
        Directory.Delete(_outer, recursive: true);
    }
}
