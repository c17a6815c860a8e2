using System.Text.Unicode;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>A path argument: a directory's number and text. The text is copied out of the guest's memory before it is looked at.</summary>
internal unsafe ref struct GuestPath
{
    public const int Max = 4096;

    fixed byte _bytes[Max];
    int _length;

    public int Directory;

    /// <summary>The path, valid while this value lives.</summary>
    // SAFETY: a GuestPath is a ref struct in a local of the caller, so it does not move.
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            fixed (byte* p = _bytes)
                return new ReadOnlySpan<byte>(p, _length);
        }
    }

    /// <summary>Checks the directory's rights and reads the text.</summary>
    public static Errno Read(WasiContext context, GuestMemory memory, uint directory, Rights rights, uint address, uint length, out GuestPath path)
    {
        path = default;
        Errno errno = context.Descriptors.Get(directory, Rights.None, out Descriptor descriptor);
        if (errno != Errno.Success)
            return errno;
        if (descriptor is not DirectoryDescriptor handle)
            return Errno.NotDir;
        if ((descriptor.Rights & rights) != rights)
            return Errno.NotCapable;
        path.Directory = handle.Handle;
        return ReadText(memory, address, length, ref path);
    }

    /// <summary>Reads the text alone (a symbolic link's target).</summary>
    public static Errno ReadText(GuestMemory memory, uint address, uint length, ref GuestPath path)
    {
        if (!memory.TrySlice(address, length, out Span<byte> text))
            return Errno.Fault;
        if (length >= Max)
            return Errno.NameTooLong;
        fixed (byte* p = path._bytes)
        {
            var copy = new Span<byte>(p, (int)length);
            text.CopyTo(copy);
            path._length = (int)length;
            return copy.Contains((byte)0) ? Errno.Inval : Utf8.IsValid(copy) ? Errno.Success : Errno.IlSeq;
        }
    }
}
