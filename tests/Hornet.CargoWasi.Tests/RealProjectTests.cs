using System.Text;
using System.Text.Json;

namespace Hornet.CargoWasi.Tests;

/// <summary>Whole projects with Debian's toolchain and the published hornet, started as users start them: <c>cargo wasi ...</c>.</summary>
public sealed class RealProjectTests : IDisposable
{
    readonly Workbench _bench = new();

    public RealProjectTests()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cargo") && File.Exists("/usr/bin/rustc"), "the packages cargo and rustc are not installed");
        Assert.SkipUnless(Directory.Exists("/usr/lib/rustlib/wasm32-wasi/lib"), "the package libstd-rust-dev-wasm32 is not installed");
        Assert.True(File.Exists(Path.Combine(Workbench.Out, "hornet")), "out/hornet is missing: ./h build makes it");
        _bench.Environment["CARGO_HOME"] = Path.Combine(_bench.Root, "cargo-home");
        _bench.Environment["CARGO_INCREMENTAL"] = "0";
        _bench.Environment["USER"] = "nobody";
    }

    public void Dispose() => _bench.Dispose();

    Outcome Cargo(params string[] words) => _bench.Start("/usr/bin/cargo", words);
    Outcome Wasi(params string[] words) => Cargo(["wasi", .. words]);

    void Package(string main, string manifest = "")
    {
        _bench.Write("Cargo.toml", "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2021\"\n" + manifest);
        _bench.Write("src/main.rs", main);
    }

    const string Hello = "fn main() { println!(\"Hello, world!\"); }\n";

    [Fact]
    public void A_new_project_runs_tests_and_benches_without_configuration()
    {
        Cargo("init", "--vcs", "none", "--name", "fresh").Succeeded();
        Outcome run = Wasi("run");
        run.Succeeded();
        Assert.Equal("Hello, world!\n", run.Output);
        Assert.Contains("Compiling fresh", run.Errors);
        _bench.Write("src/main.rs", Hello + "#[test] fn two() { assert_eq!(1 + 1, 2); }\n#[test] #[ignore] fn later() {}\n");
        Outcome test = Wasi("test");
        test.Succeeded();
        Assert.Contains("test two ... ok", test.Output);
        Assert.Contains("1 passed; 0 failed; 1 ignored", test.Output);
        Outcome bench = Wasi("bench");
        bench.Succeeded();
        Assert.Contains("running 2 tests", bench.Output);
    }

    [Fact]
    public void A_release_build_loses_the_debug_information_it_did_not_ask_for()
    {
        Package(Hello, "[profile.dev]\ndebug = true\n[package.metadata.wasi]\nwasm-opt = false\n");
        Wasi("build").Succeeded();
        Outcome build = Wasi("build", "--release", "-v");
        build.Succeeded();
        Assert.Matches(@"Wrote .*demo\.wasm \([\d.]+ [KM]iB, [\d.]+ MiB before\)", build.Errors);
        byte[] debug = File.ReadAllBytes(Path.Combine(_bench.Project, "target/wasm32-wasi/debug/demo.wasm"));
        byte[] release = File.ReadAllBytes(Path.Combine(_bench.Project, "target/wasm32-wasi/release/demo.wasm"));
        Assert.True(debug.AsSpan().IndexOf(Encoding.ASCII.GetBytes(".debug_info")) > 0);
        Assert.Equal(-1, release.AsSpan().IndexOf(Encoding.ASCII.GetBytes(".debug_")));
        Assert.True(release.AsSpan().IndexOf("\x04name"u8) > 0);
        Assert.Equal("Hello, world!\n", _bench.Start(Path.Combine(Workbench.Out, "hornet"), "run", "target/wasm32-wasi/release/demo.wasm").Output);
        // Everything is fresh, and what is in place is the finished file again.
        Wasi("build", "--release").Succeeded();
        Assert.Equal(release, File.ReadAllBytes(Path.Combine(_bench.Project, "target/wasm32-wasi/release/demo.wasm")));
    }

    [Fact]
    public void Sections_go_where_configured()
    {
        Package(Hello, "[package.metadata]\nwasm-name-section = false\nwasm-producers-section = false\nwasm-opt = false\n");
        Wasi("build", "--release").Succeeded();
        byte[] release = File.ReadAllBytes(Path.Combine(_bench.Project, "target/wasm32-wasi/release/demo.wasm"));
        Assert.Equal(-1, release.AsSpan().IndexOf("\x04name"u8));
        Assert.Equal(-1, release.AsSpan().IndexOf("\x09producers"u8));
    }

    [Fact]
    public void Arguments_directories_variables_and_exit_codes()
    {
        Package("""
            fn main() {
                let args: Vec<String> = std::env::args().skip(1).collect();
                println!("{:?} {:?} {:?}", args, std::env::var("MODE"), std::env::var("SECRET").is_err());
                println!("{}", std::fs::read_to_string("data/a.txt").unwrap().trim());
                println!("{}", std::fs::read_to_string("/extra/b.txt").unwrap().trim());
                std::fs::write("made.txt", "by the guest").unwrap();
                println!("{}", std::fs::read("/etc/passwd").is_err() && std::fs::read("../../../../etc/passwd").is_err());
                std::process::exit(37);
            }
            """, "[package.metadata.wasi]\nenv = { MODE = \"demo\" }\n");
        _bench.Write("data/a.txt", "from the project");
        _bench.Write("../elsewhere/b.txt", "from elsewhere");
        _bench.Environment["SECRET"] = "1";
        Outcome run = Wasi("run", "--dir", $"{_bench.Root}/elsewhere::/extra", "--", "--flag", "two words");
        Assert.Equal(37, run.ExitCode);
        Assert.Equal("[\"--flag\", \"two words\"] Ok(\"demo\") true\nfrom the project\nfrom elsewhere\ntrue\n", run.Output);
        Assert.Equal("by the guest", _bench.Read("made.txt"));
    }

    [Fact]
    public void A_panic_shows_its_message_and_ends_with_134()
    {
        Package("fn main() { let v: Vec<i32> = vec![]; println!(\"{}\", v[std::env::args().count()]); }\n");
        Outcome run = Wasi("run", "-q");
        Assert.Equal(134, run.ExitCode);
        Assert.Contains("index out of bounds: the len is 0 but the index is 1", run.Errors);
    }

    [Fact]
    public void Tests_find_their_data_and_print_where_asked()
    {
        Package(Hello);
        _bench.Write("tests/data/x.txt", "42");
        _bench.Write("tests/it.rs", """
            #[test] fn reads_its_data() {
                println!("seen by nocapture");
                let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/x.txt");
                assert_eq!(std::fs::read_to_string(path).unwrap(), "42");
            }
            #[test] fn knows_its_package() { assert_eq!(std::env::var("CARGO_PKG_VERSION").unwrap(), "1.2.3"); }
            """);
        Outcome quiet = Wasi("test", "--test", "it");
        quiet.Succeeded();
        Assert.Contains("2 passed", quiet.Output);
        Outcome loud = Wasi("test", "--test", "it", "--", "--nocapture", "reads");
        loud.Succeeded();
        Assert.Contains("seen by nocapture", loud.Output);
        Assert.Contains("1 filtered out", loud.Output);
    }

    [Fact]
    public void A_failing_test_fails()
    {
        Package(Hello + "#[test] fn wrong() { assert_eq!(1, 2, \"arithmetic\"); }\n");
        Outcome test = Wasi("test");
        Assert.Equal(134, test.ExitCode);
        Assert.Contains("test wrong ...", test.Output + test.Errors);
        // These targets abort on a panic, so what was captured is lost with the program, whatever runs it.
        Outcome loud = Wasi("test", "--", "--nocapture");
        Assert.Equal(134, loud.ExitCode);
        Assert.Contains("arithmetic", loud.Output + loud.Errors);
    }

    [Fact]
    public void A_bench_without_the_harness_runs()
    {
        Package(Hello, "[[bench]]\nname = \"speed\"\nharness = false\n");
        _bench.Write("benches/speed.rs", """
            fn main() {
                let start = std::time::Instant::now();
                let sum: u64 = (0..1_000u64).sum();
                println!("sum {} in {:?}", sum, start.elapsed() > std::time::Duration::ZERO);
            }
            """);
        Outcome bench = Wasi("bench", "--bench", "speed");
        bench.Succeeded();
        Assert.Contains("sum 499500 in true", bench.Output);
    }

    [Fact]
    public void A_workspace_with_several_binaries_examples_build_scripts_and_macros()
    {
        _bench.Write("Cargo.toml", "[workspace]\nmembers = ['app', 'lib', 'mac']\n[workspace.metadata.wasi]\nwasm-opt = false\n");
        _bench.Write("mac/Cargo.toml", "[package]\nname='mac'\nversion='0.1.0'\nedition='2021'\n[lib]\nproc-macro=true\n");
        _bench.Write("mac/src/lib.rs", "use proc_macro::TokenStream;\n#[proc_macro] pub fn answer(_: TokenStream) -> TokenStream { \"42u32\".parse().unwrap() }\n");
        _bench.Write("lib/Cargo.toml", "[package]\nname='lib'\nversion='0.1.0'\nedition='2021'\n[dependencies]\nmac = { path='../mac' }\n");
        _bench.Write("lib/src/lib.rs", "pub fn answer() -> u32 { mac::answer!() }\n#[test] fn it() { assert_eq!(answer(), 42) }\n");
        _bench.Write("app/Cargo.toml", "[package]\nname='app'\nversion='0.1.0'\nedition='2021'\nbuild='build.rs'\n[dependencies]\nlib = { path='../lib' }\n");
        _bench.Write("app/build.rs", "fn main() { println!(\"cargo:rustc-env=BUILT_FOR={}\", std::env::var(\"TARGET\").unwrap()); }\n");
        _bench.Write("app/src/bin/one.rs", "fn main() { println!(\"one {} {}\", lib::answer(), env!(\"BUILT_FOR\")); }\n");
        _bench.Write("app/src/bin/two.rs", "fn main() { println!(\"two\"); }\n");
        _bench.Write("app/examples/ex.rs", "fn main() { println!(\"example\"); }\n");
        Assert.Equal("one 42 wasm32-wasi\n", Wasi("run", "--bin", "one").Output);
        Assert.Equal("two\n", Wasi("run", "-p", "app", "--bin", "two").Output);
        Assert.Equal("example\n", Wasi("run", "-p", "app", "--example", "ex").Output);
        Assert.Equal("one 42 wasm32-wasi\n", Wasi("run", "--profile", "release", "--bin", "one").Output);
        Outcome test = Wasi("test", "-p", "lib");
        test.Succeeded();
        Assert.Contains("1 passed", test.Output);
        Outcome build = Wasi("build", "--workspace", "--message-format=json");
        build.Succeeded();
        string[] lines = build.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.Contains("build-finished"));
        foreach (string line in lines) JsonDocument.Parse(line).Dispose();
        Wasi("check", "--workspace").Succeeded();
        Wasi("doc", "--no-deps", "-p", "lib").Succeeded();
        Assert.Contains("lib v0.1.0", Wasi("tree", "-p", "app").Output);
        Wasi("rustc", "-p", "app", "--bin", "one", "--", "-C", "opt-level=1").Succeeded();
        Wasi("install", "--path", "app", "--bin", "one", "--root", Path.Combine(_bench.Root, "installed")).Succeeded();
        Assert.True(File.Exists(Path.Combine(_bench.Root, "installed/bin/one.wasm")));
        Wasi("clean").Succeeded();
        Assert.False(Directory.Exists(Path.Combine(_bench.Project, "target/wasm32-wasi")));
    }

    [Fact]
    public void Cargos_own_errors_are_cargos()
    {
        Outcome none = Wasi("build");
        Assert.Equal(101, none.ExitCode);
        Assert.Contains("could not find `Cargo.toml`", none.Errors);
        Package("fn main() { let x: u32 = \"no\"; }\n");
        Outcome broken = Wasi("build");
        Assert.Equal(101, broken.ExitCode);
        Assert.Contains("error[E0308]", broken.Errors);
        _bench.Write("src/main.rs", "#![allow(unused)]\nfn main() { let s = String::new(); drop(s); }\n");
        Outcome unknown = Wasi("build", "--no-such-option");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("--no-such-option", unknown.Errors);
    }

    [Fact]
    public void Colours_are_cargos()
    {
        Package("fn main() { let unused = 1; }\n");
        Assert.Contains("\e[", Wasi("build", "--color", "always").Errors);
        Assert.DoesNotContain("\e[", Wasi("build", "--color", "never").Errors);
    }

    [Fact]
    public void A_runner_of_the_users_own_is_used()
    {
        Package(Hello);
        _bench.Script("mine", "echo mine \"$(basename \"$1\")\"\n");
        _bench.Write(".cargo/config.toml", "[target.wasm32-wasi]\nrunner = 'mine'\n");
        Assert.Equal("mine demo.wasm\n", Wasi("run").Output);
    }

    [Fact]
    public void Plain_cargo_runs_with_hornet_too()
    {
        Package(Hello);
        foreach (string line in Wasi("self", "env").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line["export ".Length..].Split('=', 2);
            _bench.Environment[parts[0]] = parts[1].Trim('\'');
        }
        Outcome run = Cargo("run", "--target", "wasm32-wasi");
        run.Succeeded();
        Assert.Equal("Hello, world!\n", run.Output);
    }

    [Fact]
    public void Fix_fixes()
    {
        Package("fn main() { let mut x = 1; println!(\"{}\", x); }\n");
        Outcome fix = Wasi("fix", "--allow-no-vcs");
        fix.Succeeded();
        Assert.Contains("let x = 1", _bench.Read("src/main.rs"));
    }

    [Fact]
    public void Clippy_looks_at_the_targets_code()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cargo-clippy"), "the package rust-clippy is not installed");
        Package("fn main() { #[cfg(target_os = \"wasi\")] let x = std::env::args().count() == 1 && true; #[cfg(target_os = \"wasi\")] println!(\"{}\", x); }\n");
        Outcome clippy = Wasi("clippy");
        clippy.Succeeded();
        Assert.Contains("warning", clippy.Errors);
    }
}
