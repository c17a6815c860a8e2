using System.Text;

namespace Hornet.Wasi.Host;

/// <summary>Paths on Linux. See <see cref="PathSplit"/> for why nothing but the resolver can follow a link.</summary>
internal sealed unsafe partial class LinuxHost(IPathResolver resolver) : IHostSystem
{
    /// <summary>One for the process: it has no state but what the kernel was found to lack.</summary>
    public static readonly LinuxHost Instance = new(new KernelResolver(new WalkResolver()));

    /// <summary>Permissions of what a guest creates, less the process's umask.</summary>
    const uint FileMode = 0x1B6 /* 0666 */, DirectoryMode = 0x1FF /* 0777 */;
    const int GuestNameMax = 4096;

    public Errno Open(int directory, ReadOnlySpan<byte> path, bool follow, bool read, bool write, OFlags oflags, FdFlags fdflags, out int handle)
    {
        // Always without blocking: a FIFO or a device must not hold the thread where no deadline reaches it.
        int flags = Libc.O_NONBLOCK | Libc.O_NOCTTY | (read && write ? Libc.O_RDWR : write ? Libc.O_WRONLY : Libc.O_RDONLY);
        if (!follow)
            flags |= Libc.O_NOFOLLOW;
        if ((oflags & OFlags.Create) != 0)
            flags |= Libc.O_CREAT;
        if ((oflags & OFlags.Directory) != 0)
            flags |= Libc.O_DIRECTORY;
        if ((oflags & OFlags.Exclusive) != 0)
            flags |= Libc.O_EXCL;
        if ((oflags & OFlags.Truncate) != 0)
            flags |= Libc.O_TRUNC;
        if ((fdflags & FdFlags.Append) != 0)
            flags |= Libc.O_APPEND;
        if ((fdflags & (FdFlags.Sync | FdFlags.RSync)) != 0)
            flags |= Libc.O_SYNC;
        if ((fdflags & FdFlags.DSync) != 0)
            flags |= Libc.O_DSYNC;
        Errno errno = resolver.Open(directory, path, flags, FileMode, out handle);
        if (errno == Errno.Success && IsProcessFile(handle) && !MayOpenProcessFile(directory, handle, write))
        {
            _ = Libc.close(handle);
            handle = -1;
            errno = Errno.Acces;
        }
        return errno;
    }

    static bool IsProcessFile(int handle)
    {
        Libc.StatFs fs;
        return Libc.fstatfs(handle, &fs) == 0 && fs.Type == Libc.StatFs.ProcMagic;
    }

    /// <summary>
    /// /proc shows processes, this one too: its memory, its environment. No path beneath "/" leads into it; where its host preopens /proc
    /// itself, the guest may read there, but nobody's memory, and write nothing.
    /// </summary>
    static bool MayOpenProcessFile(int directory, int handle, bool write)
    {
        if (write || !IsProcessFile(directory))
            return false;
        Span<byte> link = stackalloc byte[32];
        _ = System.Text.Unicode.Utf8.TryWrite(link, $"/proc/self/fd/{handle}\0", out _);
        byte* name = stackalloc byte[GuestNameMax];
        nint length;
        fixed (byte* p = link)
            length = Libc.readlinkat(Libc.AT_FDCWD, p, name, GuestNameMax);
        return length is > 0 and < GuestNameMax && !new ReadOnlySpan<byte>(name, (int)length).EndsWith("/mem"u8);
    }

    public Errno OpenPreopen(string hostPath, out int handle)
    {
        byte[] path = Encoding.UTF8.GetBytes(hostPath + '\0');
        fixed (byte* p = path)
        {
            handle = Libc.openat(Libc.AT_FDCWD, p, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
            // A directory that may be searched but not listed.
            if (handle < 0 && Libc.LastError == 13)
                handle = Libc.openat(Libc.AT_FDCWD, p, Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        }
        return handle < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
    }

    public Errno OpenHostFile(string hostPath, bool write, out int handle)
    {
        byte[] path = Encoding.UTF8.GetBytes(hostPath + '\0');
        fixed (byte* p = path)
            handle = Libc.openat(Libc.AT_FDCWD, p, Libc.O_CLOEXEC | (write ? Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC : Libc.O_RDONLY), FileMode);
        return handle < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
    }

    public Errno Stat(int directory, ReadOnlySpan<byte> path, bool follow, out FileStat stat)
    {
        stat = default;
        Errno errno = resolver.Open(directory, path, Libc.O_PATH | (follow ? 0 : Libc.O_NOFOLLOW), 0, out int handle);
        if (errno != Errno.Success)
            return errno;
        errno = StatHandle(handle, out stat);
        _ = Libc.close(handle);
        return errno;
    }

    public Errno SetTimes(int directory, ReadOnlySpan<byte> path, bool follow, ulong accessTime, ulong modificationTime, FstFlags flags)
    {
        Libc.TimeSpec* times = stackalloc Libc.TimeSpec[2];
        Times(times, accessTime, modificationTime, flags);
        Errno errno = resolver.Open(directory, path, Libc.O_PATH | (follow ? 0 : Libc.O_NOFOLLOW), 0, out int handle);
        if (errno != Errno.Success)
            return errno;
        byte empty = 0;
        errno = Check(Libc.utimensat(handle, &empty, times, Libc.AT_EMPTY_PATH));
        // Before Linux 5.8 an empty path is not known there; by then the object is pinned, and its name in /proc is ours.
        if (errno is Errno.Inval or Errno.NoEnt)
        {
            Span<byte> name = stackalloc byte[32];
            _ = System.Text.Unicode.Utf8.TryWrite(name, $"/proc/self/fd/{handle}\0", out _);
            fixed (byte* p = name)
                errno = Check(Libc.utimensat(Libc.AT_FDCWD, p, times, 0));
        }
        _ = Libc.close(handle);
        return errno;
    }

    public Errno CreateDirectory(int directory, ReadOnlySpan<byte> path) =>
        WithName(directory, path, Errno.Exist, out Place place) is var errno && errno != Errno.Success
            ? errno
            : place.Done(Check(Libc.mkdirat(place.Directory, place.Name, DirectoryMode)));

    public Errno RemoveDirectory(int directory, ReadOnlySpan<byte> path)
    {
        bool here = new PathSplit(path).Name is not [(byte)'.', (byte)'.'];
        Errno errno = WithName(directory, path, here ? Errno.Inval : Errno.NotEmpty, out Place place);
        return errno != Errno.Success ? errno : place.Done(Check(Libc.unlinkat(place.Directory, place.Name, Libc.AT_REMOVEDIR)));
    }

    public Errno Unlink(int directory, ReadOnlySpan<byte> path)
    {
        Errno errno = WithName(directory, path, Errno.IsDir, out Place place);
        if (errno != Errno.Success)
            return errno;
        if (place.TrailingSlash)
        {
            errno = StatName(place, out FileStat stat);
            return place.Done(errno != Errno.Success ? errno : stat.Type == FileType.Directory ? Errno.IsDir : Errno.NotDir);
        }
        return place.Done(Check(Libc.unlinkat(place.Directory, place.Name, 0)));
    }

    public Errno Rename(int oldDirectory, ReadOnlySpan<byte> oldPath, int newDirectory, ReadOnlySpan<byte> newPath)
    {
        Errno errno = WithName(oldDirectory, oldPath, Errno.Busy, out Place from);
        if (errno != Errno.Success)
            return errno;
        errno = WithName(newDirectory, newPath, Errno.Busy, out Place to);
        if (errno != Errno.Success)
            return from.Done(errno);
        if (from.TrailingSlash || to.TrailingSlash)
        {
            errno = StatName(from, out FileStat stat);
            if (errno == Errno.Success && stat.Type != FileType.Directory)
                errno = Errno.NotDir;
        }
        if (errno == Errno.Success)
            errno = Check(Libc.renameat(from.Directory, from.Name, to.Directory, to.Name));
        return from.Done(to.Done(errno));
    }

    public Errno Link(int oldDirectory, ReadOnlySpan<byte> oldPath, int newDirectory, ReadOnlySpan<byte> newPath)
    {
        Errno errno = WithName(oldDirectory, oldPath, Errno.Perm, out Place from);
        if (errno != Errno.Success)
            return errno;
        errno = WithName(newDirectory, newPath, Errno.Exist, out Place to);
        if (errno != Errno.Success)
            return from.Done(errno);
        if (from.TrailingSlash)
        {
            errno = StatName(from, out FileStat stat);
            if (errno == Errno.Success)
                errno = stat.Type == FileType.Directory ? Errno.Perm : Errno.NotDir;
        }
        else if (to.TrailingSlash)
            errno = StatName(to, out _) == Errno.Success ? Errno.Exist : Errno.NoEnt;
        else
            errno = Check(Libc.linkat(from.Directory, from.Name, to.Directory, to.Name, 0));
        return from.Done(to.Done(errno));
    }

    public Errno Symlink(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> path)
    {
        Errno errno = WithName(directory, path, Errno.Exist, out Place place);
        if (errno != Errno.Success)
            return errno;
        if (place.TrailingSlash)
            return place.Done(StatName(place, out _) == Errno.Success ? Errno.Exist : Errno.NoEnt);
        // SAFETY: copied with a zero at its end to a buffer one byte longer.
        byte* text = stackalloc byte[target.Length + 1];
        target.CopyTo(new Span<byte>(text, target.Length));
        text[target.Length] = 0;
        return place.Done(Check(Libc.symlinkat(text, place.Directory, place.Name)));
    }

    public Errno ReadLink(int directory, ReadOnlySpan<byte> path, Span<byte> target, out int length)
    {
        length = 0;
        Errno errno = WithName(directory, path, Errno.Inval, out Place place);
        if (errno != Errno.Success)
            return errno;
        if (place.TrailingSlash)
            return place.Done(StatName(place, out FileStat stat) is var e && e != Errno.Success ? e : stat.Type == FileType.Directory ? Errno.Inval : Errno.NotDir);
        fixed (byte* p = target)
        {
            nint n = Libc.readlinkat(place.Directory, place.Name, p, (nuint)target.Length);
            if (n >= 0)
                length = (int)n;
            return place.Done(n < 0 ? Libc.Translate(Libc.LastError) : Errno.Success);
        }
    }

    /// <summary>A name in a directory that was reached beneath the root. Small enough to be a value: the name is at most NAME_MAX long.</summary>
    struct Place
    {
        public int Directory;
        public bool Owned, TrailingSlash;
        public fixed byte NameBytes[256];

        // SAFETY: a Place lives in a local of the caller, so its bytes do not move.
        public byte* Name
        {
            get
            {
                fixed (byte* p = NameBytes)
                    return p;
            }
        }

        public readonly Errno Done(Errno errno)
        {
            if (Owned)
                _ = Libc.close(Directory);
            return errno;
        }
    }

    /// <summary>Resolves the parent of a path. Where the last component is "." or "..", and the path does not lead out, the answer is <paramref name="dots"/>.</summary>
    Errno WithName(int directory, ReadOnlySpan<byte> path, Errno dots, out Place place)
    {
        place = default;
        if (path.Length == 0)
            return Errno.NoEnt;
        var split = new PathSplit(path);
        Errno errno;
        if (split.IsDots)
        {
            errno = resolver.Open(directory, path, Libc.O_PATH | Libc.O_DIRECTORY, 0, out int handle);
            if (errno == Errno.Success)
                _ = Libc.close(handle);
            return errno == Errno.Success ? dots : errno;
        }
        if (split.Name.Length > 255)
            return Errno.NameTooLong;
        place.Directory = directory;
        if (split.Parent.Length != 0)
        {
            errno = resolver.Open(directory, split.Parent, Libc.O_PATH | Libc.O_DIRECTORY, 0, out place.Directory);
            if (errno != Errno.Success)
                return errno;
            place.Owned = true;
        }
        place.TrailingSlash = split.TrailingSlash;
        fixed (byte* p = place.NameBytes)
            split.Name.CopyTo(new Span<byte>(p, 255));
        return Errno.Success;
    }

    static Errno StatName(Place place, out FileStat stat) => StatAt(place.Directory, place.Name, Libc.AT_SYMLINK_NOFOLLOW, out stat);

    static void Times(Libc.TimeSpec* times, ulong accessTime, ulong modificationTime, FstFlags flags)
    {
        times[0] = Time(accessTime, flags, FstFlags.AccessTime, FstFlags.AccessTimeNow);
        times[1] = Time(modificationTime, flags, FstFlags.ModificationTime, FstFlags.ModificationTimeNow);
    }

    static Libc.TimeSpec Time(ulong nanoseconds, FstFlags flags, FstFlags set, FstFlags now) =>
        (flags & now) != 0 ? new() { Nanoseconds = Libc.TimeSpec.Now }
        : (flags & set) != 0 ? new() { Seconds = (long)(nanoseconds / 1_000_000_000), Nanoseconds = (long)(nanoseconds % 1_000_000_000) }
        : new() { Nanoseconds = Libc.TimeSpec.Omit };

    static Errno Check(int result) => result < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
}
