using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hornet.Wasi.Tests;

/// <summary>C programs built with the system's clang and wasi-libc; skipped by name where those are not.</summary>
public sealed class CProgramTests
{
    static readonly string s_sources = Path.Combine(Root(), "tests", "Hornet.Wasi.Tests", "programs");

    internal static string Root()
    {
        DirectoryInfo? d = new(AppContext.BaseDirectory);
        while (d is not null && !File.Exists(Path.Combine(d.FullName, "Hornet.slnx")))
            d = d.Parent;
        return d?.FullName ?? throw new InvalidOperationException("the project's root was not found");
    }

    /// <summary>The program as a module; built once, into the build output, until its source changes.</summary>
    internal static string Build(string name)
    {
        string source = Path.Combine(s_sources, name + ".c"), output = Path.Combine(AppContext.BaseDirectory, "programs", name + ".wasm");
        if (File.Exists(output) && File.GetLastWriteTimeUtc(output) > File.GetLastWriteTimeUtc(source))
            return output;
        Assert.SkipUnless(File.Exists("/usr/lib/wasm32-wasi/libc.a") && File.Exists("/usr/bin/clang"), "clang with wasi-libc is not installed (Debian: clang lld wasi-libc libclang-rt-dev-wasm32)");
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        string temporary = $"{output}.{Environment.ProcessId}";
        using Process clang = Process.Start(new ProcessStartInfo("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-O1", "-o", temporary, source]) { RedirectStandardError = true })!;
        string error = clang.StandardError.ReadToEnd();
        clang.WaitForExit();
        Assert.True(clang.ExitCode == 0, error);
        File.Move(temporary, output, overwrite: true);
        return output;
    }

    static void Ok(GuestProgram.Outcome outcome, string output, int code = 0)
    {
        Assert.True(outcome.Error.Length == 0, outcome.Error);
        Assert.Equal(output, outcome.Output);
        Assert.Equal(code, outcome.ExitCode);
    }

    public static TheoryData<string, Way> InDirectories => [.. from program in (string[])["files", "directories"] from way in Enum.GetValues<Way>() select (program, way)];
    public static TheoryData<Way> Ways => [.. Enum.GetValues<Way>()];

    [Theory, MemberData(nameof(InDirectories))]
    public void In_a_directory(string program, Way way)
    {
        using Scratch scratch = new();
        Ok(GuestProgram.Run(Build(program), new WasiConfiguration().WithArg(program).WithPreopenedDirectory(scratch.Path, "/"), way: way), "ok\n");
    }

    [Theory, MemberData(nameof(Ways))]
    public void The_world_of_a_guest(Way way)
    {
        using Scratch scratch = new();
        WasiConfiguration configuration = new WasiConfiguration().WithArgs("world", "one", "two words").WithEnvironmentVariable("A", "1").WithEnvironmentVariable("EMPTY", "")
            .WithPreopenedDirectory(scratch.Path, "/");
        Ok(GuestProgram.Run(Build("world"), configuration, way: way),
            "arg 0: world\narg 1: one\narg 2: two words\nenv A=1\nenv EMPTY=\nfloat 1.625 1e+100 1.000000e-01\n", code: 42);
    }

    [Theory, MemberData(nameof(Ways))]
    public void Bytes_pass_through_unchanged(Way way)
    {
        byte[] bytes = new byte[1_000_000];
        new Random(1).NextBytes(bytes);
        using MemoryStream output = new();
        WasiConfiguration configuration = new WasiConfiguration().WithArgs("streams", "echo").WithStandardInput(new MemoryStream(bytes)).WithStandardOutput(output);
        Assert.Equal(0, GuestProgram.Run(Build("streams"), configuration, TimeSpan.FromSeconds(60), out string? trap, way));
        Assert.Null(trap);
        Assert.Equal(bytes, output.ToArray());
    }

    /// <summary>100 MB through a pipe of the system's.</summary>
    [Theory, MemberData(nameof(Ways))]
    public void A_hundred_megabytes_from_a_pipe(Way way)
    {
        using System.IO.Pipes.AnonymousPipeServerStream pipe = new(System.IO.Pipes.PipeDirection.Out);
        using System.IO.Pipes.AnonymousPipeClientStream end = new(System.IO.Pipes.PipeDirection.In, pipe.ClientSafePipeHandle);
        Task writer = Task.Run(() =>
        {
            byte[] block = new byte[1 << 20];
            for (int i = 0; i < 100; i++)
                pipe.Write(block);
            pipe.Dispose();
        });
        Ok(GuestProgram.Run(Build("streams"), new WasiConfiguration().WithArg("streams"), end, way: way), $"{100 << 20}\n");
        writer.Wait();
    }

    [Theory, MemberData(nameof(Ways))]
    public void A_server_on_a_preopened_listener(Way way)
    {
        string program = Build("server");
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Scratch scratch = new();
        Task<string> client = Task.Run(() =>
        {
            using TcpClient tcp = new();
            tcp.Connect((IPEndPoint)listener.LocalEndPoint!);
            NetworkStream stream = tcp.GetStream();
            stream.Write("hello\n"u8);
            byte[] answer = new byte[6];
            stream.ReadExactly(answer);
            stream.Write("again\n"u8);
            tcp.Client.Shutdown(SocketShutdown.Send);
            return Encoding.ASCII.GetString(answer) + new StreamReader(stream).ReadToEnd();
        });
        Ok(GuestProgram.Run(program, new WasiConfiguration().WithArg("server").WithPreopenedListener(listener).WithPreopenedDirectory(scratch.Path, "/"), way: way), "served\n");
        Assert.Equal("HELLO\nAGAIN\n", client.Result);
    }

    [Theory, InlineData("0", 0), InlineData("1", 1), InlineData("255", 255)]
    public void Exit_codes(string code, int expected) =>
        Ok(GuestProgram.Run(Build("ends"), new WasiConfiguration().WithArgs("ends", code)), "", expected);

    [Theory, InlineData("abort"), InlineData("trap")]
    public void Traps(string how)
    {
        GuestProgram.Outcome outcome = GuestProgram.Run(Build("ends"), new WasiConfiguration().WithArgs("ends", how));
        Assert.Equal(134, outcome.ExitCode);
        Assert.Contains("unreachable", outcome.Error);
    }

    /// <summary>Each of the 46 functions, by a program that is built here: what the public testsuite covers is covered where it is not at hand.</summary>
    [Theory, MemberData(nameof(Ways))]
    public void Every_function(Way way)
    {
        string program = Build("every");
        using (Engine engine = new())
        using (Module module = Module.FromFile(engine, program))
            Assert.Equal(Preview1.Preview1Table.Rows.Select(r => r.Name).Order(), module.Imports.Where(i => i.ModuleName == Preview1.Preview1Table.Module).Select(i => i.Name).Distinct().Order());
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Scratch scratch = new();
        Task<string> client = Task.Run(async () =>
        {
            using TcpClient tcp = new();
            await tcp.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
            NetworkStream stream = tcp.GetStream();
            await stream.WriteAsync("pi"u8.ToArray());
            await Task.Delay(20);
            await stream.WriteAsync("ng"u8.ToArray());
            byte[] answer = new byte[5];
            await stream.ReadExactlyAsync(answer);
            return Encoding.ASCII.GetString(answer);
        });
        Ok(GuestProgram.Run(program, new WasiConfiguration().WithArgs("every", "arg").WithEnvironmentVariable("NAME", "value").WithPreopenedListener(listener)
            .WithPreopenedDirectory(scratch.Path, "/dir"), way: way), "every\n", code: 46);
        Assert.Equal("pong!", client.Result);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    public static TheoryData<string, Way> Waits => [.. from how in (string[])["sleep", "read"] from way in Enum.GetValues<Way>() select (how, way)];

    /// <summary>A deadline reaches a guest that waits, whatever it waits for.</summary>
    [Theory, MemberData(nameof(Waits))]
    public void A_deadline_ends_a_wait(string how, Way way)
    {
        using System.IO.Pipes.AnonymousPipeServerStream silent = new(System.IO.Pipes.PipeDirection.Out);
        using System.IO.Pipes.AnonymousPipeClientStream end = new(System.IO.Pipes.PipeDirection.In, silent.ClientSafePipeHandle);
        string program = Build("ends");
        Stopwatch watch = Stopwatch.StartNew();
        GuestProgram.Outcome outcome = GuestProgram.Run(program, new WasiConfiguration().WithArgs("ends", how), end, TimeSpan.FromMilliseconds(200), way);
        Assert.InRange(watch.ElapsedMilliseconds, 190, 10_000);
        Assert.Equal(134, outcome.ExitCode);
        Assert.Contains("interrupt", outcome.Error);
    }

    [Fact]
    public void Without_a_configuration_the_host_learns_what_is_missing()
    {
        using Engine engine = new();
        using Module module = Module.FromFile(engine, Build("ends"));
        using Linker linker = new(engine);
        using Store store = new(engine);
        LinkException missing = Assert.Throws<LinkException>(() => linker.Instantiate(store, module));
        Assert.Contains("wasi_snapshot_preview1::", missing.Message);
        linker.DefineWasi();
        Function start = linker.Instantiate(store, module).GetFunction("_start")!;
        Assert.Contains("SetWasiConfiguration", Assert.Throws<InvalidOperationException>(() => start.Invoke()).Message);
    }
}
