namespace CargoWasi;

/// <summary>What <c>cargo wasi --help</c> prints.</summary>
static class Help
{
    public const string Options = """
        Options of cargo wasi:
              --wasip1, --wasip2   Build for this version of WASI (default: the newest installed one that hornet runs)
              --dir HOST[::GUEST]  Grant the program a directory (run, test, bench); the working directory always is
              --env NAME[=VALUE]   Set a variable of the program, or pass one on
          -W, -S OPTION            Options of 'hornet run' ('hornet run -W help' lists them)

        """;

    public const string Text = $$"""
        Cargo for WebAssembly with WASI: builds with the right target, runs with Hornet.

        Usage: cargo wasi SUBCOMMAND [OPTIONS] [-- ARGS]

        Every subcommand and option of Cargo is passed through:
          cargo wasi build --release    Build; debug information is dropped unless the profile asks for it,
                                        and wasm-opt is used where it is on the path
          cargo wasi run -- ARGS        Build and run with 'hornet run'
          cargo wasi test               Build and run the tests, each in a sandbox
          cargo wasi bench              Build and run the benchmarks
          cargo wasi check|clippy|fix|doc|rustc|install|tree ...

        Of its own:
          cargo wasi version            The version of cargo-wasi
          cargo wasi self env           Print settings that make plain 'cargo run --target ...' use Hornet

        {{Options}}
        In Cargo.toml, all optional:
          [package.metadata.wasi]
          target = "wasm32-wasip1"      The target, where no option names one
          dirs = ["data", "/tmp::/tmp"] Directories to grant
          env = { NAME = "VALUE" }      Variables to set; inherit-env = true passes all on
          hornet-args = ["-W", "fuel=1000000"]
          wasm-opt = false              Never (true: warn where it is missing)
          wasm-name-section = false     Drop function names;  wasm-producers-section = false: the tools' names

        """;
}
