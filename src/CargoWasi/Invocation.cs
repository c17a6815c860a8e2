namespace CargoWasi;

/// <summary>
/// The command line, split into what is cargo-wasi's own and what is Cargo's. Cargo's part keeps its order and spelling: nothing
/// that cargo-wasi does not know is touched.
/// </summary>
sealed class Invocation
{
    public required string Subcommand { get; init; }
    public CargoCommand Command => field ??= CargoCommand.Find(Subcommand);

    /// <summary>Cargo's options before <c>--</c>, cargo-wasi's taken out.</summary>
    public List<string> CargoArguments { get; } = [];

    /// <summary>What follows <c>--</c>, the dashes included; empty where there are none.</summary>
    public List<string> TrailingArguments { get; } = [];

    /// <summary><c>+nightly</c> and the like, before the subcommand.</summary>
    public string? Toolchain { get; private set; }

    /// <summary>The target the user asked for, by <c>--wasip1</c>, <c>--wasip2</c> or <c>--target</c>.</summary>
    public string? Target { get; private set; }

    /// <summary>Whether <c>--target</c> is among <see cref="CargoArguments"/>.</summary>
    public bool HasTargetOption { get; private set; }

    /// <summary>Options for <c>hornet run</c>: <c>--dir</c>, <c>--env</c>, <c>-W</c>, <c>-S</c>.</summary>
    public List<string> RunnerOptions { get; } = [];

    public bool Verbose { get; private set; }
    public bool Quiet { get; private set; }

    /// <summary>Whether the user reads Cargo's messages on standard output: <c>--message-format=json...</c>.</summary>
    public bool JsonMessages { get; private set; }

    /// <summary>Whether <c>--help</c> or <c>-h</c> asks Cargo for its own page.</summary>
    public bool WantsHelp { get; private set; }

    public string? ManifestPath { get; private set; }
    public string? Color { get; private set; }

    /// <summary>Options of Cargo that take a value in the next word, so that the value is not mistaken for an option.</summary>
    static readonly HashSet<string> ValueOptions =
    [
        "-p", "--package", "--exclude", "-j", "--jobs", "--features", "-F", "--profile", "--target-dir", "--bin", "--example", "--test",
        "--bench", "--config", "-Z", "-C", "--index", "--registry", "--root", "--version", "--git", "--branch", "--tag", "--rev", "--path",
        "-e", "--edges", "-i", "--invert", "--prune", "--depth", "--prefix", "--charset", "-f", "--format", "--explain", "--lockfile-path",
        "--artifact-dir", "--out-dir", "--crate-type", "--print", "--token",
    ];

    /// <summary>Reads the words after <c>cargo wasi</c>; the first is the subcommand.</summary>
    public static Invocation Parse(IReadOnlyList<string> words)
    {
        int first = words.Count > 0 && words[0].StartsWith('+') ? 1 : 0;
        Invocation self = new() { Subcommand = words[first], Toolchain = first == 1 ? words[0] : null };
        for (int i = first + 1; i < words.Count; i++)
        {
            string word = words[i];
            if (word == "--")
            {
                self.TrailingArguments.AddRange(words.Skip(i));
                break;
            }
            string name = word, value = "";
            bool joined = word.StartsWith("--", StringComparison.Ordinal) && word.Contains('=');
            if (joined) (name, value) = (word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..]);
            string Value()
            {
                if (joined) return value;
                if (++i >= words.Count) throw new UsageException($"the option '{name}' needs a value", "cargo wasi --help lists the options");
                return words[i];
            }
            switch (name)
            {
                case "--wasip1" or "--wasip2" or "--wasip3":
                    self.Choose("wasm32-" + name[2..], name);
                    break;
                case "--dir" or "--env":
                    self.RunnerOptions.AddRange([name, Value()]);
                    break;
                case "-W" or "-S":
                    self.RunnerOptions.AddRange([name, Value()]);
                    break;
                case "--target":
                    string target = Value();
                    self.Choose(target, name);
                    self.HasTargetOption = true;
                    self.CargoArguments.AddRange(["--target", target]);
                    break;
                case "--manifest-path":
                    self.ManifestPath = Value();
                    self.CargoArguments.AddRange([name, self.ManifestPath]);
                    break;
                case "--color":
                    self.Color = Value();
                    self.CargoArguments.AddRange([name, self.Color]);
                    break;
                case "--message-format":
                    string format = Value();
                    self.JsonMessages |= format.StartsWith("json", StringComparison.Ordinal);
                    self.CargoArguments.AddRange([name, format]);
                    break;
                default:
                    self.CargoArguments.Add(word);
                    if (word is "-h" or "--help") self.WantsHelp = true;
                    else if (word is "-q" or "--quiet") self.Quiet = true;
                    else if (word is "--verbose" || word.Length > 1 && word[0] == '-' && word[1..].All(c => c == 'v')) self.Verbose = true;
                    else if (!joined && ValueOptions.Contains(word) && i + 1 < words.Count) self.CargoArguments.Add(words[++i]);
                    break;
            }
        }
        return self;
    }

    void Choose(string target, string option)
    {
        if (!target.Contains("wasi", StringComparison.Ordinal))
            throw new UsageException($"'--target {target}' is not a WASI target", $"use 'cargo {Subcommand}' for other targets, or one of --wasip1, --wasip2 here");
        if (Target is { } other && other != target) throw new UsageException($"'{option}' contradicts the target '{other}' given before it", "give one of them");
        Target = target;
    }
}

/// <summary>The user's words cannot be followed: what is wrong, and what to do instead.</summary>
sealed class UsageException(string message, string? remedy = null) : Exception(message)
{
    public string? Remedy { get; } = remedy;
}
