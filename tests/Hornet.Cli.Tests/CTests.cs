namespace Hornet.Cli.Tests;

/// <summary>C programs built with clang and wasi-libc do what they do natively.</summary>
public sealed class CTests
{
    [Fact]
    public void Hello_greets()
    {
        Assert.Equal("hello, world\n", Ran.Hornet("run", "samples/hello.wasm").Ended(0).Output);
        Assert.Equal("hello, Ada\nhello, Grace\n", Ran.Hornet("samples/hello.wasm", "Ada", "Grace").Ended(0).Output);
    }

    [Fact]
    public void Files_and_directories()
    {
        using var native = new Scratch();
        using var guest = new Scratch();
        var expected = Guest.Expected("c/files.c", native.Path);
        Assert.Contains("rmdir 0", expected);
        Assert.Equal(expected, Ran.Hornet("run", "--dir", guest.Path, Guest.C("files"), guest.Path).Ended(0).Output);
        Assert.Equal(expected, Ran.Hornet("run", "--dir", $"{guest.Path}::/data", Guest.C("files"), "/data").Ended(0).Output);
        Assert.Equal(expected, Ran.Hornet("run", $"--dir={guest.Path}::.", Guest.C("files")).Ended(0).Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(guest.Path));
    }

    [Fact]
    public void Nothing_outside_of_a_directory_is_reached()
    {
        using var outside = new Scratch();
        var inside = Directory.CreateDirectory(Path.Combine(outside.Path, "inside")).FullName;
        File.WriteAllText(Path.Combine(outside.Path, "secret"), "secret");
        File.WriteAllText(Path.Combine(inside, "open"), "open");
        File.CreateSymbolicLink(Path.Combine(inside, "link"), "../secret");
        File.CreateSymbolicLink(Path.Combine(inside, "absolute"), Path.Combine(outside.Path, "secret"));
        Directory.CreateSymbolicLink(Path.Combine(inside, "up"), "..");
        var ran = Ran.Hornet("run", "--dir", $"{inside}::/data", Guest.C("escape"),
            "/data/open", "/data/../secret", "/data/link", "/data/absolute", "/data/up/secret", "/data/./../../etc/passwd", "/etc/passwd", "secret");
        Assert.Equal("""
            /data/open OPENED
            /data/../secret refused
            /data/link refused
            /data/absolute refused
            /data/up/secret refused
            /data/./../../etc/passwd refused
            /etc/passwd refused
            secret refused

            """, ran.Ended(0).Output);
    }

    [Fact]
    public void Arguments_and_environment()
    {
        var ran = Ran.HornetWith([("COLOUR", "green"), ("HIDDEN", "yes")],
            "run", "--env", "A=1", "--env", "B=two=2", "--env=COLOUR", "--argv0", "me", Guest.C("words"), "--env", "-x", "--", "", "a b", "ü");
        Assert.Equal("""
            argv[0]=me
            argv[1]=--env
            argv[2]=-x
            argv[3]=--
            argv[4]=
            argv[5]=a b
            argv[6]=ü
            env A=1
            env B=two=2
            env COLOUR=green

            """, ran.Ended(0).Output);
    }

    [Fact]
    public void The_environment_is_inherited_on_request()
    {
        (string, string)[] environment = [("COLOUR", "green")];
        Assert.DoesNotContain("env ", Ran.HornetWith(environment, "run", Guest.C("words")).Ended(0).Output);
        Assert.Contains("env COLOUR=green\n", Ran.HornetWith(environment, "run", "-S", "inherit-env", Guest.C("words")).Ended(0).Output);
        Assert.Contains("env COLOUR=red\n", Ran.HornetWith(environment, "run", "-Sinherit-env=y", "--env", "COLOUR=red", Guest.C("words")).Ended(0).Output);
    }

    [Fact]
    public void Clocks_tell_the_time()
    {
        var before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var lines = Ran.Hornet("run", Guest.C("clocks")).Ended(0).Output.Split('\n');
        Assert.InRange(long.Parse(lines[0]), before, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.Equal(["slept 0 long enough 1 soon enough 1", "resolution 1", ""], lines[1..]);
    }

    [Fact]
    public void Sorting_and_printing_are_as_native() =>
        Assert.Equal(Guest.Expected("c/compute.c"), Ran.Hornet("run", Guest.C("compute")).Ended(0).Output);

    [Fact]
    public void A_hundred_megabytes_come_through_a_pipe()
    {
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        void Feed(Stream input)
        {
            for (var i = 0; i < 100; i++)
                input.Write(block);
        }
        var native = Ran.Run([Guest.Native("c/drain.c")], Feed);
        Assert.Equal("104857600 bytes\n", native.Output);
        Assert.Equal(native, Ran.HornetReading(Feed, "run", Guest.C("drain")));
    }

    [Theory]
    [InlineData("return", 7)]
    [InlineData("exit", 42)]
    public void The_exit_code_passes_through(string how, int exitCode) =>
        Assert.Equal($"about to {how}\n", Ran.Hornet("run", Guest.C("quit"), how).Ended(exitCode).Error);

    [Theory]
    [InlineData("abort", "unreachable")]
    [InlineData("unreachable", "unreachable")]
    [InlineData("divide", "integer divide by zero")]
    [InlineData("wild", "out of bounds memory access")]
    [InlineData("deep", "call stack exhausted")]
    [InlineData("call", "undefined element")]
    public void A_trap_names_itself_and_the_guests_frames(string how, string message)
    {
        var ran = Ran.Hornet("run", Guest.C("quit"), how).Ended(134);
        Assert.StartsWith($"about to {how}\n", ran.Error);
        Assert.Contains(message, ran.Error);
        // The frames, innermost first, with the names of the name section; of endless recursion only the innermost are shown.
        // wasi-libc comes with line tables: behind its functions stands where they are from.
        Assert.Matches(@"\n +0: 0x[0-9a-f]+ - quit[^\n]*!\w+( at \S+\.c:\d+:\d+)?\n +1: ", ran.Error);
        Assert.Matches(how == "deep" ? @"!deep\n" : @"!_start( at \S+\.c:\d+:\d+)?\n", ran.Error);
        Assert.Empty(ran.Output);
    }
}
