using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>A module's bytes, in one pinned array: data segments are read in place by every tier. Those of an image's arrive when they are needed.</summary>
internal unsafe class ModuleContent
{
    readonly byte[] _bytes;

    /// <param name="pinned">An array of the pinned heap.</param>
    public ModuleContent(byte[] pinned) => _bytes = pinned;

    public int Length => _bytes.Length;

    /// <summary>The whole module.</summary>
    public byte[] All => Ensure(new(0, _bytes.Length));

    /// <summary>The module's array, in which at least a range is filled.</summary>
    public byte[] With(ByteRange range) => Ensure(range);

    /// <summary>Some bytes.</summary>
    public ReadOnlySpan<byte> this[ByteRange range] => Ensure(range).AsSpan(range.Offset, range.Length);

    /// <summary>Where some bytes lie, for as long as this lives.</summary>
    // SAFETY: the array is pinned for its life, and the range is inside it: AsSpan looks.
    public byte* At(ByteRange range) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(this[range]));

    /// <summary>Copies some bytes to where there is room for them.</summary>
    public virtual void CopyTo(ByteRange range, Span<byte> target) => this[range].CopyTo(target);

    // The array, in which a range is filled from now on.
    byte[] Ensure(ByteRange range)
    {
        Fill(_bytes, range);
        return _bytes;
    }

    /// <summary>Sees to it that a range of the array is filled.</summary>
    protected virtual void Fill(byte[] bytes, ByteRange range) { }
}
