namespace CargoWasi;

/// <summary>What cargo-wasi knows of one of Cargo's subcommands; those it has never heard of are passed through as they are.</summary>
/// <param name="Name">The subcommand's full name.</param>
/// <param name="Alias">Cargo's one-letter alias, or null.</param>
/// <param name="TakesTarget">Whether it takes <c>--target</c>.</param>
/// <param name="Links">Whether it leaves .wasm files that are finished afterwards.</param>
/// <param name="Runs">Whether Cargo starts what was built through the runner.</param>
sealed record CargoCommand(string Name, string? Alias, bool TakesTarget, bool Links, bool Runs)
{
    static readonly CargoCommand[] All =
    [
        //  name       alias  target  links  runs
        new("build",   "b",   true,   true,  false),
        new("run",     "r",   true,   false, true),
        new("test",    "t",   true,   false, true),
        new("bench",   null,  true,   false, true),
        new("check",   "c",   true,   false, false),
        new("clippy",  null,  true,   false, false),
        new("fix",     null,  true,   false, false),
        new("doc",     "d",   true,   false, false),
        new("rustc",   null,  true,   true,  false),
        new("rustdoc", null,  true,   false, false),
        new("install", null,  true,   false, false),
        new("tree",    null,  true,   false, false),
        new("fetch",   null,  true,   false, false),
        new("package", null,  true,   false, false),
        new("publish", null,  true,   false, false),
        new("clean",   null,  true,   false, false),
    ];

    /// <summary>The subcommand of this name or alias.</summary>
    public static CargoCommand Find(string name) =>
        Array.Find(All, c => c.Name == name || c.Alias == name) ?? new(name, null, false, false, false);
}
