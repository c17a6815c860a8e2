namespace Hornet.Cli.Tests;

/// <summary>Calling exports, linking modules, and the limits of -W.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("add", "7\n", "3", "4")]
    [InlineData("add", "-1\n", "4294967295", "0")]
    [InlineData("mix", "12.5\n", "1", "2", "3.25", "6.25")]
    [InlineData("nothing", "")]
    public void Exports_are_invoked(string export, string printed, params string[] arguments) =>
        Assert.Equal(printed, Ran.Hornet(["run", "-W", "unknown-imports-trap", "--invoke", export, Guest.Library("library"), .. arguments]).Ended(0).Output);

    [Theory]
    [InlineData("missing", "exports no function 'missing'")]
    [InlineData("ad", "did you mean 'add'?", "1", "2")]
    [InlineData("add", "takes 2 arguments (i32 i32), not 1", "1")]
    [InlineData("add", "'x' is not an i32", "x", "1")]
    [InlineData("add", "'4294967296' is not an i32", "4294967296", "1")]
    public void A_wrong_invocation_says_so(string export, string message, params string[] arguments) =>
        Assert.Contains(message, Ran.Hornet(["run", "-W", "unknown-imports-trap", "--invoke", export, Guest.Library("library"), .. arguments]).Ended(1).Error);

    [Fact]
    public void Modules_are_linked_by_preloading()
    {
        string[] call = ["--invoke", "call_twice", Guest.Library("library"), "20"];
        Assert.Equal("41\n", Ran.Hornet(["run", "--preload", $"other={Guest.Library("other")}", .. call]).Ended(0).Output);

        var unknown = Ran.Hornet(["run", .. call]).Ended(1);
        Assert.Contains("other", unknown.Error);
        Assert.Contains("twice", unknown.Error);
        Assert.Equal("1\n", Ran.Hornet(["run", "-W", "unknown-imports-default", .. call]).Ended(0).Output);
        var trapped = Ran.Hornet(["run", "-W", "unknown-imports-trap", .. call]).Ended(134);
        Assert.Contains("twice", trapped.Error);
    }

    [Fact]
    public void Fuel_runs_out()
    {
        string[] Spin(string fuel) => ["run", "-W", $"unknown-imports-trap,fuel={fuel}", "--invoke", "spin", Guest.Library("library"), "1000"];
        Assert.Equal("499500\n", Ran.Hornet(Spin("100000")).Ended(0).Output);
        Assert.Contains("all fuel consumed", Ran.Hornet(Spin("1000")).Ended(134).Error);
    }

    [Fact]
    public void Time_runs_out()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Contains("wasm trap: interrupt", Ran.Hornet("run", "-W", "timeout=200ms", Guest.C("quit"), "loop").Ended(134).Error);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.2, 30);
        Assert.Equal("hello, world\n", Ran.Hornet("run", "-W", "timeout=20s", "samples/hello.wasm").Ended(0).Output);
    }

    [Fact]
    public void Memory_stays_below_its_limit()
    {
        string[] Grow(string option) => ["run", "-W", $"unknown-imports-trap,{option}", "--invoke", "grow", Guest.Library("library"), "100"];
        Assert.Equal("2\n", Ran.Hornet(Grow("max-memory-size=16m")).Ended(0).Output);
        Assert.Equal("-1\n", Ran.Hornet(Grow("max-memory-size=1m")).Ended(0).Output);
        Assert.Contains("memory", Ran.Hornet(Grow("max-memory-size=1m,trap-on-grow-failure")).Ended(134).Error);
        Assert.Contains("memory", Ran.Hornet(Grow("max-memory-size=64k")).Ended(1).Error);
    }

    [Fact]
    public void The_stack_has_the_size_that_was_asked_for()
    {
        Assert.Contains("call stack exhausted", Ran.Hornet("run", "-W", "max-wasm-stack=64k", Guest.C("quit"), "deep").Ended(134).Error);
        Assert.Equal("hello, world\n", Ran.Hornet("run", "-W", "max-wasm-stack=64k", "samples/hello.wasm").Ended(0).Output);
    }

    [Theory]
    [InlineData("-W", "nan-canonicalization,relaxed-simd-deterministic=n")]
    [InlineData("-O", "memory-reservation=1m,memory-guard-size=64k")]
    [InlineData("-W", "all-proposals")]
    public void What_does_not_matter_to_hello_leaves_it_alone(string group, string options) =>
        Assert.Equal("hello, world\n", Ran.Hornet("run", group, options, "samples/hello.wasm").Ended(0).Output);

    [Fact]
    public void Instances_tables_and_memories_are_counted()
    {
        string[] call = ["--preload", $"other={Guest.Library("other")}", "--invoke", "call_twice", Guest.Library("library"), "20"];
        Assert.Equal("41\n", Ran.Hornet(["run", "-W", "max-instances=2", .. call]).Ended(0).Output);
        Assert.Contains("instance", Ran.Hornet(["run", "-W", "max-instances=1", .. call]).Ended(1).Error);
        Assert.Contains("table", Ran.Hornet("run", "-W", "max-table-elements=1", "samples/hello.wasm").Ended(1).Error);
    }

    [Fact]
    public void A_feature_can_be_off()
    {
        using var scratch = new Scratch();
        // (module (func (result v128) (v128.const 0)))
        var simd = scratch.File("simd.wasm", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, 22, 1, 20, 0, 0xfd, 0x0c, .. new byte[16], 0x0b]);
        Ran.Hornet("validate", simd).Ended(0);
        Assert.Contains("at offset 0x", Ran.Hornet("validate", "-W", "simd=n", simd).Ended(1).Error);
        Assert.Contains("at offset 0x", Ran.Hornet("run", "-Wsimd=n", simd).Ended(1).Error);
    }

    [Fact]
    public void Instances_can_come_from_a_pool()
    {
        Assert.Equal("hello, world\n", Ran.Hornet("run", "-O", "pooling-allocator=y,pooling-total-memories=3,pooling-memory-keep-resident=64k", "samples/hello.wasm").Ended(0).Output);
        Assert.Contains("-O pooling-max-memory-size", Ran.Hornet("run", "-O", "pooling-allocator,pooling-max-memory-size=64k", "samples/hello.wasm").Error);
        Assert.Contains("need -O pooling-allocator=y", Ran.Hornet("run", "-O", "pooling-total-memories=3", "samples/hello.wasm").Ended(2).Error);
        Assert.Contains("pooling-table-elements=N", Ran.Hornet("run", "-O", "help").Ended(0).Output);
    }
}
