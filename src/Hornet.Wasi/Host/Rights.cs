namespace Hornet.Wasi.Host;

/// <summary>What a descriptor may be used for. The bits are preview 1's.</summary>
[Flags]
internal enum Rights : ulong
{
    None                 = 0,
    FdDatasync           = 1UL << 0,
    FdRead               = 1UL << 1,
    FdSeek               = 1UL << 2,
    FdFdstatSetFlags     = 1UL << 3,
    FdSync               = 1UL << 4,
    FdTell               = 1UL << 5,
    FdWrite              = 1UL << 6,
    FdAdvise             = 1UL << 7,
    FdAllocate           = 1UL << 8,
    PathCreateDirectory  = 1UL << 9,
    PathCreateFile       = 1UL << 10,
    PathLinkSource       = 1UL << 11,
    PathLinkTarget       = 1UL << 12,
    PathOpen             = 1UL << 13,
    FdReaddir            = 1UL << 14,
    PathReadlink         = 1UL << 15,
    PathRenameSource     = 1UL << 16,
    PathRenameTarget     = 1UL << 17,
    PathFilestatGet      = 1UL << 18,
    PathFilestatSetSize  = 1UL << 19,
    PathFilestatSetTimes = 1UL << 20,
    FdFilestatGet        = 1UL << 21,
    FdFilestatSetSize    = 1UL << 22,
    FdFilestatSetTimes   = 1UL << 23,
    PathSymlink          = 1UL << 24,
    PathRemoveDirectory  = 1UL << 25,
    PathUnlinkFile       = 1UL << 26,
    PollFdReadwrite      = 1UL << 27,
    SockShutdown         = 1UL << 28,
    SockAccept           = 1UL << 29,

    /// <summary>What an open regular file can have.</summary>
    RegularFile = FdDatasync | FdRead | FdSeek | FdFdstatSetFlags | FdSync | FdTell | FdWrite | FdAdvise | FdAllocate
        | FdFilestatGet | FdFilestatSetSize | FdFilestatSetTimes | PollFdReadwrite,

    /// <summary>What a pipe, a terminal or another stream without a position can have: no seek and no tell, which is how a guest's isatty knows.</summary>
    Stream = FdRead | FdFdstatSetFlags | FdWrite | FdFilestatGet | PollFdReadwrite,

    /// <summary>What an open directory can have.</summary>
    Directory = FdFdstatSetFlags | FdSync | FdDatasync | PathCreateDirectory | PathCreateFile | PathLinkSource | PathLinkTarget | PathOpen
        | FdReaddir | PathReadlink | PathRenameSource | PathRenameTarget | PathFilestatGet | PathFilestatSetSize | PathFilestatSetTimes
        | FdFilestatGet | FdFilestatSetTimes | PathSymlink | PathRemoveDirectory | PathUnlinkFile,

    /// <summary>What may be had by what is opened beneath a directory.</summary>
    DirectoryInheriting = Directory | RegularFile,

    /// <summary>What a connection can have.</summary>
    Socket = FdRead | FdFdstatSetFlags | FdWrite | FdFilestatGet | PollFdReadwrite | SockShutdown,

    /// <summary>What a listener can have.</summary>
    Listener = FdFdstatSetFlags | FdFilestatGet | PollFdReadwrite | SockAccept,

    /// <summary>What is refused where files may only be read. A link or another name in a writable preopen would be a way around.</summary>
    ReadOnlyFiles = FdWrite | FdAllocate | FdFilestatSetSize | PathFilestatSetSize | FdFilestatSetTimes | PathFilestatSetTimes
        | PathLinkSource | PathRenameSource,

    /// <summary>What is refused where directories may only be listed.</summary>
    ReadOnlyDirectories = PathCreateDirectory | PathCreateFile | PathLinkSource | PathLinkTarget | PathRenameSource | PathRenameTarget
        | PathFilestatSetTimes | PathSymlink | PathRemoveDirectory | PathUnlinkFile,

    /// <summary>What changes something: a directory that lacks it refuses it aloud, instead of opening something that has less.</summary>
    Mutating = ReadOnlyFiles | ReadOnlyDirectories,
}
