using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Hornet.Base;

namespace Hornet.Native;

/// <summary>
/// A jitdump file: a header, and a record with the code of each function. perf finds it because the file is mapped as executable once, which
/// its recording notes. Source: linux/tools/perf/Documentation/jitdump-specification.txt.
/// </summary>
internal sealed unsafe partial class JitDump : CodeProfile
{
    const uint Magic = 0x4A695444, Version = 1, HeaderSize = 40, MachineX64 = 62;
    const uint CodeLoad = 0, CodeClose = 3;
    const uint RecordHeaderSize = 16, CodeLoadSize = RecordHeaderSize + 40;

    readonly ByteBuffer _buffer = new(256);
    readonly nint _marker;
    ulong _index;

    public JitDump(string path) : base(path, Create(path))
    {
        _buffer.Fixed32(Magic);
        _buffer.Fixed32(Version);
        _buffer.Fixed32(HeaderSize);
        _buffer.Fixed32(MachineX64);
        _buffer.Fixed32(0);
        _buffer.Fixed32((uint)Environment.ProcessId);
        _buffer.Fixed64(Now);
        _buffer.Fixed64(0);
        File.Write(_buffer.Written);
        File.Flush();
        _marker = Map(0, (nuint)Environment.SystemPageSize, 1 | 4, 2, (int)File.SafeFileHandle.DangerousGetHandle(), 0);
    }

    // Nanoseconds of the monotonic clock, which perf record -k mono uses.
    static ulong Now => (ulong)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    protected override void Write(byte* code, int size, string name)
    {
        byte[] named = Encoding.UTF8.GetBytes(name + "\0");
        _buffer.Clear();
        Header(CodeLoad, CodeLoadSize + (uint)named.Length + (uint)size);
        _buffer.Fixed32((uint)Environment.ProcessId);
        _buffer.Fixed32((uint)ThreadId());
        _buffer.Fixed64((ulong)code);
        _buffer.Fixed64((ulong)code);
        _buffer.Fixed64((ulong)size);
        _buffer.Fixed64(_index++);
        _buffer.Append(named);
        File.Write(_buffer.Written);
        // SAFETY: the code was put there just now, and its owner waits for this call to end.
        File.Write(new ReadOnlySpan<byte>(code, size));
    }

    void Header(uint kind, uint size)
    {
        _buffer.Fixed32(kind);
        _buffer.Fixed32(size);
        _buffer.Fixed64(Now);
    }

    protected override void End()
    {
        _buffer.Clear();
        Header(CodeClose, RecordHeaderSize);
        File.Write(_buffer.Written);
        if (_marker != -1) Unmap(_marker, (nuint)Environment.SystemPageSize);
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint at, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint at, nuint length);
}
