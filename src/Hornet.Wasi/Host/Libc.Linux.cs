using System.Runtime.InteropServices;

namespace Hornet.Wasi.Host;

/// <summary>The calls into Linux's C library. Numbers that differ between x86-64 and AArch64 are chosen at run time.</summary>
internal static unsafe partial class Libc
{
    const string C = "libc";

    static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    // <fcntl.h>
    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200;
    public const int O_APPEND = 0x400, O_NONBLOCK = 0x800, O_DSYNC = 0x1000, O_SYNC = 0x101000, O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    public static readonly int O_DIRECTORY = s_arm ? 0x4000 : 0x10000;
    public static readonly int O_NOFOLLOW = s_arm ? 0x8000 : 0x20000;
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EMPTY_PATH = 0x1000;
    public const int F_GETFD = 1, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1;
    public const nint SYS_openat2 = 437;
    public const ulong RESOLVE_NO_MAGICLINKS = 2, RESOLVE_BENEATH = 8;
    public const int RWF_NOWAIT = 8, RWF_NOAPPEND = 0x20;
    public const short POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDHUP = 0x2000;
    public const int MSG_PEEK = 2, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000;
    public const uint FIONREAD = 0x541B;

    // <errno.h>: those that the resolvers look at.
    public const int EPERM = 1, ENOENT = 2, EINTR = 4, EBADF = 9, EAGAIN = 11, EEXIST = 17, EXDEV = 18, ENOTDIR = 20, EISDIR = 21, EINVAL = 22,
        ENOSYS = 38, ELOOP = 40, EOPNOTSUPP = 95;

    [LibraryImport(C, SetLastError = true)] public static partial int openat(int dir, byte* path, int flags, uint mode);
    [LibraryImport(C, SetLastError = true)] public static partial nint syscall(nint number, nint a, nint b, nint c, nint d);
    [LibraryImport(C)] public static partial int close(int fd);
    [LibraryImport(C, SetLastError = true)] public static partial int statx(int dir, byte* path, int flags, uint mask, Statx* stat);
    [LibraryImport(C, SetLastError = true)] public static partial int fstatfs(int fd, StatFs* stat);
    [LibraryImport(C, SetLastError = true)] public static partial int mkdirat(int dir, byte* path, uint mode);
    [LibraryImport(C, SetLastError = true)] public static partial int unlinkat(int dir, byte* path, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int renameat(int oldDir, byte* oldPath, int newDir, byte* newPath);
    [LibraryImport(C, SetLastError = true)] public static partial int linkat(int oldDir, byte* oldPath, int newDir, byte* newPath, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int symlinkat(byte* target, int dir, byte* path);
    [LibraryImport(C, SetLastError = true)] public static partial nint readlinkat(int dir, byte* path, byte* buffer, nuint size);
    [LibraryImport(C, SetLastError = true)] public static partial int utimensat(int dir, byte* path, TimeSpec* times, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int futimens(int fd, TimeSpec* times);
    [LibraryImport(C, SetLastError = true)] public static partial int ftruncate(int fd, long size);
    [LibraryImport(C, SetLastError = true)] public static partial int fallocate(int fd, int mode, long offset, long length);
    [LibraryImport(C)] public static partial int posix_fadvise(int fd, long offset, long length, int advice);
    [LibraryImport(C, SetLastError = true)] public static partial int fsync(int fd);
    [LibraryImport(C, SetLastError = true)] public static partial int fdatasync(int fd);
    [LibraryImport(C, SetLastError = true)] public static partial long lseek(int fd, long offset, int whence);
    [LibraryImport(C, SetLastError = true)] public static partial nint getdents64(int fd, byte* buffer, nuint size);
    [LibraryImport(C, SetLastError = true)] public static partial int fcntl(int fd, int command, nint argument);
    [LibraryImport(C, SetLastError = true)] public static partial int ioctl(int fd, nuint request, void* argument);
    [LibraryImport(C)] public static partial int isatty(int fd);
    [LibraryImport(C, SetLastError = true)] public static partial nint readv(int fd, IoVec* vectors, int count);
    [LibraryImport(C, SetLastError = true)] public static partial nint writev(int fd, IoVec* vectors, int count);
    [LibraryImport(C, SetLastError = true)] public static partial nint preadv(int fd, IoVec* vectors, int count, long offset);
    [LibraryImport(C, SetLastError = true)] public static partial nint pwritev(int fd, IoVec* vectors, int count, long offset);
    [LibraryImport(C, SetLastError = true)] public static partial nint preadv2(int fd, IoVec* vectors, int count, long offset, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint pwritev2(int fd, IoVec* vectors, int count, long offset, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int socket(int domain, int type, int protocol);
    [LibraryImport(C, SetLastError = true)] public static partial int setsockopt(int fd, int level, int name, void* value, uint length);
    [LibraryImport(C, SetLastError = true)] public static partial int bind(int fd, byte* address, uint length);
    [LibraryImport(C, SetLastError = true)] public static partial int listen(int fd, int backlog);
    [LibraryImport(C, SetLastError = true)] public static partial int accept4(int fd, void* address, void* length, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint recvmsg(int fd, MsgHdr* message, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint sendmsg(int fd, MsgHdr* message, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int shutdown(int fd, int how);
    [LibraryImport(C, SetLastError = true)] public static partial int ppoll(HandleInterest* handles, nuint count, TimeSpec* timeout, void* mask);
    [LibraryImport(C, SetLastError = true)] public static partial int epoll_create1(int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int epoll_ctl(int watch, int operation, int fd, void* wanted);
    [LibraryImport(C, SetLastError = true)] public static partial int epoll_wait(int watch, void* events, int count, int milliseconds);
    [LibraryImport(C, SetLastError = true)] public static partial int eventfd(uint value, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint read(int fd, void* buffer, nuint size);
    [LibraryImport(C, SetLastError = true)] public static partial nint write(int fd, void* buffer, nuint size);
    [LibraryImport(C)] public static partial int sched_yield();
    [LibraryImport(C, SetLastError = true)] public static partial int clock_gettime(int clock, TimeSpec* time);
    [LibraryImport(C, SetLastError = true)] public static partial int clock_getres(int clock, TimeSpec* time);
    [LibraryImport(C, SetLastError = true)] public static partial nint getrandom(byte* buffer, nuint size, uint flags);
    [LibraryImport(C)] public static partial nint signal(int number, nint handler);

    /// <summary>The error of the last call on this thread.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    public struct TimeSpec
    {
        public const long Now = 0x3FFFFFFF, Omit = 0x3FFFFFFE;
        public long Seconds, Nanoseconds;
    }

    public struct OpenHow
    {
        public ulong Flags, Mode, Resolve;
    }

    public struct MsgHdr
    {
        public void* Name;
        public uint NameLength;
        public IoVec* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    public struct StatxTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
    }

    /// <summary>The one form of a file's attributes that is the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct Statx
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(64)] public StatxTime AccessTime;
        [FieldOffset(96)] public StatxTime ChangeTime;
        [FieldOffset(112)] public StatxTime ModificationTime;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    /// <summary>Only the first field is read; the rest is room for what the kernel writes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    public struct StatFs
    {
        public const long ProcMagic = 0x9FA0;
        public long Type;
    }

    /// <summary>The operating system's error number as WASI's.</summary>
    public static Errno Translate(int error) => error switch
    {
        0 => Errno.Success,
        1 => Errno.Perm,
        2 => Errno.NoEnt,
        3 => Errno.SRch,
        4 => Errno.Intr,
        5 => Errno.IO,
        6 => Errno.NxIO,
        7 => Errno.TooBig,
        8 => Errno.NoExec,
        9 => Errno.BadF,
        10 => Errno.Child,
        11 => Errno.Again,
        12 => Errno.NoMem,
        13 => Errno.Acces,
        14 => Errno.Fault,
        16 => Errno.Busy,
        17 => Errno.Exist,
        18 => Errno.XDev,
        19 => Errno.NoDev,
        20 => Errno.NotDir,
        21 => Errno.IsDir,
        22 => Errno.Inval,
        23 => Errno.NFile,
        24 => Errno.MFile,
        25 => Errno.NoTty,
        26 => Errno.TxtBsy,
        27 => Errno.FBig,
        28 => Errno.NoSpc,
        29 => Errno.SPipe,
        30 => Errno.RoFs,
        31 => Errno.MLink,
        32 => Errno.Pipe,
        33 => Errno.Dom,
        34 => Errno.Range,
        35 => Errno.Deadlk,
        36 => Errno.NameTooLong,
        37 => Errno.NoLck,
        38 => Errno.NoSys,
        39 => Errno.NotEmpty,
        40 => Errno.Loop,
        71 => Errno.Proto,
        75 => Errno.Overflow,
        84 => Errno.IlSeq,
        88 => Errno.NotSock,
        89 => Errno.DestAddrReq,
        90 => Errno.MsgSize,
        95 => Errno.NotSup,
        98 => Errno.AddrInUse,
        103 => Errno.ConnAborted,
        104 => Errno.ConnReset,
        105 => Errno.NoBufs,
        106 => Errno.IsConn,
        107 => Errno.NotConn,
        110 => Errno.TimedOut,
        111 => Errno.ConnRefused,
        116 => Errno.Stale,
        122 => Errno.DQuot,
        125 => Errno.Canceled,
        _ => Errno.IO,
    };
}
