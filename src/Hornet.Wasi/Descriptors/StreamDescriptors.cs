using Hornet.Wasi.Host;
using Hornet.Wasi.Waiting;

namespace Hornet.Wasi.Descriptors;

/// <summary>
/// Reads from a .NET <see cref="Stream"/>, which cannot be asked whether it is ready: so one read of the stream's own is under way, into a
/// buffer of ours, whenever the guest has asked and the buffer is empty. A stream that answers at once (a MemoryStream) never costs a thread.
/// </summary>
internal sealed class StreamInput(Stream stream, Waker waker) : Descriptor(FileType.Unknown, Rights.Stream & ~Rights.FdWrite, Rights.None)
{
    const int BufferSize = 64 * 1024;

    readonly Lock _lock = new();
    byte[]? _buffer;
    int _start, _end;
    bool _pending, _ended;
    Errno _error;

    public override unsafe Errno TryRead(IoVec* vectors, int count, out ulong length)
    {
        length = 0;
        lock (_lock)
        {
            Fill();
            if (_start == _end)
                return _error != Errno.Success ? _error : _ended ? Errno.Success : Errno.Again;
            for (int i = 0; i < count && _start < _end; i++)
            {
                int n = (int)nuint.Min(vectors[i].Length, (nuint)(_end - _start));
                // SAFETY: the vector lies inside the guest's memory: whoever made it has checked.
                _buffer.AsSpan(_start, n).CopyTo(new Span<byte>(vectors[i].Base, n));
                _start += n;
                length += (ulong)n;
            }
            return Errno.Success;
        }
    }

    public override bool IsReady(Interest interest)
    {
        lock (_lock)
        {
            Fill();
            return !_pending;
        }
    }

    public override ulong Available
    {
        get
        {
            lock (_lock)
                return (ulong)(_end - _start);
        }
    }

    void Fill()
    {
        if (_pending || _ended || _error != Errno.Success || _start < _end)
            return;
        try
        {
            ValueTask<int> read = stream.ReadAsync(_buffer ??= new byte[BufferSize]);
            if (read.IsCompleted)
            {
                Take(read.GetAwaiter().GetResult());
                return;
            }
            _pending = true;
            _ = Finish(read);
        }
        catch (Exception exception)
        {
            _error = StreamErrors.Translate(exception);
        }
    }

    async Task Finish(ValueTask<int> read)
    {
        int length = 0;
        Errno error = Errno.Success;
        try
        {
            length = await read.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            error = StreamErrors.Translate(exception);
        }
        lock (_lock)
        {
            _pending = false;
            _error = error;
            if (error == Errno.Success)
                Take(length);
        }
        waker.Wake();
    }

    void Take(int length)
    {
        _start = 0;
        _end = length;
        _ended = length == 0;
    }
}

/// <summary>Writes to a .NET <see cref="Stream"/>: one write is under way at most, out of a buffer of ours.</summary>
internal sealed class StreamOutput(Stream stream, Waker waker) : Descriptor(FileType.Unknown, Rights.Stream & ~Rights.FdRead, Rights.None)
{
    const int BufferSize = 64 * 1024;

    readonly Lock _lock = new();
    byte[]? _buffer;
    bool _pending;
    Errno _error;

    public override unsafe Errno TryWrite(IoVec* vectors, int count, out ulong length)
    {
        length = 0;
        lock (_lock)
        {
            if (_error != Errno.Success)
                return _error;
            if (_pending)
                return Errno.Again;
            byte[] buffer = _buffer ??= new byte[BufferSize];
            int used = 0;
            for (int i = 0; i < count && used < BufferSize; i++)
            {
                int n = (int)nuint.Min(vectors[i].Length, (nuint)(BufferSize - used));
                // SAFETY: as in StreamInput.
                new ReadOnlySpan<byte>(vectors[i].Base, n).CopyTo(buffer.AsSpan(used));
                used += n;
            }
            if (used == 0)
                return Errno.Success;
            Task write = Write(used);
            if (write.IsCompleted && _error != Errno.Success)
                return _error;
            length = (ulong)used;
            return Errno.Success;
        }
    }

    public override Errno TryFlush()
    {
        lock (_lock)
            return _error != Errno.Success ? _error : _pending ? Errno.Again : Errno.Success;
    }

    public override bool IsReady(Interest interest)
    {
        lock (_lock)
            return !_pending;
    }

    async Task Write(int length)
    {
        _pending = true;
        Errno error = Errno.Success;
        try
        {
            await stream.WriteAsync(_buffer.AsMemory(0, length)).ConfigureAwait(false);
            await stream.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            error = StreamErrors.Translate(exception);
        }
        lock (_lock)
        {
            _error = error;
            _pending = false;
        }
        waker.Wake();
    }
}

/// <summary>A stream's exception as the guest sees it. The host's own text stays with the host.</summary>
internal static class StreamErrors
{
    public static Errno Translate(Exception exception) => exception switch
    {
        ObjectDisposedException or EndOfStreamException => Errno.Pipe,
        // EPIPE as the file API reports it.
        IOException { HResult: 32 } => Errno.Pipe,
        NotSupportedException => Errno.BadF,
        OperationCanceledException => Errno.Canceled,
        _ => Errno.IO,
    };
}
