using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>sock_*, on listeners that the host has preopened and on what they accept.</summary>
internal static unsafe class Sockets
{
    public static Errno Accept(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = Get(context, a[0].U32, Rights.SockAccept, out ListenerDescriptor listener);
        if (errno != Errno.Success)
            return errno;
        if ((a[1].U32 & ~(uint)FdFlags.NonBlock) != 0)
            return Errno.Inval;
        if (!memory.Contains(a[2].U32, 4))
            return Errno.Fault;
        while (true)
        {
            errno = listener.TryAccept((FdFlags)a[1].U32, out Descriptor connection);
            if (errno == Errno.Success)
            {
                errno = context.Descriptors.Add(connection, out uint number);
                if (errno == Errno.Success)
                    return memory.Write(a[2].U32, number);
                connection.Dispose();
                return errno;
            }
            if (errno != Errno.Again || listener.NonBlocking)
                return errno;
            errno = context.Wait(listener, Interest.Read);
            if (errno != Errno.Success)
                return errno;
        }
    }

    public static Errno Recv(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        // sock_recv(fd, ri_data, ri_data_len, ri_flags, ro_datalen, ro_flags)
        Errno errno = Get(context, a[0].U32, Rights.FdRead, out SocketDescriptor socket);
        if (errno != Errno.Success)
            return errno;
        if (a[3].U32 > 3)
            return Errno.Inval;
        bool peek = (a[3].U32 & 1) != 0, waitAll = (a[3].U32 & 2) != 0;
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        errno = memory.Vectors(a[1].U32, a[2].U32, vectors, out int count);
        if (errno != Errno.Success)
            return errno;
        ulong length = 0;
        bool truncated = false;
        if (waitAll && !peek && !socket.NonBlocking)
            errno = ReceiveAll(context, socket, vectors, count, out length);
        else
        {
            while ((errno = socket.TryReceive(vectors, count, peek, waitAll, out length, out truncated)) == Errno.Again && !socket.NonBlocking)
            {
                errno = context.Wait(socket, Interest.Read);
                if (errno != Errno.Success)
                    return errno;
            }
        }
        if (errno != Errno.Success)
            return errno;
        errno = memory.Write(a[4].U32, (uint)length);
        return errno != Errno.Success ? errno : memory.Write(a[5].U32, truncated ? (ushort)1 : (ushort)0);
    }

    static Errno ReceiveAll(WasiContext context, SocketDescriptor socket, IoVec* vectors, int count, out ulong length)
    {
        length = context.Waiter.Call?.Done ?? 0;
        Transfer.Skip(ref vectors, ref count, length);
        for (int i = 0; i < count; i++)
        {
            while (vectors[i].Length != 0)
            {
                Errno errno = Transfer.Read(context, socket, &vectors[i], 1, out ulong part);
                if (errno == Errno.Suspended)
                    return Transfer.Keep(context, length);
                if (errno != Errno.Success)
                    return length > 0 && errno != Errno.Intr ? Errno.Success : errno;
                if (part == 0)
                    return Errno.Success;
                length += part;
                vectors[i].Base += part;
                vectors[i].Length -= (nuint)part;
            }
        }
        return Errno.Success;
    }

    public static Errno Send(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        // sock_send(fd, si_data, si_data_len, si_flags, so_datalen)
        Errno errno = Get(context, a[0].U32, Rights.FdWrite, out SocketDescriptor socket);
        if (errno != Errno.Success)
            return errno;
        if (a[3].U32 != 0)
            return Errno.Inval;
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        errno = memory.Vectors(a[1].U32, a[2].U32, vectors, out int count);
        if (errno != Errno.Success)
            return errno;
        errno = Transfer.Write(context, socket, vectors, count, out ulong length);
        return errno != Errno.Success ? errno : memory.Write(a[4].U32, (uint)length);
    }

    public static Errno Shutdown(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = Get(context, a[0].U32, Rights.SockShutdown, out SocketDescriptor socket);
        return errno != Errno.Success ? errno : a[1].U32 is 0 or > 3 ? Errno.Inval : socket.Shutdown((a[1].U32 & 1) != 0, (a[1].U32 & 2) != 0);
    }

    static Errno Get<T>(WasiContext context, uint number, Rights rights, out T socket) where T : Descriptor
    {
        socket = null!;
        Errno errno = context.Descriptors.Get(number, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        if (descriptor is not T found)
            return descriptor is ListenerDescriptor or SocketDescriptor ? Errno.Inval : Errno.NotSock;
        socket = found;
        return (found.Rights & rights) == rights ? Errno.Success : Errno.NotCapable;
    }
}
