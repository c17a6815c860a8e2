namespace Hornet.Cli.Tests;

/// <summary>What the README shows is what is there: the program is the sample's, and it prints what it says.</summary>
public sealed class EmbeddingTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Ran.Root, "README.md"));

    [Fact]
    public void The_readmes_program_is_the_samples() =>
        Assert.Equal(File.ReadAllText(Path.Combine(Ran.Root, "samples", "Embedding", "Program.cs")), Block("```csharp\n"));

    [Fact]
    public void The_readmes_program_prints_what_it_says()
    {
        var ran = Ran.Run(["dotnet", Path.Combine(Ran.Root, "artifacts", "bin", "Embedding", "release", "Embedding.dll"), "samples/greet.wasm"]).Ended(0);
        Assert.Equal(Block("$ dotnet run --project samples/Embedding samples/greet.wasm\n"), ran.Output);
    }

    [Fact]
    public void The_readmes_first_command_prints_what_it_says() =>
        Assert.Equal(Block("$ ./h run samples/hello.wasm\n"), Ran.Run([Path.Combine(Ran.Root, "h"), "run", "samples/hello.wasm"]).Ended(0).Output);

    /// <summary>What stands between a line and the end of its code block.</summary>
    private static string Block(string start)
    {
        var from = Readme.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, $"the README has no {start}");
        from += start.Length;
        return Readme[from..Readme.IndexOf("```", from, StringComparison.Ordinal)];
    }
}
