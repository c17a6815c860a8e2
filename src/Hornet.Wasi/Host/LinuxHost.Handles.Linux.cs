using System.Buffers.Binary;

namespace Hornet.Wasi.Host;

/// <summary>Open handles on Linux.</summary>
internal sealed unsafe partial class LinuxHost
{
    const uint StatxBasic = 0x7FF;

    public void Close(int handle) => _ = Libc.close(handle);

    public Errno Stat(int handle, out FileStat stat) => StatHandle(handle, out stat);

    public static Errno StatHandle(int handle, out FileStat stat)
    {
        byte empty = 0;
        return StatAt(handle, &empty, Libc.AT_EMPTY_PATH, out stat);
    }

    static Errno StatAt(int directory, byte* name, int flags, out FileStat stat)
    {
        Libc.Statx s;
        stat = default;
        if (Libc.statx(directory, name, flags, StatxBasic, &s) < 0)
            return Libc.Translate(Libc.LastError);
        stat.Device = (ulong)s.DeviceMajor << 32 | s.DeviceMinor;
        stat.Inode = s.Inode;
        stat.Links = s.Links;
        stat.Size = s.Size;
        stat.AccessTime = Nanoseconds(s.AccessTime);
        stat.ModificationTime = Nanoseconds(s.ModificationTime);
        stat.ChangeTime = Nanoseconds(s.ChangeTime);
        stat.Type = TypeOfMode(s.Mode);
        return Errno.Success;
    }

    /// <summary>Times before 1970 have no place in WASI's unsigned form.</summary>
    static ulong Nanoseconds(Libc.StatxTime time) => time.Seconds < 0 ? 0 : (ulong)time.Seconds * 1_000_000_000 + time.Nanoseconds;

    static FileType TypeOfMode(ushort mode) => (mode >> 12) switch
    {
        2 => FileType.CharacterDevice,
        4 => FileType.Directory,
        6 => FileType.BlockDevice,
        8 => FileType.RegularFile,
        10 => FileType.SymbolicLink,
        12 => FileType.SocketStream,
        _ => FileType.Unknown,
    };

    public Errno SetTimes(int handle, ulong accessTime, ulong modificationTime, FstFlags flags)
    {
        Libc.TimeSpec* times = stackalloc Libc.TimeSpec[2];
        Times(times, accessTime, modificationTime, flags);
        return Check(Libc.futimens(handle, times));
    }

    public Errno SetSize(int handle, ulong size) => size > long.MaxValue ? Errno.Inval : Check(Libc.ftruncate(handle, (long)size));

    // Not posix_fallocate: where a file system cannot, that writes block by block, for as long as the guest's number says.
    public Errno Allocate(int handle, ulong offset, ulong length) =>
        length == 0 || offset > long.MaxValue || length > long.MaxValue - offset
            ? Errno.Inval
            : Check(Libc.fallocate(handle, 0, (long)offset, (long)length));

    public Errno Advise(int handle, ulong offset, ulong length, byte advice) =>
        advice > 5 || offset > long.MaxValue || length > long.MaxValue
            ? Errno.Inval
            : Libc.Translate(Libc.posix_fadvise(handle, (long)offset, (long)length, advice switch { 1 => 2, 2 => 1, _ => advice }));

    public Errno Sync(int handle, bool dataOnly) => Check(dataOnly ? Libc.fdatasync(handle) : Libc.fsync(handle));

    public Errno Seek(int handle, long offset, Whence whence, out ulong position)
    {
        position = 0;
        long result = Libc.lseek(handle, offset, (int)whence);
        if (result < 0)
            return Libc.Translate(Libc.LastError);
        position = (ulong)result;
        return Errno.Success;
    }

    public Errno SetAppend(int handle, bool append)
    {
        int flags = Libc.fcntl(handle, Libc.F_GETFL, 0);
        return flags < 0
            ? Libc.Translate(Libc.LastError)
            : Check(Libc.fcntl(handle, Libc.F_SETFL, append ? flags | Libc.O_APPEND : flags & ~Libc.O_APPEND));
    }

    public FdFlags Flags(int handle)
    {
        int flags = Libc.fcntl(handle, Libc.F_GETFL, 0);
        return flags < 0 ? FdFlags.None
            : ((flags & Libc.O_APPEND) != 0 ? FdFlags.Append : 0) | ((flags & Libc.O_NONBLOCK) != 0 ? FdFlags.NonBlock : 0);
    }

    // What survived exec cannot have close-on-exec; everything that .NET and we open has it.
    public bool IsInherited(int handle) => Libc.fcntl(handle, Libc.F_GETFD, 0) is >= 0 and var flags && (flags & Libc.FD_CLOEXEC) == 0;

    public bool IsTerminal(int handle) => Libc.isatty(handle) == 1;

    public Errno ReadEntries(int handle, ulong cookie, Span<byte> entries, out int length)
    {
        length = 0;
        // A cookie is the kernel's own position (telldir), so it stays good while others create and remove entries.
        if (cookie > long.MaxValue || Libc.lseek(handle, (long)cookie, 0) < 0)
            return Errno.Inval;
        fixed (byte* p = entries)
        {
            nint n = Libc.getdents64(handle, p, (nuint)entries.Length);
            if (n < 0)
                return Libc.Translate(Libc.LastError);
            length = (int)n;
            return Errno.Success;
        }
    }

    // struct linux_dirent64: inode 8, next 8, record length 2, type 1, name.
    public bool NextEntry(ref ReadOnlySpan<byte> entries, out DirectoryEntry entry)
    {
        entry = default;
        if (entries.Length < 19)
            return false;
        int record = BinaryPrimitives.ReadUInt16LittleEndian(entries[16..]);
        ReadOnlySpan<byte> name = entries[19..record];
        entry.Inode = BinaryPrimitives.ReadUInt64LittleEndian(entries);
        entry.NextCookie = BinaryPrimitives.ReadUInt64LittleEndian(entries[8..]);
        entry.Type = TypeOfMode((ushort)(entries[18] << 12));
        entry.Name = name[..name.IndexOf((byte)0)];
        entries = entries[record..];
        return true;
    }

    public Errno Read(int handle, IoVec* vectors, int count, long offset, out ulong length) =>
        Count(offset < 0 ? Libc.readv(handle, vectors, count) : Libc.preadv(handle, vectors, count, offset), out length);

    public Errno Write(int handle, IoVec* vectors, int count, long offset, out ulong length) =>
        Count(offset < 0 ? Libc.writev(handle, vectors, count) : Libc.pwritev(handle, vectors, count, offset), out length);

    static Errno Count(nint result, out ulong length)
    {
        length = result < 0 ? 0 : (ulong)result;
        return result < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
    }

    public Errno ClockTime(uint clock, out ulong nanoseconds)
    {
        Libc.TimeSpec time;
        nanoseconds = 0;
        // Preview 1's numbers are Linux's: realtime, monotonic, process and thread CPU time.
        if (clock > 3 || Libc.clock_gettime((int)clock, &time) < 0)
            return Errno.Inval;
        nanoseconds = time.Seconds < 0 ? 0 : (ulong)time.Seconds * 1_000_000_000 + (ulong)time.Nanoseconds;
        return Errno.Success;
    }

    public Errno ClockResolution(uint clock, out ulong nanoseconds)
    {
        Libc.TimeSpec time;
        nanoseconds = 0;
        if (clock > 3 || Libc.clock_getres((int)clock, &time) < 0)
            return Errno.Inval;
        nanoseconds = (ulong)time.Seconds * 1_000_000_000 + (ulong)time.Nanoseconds;
        return Errno.Success;
    }

    public void FillRandom(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            fixed (byte* p = bytes)
            {
                nint n = Libc.getrandom(p, (nuint)bytes.Length, 0);
                if (n > 0)
                    bytes = bytes[(int)n..];
                else if (Libc.LastError != Libc.EINTR)
                    throw new InvalidOperationException($"getrandom failed with error {Libc.LastError}");
            }
        }
    }

    public void Yield() => _ = Libc.sched_yield();
}
