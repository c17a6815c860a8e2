namespace Hornet.Cli.Tests;

/// <summary>Guest programs, built by eng/guest.sh from guests/ and cached; a tool that is not there skips the test by its name.</summary>
internal static class Guest
{
    private const int NotHere = 3;

    /// <summary>A C program for WASI.</summary>
    public static string C(string name, params string[] options) => Make(["c", Source($"c/{name}.c"), .. options]);

    /// <summary>A C module without WASI.</summary>
    public static string Library(string name) => Make("c", Source($"c/{name}.c"), "-nostdlib", "-Wl,--no-entry");

    /// <summary>A Rust program: one file, or a crate's folder.</summary>
    public static string Rust(string name) => Make("rust", Source($"rust/{name}"));

    /// <summary>The same program for this machine: what the guest's output must equal.</summary>
    public static string Native(string name) => Make("native", Source(name));

    /// <summary>What the native program writes.</summary>
    public static string Expected(string name, params string[] arguments) => Ran.Run([Native(name), .. arguments]).Output;

    /// <summary>A file of an npm package.</summary>
    public static string Npm(string package, string file) => Make("npm", package, file);

    /// <summary>A browser.</summary>
    public static string Browser() => Make("browser");

    private static string Source(string name) => Path.Combine(Ran.Root, "tests", "Hornet.Cli.Tests", "guests", name);

    private static string Make(params string[] arguments)
    {
        var made = Ran.Run([Path.Combine(Ran.Root, "eng", "guest.sh"), .. arguments]);
        if (made.ExitCode == NotHere)
            Assert.Skip(made.Error.Trim());
        return made.Ended(0).Output.Trim();
    }
}
