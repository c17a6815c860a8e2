using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>
/// A module inside an image. Its array has room for all of it and takes up memory only where it has been filled: what an
/// instance needs, bodies that the interpreter is asked for, names when there is a backtrace.
/// </summary>
internal sealed class ImageContent(ImageSource source, ImageRange module) : ModuleContent(GC.AllocateUninitializedArray<byte>(checked((int)module.Length), pinned: true))
{
    const int ChunkBits = 16;

    readonly Lock _lock = new();
    readonly bool[] _filled = new bool[(int)(module.Length + (1 << ChunkBits) - 1 >> ChunkBits)];

    protected override void Fill(byte[] bytes, ByteRange range)
    {
        if (range.Length <= 0) return;
        int last = Math.Min(range.End - 1 >> ChunkBits, _filled.Length - 1);
        for (int i = range.Offset >> ChunkBits; i <= last; i++)
        {
            if (Volatile.Read(ref _filled[i])) continue;
            lock (_lock)
            {
                int start = i << ChunkBits;
                source.Read(module.Offset + start, bytes.AsSpan(start, Math.Min(1 << ChunkBits, bytes.Length - start)));
                Volatile.Write(ref _filled[i], true);
            }
        }
    }

    // A long segment goes from the file to the guest's memory, without a copy here.
    public override void CopyTo(ByteRange range, Span<byte> target)
    {
        if (range.Length < 1 << ChunkBits) base.CopyTo(range, target);
        else source.Read(module.Offset + range.Offset, target[..range.Length]);
    }
}
