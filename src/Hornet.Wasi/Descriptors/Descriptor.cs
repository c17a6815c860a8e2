using Hornet.Wasi.Host;

namespace Hornet.Wasi.Descriptors;

/// <summary>
/// Something that a guest has a number for. Every operation either finishes now or answers <see cref="Errno.Again"/>; then
/// <see cref="WaitHandle"/> or <see cref="IsReady"/> says when to try again. Who blocks, polls or awaits on that is the interface's
/// business, not the descriptor's.
/// </summary>
internal abstract unsafe class Descriptor(FileType type, Rights rights, Rights inheriting) : IDisposable
{
    public FileType Type { get; } = type;
    public Rights Rights { get; set; } = rights;
    /// <summary>What descriptors that are opened beneath this one may have.</summary>
    public Rights Inheriting { get; set; } = inheriting;
    public FdFlags Flags { get; protected set; }
    public bool NonBlocking => (Flags & FdFlags.NonBlock) != 0;

    /// <summary>Reads what is there into the buffers; success with nothing read is the end.</summary>
    public virtual Errno TryRead(IoVec* vectors, int count, out ulong length) => Refuse(out length);
    /// <summary>Writes what fits now.</summary>
    public virtual Errno TryWrite(IoVec* vectors, int count, out ulong length) => Refuse(out length);
    /// <summary>Whether what <see cref="TryWrite"/> took has arrived; else <see cref="Errno.Again"/>, or why it did not.</summary>
    public virtual Errno TryFlush() => Errno.Success;
    public virtual Errno ReadAt(IoVec* vectors, int count, ulong offset, out ulong length) => Refuse(out length, Errno.SPipe);
    public virtual Errno WriteAt(IoVec* vectors, int count, ulong offset, out ulong length) => Refuse(out length, Errno.SPipe);
    public virtual Errno Seek(long offset, Whence whence, out ulong position) => Refuse(out position, Errno.SPipe);
    public virtual Errno SetFlags(FdFlags flags)
    {
        Flags = flags;
        return Errno.Success;
    }

    public virtual Errno Stat(out FileStat stat)
    {
        stat = new FileStat { Type = Type, Links = 1 };
        return Errno.Success;
    }

    public virtual Errno SetTimes(ulong accessTime, ulong modificationTime, FstFlags flags) => Errno.BadF;
    public virtual Errno SetSize(ulong size) => Errno.Inval;
    public virtual Errno Allocate(ulong offset, ulong length) => Errno.BadF;
    public virtual Errno Advise(ulong offset, ulong length, byte advice) => Errno.SPipe;
    public virtual Errno Sync(bool dataOnly) => Errno.Inval;

    /// <summary>What the system can wait for, or -1 where <see cref="IsReady"/> tells.</summary>
    public virtual int WaitHandle => -1;
    /// <summary>Whether an operation would not answer <see cref="Errno.Again"/>; asked only where there is no <see cref="WaitHandle"/>.</summary>
    public virtual bool IsReady(Interest interest) => true;
    /// <summary>Bytes that a read would give at once, as far as that is known.</summary>
    public virtual ulong Available => 0;

    public virtual void Dispose() { }

    private protected static Errno Refuse(out ulong value, Errno errno = Errno.BadF)
    {
        value = 0;
        return errno;
    }
}

/// <summary>Reads as empty, swallows what is written: a standard stream that nobody has configured.</summary>
internal sealed unsafe class NullDescriptor(Rights rights) : Descriptor(FileType.Unknown, rights, Rights.None)
{
    public override Errno TryRead(IoVec* vectors, int count, out ulong length) => Refuse(out length, Errno.Success);

    public override Errno TryWrite(IoVec* vectors, int count, out ulong length)
    {
        length = 0;
        for (int i = 0; i < count; i++)
            length += vectors[i].Length;
        return Errno.Success;
    }
}
