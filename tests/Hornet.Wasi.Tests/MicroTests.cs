using System.Diagnostics;
using System.Reflection;
using Hornet.Micro;

namespace Hornet.Wasi.Tests;

/// <summary>hornet-micro: what it contains, its options, and, where ./h build has published it, its size and a run.</summary>
public sealed class MicroTests
{
    /// <summary>Neither compiler nor text parser: by what its assemblies refer to, all the way down.</summary>
    [Fact]
    public void It_contains_neither_compiler_nor_text_parser()
    {
        SortedSet<string> reached = new(StringComparer.Ordinal);
        Visit(typeof(MicroOptions).Assembly);
        Assert.Equal(["Hornet.Base", "Hornet.Runtime", "Hornet.Wasi", "Hornet.Wasm", "hornet-micro"], reached);

        void Visit(Assembly assembly)
        {
            if (!reached.Add(assembly.GetName().Name!))
                return;
            foreach (AssemblyName name in assembly.GetReferencedAssemblies())
                if (name.Name!.StartsWith("Hornet", StringComparison.Ordinal))
                    Visit(Assembly.Load(name));
                else
                    Assert.StartsWith("System", name.Name);
        }
    }

    [Fact]
    public void Options()
    {
        MicroOptions options = MicroOptions.Parse(["--dir", "/a::/b", "--dir=/c", "--env", "N=V=W", "--env=E=", "--stack-size=64k", "--heap-limit", "2m", "--fuel", "7", "--timeout=1500ms",
            "--argv0=me", "x/file.wasm", "--dir", "-x"]);
        Assert.Equal("x/file.wasm", options.File);
        Assert.Equal(["me", "--dir", "-x"], options.Arguments);
        Assert.Equal([("/a", "/b"), ("/c", "/c")], options.Directories);
        Assert.Equal([("N", "V=W"), ("E", "")], options.Environment);
        Assert.Equal((65536L, 2L << 20, 7ul, TimeSpan.FromSeconds(1.5)), (options.StackSize, options.HeapLimit, options.Fuel, options.Timeout));
        Assert.Equal(["file.wasm", "a"], MicroOptions.Parse(["--", "x/file.wasm", "a"]).Arguments);
        Assert.Equal("-", MicroOptions.Parse(["-", "a"]).File);
        Assert.True(MicroOptions.Parse(["--help"]).ShowHelp);
        Assert.True(MicroOptions.Parse(["-V"]).ShowVersion);
        foreach (string[] wrong in new string[][] { ["--nothing", "x"], ["--dir"], ["--stack-size=0", "f"], ["--stack-size=k", "f"], ["--heap-limit=99999999999g", "f"], ["--fuel=-1", "f"], ["--timeout=x", "f"] })
            Assert.Throws<UsageException>(() => MicroOptions.Parse(wrong));
    }

    [Fact]
    public void The_published_executable_is_small_and_runs()
    {
        string file = Path.Combine(CProgramTests.Root(), "out", "hornet-micro");
        Assert.SkipUnless(File.Exists(file), "out/hornet-micro is not published: ./h build");
        Assert.InRange(new FileInfo(file).Length, 500_000, 2_500_000);
        using Scratch scratch = new();
        (int code, string output, string error) = Run(file, "--env=A=1", "--env=EMPTY=", $"--dir={scratch.Path}::/", CProgramTests.Build("world"), "one");
        Assert.Equal("", error);
        Assert.Equal((42, "arg 0: world.wasm\narg 1: one\nenv A=1\nenv EMPTY=\nfloat 1.625 1e+100 1.000000e-01\n"), (code, output));
        (code, _, error) = Run(file, CProgramTests.Build("ends"), "trap");
        Assert.Equal(134, code);
        Assert.Contains("unreachable", error);
        (code, _, error) = Run(file, "--timeout=100ms", CProgramTests.Build("ends"), "sleep");
        Assert.Equal(134, code);
        Assert.Contains("interrupt", error);
        // Standard streams that are closed are nothing, not whatever the runtime has opened under their numbers.
        (code, output, error) = Run("/bin/sh", "-c", $"'{file}' '{CProgramTests.Build("streams")}' <&-");
        Assert.Equal((0, "0\n", ""), (code, output, error));
        (code, output, error) = Run("/bin/sh", "-c", $"'{file}' '{CProgramTests.Build("streams")}' >&- </dev/null");
        Assert.Equal((0, "", ""), (code, output, error));
        (code, _, error) = Run(file, "/nothing/there.wasm");
        Assert.Equal((1, "hornet-micro: there is no file /nothing/there.wasm\n"), (code, error));
        (code, _, error) = Run(file, "--nothing");
        Assert.Equal(2, code);
        File.WriteAllBytes(scratch["bad.wasm"], [0, 1, 2, 3, 4, 5, 6, 7]);
        (code, _, error) = Run(file, scratch["bad.wasm"]);
        Assert.Equal(1, code);
        Assert.Contains("magic", error);
    }

    /// <summary>What docs/embedded.md states: the module, what ran of it, the guest's memory, and this.</summary>
    const double StatedMegabytes = 4.5;

    /// <summary>
    /// The bound on resident memory, over the programs of the benchmarks. What a program touches itself is measured by running it natively; of
    /// the module no more is resident than its file has bytes, of its translation no more than a few times that.
    /// </summary>
    [Theory, InlineData("fib", "27"), InlineData("sieve", "2"), InlineData("nbody", "20000"), InlineData("matmul", "120"), InlineData("sha256", "20"), InlineData("mixed", "50"), InlineData("hello", "")]
    public void Peak_memory_is_bounded(string program, string size)
    {
        string file = Path.Combine(CProgramTests.Root(), "out", "hornet-micro");
        Assert.SkipUnless(File.Exists(file), "out/hornet-micro is not published: ./h build");
        string? folder = new[] { Environment.GetEnvironmentVariable("HORNET_PROGRAMS"), Path.Combine(CProgramTests.Root(), "..", "shared", "programs"), Path.Combine(CProgramTests.Root(), ".suites", "programs") }
            .FirstOrDefault(f => !string.IsNullOrEmpty(f) && File.Exists(Path.Combine(f, program + ".c")));
        Assert.SkipWhen(folder is null, "the benchmark programs are not there: set HORNET_PROGRAMS");
        string source = Path.Combine(folder!, program + ".c");
        string module = LargeProgramTests.Guest("c", source), native = LargeProgramTests.Guest("native", source);
        string spawn = LargeProgramTests.Guest("native", Path.Combine(CProgramTests.Root(), "bench", "spawn.c"));
        string[] arguments = size.Length == 0 ? [] : [size];
        (int code, string output, string error) = Run(spawn, ["1", file, module, .. arguments, "--", native, .. arguments]);
        Assert.True(code == 0, error);
        // median, least and processor time, peak in kB, exit code
        double[][] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => Array.ConvertAll(l.Split(' '), s => double.Parse(s, System.Globalization.CultureInfo.InvariantCulture)))];
        Assert.Equal((0d, 0d), (lines[0][4], lines[1][4]));
        double moduleMegabytes = new FileInfo(module).Length / 1048576.0, peak = lines[0][3] / 1024, own = lines[1][3] / 1024;
        Assert.True(peak <= own + moduleMegabytes + StatedMegabytes, $"{program}: {peak:F1} MB resident, {own:F1} MB natively, module {moduleMegabytes:F2} MB");
        if (program == "hello")
            Assert.InRange(peak, 0.5, 6);
    }

    static (int, string, string) Run(string file, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
