namespace Hornet.Wasi.Host;

/// <summary>
/// The kernel resolves: openat2 with RESOLVE_BENEATH (Linux 5.6) cannot leave the directory, and RESOLVE_NO_MAGICLINKS keeps it off the
/// links of /proc that lead anywhere. Where the kernel does not know the call, or gives up because names change all the time under
/// "..", <paramref name="fallback"/> does the work.
/// </summary>
internal sealed unsafe class KernelResolver(IPathResolver fallback) : IPathResolver
{
    /// <summary>The kernel answers EAGAIN when anything was renamed anywhere while it resolved "..".</summary>
    const int Attempts = 64;

    bool _missing;

    public Errno Open(int directory, ReadOnlySpan<byte> path, int flags, uint mode, out int handle)
    {
        if (_missing)
            return fallback.Open(directory, path, flags, mode, out handle);
        handle = -1;
        // SAFETY: the path is copied, with a zero at its end, to a buffer one byte longer.
        byte* name = stackalloc byte[path.Length + 1];
        path.CopyTo(new Span<byte>(name, path.Length));
        name[path.Length] = 0;
        var how = new Libc.OpenHow
        {
            Flags = (uint)(flags | Libc.O_CLOEXEC),
            Mode = (flags & Libc.O_CREAT) != 0 ? mode : 0,
            Resolve = Libc.RESOLVE_BENEATH | Libc.RESOLVE_NO_MAGICLINKS,
        };
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            nint result = Libc.syscall(Libc.SYS_openat2, directory, (nint)name, (nint)(&how), sizeof(Libc.OpenHow));
            if (result >= 0)
            {
                handle = (int)result;
                return Errno.Success;
            }
            switch (Libc.LastError)
            {
                case Libc.EAGAIN or Libc.EINTR:
                    continue;
                case Libc.EXDEV:
                    return Errno.Perm;
                case Libc.ENOSYS:
                    _missing = true;
                    return fallback.Open(directory, path, flags, mode, out handle);
                // A container's filter may answer EPERM for calls it does not know; the walk tells the two apart.
                case Libc.EPERM:
                    return fallback.Open(directory, path, flags, mode, out handle);
                case int error:
                    return Libc.Translate(error);
            }
        }
        return fallback.Open(directory, path, flags, mode, out handle);
    }
}
