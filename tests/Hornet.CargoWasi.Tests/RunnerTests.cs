namespace Hornet.CargoWasi.Tests;

/// <summary>What the runner asks of hornet, and the settings of the manifest.</summary>
public sealed class RunnerTests : IDisposable
{
    readonly Workbench _bench = new();

    public RunnerTests() => StandIn.Toolchain(_bench, "wasm32-wasip1", "wasm32-wasip1");
    public void Dispose() => _bench.Dispose();

    string[] Runner(params string[] words)
    {
        _bench.Start(Path.Combine(Workbench.Out, "cargo-wasi"), ["runner", .. words]).Succeeded();
        return StandIn.HornetArguments(_bench);
    }

    [Fact]
    public void Grants_the_working_directory_and_the_package()
    {
        _bench.Environment["CARGO_MANIFEST_DIR"] = _bench.Project;
        string[] words = Runner("x.wasm", "--a", "b c");
        Assert.Equal(["run", "--dir", ".", "--dir", $"{_bench.Project}::{_bench.Project}", "--env", "CARGO_MANIFEST_DIR", "x.wasm", "--a", "b c"], words);
    }

    [Fact]
    public void Passes_on_what_rust_reads_and_nothing_else()
    {
        _bench.Environment["RUST_BACKTRACE"] = "1";
        _bench.Environment["SECRET"] = "1";
        string[] words = Runner("x.wasm");
        Assert.Contains("RUST_BACKTRACE", words);
        Assert.DoesNotContain("SECRET", words);
    }

    [Fact]
    public void The_manifest_adds_directories_variables_and_options()
    {
        _bench.Write("Cargo.toml", """
            [package]
            name = "x"
            [package.metadata.wasi]
            dirs = ["data", "/tmp::/scratch"]
            env = { MODE = "test", LEVEL = 3 }
            hornet-args = ["-W", "fuel=1000"]
            """);
        _bench.Environment["CARGO_MANIFEST_DIR"] = _bench.Project;
        string words = string.Join(' ', Runner("x.wasm"));
        Assert.Contains($"--dir {_bench.Project}/data::data --dir /tmp::/scratch", words);
        Assert.Contains("--env MODE=test --env LEVEL=3 -W fuel=1000 x.wasm", words);
    }

    [Fact]
    public void Options_before_the_dashes_reach_hornet()
    {
        _bench.CargoWasi("run", "--dir", "/tmp::/t", "--env=A=1 2", "-W", "timeout=5", "--release", "--", "--dir", "x").Succeeded();
        Assert.Equal("run --target wasm32-wasip1 --release -- --dir x", string.Join(' ', StandIn.CargoArguments(_bench)));
        string line = StandIn.CargoEnvironment(_bench).Split('\n').Single(l => l.StartsWith("CARGO_WASI_HORNET_OPTIONS="));
        _bench.Environment["CARGO_WASI_HORNET_OPTIONS"] = line[(line.IndexOf('=') + 1)..];
        Assert.Equal(["run", "--dir", ".", "--dir", "/tmp::/t", "--env", "A=1 2", "-W", "timeout=5", "x.wasm"], Runner("x.wasm"));
    }

    [Fact]
    public void Inherit_env_passes_everything()
    {
        _bench.Write("Cargo.toml", "[package.metadata.wasi]\ninherit-env = true\n");
        _bench.Environment["CARGO_MANIFEST_DIR"] = _bench.Project;
        Assert.Contains("-S inherit-env=y x.wasm", string.Join(' ', Runner("x.wasm")));
    }

    [Fact]
    public void Settings_that_mean_nothing_are_named()
    {
        _bench.Write("Cargo.toml", "[package]\nname='x'\n[package.metadata.wasi]\nwasm_opt = true\ndirs = 'data'\n");
        _bench.Environment["WASM_BINDGEN"] = "wasm-bindgen";
        Outcome outcome = _bench.CargoWasi("check");
        outcome.Succeeded();
        Assert.Contains("[package.metadata.wasi] wasm_opt means nothing to cargo-wasi; it knows target, dirs", outcome.Errors);
        Assert.Contains("dirs: a value of this type is not understood", outcome.Errors);
        Assert.Contains("$WASM_BINDGEN has no meaning any more", outcome.Errors);
    }
}
