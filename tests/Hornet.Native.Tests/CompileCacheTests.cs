using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Code that is kept between runs: found, added to, bounded, and never trusted for more than it is.</summary>
public sealed class CompileCacheTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("hornet-cache").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    string Folder => Path.Combine(_root, "images");

    static byte[] Wasm(string text) => WatParser.Parse(Encoding.UTF8.GetBytes(text));

    static byte[] Numbered(int number) => Wasm($$"""
        (module (memory 1) (data (i32.const 0) "{{number}}")
          (func $f (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const {{number}})))
          (func (export "g") (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 2)))
          (func (export "h") (param i32) (result i32) (i32.div_u (call $f (local.get 0)) (i32.const 0))))
        """);

    int Run(byte[] wasm, string function, int argument, Func<Config, Config>? configure = null, bool lazy = true, long limit = 1 << 20)
    {
        Config config = new Config().WithNativeCode(lazy, tierUp: false).WithCompileCache(Folder, limit);
        using Engine engine = new(configure?.Invoke(config) ?? config);
        using Store store = new(engine);
        using Module module = Module.FromBytes(engine, "m", wasm);
        return new Linker(engine).Instantiate(store, module).GetFunction<int, int>(function)!(argument);
    }

    // Others do not touch this folder, so its entries say what was found and what was written.
    (string Path, DateTime Time, long Length)[] Entries() => [.. new DirectoryInfo(Folder).GetFiles().OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => (f.FullName, f.LastWriteTimeUtc, f.Length))];

    [Fact]
    public void What_was_hot_in_one_run_is_machine_code_from_the_first_call_of_the_next()
    {
        byte[] wasm = Numbered(6);
        bool Calls(int count)
        {
            using Engine engine = new(new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce).WithCompileCache(Folder, 1 << 20));
            using Store store = new(engine);
            using Module module = Module.FromBytes(engine, "m", wasm);
            Instance instance = new Linker(engine).Instantiate(store, module);
            bool compiled = ((NativeCode)module.Code).IsCompiled(0);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(i + 6, instance.GetFunction<int, int>("f")!(i));
                Assert.Equal(2 * (i + 6), instance.GetFunction<int, int>("g")!(i));
            }
            return compiled;
        }
        Assert.False(Calls(1));
        (string path, _, _) = Assert.Single(Entries());
        // f was called twice, g once.
        using (ImageListing listing = ImageListing.Open(path)) Assert.Equal([0], listing.Functions.Select(f => f.Function));
        Assert.True(Calls(3));
        using (ImageListing listing = ImageListing.Open(path)) Assert.Equal([0, 1], listing.Functions.Select(f => f.Function));
        Assert.True(Calls(1));
    }

    [Fact]
    public void What_one_run_has_compiled_the_next_one_finds_and_adds_to()
    {
        byte[] wasm = Numbered(5);
        Assert.Equal(8, Run(wasm, "f", 3));
        (string path, _, long length) = Assert.Single(Entries());
        using (ImageListing listing = ImageListing.Open(path))
        {
            Assert.False(listing.IsComplete);
            Assert.Equal([0], listing.Functions.Select(f => f.Function));
        }
        int hits = CompileCache.Hits;
        (string, DateTime, long)[] before = Entries();
        Assert.Equal(9, Run(wasm, "f", 4));
        Assert.InRange(CompileCache.Hits, hits + 1, int.MaxValue);
        Assert.Equal(before, Entries());
        Assert.Equal(20, Run(wasm, "g", 5));
        Assert.InRange(Assert.Single(Entries()).Length, length + 1, long.MaxValue);
        using (ImageListing listing = ImageListing.Open(path)) Assert.Equal([0, 1], listing.Functions.Select(f => f.Function));
        TrapException trap = Assert.Throws<TrapException>(() => Run(wasm, "h", 5));
        Assert.Equal(TrapCode.IntegerDivideByZero, trap.Type);
        trap = Assert.Throws<TrapException>(() => Run(wasm, "h", 5));
        Assert.Equal(TrapCode.IntegerDivideByZero, trap.Type);
        using (ImageListing listing = ImageListing.Open(path)) Assert.Equal([0, 1, 2], listing.Functions.Select(f => f.Function));
    }

    [Fact]
    public void Whatever_changes_the_code_has_an_entry_of_its_own()
    {
        byte[] wasm = Numbered(6);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(7, Run(wasm, "f", 1));
            Assert.Equal(7, Run(wasm, "f", 1, lazy: false));
            Assert.Equal(7, Run(wasm, "f", 1, c => c.WithEpochInterruption(true)));
            Assert.Equal(7, Run(wasm, "f", 1, c => c.WithOptimizationLevel(OptimizationLevel.None)));
            Assert.Equal(7, Run(wasm, "f", 1, c => c.WithSIMD(false)));
            Assert.Equal(8, Run(Numbered(7), "f", 1));
            Assert.Equal(6, Entries().Length);
        }
    }

    [Fact]
    public void A_damaged_entry_is_compiled_again_and_replaced()
    {
        byte[] wasm = Numbered(8);
        Run(wasm, "g", 1);
        string path = Assert.Single(Entries()).Path;
        byte[] sound = File.ReadAllBytes(path);
        Random random = new(3);
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = [.. sound];
            damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(path, i % 3 == 0 ? damaged[..random.Next(damaged.Length)] : damaged);
            Assert.Equal(18, Run(wasm, "g", 1));
            Assert.Equal(sound.Length, Assert.Single(Entries()).Length);
            ImageListing.Open(path).Dispose();
        }
    }

    [Fact]
    public void Another_modules_image_under_a_modules_name_is_not_run()
    {
        Run(Numbered(1), "f", 0);
        string first = Assert.Single(Entries()).Path;
        byte[] image = File.ReadAllBytes(first);
        Run(Numbered(2), "f", 0);
        string second = Entries().Single(e => e.Path != first).Path;
        File.WriteAllBytes(second, image);
        Assert.Equal(2, Run(Numbered(2), "f", 0));
    }

    [Fact]
    public void Many_at_once_get_the_same_and_leave_sound_entries()
    {
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(t => new Thread(() =>
        {
            failure = Record.Exception(() =>
            {
                for (int i = 0; i < 10; i++)
                {
                    Assert.Equal(10 + i % 3, Run(Numbered(i % 3), "f", 10));
                    Assert.Equal(2 * (10 + i % 3), Run(Numbered(i % 3), "g", 10));
                }
            }) ?? failure;
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Null(failure);
        Assert.Equal(3, Entries().Length);
        foreach ((string path, _, _) in Entries()) ImageListing.Open(path).Dispose();
    }

    [Fact]
    public void What_was_not_used_for_longest_goes_first()
    {
        Run(Numbered(0), "f", 0);
        (string oldest, _, long length) = Assert.Single(Entries());
        long limit = length * 5 + length / 2;
        File.WriteAllBytes(Path.Combine(Folder, "x.1.1.new"), [1]);
        File.SetLastWriteTimeUtc(Path.Combine(Folder, "x.1.1.new"), DateTime.UtcNow.AddDays(-1));
        for (int i = 1; i < 5; i++)
        {
            File.SetLastWriteTimeUtc(oldest, DateTime.UtcNow.AddDays(-10));
            Run(Numbered(i), "f", 0, limit: limit);
        }
        Assert.Equal(5, Entries().Length);
        // Used again, it is young.
        Run(Numbered(0), "f", 0, limit: limit);
        foreach ((string path, _, _) in Entries())
            if (path != oldest) File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-5));
        Run(Numbered(5), "f", 0, limit: limit);
        Assert.InRange(Entries().Sum(e => e.Length), 1, limit);
        Assert.Contains(Entries(), e => e.Path == oldest);
        Assert.Equal(5, Run(Numbered(5), "f", 0, limit: limit));
    }

    [Fact]
    public void A_directory_that_others_may_write_to_is_not_used()
    {
        if (!OperatingSystem.IsLinux()) return;
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite);
        File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite);
        Assert.Equal(1, Run(Numbered(1), "f", 0));
        Assert.Empty(Entries());
        Directory.Delete(Folder);
        Directory.CreateSymbolicLink(Folder, Directory.CreateDirectory(Path.Combine(_root, "elsewhere")).FullName);
        Assert.Equal(1, Run(Numbered(1), "f", 0));
        Assert.Empty(Entries());
        File.Delete(Folder);
        File.WriteAllText(Folder, "a file");
        Assert.Equal(1, Run(Numbered(1), "f", 0));
        File.Delete(Folder);
        Assert.Equal(1, Run(Numbered(1), "f", 0));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Entries()).Path));
    }
}
