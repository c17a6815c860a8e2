using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>path_*.</summary>
internal static unsafe class Paths
{
    const uint Follow = 1;

    public static Errno CreateDirectory(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathCreateDirectory, a[1].U32, a[2].U32, out GuestPath path);
        return errno != Errno.Success ? errno : context.Host.CreateDirectory(path.Directory, path.Bytes);
    }

    public static Errno RemoveDirectory(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathRemoveDirectory, a[1].U32, a[2].U32, out GuestPath path);
        return errno != Errno.Success ? errno : context.Host.RemoveDirectory(path.Directory, path.Bytes);
    }

    public static Errno UnlinkFile(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathUnlinkFile, a[1].U32, a[2].U32, out GuestPath path);
        return errno != Errno.Success ? errno : context.Host.Unlink(path.Directory, path.Bytes);
    }

    public static Errno FilestatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = StatOf(context, memory, a, out FileStat stat);
        return errno != Errno.Success ? errno : memory.Write(a[4].U32, new Fds.Filestat(stat));
    }

    /// <summary>wasi_unstable's form, whose link count has 32 bits.</summary>
    public static Errno UnstableFilestatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = StatOf(context, memory, a, out FileStat stat);
        return errno != Errno.Success ? errno : memory.Write(a[4].U32, new Fds.UnstableFilestat(stat));
    }

    static Errno StatOf(WasiContext context, GuestMemory memory, ValRaw* a, out FileStat stat)
    {
        stat = default;
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathFilestatGet, a[2].U32, a[3].U32, out GuestPath path);
        return errno != Errno.Success ? errno : context.Host.Stat(path.Directory, path.Bytes, (a[1].U32 & Follow) != 0, out stat);
    }

    public static Errno FilestatSetTimes(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathFilestatSetTimes, a[2].U32, a[3].U32, out GuestPath path);
        if (errno != Errno.Success)
            return errno;
        ulong access = a[4].U64, modification = a[5].U64;
        errno = Fds.Times(context, a[6].U32, ref access, ref modification, out FstFlags flags);
        return errno != Errno.Success ? errno
            : context.Host.SetTimes(path.Directory, path.Bytes, (a[1].U32 & Follow) != 0, access, modification, flags);
    }

    public static Errno Link(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathLinkSource, a[2].U32, a[3].U32, out GuestPath from);
        if (errno != Errno.Success)
            return errno;
        errno = GuestPath.Read(context, memory, a[4].U32, Rights.PathLinkTarget, a[5].U32, a[6].U32, out GuestPath to);
        if (errno != Errno.Success)
            return errno;
        // As Wasmtime: a hard link to what a symbolic link names cannot be made without a race.
        return (a[1].U32 & Follow) != 0 ? Errno.Inval : context.Host.Link(from.Directory, from.Bytes, to.Directory, to.Bytes);
    }

    public static Errno Rename(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathRenameSource, a[1].U32, a[2].U32, out GuestPath from);
        if (errno != Errno.Success)
            return errno;
        errno = GuestPath.Read(context, memory, a[3].U32, Rights.PathRenameTarget, a[4].U32, a[5].U32, out GuestPath to);
        return errno != Errno.Success ? errno : context.Host.Rename(from.Directory, from.Bytes, to.Directory, to.Bytes);
    }

    public static Errno Symlink(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        GuestPath target = default;
        Errno errno = GuestPath.ReadText(memory, a[0].U32, a[1].U32, ref target);
        if (errno != Errno.Success)
            return errno;
        errno = GuestPath.Read(context, memory, a[2].U32, Rights.PathSymlink, a[3].U32, a[4].U32, out GuestPath path);
        if (errno != Errno.Success)
            return errno;
        // An absolute link could not be followed by this guest, but by others who use the directory.
        return target.Bytes is [(byte)'/', ..] ? Errno.Perm : context.Host.Symlink(target.Bytes, path.Directory, path.Bytes);
    }

    public static Errno Readlink(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = GuestPath.Read(context, memory, a[0].U32, Rights.PathReadlink, a[1].U32, a[2].U32, out GuestPath path);
        if (errno != Errno.Success)
            return errno;
        if (!memory.TrySlice(a[3].U32, a[4].U32, out Span<byte> buffer))
            return Errno.Fault;
        // The system wants room for a byte at least.
        Span<byte> target = stackalloc byte[GuestPath.Max];
        errno = context.Host.ReadLink(path.Directory, path.Bytes, target, out int length);
        if (errno != Errno.Success)
            return errno;
        // Perhaps the host's own layout: a link that a host's administrator made is no secret worth more than its use.
        length = int.Min(length, buffer.Length);
        target[..length].CopyTo(buffer);
        return memory.Write(a[5].U32, length);
    }

    public static Errno Open(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        // path_open(fd, dirflags, path, path_len, oflags, fs_rights_base, fs_rights_inheriting, fdflags, opened_fd)
        uint oflagBits = a[4].U32, fdflagBits = a[7].U32;
        var oflags = (OFlags)oflagBits;
        var fdflags = (FdFlags)fdflagBits;
        var wanted = (Rights)a[5].U64;
        Rights onDirectory = Rights.PathOpen;
        if ((oflags & OFlags.Create) != 0)
            onDirectory |= Rights.PathCreateFile;
        if ((oflags & OFlags.Truncate) != 0)
            onDirectory |= Rights.PathFilestatSetSize;
        Errno errno = GuestPath.Read(context, memory, a[0].U32, onDirectory, a[2].U32, a[3].U32, out GuestPath path);
        if (errno != Errno.Success)
            return errno;
        if (oflagBits > 15 || fdflagBits > 31 || (oflags & (OFlags.Directory | OFlags.Create)) == (OFlags.Directory | OFlags.Create))
            return Errno.Inval;
        _ = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor directory);
        // Compilers' libraries ask for all that could ever be useful, so what cannot be had is left out; but who asks to write and may not
        // must learn it now.
        Rights granted = wanted & directory.Inheriting;
        if ((wanted & Rights.FdWrite) != 0 && (granted & Rights.FdWrite) == 0)
            return Errno.NotCapable;
        if (!memory.Contains(a[8].U32, 4))
            return Errno.Fault;
        bool read = (granted & (Rights.FdRead | Rights.FdReaddir)) != 0;
        bool write = (granted & (Rights.FdWrite | Rights.FdAllocate | Rights.FdFilestatSetSize)) != 0;
        errno = context.Host.Open(path.Directory, path.Bytes, (a[1].U32 & Follow) != 0, read, write, oflags, fdflags, out int handle);
        if (errno != Errno.Success)
            return errno;
        errno = HandleDescriptor.Create(context.Host, handle, owned: true, granted, (Rights)a[6].U64 & directory.Inheriting, fdflags, out Descriptor opened);
        if (errno != Errno.Success)
        {
            context.Host.Close(handle);
            return errno;
        }
        errno = context.Descriptors.Add(opened, out uint number);
        if (errno != Errno.Success)
        {
            opened.Dispose();
            return errno;
        }
        return memory.Write(a[8].U32, number);
    }
}
