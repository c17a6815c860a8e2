using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using Hornet.Wasi.Descriptors;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Tests;

/// <summary>Standard streams: .NET's, pipes, terminals, devices.</summary>
public sealed partial class StreamTests
{
    [Fact]
    public void Nothing_configured_is_nothing_to_see()
    {
        using Guest guest = new(new WasiConfiguration());
        Assert.Equal(Errno.Success, guest.Read(0, 10, out byte[] bytes));
        Assert.Empty(bytes);
        Assert.Equal(Errno.Success, guest.Write(1, "gone", out int written));
        Assert.Equal(4, written);
        Assert.Equal(Errno.NotCapable, guest.Write(0, "x", out _));
        Assert.Equal(Errno.NotCapable, guest.Read(2, 1, out _));
        Assert.Equal(Errno.BadF, guest.Call("fd_prestat_get", 3, 0x8000));
        Assert.Equal(Errno.Success, guest.Call("environ_sizes_get", 0x8000, 0x8004));
        Assert.Equal(0ul, guest.Read<ulong>(0x8000));
    }

    [Fact]
    public void Arguments_and_environment()
    {
        using Guest guest = new(new WasiConfiguration().WithArgs("prog", "", "größe").WithEnvironmentVariable("A", "1").WithEnvironmentVariable("B", "x=y").WithEnvironmentVariable("A", "2"));
        Assert.Equal(Errno.Success, guest.Call("args_sizes_get", 0x8000, 0x8004));
        Assert.Equal((3u, 5u + 1 + 8), (guest.Read<uint>(0x8000), guest.Read<uint>(0x8004)));
        Assert.Equal(Errno.Success, guest.Call("args_get", 0x8000, 0x9000));
        Assert.Equal("prog\0\0größe\0", Encoding.UTF8.GetString(guest.Memory.Slice(0x9000, 14)));
        Assert.Equal(0x9006u, guest.Read<uint>(0x8008));
        Assert.Equal(Errno.Success, guest.Call("environ_sizes_get", 0x8000, 0x8004));
        Assert.Equal((2u, 4u + 6), (guest.Read<uint>(0x8000), guest.Read<uint>(0x8004)));
        Assert.Equal(Errno.Success, guest.Call("environ_get", 0x8000, 0x9000));
        Assert.Equal("B=x=y\0A=2\0", Encoding.UTF8.GetString(guest.Memory.Slice(0x9000, 10)));
        Assert.Throws<ArgumentException>(() => new WasiConfiguration().WithArg("a\0b"));
        Assert.Throws<ArgumentException>(() => new WasiConfiguration().WithEnvironmentVariable("A=B", "c"));
    }

    [Fact]
    public void Memory_streams_are_read_and_written_in_place()
    {
        byte[] binary = [.. Enumerable.Range(0, 256).Select(i => (byte)i), 0, 0, 13, 10, 26];
        using MemoryStream output = new();
        using Guest guest = new(new WasiConfiguration().WithStandardInput(new MemoryStream(binary)).WithStandardOutput(output));
        Assert.Equal(Errno.Success, guest.Read(0, 100, out byte[] first));
        Assert.Equal(binary[..100], first);
        Assert.Equal(Errno.Success, guest.Read(0, 1000, out byte[] rest));
        Assert.Equal(binary[100..], rest);
        Assert.Equal(Errno.Success, guest.Read(0, 1000, out rest));
        Assert.Empty(rest);
        Assert.Equal(Errno.Success, guest.Write(1, binary, out _));
        Assert.Equal(binary, output.ToArray());
        // More than the buffer between.
        byte[] large = new byte[300_000];
        Random.Shared.NextBytes(large);
        Assert.Equal(Errno.Success, guest.Write(1, large, out int written));
        Assert.Equal(large.Length, written);
        Assert.Equal(binary.Concat(large), output.ToArray());
    }

    /// <summary>A stream that answers later and fails when told to.</summary>
    sealed class SlowStream : Stream
    {
        readonly SemaphoreSlim _more = new(0);
        readonly Queue<byte[]> _chunks = [];
        public List<byte> Written { get; } = [];
        public TaskCompletionSource? Gate { get; set; }
        public Exception? Failure { get; set; }
        public int Reads;

        public void Give(params byte[] bytes)
        {
            lock (_chunks)
                _chunks.Enqueue(bytes);
            _more.Release();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken token = default)
        {
            Interlocked.Increment(ref Reads);
            await _more.WaitAsync(token);
            if (Failure is not null)
                throw Failure;
            lock (_chunks)
            {
                byte[] chunk = _chunks.Dequeue();
                chunk.CopyTo(buffer);
                return chunk.Length;
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken token = default)
        {
            if (Gate is { } gate)
                await gate.Task;
            if (Failure is not null)
                throw Failure;
            lock (Written)
                Written.AddRange(buffer.ToArray());
        }

        public override Task FlushAsync(CancellationToken token) => Task.CompletedTask;
        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    [Fact]
    public void A_slow_stream_is_waited_for_or_not()
    {
        SlowStream input = new(), output = new();
        using Guest guest = new(new WasiConfiguration().WithStandardInput(input).WithStandardOutput(output));
        // Without blocking: not yet.
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 0, (long)FdFlags.NonBlock));
        Assert.Equal(Errno.Again, guest.Read(0, 10, out _));
        Assert.Equal(Errno.Again, guest.Read(0, 10, out _));
        Assert.Equal(1, input.Reads);
        input.Give(1, 2, 3);
        Assert.True(SpinWait.SpinUntil(() => guest.Read(0, 2, out byte[] two) == Errno.Success && two is [1, 2], 5000));
        Assert.Equal(Errno.Success, guest.Read(0, 2, out byte[] bytes));
        Assert.Equal([3], bytes);
        // With blocking: until something comes.
        Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 0, 0));
        _ = Task.Delay(50).ContinueWith(_ => input.Give(4));
        Assert.Equal(Errno.Success, guest.Read(0, 10, out bytes));
        Assert.Equal([4], bytes);
        // A write has arrived when it returns.
        output.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Delay(50).ContinueWith(_ => output.Gate.SetResult());
        Assert.Equal(Errno.Success, guest.Write(1, [5, 6], out int written));
        Assert.Equal(2, written);
        Assert.Equal([5, 6], output.Written);
        // Failures are the guest's, not the host's.
        output.Failure = new IOException("broken");
        Assert.Equal(Errno.IO, guest.Write(1, [7], out _));
        Assert.Equal(Errno.IO, guest.Write(1, [7], out _));
        input.Failure = new ObjectDisposedException("gone");
        input.Give();
        Assert.Equal(Errno.Pipe, guest.Read(0, 10, out _));
    }

    static (Guest Guest, AnonymousPipeServerStream Ours) OnPipe(bool guestReads)
    {
        AnonymousPipeServerStream ours = new(guestReads ? PipeDirection.Out : PipeDirection.In);
        Guest guest = new(new WasiConfiguration());
        int handle = (int)ours.ClientSafePipeHandle.DangerousGetHandle();
        Assert.Equal(Errno.Success, HandleDescriptor.Create(guest.Context.Host, handle, owned: false, Rights.RegularFile, Rights.None, FdFlags.None, out Descriptor d));
        Assert.Equal(Errno.Success, guest.Context.Descriptors.Add(d, out uint fd));
        Assert.Equal(3u, fd);
        return (guest, ours);
    }

    [Fact]
    public void A_pipe_is_read_as_it_comes()
    {
        (Guest guest, AnonymousPipeServerStream ours) = OnPipe(guestReads: true);
        using (guest)
        {
            Assert.Equal(FileType.Unknown, guest.Fdstat(3).Type);
            Assert.Equal(Rights.None, guest.Fdstat(3).Rights & (Rights.FdSeek | Rights.FdTell));
            Assert.Equal(Errno.SPipe, guest.Call("fd_seek", 3, 0, 1, 0x8000));
            Assert.Equal(Errno.SPipe, guest.Read(3, 1, out _, offset: 0));
            Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 3, (long)FdFlags.NonBlock));
            Assert.Equal(Errno.Again, guest.Read(3, 10, out _));
            ours.Write([1, 2, 3]);
            Assert.Equal(Errno.Success, guest.Read(3, 10, out byte[] bytes));
            Assert.Equal([1, 2, 3], bytes);
            Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 3, 0));
            Task writer = Task.Run(() =>
            {
                Thread.Sleep(30);
                ours.Write([4]);
                Thread.Sleep(30);
                ours.Dispose();
            });
            Assert.Equal(Errno.Success, guest.Read(3, 10, out bytes));
            Assert.Equal([4], bytes);
            Assert.Equal(Errno.Success, guest.Read(3, 10, out bytes));
            Assert.Empty(bytes);
            writer.Wait();
        }
    }

    [Fact]
    public void A_blocking_write_to_a_pipe_is_whole_and_a_closed_pipe_is_an_error()
    {
        (Guest guest, AnonymousPipeServerStream ours) = OnPipe(guestReads: false);
        using (guest)
        {
            byte[] large = new byte[500_000];
            Random.Shared.NextBytes(large);
            Task<byte[]> reader = Task.Run(() =>
            {
                byte[] read = new byte[large.Length];
                ours.ReadExactly(read);
                return read;
            });
            Assert.Equal(Errno.Success, guest.Write(3, large, out int written));
            Assert.Equal(large.Length, written);
            Assert.Equal(large, reader.Result);
            // Without blocking, what fits.
            Assert.Equal(Errno.Success, guest.Call("fd_fdstat_set_flags", 3, (long)FdFlags.NonBlock));
            Assert.Equal(Errno.Success, guest.Write(3, large, out written));
            Assert.InRange(written, 1, large.Length - 1);
            Assert.Equal(Errno.Again, guest.Write(3, large, out _));
            ours.Dispose();
            // The process gets SIGPIPE here, and lives.
            Assert.Equal(Errno.Pipe, guest.Write(3, large, out _));
        }
    }

    [Fact]
    public void Devices_are_not_terminals_and_terminals_are()
    {
        using Scratch scratch = new();
        Guest guest = new(new WasiConfiguration().WithPreopenedDirectory("/dev", "/dev"));
        using (guest)
        {
            Assert.Equal(Errno.Success, guest.Open("null", out uint fd));
            Assert.Equal(FileType.CharacterDevice, guest.Fdstat(fd).Type);
            Assert.NotEqual(Rights.None, guest.Fdstat(fd).Rights & (Rights.FdSeek | Rights.FdTell));
            Assert.Equal(Errno.Success, guest.Write(fd, "x", out _));
            Assert.Equal(Errno.Success, guest.OpenRead("zero", out fd));
            Assert.Equal(Errno.Success, guest.Read(fd, 3, out byte[] zeros));
            Assert.Equal([0, 0, 0], zeros);
            int master, slave;
            unsafe
            {
                Assert.Equal(0, openpty(&master, &slave, null, null, null));
            }
            Assert.Equal(Errno.Success, HandleDescriptor.Create(guest.Context.Host, slave, true, Rights.RegularFile, Rights.None, FdFlags.None, out Descriptor terminal));
            Assert.Equal(FileType.CharacterDevice, terminal.Type);
            Assert.Equal(Rights.None, terminal.Rights & (Rights.FdSeek | Rights.FdTell));
            guest.Context.Descriptors.Add(terminal, out fd);
            Assert.Equal(Errno.Success, guest.Write(fd, "to the screen", out int written));
            Assert.Equal(13, written);
            guest.Context.Host.Close(master);
        }
    }

    [LibraryImport("libc")]
    private static unsafe partial int openpty(int* master, int* slave, void* name, void* attributes, void* size);

    [Fact]
    public void A_fifo_in_a_directory_never_holds_the_host()
    {
        using Scratch scratch = new();
        Process.Start("mkfifo", scratch["fifo"]).WaitForExit();
        using Guest guest = new(scratch.Path);
        Assert.Equal(Errno.Success, guest.OpenRead("fifo", out uint reader));
        Assert.Equal(Errno.Success, guest.Open("fifo", out uint writer, rights: Rights.FdWrite));
        Assert.Equal(Errno.Success, guest.Write(writer, "through", out _));
        Assert.Equal("through", guest.ReadText(reader));
        guest.Close(reader);
        Assert.Equal(Errno.NxIO, guest.Open("fifo", out _, rights: Rights.FdWrite));
    }

    [Fact]
    public void Files_as_standard_streams()
    {
        using Scratch scratch = new();
        File.WriteAllText(scratch["in"], "input");
        using Guest guest = new(new WasiConfiguration().WithStandardInput(scratch["in"]).WithStandardOutput(scratch["out"]));
        Assert.Equal("input", guest.ReadText(0));
        Assert.Equal(Errno.Success, guest.Write(1, "output", out _));
        Assert.Equal("output", File.ReadAllText(scratch["out"]));
        Assert.Equal(1ul, guest.Seek(0, 1, Whence.Set));
        Assert.Equal("nput", guest.ReadText(0));
        Assert.Throws<IOException>(() => new Guest(new WasiConfiguration().WithStandardInput(scratch["missing"])));
        Assert.Throws<IOException>(() => new Guest(new WasiConfiguration().WithPreopenedDirectory(scratch["missing"], "/")));
    }
}
