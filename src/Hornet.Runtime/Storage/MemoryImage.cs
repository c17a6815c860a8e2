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
    readonly bool _ownsPages;

    MemoryImage(byte* bytes, nuint length, int file, bool ownsPages)
    {
        Bytes = bytes;
        Length = length;
        _file = file;
        _ownsPages = ownsPages;
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
                if (mapped != null) return new(mapped, length, file, ownsPages: true);
                system.CloseFile(file);
            }
        }
        Interlocked.Decrement(ref s_files);
        byte* at = system.Reserve(length);
        if (at == null || !system.Commit(at, length)) return null;
        foreach (FilePart part in parts) Buffer.MemoryCopy(part.Bytes, at + part.Offset, length - part.Offset, part.Length);
        return new(at, length, -1, ownsPages: true);
    }

    /// <summary>Maps the image's pages over a memory's first ones.</summary>
    public bool Map(byte* at) => CanMap && VirtualMemory.System.MapFile(at, Length, _file);

    // Whoever has mapped or copied it holds it; mappings stay when the file is closed.
    ~MemoryImage()
    {
        if (_ownsPages) VirtualMemory.System.Release(Bytes, Length);
        if (_file < 0) return;
        VirtualMemory.System.CloseFile(_file);
        Interlocked.Decrement(ref s_files);
    }
}
