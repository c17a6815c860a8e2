using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Hornet.Text;

namespace Hornet.Wasi.Tests;

/// <summary>Measures threads and processor time of the whole process, so nothing runs beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Guests that wait without a thread.</summary>
[Collection(nameof(Alone))]
public sealed class WaitingGuestTests
{
    public static TheoryData<Way> Ways => [Way.InterpretedAsync, Way.NativeAsync];

    // Functions that wait, with their errno or what they got as the result.
    const string Text = """
        (module
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 260)
          ;; Events that have come after so many nanoseconds of clock 1; a readable descriptor is waited for too where it is not negative.
          (func (export "sleep") (param $time i64) (param $fd i32) (result i32) (local $count i32)
            (memory.fill (i32.const 0) (i32.const 0) (i32.const 96))
            (i64.store (i32.const 0) (i64.const 7))
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (local.get $time))
            (local.set $count (i32.const 1))
            (if (i32.ge_s (local.get $fd) (i32.const 0)) (then
              (i64.store (i32.const 48) (i64.const 8))
              (i32.store8 (i32.const 56) (i32.const 1))
              (i32.store (i32.const 64) (local.get $fd))
              (local.set $count (i32.const 2))))
            (if (i32.ne (i32.const 0) (call $poll (i32.const 0) (i32.const 256) (local.get $count) (i32.const 512))) (then unreachable))
            ;; how many, and whose the first is
            (i32.add (i32.mul (i32.const 100) (i32.load (i32.const 512))) (i32.load (i32.const 256))))
          ;; Bytes read, or the errno negated.
          (func $readOne (export "read") (param $fd i32) (param $size i32) (result i32) (local $errno i32)
            (i32.store (i32.const 1024) (i32.const 4096))
            (i32.store (i32.const 1028) (local.get $size))
            (local.set $errno (call $read (local.get $fd) (i32.const 1024) (i32.const 1) (i32.const 1032)))
            (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 1032)))))
          (func (export "write") (param $fd i32) (param $size i32) (result i32) (local $errno i32)
            (i32.store (i32.const 1024) (i32.const 4096))
            (i32.store (i32.const 1028) (i32.div_u (local.get $size) (i32.const 2)))
            (i32.store (i32.const 1032) (i32.add (i32.const 4096) (i32.div_u (local.get $size) (i32.const 2))))
            (i32.store (i32.const 1036) (i32.sub (local.get $size) (i32.div_u (local.get $size) (i32.const 2))))
            (local.set $errno (call $write (local.get $fd) (i32.const 1024) (i32.const 2) (i32.const 1040)))
            (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 1040)))))
          (func (export "close") (param i32) (result i32) (call $close (local.get 0)))
          (func (export "accept") (param i32) (result i32)
            (if (result i32) (call $accept (local.get 0) (i32.const 0) (i32.const 1048)) (then (i32.const -1)) (else (i32.load (i32.const 1048)))))
          ;; all that was asked for
          (func (export "receive") (param $fd i32) (param $size i32) (result i32) (local $errno i32)
            (i32.store (i32.const 1024) (i32.const 4096))
            (i32.store (i32.const 1028) (local.get $size))
            (local.set $errno (call $recv (local.get $fd) (i32.const 1024) (i32.const 1) (i32.const 2) (i32.const 1032) (i32.const 1036)))
            (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 1032))))))
        """;

    static readonly byte[] s_module = WatParser.Parse(Encoding.UTF8.GetBytes(Text));

    sealed class World : IDisposable
    {
        public readonly Engine Engine;
        public readonly Store Store;
        public readonly Instance Instance;

        public World(Way way, WasiConfiguration configuration, bool interruptible = false)
        {
            Engine = new(GuestProgram.NewConfig(way).WithEpochInterruption(interruptible));
            Linker linker = new(Engine);
            linker.DefineWasi();
            Store = new(Engine);
            Store.SetWasiConfiguration(configuration);
            Instance = linker.Instantiate(Store, Module.FromBytes(Engine, null, s_module));
        }

        public Task<object?> Call(string name, params ReadOnlySpan<ValueBox> arguments) => Instance.GetFunction(name)!.InvokeAsync(arguments).AsTask();
        public Span<byte> Memory => Instance.GetMemory("memory")!.GetSpan(0, 260 << 16);
        public void Dispose() => Store.Dispose();
    }

    static Task<object?> Soon(Task<object?> task) => task.WaitAsync(TimeSpan.FromSeconds(30));

    const long Second = 1_000_000_000;

    /// <summary>Ten thousand guests that sleep for a second each are done a second after the last has begun, on a handful of threads.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task Ten_thousand_guests_sleep_at_once(Way way)
    {
        const int Guests = 10_000;
        using Engine engine = new(GuestProgram.NewConfig(way).WithMaximumStackSize(64 << 10));
        using Module module = Module.FromBytes(engine, null, WatParser.Parse(Encoding.UTF8.GetBytes(Text.Replace("(memory (export \"memory\") 260)", "(memory (export \"memory\") 1)"))));
        using Linker linker = new(engine);
        linker.DefineWasi();
        Function[] sleeps = new Function[Guests];
        for (int i = 0; i < Guests; i++)
        {
            Store store = new(engine);
            store.SetWasiConfiguration(new WasiConfiguration());
            sleeps[i] = linker.Instantiate(store, module).GetFunction("sleep")!;
        }
        Assert.Equal(101 + 6, await sleeps[0].InvokeAsync(1000L, -1));
        using Process process = Process.GetCurrentProcess();
        int threads = process.Threads.Count;
        Stopwatch watch = Stopwatch.StartNew();
        Task<object?>[] tasks = Array.ConvertAll(sleeps, sleep => sleep.InvokeAsync(Second, -1).AsTask());
        TimeSpan started = watch.Elapsed;
        process.Refresh();
        TimeSpan before = process.TotalProcessorTime;
        int most = process.Threads.Count;
        // Nothing happens while all of them sleep, however slow the machine was to start them.
        TimeSpan quiet = TimeSpan.FromSeconds(0.9) - watch.Elapsed;
        if (quiet > TimeSpan.Zero)
        {
            await Task.Delay(quiet);
            process.Refresh();
            Assert.True(process.TotalProcessorTime - before < quiet / 4 + TimeSpan.FromMilliseconds(50), $"{process.TotalProcessorTime - before} of processor time in {quiet} of sleep");
        }
        object?[] results = await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
        TimeSpan all = watch.Elapsed;
        process.Refresh();
        most = Math.Max(most, process.Threads.Count);
        Assert.All(results, r => Assert.Equal(107, r));
        // A second of sleep, and what the machine needs to wake ten thousand.
        Assert.InRange(all - started, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.True(all >= TimeSpan.FromSeconds(1));
        Assert.InRange(most, 1, threads + 20);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Guests} guests: started in {started.TotalSeconds:F2} s, done {(all - started).TotalSeconds:F2} s later, {threads} to {most} threads, {process.WorkingSet64 >> 20} MB resident");
        foreach (Function sleep in sleeps)
            sleep.Store.Dispose();
    }

    static (Socket Listener, int Port) Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return (listener, ((IPEndPoint)listener.LocalEndPoint!).Port);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Sockets(Way way)
    {
        (Socket listener, int port) = Listen();
        using (listener)
        {
            using World world = new(way, new WasiConfiguration().WithPreopenedListener(listener));
            Task<object?> accepting = world.Call("accept", 3);
            await Task.Delay(20);
            Assert.False(accepting.IsCompleted);
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, port);
            int fd = (int)(await Soon(accepting))!;
            Task<object?> reading = world.Call("read", fd, 100);
            await Task.Delay(20);
            Assert.False(reading.IsCompleted);
            client.Send("hello"u8);
            Assert.Equal(5, await Soon(reading));
            Assert.Equal("hello"u8, world.Memory.Slice(4096, 5));
            // MSG_WAITALL in pieces: what has come is kept from wait to wait.
            Task<object?> receiving = world.Call("receive", fd, 9);
            foreach (string piece in (string[])["abc", "def", "ghi"])
            {
                Assert.False(receiving.IsCompleted);
                client.Send(Encoding.ASCII.GetBytes(piece));
                await Task.Delay(20);
            }
            Assert.Equal(9, await Soon(receiving));
            Assert.Equal("abcdefghi"u8, world.Memory.Slice(4096, 9));
            // A clock and a descriptor: the descriptor first, then the clock.
            Task<object?> polling = world.Call("sleep", 20 * Second, fd);
            await Task.Delay(20);
            client.Send("x"u8);
            Assert.Equal(108, await Soon(polling));
            Assert.Equal(1, await Soon(world.Call("read", fd, 100)));
            Assert.Equal(107, await Soon(world.Call("sleep", Second / 50, fd)));
            // More than the connection holds: the guest is left in the middle of its write, many times.
            const int Size = 16 << 20;
            for (int i = 0; i < Size; i += 4) BitConverter.TryWriteBytes(world.Memory.Slice(4096 + i, 4), i * 7);
            Task<object?> writing = world.Call("write", fd, Size);
            await Task.Delay(50);
            Assert.False(writing.IsCompleted);
            byte[] received = new byte[Size];
            int total = 0;
            while (total < Size) total += await client.ReceiveAsync(received.AsMemory(total, Math.Min(100_000, Size - total)));
            Assert.Equal(Size, await Soon(writing));
            Assert.True(received.AsSpan().SequenceEqual(world.Memory.Slice(4096, Size)));
            // The other side leaves.
            Task<object?> last = world.Call("read", fd, 100);
            client.Close();
            Assert.Equal(0, await Soon(last));
        }
    }

    /// <summary>A stream that has something when its writer says so.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task Streams(Way way)
    {
        System.IO.Pipelines.Pipe pipe = new();
        using World world = new(way, new WasiConfiguration().WithStandardInput(pipe.Reader.AsStream()));
        for (int i = 1; i < 20; i++)
        {
            Task<object?> reading = world.Call("read", 0, 100);
            if (i % 3 == 0) await Task.Delay(2);
            await pipe.Writer.WriteAsync(new byte[i]);
            Assert.Equal(i, await Soon(reading));
        }
        Task<object?> polling = world.Call("sleep", 20 * Second, 0);
        await Task.Delay(10);
        Assert.False(polling.IsCompleted);
        await pipe.Writer.WriteAsync(new byte[1]);
        Assert.Equal(108, await Soon(polling));
        await pipe.Writer.CompleteAsync();
        Assert.Equal(1, await Soon(world.Call("read", 0, 100)));
        Assert.Equal(0, await Soon(world.Call("read", 0, 100)));
    }

    /// <summary>Ten readers of one pipe: each byte goes to one of them.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task A_handle_that_many_guests_wait_for(Way way)
    {
        (Socket listener, int port) = Listen();
        using (listener)
        {
            World[] worlds = [.. Enumerable.Range(0, 10).Select(_ => new World(way, new WasiConfiguration().WithPreopenedListener(listener)))];
            Task<object?>[] accepting = [.. worlds.Select(w => w.Call("accept", 3))];
            List<Socket> clients = [];
            for (int i = 0; i < worlds.Length; i++)
            {
                Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(IPAddress.Loopback, port);
                clients.Add(client);
            }
            foreach (Task<object?> accepted in accepting) Assert.Equal(4, await Soon(accepted));
            foreach (World world in worlds) world.Dispose();
            clients.ForEach(c => c.Dispose());
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Waits_end_when_they_must(Way way)
    {
        (Socket listener, int port) = Listen();
        using (listener)
        {
            World world = new(way, new WasiConfiguration().WithPreopenedListener(listener).WithStandardInput(new System.IO.Pipelines.Pipe().Reader.AsStream()), interruptible: true);
            Function accept = world.Instance.GetFunction("accept")!, sleep = world.Instance.GetFunction("sleep")!, read = world.Instance.GetFunction("read")!;
            using CancellationTokenSource source = new(50);
            Task<object?>[] cancelled = [accept.InvokeAsync([3], source.Token).AsTask(), sleep.InvokeAsync([1000 * Second, 3], source.Token).AsTask(), read.InvokeAsync([0, 10], source.Token).AsTask()];
            foreach (Task<object?> task in cancelled) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(task));
            Task<object?> timed = sleep.InvokeAsync(1000 * Second, -1).AsTask();
            world.Store.SetDeadline(TimeSpan.FromMilliseconds(30));
            TrapException trap = await Assert.ThrowsAsync<TrapException>(() => Soon(timed));
            Assert.Equal(TrapCode.Interrupt, trap.Type);
            Assert.Equal("sleep", Assert.Single(trap.Frames).FunctionName);
            world.Store.SetDeadline(null);
            // Another call closes what this one waits for.
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, port);
            int fd = (int)(await Soon(accept.InvokeAsync(3).AsTask()))!;
            Task<object?> reading = read.InvokeAsync(fd, 10).AsTask(), polling = sleep.InvokeAsync(1000 * Second, fd).AsTask();
            Assert.Equal(0, await Soon(world.Call("close", fd)));
            Assert.Equal(-8, await Soon(reading));
            Assert.Equal(108, await Soon(polling));
            // The store goes.
            Task<object?> left = accept.InvokeAsync(3).AsTask(), asleep = sleep.InvokeAsync(1000 * Second, -1).AsTask();
            world.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => Soon(left));
            await Assert.ThrowsAsync<ObjectDisposedException>(() => Soon(asleep));
        }
    }

    /// <summary>Sleepers of one store sleep at the same time, and a clock of the host's own rules them.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task Several_sleepers_in_one_store(Way way)
    {
        using World world = new(way, new WasiConfiguration());
        Function sleep = world.Instance.GetFunction("sleep")!;
        Stopwatch watch = Stopwatch.StartNew();
        Task<object?>[] sleepers = [.. Enumerable.Range(0, 100).Select(i => sleep.InvokeAsync(Second / 5 + i * 1000L, -1).AsTask())];
        object?[] results = await Task.WhenAll(sleepers).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.2, 8);
        Assert.All(results, r => Assert.Equal(107, r));
    }
}
