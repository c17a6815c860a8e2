using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace CargoWasi;

/// <summary>Starting other programs: with this process's own streams, to read what they print, or in this process's place.</summary>
static partial class ChildProcess
{
    static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        ProcessStartInfo info = new(program, arguments) { UseShellExecute = false };
        if (environment is not null)
            foreach ((string name, string value) in environment) info.Environment[name] = value;
        return info;
    }

    static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"cannot start '{info.FileName}': {e.Message}", info.FileName.Contains("cargo", StringComparison.Ordinal) ? "install Rust's toolchain (rustup, or your distribution's package 'cargo')" : null);
        }
    }

    /// <summary>Runs a program that has this process's streams; its exit code.</summary>
    public static int Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using Process process = Start(StartInfo(program, arguments, environment));
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Runs a program whose standard output goes to <paramref name="line"/> as it comes; standard error is this process's own, or dropped.</summary>
    public static int Run(string program, IEnumerable<string> arguments, Action<string> line, IReadOnlyDictionary<string, string>? environment = null, bool dropErrors = false)
    {
        ProcessStartInfo info = StartInfo(program, arguments, environment);
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = dropErrors;
        using Process process = Start(info);
        if (dropErrors)
        {
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
        }
        while (process.StandardOutput.ReadLine() is { } text) line(text);
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>What a program prints on standard output, or null where it fails or cannot be started.</summary>
    public static string? Output(string program, params IEnumerable<string> arguments)
    {
        List<string> lines = [];
        try
        {
            return Run(program, arguments, lines.Add, dropErrors: true) == 0 ? string.Join('\n', lines) : null;
        }
        catch (UsageException)
        {
            return null;
        }
    }

    /// <summary>Continues as another program where the system can (signals and exit status are then that program's own), else runs it and exits as it did.</summary>
    public static int Become(string program, IReadOnlyList<string> arguments)
    {
        if (!OperatingSystem.IsWindows()) Execvp(program, [program, .. arguments, null]);
        // Only a failed exec returns, with the reason in errno; starting it the ordinary way words the error.
        return Run(program, arguments);
    }

    [LibraryImport("libc", EntryPoint = "execvp", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execvp(string file, string?[] arguments);

    /// <summary>The first file of this name on the path, or null.</summary>
    public static string? Find(string name)
    {
        string file = OperatingSystem.IsWindows() && !name.EndsWith(".exe", StringComparison.Ordinal) ? name + ".exe" : name;
        if (file.Contains(Path.DirectorySeparatorChar)) return File.Exists(file) ? file : null;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(d => d != "").Select(d => Path.Combine(d, file)).FirstOrDefault(File.Exists);
    }
}
