using System.Text;
using Hornet.Wasi.Host;
using Hornet.Wasi.Preview1;

namespace Hornet.Wasi.Tests;

/// <summary>Files and directories through preview 1, with both resolvers.</summary>
public sealed class FileTests
{
    public static TheoryData<string> Both => Resolvers.Names;

    static (Scratch, Guest) New(string resolver)
    {
        Scratch scratch = new();
        return (scratch, new Guest(scratch.Path, Resolvers.Host(resolver)));
    }

    [Theory, MemberData(nameof(Both))]
    public void Writing_seeking_and_reading(string resolver)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            Assert.Equal(Errno.Success, guest.Open("f", out uint fd, OFlags.Create | OFlags.Exclusive));
            Assert.Equal(4u, fd);
            Assert.Equal(Errno.Success, guest.Write(fd, "hello world", out int written));
            Assert.Equal(11, written);
            Assert.Equal(11ul, guest.Seek(fd, 0, Whence.Current));
            Assert.Equal(6ul, guest.Seek(fd, -5, Whence.End));
            Assert.Equal("world", guest.ReadText(fd));
            Assert.Equal("", guest.ReadText(fd));
            Assert.Equal(Errno.Success, guest.Read(fd, 4, out byte[] part, offset: 1));
            Assert.Equal("ello"u8, part);
            Assert.Equal(11ul, guest.Seek(fd, 0, Whence.Current));
            Assert.Equal(Errno.Success, guest.Write(fd, "J", out _, offset: 0));
            Assert.Equal("Jello world", File.ReadAllText(scratch["f"]));
            // Past the end: the gap reads as zeros.
            Assert.Equal(20ul, guest.Seek(fd, 20, Whence.Set));
            Assert.Equal(Errno.Success, guest.Write(fd, "!", out _));
            Assert.Equal(21, new FileInfo(scratch["f"]).Length);
            Assert.Equal(Errno.Success, guest.Read(fd, 100, out byte[] all, offset: 0));
            Assert.Equal("Jello world\0\0\0\0\0\0\0\0\0!", Encoding.UTF8.GetString(all));
            // Before the beginning, unknown origins, offsets that do not fit.
            Assert.Equal(Errno.Inval, guest.Call("fd_seek", fd, -1, 0, 0x8000));
            Assert.Equal(Errno.Inval, guest.Call("fd_seek", fd, 0, 7, 0x8000));
            Assert.Equal(Errno.Inval, guest.Call("fd_pread", fd, 0x9000, 1, -5, 0x8000));
            Assert.Equal(Errno.Success, guest.Call("fd_tell", fd, 0x8000));
            Assert.Equal(21ul, guest.Read<ulong>(0x8000));
            Assert.Equal(Errno.Success, guest.Close(fd));
            Assert.Equal(Errno.BadF, guest.Close(fd));
            Assert.Equal(Errno.Exist, guest.Open("f", out _, OFlags.Create | OFlags.Exclusive));
        }
    }

    [Theory, MemberData(nameof(Both))]
    public void Open_flags(string resolver)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            Assert.Equal(Errno.NoEnt, guest.Open("f", out _));
            File.WriteAllText(scratch["f"], "text");
            Directory.CreateDirectory(scratch["d"]);
            Assert.Equal(Errno.Success, guest.Open("f", out uint fd, OFlags.Truncate));
            Assert.Equal(0, new FileInfo(scratch["f"]).Length);
            Assert.Equal(Errno.NotDir, guest.Open("f", out _, OFlags.Directory));
            Assert.Equal(Errno.IsDir, guest.Open("d", out _));
            Assert.Equal(Errno.Success, guest.OpenRead("d", out uint dir));
            Assert.Equal(FileType.Directory, guest.Fdstat(dir).Type);
            Assert.Equal(Errno.IsDir, guest.Read(dir, 1, out _));
            Assert.Equal(Errno.IsDir, guest.Open("new/", out _, OFlags.Create));
            Assert.Equal(Errno.Inval, guest.Open("x", out _, OFlags.Create | OFlags.Directory));
            Assert.Equal(Errno.Inval, guest.Open("f", out _, (OFlags)64));
            // A link in the last place is created through, beneath the root.
            Assert.Equal(Errno.Success, guest.Symlink("d/target", "dangling"));
            Assert.Equal(Errno.Success, guest.Open("dangling", out _, OFlags.Create));
            Assert.True(File.Exists(scratch["d/target"]));
            Assert.Equal(Errno.NotDir, guest.OpenRead("x", out _, at: fd));
            Assert.Equal(Errno.BadF, guest.OpenRead("x", out _, at: 99));
        }
    }

    [Theory, MemberData(nameof(Both))]
    public void Appending_and_flags(string resolver)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            File.WriteAllText(scratch["f"], "one");
            Assert.Equal(Errno.Success, guest.Open("f", out uint fd, flags: FdFlags.Append));
            Assert.Equal(FdFlags.Append, guest.Fdstat(fd).Flags);
            guest.Seek(fd, 0, Whence.Set);
            Assert.Equal(Errno.Success, guest.Write(fd, "two", out _));
            Assert.Equal("onetwo", File.ReadAllText(scratch["f"]));
            Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", fd, (long)(FdFlags.NonBlock | FdFlags.DSync)));
            Assert.Equal(FdFlags.NonBlock | FdFlags.DSync, guest.Fdstat(fd).Flags);
            guest.Seek(fd, 0, Whence.Set);
            Assert.Equal(Errno.Success, guest.Write(fd, "ONE", out _));
            Assert.Equal("ONEtwo", File.ReadAllText(scratch["f"]));
            Assert.Equal(Errno.Inval, guest.Call("fd_fdstat_set_flags", fd, 99));
        }
    }

    [Theory, MemberData(nameof(Both))]
    public void Sizes_allocation_and_times(string resolver)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            Assert.Equal(Errno.Success, guest.Open("f", out uint fd, OFlags.Create));
            Assert.Equal(Errno.Success, guest.Call("fd_filestat_set_size", fd, 100));
            Assert.Equal(Errno.Success, guest.Stat(fd, out Fds.Filestat stat));
            Assert.Equal(100ul, stat.Size);
            Assert.Equal(FileType.RegularFile, stat.Type);
            Assert.Equal(1ul, stat.Links);
            Assert.Equal(Errno.Success, guest.Call("fd_allocate", fd, 90, 20));
            Assert.Equal(110, new FileInfo(scratch["f"]).Length);
            Assert.Equal(Errno.Inval, guest.Call("fd_allocate", fd, 0, 0));
            Assert.Equal(Errno.Inval, guest.Call("fd_allocate", fd, -1, 10));
            Assert.Equal(Errno.Inval, guest.Call("fd_filestat_set_size", fd, -1));
            Assert.Equal(Errno.Success, guest.Call("fd_advise", fd, 0, 0, 4));
            Assert.Equal(Errno.Inval, guest.Call("fd_advise", fd, 0, 0, 6));
            Assert.Equal(Errno.Inval, guest.Call("fd_advise", fd, 0, 0, 256));
            Assert.Equal(Errno.Success, guest.Call("fd_sync", fd));
            Assert.Equal(Errno.Success, guest.Call("fd_datasync", fd));
            const long t1 = 1_000_000_007, t2 = 1_700_000_000_123_456_789;
            Assert.Equal(Errno.Success, guest.Call("fd_filestat_set_times", fd, t1, t2, 5));
            Assert.Equal(Errno.Success, guest.Stat("f", out stat));
            Assert.Equal((ulong)t1, stat.AccessTime);
            Assert.Equal((ulong)t2, stat.ModificationTime);
            // Omitted times stay; both forms of one time are a contradiction.
            Assert.Equal(Errno.Success, guest.SetTimes("f", 5, 5, FstFlags.ModificationTime));
            Assert.Equal(Errno.Success, guest.Stat("f", out stat));
            Assert.Equal((ulong)t1, stat.AccessTime);
            Assert.Equal(5ul, stat.ModificationTime);
            Assert.Equal(Errno.Inval, guest.SetTimes("f", 5, 5, FstFlags.ModificationTime | FstFlags.ModificationTimeNow));
            Assert.Equal(Errno.Inval, guest.SetTimes("f", 5, 5, (FstFlags)16));
            Assert.Equal(Errno.Success, guest.SetTimes("f", 0, 0, FstFlags.AccessTimeNow | FstFlags.ModificationTimeNow));
            Assert.Equal(Errno.Success, guest.Stat("f", out stat));
            Assert.InRange((double)stat.ModificationTime, guest.Now(0) - 5e9, guest.Now(0) + 5e9);
        }
    }

    [Theory, MemberData(nameof(Both))]
    public void Directories_names_and_links(string resolver)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            Assert.Equal(Errno.Success, guest.CreateDirectory("a"));
            Assert.Equal(Errno.Success, guest.CreateDirectory("a/b/"));
            Assert.Equal(Errno.Exist, guest.CreateDirectory("a"));
            Assert.Equal(Errno.Exist, guest.CreateDirectory("."));
            Assert.Equal(Errno.Exist, guest.CreateDirectory("a/.."));
            Assert.Equal(Errno.NoEnt, guest.CreateDirectory("x/y"));
            Assert.Equal(Errno.NotEmpty, guest.RemoveDirectory("a"));
            Assert.Equal(Errno.Inval, guest.RemoveDirectory("a/."));
            Assert.Equal(Errno.NotEmpty, guest.RemoveDirectory("a/b/.."));
            Assert.Equal(Errno.Perm, guest.RemoveDirectory(".."));
            Assert.Equal(Errno.IsDir, guest.Unlink("a"));
            Assert.Equal(Errno.IsDir, guest.Unlink("a/"));
            File.WriteAllText(scratch["a/f"], "f");
            Assert.Equal(Errno.NotDir, guest.RemoveDirectory("a/f"));
            Assert.Equal(Errno.NotDir, guest.Unlink("a/f/"));
            // Rename: over a file, over an empty directory, not over a full one, not onto the other kind.
            File.WriteAllText(scratch["g"], "g");
            Assert.Equal(Errno.Success, guest.Rename("g", "a/f"));
            Assert.Equal("g", File.ReadAllText(scratch["a/f"]));
            Assert.Equal(Errno.Success, guest.CreateDirectory("empty"));
            Assert.Equal(Errno.Success, guest.CreateDirectory("full"));
            File.WriteAllText(scratch["full/x"], "");
            Assert.Equal(Errno.Success, guest.Rename("full/", "empty/"));
            Assert.True(File.Exists(scratch["empty/x"]));
            Assert.Equal(Errno.NotEmpty, guest.Rename("a", "empty"));
            Assert.Equal(Errno.NotDir, guest.Rename("empty", "a/f"));
            Assert.Equal(Errno.IsDir, guest.Rename("a/f", "empty"));
            Assert.Equal(Errno.NotDir, guest.Rename("a/f", "new/"));
            Assert.Equal(Errno.NotDir, guest.Rename("a/f/", "new"));
            Assert.Equal(Errno.Busy, guest.Rename("a/.", "new"));
            Assert.Equal(Errno.Inval, guest.Rename("a", "a/b/c"));
            Assert.Equal(Errno.NoEnt, guest.Rename("nothing", "new"));
            // Hard links.
            Assert.Equal(Errno.Success, guest.Link("a/f", "hard"));
            Assert.Equal(Errno.Success, guest.Stat("hard", out Fds.Filestat one));
            Assert.Equal(Errno.Success, guest.Stat("a/f", out Fds.Filestat two));
            Assert.Equal((one.Device, one.Inode, 2ul), (two.Device, two.Inode, two.Links));
            Assert.Equal(Errno.Exist, guest.Link("a/f", "hard"));
            Assert.Equal(Errno.Perm, guest.Link("a", "dirlink"));
            Assert.Equal(Errno.NotDir, guest.Link("a/f/", "l2"));
            Assert.Equal(Errno.NoEnt, guest.Link("a/f", "l2/"));
            // Symbolic links.
            Assert.Equal(Errno.Success, guest.Symlink("a/f", "soft"));
            Assert.Equal(Errno.Success, guest.Readlink("soft", out string target));
            Assert.Equal("a/f", target);
            Assert.Equal(Errno.Success, guest.Readlink("soft", out target, size: 2));
            Assert.Equal("a/", target);
            Assert.Equal(Errno.Success, guest.Readlink("soft", out target, size: 0));
            Assert.Equal("", target);
            Assert.Equal(Errno.Inval, guest.Readlink("a/f", out _));
            Assert.Equal(Errno.Inval, guest.Readlink(".", out _));
            Assert.Equal(Errno.Exist, guest.Symlink("x", "soft"));
            Assert.Equal(Errno.NoEnt, guest.Symlink("x", "new/"));
            Assert.Equal(Errno.NoEnt, guest.Symlink("", "new"));
            Assert.Equal(Errno.Success, guest.Stat("soft", out one));
            Assert.Equal(FileType.RegularFile, one.Type);
            Assert.Equal(Errno.Success, guest.Stat("soft", out one, follow: false));
            Assert.Equal(FileType.SymbolicLink, one.Type);
            Assert.Equal(Errno.Success, guest.Unlink("soft"));
            Assert.True(File.Exists(scratch["a/f"]));
        }
    }

    /// <summary>Entries come whole and once, whatever the size of the guest's buffer, and cookies survive what happens in between.</summary>
    [Theory, InlineData("kernel", 24 + 300), InlineData("kernel", 1000), InlineData("kernel", 100_000), InlineData("walk", 4096)]
    public void Reading_a_directory(string resolver, int bufferSize)
    {
        (Scratch scratch, Guest guest) = New(resolver);
        using (scratch)
        using (guest)
        {
            SortedSet<string> expected = new(StringComparer.Ordinal) { ".", ".." };
            for (int i = 0; i < 300; i++)
            {
                string name = new string((char)('a' + i % 26), 1 + i % 250) + i;
                name = name[^int.Min(255, name.Length)..];
                File.WriteAllText(scratch[name], "");
                expected.Add(name);
            }
            Assert.Equal(Errno.Success, guest.OpenDirectory(".", out uint fd));
            List<string> found = [];
            ulong cookie = 0;
            while (true)
            {
                Assert.Equal(Errno.Success, guest.Call("fd_readdir", fd, 0x20000, bufferSize, (long)cookie, 0x8000));
                int used = guest.Read<int>(0x8000), at = 0;
                while (at + 24 <= used)
                {
                    int length = guest.Read<int>((uint)(0x20000 + at + 16));
                    if (at + 24 + length > used)
                        break;
                    cookie = guest.Read<ulong>((uint)(0x20000 + at));
                    string name = Encoding.UTF8.GetString(guest.Memory.Slice(0x20000 + at + 24, length));
                    found.Add(name);
                    Assert.Equal(name[0] == '.' ? FileType.Directory : FileType.RegularFile, guest.Read<FileType>((uint)(0x20000 + at + 20)));
                    at += 24 + length;
                }
                if (used < bufferSize)
                    break;
                Assert.True(at > 0, "no progress");
            }
            Assert.Equal(expected, new SortedSet<string>(found, StringComparer.Ordinal));
            Assert.Equal(expected.Count, found.Count);
            Assert.Equal(Errno.Success, guest.Call("fd_readdir", fd, 0x20000, 0, 0, 0x8000));
            Assert.Equal(0, guest.Read<int>(0x8000));
            Assert.Equal(Errno.Inval, guest.Call("fd_readdir", fd, 0x20000, 100, -1, 0x8000));
            Assert.Equal(Errno.Fault, guest.Call("fd_readdir", fd, Guest.Size - 10, 100, 0, 0x8000));
        }
    }

    [Fact]
    public void Rights_can_only_be_given_up()
    {
        using Scratch scratch = new();
        using Guest guest = new(scratch.Path);
        Assert.Equal(Errno.Success, guest.Open("f", out uint fd, OFlags.Create));
        Assert.Equal(Rights.RegularFile, guest.Fdstat(fd).Rights);
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_rights", fd, (long)(Rights.FdRead | Rights.FdTell), 0));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_fdstat_set_rights", fd, (long)(Rights.FdRead | Rights.FdWrite), 0));
        Assert.Equal(Errno.NotCapable, guest.Write(fd, "x", out _));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_seek", fd, 1, 0, 0x8000));
        Assert.Equal(Errno.Success, guest.Call("fd_seek", fd, 0, 1, 0x8000));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_filestat_set_size", fd, 0));
        Assert.Equal(Errno.NotCapable, guest.Call("fd_sync", fd));
        // What a directory may not pass on, nothing beneath it has.
        Rights limited = Rights.FdRead | Rights.FdSeek | Rights.FdTell;
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_rights", 3, (long)(Rights.PathOpen | Rights.PathCreateFile), (long)limited));
        Assert.Equal(Errno.NotCapable, guest.Open("f", out _));
        Assert.Equal(Errno.Success, guest.OpenRead("f", out fd));
        Assert.Equal(limited, guest.Fdstat(fd).Rights);
        Assert.Equal(Errno.NotCapable, guest.Stat("f", out _));
        Assert.Equal(Errno.NotCapable, guest.CreateDirectory("d"));
    }

    [Fact]
    public void Numbers_are_the_lowest_free_ones_and_can_be_moved()
    {
        using Scratch scratch = new();
        using Guest guest = new(scratch.Path);
        for (uint i = 4; i < 20; i++)
        {
            Assert.Equal(Errno.Success, guest.Open($"f{i}", out uint fd, OFlags.Create));
            Assert.Equal(i, fd);
        }
        guest.Close(7);
        guest.Close(5);
        Assert.Equal(Errno.Success, guest.OpenRead("f4", out uint low));
        Assert.Equal(5u, low);
        Assert.Equal(Errno.Success, guest.Call("fd_renumber", 6, 10));
        Assert.Equal(Errno.BadF, guest.Call("fd_renumber", 6, 10));
        Assert.Equal(Errno.BadF, guest.Call("fd_renumber", 10, 1000));
        Assert.Equal(Errno.Success, guest.Call("fd_renumber", 10, 10));
        Assert.Equal(Errno.Success, guest.Write(10, "moved", out _));
        Assert.Equal("moved", File.ReadAllText(scratch["f6"]));
        Assert.Equal("", File.ReadAllText(scratch["f10"]));
        Assert.Equal(Errno.Success, guest.OpenRead("f4", out low));
        Assert.Equal(6u, low);
    }

    [Fact]
    public void Open_descriptors_are_limited()
    {
        using Scratch scratch = new();
        using Guest guest = new(new WasiConfiguration().WithPreopenedDirectory(scratch.Path, "/").WithMaxOpenDescriptors(10));
        for (int i = 4; i < 10; i++)
            Assert.Equal(Errno.Success, guest.OpenDirectory(".", out _));
        Assert.Equal(Errno.MFile, guest.OpenDirectory(".", out _));
        Assert.Equal(Errno.Success, guest.Close(8));
        Assert.Equal(Errno.Success, guest.OpenDirectory(".", out uint fd));
        Assert.Equal(8u, fd);
    }

    [Fact]
    public void Hostile_pointers_are_faults()
    {
        using Scratch scratch = new();
        using Guest guest = new(scratch.Path);
        Assert.Equal(Errno.Success, guest.Open("f", out uint fd, OFlags.Create));
        uint end = Guest.Size;
        foreach (uint bad in new[] { end, end - 3, uint.MaxValue, uint.MaxValue - 3 })
        {
            Assert.Equal(Errno.Fault, guest.Call("fd_write", fd, bad, 1, 0x8000));
            Assert.Equal(Errno.Fault, guest.Call("fd_read", fd, bad, 1, 0x8000));
            Assert.Equal(Errno.Fault, guest.Call("fd_fdstat_get", fd, bad));
            Assert.Equal(Errno.Fault, guest.Call("fd_filestat_get", fd, bad));
            Assert.Equal(Errno.Fault, guest.Call("clock_time_get", 0, 0, bad));
            Assert.Equal(Errno.Fault, guest.Call("random_get", bad, 100));
            Assert.Equal(Errno.Fault, guest.Call("path_create_directory", 3, bad, 10));
            Assert.Equal(Errno.Fault, guest.Call("path_open", 3, 0, 0x1000, 1, 1, -1, -1, 0, bad));
            Assert.Equal(Errno.Fault, guest.Call("poll_oneoff", bad, 0x8000, 1, 0x8100));
            Assert.Equal(Errno.Fault, guest.Call("poll_oneoff", 0x8000, bad, 1, 0x8100));
            Assert.Equal(Errno.Fault, guest.Call("args_sizes_get", bad, 0x8000));
        }
        // Counts whose product overflows 32 bits, and buffers whose sum does.
        Assert.Equal(Errno.Fault, guest.Call("fd_write", fd, 0, 0x2000_0001, 0x8000));
        Assert.Equal(Errno.Fault, guest.Call("fd_write", fd, 0, uint.MaxValue, 0x8000));
        Assert.Equal(Errno.TooBig, guest.Call("poll_oneoff", 0, 0, uint.MaxValue, 0x8000));
        guest.Write(0x9000, 0xFFFF_FFF0u);
        guest.Write(0x9004, 0x20u);
        Assert.Equal(Errno.Fault, guest.Call("fd_write", fd, 0x9000, 1, 0x8000));
        // A thousand buffers: as many as are taken are written, the guest comes again for the rest.
        for (uint i = 0; i < 1000; i++)
        {
            guest.Write(0x20000 + i * 8, 0x10000u);
            guest.Write(0x20000 + i * 8 + 4, 3u);
        }
        Assert.Equal(Errno.Success, guest.Call("fd_write", fd, 0x20000, 1000, 0x8000));
        Assert.Equal(GuestMemory.MaxVectors * 3, guest.Read<int>(0x8000));
    }
}
