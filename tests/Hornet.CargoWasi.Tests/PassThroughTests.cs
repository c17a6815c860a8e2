namespace Hornet.CargoWasi.Tests;

/// <summary>What reaches Cargo, and what of Cargo reaches the user.</summary>
public sealed class PassThroughTests : IDisposable
{
    readonly Workbench _bench = new();

    public PassThroughTests() => StandIn.Toolchain(_bench, "wasm32-wasip1", "wasm32-wasip1");
    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("build --release -p a --features x,y", "build --target wasm32-wasip1 --release -p a --features x,y")]
    [InlineData("b", "b --target wasm32-wasip1")]
    [InlineData("test --no-run -- --nocapture --test-threads 1", "test --target wasm32-wasip1 --no-run -- --nocapture --test-threads 1")]
    [InlineData("run --example e -- --dir not-ours --wasip2", "run --target wasm32-wasip1 --example e -- --dir not-ours --wasip2")]
    [InlineData("clippy -- -D warnings", "clippy --target wasm32-wasip1 -- -D warnings")]
    [InlineData("tree -e features", "tree --target wasm32-wasip1 -e features")]
    [InlineData("build --bin --wasip1", "build --target wasm32-wasip1 --bin --wasip1")]
    [InlineData("+nightly check", "+nightly check --target wasm32-wasip1")]
    [InlineData("build --color never --message-format short", "build --target wasm32-wasip1 --color never --message-format short")]
    [InlineData("new --lib thing", "new --lib thing")]
    [InlineData("update -p x", "update -p x")]
    [InlineData("metadata --format-version=1", "metadata --format-version 1|metadata --format-version=1")]
    public void Cargo_gets_the_users_words_in_their_order(string given, string expected)
    {
        _bench.CargoWasi(given.Split(' ')).Succeeded();
        string words = string.Join(' ', StandIn.CargoArguments(_bench));
        // A build is asked a second time for what it made; the words are the same but for the format of the messages.
        words = words.Replace(" --message-format json", "");
        if (given.Contains("--message-format short")) expected = expected.Replace(" --message-format short", "");
        Assert.Equal(expected.Split('|')[^1], words);
    }

    [Theory]
    [InlineData("build")]
    [InlineData("run")]
    [InlineData("add")]
    public void Cargos_exit_code_and_output_are_the_users(string subcommand)
    {
        _bench.Environment["STAND_IN_EXIT"] = "37";
        Outcome outcome = _bench.CargoWasi(subcommand);
        Assert.Equal(37, outcome.ExitCode);
        Assert.Equal("to stdout\n", outcome.Output);
        Assert.Equal("to stderr\n", outcome.Errors);
    }

    [Fact]
    public void Json_messages_pass_unharmed()
    {
        string messages = _bench.Write("messages", "{\"reason\":\"compiler-message\",\"message\":{\"rendered\":\"\\u001b[31mé\"}}\n{\"reason\":\"build-finished\",\"success\":true}\n");
        _bench.Environment["STAND_IN_MESSAGES"] = messages;
        Outcome outcome = _bench.CargoWasi("build", "--message-format=json");
        outcome.Succeeded();
        Assert.Equal("to stdout\n" + File.ReadAllText(messages), outcome.Output);
        Assert.Equal("to stderr\n", outcome.Errors);
    }

    [Fact]
    public void The_runner_is_set_for_what_runs()
    {
        foreach (string subcommand in (string[])["run", "test", "bench", "r", "t"])
        {
            _bench.CargoWasi(subcommand).Succeeded();
            Assert.Contains($"CARGO_TARGET_WASM32_WASIP1_RUNNER={Path.Combine(Workbench.Out, "cargo-wasi")} runner\n", StandIn.CargoEnvironment(_bench));
        }
        _bench.CargoWasi("check").Succeeded();
        Assert.DoesNotContain("RUNNER", StandIn.CargoEnvironment(_bench));
    }

    [Fact]
    public void A_path_with_spaces_goes_through_a_list()
    {
        string odd = Path.Combine(Directory.CreateDirectory(Path.Combine(_bench.Root, "with space")).FullName, "cargo-wasi");
        File.Copy(Path.Combine(Workbench.Out, "cargo-wasi"), odd);
        _bench.Start(odd, "wasi", "run").Succeeded();
        Assert.Equal($"run --config target.wasm32-wasip1.runner=['{odd}', 'runner'] --target wasm32-wasip1", string.Join(' ', StandIn.CargoArguments(_bench)));
    }

    [Theory]
    [InlineData(".cargo/config.toml", "[target.wasm32-wasip1]\nrunner = 'mine'\n", true)]
    [InlineData("../.cargo/config", "target.wasm32-wasip1.runner = ['mine', '-x']\n", true)]
    [InlineData(".cargo/config.toml", "[target.'cfg(all(target_os = \"wasi\", not(unix)))']\nrunner = 'mine'\n", true)]
    [InlineData(".cargo/config.toml", "[target.'cfg(any(windows, target_family=\"wasm\"))']\nrunner = 'mine'\n", true)]
    [InlineData(".cargo/config.toml", "[target.'cfg(unix)']\nrunner = 'mine'\n", false)]
    [InlineData(".cargo/config.toml", "[target.'cfg(not(target_os = \"wasi\"))']\nrunner = 'mine'\n", false)]
    [InlineData(".cargo/config.toml", "[target.'cfg(((((']\nrunner = 'mine'\n", false)]
    [InlineData(".cargo/config.toml", "[target.wasm32-wasip2]\nrunner = 'mine'\n", false)]
    [InlineData(".cargo/config.toml", "this is not toml [", false)]
    public void A_runner_of_the_users_own_wins(string file, string text, bool wins)
    {
        _bench.Write(file, text);
        _bench.CargoWasi("run").Succeeded();
        Assert.Equal(wins, !StandIn.CargoEnvironment(_bench).Contains("_RUNNER="));
    }

    [Fact]
    public void A_runner_in_the_environment_wins()
    {
        _bench.Environment["CARGO_TARGET_WASM32_WASIP1_RUNNER"] = "mine";
        Outcome outcome = _bench.CargoWasi("run", "--env", "A=1");
        outcome.Succeeded();
        Assert.Contains("CARGO_TARGET_WASM32_WASIP1_RUNNER=mine\n", StandIn.CargoEnvironment(_bench));
        Assert.Contains("has no effect", outcome.Errors);
    }

    [Fact]
    public void Help_is_cargos_page_and_our_options()
    {
        Outcome outcome = _bench.CargoWasi("build", "--help");
        outcome.Succeeded();
        Assert.StartsWith("to stdout\n", outcome.Output);
        Assert.Contains("--dir HOST[::GUEST]", outcome.Output);
        Assert.Equal(["build", "--help"], StandIn.CargoArguments(_bench));
        Assert.Contains("[package.metadata.wasi]", _bench.CargoWasi("--help").Output);
        Assert.Contains("Usage: cargo wasi", _bench.CargoWasi().Output);
        _bench.CargoWasi("help", "build").Succeeded();
        Assert.Equal(["help", "build"], StandIn.CargoArguments(_bench));
    }

    [Fact]
    public void Version_and_self()
    {
        Assert.Matches(@"^cargo-wasi \d+\.\d+\.\d+\n$", _bench.CargoWasi("--version").Output);
        Assert.Equal(_bench.CargoWasi("version").Output, _bench.CargoWasi("-V").Output);
        Outcome env = _bench.CargoWasi("self", "env");
        env.Succeeded();
        Assert.Contains($"export CARGO_TARGET_WASM32_WASIP1_RUNNER='{Path.Combine(Workbench.Out, "cargo-wasi")} runner'\n", env.Output);
        _bench.CargoWasi("self", "clean").Succeeded();
        Assert.Equal(101, _bench.CargoWasi("self", "destruct").ExitCode);
        Outcome option = _bench.CargoWasi("--release");
        Assert.Equal(101, option.ExitCode);
        Assert.Contains("must follow a subcommand", option.Errors);
    }
}
