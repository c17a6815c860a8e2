using System.Text;

namespace Hornet.Cli.Tests;

/// <summary>hornet run --profile: the file is there afterwards, and what cannot be is said.</summary>
public sealed class ProfileTests
{
    [Fact]
    public void A_jitdump_lies_in_the_current_directory()
    {
        using var scratch = new Scratch();
        var module = scratch.File("m.wat", "(module (func $deep) (func (export \"_start\") (call $deep)))"u8.ToArray());
        Ran.HornetIn(scratch.Path, "run", "-C", "compiler=native,tier-up=n", "-O", "opt-level=0", "--profile", "jitdump", module).Ended(0);
        var dump = Encoding.Latin1.GetString(File.ReadAllBytes(Assert.Single(Directory.GetFiles(scratch.Path, "jit-*.dump"))));
        Assert.StartsWith("DTiJ", dump);
        Assert.Contains("deep\0", dump);
        Assert.Contains("_start\0", dump);
    }

    [Fact]
    public void What_cannot_be_profiled_is_refused()
    {
        Assert.Contains("perfmap or jitdump", Ran.Hornet("run", "--profile", "vtune", "samples/hello.wasm").Ended(2).Error);
        Assert.Contains("compiler=native", Ran.Hornet("run", "-C", "compiler=interpreter", "--profile", "perfmap", "samples/hello.wasm").Ended(2).Error);
    }
}
