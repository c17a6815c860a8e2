namespace Hornet.Cli.Tests;

/// <summary>The command line itself: help, suggestions, what Wasmtime has and Hornet has not, and bad input.</summary>
public sealed class CommandTests
{
    [Fact]
    public void Help_and_version()
    {
        Assert.Contains("hornet FILE", Ran.Hornet("--help").Ended(0).Output);
        Assert.Equal(Ran.Hornet("--help").Output, Ran.Hornet().Ended(0).Output);
        Assert.Contains("--preload", Ran.Hornet("run", "--help").Ended(0).Output);
        Assert.Matches(@"^hornet \d+\.\d+\.\d+\n$", Ran.Hornet("--version").Ended(0).Output);
    }

    [Theory]
    [InlineData("unknown option '--dri'; did you mean '--dir'?", "run", "--dri", "x", "f.wasm")]
    [InlineData("unknown option '--evn'; did you mean '--env'?", "--evn", "x", "f.wasm")]
    [InlineData("no command 'valdate'; did you mean 'validate'?", "valdate")]
    [InlineData("unknown option '-W feul'; did you mean 'fuel'?", "run", "-W", "feul=1", "samples/hello.wasm")]
    [InlineData("unknown option '-S inherit-emv'; did you mean 'inherit-env'?", "run", "-Sinherit-emv", "samples/hello.wasm")]
    [InlineData("-W fuel: expected a whole number, not 'lots'", "run", "-W", "fuel=lots", "samples/hello.wasm")]
    [InlineData("-W fuel needs a value", "run", "-Wfuel", "samples/hello.wasm")]
    [InlineData("-W timeout: expected a time such as", "run", "-W", "timeout=soon", "samples/hello.wasm")]
    [InlineData("-W simd: expected y or n, not 'maybe'", "run", "-W", "simd=maybe", "samples/hello.wasm")]
    [InlineData("hornet run needs a FILE", "run", "--dir", ".")]
    [InlineData("--preload: expected NAME=FILE, not 'other'", "run", "--preload", "other", "samples/hello.wasm")]
    public void A_wrong_option_suggests_the_right_one(string message, params string[] arguments)
    {
        var ran = Ran.Hornet(arguments).Ended(2);
        Assert.Contains(message, ran.Error);
        Assert.Single(ran.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("'serve' is a command of Wasmtime's", "serve", "f.wasm")]
    [InlineData("'--addr' is an option of Wasmtime's", "run", "--addr", "127.0.0.1:1", "f.wasm")]
    [InlineData("-O regalloc-algorithm is an option of Wasmtime's", "run", "-O", "regalloc-algorithm=x", "samples/hello.wasm")]
    [InlineData("-C collector is an option of Wasmtime's", "run", "-Ccollector=null", "samples/hello.wasm")]
    [InlineData("-D coredump is an option of Wasmtime's", "run", "-D", "coredump=x", "samples/hello.wasm")]
    [InlineData("-S http is an option of Wasmtime's", "run", "-S", "http", "samples/hello.wasm")]
    public void An_option_of_Wasmtimes_says_what_to_use_instead(string message, params string[] arguments) =>
        Assert.Contains($"{message} that Hornet does not have: ", Ran.Hornet(arguments).Ended(2).Error);

    [Theory]
    [InlineData("-W", "max-memory-size=BYTES")]
    [InlineData("-S", "inherit-env")]
    [InlineData("-D", "backtrace")]
    [InlineData("-O", "memory-reservation=BYTES")]
    [InlineData("-C", "compiler=native|interpreter")]
    public void A_group_lists_its_options(string letter, string option)
    {
        Assert.Contains(option, Ran.Hornet("run", letter, "help").Ended(0).Output);
        Assert.Contains(option, Ran.Hornet(letter, "help").Ended(0).Output);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("validate")]
    [InlineData("objdump")]
    public void Bad_input_is_named_with_file_and_offset(string command)
    {
        using var scratch = new Scratch();
        var hello = File.ReadAllBytes(Path.Combine(Ran.Root, "samples", "hello.wasm"));
        Assert.Equal("hornet: no-such.wasm: no such file\n", Ran.Hornet(command, "no-such.wasm").Ended(1).Error);
        Assert.Equal("hornet: samples: a directory, not a module\n", Ran.Hornet(command, "samples").Ended(1).Error);

        var empty = scratch.File("empty.wasm", []);
        Assert.StartsWith($"hornet: {empty}: at offset 0x0: ", Ran.Hornet(command, empty).Ended(1).Error);
        var text = scratch.File("text.wasm", "(module (fun))"u8.ToArray());
        Assert.StartsWith($"hornet: {text}:1:10: error: unknown operator fun", Ran.Hornet(command, text).Ended(1).Error);
        var cut = scratch.File("cut.wasm", hello[..1000]);
        Assert.StartsWith($"hornet: {cut}: at offset 0x", Ran.Hornet(command, cut).Ended(1).Error);
        var component = scratch.File("component.wasm", [0, (byte)'a', (byte)'s', (byte)'m', 0x0d, 0, 1, 0]);
        Assert.Contains("component", Ran.Hornet(command, component).Ended(1).Error);
    }

    [Fact]
    public void Validate_says_what_is_wrong_and_where()
    {
        using var scratch = new Scratch();
        // (func (result i32)) with an empty body: the value that it should return is missing.
        var wrong = scratch.File("wrong.wasm", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b]);
        var ran = Ran.Hornet("validate", "samples/hello.wasm", wrong).Ended(1);
        Assert.StartsWith($"hornet: {wrong}: at offset 0x18: type mismatch", ran.Error);
        Assert.Equal("", Ran.Hornet("validate", "samples/hello.wasm").Ended(0).Output);
        Assert.Contains("simd", Ran.Hornet("validate", "--help").Ended(0).Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Objdump_lists_sections()
    {
        var output = Ran.Hornet("objdump", "samples/hello.wasm").Ended(0).Output;
        Assert.Matches(@"\n\s+0xa\s+\d+\s+\d+  type\n", output);
        Assert.Matches(@"\s\d+  code\n", output);
        Assert.Contains("custom \"name\"", output);
    }

    [Fact]
    public void A_module_comes_from_standard_input()
    {
        var hello = File.ReadAllBytes(Path.Combine(Ran.Root, "samples", "hello.wasm"));
        Assert.Equal("hello, you\n", Ran.HornetReading(s => s.Write(hello), "run", "-", "you").Ended(0).Output);
        Assert.Equal("hello, you\n", Ran.HornetReading(s => s.Write(hello), "-", "you").Ended(0).Output);
        Assert.Contains("code", Ran.HornetReading(s => s.Write(hello), "objdump", "-").Ended(0).Output);
    }

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "compdef ")]
    [InlineData("fish", "complete -c hornet")]
    public void Completion_scripts_ask_hornet_itself(string shell, string line)
    {
        Assert.Contains(line, Ran.Hornet("completion", shell).Ended(0).Output);
        Assert.Equal("--dir\n", Ran.Hornet("[suggest:15]", "hornet run --di").Ended(0).Output);
        Assert.Contains("validate\n", Ran.Hornet("[suggest:7]", "hornet ").Ended(0).Output);
    }

    [Fact]
    public void An_unknown_shell_is_refused() => Assert.Contains("'tcsh'", Ran.Hornet("completion", "tcsh").Ended(2).Error);

    [Fact]
    public void The_executable_stays_small()
    {
        Assert.SkipUnless(File.Exists(Ran.Published), "no native executable is published here");
        // Native code for everything that is linked: a jump means that something large was pulled in.
        Assert.InRange(new FileInfo(Ran.Published).Length, 1_000_000, 9_000_000);
    }
}
