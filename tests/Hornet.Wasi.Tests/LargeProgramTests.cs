using System.Diagnostics;

namespace Hornet.Wasi.Tests;

/// <summary>
/// Programs of the size that users bring: LLVM (75 MB) compiling and linking C, SQLite with a file that survives, QuickJS embedded. What they
/// are made from comes through eng/guest.sh and its cache; where a registry or a tool is out of reach they are skipped by name.
/// </summary>
public sealed class LargeProgramTests
{
    static readonly string s_root = CProgramTests.Root();

    /// <summary>A file that eng/guest.sh makes or fetches.</summary>
    internal static string Guest(params string[] arguments)
    {
        (int code, string output, string error) = Run(Path.Combine(s_root, "eng", "guest.sh"), arguments);
        Assert.SkipWhen(code == 3, error.Trim());
        Assert.True(code == 0, error);
        return output.Trim();
    }

    static (int Code, string Output, string Error) Run(string file, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = s_root })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static TheoryData<Way> Tiers => [Way.Interpreted, Way.Native];

    /// <summary>clang and wasm-ld run inside the guest; what they make runs too.</summary>
    [Theory, MemberData(nameof(Tiers))]
    public void LLVM_compiles_and_links_a_program_that_runs(Way way)
    {
        const string package = "@yowasp/clang@22.0.0-git20542-10";
        string llvm = Guest("npm", package, "gen/llvm.core.wasm"), resources = Path.Combine(Path.GetDirectoryName(llvm)!, "usr");
        if (!Directory.Exists(resources))
        {
            using Scratch unpacked = new();
            Directory.CreateDirectory(unpacked["usr"]);
            Assert.Equal(0, Run("tar", "xf", Guest("npm", package, "gen/llvm-resources.tar"), "-C", unpacked["usr"]).Code);
            Assert.Equal(0, Run("cp", "-r", unpacked["usr"], resources + ".new").Code);
            Directory.Move(resources + ".new", resources);
        }
        using Scratch work = new();
        File.WriteAllText(work["t.c"], """
            #include <stdio.h>
            static int factorial(int n) { return n < 2 ? 1 : n * factorial(n - 1); }
            int main(int argc, char **argv) { printf("%d %s\n", factorial(10), argv[1]); return argc; }
            """);
        using Engine engine = new(GuestProgram.NewConfig(way).WithMaximumStackSize(8 << 20));
        using Module module = Module.FromFile(engine, llvm);
        using Linker linker = new(engine);
        linker.DefineWasi();
        Call("clang", "-cc1", "-triple", "wasm32-unknown-wasip1", "-O1", "-emit-obj", "-disable-free", "-main-file-name", "t.c", "-mrelocation-model", "static", "-target-cpu", "generic",
            "-fvisibility=hidden", "-resource-dir", "/usr", "-isysroot", "/usr", "-internal-isystem", "/usr/include", "-internal-isystem", "/usr/include/wasm32-wasip1",
            "-o", "/build/t.o", "-x", "c", "/build/t.c");
        Call("wasm-ld", "-m", "wasm32", "-L/usr/lib/wasm32-wasip1", "/usr/lib/wasm32-wasip1/crt1-command.o", "/build/t.o", "-lc",
            "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a", "-o", "/build/t.wasm");
        GuestProgram.Outcome outcome = GuestProgram.Run(work["t.wasm"], new WasiConfiguration().WithArgs("t", "argument"), way: way);
        Assert.Equal(new GuestProgram.Outcome(2, "3628800 argument\n", ""), outcome);

        void Call(params string[] arguments)
        {
            using MemoryStream error = new();
            using Store store = new(engine);
            store.SetWasiConfiguration(new WasiConfiguration().WithArgs(arguments).WithStandardError(error)
                .WithPreopenedDirectory(resources, "/usr", WasiDirectoryPermissions.Read, WasiFilePermissions.Read).WithPreopenedDirectory(work.Path, "/build"));
            try
            {
                linker.Instantiate(store, module).GetFunction("_start")!.Invoke();
            }
            catch (WasiExitException exit)
            {
                Assert.True(exit.ExitCode == 0, System.Text.Encoding.UTF8.GetString(error.ToArray()));
            }
        }
    }

    [Theory, MemberData(nameof(Tiers))]
    public void SQLite_keeps_its_file_from_run_to_run(Way way)
    {
        string sources = Path.GetDirectoryName(Guest("npm", "better-sqlite3@12.4.1", "deps/sqlite3/sqlite3.c"))!;
        string program = Guest("c", Path.Combine(s_root, "tests", "Hornet.Wasi.Tests", "programs", "database.c"), Path.Combine(sources, "sqlite3.c"), "-I" + sources, "-O1",
            "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL", "-D_WASI_EMULATED_MMAN", "-D_WASI_EMULATED_GETPID", "-lwasi-emulated-getpid");
        using Scratch scratch = new();
        Assert.Equal("", Query("create table t(i integer primary key, s text unique)",
            "with recursive n(x) as (select 1 union all select x + 1 from n where x < 5000) insert into t select x, hex(x * 7919) from n"));
        Assert.Equal("5000|12502500\nok\n", Query("begin; delete from t; rollback", "select count(*), sum(i) from t", "pragma integrity_check"));
        Assert.Equal("42|333332353938\n", Query("delete from t where i <> 42", "vacuum", "select * from t"));
        Assert.True(new FileInfo(scratch["data.db"]).Length < 50_000);

        string Query(params string[] statements)
        {
            GuestProgram.Outcome outcome = GuestProgram.Run(program, new WasiConfiguration().WithArgs(["database", "/data.db", .. statements]).WithPreopenedDirectory(scratch.Path, "/"), way: way);
            Assert.True(outcome is { ExitCode: 0, Error: "" }, outcome.Error);
            return outcome.Output;
        }
    }

    [Theory, MemberData(nameof(Tiers))]
    public void The_sample_that_embeds_QuickJS(Way way)
    {
        string module = Guest("npm", "quickjs-wasi@3.6.2", "quickjs.wasm");
        (int code, string output, string error) = Run("dotnet", Path.Combine(s_root, "artifacts", "bin", "QuickJs", "release", "QuickJs.dll"), module, way == Way.Native ? "native" : "interpreted");
        Assert.True(code == 0, error);
        Assert.Equal("""
            3
            HELLO FROM 1-4-9!
            caught: C# says no
            2, 3, 5, 7, 11, 13, 17, 19, 23, 29
            now
            {"log":["now","later","42"],"big":"1180591620717411303424","text":"GRÖSSER"}
            TypeError: cannot read property 'x' of null
            stopped: interrupt

            """, output);
    }
}
