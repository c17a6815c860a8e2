using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Hornet.CargoWasi.Tests;

/// <summary>What a program printed and how it ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors)
{
    public void Succeeded() => Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Errors}");
}

/// <summary>A temporary directory in which the published cargo-wasi runs with an environment of the test's own.</summary>
internal sealed class Workbench : IDisposable
{
    static readonly string Repository = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", ".."));

    /// <summary>The published executables.</summary>
    public static string Out { get; } = Path.Combine(Repository, "out");

    public Workbench()
    {
        Root = Directory.CreateTempSubdirectory("cargo-wasi-").FullName;
        Bin = Directory.CreateDirectory(Path.Combine(Root, "bin")).FullName;
        Project = Directory.CreateDirectory(Path.Combine(Root, "project")).FullName;
        Assert.True(File.Exists(Path.Combine(Out, "cargo-wasi")), "out/cargo-wasi is missing: ./h build makes it");
        Environment["PATH"] = $"{Bin}:{Out}:/usr/bin:/bin";
        Environment["HOME"] = Root;
    }

    public string Root { get; }
    public string Bin { get; }
    public string Project { get; }
    public Dictionary<string, string> Environment { get; } = [];

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>Writes a file of the project.</summary>
    public string Write(string path, string text)
    {
        string full = Path.Combine(Project, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public string Read(string path) => File.ReadAllText(Path.Combine(Project, path));

    /// <summary>Puts a shell script on the path.</summary>
    public void Script(string name, string body)
    {
        string file = Path.Combine(Bin, name);
        File.WriteAllText(file, "#!/bin/sh\n" + body);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Runs <c>cargo-wasi wasi ARGS</c>, as Cargo starts it.</summary>
    public Outcome CargoWasi(params string[] args) => Start(Path.Combine(Out, "cargo-wasi"), ["wasi", .. args]);

    public Outcome Start(string program, params string[] args)
    {
        ProcessStartInfo info = new(program, args) { WorkingDirectory = Project, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        info.Environment.Clear();
        foreach ((string name, string value) in Environment) info.Environment[name] = value;
        using Process process = Process.Start(info)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', args)} did not end");
        }
        return new(process.ExitCode, output, errors.Result);
    }

    static string SourcePath([CallerFilePath] string path = "") => path;
}
