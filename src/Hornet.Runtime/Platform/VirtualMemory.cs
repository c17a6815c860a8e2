using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>Address space and the memory in it, as the operating system hands it out.</summary>
internal abstract unsafe class VirtualMemory
{
    /// <summary>The one of this machine.</summary>
    public static readonly VirtualMemory System = OperatingSystem.IsLinux() ? new LinuxVirtualMemory() : new PortableVirtualMemory();

    /// <summary>Whether address space can be had without memory behind it.</summary>
    public abstract bool CanReserve { get; }

    /// <summary>Granularity of everything here.</summary>
    public abstract nuint PageSize { get; }

    /// <summary>Parts of its address space with properties of their own that the system allows a process.</summary>
    public virtual int MostMappings => int.MaxValue;

    /// <summary>Which limit it was, and what sets it, when a call here has failed just now.</summary>
    public virtual string WhyNot() => "the system has no more memory";

    /// <summary>Inaccessible address space (where <see cref="CanReserve"/> is false: zeroed memory), or null.</summary>
    public abstract byte* Reserve(nuint bytes);

    /// <summary>Makes pages of a reservation readable and writable; they are zero.</summary>
    public abstract bool Commit(byte* at, nuint bytes);

    /// <summary>Gives the pages back to the system but keeps them accessible: they are as they were first, zero or a file's.</summary>
    public abstract void Reset(byte* at, nuint bytes);

    /// <summary>Makes committed pages of a reservation inaccessible, and gives them back; false where the system has no room to note it.</summary>
    public virtual bool Decommit(byte* at, nuint bytes) => true;

    /// <summary>Whether <see cref="CanGuard"/> asks the system at all: off in tests of what else there is.</summary>
    public bool UsesMarks { get; set; } = true;

    /// <summary>Whether <see cref="Guard"/> can be had.</summary>
    public virtual bool CanGuard => false;

    /// <summary>Makes accessible pages fault without splitting their mapping; they stay so when they are given back. False where there is no room to note it.</summary>
    public virtual bool Guard(byte* at, nuint bytes) => false;

    /// <summary>Pages come one by one as they are touched.</summary>
    public virtual void AvoidHugePages(byte* at, nuint bytes) { }

    /// <summary>A sealed file of some bytes that no name leads to, or -1.</summary>
    public virtual int CreateFile(ReadOnlySpan<FilePart> parts, nuint bytes) => -1;

    /// <summary>Maps a file's beginning for reading anywhere; null where that cannot be.</summary>
    public virtual byte* MapFile(int file, nuint bytes) => null;

    /// <summary>Maps a file's beginning over pages of a reservation: readable and writable, and what is written stays here.</summary>
    public virtual bool MapFile(byte* at, nuint bytes, int file) => false;

    /// <summary>Puts zero pages, readable and writable, where a file was mapped.</summary>
    public virtual bool MapZero(byte* at, nuint bytes) => false;

    public virtual void CloseFile(int file) { }

    /// <summary>Whether <see cref="FindWritten"/> asks the system at all: off in tests of what else there is.</summary>
    public bool FindsWritten { get; set; } = true;

    /// <summary>Finds pages that are this mapping's own, because they have been written since they were mapped or last reset.</summary>
    /// <returns>Ranges found; -1 where the system cannot tell. Pages from <paramref name="end"/> on were not looked at.</returns>
    public virtual int FindWritten(byte* at, nuint bytes, Span<PageRange> ranges, out byte* end)
    {
        end = at;
        return -1;
    }

    /// <summary>Gives a whole reservation back.</summary>
    public abstract void Release(byte* at, nuint bytes);

    /// <summary>Whether this much address space can be had now, without memory behind it.</summary>
    public bool HasRoomFor(nuint bytes)
    {
        if (!CanReserve) return false;
        byte* at = Reserve(bytes);
        if (at == null) return false;
        Release(at, bytes);
        return true;
    }

    public nuint RoundUp(nuint bytes) => (bytes + PageSize - 1) & ~(PageSize - 1);
}

/// <summary>Bytes for a file, and where in it.</summary>
internal readonly unsafe struct FilePart(byte* bytes, nuint length, nuint offset)
{
    public readonly byte* Bytes = bytes;
    public readonly nuint Length = length;
    public readonly nuint Offset = offset;
}

/// <summary>Consecutive pages: as the system's <c>struct page_region</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PageRange
{
    public byte* Start, End;
    public ulong Categories;
}

/// <summary>Where nothing better is known: memory from the allocator.</summary>
internal sealed unsafe class PortableVirtualMemory : VirtualMemory
{
    public override bool CanReserve => false;
    public override nuint PageSize => 4096;

    public override byte* Reserve(nuint bytes)
    {
        try
        {
            byte* at = (byte*)NativeMemory.AlignedAlloc(bytes, PageSize);
            NativeMemory.Clear(at, bytes);
            return at;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    public override bool Commit(byte* at, nuint bytes) => true;
    public override void Reset(byte* at, nuint bytes) => NativeMemory.Clear(at, bytes);

    public override bool Decommit(byte* at, nuint bytes)
    {
        NativeMemory.Clear(at, bytes);
        return true;
    }

    public override void Release(byte* at, nuint bytes) => NativeMemory.AlignedFree(at);
}
