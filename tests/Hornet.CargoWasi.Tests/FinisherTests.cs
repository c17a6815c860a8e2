namespace Hornet.CargoWasi.Tests;

/// <summary>What is done to a .wasm file after the build, seen through stand-ins for hornet and wasm-opt.</summary>
public sealed class FinisherTests : IDisposable
{
    readonly Workbench _bench = new();
    readonly string _wasm, _deps;

    public FinisherTests()
    {
        StandIn.Toolchain(_bench, "wasm32-wasip1", "wasm32-wasip1");
        _wasm = _bench.Write("target/x.wasm", "built");
        _deps = Path.Combine(_bench.Project, "target/deps-x.wasm");
        // strip and wasm-opt write down their words and put their names before what they read.
        _bench.Script("hornet", $"""
            [ "$1" = targets ] && echo wasm32-wasip1 && exit 0
            echo "$@" >> '{_bench.Root}/strip.args'
            for a in "$@"; do prev=$last; last=$a; case $a in *.wasm) [ "$prev" = -o ] || in=$a;; esac; done
            t=$(cat "$in"); echo "stripped $t" > "$last"
            """);
        _bench.Script("wasm-opt", $"""
            [ "$1" = --version ] && echo "wasm-opt version 108" && exit 0
            echo "$@" >> '{_bench.Root}/opt.args'
            in=$1; for a in "$@"; do last=$a; done
            t=$(cat "$in"); echo "optimised $t" > "$last"
            """);
    }

    public void Dispose() => _bench.Dispose();

    Outcome Build(string profile, string metadata = "", params string[] options)
    {
        string manifest = _bench.Write("Cargo.toml", "[package]\nname='x'\n" + metadata);
        // Cargo's way: the file in its place is a hard link of the one in deps/.
        File.WriteAllText(_deps, "built");
        File.Delete(_wasm);
        _bench.Start("/bin/ln", _deps, _wasm).Succeeded();
        _bench.Environment["STAND_IN_MESSAGES"] = _bench.Write("messages",
            $"{{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\"profile\":{profile},\"filenames\":[\"{_wasm}\"]}}\n{{\"reason\":\"new-in-2030\"}}\n");
        Outcome outcome = _bench.CargoWasi(["build", .. options]);
        outcome.Succeeded();
        Assert.Equal("built", File.ReadAllText(_deps));
        return outcome;
    }

    string Calls(string tool) => File.Exists(Path.Combine(_bench.Root, tool + ".args")) ? File.ReadAllText(Path.Combine(_bench.Root, tool + ".args")) : "";

    const string Release = """{"opt_level":"3","debuginfo":0,"test":false}""";

    [Fact]
    public void A_debug_build_is_left_alone()
    {
        Build("""{"opt_level":"0","debuginfo":2}""");
        Assert.Equal("built", File.ReadAllText(_wasm));
        Build("""{"opt_level":"3","debuginfo":"line-tables-only"}""");
        Assert.Equal("built", File.ReadAllText(_wasm));
    }

    [Fact]
    public void A_release_build_loses_debug_sections_and_is_optimised()
    {
        Outcome outcome = Build(Release);
        Assert.Equal("optimised stripped built\n", File.ReadAllText(_wasm));
        Assert.Contains("--delete .debug_*", Calls("strip"));
        Assert.DoesNotContain("--delete name", Calls("strip"));
        Assert.Contains("-O3 --debuginfo", Calls("opt"));
        Assert.Contains("Optimizing x.wasm with wasm-opt version 108, -O3", outcome.Errors);
    }

    [Theory]
    [InlineData("[package.metadata]\nwasm-opt = false\n", "stripped built\n")]
    [InlineData("[package.metadata.wasi]\nwasm-opt = false\n", "stripped built\n")]
    [InlineData("[package.metadata]\nwasm-opt = false\n[package.metadata.wasi]\nwasm-opt = true\n", "optimised stripped built\n")]
    public void Optimising_can_be_switched_off(string metadata, string expected)
    {
        Build(Release, metadata);
        Assert.Equal(expected, File.ReadAllText(_wasm));
    }

    [Fact]
    public void Name_and_producers_sections_go_where_configured()
    {
        Build(Release, "[package.metadata]\nwasm-name-section = false\nwasm-producers-section = false\n");
        Assert.Contains("--delete name --delete producers", Calls("strip"));
        Assert.Contains("--strip-debug --strip-producers", Calls("opt"));
    }

    [Fact]
    public void An_unoptimised_build_is_not_optimised()
    {
        Build("""{"opt_level":"0","debuginfo":null}""");
        Assert.Equal("stripped built\n", File.ReadAllText(_wasm));
    }

    [Fact]
    public void The_same_build_is_finished_once()
    {
        Build(Release);
        DateTime time = File.GetLastWriteTimeUtc(_deps);
        Build(Release);
        File.SetLastWriteTimeUtc(_deps, time);
        int calls = Calls("opt").Split('\n').Length;
        // As Cargo does when it puts its own file back: same file, same time.
        File.Delete(_wasm);
        _bench.Start("/bin/ln", _deps, _wasm).Succeeded();
        _bench.CargoWasi("build").Succeeded();
        int again = Calls("opt").Split('\n').Length;
        File.Delete(_wasm);
        _bench.Start("/bin/ln", _deps, _wasm).Succeeded();
        _bench.CargoWasi("build").Succeeded();
        Assert.Equal(again, Calls("opt").Split('\n').Length);
        Assert.InRange(again, calls, calls + 1);
        Assert.Equal("optimised stripped built\n", File.ReadAllText(_wasm));
    }

    [Fact]
    public void Verbose_reports_the_size()
    {
        Outcome outcome = Build(Release, "", "-v");
        Assert.Matches(@"Wrote .*/target/x\.wasm \(25 B, 5 B before\)", outcome.Errors);
    }

    [Fact]
    public void Json_messages_finish_too()
    {
        Outcome outcome = Build(Release, "", "--message-format=json");
        Assert.Contains("new-in-2030", outcome.Output);
        Assert.Equal("optimised stripped built\n", File.ReadAllText(_wasm));
    }

    [Fact]
    public void A_missing_optimiser_is_a_warning_only_where_it_was_asked_for()
    {
        File.Delete(Path.Combine(_bench.Bin, "wasm-opt"));
        Assert.SkipWhen(File.Exists("/usr/bin/wasm-opt"), "wasm-opt is installed here");
        Assert.DoesNotContain("wasm-opt", Build(Release).Errors);
        Assert.Contains("there is no wasm-opt on the path", Build(Release, "[package.metadata.wasi]\nwasm-opt = true\n").Errors);
        Assert.Equal("stripped built\n", File.ReadAllText(_wasm));
    }

    [Fact]
    public void A_failing_tool_leaves_cargos_file()
    {
        _bench.Script("wasm-opt", "[ \"$1\" = --version ] && echo v && exit 0\nexit 3\n");
        string manifest = _bench.Write("Cargo.toml", "[package]\nname='x'\n");
        _bench.Environment["STAND_IN_MESSAGES"] = _bench.Write("messages", $"{{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\"profile\":{Release},\"filenames\":[\"{_wasm}\"]}}\n");
        Outcome outcome = _bench.CargoWasi("build");
        Assert.Equal(101, outcome.ExitCode);
        Assert.Contains("failed with exit code 3", outcome.Errors);
        Assert.Equal("built", File.ReadAllText(_wasm));
    }
}
