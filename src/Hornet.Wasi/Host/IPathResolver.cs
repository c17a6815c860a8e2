namespace Hornet.Wasi.Host;

/// <summary>
/// Opens a path so that the result lies beneath a directory, whatever the path says, whatever symbolic links lie on it and whoever changes
/// them meanwhile. Everything else that takes a path is built from it: see <see cref="PathSplit"/>.
/// </summary>
internal interface IPathResolver
{
    /// <summary>
    /// Opens <paramref name="path"/> beneath <paramref name="directory"/>. <paramref name="flags"/> are the system's; a symbolic link in the
    /// last place is followed unless they hold O_NOFOLLOW. Leaving the directory is <see cref="Errno.Perm"/>.
    /// </summary>
    Errno Open(int directory, ReadOnlySpan<byte> path, int flags, uint mode, out int handle);
}

/// <summary>
/// A path as parent and last name. What acts on a name (create, remove, rename, link) resolves the parent with <see cref="IPathResolver"/>
/// and hands the system only the name, which is never "." or ".." and has no slash: such a call cannot follow anything.
/// </summary>
internal readonly ref struct PathSplit
{
    /// <summary>Empty where the path is one name.</summary>
    public readonly ReadOnlySpan<byte> Parent;
    public readonly ReadOnlySpan<byte> Name;
    /// <summary>The path asks for a directory.</summary>
    public readonly bool TrailingSlash;

    public PathSplit(ReadOnlySpan<byte> path)
    {
        ReadOnlySpan<byte> trimmed = path.TrimEnd((byte)'/');
        TrailingSlash = trimmed.Length < path.Length;
        int slash = trimmed.LastIndexOf((byte)'/');
        Name = trimmed[(slash + 1)..];
        Parent = slash < 0 ? default : trimmed[..(slash + 1)];
    }

    /// <summary>Whether the last component is no name: nothing, "." or "..".</summary>
    public bool IsDots => Name.Length == 0 || Name is [(byte)'.'] or [(byte)'.', (byte)'.'];
}
