namespace Hornet.CargoWasi.Tests;

/// <summary>A toolchain made of scripts that say what a real one would and write down how they were called.</summary>
internal static class StandIn
{
    /// <param name="bench">Where the scripts go.</param>
    /// <param name="known">What <c>rustc --print target-list</c> lists.</param>
    /// <param name="installed">Targets whose standard library is there.</param>
    /// <param name="runnable">What <c>hornet targets</c> lists; null for no hornet.</param>
    public static void Toolchain(Workbench bench, string known, string installed, string? runnable = "wasm32-wasip1 wasm32-wasi")
    {
        string sysroot = Path.Combine(bench.Root, "sysroot");
        Directory.CreateDirectory(sysroot);
        foreach (string target in installed.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Directory.CreateDirectory(Path.Combine(sysroot, "lib", "rustlib", target, "lib"));
        bench.Script("rustc", $"""
            for a in "$@"; do case $a in
              sysroot) echo '{sysroot}';;
              target-list) printf '%s\n' x86_64-unknown-linux-gnu {known};;
              cfg) printf '%s\n' 'target_arch="wasm32"' 'target_os="wasi"' 'target_family="wasm"' 'panic="abort"';;
            esac; done
            """);
        bench.Script("cargo", $"""
            printf '%s\n' "$@" > '{bench.Root}/cargo.args'
            env | grep -E '^(CARGO_TARGET_|CARGO_WASI_)' | sort > '{bench.Root}/cargo.env'
            echo "to stdout"; echo "to stderr" >&2
            [ -z "$STAND_IN_MESSAGES" ] || cat "$STAND_IN_MESSAGES"
            exit ${"{"}STAND_IN_EXIT:-0{"}"}
            """);
        if (runnable is null) return;
        bench.Script("hornet", $"""
            [ "$1" = targets ] && printf '%s\n' {runnable} && exit 0
            printf '%s\n' "$@" > '{bench.Root}/hornet.args'
            """);
        bench.Environment["HORNET"] = Path.Combine(bench.Bin, "hornet");
    }

    /// <summary>The words that the stand-in cargo was last called with.</summary>
    public static string[] CargoArguments(Workbench bench) => File.ReadAllLines(Path.Combine(bench.Root, "cargo.args"));
    public static string[] HornetArguments(Workbench bench) => File.ReadAllLines(Path.Combine(bench.Root, "hornet.args"));
    public static string CargoEnvironment(Workbench bench) => File.ReadAllText(Path.Combine(bench.Root, "cargo.env"));
}
