using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Hornet.House.Tests;

/// <summary>
/// What the libraries must not use, read from what they were compiled to: cryptography loads OpenSSL at its first use (5 ms of start-up),
/// and reflection does not survive trimming.
/// </summary>
public sealed class BannedApiTests
{
    private static readonly string[] BannedNamespaces = ["System.Security.Cryptography", "System.Reflection.Emit", "System.Linq.Expressions"];

    public static TheoryData<string> Libraries() => [.. House.Rooms().Keys.Where(r => File.Exists(Compiled(r)))];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void No_banned_namespace_is_used(string library)
    {
        using var file = new PEReader(File.OpenRead(Compiled(library)));
        var metadata = file.GetMetadataReader();
        var used = metadata.TypeReferences.Select(metadata.GetTypeReference)
            .Select(t => (Space: metadata.GetString(t.Namespace), Name: metadata.GetString(t.Name)))
            .Where(t => BannedNamespaces.Contains(t.Space)
                // The attributes that every assembly carries live in System.Reflection; they are data. MemberInfo declares Type.Name.
                || (t.Space == "System.Reflection" && !t.Name.EndsWith("Attribute", StringComparison.Ordinal) && t.Name != "MemberInfo"));
        Assert.Empty(used);
    }

    [Fact]
    public void All_libraries_are_looked_at() =>
        Assert.Equal(House.Rooms().Keys.Except(["Hornet.Cli", "Hornet.Micro", "CargoWasi"]).Order(), Libraries().Select(r => (string)r.Data).Order());

    private static string Compiled(string library) => Path.Combine(AppContext.BaseDirectory, library + ".dll");
}
