using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Hornet.Wasi.Host;

/// <summary>
/// Streams, sockets and waiting on Linux. Inherited handles belong to other processes too, so their O_NONBLOCK is left alone: RWF_NOWAIT
/// asks call by call, and where a file does not know it (terminals), a poll before the call does.
/// </summary>
internal sealed unsafe partial class LinuxHost
{
    /// <summary>What a pipe or a terminal that is ready for writing takes at least without making us wait.</summary>
    const int SafeWrite = 4096;

    /// <summary>.NET ignores SIGPIPE only once its console or process support is used; a guest's closed pipe must be EPIPE from the start.</summary>
    static LinuxHost()
    {
        const int SigPipe = 13, Ignore = 1;
        nint old = Libc.signal(SigPipe, Ignore);
        if (old != 0 && old != Ignore && old != -1)
            _ = Libc.signal(SigPipe, old);
    }

    public Errno TryRead(int handle, IoVec* vectors, int count, out ulong length)
    {
        nint n = Libc.preadv2(handle, vectors, count, -1, Libc.RWF_NOWAIT);
        if (n < 0 && LacksNoWait(Libc.LastError))
        {
            length = 0;
            if (!Ready(handle, Libc.POLLIN))
                return Errno.Again;
            n = Libc.readv(handle, vectors, count);
        }
        return Count(n, out length);
    }

    public Errno TryWrite(int handle, IoVec* vectors, int count, out ulong length)
    {
        nint n = Libc.pwritev2(handle, vectors, count, -1, Libc.RWF_NOWAIT);
        if (n < 0 && LacksNoWait(Libc.LastError))
        {
            length = 0;
            if (!Ready(handle, Libc.POLLOUT))
                return Errno.Again;
            // The first bytes only: a longer write could wait.
            IoVec first = default;
            for (int i = 0; i < count && first.Length == 0; i++)
                first = vectors[i];
            first.Length = nuint.Min(first.Length, SafeWrite);
            n = Libc.writev(handle, &first, 1);
        }
        return Count(n, out length);
    }

    static bool LacksNoWait(int error) => error is Libc.EOPNOTSUPP or Libc.ENOSYS or Libc.EINVAL;

    static bool Ready(int handle, short events)
    {
        var interest = new HandleInterest { Handle = handle, Wanted = events };
        Libc.TimeSpec now = default;
        return Libc.ppoll(&interest, 1, &now, null) > 0;
    }

    public ulong Available(int handle)
    {
        int n = 0;
        return Libc.ioctl(handle, Libc.FIONREAD, &n) < 0 || n < 0 ? 0 : (ulong)n;
    }

    public Errno Listen(IPEndPoint address, out int listener)
    {
        const int Inet = 2, Inet6 = 10, StreamSocket = 1, SocketLevel = 1, ReuseAddress = 2, Backlog = 128;
        bool six = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        listener = Libc.socket(six ? Inet6 : Inet, StreamSocket | Libc.O_CLOEXEC | Libc.O_NONBLOCK, 0);
        if (listener < 0)
            return Libc.Translate(Libc.LastError);
        // struct sockaddr_in: family, port, address; struct sockaddr_in6: family, port, flow, address, scope.
        byte* name = stackalloc byte[28];
        new Span<byte>(name, 28).Clear();
        *(ushort*)name = (ushort)(six ? Inet6 : Inet);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(name + 2, 2), (ushort)address.Port);
        _ = address.Address.TryWriteBytes(new Span<byte>(name + (six ? 8 : 4), 16), out _);
        if (six)
            *(uint*)(name + 24) = (uint)address.Address.ScopeId;
        int one = 1;
        _ = Libc.setsockopt(listener, SocketLevel, ReuseAddress, &one, sizeof(int));
        if (Libc.bind(listener, name, six ? 28u : 16u) == 0 && Libc.listen(listener, Backlog) == 0)
            return Errno.Success;
        Errno errno = Libc.Translate(Libc.LastError);
        _ = Libc.close(listener);
        return errno;
    }

    public Errno TryAccept(int listener, out int connection)
    {
        // A listener from outside may block in accept: ask first. A peer that leaves in between makes us wait for the next one, at worst
        // until then; our own listeners are made without blocking.
        connection = -1;
        if (!Ready(listener, Libc.POLLIN))
            return Errno.Again;
        connection = Libc.accept4(listener, null, null, Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        return connection < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
    }

    public Errno TryReceive(int socket, IoVec* vectors, int count, bool peek, bool waitAll, out ulong length, out bool truncated)
    {
        var message = new Libc.MsgHdr { Vectors = vectors, VectorCount = (nuint)count };
        nint n = Libc.recvmsg(socket, &message, Libc.MSG_DONTWAIT | (peek ? Libc.MSG_PEEK : 0) | (waitAll ? Libc.MSG_WAITALL : 0));
        truncated = n >= 0 && (message.Flags & Libc.MSG_TRUNC) != 0;
        return Count(n, out length);
    }

    public Errno TrySend(int socket, IoVec* vectors, int count, out ulong length)
    {
        var message = new Libc.MsgHdr { Vectors = vectors, VectorCount = (nuint)count };
        return Count(Libc.sendmsg(socket, &message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL), out length);
    }

    public Errno Shutdown(int socket, bool read, bool write) =>
        !read && !write ? Errno.Inval : Check(Libc.shutdown(socket, read && write ? 2 : write ? 1 : 0));

    public Errno Wait(Span<HandleInterest> handles, long timeoutNanoseconds)
    {
        fixed (HandleInterest* p = handles)
        {
            var timeout = new Libc.TimeSpec { Seconds = timeoutNanoseconds / 1_000_000_000, Nanoseconds = timeoutNanoseconds % 1_000_000_000 };
            int n = Libc.ppoll(p, (nuint)handles.Length, timeoutNanoseconds < 0 ? null : &timeout, null);
            return n >= 0 || Libc.LastError == Libc.EINTR ? Errno.Success : Libc.Translate(Libc.LastError);
        }
    }

    public int CreateWake()
    {
        int wake = Libc.eventfd(0, Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        return wake >= 0 ? wake : throw new InvalidOperationException($"eventfd failed with error {Libc.LastError}");
    }

    public void SignalWake(int wake)
    {
        ulong one = 1;
        _ = Libc.write(wake, &one, sizeof(ulong));
    }

    public void ClearWake(int wake)
    {
        ulong value;
        _ = Libc.read(wake, &value, sizeof(ulong));
    }

    // struct epoll_event: events, then 8 bytes of ours; packed on x86-64 only.
    static readonly int s_eventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    public int CreateWatch()
    {
        int watch = Libc.epoll_create1(Libc.O_CLOEXEC);
        return watch >= 0 ? watch : throw new InvalidOperationException($"epoll_create1 failed with error {Libc.LastError}");
    }

    public Errno Watch(int watch, int handle, short events)
    {
        const int Add = 1, Modify = 3;
        const uint OneShot = 1u << 30;
        byte* wanted = stackalloc byte[16];
        *(uint*)wanted = (ushort)events | OneShot;
        *(long*)(wanted + s_eventSize - 8) = handle;
        // A handle that was closed and made anew is not known any more, whatever its number.
        if (Libc.epoll_ctl(watch, Modify, handle, wanted) == 0 || Libc.epoll_ctl(watch, Add, handle, wanted) == 0)
            return Errno.Success;
        return Libc.Translate(Libc.LastError);
    }

    public void Unwatch(int watch, int handle)
    {
        const int Delete = 2;
        byte* nothing = stackalloc byte[16];
        _ = Libc.epoll_ctl(watch, Delete, handle, nothing);
    }

    public int TakeReady(int watch, Span<int> handles)
    {
        byte[] events = new byte[handles.Length * s_eventSize];
        fixed (byte* p = events)
        {
            int count = Libc.epoll_wait(watch, p, handles.Length, 0);
            for (int i = 0; i < count; i++)
                handles[i] = (int)*(long*)(p + i * s_eventSize + s_eventSize - 8);
            return int.Max(count, 0);
        }
    }
}
