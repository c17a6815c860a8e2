using System.Runtime.InteropServices;
using System.Text;
using Hornet.Wasi.Host;
using Hornet.Wasi.Preview1;

namespace Hornet.Wasi.Tests;

/// <summary>
/// Attempts to leave a preopen. The world: <c>outer/secret</c> and <c>outer/dir/secret</c> are the host's; <c>outer/box</c> is the guest's,
/// with links in it that lead out in every way. An attempt has failed, from the guest's side, when no outside file was read, listed, made,
/// changed or removed; each answer must also be an error.
/// </summary>
public sealed class SandboxTests
{
    /// <summary>Paths that lead out of the box, whatever is done with them. {0} is the absolute path of the outer directory.</summary>
    static readonly string[] s_outside =
    [
        "../secret", "../dir/secret", "..", "../", "../.", "../..", "../../../../../../etc/passwd", "./../secret", "././../secret", ".././secret",
        "in/../../secret", "in/deep/../../../secret", "in/./../../secret", "in//../..//secret", "in/../in/../../secret", "in/deep/../../..",
        "/etc/passwd", "//etc/passwd", "/", "//", "/../etc/passwd", "{0}/secret", "/{0}/secret", "/proc/self/root/etc/passwd",
        // Links in the box, made by the host.
        "abs-file", "abs-dir/secret", "abs-dir/", "abs-dir/.", "abs-dir/dir/secret", "abs-root/etc/passwd", "abs-root/", "up/secret", "up/", "up/.",
        "up/dir/secret", "up-file", "up-up/", "up-box/../secret", "box-up/secret", "in/up2/secret", "in/up2/", "in/up-file", "chain1", "chain-dir1/secret",
        "chain-dir1/", "in/deep/up3/secret", "self/../secret", "self/self/../secret", "inner/../../../secret", "back/in/../../secret",
        "dotlink/../secret", "slashes/secret", "proc/self/root/etc/passwd", "proc/self/cwd", "proc/self/cwd/", "devfd/0", "mixed/secret",
    ];

    /// <summary>Things to do with a path; each says how it was refused.</summary>
    static readonly (string Name, Func<Guest, string, Errno> Do)[] s_attempts =
    [
        ("open", (g, p) => g.OpenRead(p, out _)),
        ("open directory", (g, p) => g.OpenDirectory(p, out _)),
        ("write", (g, p) => g.Open(p, out _, OFlags.None)),
        ("create", (g, p) => g.Open(p.TrimEnd('/') + "/made", out _, OFlags.Create)),
        ("stat", (g, p) => g.Stat(p, out _)),
        ("set times", (g, p) => g.SetTimes(p, 1, 1, FstFlags.AccessTime | FstFlags.ModificationTime)),
        ("make directory", (g, p) => g.CreateDirectory(p.TrimEnd('/') + "/made")),
        ("remove directory", (g, p) => g.RemoveDirectory(p.TrimEnd('/') + "/dir")),
        ("unlink", (g, p) => g.Unlink(p.TrimEnd('/') + "/secret")),
        ("rename from", (g, p) => g.Rename(p.TrimEnd('/') + "/secret", "stolen")),
        ("rename to", (g, p) => g.Rename("own", p.TrimEnd('/') + "/made")),
        ("link from", (g, p) => g.Link(p.TrimEnd('/') + "/secret", "stolen")),
        ("link to", (g, p) => g.Link("own", p.TrimEnd('/') + "/made")),
        ("symlink", (g, p) => g.Symlink("own", p.TrimEnd('/') + "/made")),
        ("readlink", (g, p) => g.Readlink(p.TrimEnd('/') + "/link", out _)),
    ];

    static void Build(Scratch outer)
    {
        File.WriteAllText(outer["secret"], "secret");
        Directory.CreateDirectory(outer["dir"]);
        File.WriteAllText(outer["dir/secret"], "secret");
        File.CreateSymbolicLink(outer["link"], "secret");
        Directory.CreateDirectory(outer["box/in/deep"]);
        Directory.CreateDirectory(outer["box-sibling"]);
        File.WriteAllText(outer["box-sibling/secret"], "secret");
        File.WriteAllText(outer["box/own"], "own");
        File.WriteAllText(outer["box/in/own"], "own");
        foreach ((string name, string target) in new[]
        {
            ("abs-file", outer["secret"]), ("abs-dir", outer.Path), ("abs-root", "/"), ("up", ".."), ("up-file", "../secret"), ("up-up", "../.."),
            ("up-box", "../box"), ("box-up", "in/../.."), ("in/up2", "../.."), ("in/up-file", "../../secret"), ("chain1", "chain2"), ("chain2", "chain3"),
            ("chain3", "../secret"), ("chain-dir1", "in/chain-dir2"), ("in/chain-dir2", "../up"), ("in/deep/up3", "../../.."), ("self", "."), ("inner", "in/deep"),
            ("back", "in/.."), ("dotlink", "././."), ("slashes", "..///"), ("proc", "/proc"), ("devfd", "/dev/fd"), ("mixed", "in/deep/../../../dir"),
        })
            File.CreateSymbolicLink(outer["box/" + name], target);
    }

    public static TheoryData<string, string> Attempts
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string resolver in new[] { "kernel", "walk" })
                foreach ((string name, _) in s_attempts)
                    data.Add(resolver, name);
            return data;
        }
    }

    [Theory, MemberData(nameof(Attempts))]
    public void No_path_leads_out(string resolver, string attempt)
    {
        using Scratch outer = new();
        Build(outer);
        string[] before = Snapshot(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        Func<Guest, string, Errno> act = s_attempts.First(a => a.Name == attempt).Do;
        List<string> wrong = [];
        foreach (string template in s_outside)
        {
            string path = string.Format(template, outer.Path);
            Errno errno = act(guest, path);
            if (errno == Errno.Success)
                wrong.Add($"{path}: success");
            // What is plainly outside is refused for that reason, not by chance.
            else if (attempt is "open" or "stat" && errno is not (Errno.Perm or Errno.NoEnt))
                wrong.Add($"{path}: {errno}");
            else if (attempt is "open" or "stat" && errno == Errno.NoEnt && !path.StartsWith("proc") && !path.StartsWith("devfd"))
                wrong.Add($"{path}: {errno}");
        }
        Assert.Empty(wrong);
        Assert.Equal(before, Snapshot(outer));
        Assert.True(s_outside.Length * s_attempts.Length >= 200);
    }

    /// <summary>The same box is usable: the refusals above are not because nothing works.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Paths_that_stay_inside_work(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        foreach (string path in new[]
        {
            "own", "./own", "in/../own", "in/deep/../../own", "in//..//./own", "self/own", "self/self/self/own", "back/own", "inner/../../own", "inner/../own",
            "dotlink/own", "in/own", "inner/../../in/own", "self/in/deep/../own", "self/../box/own",
        })
        {
            Errno errno = guest.OpenRead(path, out uint fd);
            if (path == "self/../box/own")
            {
                Assert.Equal(Errno.Perm, errno);
                continue;
            }
            Assert.True(errno == Errno.Success, $"{path}: {errno}");
            Assert.Equal("own", guest.ReadText(fd));
            Assert.Equal(Errno.Success, guest.Close(fd));
        }
        // Deep and long, but legal.
        string deep = string.Concat(Enumerable.Repeat("in/../", 200)) + "own";
        Assert.Equal(Errno.Success, guest.OpenRead(deep, out _));
    }

    /// <summary>A guest that opened a directory inside cannot go up from it either, except to where its preopen begins.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void A_directory_that_was_opened_is_a_box_of_its_own(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        Assert.Equal(Errno.Success, guest.OpenDirectory("in/deep", out uint deep));
        foreach (string path in new[] { "..", "../own", "../../own", "../../../secret", "up3/secret", "up3" })
            Assert.NotEqual(Errno.Success, guest.OpenRead(path, out _, at: deep));
        Assert.Equal(Errno.Success, guest.OpenDirectory(".", out _, at: deep));
    }

    /// <summary>What only names its last component does not follow it: the link itself is the object.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Names_are_not_followed(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        Assert.Equal(Errno.Success, guest.Stat("abs-file", out Fds.Filestat stat, follow: false));
        Assert.Equal(FileType.SymbolicLink, stat.Type);
        Assert.Equal(Errno.Loop, guest.OpenRead("abs-file", out _, follow: false));
        Assert.Equal(Errno.Loop, guest.Open("up", out _, OFlags.None, Rights.FdRead, follow: false));
        Assert.Equal(Errno.Exist, guest.CreateDirectory("up"));
        Assert.Equal(Errno.NotDir, guest.RemoveDirectory("up"));
        Assert.Equal(Errno.NotDir, guest.RemoveDirectory("up/"));
        Assert.Equal(Errno.NotDir, guest.Unlink("up/"));
        Assert.Equal(Errno.Exist, guest.Open("abs-file", out _, OFlags.Create | OFlags.Exclusive));
        Assert.Equal(Errno.Success, guest.Link("abs-file", "hard"));
        Assert.Equal(Errno.Success, guest.Stat("hard", out stat, follow: false));
        Assert.Equal(FileType.SymbolicLink, stat.Type);
        Assert.Equal(Errno.Inval, guest.Link("abs-file", "hard2", follow: true));
        Assert.Equal(Errno.Success, guest.SetTimes("abs-file", 0, 1_000_000_000, FstFlags.ModificationTime, follow: false));
        Assert.NotEqual(1, new DateTimeOffset(File.GetLastWriteTimeUtc(outer["secret"])).ToUnixTimeSeconds());
        Assert.Equal(Errno.Success, guest.Rename("abs-dir", "moved"));
        Assert.Equal(Errno.Success, guest.Unlink("moved"));
        Assert.True(Directory.Exists(outer.Path));
        Assert.Equal(Errno.Perm, guest.Symlink(outer["secret"], "mine"));
    }

    /// <summary>Links that the guest makes itself are resolved under the same rule.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Links_of_the_guests_own_lead_nowhere(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        int attempts = 0;
        foreach (string target in new[] { "..", "../secret", "../dir", "../../..", "in/../..", "./..", "..//", "../box/../secret", "up", "up/secret", "abs-dir/secret" })
        {
            Assert.Equal(Errno.Success, guest.Symlink(target, $"mine{attempts}"));
            foreach (string path in new[] { $"mine{attempts}", $"mine{attempts}/secret", $"mine{attempts}/", $"in/../mine{attempts}", $"self/mine{attempts}/dir/secret" })
            {
                Assert.NotEqual(Errno.Success, guest.OpenRead(path, out _));
                Assert.NotEqual(Errno.Success, guest.Stat(path, out _));
            }
            attempts++;
        }
    }

    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Hostile_texts_are_refused(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        Assert.Equal(Errno.NoEnt, guest.OpenRead("", out _));
        Assert.Equal(Errno.Inval, guest.OpenRead("own\0", out _));
        Assert.Equal(Errno.Inval, guest.OpenRead("\0", out _));
        Assert.Equal(Errno.Inval, guest.OpenRead("own\0/../../secret", out _));
        Assert.Equal(Errno.NameTooLong, guest.OpenRead(new string('a', 5000), out _));
        Assert.Equal(Errno.NameTooLong, guest.OpenRead(new string('a', 256), out _));
        Assert.Equal(Errno.NameTooLong, guest.CreateDirectory(new string('a', 256)));
        Assert.Equal(Errno.NotDir, guest.OpenRead("own/", out _));
        Assert.Equal(Errno.NotDir, guest.OpenRead("own/.", out _));
        Assert.Equal(Errno.NotDir, guest.OpenRead("own/../own", out _));
        Assert.Equal(Errno.NoEnt, guest.OpenRead("missing/../own", out _));
        Assert.Equal(Errno.Success, guest.Symlink("loop", "loop"));
        Assert.Equal(Errno.Loop, guest.OpenRead("loop", out _));
        Assert.Equal(Errno.Loop, guest.OpenRead("loop/x", out _));
        new byte[] { 0xFF, 0xFE }.CopyTo(guest.Memory[0x1000..]);
        Assert.Equal(Errno.IlSeq, guest.Call("path_create_directory", 3, 0x1000, 2));
        // A link bomb: each link holds the next one twice.
        string last = "own";
        for (int i = 0; i < 30; i++)
        {
            Assert.Equal(Errno.Success, guest.Symlink($"bomb{i}/../bomb{i}", $"bomb{i + 1}"));
            last = $"bomb{i + 1}";
        }
        Assert.NotEqual(Errno.Success, guest.OpenRead(last, out _));
    }

    /// <summary>
    /// While a walk runs, another thread swaps a directory for a link that leads out, and moves directories about. Whatever the guest
    /// opens is its own file or nothing.
    /// </summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Swapping_under_a_walk_leads_nowhere(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        // The same names inside and outside, with different contents.
        Directory.CreateDirectory(outer["box/swap/dir"]);
        File.WriteAllText(outer["box/swap/secret"], "own");
        File.WriteAllText(outer["box/swap/dir/secret"], "own");
        Directory.CreateDirectory(outer["box/other"]);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        bool stop = false;
        Thread swapper = new(() =>
        {
            for (int i = 0; !Volatile.Read(ref stop); i++)
            {
                // A directory becomes a link to the outside, and comes back.
                Directory.Move(outer["box/swap"], outer["box/kept"]);
                File.CreateSymbolicLink(outer["box/swap"], i % 3 == 0 ? ".." : i % 3 == 1 ? outer.Path : "in/../..");
                File.Delete(outer["box/swap"]);
                Directory.Move(outer["box/kept"], outer["box/swap"]);
                // A directory moves deeper and back: ".." from it changes its meaning.
                Directory.Move(outer["box/swap/dir"], outer["box/other/dir"]);
                Directory.Move(outer["box/other/dir"], outer["box/swap/dir"]);
            }
        });
        swapper.Start();
        try
        {
            string[] paths = ["swap/secret", "swap/dir/secret", "swap/dir/../secret", "swap/../swap/secret", "swap/dir/../../swap/secret", "in/../swap/secret", "other/dir/../../secret",
                "swap/dir/../../secret", "other/dir/../secret", "swap/dir/../../../secret"];
            int opened = 0, refused = 0;
            long until = Environment.TickCount64 + 2000;
            for (int i = 0; Environment.TickCount64 < until || opened < 50 && Environment.TickCount64 < until + 5000; i++)
            {
                string path = paths[i % paths.Length];
                if (guest.OpenRead(path, out uint fd) == Errno.Success)
                {
                    Assert.Equal("own", guest.ReadText(fd));
                    guest.Close(fd);
                    opened++;
                }
                else
                    refused++;
                // Making and removing through the swapped directory never touches the outside.
                _ = guest.Open("swap/made", out uint made, OFlags.Create);
                if (made != uint.MaxValue)
                    guest.Close(made);
                _ = guest.Unlink("swap/secret-not-there");
                _ = guest.CreateDirectory("swap/dir/made");
                _ = guest.RemoveDirectory("swap/dir/made");
                _ = guest.Rename("own", "swap/own");
                _ = guest.Rename("swap/own", "own");
            }
            Assert.True(opened > 0, "never opened anything");
            Assert.True(refused > 0, "never refused anything");
        }
        finally
        {
            Volatile.Write(ref stop, true);
            swapper.Join();
        }
        Assert.Equal("secret", File.ReadAllText(outer["secret"]));
        Assert.False(File.Exists(outer["made"]));
        Assert.False(File.Exists(outer["own"]));
        Assert.False(Directory.Exists(outer["dir/made"]));
    }

    /// <summary>The kernel's EAGAIN under constant renames is not the guest's problem.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void Renames_elsewhere_do_not_disturb_a_walk(string resolver)
    {
        using Scratch outer = new();
        Build(outer);
        using Guest guest = new(outer["box"], Resolvers.Host(resolver));
        bool stop = false;
        Thread renamer = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                File.Move(outer["secret"], outer["secret2"]);
                File.Move(outer["secret2"], outer["secret"]);
            }
        });
        renamer.Start();
        try
        {
            for (int i = 0; i < 2000; i++)
            {
                Assert.Equal(Errno.Success, guest.OpenRead("in/deep/../../in/../own", out uint fd));
                guest.Close(fd);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            renamer.Join();
        }
    }

    /// <summary>/proc would give the guest its host's memory and environment, and with them everything.</summary>
    [Theory, MemberData(nameof(Resolvers.Names), MemberType = typeof(Resolvers))]
    public void The_hosts_own_process_is_out_of_reach(string resolver)
    {
        using Guest all = new("/", Resolvers.Host(resolver));
        foreach (string path in new[] { "proc/self/mem", "proc/self/environ", "proc/self/maps", "proc/thread-self/mem", "proc/1/mem", $"proc/{Environment.ProcessId}/mem", "proc", "proc/self",
            "proc/self/task", "tmp/../proc/self/environ", "proc/self/fd", "proc/sys/kernel/hostname", "dev/fd", "dev/stdin" })
        {
            Assert.NotEqual(Errno.Success, all.OpenRead(path, out _));
            Assert.NotEqual(Errno.Success, all.Open(path, out _));
            Assert.NotEqual(Errno.Success, all.OpenDirectory(path, out _));
        }
        using Guest proc = new("/proc", Resolvers.Host(resolver));
        Assert.Equal(Errno.Success, proc.OpenRead("cpuinfo", out uint fd));
        Assert.NotEqual("", proc.ReadText(fd));
        Assert.Equal(Errno.Success, proc.OpenDirectory("self", out uint self));
        foreach (string path in new[] { "mem", "root", "root/etc/passwd", "cwd", "cwd/x", "exe", "fd/0", "task/../mem", $"task/{Environment.ProcessId}/mem", "ns/mnt", "../self/mem" })
        {
            Assert.NotEqual(Errno.Success, proc.OpenRead(path, out _, at: self));
            Assert.NotEqual(Errno.Success, proc.Open(path, out _, at: self));
            Assert.NotEqual(Errno.Success, proc.OpenRead("self/" + path, out _));
        }
        foreach (string path in new[] { "self/mem", "self/comm", "self/oom_score_adj", "sys/kernel/hostname", "self/attr/current" })
            Assert.NotEqual(Errno.Success, proc.Open(path, out _, rights: Rights.FdWrite));
    }

    [Fact]
    public void A_read_only_preopen_cannot_be_changed()
    {
        using Scratch outer = new();
        Build(outer);
        string[] before = Snapshot(outer);
        WasiConfiguration configuration = new WasiConfiguration()
            .WithPreopenedDirectory(outer["box"], "/ro", WasiDirectoryPermissions.Read, WasiFilePermissions.Read)
            .WithPreopenedDirectory(outer["dir"], "/rw");
        using Guest guest = new(configuration);
        Assert.Equal(Errno.Success, guest.OpenRead("own", out uint fd));
        Assert.Equal("own", guest.ReadText(fd));
        Assert.Equal(Errno.NotCapable, guest.Write(fd, "x", out _));
        Assert.Equal(Errno.NotCapable, guest.Open("own", out _));
        Assert.Equal(Errno.NotCapable, guest.Open("own", out _, OFlags.Truncate, Rights.FdRead));
        Assert.Equal(Errno.NotCapable, guest.Open("new", out _, OFlags.Create, Rights.FdRead));
        Assert.Equal(Errno.NotCapable, guest.CreateDirectory("new"));
        Assert.Equal(Errno.NotCapable, guest.RemoveDirectory("in/deep"));
        Assert.Equal(Errno.NotCapable, guest.Unlink("own"));
        Assert.Equal(Errno.NotCapable, guest.Rename("own", "new"));
        Assert.Equal(Errno.NotCapable, guest.Rename("own", "new", toAt: 4));
        Assert.Equal(Errno.NotCapable, guest.Link("own", "new"));
        Assert.Equal(Errno.NotCapable, guest.Link("own", "new", toAt: 4));
        Assert.Equal(Errno.NotCapable, guest.Rename("secret", "new", at: 4));
        Assert.Equal(Errno.NotCapable, guest.Symlink("own", "new"));
        Assert.Equal(Errno.NotCapable, guest.SetTimes("own", 1, 1, FstFlags.ModificationTime));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_filestat_set_times", fd, 1, 1, (long)FstFlags.ModificationTime));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_filestat_set_size", fd, 0));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_allocate", fd, 0, 100));
        // A directory opened beneath it is no way around.
        Assert.Equal(Errno.Success, guest.OpenDirectory("in", out uint inner));
        Assert.Equal(Errno.NotCapable, guest.Open("own", out _, at: inner));
        Assert.Equal(Errno.NotCapable, guest.CreateDirectory("new", inner));
        Assert.Equal(Errno.NotCapable, guest.Unlink("own", inner));
        Assert.Equal(before, Snapshot(outer));
    }

    static string[] Snapshot(Scratch outer)
    {
        List<string> found = [];
        Visit(outer.Path);
        found.Sort(StringComparer.Ordinal);
        return [.. found];

        // .NET's own recursion follows links, which is what this is about.
        void Visit(string directory)
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(directory))
            {
                if (new FileInfo(path).LinkTarget is { } target)
                    found.Add($"{path} -> {target}");
                else if (Directory.Exists(path))
                {
                    found.Add(path);
                    Visit(path);
                }
                else
                    found.Add($"{path}: {File.ReadAllText(path)} {File.GetLastWriteTimeUtc(path).Ticks}");
            }
        }
    }
}
