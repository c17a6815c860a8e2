using Hornet.Wasi.Host;

namespace Hornet.Wasi.Descriptors;

/// <summary>What the operating system has a handle for.</summary>
internal abstract class HandleDescriptor(IHostSystem host, int handle, bool owned, FileType type, Rights rights, Rights inheriting)
    : Descriptor(type, rights, inheriting)
{
    bool _open = true;

    protected IHostSystem Host { get; } = host;
    public int Handle { get; } = handle;
    /// <summary>Whether the handle is ours alone: then its modes may be changed, and it is closed with the descriptor.</summary>
    protected bool Owned { get; } = owned;

    public override Errno Stat(out FileStat stat) => Host.Stat(Handle, out stat);
    public override Errno SetTimes(ulong accessTime, ulong modificationTime, FstFlags flags) => Host.SetTimes(Handle, accessTime, modificationTime, flags);

    public override void Dispose()
    {
        if (_open && Owned)
            Host.Close(Handle);
        _open = false;
    }

    /// <summary>A handle that was just opened, or one that the process was started with, as what it is.</summary>
    public static Errno Create(IHostSystem host, int handle, bool owned, Rights rights, Rights inheriting, FdFlags flags, out Descriptor descriptor)
    {
        descriptor = null!;
        Errno errno = host.Stat(handle, out FileStat stat);
        if (errno != Errno.Success)
            return errno;
        switch (stat.Type)
        {
            case FileType.Directory:
                descriptor = new DirectoryDescriptor(host, handle, rights & Rights.Directory, inheriting, flags, null);
                break;
            case FileType.SocketStream:
                descriptor = new SocketDescriptor(host, handle, owned, rights & Rights.Socket, flags);
                break;
            case FileType.RegularFile or FileType.BlockDevice:
                descriptor = new FileDescriptor(host, handle, owned, stat.Type, rights & Rights.RegularFile, flags);
                break;
            default:
                bool terminal = stat.Type == FileType.CharacterDevice && host.IsTerminal(handle);
                // A device with a position (/dev/null, /dev/zero) must not look like a terminal: see Rights.Stream.
                Rights possible = stat.Type == FileType.CharacterDevice && !terminal ? Rights.Stream | Rights.FdSeek | Rights.FdTell : Rights.Stream;
                descriptor = new StreamHandleDescriptor(host, handle, owned, stat.Type, rights & possible, flags);
                break;
        }
        return Errno.Success;
    }
}

/// <summary>A regular file or a block device: always ready, has a position.</summary>
internal sealed unsafe class FileDescriptor : HandleDescriptor
{
    const FdFlags Syncing = FdFlags.DSync | FdFlags.Sync | FdFlags.RSync;

    /// <summary>What the handle was opened with.</summary>
    readonly FdFlags _opened;

    public FileDescriptor(IHostSystem host, int handle, bool owned, FileType type, Rights rights, FdFlags flags)
        : base(host, handle, owned, type, rights, Rights.None) => Flags = _opened = flags;

    public override Errno TryRead(IoVec* vectors, int count, out ulong length) => Host.Read(Handle, vectors, count, -1, out length);

    public override Errno TryWrite(IoVec* vectors, int count, out ulong length) =>
        Synced(Host.Write(Handle, vectors, count, -1, out length));

    public override Errno ReadAt(IoVec* vectors, int count, ulong offset, out ulong length) =>
        offset > long.MaxValue ? Refuse(out length, Errno.Inval) : Host.Read(Handle, vectors, count, (long)offset, out length);

    public override Errno WriteAt(IoVec* vectors, int count, ulong offset, out ulong length) =>
        offset > long.MaxValue ? Refuse(out length, Errno.Inval) : Synced(Host.Write(Handle, vectors, count, (long)offset, out length));

    /// <summary>Linux cannot switch O_SYNC on later, so flags that were set later are kept here.</summary>
    Errno Synced(Errno errno) =>
        errno != Errno.Success || (Flags & Syncing & ~_opened) == 0 ? errno : Host.Sync(Handle, (Flags & (FdFlags.Sync | FdFlags.RSync)) == 0);

    public override Errno Seek(long offset, Whence whence, out ulong position) => Host.Seek(Handle, offset, whence, out position);
    public override Errno SetSize(ulong size) => Host.SetSize(Handle, size);
    public override Errno Allocate(ulong offset, ulong length) => Host.Allocate(Handle, offset, length);
    public override Errno Advise(ulong offset, ulong length, byte advice) => Host.Advise(Handle, offset, length, advice);
    public override Errno Sync(bool dataOnly) => Host.Sync(Handle, dataOnly);

    public override Errno SetFlags(FdFlags flags)
    {
        Errno errno = ((Flags ^ flags) & FdFlags.Append) == 0 ? Errno.Success
            // Others hold an inherited handle too: its mode is theirs.
            : Owned ? Host.SetAppend(Handle, (flags & FdFlags.Append) != 0) : Errno.NotSup;
        if (errno == Errno.Success)
            Flags = flags;
        return errno;
    }

    public override ulong Available =>
        Host.Stat(Handle, out FileStat stat) == Errno.Success && Host.Seek(Handle, 0, Whence.Current, out ulong at) == Errno.Success && stat.Size > at
            ? stat.Size - at : 0;
}

/// <summary>A pipe, a FIFO, a terminal or another device.</summary>
internal sealed unsafe class StreamHandleDescriptor : HandleDescriptor
{
    public StreamHandleDescriptor(IHostSystem host, int handle, bool owned, FileType type, Rights rights, FdFlags flags)
        : base(host, handle, owned, type, rights, Rights.None) => Flags = flags;

    public override Errno TryRead(IoVec* vectors, int count, out ulong length) => Host.TryRead(Handle, vectors, count, out length);
    public override Errno TryWrite(IoVec* vectors, int count, out ulong length) => Host.TryWrite(Handle, vectors, count, out length);
    public override Errno Seek(long offset, Whence whence, out ulong position) => Host.Seek(Handle, offset, whence, out position);
    public override int WaitHandle => Handle;
    public override ulong Available => Host.Available(Handle);
}

/// <summary>A directory; a preopened one has the name that the guest knows it by.</summary>
internal sealed class DirectoryDescriptor : HandleDescriptor
{
    public DirectoryDescriptor(IHostSystem host, int handle, Rights rights, Rights inheriting, FdFlags flags, byte[]? preopenName)
        : base(host, handle, owned: true, FileType.Directory, rights, inheriting)
    {
        Flags = flags;
        PreopenName = preopenName;
    }

    public byte[]? PreopenName { get; }

    /// <summary>
    /// Where the system's reading goes on after the first, second, ... entry. The guest gets the small numbers: a 32-bit guest's telldir
    /// cannot hold the system's own positions, which are hashes of 63 bits on some file systems.
    /// </summary>
    readonly List<ulong> _positions = [];

    /// <summary>The system's position for a guest's cookie; a cookie is the number of entries before it.</summary>
    public bool TryGetPosition(ulong cookie, out ulong position)
    {
        bool known = cookie <= (ulong)_positions.Count;
        position = cookie == 0 || !known ? 0 : _positions[(int)cookie - 1];
        return known;
    }

    /// <summary>Notes the position after an entry.</summary>
    public void SetPosition(ulong cookie, ulong position)
    {
        if (cookie <= (ulong)_positions.Count)
            _positions[(int)cookie - 1] = position;
        else
            _positions.Add(position);
    }

    public override unsafe Errno TryRead(IoVec* vectors, int count, out ulong length) => Refuse(out length, Errno.IsDir);
    public override unsafe Errno TryWrite(IoVec* vectors, int count, out ulong length) => Refuse(out length, Errno.IsDir);
    public override unsafe Errno ReadAt(IoVec* vectors, int count, ulong offset, out ulong length) => Refuse(out length, Errno.IsDir);
    public override unsafe Errno WriteAt(IoVec* vectors, int count, ulong offset, out ulong length) => Refuse(out length, Errno.IsDir);
    public override Errno Sync(bool dataOnly) => Host.Sync(Handle, dataOnly);
}
