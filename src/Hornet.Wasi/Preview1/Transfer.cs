using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>How preview 1 sits on the host model: it tries, and where the descriptor is a blocking one it waits and tries again.</summary>
internal static unsafe class Transfer
{
    /// <summary>Reads what there is, and waits for the first byte where the descriptor blocks.</summary>
    public static Errno Read(WasiContext context, Descriptor descriptor, IoVec* vectors, int count, out ulong length)
    {
        length = 0;
        if (IsEmpty(vectors, count))
            return Errno.Success;
        while (true)
        {
            Errno errno = descriptor.TryRead(vectors, count, out length);
            if (errno != Errno.Again || descriptor.NonBlocking)
                return errno;
            errno = context.Wait(descriptor, Interest.Read);
            if (errno != Errno.Success)
                return errno;
        }
    }

    /// <summary>Writes what fits where the descriptor does not block, else all of it, as write(2) on a blocking pipe does.</summary>
    public static Errno Write(WasiContext context, Descriptor descriptor, IoVec* vectors, int count, out ulong length)
    {
        length = context.Waiter.Call?.Done ?? 0;
        Skip(ref vectors, ref count, length);
        while (!IsEmpty(vectors, count))
        {
            Errno errno = descriptor.TryWrite(vectors, count, out ulong written);
            length += written;
            if (errno == Errno.Success)
            {
                if (descriptor.NonBlocking)
                    return Errno.Success;
                Skip(ref vectors, ref count, written);
                continue;
            }
            if (errno == Errno.Again && !descriptor.NonBlocking)
                errno = context.Wait(descriptor, Interest.Write);
            if (errno == Errno.Suspended)
                return Keep(context, length);
            // What was written before an error counts; the error comes with the next call.
            if (errno != Errno.Success)
                return length > 0 && errno != Errno.Intr ? Errno.Success : errno;
        }
        Errno flushed = descriptor.NonBlocking ? Errno.Success : Flush(context, descriptor);
        return flushed == Errno.Suspended ? Keep(context, length) : flushed;
    }

    /// <summary>The guest is left in the middle of a transfer: the next try goes on behind these bytes.</summary>
    public static Errno Keep(WasiContext context, ulong length)
    {
        context.Waiter.Call!.Done = length;
        return Errno.Suspended;
    }

    static Errno Flush(WasiContext context, Descriptor descriptor)
    {
        while (true)
        {
            Errno errno = descriptor.TryFlush();
            if (errno == Errno.Again)
                errno = context.Wait(descriptor, Interest.Write);
            else
                return errno;
            if (errno != Errno.Success)
                return errno;
        }
    }

    static bool IsEmpty(IoVec* vectors, int count)
    {
        for (int i = 0; i < count; i++)
            if (vectors[i].Length != 0)
                return false;
        return true;
    }

    public static void Skip(ref IoVec* vectors, ref int count, ulong length)
    {
        while (count > 0 && length >= vectors->Length)
        {
            length -= vectors->Length;
            vectors++;
            count--;
        }
        if (count > 0)
        {
            vectors->Base += length;
            vectors->Length -= (nuint)length;
        }
    }
}
