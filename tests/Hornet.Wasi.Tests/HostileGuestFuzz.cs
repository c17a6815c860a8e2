using System.Text;
using Hornet.Wasi.Host;
using Hornet.Wasi.Preview1;

namespace Hornet.Wasi.Tests;

/// <summary>
/// Calls of all functions with arguments that no program would use: an errno or the guest's own exit, never another exception, never a
/// crash, never a change outside.
/// </summary>
public sealed class HostileGuestFuzz
{
    static readonly string[] s_paths =
    [
        "", ".", "..", "/", "a", "b", "c", "d", "d/a", "d/b", "d/../a", "d/..", "d/.", "../secret", "../../etc/passwd", "/etc/passwd", "l1", "l2", "l1/a", "l2/../a", "a/", "d/",
        "d//../d/./a", "up", "up/secret", "abs", "abs/secret", "x\0y", "\uFFFF", "a/b/c/d/e/f/g", "..a", "...", "l3",
    ];

    static readonly string[] s_targets = ["a", "d", "..", "../secret", "l2", "l1", "d/../..", ".", "/etc", "../box/../secret"];

    /// <summary>A clock that jumps to whatever is waited for.</summary>
    sealed class EagerClock : TimeProvider
    {
        long _ticks = 1_000_000;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Volatile.Read(ref _ticks));
        public override long GetTimestamp() => Volatile.Read(ref _ticks);
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            // A calendar has an end, which is later than what a guest can count to.
            Interlocked.Exchange(ref _ticks, Math.Min(_ticks + dueTime.Ticks * 100, TimeSpan.FromDays(2_900_000).Ticks));
            callback(state);
            return new System.Threading.Timer(_ => { });
        }
    }

    [Theory, InlineData("kernel", 1), InlineData("kernel", 2), InlineData("walk", 3), InlineData("walk", 4)]
    public void Random_calls_end_in_an_errno(string resolver, int seed)
    {
        int seconds = int.TryParse(Environment.GetEnvironmentVariable("CsCheck_Time"), out int given) ? given : 2;
        using Scratch outer = new();
        Directory.CreateDirectory(outer["box/d"]);
        Directory.CreateDirectory(outer["box2"]);
        File.WriteAllText(outer["secret"], "secret");
        File.WriteAllText(outer["box/a"], "inside");
        File.CreateSymbolicLink(outer["box/up"], "..");
        File.CreateSymbolicLink(outer["box/abs"], outer.Path);
        Random random = new(seed);
        long until = Environment.TickCount64 + seconds * 1000, calls = 0;
        Dictionary<Errno, long> answers = [];
        while (Environment.TickCount64 < until)
        {
            using Guest guest = new(new WasiConfiguration().WithPreopenedDirectory(outer["box"], "/").WithPreopenedDirectory(outer["box2"], "/d")
                .WithStandardInput(new MemoryStream(new byte[1000])).WithStandardOutput(Stream.Null).WithClock(new EagerClock()).WithMaxOpenDescriptors(64), Resolvers.Host(resolver));
            for (int i = 0; i < 3000; i++)
            {
                Preview1Row row = Preview1Table.Rows[random.Next(Preview1Table.Rows.Length)];
                // The number of exits is small, and each ends nothing here.
                if (row.Name is "proc_exit" or "fd_close" && random.Next(8) != 0)
                    continue;
                Errno errno = Call(guest, row, random);
                answers[errno] = answers.GetValueOrDefault(errno) + 1;
                Assert.InRange((ushort)errno, (ushort)0, (ushort)Errno.NotCapable);
                calls++;
            }
            Assert.Equal("secret", File.ReadAllText(outer["secret"]));
            Assert.Equal(["box", "box2", "secret"], Directory.EnumerateFileSystemEntries(outer.Path).Select(Path.GetFileName).Order()!);
        }
        // It has been everywhere, not only at the first check.
        Assert.True(calls > 3000 && answers.Count > 15, $"{calls} calls, {string.Join(", ", answers.Select(a => $"{a.Key} {a.Value}"))}");
        Assert.True(answers[Errno.Success] > calls / 50);
    }

    static Errno Call(Guest guest, Preview1Row row, Random random)
    {
        long[] arguments = new long[row.Parameters.Length];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = random.Next(10) switch
            {
                0 => random.NextInt64(long.MinValue, long.MaxValue),
                1 => Guest.Size - random.Next(20),
                2 => -random.Next(20),
                3 => random.Next(Guest.Size),
                _ => random.Next(8),
            };
        // Most of the time what the function's shape wants, so that the inner parts are reached.
        if (random.Next(5) != 0)
            arguments = Sensible(guest, row, random, arguments);
        if (row.Name == "fd_allocate" && (ulong)arguments[2] > 1 << 16)
            arguments[2] = 1 << 16;
        try
        {
            return guest.Call(row.Name, arguments);
        }
        catch (WasiExitException)
        {
            return Errno.Success;
        }
    }

    static long[] Sensible(Guest guest, Preview1Row row, Random random, long[] a)
    {
        long fd = random.Next(3) == 0 ? random.Next(20) : 3 + random.Next(2), fd2 = 3 + random.Next(2);
        (long p, long l) = Put(0x1000, s_paths[random.Next(s_paths.Length)]);
        (long q, long m) = Put(0x3000, s_paths[random.Next(s_paths.Length)]);
        for (uint i = 0; i < 4; i++)
        {
            guest.Write(0x6000 + i * 8, (uint)random.Next(Guest.Size));
            guest.Write(0x6004 + i * 8, random.Next(6) == 0 ? (uint)random.Next() : (uint)random.Next(5000));
        }
        switch (row.Name)
        {
            case "path_create_directory" or "path_remove_directory" or "path_unlink_file":
                return [fd, p, l];
            case "path_filestat_get":
                return [fd, random.Next(2), p, l, 0x8000];
            case "path_filestat_set_times":
                return [fd, random.Next(2), p, l, a[4], a[5], random.Next(17)];
            case "path_link":
                return [fd, random.Next(4) / 3, p, l, fd2, q, m];
            case "path_rename":
                return [fd, p, l, fd2, q, m];
            case "path_symlink":
                (q, m) = Put(0x3000, s_targets[random.Next(s_targets.Length)]);
                (p, l) = Put(0x1000, $"l{random.Next(6)}");
                return [q, m, fd, p, l];
            case "path_readlink":
                return [fd, p, l, 0x5000, random.Next(100), 0x8000];
            case "path_open":
                return [fd, random.Next(2), p, l, random.Next(17), random.Next(3) == 0 ? random.Next() : (long)Rights.DirectoryInheriting, (long)Rights.DirectoryInheriting, random.Next(33), 0x8000];
            case "fd_read" or "fd_write":
                return [random.Next(64), 0x6000, random.Next(5), 0x8000];
            case "fd_pread" or "fd_pwrite":
                return [random.Next(64), 0x6000, random.Next(5), random.Next(3) == 0 ? a[3] : random.Next(10000), 0x8000];
            case "fd_readdir":
                return [fd, 0x20000, random.Next(2000), random.Next(20), 0x8000];
            case "fd_renumber":
                return [5 + random.Next(20), 5 + random.Next(20)];
            case "fd_fdstat_set_rights":
                return [5 + random.Next(20), random.Next() | random.Next(), -1];
            case "poll_oneoff":
                int n = random.Next(20);
                for (int i = 0; i < n; i++)
                {
                    uint at = (uint)(0x20000 + i * 48);
                    guest.Write(at, (ulong)i);
                    guest.Write(at + 8, (ulong)random.Next(4));
                    guest.Write(at + 16, random.Next(10));
                    guest.Write(at + 24, random.Next(4) == 0 ? random.NextInt64() : random.Next(1000));
                    guest.Write(at + 40, random.Next(3));
                }
                return [0x20000, 0x40000, n, 0x8000];
            default:
                if (a.Length > 0 && row.Name.StartsWith("fd_", StringComparison.Ordinal))
                    a[0] = row.Name == "fd_close" ? 5 + random.Next(60) : random.Next(64);
                return a;
        }

        (long, long) Put(uint address, string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            bytes.CopyTo(guest.Memory[(int)address..]);
            return (address, bytes.Length);
        }
    }
}
