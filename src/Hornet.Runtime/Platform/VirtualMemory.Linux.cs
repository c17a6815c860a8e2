using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>mmap and its relatives.</summary>
internal sealed unsafe partial class LinuxVirtualMemory : VirtualMemory
{
    const string MostMappingsFile = "/proc/sys/vm/max_map_count";
    const int ProtNone = 0, ProtReadWrite = 3;
    const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    const int MadviseDontNeed = 4, MadviseNoHugePage = 15, MadviseGuardInstall = 102;
    const int ProtRead = 1, MapPrivate = 0x02, MapFixed = 0x10, MapNoReserve = 0x4000;
    const uint MemfdCloseOnExec = 1, MemfdAllowSealing = 2;
    const int AddSeals = 1033, SealSeal = 1, SealShrink = 2, SealGrow = 4, SealWrite = 8;
    const int OpenCloseOnExec = 0x80000;
    // _IOWR('f', 16, struct pm_scan_arg)
    const nuint PageMapScan = 0xC0606610;
    const ulong PageIsFile = 1 << 2, PageIsPresent = 1 << 3, PageIsSwapped = 1 << 4, PageIsZero = 1 << 5;

    // struct pm_scan_arg of linux/fs.h.
    [StructLayout(LayoutKind.Sequential)]
    struct PageScan
    {
        public ulong Size, Flags, Start, End, WalkEnd, Vector, VectorLength, MaxPages, Inverted, Mask, AnyOf, Return;
    }

    public override bool CanReserve => true;
    public override nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    int _mostMappings;

    // Read when somebody asks: a program with one instance does not.
    public override int MostMappings => _mostMappings != 0 ? _mostMappings : _mostMappings = ReadMostMappings();

    static int ReadMostMappings()
    {
        const int kernelsDefault = 65530;
        try
        {
            return int.TryParse(File.ReadAllText(MostMappingsFile), out int most) && most > 0 ? most : kernelsDefault;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return kernelsDefault;
        }
    }

    public override string WhyNot()
    {
        int mappings = 0;
        try
        {
            foreach (string _ in File.ReadLines("/proc/self/maps")) mappings++;
        }
        catch (IOException)
        {
            // No descriptor to look with: then it says less.
        }
        return mappings > MostMappings / 64 * 63 ? $"the process has {mappings} mappings, and the kernel allows {MostMappings}: raise vm.max_map_count, or use a pool whose memories are not guarded (Config.WithStaticMemoryMaximumSize, -O memory-reservation)"
            : "the system gives the process no more address space or memory (ulimit -v, vm.overcommit_memory, the machine's memory)";
    }

    public override byte* Reserve(nuint bytes)
    {
        nint at = Mmap(0, bytes, ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        return at == -1 ? null : (byte*)at;
    }

    public override bool Commit(byte* at, nuint bytes) => bytes == 0 || Mprotect(at, bytes, ProtReadWrite) == 0;
    public override void Reset(byte* at, nuint bytes) => Madvise(at, bytes, MadviseDontNeed);
    public override void Release(byte* at, nuint bytes) => Munmap(at, bytes);

    public override bool Guard(byte* at, nuint bytes) => Madvise(at, bytes, MadviseGuardInstall) == 0;
    public override void AvoidHugePages(byte* at, nuint bytes) => Madvise(at, bytes, MadviseNoHugePage);

    // Since Linux 6.13. One page is tried.
    public override bool CanGuard => UsesMarks && (_canGuard ??= TryGuard());

    bool? _canGuard;

    bool TryGuard()
    {
        byte* at = Reserve(PageSize);
        if (at == null) return false;
        bool can = Commit(at, PageSize) && Guard(at, PageSize);
        Release(at, PageSize);
        return can;
    }

    public override bool Decommit(byte* at, nuint bytes)
    {
        if (bytes == 0) return true;
        Madvise(at, bytes, MadviseDontNeed);
        return Mprotect(at, bytes, ProtNone) == 0;
    }

    public override int CreateFile(ReadOnlySpan<FilePart> parts, nuint bytes)
    {
        int file;
        fixed (byte* name = "hornet-image"u8) file = MemfdCreate(name, MemfdCloseOnExec | MemfdAllowSealing);
        if (file < 0) return -1;
        bool written = Ftruncate(file, (nint)bytes) == 0;
        foreach (FilePart part in parts)
        {
            for (nuint done = 0; written && done < part.Length;)
            {
                nint count = Pwrite(file, part.Bytes + done, part.Length - done, (nint)(part.Offset + done));
                written = count > 0;
                done += (nuint)Math.Max(count, 0);
            }
        }
        // Sealed: nobody who gets hold of the file can change what instances have yet to read.
        if (written && Fcntl(file, AddSeals, SealSeal | SealShrink | SealGrow | SealWrite) == 0) return file;
        Close(file);
        return -1;
    }

    public override byte* MapFile(int file, nuint bytes)
    {
        nint at = Mmap(0, bytes, ProtRead, MapPrivate, file, 0);
        return at == -1 ? null : (byte*)at;
    }

    public override bool MapFile(byte* at, nuint bytes, int file) => Mmap((nint)at, bytes, ProtReadWrite, MapPrivate | MapFixed | MapNoReserve, file, 0) != -1;
    public override bool MapZero(byte* at, nuint bytes) => Mmap((nint)at, bytes, ProtReadWrite, MapPrivateAnonymousNoReserve | MapFixed, -1, 0) != -1;
    public override void CloseFile(int file) => Close(file);

    public override int FindWritten(byte* at, nuint bytes, Span<PageRange> ranges, out byte* end)
    {
        end = at;
        int file = FindsWritten ? PageMap() : -1;
        if (file < 0) return -1;
        fixed (PageRange* vector = ranges)
        {
            PageScan scan = new()
            {
                Size = (ulong)sizeof(PageScan), Start = (ulong)at, End = (ulong)(at + bytes), Vector = (ulong)vector, VectorLength = (ulong)ranges.Length,
                // Present or swapped out, neither a file's nor the shared page of zeros: this mapping's own.
                Inverted = PageIsFile | PageIsZero, Mask = PageIsFile | PageIsZero, AnyOf = PageIsPresent | PageIsSwapped, Return = PageIsPresent,
            };
            nint found = Ioctl(file, PageMapScan, &scan);
            if (found >= 0) end = (byte*)scan.WalkEnd;
            return (int)found;
        }
    }

    // Opened once for the process, and again where that failed for want of descriptors; -2 where the kernel has no such call (before 6.7).
    static int PageMap()
    {
        int file = Volatile.Read(ref s_pageMap);
        return file != -1 ? file : OpenPageMap();
    }

    static int OpenPageMap()
    {
        int file;
        fixed (byte* path = "/proc/self/pagemap"u8) file = Open(path, OpenCloseOnExec);
        if (file < 0) return -1;
        PageScan probe = new() { Size = (ulong)sizeof(PageScan) };
        int known = Ioctl(file, PageMapScan, &probe) >= 0 ? file : -2;
        int before = Interlocked.CompareExchange(ref s_pageMap, known, -1);
        if (known == -2 || before != -1) Close(file);
        return before != -1 ? before : known;
    }

    static int s_pageMap = -1;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint at, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Mprotect(byte* at, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(byte* at, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(byte* at, nuint length);

    [LibraryImport("libc", EntryPoint = "memfd_create")]
    private static partial int MemfdCreate(byte* name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int Ftruncate(int file, nint length);

    [LibraryImport("libc", EntryPoint = "pwrite")]
    private static partial nint Pwrite(int file, byte* bytes, nuint count, nint offset);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ioctl(int file, nuint request, PageScan* argument);
}
