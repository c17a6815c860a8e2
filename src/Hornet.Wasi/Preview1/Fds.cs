using System.Runtime.InteropServices;
using Hornet.Runtime;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>fd_*: what a number is, and its attributes. Bytes and directory entries are in <see cref="FdTransfers"/>.</summary>
internal static unsafe class Fds
{
    public static Errno Advise(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdAdvise, out Descriptor descriptor);
        return errno != Errno.Success ? errno : a[3].U32 > 5 ? Errno.Inval : descriptor.Advise(a[1].U64, a[2].U64, (byte)a[3].U32);
    }

    public static Errno Allocate(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdAllocate, out Descriptor descriptor);
        return errno != Errno.Success ? errno : descriptor.Allocate(a[1].U64, a[2].U64);
    }

    public static Errno Close(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        context.Waker.DescriptorGoes();
        return context.Descriptors.Close(a[0].U32);
    }


    public static Errno Datasync(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdDatasync, out Descriptor descriptor);
        return errno != Errno.Success ? errno : descriptor.Sync(dataOnly: true);
    }

    public static Errno Sync(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdSync, out Descriptor descriptor);
        return errno != Errno.Success ? errno : descriptor.Sync(dataOnly: false);
    }

    public static Errno FdstatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor descriptor);
        return errno != Errno.Success ? errno : memory.Write(a[1].U32, new Fdstat
        {
            Type = descriptor.Type,
            Flags = descriptor.Flags,
            Rights = descriptor.Rights,
            Inheriting = descriptor.Inheriting,
        });
    }

    public static Errno FdstatSetFlags(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdFdstatSetFlags, out Descriptor descriptor);
        return errno != Errno.Success ? errno : a[1].U32 > 31 ? Errno.Inval : descriptor.SetFlags((FdFlags)a[1].U32);
    }

    public static Errno FdstatSetRights(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        var rights = (Rights)a[1].U64;
        var inheriting = (Rights)a[2].U64;
        // Rights can only be given up.
        if ((rights & ~descriptor.Rights) != 0 || (inheriting & ~descriptor.Inheriting) != 0)
            return Errno.NotCapable;
        descriptor.Rights = rights;
        descriptor.Inheriting = inheriting;
        return Errno.Success;
    }

    public static Errno FilestatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = StatOf(context, a[0].U32, out FileStat stat);
        return errno != Errno.Success ? errno : memory.Write(a[1].U32, new Filestat(stat));
    }

    /// <summary>wasi_unstable's form, whose link count has 32 bits.</summary>
    public static Errno UnstableFilestatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = StatOf(context, a[0].U32, out FileStat stat);
        return errno != Errno.Success ? errno : memory.Write(a[1].U32, new UnstableFilestat(stat));
    }

    static Errno StatOf(WasiContext context, uint number, out FileStat stat)
    {
        stat = default;
        Errno errno = context.Descriptors.Get(number, Rights.FdFilestatGet, out Descriptor descriptor);
        return errno != Errno.Success ? errno : descriptor.Stat(out stat);
    }

    public static Errno FilestatSetSize(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdFilestatSetSize, out Descriptor descriptor);
        return errno != Errno.Success ? errno : descriptor.SetSize(a[1].U64);
    }

    public static Errno FilestatSetTimes(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.FdFilestatSetTimes, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        ulong access = a[1].U64, modification = a[2].U64;
        errno = Times(context, a[3].U32, ref access, ref modification, out FstFlags flags);
        return errno != Errno.Success ? errno : descriptor.SetTimes(access, modification, flags);
    }

    /// <summary>Checks the flags. "Now" is the guest's now where its clock is replaced.</summary>
    internal static Errno Times(WasiContext context, uint bits, ref ulong access, ref ulong modification, out FstFlags flags)
    {
        flags = (FstFlags)bits;
        const FstFlags accessBoth = FstFlags.AccessTime | FstFlags.AccessTimeNow, modificationBoth = FstFlags.ModificationTime | FstFlags.ModificationTimeNow;
        if (bits > 15 || (flags & accessBoth) == accessBoth || (flags & modificationBoth) == modificationBoth)
            return Errno.Inval;
        if (!context.Clock.IsReplaced)
            return Errno.Success;
        if ((flags & FstFlags.AccessTimeNow) != 0)
        {
            _ = context.Clock.Time(WasiClock.Realtime, out access);
            flags ^= accessBoth;
        }
        if ((flags & FstFlags.ModificationTimeNow) != 0)
        {
            _ = context.Clock.Time(WasiClock.Realtime, out modification);
            flags ^= modificationBoth;
        }
        return Errno.Success;
    }

    public static Errno PrestatGet(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        // wasi-libc looks for directories from 3 on and stops at the first bad descriptor: a listener before them must not look like one.
        // It passes over kinds that it does not know.
        if (descriptor is ListenerDescriptor)
            return memory.Write(a[1].U32, 1UL);
        return descriptor is DirectoryDescriptor { PreopenName: { } name } ? memory.Write(a[1].U32, (ulong)name.Length << 32) : Errno.BadF;
    }

    public static Errno PrestatDirName(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = context.Descriptors.Get(a[0].U32, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        if (descriptor is not DirectoryDescriptor { PreopenName: { } name })
            return Errno.BadF;
        if (a[2].U32 < (uint)name.Length)
            return Errno.NameTooLong;
        if (!memory.TrySlice(a[1].U32, (uint)name.Length, out Span<byte> buffer))
            return Errno.Fault;
        name.CopyTo(buffer);
        return Errno.Success;
    }

    public static Errno Renumber(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        context.Waker.DescriptorGoes();
        return context.Descriptors.Renumber(a[0].U32, a[1].U32);
    }

    public static Errno Seek(WasiContext context, GuestMemory memory, ValRaw* a) => Seek(context, memory, a, a[2].U32);

    /// <summary>wasi_unstable counts the origins differently: current, end, set.</summary>
    public static Errno UnstableSeek(WasiContext context, GuestMemory memory, ValRaw* a) =>
        Seek(context, memory, a, a[2].U32 switch { 0 => (uint)Whence.Current, 1 => (uint)Whence.End, 2 => (uint)Whence.Set, _ => uint.MaxValue });

    static Errno Seek(WasiContext context, GuestMemory memory, ValRaw* a, uint whence)
    {
        // Asking where one is needs less than going elsewhere.
        Rights rights = a[1].I64 == 0 && whence == (uint)Whence.Current ? Rights.FdTell : Rights.FdSeek;
        Errno errno = Positioned(context, a[0].U32, rights, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        if (whence > (uint)Whence.End)
            return Errno.Inval;
        errno = descriptor.Seek(a[1].I64, (Whence)whence, out ulong position);
        return errno != Errno.Success ? errno : memory.Write(a[3].U32, position);
    }

    public static Errno Tell(WasiContext context, GuestMemory memory, ValRaw* a)
    {
        Errno errno = Positioned(context, a[0].U32, Rights.FdTell, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        errno = descriptor.Seek(0, Whence.Current, out ulong position);
        return errno != Errno.Success ? errno : memory.Write(a[1].U32, position);
    }

    /// <summary>A pipe lacks the right to seek because it has no position: the guest gets POSIX's word for that, not "not capable".</summary>
    static Errno Positioned(WasiContext context, uint number, Rights rights, out Descriptor descriptor)
    {
        Errno errno = context.Descriptors.Get(number, rights, out descriptor);
        return errno == Errno.NotCapable && descriptor.Type is FileType.Unknown or FileType.SocketStream or FileType.CharacterDevice ? Errno.SPipe : errno;
    }

    /// <summary>A file's attributes in preview 1's layout.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct Filestat
    {
        [FieldOffset(0)] public ulong Device;
        [FieldOffset(8)] public ulong Inode;
        [FieldOffset(16)] public FileType Type;
        [FieldOffset(24)] public ulong Links;
        [FieldOffset(32)] public ulong Size;
        [FieldOffset(40)] public ulong AccessTime;
        [FieldOffset(48)] public ulong ModificationTime;
        [FieldOffset(56)] public ulong ChangeTime;

        public Filestat(in FileStat stat)
        {
            this = default;
            (Device, Inode, Type, Links, Size) = (stat.Device, stat.Inode, stat.Type, stat.Links, stat.Size);
            (AccessTime, ModificationTime, ChangeTime) = (stat.AccessTime, stat.ModificationTime, stat.ChangeTime);
        }
    }

    /// <summary>The same in wasi_unstable's layout.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    internal struct UnstableFilestat
    {
        [FieldOffset(0)] public ulong Device;
        [FieldOffset(8)] public ulong Inode;
        [FieldOffset(16)] public FileType Type;
        [FieldOffset(20)] public uint Links;
        [FieldOffset(24)] public ulong Size;
        [FieldOffset(32)] public ulong AccessTime;
        [FieldOffset(40)] public ulong ModificationTime;
        [FieldOffset(48)] public ulong ChangeTime;

        public UnstableFilestat(in FileStat stat)
        {
            this = default;
            (Device, Inode, Type, Links, Size) = (stat.Device, stat.Inode, stat.Type, (uint)ulong.Min(stat.Links, uint.MaxValue), stat.Size);
            (AccessTime, ModificationTime, ChangeTime) = (stat.AccessTime, stat.ModificationTime, stat.ChangeTime);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 24)]
    struct Fdstat
    {
        [FieldOffset(0)] public FileType Type;
        [FieldOffset(2)] public FdFlags Flags;
        [FieldOffset(8)] public Rights Rights;
        [FieldOffset(16)] public Rights Inheriting;
    }
}
