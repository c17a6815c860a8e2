using Microsoft.Win32.SafeHandles;

namespace Hornet.Native;

/// <summary>
/// The bytes of an image: a file that stays open, or memory. Nothing but code is ever mapped: what a damaged or shortened file does not
/// have is an exception here and never a signal.
/// </summary>
internal abstract class ImageSource : IDisposable
{
    /// <summary>What messages call it.</summary>
    public abstract string Name { get; }

    public abstract long Length { get; }

    /// <summary>Fills a span.</summary>
    /// <exception cref="ImageException">There is less.</exception>
    public abstract void Read(long offset, Span<byte> target);

    /// <summary>Maps code from a file; null where that cannot be.</summary>
    public virtual CodeRange? Map(ImageRange code) => null;

    public abstract void Dispose();

    public byte[] Read(ImageRange range)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)range.Length));
        Read(range.Offset, bytes);
        return bytes;
    }

    /// <summary>Reads code into executable memory.</summary>
    public CodeRange Copy(ImageRange code) => CodeArena.Process.Publish(checked((int)code.Length), range => Read(code.Offset, range.Writable));

    protected ImageException Truncated(long offset, int length) =>
        new($"{Name}: the image is truncated: it has {Length} bytes, and {length} at offset {offset} are needed");
}

internal sealed class ImageFile : ImageSource
{
    readonly SafeFileHandle _file;

    public ImageFile(string path)
    {
        Name = path;
        // No lock: it would keep nobody from anything who does not ask for one.
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    public override string Name { get; }

    public override long Length => RandomAccess.GetLength(_file);

    public override void Read(long offset, Span<byte> target)
    {
        long at = offset;
        for (Span<byte> rest = target; !rest.IsEmpty;)
        {
            int read = RandomAccess.Read(_file, rest, at);
            if (read == 0) throw Truncated(offset, target.Length);
            rest = rest[read..];
            at += read;
        }
    }

    public override CodeRange? Map(ImageRange code) => CodeArena.Process.MapFile(_file, code.Offset, checked((int)code.Length));

    public override void Dispose() => _file.Dispose();
}

internal sealed class ImageMemory(ReadOnlyMemory<byte> bytes) : ImageSource
{
    public override string Name => "(memory)";

    public override long Length => bytes.Length;

    public override void Read(long offset, Span<byte> target)
    {
        if ((ulong)offset > (ulong)bytes.Length || target.Length > bytes.Length - offset) throw Truncated(offset, target.Length);
        bytes.Span.Slice((int)offset, target.Length).CopyTo(target);
    }

    public override void Dispose() { }
}
