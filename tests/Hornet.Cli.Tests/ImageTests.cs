namespace Hornet.Cli.Tests;

/// <summary>hornet compile, and images in the other commands.</summary>
public sealed class ImageTests : IDisposable
{
    private static readonly string Hello = Path.Combine(Ran.Root, "samples", "hello.wasm");

    private readonly string folder = Directory.CreateTempSubdirectory("hornet-images").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string In(string name) => Path.Combine(folder, name);

    private string Compiled(params string[] options)
    {
        var image = In("hello.hwasm");
        Assert.Equal("", Ran.Hornet(["compile", Hello, "-o", image, .. options]).Ended(0).Error);
        return image;
    }

    [Fact]
    public void An_image_runs_where_it_is_allowed()
    {
        var image = Compiled();
        Assert.Equal("hello, world\n", Ran.Hornet("run", "--allow-precompiled", image).Ended(0).Output);
        Assert.Equal(["hello.hwasm"], Directory.EnumerateFiles(folder).Select(Path.GetFileName));
        var refused = Ran.Hornet("run", image).Ended(1);
        Assert.Contains("--allow-precompiled", refused.Error);
        Assert.Equal("", refused.Output);
        Assert.Contains("image of machine code", Ran.Hornet("run", "--allow-precompiled", "-C", "compiler=interpreter", image).Ended(2).Error);
        Assert.Contains("an image of machine code, not a module", Ran.Hornet("print", image).Ended(1).Error);
        Assert.Contains("an image of machine code, not a module", Ran.HornetReading(input => input.Write(File.ReadAllBytes(image)), "run", "-").Ended(1).Error);
        // The option says nothing about modules.
        Assert.Equal("hello, world\n", Ran.Hornet("run", "--allow-precompiled", Hello).Ended(0).Output);
    }

    [Fact]
    public void Results_and_traps_of_an_image_are_those_of_its_module()
    {
        File.WriteAllText(In("m.wat"), """
            (module (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
              (func (export "run") (param i32) (result i32) (call $div (i32.const 42) (local.get 0))))
            """);
        Ran.Hornet("compile", In("m.wat"), "-o", In("m.hwasm"), "-O", "opt-level=s").Ended(0);
        Assert.Equal("21\n", Ran.Hornet("run", "--allow-precompiled", "--invoke", "run", In("m.hwasm"), "2").Ended(0).Output);
        var trapped = Ran.Hornet("run", "--allow-precompiled", "--invoke", "run", In("m.hwasm"), "0").Ended(134);
        Assert.Equal(Ran.Hornet("run", "--invoke", "run", In("m.wat"), "0").Ended(134).Error, trapped.Error);
        Ran.Hornet("compile", In("m.wat"), "-o", In("lib.hwasm")).Ended(0);
        File.WriteAllText(In("user.wat"), """(module (import "lib" "div" (func $div (param i32 i32) (result i32))) (func (export "run") (result i32) (call $div (i32.const 9) (i32.const 3))))""");
        Assert.Equal("3\n", Ran.Hornet("run", "-C", "compiler=native", "--allow-precompiled", "--preload", $"lib={In("lib.hwasm")}", "--invoke", "run", In("user.wat")).Ended(0).Output);
        Assert.Contains("lib.hwasm", Ran.Hornet("run", "--preload", $"lib={In("lib.hwasm")}", In("user.wat")).Ended(1).Error);
    }

    [Fact]
    public void An_image_that_does_not_fit_is_refused_with_the_reason()
    {
        var image = Compiled("-O", "memory-reservation=1m");
        Assert.Contains("memory-guards=n, this engine has memory-guards=y", Ran.Hornet("run", "--allow-precompiled", image).Ended(1).Error);
        Assert.Equal("hello, world\n", Ran.Hornet("run", "--allow-precompiled", "-O", "memory-reservation=1m", image).Ended(0).Output);
        Assert.Contains("epoch-interruption", Ran.Hornet("run", "--allow-precompiled", "-W", "timeout=5s", Compiled()).Ended(1).Error);
        var bytes = File.ReadAllBytes(image);
        bytes[^100] ^= 1;
        File.WriteAllBytes(image, bytes);
        Assert.Contains("the image is damaged", Ran.Hornet("run", "--allow-precompiled", image).Ended(1).Error);
        Assert.Contains("the image is damaged", Ran.Hornet("validate", image).Ended(1).Error);
        File.WriteAllBytes(image, bytes[..1000]);
        Assert.Contains("truncated", Ran.Hornet("objdump", image).Ended(1).Error);
    }

    [Fact]
    public void What_cannot_be_compiled_leaves_nothing()
    {
        File.WriteAllText(In("bad.wasm"), "not a module");
        Assert.Contains("bad.wasm", Ran.Hornet("compile", In("bad.wasm"), "-o", In("bad.hwasm")).Ended(1).Error);
        Assert.Equal(["bad.wasm"], Directory.EnumerateFiles(folder).Select(Path.GetFileName));
        Assert.Contains("absent", Ran.Hornet("compile", Hello, "-o", In("absent/x.hwasm")).Ended(1).Error);
        Assert.Contains("-o FILE", Ran.HornetReading(_ => { }, "compile", "-").Ended(2).Error);
        Assert.Contains("mmx", Ran.Hornet("compile", Hello, "-o", In("x"), "--target-features", "mmx").Ended(2).Error);
        Assert.Contains("interpreter", Ran.Hornet("compile", Hello, "-o", In("x"), "-C", "compiler=interpreter").Ended(2).Error);
        Assert.Contains("--target-features", Ran.Hornet("compile", "--help").Ended(0).Output);
    }

    [Fact]
    public void Code_for_every_CPU_runs_on_this_one()
    {
        var image = Compiled("--target-features", "baseline");
        Assert.Contains("CPU features: baseline", Ran.Hornet("objdump", "--headers", image).Ended(0).Output);
        Assert.Equal("hello, world\n", Ran.Hornet("run", "--allow-precompiled", image).Ended(0).Output);
        var written = Ran.HornetReading(input => input.Write(File.ReadAllBytes(Hello)), "compile", "-", "-o", In("second.hwasm"), "--target-features", "baseline").Ended(0);
        Assert.Equal("", written.Output);
        Assert.Equal(File.ReadAllBytes(image), File.ReadAllBytes(In("second.hwasm")));
    }

    [Fact]
    public void Objdump_shows_code_beside_operators()
    {
        File.WriteAllText(In("m.wat"), """
            (module (memory 1)
              (func $load (param i32) (result i32) (i32.load offset=4 (local.get 0)))
              (func $grow (export "grow") (result i32) (drop (memory.grow (i32.const 1))) (call $load (i32.const 8))))
            """);
        Ran.Hornet("compile", In("m.wat"), "-o", In("m.hwasm"), "--target-features", "baseline").Ended(0);
        var all = Ran.Hornet("objdump", In("m.hwasm")).Ended(0).Output;
        Assert.Contains("all of its 2 functions compiled", all);
        Assert.Contains("i32.load offset=4", all);
        Assert.Contains("trap: out of bounds memory access", all);
        Assert.Contains("call MemoryGrow", all);
        Assert.Contains("in $load", all);
        var one = Ran.Hornet("objdump", "--func", "load", In("m.hwasm")).Ended(0).Output;
        Assert.Contains("$load (function 0) at 0x", one);
        Assert.DoesNotContain("$grow", one);
        Ran.Hornet("compile", In("m.wat"), "-o", In("calls.hwasm"), "-O", "opt-level=0").Ended(0);
        Assert.Contains("call $load", Ran.Hornet("objdump", In("calls.hwasm")).Ended(0).Output);
        Assert.Contains("there is no function 'x'", Ran.Hornet("objdump", "--func", "x", In("m.hwasm")).Ended(1).Error);
    }

    [Fact]
    public void Machine_code_is_kept_for_the_next_run()
    {
        (string, string)[] own = [("XDG_CACHE_HOME", folder)];
        string[] Entries() => Directory.Exists(In("hornet/images")) ? Directory.GetFiles(In("hornet/images")) : [];
        Ran Run(params string[] options) => Ran.HornetWith(own, ["run", "-C", "compiler=native,tier-up=n", .. options, Hello]).Ended(0);

        Assert.Equal("hello, world\n", Run("-C", "cache=n").Output);
        Assert.Empty(Entries());
        Assert.Equal("hello, world\n", Run().Output);
        var entry = Assert.Single(Entries());
        var written = File.ReadAllBytes(entry);
        Assert.Equal("hello, world\n", Run().Output);
        Assert.Equal(written, File.ReadAllBytes(entry));
        // What an interrupted or a mad program leaves there.
        File.WriteAllBytes(entry, written[..5000]);
        Assert.Equal("hello, world\n", Run().Output);
        Assert.Equal(written.Length, new FileInfo(Assert.Single(Entries())).Length);
        // A guest that traps has compiled something, too.
        File.WriteAllText(In("t.wat"), "(module (func (export \"_start\") unreachable))");
        Ran.HornetWith(own, "run", "-C", "compiler=native,tier-up=n", In("t.wat")).Ended(134);
        Assert.Equal(2, Entries().Length);
        Assert.Equal("hello, world\n", Ran.HornetWith([("XDG_CACHE_HOME", "/proc/1/none"), ("HOME", "")], "run", "-C", "compiler=native", Hello).Ended(0).Output);
    }
}
