using System.Runtime.InteropServices;
using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>fd_*: what moves bytes and directory entries.</summary>
internal static unsafe class FdTransfers
{
    public static Errno Read(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        Errno errno = Begin(context, memory, a, Rights.FdRead, vectors, out Descriptor descriptor, out int count);
        if (errno != Errno.Success)
            return errno;
        errno = Transfer.Read(context, descriptor, vectors, count, out ulong length);
        return errno != Errno.Success ? errno : memory.Write(a[3].U32, (uint)length);
    }

    public static Errno Write(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        Errno errno = Begin(context, memory, a, Rights.FdWrite, vectors, out Descriptor descriptor, out int count);
        if (errno != Errno.Success)
            return errno;
        errno = Transfer.Write(context, descriptor, vectors, count, out ulong length);
        return errno != Errno.Success ? errno : memory.Write(a[3].U32, (uint)length);
    }

    public static Errno Pread(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        Errno errno = Begin(context, memory, a, Rights.FdRead, vectors, out Descriptor descriptor, out int count);
        if (errno != Errno.Success)
            return errno;
        errno = descriptor.ReadAt(vectors, count, a[3].U64, out ulong length);
        return errno != Errno.Success ? errno : memory.Write(a[4].U32, (uint)length);
    }

    public static Errno Pwrite(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        IoVec* vectors = stackalloc IoVec[GuestMemory.MaxVectors];
        Errno errno = Begin(context, memory, a, Rights.FdWrite, vectors, out Descriptor descriptor, out int count);
        if (errno != Errno.Success)
            return errno;
        errno = descriptor.WriteAt(vectors, count, a[3].U64, out ulong length);
        return errno != Errno.Success ? errno : memory.Write(a[4].U32, (uint)length);
    }

    static Errno Begin(WasiContext context, GuestMemory memory, ValRaw* a, Rights rights, IoVec* vectors, out Descriptor descriptor, out int count)
    {
        count = 0;
        Errno errno = context.Descriptors.Get(a[0].U32, rights, out descriptor);
        // A directory lacks the rights of a file; what the guest did is POSIX's "is a directory".
        if (errno == Errno.NotCapable && descriptor.Type == FileType.Directory)
            return Errno.IsDir;
        return errno != Errno.Success ? errno : memory.Vectors(a[1].U32, a[2].U32, vectors, out count);
    }

    /// <summary>
    /// Fills the guest's buffer with entries; the last may be cut off, which tells the guest that there is more. The cookie of an entry is
    /// where the next one begins: <see cref="DirectoryDescriptor.TryGetPosition"/>.
    /// </summary>
    public static Errno Readdir(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        if (descriptor is not DirectoryDescriptor directory)
            return Errno.NotDir;
        if ((descriptor.Rights & Rights.FdReaddir) == 0)
            return Errno.NotCapable;
        if (!memory.TrySlice(a[1].U32, a[2].U32, out Span<byte> buffer))
            return Errno.Fault;
        ulong cookie = a[3].U64;
        if (!directory.TryGetPosition(cookie, out ulong position))
            return Errno.Inval;
        int used = 0;
        // Room for some 100 entries at a time; never less than one of the longest name.
        Span<byte> chunk = stackalloc byte[4096];
        while (used < buffer.Length)
        {
            errno = context.Host.ReadEntries(directory.Handle, position, chunk, out int length);
            if (errno != Errno.Success)
                return errno;
            if (length == 0)
                break;
            ReadOnlySpan<byte> entries = chunk[..length];
            while (used < buffer.Length && context.Host.NextEntry(ref entries, out DirectoryEntry entry))
            {
                directory.SetPosition(++cookie, position = entry.NextCookie);
                var header = new Dirent { Next = cookie, Inode = entry.Inode, NameLength = (uint)entry.Name.Length, Type = entry.Type };
                // What lies above a preopen is not the guest's to know.
                if (entry.Name is [(byte)'.', (byte)'.'] && directory.Stat(out FileStat own) == Errno.Success)
                    header.Inode = own.Inode;
                Append(buffer, ref used, MemoryMarshal.AsBytes(new ReadOnlySpan<Dirent>(in header)));
                Append(buffer, ref used, entry.Name);
            }
        }
        return memory.Write(a[4].U32, (uint)used);
    }

    static void Append(Span<byte> buffer, ref int used, ReadOnlySpan<byte> bytes)
    {
        int n = int.Min(bytes.Length, buffer.Length - used);
        bytes[..n].CopyTo(buffer[used..]);
        used += n;
    }

    [StructLayout(LayoutKind.Explicit, Size = 24)]
    struct Dirent
    {
        [FieldOffset(0)] public ulong Next;
        [FieldOffset(8)] public ulong Inode;
        [FieldOffset(16)] public uint NameLength;
        [FieldOffset(20)] public FileType Type;
    }
}
