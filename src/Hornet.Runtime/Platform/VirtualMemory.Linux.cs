using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>mmap and its relatives.</summary>
internal sealed unsafe partial class LinuxVirtualMemory : VirtualMemory
{
    const int ProtNone = 0, ProtReadWrite = 3;
    const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    const int MadviseDontNeed = 4;

    public override bool CanReserve => true;
    public override nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    public override byte* Reserve(nuint bytes)
    {
        nint at = Mmap(0, bytes, ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        return at == -1 ? null : (byte*)at;
    }

    public override bool Commit(byte* at, nuint bytes) => bytes == 0 || Mprotect(at, bytes, ProtReadWrite) == 0;
    public override void Reset(byte* at, nuint bytes) => Madvise(at, bytes, MadviseDontNeed);
    public override void Release(byte* at, nuint bytes) => Munmap(at, bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint at, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Mprotect(byte* at, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(byte* at, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Munmap(byte* at, nuint length);
}
