namespace Hornet.Wasi.Host;

/// <summary>
/// Resolves one component at a time and never lets the kernel follow anything: each directory on the way is opened by its bare name with
/// O_NOFOLLOW, a symbolic link's text is read and put before what is left of the path, and ".." goes back to the handle of the directory
/// that we came from, never to the file system's "..". Nothing that others swap meanwhile can lead out: a name is looked up once, in
/// a directory that was reached beneath the root. Needs only openat and readlinkat, so it serves wherever openat2 is not.
/// <code>
/// path   a/../link/f      link -> d/e
/// stack  [root] a         [root]          [root] d         [root] d e        open f
/// rest   ../link/f        link/f          e/f              f
/// </code>
/// </summary>
internal sealed unsafe class WalkResolver : IPathResolver
{
    /// <summary>As the kernel.</summary>
    const int MaxLinks = 40;
    const int MaxPath = 4096;
    /// <summary>Directories held at once, so that no path eats the host's descriptors.</summary>
    const int MaxDepth = 256;

    public Errno Open(int directory, ReadOnlySpan<byte> path, int flags, uint mode, out int handle)
    {
        handle = -1;
        if (path.Length == 0)
            return Errno.NoEnt;
        var walk = new Walk(directory, path);
        try
        {
            return walk.Run(flags, mode, out handle);
        }
        finally
        {
            walk.CloseAll();
        }
    }

    /// <summary>The state of one resolution: the directories from the root down, and what is left of the path.</summary>
    sealed class Walk(int root, ReadOnlySpan<byte> path)
    {
        readonly List<int> _stack = [];
        byte[] _rest = path.ToArray();
        int _links;

        int Here => _stack.Count == 0 ? root : _stack[^1];

        public void CloseAll()
        {
            foreach (int fd in _stack)
                _ = Libc.close(fd);
        }

        public Errno Run(int flags, uint mode, out int handle)
        {
            handle = -1;
            int at = 0;
            while (true)
            {
                if (at < _rest.Length && _rest[at] == (byte)'/')
                {
                    // Only the beginning of a path or of a link's text can be absolute.
                    if (at == 0)
                        return Errno.Perm;
                    while (at < _rest.Length && _rest[at] == (byte)'/')
                        at++;
                }
                int end = at;
                while (end < _rest.Length && _rest[end] != (byte)'/')
                    end++;
                ReadOnlySpan<byte> name = _rest.AsSpan(at..end);
                bool last = end == _rest.Length;

                if (name.Length == 0 || name is [(byte)'.'])
                {
                    if (last)
                        return OpenHere(flags, out handle);
                    at = end;
                    continue;
                }
                if (name is [(byte)'.', (byte)'.'])
                {
                    if (_stack.Count == 0)
                        return Errno.Perm;
                    _ = Libc.close(_stack[^1]);
                    _stack.RemoveAt(_stack.Count - 1);
                    if (last)
                        return OpenHere(flags, out handle);
                    at = end;
                    continue;
                }

                bool onlySlashes = _rest.AsSpan(end).TrimStart((byte)'/').Length == 0;
                if (!last && onlySlashes && (flags & Libc.O_CREAT) != 0)
                    return Errno.IsDir;
                int fd = last ? OpenName(name, flags | Libc.O_NOFOLLOW, mode) : OpenName(name, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_DIRECTORY, 0);
                if (fd >= 0)
                {
                    if (last && (flags & Libc.O_PATH) != 0 && (flags & Libc.O_NOFOLLOW) == 0 && IsLink(fd))
                        _ = Libc.close(fd); // O_PATH with O_NOFOLLOW opens the link itself
                    else if (last)
                    {
                        handle = fd;
                        return Errno.Success;
                    }
                    else
                    {
                        if (_stack.Count == MaxDepth)
                        {
                            _ = Libc.close(fd);
                            return Errno.NameTooLong;
                        }
                        _stack.Add(fd);
                        at = end;
                        continue;
                    }
                }
                else
                {
                    int error = Libc.LastError;
                    if (error is not (Libc.ELOOP or Libc.ENOTDIR) || last && (flags & Libc.O_NOFOLLOW) != 0)
                        return Libc.Translate(error);
                    if (last && (flags & (Libc.O_CREAT | Libc.O_EXCL)) == (Libc.O_CREAT | Libc.O_EXCL))
                        return Errno.Exist;
                    if (!IsLink(name))
                        return Libc.Translate(error);
                }
                Errno expanded = Expand(name, end);
                if (expanded != Errno.Success)
                    return expanded;
                at = 0;
            }
        }

        /// <summary>Puts a link's text in the place of what was walked so far.</summary>
        Errno Expand(ReadOnlySpan<byte> name, int end)
        {
            if (++_links > MaxLinks)
                return Errno.Loop;
            byte* text = stackalloc byte[MaxPath];
            byte* zeroEnded = stackalloc byte[name.Length + 1];
            Copy(name, zeroEnded);
            nint length = Libc.readlinkat(Here, zeroEnded, text, MaxPath);
            if (length < 0)
                return Libc.Translate(Libc.LastError);
            if (length == 0)
                return Errno.NoEnt;
            ReadOnlySpan<byte> remaining = _rest.AsSpan(end);
            if (length + remaining.Length > MaxPath)
                return Errno.NameTooLong;
            var rest = new byte[length + remaining.Length];
            new ReadOnlySpan<byte>(text, (int)length).CopyTo(rest);
            remaining.CopyTo(rest.AsSpan((int)length));
            _rest = rest;
            return Errno.Success;
        }

        /// <summary>The path ends at a directory that we hold: "." opens it anew with the wanted flags, and follows nothing.</summary>
        Errno OpenHere(int flags, out int handle)
        {
            handle = -1;
            if ((flags & Libc.O_CREAT) != 0)
                return (flags & Libc.O_EXCL) != 0 ? Errno.Exist : Errno.IsDir;
            handle = OpenName("."u8, flags | Libc.O_NOFOLLOW, 0);
            return handle < 0 ? Libc.Translate(Libc.LastError) : Errno.Success;
        }

        int OpenName(ReadOnlySpan<byte> name, int flags, uint mode)
        {
            byte* zeroEnded = stackalloc byte[name.Length + 1];
            Copy(name, zeroEnded);
            int fd;
            do
                fd = Libc.openat(Here, zeroEnded, flags | Libc.O_CLOEXEC, mode);
            while (fd < 0 && Libc.LastError == Libc.EINTR);
            return fd;
        }

        bool IsLink(ReadOnlySpan<byte> name)
        {
            int fd = OpenName(name, Libc.O_PATH | Libc.O_NOFOLLOW, 0);
            if (fd < 0)
                return false;
            bool link = IsLink(fd);
            _ = Libc.close(fd);
            return link;
        }

        static bool IsLink(int fd) => LinuxHost.StatHandle(fd, out FileStat stat) == Errno.Success && stat.Type == FileType.SymbolicLink;

        // SAFETY: every caller gives a buffer one byte longer than the name.
        static void Copy(ReadOnlySpan<byte> name, byte* zeroEnded)
        {
            name.CopyTo(new Span<byte>(zeroEnded, name.Length));
            zeroEnded[name.Length] = 0;
        }
    }
}
