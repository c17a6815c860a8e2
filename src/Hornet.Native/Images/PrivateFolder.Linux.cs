using System.Runtime.InteropServices;
using System.Text;

namespace Hornet.Native;

/// <summary>Whether a directory is this user's alone.</summary>
internal static unsafe partial class PrivateFolder
{
    const int AtFdCwd = -100, NoFollow = 0x100;
    const uint WantsTypeModeAndUser = 1 | 2 | 8;
    const int TypeMask = 0xF000, Folder = 0x4000, OthersMask = 0x3F;

    // struct statx: the one form of a file's attributes that is the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    struct Attributes
    {
        [FieldOffset(20)] public uint User;
        [FieldOffset(28)] public ushort Mode;
    }

    /// <summary>A directory, no link, owned by the process's user, and nobody else's to read or write.</summary>
    public static bool IsPrivate(string path)
    {
        Attributes attributes;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            if (Statx(AtFdCwd, name, NoFollow, WantsTypeModeAndUser, &attributes) != 0) return false;
        return (attributes.Mode & TypeMask) == Folder && (attributes.Mode & OthersMask) == 0 && attributes.User == EffectiveUser();
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int directory, byte* path, int flags, uint mask, Attributes* attributes);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
