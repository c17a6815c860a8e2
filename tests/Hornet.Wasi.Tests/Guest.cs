using System.Runtime.InteropServices;
using System.Text;
using Hornet.Runtime;
using Hornet.Wasi.Host;
using Hornet.Wasi.Preview1;

namespace Hornet.Wasi.Tests;

/// <summary>A guest without an engine: a memory of its own, and preview 1's functions called by name as an engine would call them.</summary>
internal sealed unsafe class Guest : IDisposable
{
    public const int Size = 1 << 20;
    const uint Text1 = 0x1000, Text2 = 0x4000, Out = 0x8000, Data = 0x10000, Iov = 0x9000;

    readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(Size);

    public Guest(WasiConfiguration configuration, IHostSystem? host = null) => Context = new WasiContext(configuration, host);

    /// <summary>A guest with one directory, at descriptor 3.</summary>
    public Guest(string directory, IHostSystem? host = null) : this(new WasiConfiguration().WithPreopenedDirectory(directory, "/"), host) { }

    public WasiContext Context { get; }
    public Span<byte> Memory => new(_memory, Size);

    public void Dispose()
    {
        Context.Dispose();
        NativeMemory.Free(_memory);
    }

    /// <summary>Calls a function as the guest would.</summary>
    public Errno Call(string name, params ReadOnlySpan<long> arguments)
    {
        Preview1Row row = Preview1Table.Rows.First(r => r.Name == name);
        Assert.Equal(row.Parameters.Length, arguments.Length);
        return Call(row.Body, arguments);
    }

    public Errno CallUnstable(string name, params ReadOnlySpan<long> arguments) => Call(Preview1Table.Rows.First(r => r.Name == name).Unstable, arguments);

    Errno Call(delegate*<WasiContext, GuestMemory, ValRaw*, Errno> body, ReadOnlySpan<long> arguments)
    {
        ValRaw* slots = stackalloc ValRaw[16];
        for (int i = 0; i < arguments.Length; i++)
            slots[i].I64 = arguments[i];
        return body(Context, new GuestMemory(_memory, Size), slots);
    }

    public T Read<T>(uint address) where T : unmanaged => MemoryMarshal.Read<T>(Memory[(int)address..]);
    public void Write<T>(uint address, T value) where T : unmanaged => MemoryMarshal.Write(Memory[(int)address..], value);

    long Put(uint address, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        bytes.CopyTo(Memory[(int)address..]);
        return bytes.Length;
    }

    // The functions in the shape that tests want.
    public Errno Open(string path, out uint fd, OFlags oflags = 0, Rights rights = Rights.RegularFile, Rights inheriting = Rights.DirectoryInheriting,
        FdFlags flags = 0, bool follow = true, uint at = 3)
    {
        Errno errno = Call("path_open", at, follow ? 1 : 0, Text1, Put(Text1, path), (long)oflags, (long)rights, (long)inheriting, (long)flags, Out);
        fd = errno == Errno.Success ? Read<uint>(Out) : uint.MaxValue;
        return errno;
    }

    public Errno OpenRead(string path, out uint fd, bool follow = true, uint at = 3) =>
        Open(path, out fd, 0, Rights.FdRead | Rights.FdReaddir | Rights.FdFilestatGet | Rights.FdSeek | Rights.FdTell, follow: follow, at: at);

    public Errno OpenDirectory(string path, out uint fd, bool follow = true, uint at = 3) =>
        Open(path, out fd, OFlags.Directory, Rights.Directory, follow: follow, at: at);

    public Errno Close(uint fd) => Call("fd_close", fd);
    public Errno CreateDirectory(string path, uint at = 3) => Call("path_create_directory", at, Text1, Put(Text1, path));
    public Errno RemoveDirectory(string path, uint at = 3) => Call("path_remove_directory", at, Text1, Put(Text1, path));
    public Errno Unlink(string path, uint at = 3) => Call("path_unlink_file", at, Text1, Put(Text1, path));
    public Errno Rename(string from, string to, uint at = 3, uint toAt = 3) => Call("path_rename", at, Text1, Put(Text1, from), toAt, Text2, Put(Text2, to));
    public Errno Link(string from, string to, bool follow = false, uint at = 3, uint toAt = 3) =>
        Call("path_link", at, follow ? 1 : 0, Text1, Put(Text1, from), toAt, Text2, Put(Text2, to));
    public Errno Symlink(string target, string path, uint at = 3) => Call("path_symlink", Text1, Put(Text1, target), at, Text2, Put(Text2, path));

    public Errno Readlink(string path, out string target, int size = 1000)
    {
        Errno errno = Call("path_readlink", 3, Text1, Put(Text1, path), Text2, size, Out);
        target = errno == Errno.Success ? Encoding.UTF8.GetString(Memory.Slice((int)Text2, Read<int>(Out))) : "";
        return errno;
    }

    public Errno Stat(string path, out Fds.Filestat stat, bool follow = true, uint at = 3)
    {
        Errno errno = Call("path_filestat_get", at, follow ? 1 : 0, Text1, Put(Text1, path), Out);
        stat = errno == Errno.Success ? Read<Fds.Filestat>(Out) : default;
        return errno;
    }

    public Errno Stat(uint fd, out Fds.Filestat stat)
    {
        Errno errno = Call("fd_filestat_get", fd, Out);
        stat = errno == Errno.Success ? Read<Fds.Filestat>(Out) : default;
        return errno;
    }

    public Errno SetTimes(string path, ulong access, ulong modification, FstFlags flags, bool follow = true) =>
        Call("path_filestat_set_times", 3, follow ? 1 : 0, Text1, Put(Text1, path), (long)access, (long)modification, (long)flags);

    public Errno Write(uint fd, ReadOnlySpan<byte> bytes, out int written, long offset = -1)
    {
        bytes.CopyTo(Memory[(int)Data..]);
        Write(Iov, Data);
        Write(Iov + 4, bytes.Length);
        Errno errno = offset < 0 ? Call("fd_write", fd, Iov, 1, Out) : Call("fd_pwrite", fd, Iov, 1, offset, Out);
        written = errno == Errno.Success ? Read<int>(Out) : 0;
        return errno;
    }

    public Errno Write(uint fd, string text, out int written, long offset = -1) => Write(fd, Encoding.UTF8.GetBytes(text), out written, offset);

    public Errno Read(uint fd, int size, out byte[] bytes, long offset = -1)
    {
        Write(Iov, Data);
        Write(Iov + 4, size);
        Errno errno = offset < 0 ? Call("fd_read", fd, Iov, 1, Out) : Call("fd_pread", fd, Iov, 1, offset, Out);
        bytes = errno == Errno.Success ? Memory.Slice((int)Data, Read<int>(Out)).ToArray() : [];
        return errno;
    }

    public string ReadText(uint fd, int size = 10000)
    {
        Assert.Equal(Errno.Success, Read(fd, size, out byte[] bytes));
        return Encoding.UTF8.GetString(bytes);
    }

    public ulong Seek(uint fd, long offset, Whence whence)
    {
        Assert.Equal(Errno.Success, Call("fd_seek", fd, offset, (long)whence, Out));
        return Read<ulong>(Out);
    }

    public ulong Now(uint clock)
    {
        Assert.Equal(Errno.Success, Call("clock_time_get", clock, 0, Out));
        return Read<ulong>(Out);
    }

    public (FileType Type, FdFlags Flags, Rights Rights, Rights Inheriting) Fdstat(uint fd)
    {
        Assert.Equal(Errno.Success, Call("fd_fdstat_get", fd, Out));
        return (Read<FileType>(Out), Read<FdFlags>(Out + 2), Read<Rights>(Out + 8), Read<Rights>(Out + 16));
    }
}

/// <summary>A directory for one test, removed afterwards.</summary>
internal sealed class Scratch : IDisposable
{
    static int s_count;

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"hornet-wasi-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    public Scratch() => _ = Directory.CreateDirectory(Path);

    public string this[string name] => System.IO.Path.Combine(Path, name);

    // Removes links, never what they name.
    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Both resolvers, by name.</summary>
internal static class Resolvers
{
    public static TheoryData<string> Names => new("kernel", "walk");

    public static IHostSystem Host(string name) => name == "kernel" ? LinuxHost.Instance : new LinuxHost(new WalkResolver());
}
