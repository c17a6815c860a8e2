using System.Diagnostics;

namespace Hornet.House.Tests;

/// <summary>The one door explains itself, at once: nothing is built for it.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("", "A first hour")]
    [InlineData("build", "src/Hornet.Cli")]
    [InlineData("test", "the specification's scripts")]
    [InlineData("bless", "golden files")]
    [InlineData("gen", "--check")]
    [InlineData("bench", "./h bench calls")]
    [InlineData("fuzz", "--replay FILE")]
    [InlineData("explain", "./h explain FILE.wat")]
    public async Task Every_command_teaches(string command, string word)
    {
        foreach (var asked in (string[])["--help", "-h"])
        {
            string[] arguments = command == "" ? [asked] : [command, asked];
            using var process = Process.Start(new ProcessStartInfo(Path.Combine(House.Root, "h"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
            Assert.Empty(await error);
            Assert.Contains(word, output);
        }
    }
}
