namespace Hornet.Wasi.Host;

/// <summary>
/// The operating system, as far as WASI needs it. A handle is an operating system's descriptor; a path is the guest's, in UTF-8, without
/// a terminating zero, and is always resolved beneath its directory. Nothing here throws for what a guest can cause.
/// No operation waits, except on the storage behind regular files: what could wait answers <see cref="Errno.Again"/>, and
/// <see cref="Wait"/> says when to come back.
/// </summary>
internal unsafe interface IHostSystem
{
    // Paths beneath a directory.
    Errno Open(int directory, ReadOnlySpan<byte> path, bool follow, bool read, bool write, OFlags oflags, FdFlags flags, out int handle);
    Errno OpenPreopen(string hostPath, out int handle);
    Errno OpenHostFile(string hostPath, bool write, out int handle);
    Errno Stat(int directory, ReadOnlySpan<byte> path, bool follow, out FileStat stat);
    Errno SetTimes(int directory, ReadOnlySpan<byte> path, bool follow, ulong accessTime, ulong modificationTime, FstFlags flags);
    Errno CreateDirectory(int directory, ReadOnlySpan<byte> path);
    Errno RemoveDirectory(int directory, ReadOnlySpan<byte> path);
    Errno Unlink(int directory, ReadOnlySpan<byte> path);
    Errno Rename(int oldDirectory, ReadOnlySpan<byte> oldPath, int newDirectory, ReadOnlySpan<byte> newPath);
    Errno Link(int oldDirectory, ReadOnlySpan<byte> oldPath, int newDirectory, ReadOnlySpan<byte> newPath);
    Errno Symlink(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> path);
    Errno ReadLink(int directory, ReadOnlySpan<byte> path, Span<byte> target, out int length);

    // Open handles.
    void Close(int handle);
    Errno Stat(int handle, out FileStat stat);
    Errno SetTimes(int handle, ulong accessTime, ulong modificationTime, FstFlags flags);
    Errno SetSize(int handle, ulong size);
    Errno Allocate(int handle, ulong offset, ulong length);
    Errno Advise(int handle, ulong offset, ulong length, byte advice);
    Errno Sync(int handle, bool dataOnly);
    Errno Seek(int handle, long offset, Whence whence, out ulong position);
    Errno SetAppend(int handle, bool append);
    FdFlags Flags(int handle);
    bool IsTerminal(int handle);
    /// <summary>Whether the process was started with this handle. Where a standard stream was closed, its number may be one of the runtime's own by now.</summary>
    bool IsInherited(int handle);
    /// <summary>Entries of a directory after <paramref name="cookie"/> in the system's own form; read them with <see cref="NextEntry"/>.</summary>
    Errno ReadEntries(int handle, ulong cookie, Span<byte> entries, out int length);
    /// <summary>Takes one entry off what <see cref="ReadEntries"/> gave.</summary>
    bool NextEntry(ref ReadOnlySpan<byte> entries, out DirectoryEntry entry);

    // Bytes.
    /// <summary>Regular files and directories: reads at the handle's own position, or at <paramref name="offset"/> where it is not negative.</summary>
    Errno Read(int handle, IoVec* vectors, int count, long offset, out ulong length);
    Errno Write(int handle, IoVec* vectors, int count, long offset, out ulong length);
    /// <summary>Streams: reads what is there; <see cref="Errno.Again"/> where nothing is.</summary>
    Errno TryRead(int handle, IoVec* vectors, int count, out ulong length);
    /// <summary>Streams: writes what fits; <see cref="Errno.Again"/> where nothing does.</summary>
    Errno TryWrite(int handle, IoVec* vectors, int count, out ulong length);
    /// <summary>Bytes that can be read at once, as far as the system knows.</summary>
    ulong Available(int handle);

    // Sockets.
    Errno Listen(System.Net.IPEndPoint address, out int listener);
    Errno TryAccept(int listener, out int connection);
    Errno TryReceive(int socket, IoVec* vectors, int count, bool peek, bool waitAll, out ulong length, out bool truncated);
    Errno TrySend(int socket, IoVec* vectors, int count, out ulong length);
    Errno Shutdown(int socket, bool read, bool write);

    // Waiting.
    /// <summary>Waits until one of the handles is ready or <paramref name="timeoutNanoseconds"/> have passed (negative: for ever).</summary>
    Errno Wait(Span<HandleInterest> handles, long timeoutNanoseconds);
    /// <summary>A handle that is ready to be read between <see cref="SignalWake"/> and <see cref="ClearWake"/>.</summary>
    int CreateWake();
    void SignalWake(int wake);
    void ClearWake(int wake);
    void Yield();
    /// <summary>A handle that is ready to be read when one of those that it watches is.</summary>
    int CreateWatch();
    /// <summary>Watches a handle for events of poll's until it was ready once; again where it is watched already. Fails for handles that are always ready.</summary>
    Errno Watch(int watch, int handle, short events);
    void Unwatch(int watch, int handle);
    /// <summary>The watched handles that are ready, as many as fit.</summary>
    int TakeReady(int watch, Span<int> handles);

    // Clocks and random numbers.
    Errno ClockTime(uint clock, out ulong nanoseconds);
    Errno ClockResolution(uint clock, out ulong nanoseconds);
    void FillRandom(Span<byte> bytes);
}

/// <summary>One buffer of a scattered read or a gathered write; laid out as the system's own <c>struct iovec</c>.</summary>
internal unsafe struct IoVec
{
    public byte* Base;
    public nuint Length;
}

/// <summary>A handle to wait for, and what came of it; laid out as <c>struct pollfd</c>.</summary>
internal struct HandleInterest
{
    public int Handle;
    public short Wanted, Ready;
}

/// <summary>An entry of a directory.</summary>
internal ref struct DirectoryEntry
{
    public ReadOnlySpan<byte> Name;
    public ulong Inode, NextCookie;
    public FileType Type;
}
