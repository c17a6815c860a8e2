using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Base;

namespace Hornet.Native;

/// <summary>The parts of an image, in the order in which they lie in the file (docs/images.md).</summary>
internal enum ImagePart
{
    /// <summary>What the code was compiled with: lines of name=value.</summary>
    Settings,
    /// <summary>An <see cref="ImageFunction"/> for each function that the module defines.</summary>
    Functions,
    /// <summary>An <see cref="ImageSegment"/> for each data segment.</summary>
    Segments,
    /// <summary>Trampolines and call-outs, which are copied into memory.</summary>
    Thunks,
    /// <summary>The module, as it was.</summary>
    Wasm,
    /// <summary>The functions' <see cref="FunctionTables"/>.</summary>
    Tables,
    /// <summary>Machine code: from a page's beginning on, mapped and run where it lies.</summary>
    Code,
    /// <summary>A hash for each block between header and here, and one of those.</summary>
    Hashes,
    Count,
}

/// <summary>Where a part lies in the file.</summary>
internal record struct ImageRange(long Offset, long Length)
{
    public readonly long End => Offset + Length;
}

[InlineArray((int)ImagePart.Count)]
internal struct ImageRanges
{
    ImageRange _first;
}

[Flags]
internal enum ImageFlags : uint
{
    None = 0,
    /// <summary>All functions are there and call each other directly; otherwise calls go through the slots of the VM context, and what is missing is compiled when it is called.</summary>
    Complete = 1,
    HasTailCalls = 2,
}

/// <summary>A function of an image. Offsets in the code, in the tables and in the module; a function that is not there has a code offset of -1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct ImageFunction(int Code, int Tables, int TablesLength, int Body, int BodyLength);

/// <summary>A data segment, so that the module's data section need not be read to find it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct ImageSegment(int Mode, int Memory, int Offset, int OffsetLength, int Bytes, int BytesLength);

/// <summary>The first bytes of an image. Everything in it is little-endian, as the machines are that images are for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ImageHeader
{
    /// <summary>"\0hwasm\n\x1A": not "\0asm" as modules begin, and damaged by transfers that take it for text.</summary>
    public const ulong MagicNumber = 0x1A0A_6D73_6177_6800;
    public const uint CurrentVersion = 1;
    public const uint X64 = 1;

    /// <summary>Code begins at multiples of this, and hashes cover blocks of it times sixteen.</summary>
    public const int Alignment = 4096, BlockSize = 16 * Alignment;

    public ulong Magic;
    public uint Version;
    public uint Architecture;
    /// <summary>Names the sources of compiler and runtime: code and VM layouts of other sources do not fit.</summary>
    public ulong Build;
    public ulong CpuFeatures;
    /// <summary>The features of WebAssembly that were on when the module was validated.</summary>
    public ulong Features;
    public long FileLength;
    public ulong ModuleHash;
    public ImageFlags Flags;
    /// <summary>Bytes of the module before its code.</summary>
    public int BeforeCode;
    public ImageRanges Parts;
    /// <summary>The hash of everything above.</summary>
    public ulong Hash;

    public readonly ulong ComputeHash()
    {
        ImageHeader copy = this;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<ImageHeader>(in copy));
        return ContentHash.Of(bytes[..^sizeof(ulong)], MagicNumber);
    }
}
