namespace Hornet.Cli;

/// <summary>A stream that is read once, of which the first bytes are kept: they tell text from a binary module when it turns out wrong.</summary>
internal sealed class StartKeeper(Stream inner) : Stream
{
    private readonly byte[] start = new byte[256];
    private int kept;

    /// <summary>The first bytes that were read.</summary>
    public ReadOnlySpan<byte> Start => start.AsSpan(0, kept);

    public override bool CanRead => true;
    // Whoever knows the length needs no buffer that grows.
    public override bool CanSeek => inner.CanSeek;
    public override bool CanWrite => false;
    public override long Length => inner.Length;
    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        var more = Math.Min(read, start.Length - kept);
        buffer[..more].CopyTo(start.AsSpan(kept));
        kept += more;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
