namespace CargoWasi;

/// <summary>What the installed Rust toolchain knows and has.</summary>
sealed class Toolchain
{
    /// <summary>WASI targets, newest first. wasm32-wasi is what wasip1 was called before Rust 1.78 and until 1.84.</summary>
    static readonly string[] Newest = ["wasm32-wasip3", "wasm32-wasip2", "wasm32-wasip1", "wasm32-wasi"];

    readonly string _sysroot;
    readonly HashSet<string> _known;

    Toolchain(string cargo, string rustc, string sysroot, HashSet<string> known) => (Cargo, Rustc, _sysroot, _known) = (cargo, rustc, sysroot, known);

    /// <summary>The Cargo that started this program, or the one on the path.</summary>
    public string Cargo { get; }
    public string Rustc { get; }

    public static string CargoProgram => Environment.GetEnvironmentVariable("CARGO") is { Length: > 0 } cargo ? cargo : "cargo";

    public static Toolchain Ask(string? toolchain)
    {
        string rustc = Environment.GetEnvironmentVariable("RUSTC") is { Length: > 0 } own ? own : "rustc";
        string[] prefix = toolchain is null ? [] : [toolchain];
        string sysroot = ChildProcess.Output(rustc, [.. prefix, "--print", "sysroot"])
            ?? throw new UsageException($"'{rustc} --print sysroot' failed", "install Rust's compiler (rustup, or your distribution's package 'rustc')");
        string targets = ChildProcess.Output(rustc, [.. prefix, "--print", "target-list"]) ?? "";
        return new(CargoProgram, rustc, sysroot.Trim(), [.. targets.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]);
    }

    /// <summary>Whether the target's standard library is there.</summary>
    public bool IsInstalled(string target) => Directory.Exists(Path.Combine(_sysroot, "lib", "rustlib", target, "lib"));

    /// <summary>
    /// The target to build for: the wanted one, or else the newest installed one that this hornet can run. A wanted target that the
    /// toolchain knows only under its old name is taken by that name.
    /// </summary>
    public string Choose(string? wanted, IReadOnlyCollection<string> runnable, string hornet)
    {
        if (wanted is null)
        {
            return Newest.FirstOrDefault(t => runnable.Contains(t) && IsInstalled(t))
                ?? throw new UsageException("the toolchain has the standard library of no WASI target", Advice(Newest.FirstOrDefault(t => runnable.Contains(t) && _known.Contains(t)) ?? "wasm32-wasip1"));
        }
        string target = wanted == "wasm32-wasip1" && !_known.Contains(wanted) && _known.Contains("wasm32-wasi") ? "wasm32-wasi"
            : wanted == "wasm32-wasi" && !_known.Contains(wanted) && _known.Contains("wasm32-wasip1") ? "wasm32-wasip1"
            : wanted;
        if (!_known.Contains(target)) throw new UsageException($"the toolchain does not know the target '{target}'", $"update Rust, or choose one of: {string.Join(", ", Newest.Where(_known.Contains))}");
        if (!IsInstalled(target)) throw new UsageException($"the standard library of '{target}' is not installed", Advice(target));
        if (!runnable.Contains(target)) throw new UsageException($"'{hornet}' cannot run '{target}' yet", $"choose one of: {string.Join(", ", runnable)}");
        return target;
    }

    /// <summary>The command that installs a target's standard library here.</summary>
    string Advice(string target)
    {
        bool rustup = Environment.GetEnvironmentVariable("RUSTUP_TOOLCHAIN") is { Length: > 0 } || _sysroot.Contains(".rustup", StringComparison.Ordinal);
        if (rustup) return $"rustup target add {target}";
        string id = "", like = "";
        if (File.Exists("/etc/os-release"))
        {
            foreach (string line in File.ReadLines("/etc/os-release"))
            {
                if (line.StartsWith("ID=", StringComparison.Ordinal)) id = line[3..].Trim('"');
                if (line.StartsWith("ID_LIKE=", StringComparison.Ordinal)) like = line[8..].Trim('"');
            }
        }
        foreach (string name in (string[])[id, .. like.Split(' ')])
        {
            switch (name)
            {
                case "debian" or "ubuntu": return "sudo apt install libstd-rust-dev-wasm32";
                case "fedora" or "rhel": return $"sudo dnf install rust-std-static-{target}";
                case "arch": return "sudo pacman -S rust-wasm";
                case "alpine": return "sudo apk add rust-wasm";
            }
        }
        return $"install the standard library of {target}: your distribution's package, or 'rustup target add {target}'";
    }
}
