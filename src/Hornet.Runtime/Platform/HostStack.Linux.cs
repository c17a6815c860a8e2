using System.Runtime.InteropServices;

namespace Hornet.Runtime;

internal static unsafe partial class HostStack
{
    // pthread_attr_t is 56 bytes on glibc x86-64, 64 on arm64, less on musl.
    struct ThreadAttributes { public fixed ulong Words[16]; }

    static bool TryGetLinuxBounds(out byte* low, out nuint size)
    {
        low = null;
        size = 0;
        ThreadAttributes attributes;
        if (GetAttributes(Self(), &attributes) != 0) return false;
        void* address;
        nuint length, guard = 0;
        bool ok = GetStack(&attributes, &address, &length) == 0;
        if (ok && GetGuardSize(&attributes, &guard) != 0) guard = 0;
        Destroy(&attributes);
        // glibc counts the guard into the stack it reports; leaving it out twice does no harm.
        low = (byte*)address + guard;
        size = length - guard;
        return ok;
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint Self();

    [LibraryImport("libc", EntryPoint = "pthread_getattr_np")]
    private static partial int GetAttributes(nint thread, ThreadAttributes* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_getstack")]
    private static partial int GetStack(ThreadAttributes* attributes, void** address, nuint* size);

    [LibraryImport("libc", EntryPoint = "pthread_attr_getguardsize")]
    private static partial int GetGuardSize(ThreadAttributes* attributes, nuint* size);

    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    private static partial int Destroy(ThreadAttributes* attributes);
}
