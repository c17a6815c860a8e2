namespace Hornet.CargoWasi.Tests;

/// <summary>Which target is chosen, and what is said where none can be.</summary>
public sealed class TargetTests : IDisposable
{
    readonly Workbench _bench = new();
    public void Dispose() => _bench.Dispose();

    const string Modern = "wasm32-unknown-unknown wasm32-wasip1 wasm32-wasip1-threads wasm32-wasip2";

    [Theory]
    // known to rustc, installed, runnable by hornet, options => target
    [InlineData(Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip1", "", "wasm32-wasip1")]
    [InlineData(Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip2 wasm32-wasip1", "", "wasm32-wasip2")]
    [InlineData(Modern, "wasm32-wasip1", "wasm32-wasip2 wasm32-wasip1", "", "wasm32-wasip1")]
    [InlineData(Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip2 wasm32-wasip1", "--wasip1", "wasm32-wasip1")]
    [InlineData(Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip2 wasm32-wasip1", "--target=wasm32-wasip1", "wasm32-wasip1")]
    [InlineData("wasm32-wasi", "wasm32-wasi", "wasm32-wasip1 wasm32-wasi", "", "wasm32-wasi")]
    [InlineData("wasm32-wasi", "wasm32-wasi", "wasm32-wasip1 wasm32-wasi", "--wasip1", "wasm32-wasi")]
    public void Chooses_the_newest_installed_target_that_hornet_runs(string known, string installed, string runnable, string options, string expected)
    {
        StandIn.Toolchain(_bench, known, installed, runnable);
        _bench.CargoWasi(["build", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Succeeded();
        string[] words = StandIn.CargoArguments(_bench);
        Assert.Equal(1, words.Count(w => w == "--target"));
        Assert.Equal(expected, words[Array.IndexOf(words, "--target") + 1]);
    }

    [Fact]
    public void The_manifest_chooses_where_no_option_does()
    {
        StandIn.Toolchain(_bench, Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip2 wasm32-wasip1");
        _bench.Write("Cargo.toml", "[package]\nname='x'\nversion='0.1.0'\n[package.metadata.wasi]\ntarget = 'wasm32-wasip1'\n");
        _bench.CargoWasi("check").Succeeded();
        Assert.Contains("wasm32-wasip1", StandIn.CargoArguments(_bench));
        _bench.CargoWasi("check", "--wasip2").Succeeded();
        Assert.Contains("wasm32-wasip2", StandIn.CargoArguments(_bench));
    }

    [Fact]
    public void The_workspace_is_asked_after_the_package()
    {
        StandIn.Toolchain(_bench, Modern, "wasm32-wasip1 wasm32-wasip2", "wasm32-wasip2 wasm32-wasip1");
        _bench.Write("Cargo.toml", "[workspace]\nmembers=['m']\n[workspace.metadata.wasi]\ntarget = 'wasm32-wasip1'\n");
        string manifest = _bench.Write("m/Cargo.toml", "[package]\nname='m'\nversion='0.1.0'\n");
        _bench.CargoWasi("check", "--manifest-path", manifest).Succeeded();
        Assert.Contains("wasm32-wasip1", StandIn.CargoArguments(_bench));
    }

    [Theory]
    [InlineData("/x/.rustup/toolchains/stable", "rustup target add wasm32-wasip1")]
    [InlineData("", "libstd-rust-dev-wasm32")]
    public void Nothing_installed_names_the_command_that_installs_it(string rustup, string advice)
    {
        Assert.SkipUnless(rustup != "" || File.Exists("/etc/debian_version"), "the advice under test is Debian's");
        StandIn.Toolchain(_bench, Modern, "");
        if (rustup != "") _bench.Environment["RUSTUP_TOOLCHAIN"] = rustup;
        Outcome outcome = _bench.CargoWasi("build");
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains(advice, outcome.Errors);
        Assert.False(File.Exists(Path.Combine(_bench.Root, "cargo.args")));
    }

    [Theory]
    [InlineData("--wasip2", "'hornet' cannot run|cannot run 'wasm32-wasip2'")]
    [InlineData("--target=x86_64-unknown-linux-gnu", "not a WASI target")]
    [InlineData("--wasip3", "does not know the target 'wasm32-wasip3'")]
    [InlineData("--wasip1|--wasip2", "contradicts")]
    [InlineData("--target", "needs a value")]
    public void A_target_that_cannot_be_is_refused(string options, string message)
    {
        StandIn.Toolchain(_bench, Modern, "wasm32-wasip1 wasm32-wasip2");
        Outcome outcome = _bench.CargoWasi(["build", .. options.Split('|')]);
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains(message.Split('|')[^1], outcome.Errors);
        Assert.Contains("help", outcome.Errors);
    }

    [Fact]
    public void Without_hornet_a_build_goes_on_and_a_run_says_what_is_missing()
    {
        StandIn.Toolchain(_bench, Modern, "wasm32-wasip1", runnable: null);
        _bench.Environment["HORNET"] = "";
        // cargo-wasi in a place of its own: beside the published one there is a hornet.
        string alone = Path.Combine(_bench.Bin, "cargo-wasi");
        File.Copy(Path.Combine(Workbench.Out, "cargo-wasi"), alone);
        _bench.Environment["PATH"] = $"{_bench.Bin}:/usr/bin:/bin";
        _bench.Start(alone, "wasi", "check").Succeeded();
        Outcome outcome = _bench.Start(alone, "wasi", "run");
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains("'hornet' command was not found", outcome.Errors);
        Assert.Contains("HORNET", outcome.Errors);
    }

    [Fact]
    public void No_cargo_and_no_rustc_are_named()
    {
        _bench.Environment["PATH"] = _bench.Bin;
        Outcome outcome = _bench.CargoWasi("build");
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains("rustc", outcome.Errors);
        outcome = _bench.CargoWasi("new", "x");
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains("cannot start 'cargo'", outcome.Errors);
    }
}
