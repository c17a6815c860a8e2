namespace Hornet.Runtime;

/// <summary>
/// What a memory begins with, prepared once: a sealed memory file, of which every memory that starts with it maps private pages, and
/// the same bytes at an address, from which pages that were written are restored. Without a file (none to be had) it is only copied.
/// </summary>
internal sealed unsafe class MemoryImage
{
    // Images of all engines keep their files open: the process must not run out of descriptors for it.
    const int MostFiles = 512;

    static int s_files;

    readonly int _file = -1;

    // Pages that are not zero, in ranges that do not meet: offsets and lengths.
    readonly (nuint Offset, nuint Length)[] _parts;

    MemoryImage(byte* bytes, nuint length, int file, ReadOnlySpan<FilePart> parts)
    {
        _parts = Pages(parts);
        Bytes = bytes;
        Length = length;
        _file = file;
    }

    static (nuint, nuint)[] Pages(ReadOnlySpan<FilePart> parts)
    {
        VirtualMemory system = VirtualMemory.System;
        List<(nuint Start, nuint End)> pages = [];
        foreach (FilePart part in parts)
            if (part.Length > 0) pages.Add((part.Offset & ~(system.PageSize - 1), system.RoundUp(part.Offset + part.Length)));
        pages.Sort();
        List<(nuint Offset, nuint Length)> merged = [];
        foreach ((nuint start, nuint end) in pages)
        {
            if (merged.Count > 0 && merged[^1] is var last && last.Offset + last.Length >= start) merged[^1] = (last.Offset, (nuint)Math.Max(end, last.Offset + last.Length) - last.Offset);
            else merged.Add((start, end - start));
        }
        return [.. merged];
    }

    /// <summary>The image's bytes; readable, never written.</summary>
    public byte* Bytes { get; }

    /// <summary>A whole number of pages.</summary>
    public nuint Length { get; }

    /// <summary>Whether its pages can be mapped and need not be copied.</summary>
    public bool CanMap => _file >= 0;

    /// <summary>An image of these parts, zero between them; null where there is no room for it.</summary>
    public static MemoryImage? TryCreate(ReadOnlySpan<FilePart> parts, nuint bytes)
    {
        VirtualMemory system = VirtualMemory.System;
        nuint length = system.RoundUp(Math.Max(bytes, 1));
        if (Interlocked.Increment(ref s_files) <= MostFiles)
        {
            int file = system.CreateFile(parts, length);
            if (file >= 0)
            {
                byte* mapped = system.MapFile(file, length);
                if (mapped != null) return new(mapped, length, file, parts);
                system.CloseFile(file);
            }
        }
        Interlocked.Decrement(ref s_files);
        byte* at = system.Reserve(length);
        if (at == null || !system.Commit(at, length)) return null;
        foreach (FilePart part in parts) Buffer.MemoryCopy(part.Bytes, at + part.Offset, length - part.Offset, part.Length);
        return new(at, length, -1, parts);
    }

    /// <summary>Maps the image's pages over a memory's first ones.</summary>
    public bool Map(byte* at) => CanMap && VirtualMemory.System.MapFile(at, Length, _file);

    /// <summary>Copies what of the image is not zero to zero pages of a memory, from an offset on.</summary>
    public void CopyTo(byte* at, nuint from, nuint end)
    {
        foreach ((nuint offset, nuint length) in _parts)
        {
            nuint start = Math.Max(offset, from), stop = Math.Min(offset + length, end);
            if (start < stop) Buffer.MemoryCopy(Bytes + start, at + start, stop - start, stop - start);
        }
    }

    // Whoever has mapped or copied it holds it; mappings stay when the file is closed.
    ~MemoryImage()
    {
        VirtualMemory.System.Release(Bytes, Length);
        if (_file < 0) return;
        VirtualMemory.System.CloseFile(_file);
        Interlocked.Decrement(ref s_files);
    }
}
