using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hornet.Native;

/// <summary>
/// The one range of addresses that all machine code of the process lies in, so that a fault's pc tells whether it is ours and
/// calls between functions are relative. No address is ever writable and executable at once:
///
/// <code>
///   memory without a name (memfd)   ┌── code ──┬── code ──┬─ free ─ ...
///     executable view, all of it    └ Base ...      what functions, stubs and tables of traps know
///     writable views, 1 MiB each      elsewhere, mapped when something is first written there
/// </code>
///
/// so that code is written without a system call, and small functions share pages. Where the system refuses such memory, pages are
/// private, writable first and executable afterwards, and belong to one piece of code each.
/// </summary>
internal sealed unsafe partial class CodeArena
{
    /// <summary>Address space for code; a 32-bit displacement reaches all of it.</summary>
    public const int Size = 1 << 30;

    const int ViewSize = 1 << 20;
    // A cache line: code of two pieces never shares one.
    const int Line = 64;

    static readonly Lazy<CodeArena> s_process = new(static () => new());
    readonly Lock _lock = new();
    // Free ranges by start, merged when neighbours are freed.
    readonly SortedList<int, int> _free = [];
    readonly int _page = Environment.SystemPageSize;
    // -1 where pages change between writable and executable.
    readonly int _file;
    readonly nint[] _views = new nint[Size / ViewSize];

    CodeArena()
    {
        nint at = -1;
        _file = OpenMemory();
        if (_file >= 0)
        {
            at = Map(0, Size, ProtReadExecute, MapShared | MapNoReserve, _file, 0);
            if (at == -1)
            {
                _ = Close(_file);
                _file = -1;
            }
        }
        if (at == -1) at = Map(0, Size, ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        if (at == -1) throw new InsufficientMemoryException("there is no address space for machine code");
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
        int unit = _file >= 0 && size <= ViewSize ? Line : _page, length = Math.Max(unit, checked(size + unit - 1) & -unit);
        int offset = Take(length, unit);
        CodeRange range = new(this, offset, length, size);
        try
        {
            if (_file < 0) WriteInPlace(range, length, write);
            else if (length <= ViewSize) WriteThrough(View(offset), range, write);
            else
            {
                byte* view = MapView(offset, length);
                WriteThrough(view, range, write);
                _ = Unmap(view, (nuint)length);
            }
        }
        catch
        {
            range.Dispose();
            throw;
        }
        return range;
    }

    static void WriteThrough(byte* view, CodeRange range, Action<CodeRange> write)
    {
        range.Write = view;
        write(range);
        range.Write = null;
    }

    void WriteInPlace(CodeRange range, int length, Action<CodeRange> write)
    {
        if (Protect(range.Start, (nuint)length, ProtReadWrite) != 0) throw new InsufficientMemoryException($"no memory for {range.Size} bytes of machine code");
        WriteThrough(range.Start, range, write);
        if (Protect(range.Start, (nuint)length, ProtReadExecute) != 0) throw new PlatformNotSupportedException("the system refuses executable memory");
    }

    /// <summary>Where a small range can be written: its view stays mapped.</summary>
    byte* View(int offset)
    {
        int view = offset / ViewSize;
        nint at = Volatile.Read(ref _views[view]);
        if (at == 0)
        {
            lock (_lock)
            {
                if (_views[view] == 0) Volatile.Write(ref _views[view], (nint)MapView(view * ViewSize, ViewSize));
                at = _views[view];
            }
        }
        return (byte*)at + offset % ViewSize;
    }

    byte* MapView(int offset, int length)
    {
        nint at = Map(0, (nuint)length, ProtReadWrite, MapShared, _file, offset);
        return at != -1 ? (byte*)at : throw new InsufficientMemoryException($"no address space to write {length} bytes of machine code");
    }

    /// <summary>Maps code from a file, without reading it. Null where the system does not allow that (a file system without executables).</summary>
    /// <param name="file">May be closed afterwards.</param>
    /// <param name="offset">Where the code begins in it; a multiple of the page.</param>
    /// <param name="size">Bytes.</param>
    public CodeRange? MapFile(SafeFileHandle file, long offset, int size)
    {
        if (size == 0 || offset % _page != 0) return null;
        int length = checked(size + _page - 1) & -_page;
        CodeRange range = new(this, Take(length, _page), length, size) { IsForeign = true };
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

    int Take(int length, int alignment)
    {
        lock (_lock)
        {
            for (int i = 0; i < _free.Count; i++)
            {
                int start = _free.Keys[i], end = start + _free.Values[i], at = start + alignment - 1 & -alignment;
                // What is small lies within one view.
                if (length <= ViewSize && at / ViewSize != (at + length - 1) / ViewSize) at = at + ViewSize - 1 & -ViewSize;
                if (end - at < length) continue;
                _free.RemoveAt(i);
                if (at > start) _free.Add(start, at - start);
                if (end > at + length) _free.Add(at + length, end - at - length);
                return at;
            }
        }
        throw new InsufficientMemoryException($"the {Size >> 20} MiB of machine code that a process may have are used up");
    }

    internal void Return(int start, int length, bool isForeign)
    {
        lock (_lock)
        {
            int from = start, end = start + length;
            int i = _free.Keys.Count == 0 ? 0 : IndexBehind(start);
            if (i < _free.Count && _free.Keys[i] == end)
            {
                end += _free.Values[i];
                _free.RemoveAt(i);
            }
            if (i > 0 && _free.Keys[i - 1] + _free.Values[i - 1] == start)
            {
                from = _free.Keys[i - 1];
                _free.RemoveAt(i - 1);
            }
            Forget(start, length, from, end, isForeign);
            _free.Add(from, end - from);
        }
    }

    // The first free range that starts behind an offset.
    int IndexBehind(int offset)
    {
        int low = 0, high = _free.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_free.Keys[middle] < offset) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>No memory is held by code that is gone, and none of it can be run: whole pages of the free range around it go back to the system.</summary>
    void Forget(int start, int length, int free, int freeEnd, bool isForeign)
    {
        if (_file < 0)
        {
            Map((nint)(Base + start), (nuint)length, ProtNone, MapPrivateAnonymousNoReserve | MapFixed, -1, 0);
            return;
        }
        if (isForeign)
        {
            Map((nint)(Base + start), (nuint)length, ProtReadExecute, MapShared | MapNoReserve | MapFixed, _file, start);
            return;
        }
        int first = Math.Max(start & -_page, free + _page - 1 & -_page), last = Math.Min(start + length + _page - 1 & -_page, freeEnd & -_page);
        if (first < last) _ = Allocate(_file, PunchHole | KeepSize, first, last - first);
        else first = last = start + length;
        Wipe(start, Math.Min(first, start + length));
        Wipe(Math.Max(last, start), start + length);
    }

    void Wipe(int start, int end)
    {
        // At most a page on either side.
        if (start < end) new Span<byte>(View(start), end - start).Fill(0xCC);
    }

    static int OpenMemory()
    {
        // A file that is longer than a process's files may be would end it with a signal.
        const int LimitFileSize = 1;
        ulong* limit = stackalloc ulong[2];
        if (GetLimit(LimitFileSize, limit) != 0 || limit[0] < Size) return -1;
        int file = -1;
        fixed (byte* name = "hornet-code"u8) file = CreateMemory(name, CloseOnExec);
        if (file >= 0 && Truncate(file, Size) != 0)
        {
            _ = Close(file);
            return -1;
        }
        return file;
    }

    const int ProtNone = 0, ProtReadWrite = 3, ProtReadExecute = 5;
    const int MapShared = 0x01, MapPrivate = 0x02, MapNoReserve = 0x4000, MapPrivateAnonymousNoReserve = MapPrivate | 0x20 | MapNoReserve, MapFixed = 0x10;
    const int CloseOnExec = 1, KeepSize = 1, PunchHole = 2;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint at, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* at, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(byte* at, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "memfd_create")]
    private static partial int CreateMemory(byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int Truncate(int file, nint length);

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int Allocate(int file, int mode, nint offset, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);
}

/// <summary>Code in the arena, until it is disposed.</summary>
internal sealed unsafe class CodeRange(CodeArena arena, int offset, int mapped, int size) : IDisposable
{
    int _disposed;

    /// <summary>Where the code runs.</summary>
    public byte* Start => arena.Base + offset;
    public int Size => size;

    /// <summary>The code, to be read.</summary>
    public ReadOnlySpan<byte> Bytes => new(Start, size);

    /// <summary>Where the code is written, only while it is.</summary>
    internal byte* Write { get; set; }

    /// <summary>The code, to be written; only while it is published.</summary>
    public Span<byte> Writable => Write != null ? new(Write, size) : throw new InvalidOperationException("code is written when it is published");

    /// <summary>Mapped from a file.</summary>
    internal bool IsForeign { get; init; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) arena.Return(offset, mapped, IsForeign);
    }
}
