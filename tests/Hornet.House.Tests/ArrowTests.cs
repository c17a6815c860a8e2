using System.Text.RegularExpressions;

namespace Hornet.House.Tests;

/// <summary>ARCHITECTURE.md and the projects say the same, and nothing points up.</summary>
public sealed partial class ArrowTests
{
    [Fact]
    public void Every_project_is_a_room_and_every_room_a_project()
    {
        var projects = Directory.EnumerateFiles(Path.Combine(House.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(f => Path.GetFileNameWithoutExtension(f)!).Order();
        Assert.Equal(projects, House.Rooms().Keys.Order());
    }

    [Fact]
    public void Every_description_is_the_rooms_sentence()
    {
        foreach (var (room, sentence) in House.Rooms())
            Assert.Equal($"{room}: {sentence}", $"{room}: {House.Project(room).Descendants("Description").Single().Value}");
    }

    [Fact]
    public void Arrows_name_rooms_and_have_no_circle()
    {
        var arrows = House.Arrows();
        Assert.NotEmpty(arrows["Hornet.Cli"]);
        foreach (var (room, reached) in arrows)
        {
            Assert.DoesNotContain(room, reached);
            Assert.All(reached, target => Assert.Contains(target, arrows.Keys));
        }
    }

    [Fact]
    public void No_project_reference_points_up()
    {
        var arrows = House.Arrows();
        var wrong = from room in arrows.Keys
                    from reference in House.Project(room).Descendants("ProjectReference")
                    let target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
                    where !arrows[room].Contains(target)
                    select $"{room} -> {target}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_using_points_up()
    {
        var arrows = House.Arrows();
        var wrong = new List<string>();
        foreach (var file in House.Files(".cs").Where(f => f.StartsWith("src/", StringComparison.Ordinal)))
        {
            var room = file.Split('/')[1];
            foreach (var target in RoomsNamed(House.Read(file), arrows.Keys))
                if (target != room && !arrows[room].Contains(target))
                    wrong.Add($"{file}: {target}");
        }
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("using Hornet.Base;", "Hornet.Base")]
    [InlineData("  global using static Hornet.Wasm.Leb;", "Hornet.Wasm")]
    [InlineData("using W = Hornet.Wasi.Component.World;", "Hornet.Wasi.Component")]
    [InlineData("var x = Hornet.Wasi.Host.New();", "Hornet.Wasi")]
    [InlineData("new global::Hornet.Text.Lexer()", "Hornet.Text")]
    [InlineData("using Hornet.Wasmer;", null)]
    [InlineData("// see src/Hornet.Text/Lexer.cs", null)]
    public void A_name_is_seen_wherever_it_stands(string line, string? room) =>
        Assert.Equal(room is null ? [] : [room], RoomsNamed(line, ["Hornet.Base", "Hornet.Wasm", "Hornet.Text", "Hornet.Wasi", "Hornet.Wasi.Component"]));

    [Fact]
    public void Libraries_take_no_package()
    {
        var wrong = from room in House.Rooms().Keys
                    where House.Project(room).Descendants("OutputType").All(t => t.Value != "Exe")
                    from package in House.Project(room).Descendants("PackageReference")
                    select $"{room} takes {package.Attribute("Include")?.Value}";
        Assert.Empty(wrong);
    }

    /// <summary>The rooms whose namespaces a source text names. The longest name wins: Hornet.Wasi.Component before Hornet.Wasi.</summary>
    private static IEnumerable<string> RoomsNamed(string text, IEnumerable<string> rooms) =>
        RoomName().Matches(text)
            .Select(m => rooms.Where(r => (m.Groups[1].Value + ".").StartsWith(r + ".", StringComparison.Ordinal)).MaxBy(r => r.Length))
            .OfType<string>();

    // A using, plain, global, static or alias, and a fully qualified name.
    [GeneratedRegex(@"(?:^\s*(?:global\s+)?using\s+(?:static\s+|\w+\s*=\s*)?|global::|(?<![\w.""/`])(?=Hornet\.\w+\.\w))(Hornet\.[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex RoomName();
}
