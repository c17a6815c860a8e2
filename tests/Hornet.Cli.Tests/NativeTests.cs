namespace Hornet.Cli.Tests;

/// <summary>The same programs as machine code, in the published executable.</summary>
public sealed class NativeTests
{
    [Theory]
    [InlineData("-C", "compiler=native")]
    [InlineData("-C", "compiler=native,lazy=n")]
    [InlineData("-C", "compiler=native", "-O", "memory-reservation=1m")]
    [InlineData("-C", "compiler=interpreter")]
    public void A_program_prints_what_it_prints_natively(params string[] options)
    {
        Assert.Equal("hello, world\n", Ran.Hornet(["run", .. options, "samples/hello.wasm"]).Ended(0).Output);
        Assert.Equal(Guest.Expected("c/compute.c"), Ran.Hornet(["run", .. options, Guest.C("compute")]).Ended(0).Output);
        using var native = new Scratch();
        using var guest = new Scratch();
        Assert.Equal(Guest.Expected("c/files.c", native.Path), Ran.Hornet(["run", .. options, "--dir", $"{guest.Path}::/data", Guest.C("files"), "/data"]).Ended(0).Output);
    }

    [Fact]
    public void A_panic_is_a_trap_with_the_same_backtrace_on_both_tiers()
    {
        var interpreted = Ran.Hornet("run", "-C", "compiler=interpreter", Guest.Rust("panic.rs"));
        var native = Ran.Hornet("run", "-C", "compiler=native", Guest.Rust("panic.rs"));
        Assert.Equal(134, native.ExitCode);
        Assert.Equal(interpreted.Error, native.Error);
    }

    [Fact]
    public void Where_machine_code_cannot_be_made_the_interpreter_runs_with_one_warning()
    {
        var ran = Ran.HornetInLittleSpace("run", "samples/hello.wasm").Ended(0);
        Assert.Equal("hello, world\n", ran.Output);
        Assert.Matches("^hornet: warning: the interpreter runs the guest: [^\n]*\n$", ran.Error);
        Assert.Equal("", Ran.HornetInLittleSpace("run", "-C", "compiler=interpreter", "samples/hello.wasm").Ended(0).Error);
        Assert.Contains("there is no address space for machine code", Ran.HornetInLittleSpace("run", "-C", "compiler=native", "samples/hello.wasm").Ended(1).Error);
    }

    [Fact]
    public void A_wrong_tier_names_the_right_ones()
    {
        var ran = Ran.Hornet("run", "-C", "compiler=cranelift", "samples/hello.wasm");
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("-C compiler: expected native or interpreter, not 'cranelift'", ran.Error);
    }
}
