using System.Diagnostics;

namespace Hornet.House.Tests;

/// <summary>The build key of images (Hornet.Native.csproj) on a copy of the sources: it is another one where code or layouts may be.</summary>
public sealed class BuildKeyTests : IDisposable
{
    private static readonly string[] Copied = ["Hornet.Base", "Hornet.Wasm", "Hornet.Compiler", "Hornet.Runtime", "Hornet.Native", "Hornet.Text"];

    private readonly string root = Directory.CreateTempSubdirectory("hornet-key").FullName;

    public BuildKeyTests()
    {
        foreach (var file in House.Files(".cs").Concat(House.Files(".csproj")).Where(f => f.StartsWith("src/", StringComparison.Ordinal) && Copied.Contains(f.Split('/')[1])))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, file))!);
            File.Copy(Path.Combine(House.Root, file), Path.Combine(root, file));
        }
        foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props", "global.json"])
            File.Copy(Path.Combine(House.Root, file), Path.Combine(root, file));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void It_changes_with_the_sources_that_code_and_layouts_come_from_and_with_nothing_else()
    {
        var first = Key();
        Append("src/Hornet.Text/WatParser.cs");
        File.SetLastWriteTimeUtc(Path.Combine(root, "src/Hornet.Native/NativeTier.cs"), DateTime.UtcNow);
        Assert.Equal(first, Key());
        HashSet<string> keys = [first];
        foreach (var file in (string[])["src/Hornet.Compiler/Passes/Pipeline.cs", "src/Hornet.Native/Stubs/Stubs.cs", "src/Hornet.Runtime/Vm/Activation.cs"])
        {
            Append(file);
            Assert.True(keys.Add(Key()), file);
        }
        // One that has gone makes nothing newer.
        File.Delete(Path.Combine(root, "src/Hornet.Wasm/ModuleValidator.cs"));
        Assert.True(keys.Add(Key()), "a source less");
    }

    private void Append(string file)
    {
        var path = Path.Combine(root, file);
        Assert.True(File.Exists(path), file);
        File.AppendAllText(path, "// another line\n");
    }

    private string Key()
    {
        string[] arguments = ["msbuild", Path.Combine(root, "src/Hornet.Native/Hornet.Native.csproj"), "-nologo", "-v:q", "-nodeReuse:false", "-t:WriteBuildKey", "-p:Configuration=Release", $"-p:IntermediateOutputPath={root}/key/"];
        Directory.CreateDirectory(Path.Combine(root, "key"));
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = root })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output.Result + error);
        return File.ReadAllText(Path.Combine(root, "key", "BuildKey.g.cs"));
    }
}
