using System.Text.Json;

namespace Hornet.Wasi.Tests;

/// <summary>
/// The public WASI testsuite (repository WebAssembly/wasi-testsuite, branch prod/testsuite-base): its 72 programs for preview 1. Looked for
/// in HORNET_WASI_TESTSUITE, then as <c>wasi-testsuite</c> in HORNET_SUITES, <c>../shared/suites</c> and <c>.suites</c>, where <c>eng/fetch-suites.sh</c> puts it; no
/// registry of packages has it. Where it is not, these tests are skipped by name, and <see cref="CProgramTests.Every_function"/> still covers each function.
/// </summary>
public sealed class TestsuiteTests
{
    static readonly string? s_suite = Find();

    static string? Find()
    {
        if (Environment.GetEnvironmentVariable("HORNET_WASI_TESTSUITE") is { Length: > 0 } given)
            return given;
        if (Environment.GetEnvironmentVariable("HORNET_SUITES") is { Length: > 0 } suites && Path.Combine(suites, "wasi-testsuite") is var there && Directory.Exists(there))
            return there;
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
            if (File.Exists(Path.Combine(d.FullName, "Hornet.slnx")))
                return new[] { Path.Combine(d.FullName, "..", "shared", "suites", "wasi-testsuite"), Path.Combine(d.FullName, ".suites", "wasi-testsuite") }.FirstOrDefault(Directory.Exists);
        return null;
    }

    public static TheoryData<string, Way> Programs
    {
        get
        {
            TheoryData<string, Way> data = [];
            if (s_suite is not null)
                foreach (string file in Directory.EnumerateFiles(s_suite, "*.wasm", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                    if (Path.GetFileName(Path.GetDirectoryName(file)) == "wasm32-wasip1")
                        foreach (Way way in Enum.GetValues<Way>())
                            data.Add(Path.GetRelativePath(s_suite, file), way);
            if (data.Count == 0)
                data.Add("(the suite)", Way.Interpreted);
            return data;
        }
    }

    [Theory, MemberData(nameof(Programs), DisableDiscoveryEnumeration = false)]
    public void Program(string name, Way way)
    {
        Assert.SkipWhen(s_suite is null, "the WASI testsuite is not there: set HORNET_WASI_TESTSUITE, or put it into .suites/wasi-testsuite");
        string file = Path.Combine(s_suite!, name), specification = Path.ChangeExtension(file, ".json");
        using JsonDocument? json = File.Exists(specification) ? JsonDocument.Parse(File.ReadAllText(specification)) : null;
        JsonElement spec = json?.RootElement ?? default;
        WasiConfiguration configuration = new WasiConfiguration().WithArg(Path.GetFileName(file));
        int exitCode = 0;
        string? output = null;
        using Scratch scratch = new();
        if (json is not null)
        {
            if (spec.TryGetProperty("args", out JsonElement args))
                foreach (JsonElement arg in args.EnumerateArray())
                    configuration.WithArg(arg.GetString()!);
            if (spec.TryGetProperty("env", out JsonElement env))
                foreach (JsonProperty variable in env.EnumerateObject())
                    configuration.WithEnvironmentVariable(variable.Name, variable.Value.GetString()!);
            if (spec.TryGetProperty("root", out JsonElement root) && root.GetString() is { } directory)
            {
                // A copy, so that programs can run at the same time and the suite stays as it is.
                Copy(Path.Combine(Path.GetDirectoryName(file)!, directory), scratch.Path);
                configuration.WithPreopenedDirectory(scratch.Path, "/");
            }
            if (spec.TryGetProperty("exit_code", out JsonElement code))
                exitCode = code.GetInt32();
            if (spec.TryGetProperty("stdout", out JsonElement stdout))
                output = stdout.GetString();
        }
        GuestProgram.Outcome outcome = GuestProgram.Run(file, configuration, way: way);
        Assert.True(outcome.ExitCode == exitCode, $"exit code {outcome.ExitCode}, expected {exitCode}\n{outcome.Output}\n{outcome.Error}");
        if (output is not null)
            Assert.Equal(output, outcome.Output);
    }

    [Fact]
    public void All_72_programs_are_there()
    {
        Assert.SkipWhen(s_suite is null, "the WASI testsuite is not there: set HORNET_WASI_TESTSUITE, or put it into .suites/wasi-testsuite");
        Assert.Equal(72, Programs.Count / Enum.GetValues<Way>().Length);
    }

    static void Copy(string from, string to)
    {
        foreach (string directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, directory)));
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
