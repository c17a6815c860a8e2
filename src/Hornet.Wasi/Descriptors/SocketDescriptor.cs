using Hornet.Wasi.Host;

namespace Hornet.Wasi.Descriptors;

/// <summary>A connection.</summary>
internal sealed unsafe class SocketDescriptor : HandleDescriptor
{
    public SocketDescriptor(IHostSystem host, int handle, bool owned, Rights rights, FdFlags flags)
        : base(host, handle, owned, FileType.SocketStream, rights, Rights.None) => Flags = flags;

    public override Errno TryRead(IoVec* vectors, int count, out ulong length) => TryReceive(vectors, count, false, false, out length, out _);
    public override Errno TryWrite(IoVec* vectors, int count, out ulong length) => Host.TrySend(Handle, vectors, count, out length);

    public Errno TryReceive(IoVec* vectors, int count, bool peek, bool waitAll, out ulong length, out bool truncated) =>
        Host.TryReceive(Handle, vectors, count, peek, waitAll, out length, out truncated);

    public Errno Shutdown(bool read, bool write) => Host.Shutdown(Handle, read, write);

    public override int WaitHandle => Handle;
    public override ulong Available => Host.Available(Handle);
}

/// <summary>A socket that its host listens on for the guest.</summary>
internal sealed class ListenerDescriptor(IHostSystem host, int handle, bool owned)
    : HandleDescriptor(host, handle, owned, FileType.SocketStream, Rights.Listener, Rights.Socket)
{
    public Errno TryAccept(FdFlags flags, out Descriptor connection)
    {
        connection = null!;
        Errno errno = Host.TryAccept(Handle, out int handle);
        if (errno == Errno.Success)
            connection = new SocketDescriptor(Host, handle, owned: true, Inheriting, flags);
        return errno;
    }

    public override int WaitHandle => Handle;
}
