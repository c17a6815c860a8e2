using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hornet.Native;

/// <summary>
/// The one range of addresses that all machine code of the process lies in, so that a fault's pc tells whether it is ours and
/// calls between functions are relative. Pages are writable first and executable afterwards, never both.
/// </summary>
internal sealed unsafe partial class CodeArena
{
    /// <summary>Address space for code; a 32-bit displacement reaches all of it.</summary>
    public const int Size = 1 << 30;

    static readonly Lazy<CodeArena> s_process = new(static () => new());
    readonly Lock _lock = new();
    // Free ranges by start, merged when neighbours are freed.
    readonly SortedList<int, int> _free = [];
    readonly int _page = Environment.SystemPageSize;

    CodeArena()
    {
        nint at = Map(0, Size, ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        if (at == -1) throw new InsufficientMemoryException("no address space for machine code; the interpreter needs none (Config.WithCompiler)");
        Base = (byte*)at;
        _free.Add(0, Size);
    }

    /// <summary>The process's arena, reserved at the first use.</summary>
    public static CodeArena Process => s_process.Value;

    public byte* Base { get; }

    /// <summary>Puts code into executable memory.</summary>
    /// <param name="size">Bytes.</param>
    /// <param name="write">Writes the code, given where it lies: the only time at which it can.</param>
    public CodeRange Publish(int size, Action<CodeRange> write)
    {
        int length = Math.Max(1, size + _page - 1 & -_page);
        CodeRange range = new(this, Take(length), length, size);
        if (Protect(range.Start, (nuint)length, ProtReadWrite) != 0)
        {
            range.Dispose();
            throw new InsufficientMemoryException($"no memory for {size} bytes of machine code");
        }
        write(range);
        if (Protect(range.Start, (nuint)length, ProtReadExecute) != 0)
        {
            range.Dispose();
            throw new PlatformNotSupportedException("the system refuses executable memory");
        }
        return range;
    }

    /// <summary>Maps code from a file, without reading it. Null where the system does not allow that (a file system without executables).</summary>
    /// <param name="file">May be closed afterwards.</param>
    /// <param name="offset">Where the code begins in it; a multiple of the page.</param>
    /// <param name="size">Bytes.</param>
    public CodeRange? MapFile(SafeFileHandle file, long offset, int size)
    {
        if (size == 0 || offset % _page != 0) return null;
        int length = checked(size + _page - 1) & -_page;
        CodeRange range = new(this, Take(length), length, size);
        // SAFETY: the addresses are the range's alone.
        if (Map((nint)range.Start, (nuint)length, ProtReadExecute, MapPrivate | MapFixed, (int)file.DangerousGetHandle(), (nint)offset) != -1) return range;
        range.Dispose();
        return null;
    }

    /// <summary>Bytes that are not taken.</summary>
    public long Free
    {
        get
        {
            lock (_lock) return _free.Values.Sum(static length => (long)length);
        }
    }

    int Take(int length)
    {
        lock (_lock)
        {
            for (int i = 0; i < _free.Count; i++)
            {
                if (_free.Values[i] < length) continue;
                int start = _free.Keys[i], left = _free.Values[i] - length;
                _free.RemoveAt(i);
                if (left > 0) _free.Add(start + length, left);
                return start;
            }
        }
        throw new InsufficientMemoryException($"the {Size >> 20} MiB of machine code that a process may have are used up");
    }

    internal void Return(int start, int length)
    {
        // Fresh pages the next time, and no memory held by code that is gone.
        Map((nint)(Base + start), (nuint)length, ProtNone, MapPrivateAnonymousNoReserve | MapFixed, -1, 0);
        lock (_lock)
        {
            _free.Add(start, length);
            int i = _free.IndexOfKey(start);
            if (i + 1 < _free.Count && start + length == _free.Keys[i + 1])
            {
                length += _free.Values[i + 1];
                _free.RemoveAt(i + 1);
                _free[start] = length;
            }
            if (i > 0 && _free.Keys[i - 1] + _free.Values[i - 1] == start)
            {
                int before = _free.Keys[i - 1];
                _free.RemoveAt(i);
                _free[before] += length;
            }
        }
    }

    const int ProtNone = 0, ProtReadWrite = 3, ProtReadExecute = 5;
    const int MapPrivate = 0x02, MapPrivateAnonymousNoReserve = MapPrivate | 0x20 | 0x4000, MapFixed = 0x10;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint at, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(byte* at, nuint length, int protection);
}

/// <summary>Code in the arena, until it is disposed.</summary>
internal sealed unsafe class CodeRange(CodeArena arena, int offset, int mapped, int size) : IDisposable
{
    int _disposed;

    public byte* Start => arena.Base + offset;
    public int Size => size;
    public Span<byte> Bytes => new(Start, size);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) arena.Return(offset, mapped);
    }
}
