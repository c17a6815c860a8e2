namespace Hornet.Cli.Tests;

/// <summary>Rust programs without dependencies, built with Debian's compiler.</summary>
public sealed class RustTests
{
    [Fact]
    public void Collections_are_as_native() =>
        Assert.Equal(Guest.Expected("rust/collections.rs"), Ran.Hornet("run", Guest.Rust("collections.rs")).Ended(0).Output);

    [Fact]
    public void Files_are_as_native()
    {
        using var native = new Scratch();
        using var guest = new Scratch();
        var expected = Ran.Run([Guest.Native("rust/files/src/main.rs"), native.Path], environment: [("COLOUR", "green")]).Ended(3);
        Assert.Equal(expected.Output, Ran.Hornet("run", "--dir", $"{guest.Path}::/data", "--env", "COLOUR=green", Guest.Rust("files"), "/data").Ended(3).Output);
    }

    [Fact]
    public void A_panic_says_why()
    {
        var ran = Ran.Hornet("run", Guest.Rust("panic.rs")).Ended(134);
        Assert.Equal("3 apples\n", ran.Output);
        Assert.Contains("no pears in stock", ran.Error);
        Assert.Contains("unreachable", ran.Error);
        Assert.Contains("panic", ran.Error);
    }
}
