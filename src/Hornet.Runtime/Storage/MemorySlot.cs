using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// Address space for one memory at a time, and what is mapped there (docs/instances.md). Between two memories it is restored to what
/// it began with: pages that were written are written over with their first bytes while there are few, and given back where there are more.
/// </summary>
/// <remarks>Invariant: in a slot that no memory uses, every accessible byte is that of <see cref="_image"/>, or 0 behind it.</remarks>
internal sealed unsafe class MemorySlot
{
    const int MostRanges = 64;

    // A mapped image splits its slot, and the kernel counts the parts: others copy, once so many are mapped.
    static int MostMapped => VirtualMemory.System.MostMappings / 6;
    static int s_mapped;

    // What is accessible of a slot, and what is not. The rest is the host's: .NET ends a process that has no mapping left for its own code.
    const int Mappings = 2;
    static int MostCounted => VirtualMemory.System.MostMappings / 8 * 7;
    static int s_counted;

    readonly SlotArray? _pool;
    readonly nuint _mapped;
    readonly bool _open;
    nuint _accessible;
    MemoryImage? _image;
    bool _imageIsMapped;

    /// <summary>A slot of a pool.</summary>
    /// <param name="pool">Its pool.</param>
    /// <param name="at">Its place there.</param>
    /// <param name="open">Whether all of it is accessible all the time.</param>
    MemorySlot(SlotArray pool, byte* at, bool open)
    {
        _pool = pool;
        Base = at;
        Reserved = pool.SlotSize;
        _open = open;
        if (open) _accessible = pool.SlotSize;
    }

    MemorySlot(byte* at, nuint reserved, nuint mapped)
    {
        Base = at;
        Reserved = reserved;
        _mapped = mapped;
    }

    public byte* Base { get; }

    /// <summary>Bytes that a memory here can grow to, guard excluded.</summary>
    public ulong Reserved { get; }

    /// <summary>A slot of a pool, if there is one and the process may have the mappings that it takes; null where not.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="open">Whether all of its slots is accessible all the time.</param>
    /// <param name="rent">Takes a place of it; may throw.</param>
    public static MemorySlot? TryRent(SlotArray pool, bool open, Func<nint> rent)
    {
        if (!open && !TryCount()) return null;
        nint at = 0;
        try
        {
            at = rent();
        }
        finally
        {
            if (at == 0 && !open) Uncount();
        }
        return new(pool, (byte*)at, open);
    }

    static bool TryCount()
    {
        if (Interlocked.Add(ref s_counted, Mappings) + Volatile.Read(ref s_mapped) <= MostCounted) return true;
        Uncount();
        return false;
    }

    static void Uncount() => Interlocked.Add(ref s_counted, -Mappings);

    /// <summary>Which limit it was when there was no slot.</summary>
    public static string WhyNot()
    {
        VirtualMemory system = VirtualMemory.System;
        int used = Volatile.Read(ref s_counted) + Math.Min(Volatile.Read(ref s_mapped), MostMapped);
        return used + Mappings <= MostCounted ? system.WhyNot()
            : $"memories take {used} of the {system.MostMappings} mappings that the kernel allows the process, and an eighth is left to the host: raise vm.max_map_count, or use a pool whose memories are not guarded (Config.WithStaticMemoryMaximumSize, -O memory-reservation)";
    }

    /// <summary>A slot of its own, inaccessible; null where there is no address space.</summary>
    /// <param name="reserved">Bytes that a memory may use.</param>
    /// <param name="guard">Bytes behind them that nobody may.</param>
    public static MemorySlot? TryReserve(ulong reserved, ulong guard)
    {
        if (reserved > 1UL << 46) return null;
        VirtualMemory system = VirtualMemory.System;
        nuint mapped = Math.Max(system.RoundUp((nuint)reserved) + system.RoundUp((nuint)guard), system.PageSize);
        if (!TryCount()) return null;
        byte* at = system.Reserve(mapped);
        if (at != null) return new(at, (nuint)reserved, mapped);
        Uncount();
        return null;
    }

    /// <summary>Makes the first bytes accessible, as an image has them and zero behind it, and all others not.</summary>
    public bool Prepare(MemoryImage? image, ulong bytes)
    {
        nuint wanted = VirtualMemory.System.RoundUp((nuint)bytes);
        if (_image != image && !Forget()) return false;
        if (!Extend(bytes)) return false;
        if (!_open && wanted < _accessible)
        {
            if (!VirtualMemory.System.Decommit(Base + wanted, _accessible - wanted)) return false;
            _accessible = wanted;
        }
        if (image is null || _image == image) return true;
        _imageIsMapped = !_open && TryMap(image);
        if (!_imageIsMapped) image.CopyTo(Base, 0, image.Length);
        _image = image;
        return true;
    }

    bool TryMap(MemoryImage image)
    {
        if (Interlocked.Increment(ref s_mapped) <= MostMapped && image.Map(Base)) return true;
        Interlocked.Decrement(ref s_mapped);
        return false;
    }

    // The slot has no mapped image any more.
    void Unmapped()
    {
        if (_imageIsMapped) Interlocked.Decrement(ref s_mapped);
        _imageIsMapped = false;
        _image = null;
    }

    /// <summary>Makes more bytes accessible.</summary>
    public bool Extend(ulong bytes)
    {
        nuint to = VirtualMemory.System.RoundUp((nuint)bytes);
        if (to <= _accessible) return true;
        if (!VirtualMemory.System.Commit(Base + _accessible, to - _accessible)) return false;
        _accessible = to;
        return true;
    }

    /// <summary>Restores what the memory began with; the tenant's bytes are gone.</summary>
    /// <param name="used">Bytes that the memory had at its end: nothing behind them was accessible to it.</param>
    /// <param name="keep">Bytes at most that may stay with the slot as pages of its own.</param>
    public void Reset(ulong used, nuint keep)
    {
        VirtualMemory system = VirtualMemory.System;
        byte* end = Base + Math.Min(system.RoundUp((nuint)used), _accessible), at = Base;
        Span<PageRange> ranges = stackalloc PageRange[MostRanges];
        while (at < end)
        {
            int found = system.FindWritten(at, (nuint)(end - at), ranges, out byte* looked);
            if (found < 0) break;
            if (found == 0 && looked >= end) return;
            foreach (PageRange range in ranges[..found])
            {
                nuint length = (nuint)(range.End - range.Start);
                if (length > keep)
                {
                    Drop(range.Start, end);
                    return;
                }
                keep -= length;
                Restore(range.Start, length);
            }
            // As many as fit were found: there may be more.
            if (looked <= at) break;
            at = looked;
        }
        if (at < end) Drop(at, end);
    }

    void Drop(byte* from, byte* end)
    {
        VirtualMemory.System.Reset(from, (nuint)(end - from));
        if (_image is not null && !_imageIsMapped) _image.CopyTo(Base, (nuint)(from - Base), (nuint)(end - Base));
    }

    void Restore(byte* at, nuint length)
    {
        nuint offset = (nuint)(at - Base), image = _image is null || offset >= _image.Length ? 0 : Math.Min(_image.Length - offset, length);
        if (image > 0) Buffer.MemoryCopy(_image!.Bytes + offset, at, image, image);
        if (length > image) NativeMemory.Clear(at + image, length - image);
    }

    // Zero pages again.
    bool Forget()
    {
        if (_image is null) return true;
        VirtualMemory system = VirtualMemory.System;
        if (_imageIsMapped ? !system.MapZero(Base, _image.Length) : false) return false;
        if (!_imageIsMapped) system.Reset(Base, _image.Length);
        Unmapped();
        return true;
    }

    // Gives all pages back, whatever is in them; the slot is as good as new, or of no use any more.
    bool TryClear()
    {
        VirtualMemory system = VirtualMemory.System;
        if (_imageIsMapped && _image is not null && !system.MapZero(Base, _image.Length)) return false;
        Unmapped();
        if (_open) system.Reset(Base, _accessible);
        else if (!system.Decommit(Base, _accessible)) return false;
        else _accessible = 0;
        return true;
    }

    /// <summary>Gives the slot back; nothing may use it afterwards.</summary>
    public void Release()
    {
        if (_pool is not null)
        {
            if (TryClear()) _pool.Return(Base);
            else _pool.Lose(Base);
            if (!_open) Uncount();
            return;
        }
        Unmapped();
        Uncount();
        VirtualMemory.System.Release(Base, _mapped);
    }
}
