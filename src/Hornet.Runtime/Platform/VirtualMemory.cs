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

    /// <summary>Inaccessible address space (where <see cref="CanReserve"/> is false: zeroed memory), or null.</summary>
    public abstract byte* Reserve(nuint bytes);

    /// <summary>Makes pages of a reservation readable and writable; they are zero.</summary>
    public abstract bool Commit(byte* at, nuint bytes);

    /// <summary>Gives the pages back to the system but keeps them accessible: they are zero again.</summary>
    public abstract void Reset(byte* at, nuint bytes);

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
    public override void Release(byte* at, nuint bytes) => NativeMemory.AlignedFree(at);
}
