namespace Hornet.Wasi.Host;

/// <summary>What a descriptor or a path refers to. The numbers are preview 1's.</summary>
internal enum FileType : byte
{
    Unknown, BlockDevice, CharacterDevice, Directory, RegularFile, SocketDgram, SocketStream, SymbolicLink,
}

/// <summary>Attributes of a file; times in nanoseconds since 1970.</summary>
internal struct FileStat
{
    public ulong Device, Inode, Links, Size;
    public ulong AccessTime, ModificationTime, ChangeTime;
    public FileType Type;
}

/// <summary>How a descriptor behaves. The bits are preview 1's.</summary>
[Flags]
internal enum FdFlags : ushort { None = 0, Append = 1, DSync = 2, NonBlock = 4, RSync = 8, Sync = 16 }

/// <summary>How a path is opened. The bits are preview 1's.</summary>
[Flags]
internal enum OFlags : ushort { None = 0, Create = 1, Directory = 2, Exclusive = 4, Truncate = 8 }

/// <summary>Which times are set, and to what. The bits are preview 1's.</summary>
[Flags]
internal enum FstFlags : ushort { None = 0, AccessTime = 1, AccessTimeNow = 2, ModificationTime = 4, ModificationTimeNow = 8 }

/// <summary>From where a position is counted. The numbers are preview 1's.</summary>
internal enum Whence : byte { Set, Current, End }

/// <summary>What a descriptor is wanted for, and what it is ready for.</summary>
[Flags]
internal enum Interest { None = 0, Read = 1, Write = 2 }
