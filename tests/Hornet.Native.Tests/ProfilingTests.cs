using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>What is written for profilers: read again as their specifications say, and compared with the code in memory.</summary>
public sealed class ProfilingTests
{
    const string Text = """
        (module (import "h" "f" (func $host (param i32) (result i32)))
          (func $profiled-leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
          (func $"odd\nname\00" (param i32) (result i32) (call $profiled-leaf (call $host (local.get 0))))
          (func (export "profiled-run") (param i32) (result i32) (call 2 (local.get 0))))
        """;

    /// <summary>A module that has run stays alive as long as what it yields: its code lies where the file says.</summary>
    static (string File, Store Store) Profile(ProfilingStrategy strategy, string folder, bool lazy)
    {
        string file = NativeProfiling.Start(strategy, folder)!;
        try
        {
            // Nothing is inlined, so that everything is called.
            Engine engine = new(new Config().WithNativeCode(lazy, tierUp: false).WithOptimizationLevel(OptimizationLevel.None));
            Linker linker = new(engine);
            linker.DefineFunction("h", "f", (int x) => x + 1);
            Store store = new(engine);
            Instance instance = linker.Instantiate(store, Module.FromBytes(engine, "m", WatParser.Parse(Encoding.UTF8.GetBytes(Text))));
            Assert.Equal(24, instance.GetFunction<int, int>("profiled-run")!(7));
            return (file, store);
        }
        finally
        {
            Assert.Null(NativeProfiling.Start(ProfilingStrategy.None));
        }
    }

    [Fact]
    public async Task A_profile_may_end_while_other_threads_make_code()
    {
        string folder = Directory.CreateTempSubdirectory("hornet-").FullName;
        byte[] module = WatParser.Parse(Encoding.UTF8.GetBytes(Text));
        using CancellationTokenSource end = new();
        Task[] makers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                using Engine engine = new(new Config().WithNativeCode(lazy: false));
                using Module made = Module.FromBytes(engine, "m", module);
            }
        }))];
        for (int i = 0; i < 200; i++)
        {
            NativeProfiling.Start(i % 2 == 0 ? ProfilingStrategy.JitDump : ProfilingStrategy.PerfMap, folder);
            NativeProfiling.Start(ProfilingStrategy.None);
        }
        await end.CancelAsync();
        await Task.WhenAll(makers);
        Directory.Delete(folder, recursive: true);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_perf_map_names_every_function(bool lazy)
    {
        string folder = Directory.CreateTempSubdirectory("hornet-").FullName;
        (string file, Store store) = Profile(ProfilingStrategy.PerfMap, folder, lazy);
        Assert.Equal($"perf-{Environment.ProcessId}.map", Path.GetFileName(file));
        var lines = File.ReadAllLines(file).Select(l => l.Split(' ', 3)).Select(f => (Start: Hex(f[0]), Size: Hex(f[1]), Name: f[2])).ToList();
        foreach (string name in (string[])["profiled-leaf", "odd?name?", "profiled-run"]) Assert.Single(lines, l => l.Name == name);
        // Other tests' engines write, too; but no two pieces of code overlap while they live.
        Assert.All(lines, l => Assert.InRange(l.Size, 1, 1 << 20));
        foreach (var (start, size, _) in lines.Where(l => l.Name is "profiled-leaf" or "odd?name?" or "profiled-run"))
            Assert.NotNull(CodeMap.Find((nint)(start + size - 1)));
        // What is between host and guest has names, too.
        foreach (string name in (string[])["enter guest", "call out of guest", "compile at first call", "builtin CallOut", "trampoline i:i", "call out i:i"]) Assert.Contains(lines, l => l.Name == name);
        Assert.Equal(lazy, lines.Any(l => l.Name == "functions before their first call" && l.Size == 3 * Stubs.LazySize));
        store.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory, InlineData(true), InlineData(false)]
    public unsafe void A_jitdump_has_a_header_and_a_record_with_the_code_of_every_function(bool lazy)
    {
        string folder = Directory.CreateTempSubdirectory("hornet-").FullName;
        (string file, Store store) = Profile(ProfilingStrategy.JitDump, folder, lazy);
        Assert.Equal($"jit-{Environment.ProcessId}.dump", Path.GetFileName(file));
        ReadOnlySpan<byte> dump = File.ReadAllBytes(file);
        Assert.Equal([0x4A695444u, 1u, 40u, 62u, 0u, (uint)Environment.ProcessId], MemoryMarshal.Cast<byte, uint>(dump[..24]).ToArray());
        List<string> names = [];
        ulong last = BinaryPrimitives.ReadUInt64LittleEndian(dump[24..]);
        int at = 40;
        bool closed = false;
        for (ulong index = 0; at < dump.Length; index++)
        {
            Assert.False(closed);
            ReadOnlySpan<byte> record = dump.Slice(at, (int)BinaryPrimitives.ReadUInt32LittleEndian(dump[(at + 4)..]));
            uint kind = BinaryPrimitives.ReadUInt32LittleEndian(record);
            ulong time = BinaryPrimitives.ReadUInt64LittleEndian(record[8..]);
            Assert.True(time >= last);
            last = time;
            at += record.Length;
            closed = kind == 3;
            if (closed) continue;
            Assert.Equal(0u, kind);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(record[24..]), size = BinaryPrimitives.ReadUInt64LittleEndian(record[40..]);
            Assert.Equal(((uint)Environment.ProcessId, address, index), (BinaryPrimitives.ReadUInt32LittleEndian(record[16..]), BinaryPrimitives.ReadUInt64LittleEndian(record[32..]), BinaryPrimitives.ReadUInt64LittleEndian(record[48..])));
            ReadOnlySpan<byte> rest = record[56..];
            int end = rest.IndexOf((byte)0);
            string name = Encoding.UTF8.GetString(rest[..end]);
            names.Add(name);
            Assert.Equal((int)size, rest.Length - end - 1);
            if (name is "profiled-leaf" or "odd?name?" or "profiled-run") Assert.True(rest[(end + 1)..].SequenceEqual(new ReadOnlySpan<byte>((void*)address, (int)size)), name);
        }
        Assert.True(closed);
        foreach (string name in (string[])["profiled-leaf", "odd?name?", "profiled-run"]) Assert.Single(names, n => n == name);
        store.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    static long Hex(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
