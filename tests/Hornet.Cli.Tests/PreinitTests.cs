namespace Hornet.Cli.Tests;

/// <summary>hornet preinit: what it writes validates, runs here and on Wasmtime, and begins where the initialisation ended.</summary>
public sealed class PreinitTests
{
    private const string Counting = """
        (module (memory (export "memory") 1 4) (table 3 8 funcref) (global $n (mut i32) (i32.const 1)) (global $f (mut f64) (f64.const 0)) (global $l (mut i64) (i64.const 0))
          (data (i32.const 8) "begin") (data $p "passive") (data $q "kept") (elem (i32.const 0) $one) (elem $e func $two)
          (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
          (func $start (global.set $n (i32.add (global.get $n) (i32.const 10))))
          (func (export "wizer.initialize")
            (global.set $n (i32.add (global.get $n) (i32.const 100))) (global.set $f (f64.const -0x1.8p+3)) (global.set $l (i64.const -9000000000))
            (drop (memory.grow (i32.const 2))) (memory.init $p (i32.const 150000) (i32.const 0) (i32.const 7)) (i32.store8 (i32.const 8) (i32.const 66))
            (drop (table.grow (ref.null func) (i32.const 2))) (table.init $e (i32.const 4) (i32.const 0) (i32.const 1)) (data.drop $p) (elem.drop $e))
          (func (export "check") (result i32) (memory.init $q (i32.const 0) (i32.const 0) (i32.const 4))
            (i32.add (i32.mul (global.get $n) (i32.const 1000)) (i32.add (i32.load8_u (i32.const 150000)) (i32.add (i32.mul (memory.size) (i32.const 100))
              (i32.add (call_indirect (result i32) (i32.const 4)) (i32.add (table.size) (i32.load8_u (i32.const 8))))))))
          (func (export "numbers") (result f64 i64) (global.get $f) (global.get $l))
          (func (export "again") (result i32) (i32.const 7))
          (start $start))
        """;

    // 111 * 1000 + 'p' + 3 * 100 + 2 + 5 + 'B'
    private const int Sum = 111_000 + 112 + 300 + 2 + 5 + 66;

    [Fact]
    public void A_module_begins_where_its_initialisation_ended()
    {
        using var scratch = new Scratch();
        var (text, made) = (Path.Combine(scratch.Path, "counting.wat"), Path.Combine(scratch.Path, "made.wasm"));
        File.WriteAllText(text, Counting);
        Ran.Hornet("preinit", text, "-o", made, "--rename-func", "check2=again").Ended(0);
        Ran.Hornet("validate", made).Ended(0);
        Assert.Equal($"{Sum}\n", Ran.Hornet("run", "--invoke", "check", made).Ended(0).Output);
        Assert.Equal("-12\n-9000000000\n", Ran.Hornet("run", "--invoke", "numbers", made).Ended(0).Output);
        Assert.Equal("7\n", Ran.Hornet("run", "--invoke", "check2", made).Ended(0).Output);
        Assert.NotEqual(0, Ran.Hornet("run", "--invoke", "wizer.initialize", made).ExitCode);
        using var engine = new global::Wasmtime.Engine();
        using var module = global::Wasmtime.Module.FromFile(engine, made);
        using var store = new global::Wasmtime.Store(engine);
        Assert.Equal(Sum, new global::Wasmtime.Instance(store, module).GetFunction<int>("check")!());
        // And once more, from what was made.
        var kept = Path.Combine(scratch.Path, "kept.wasm");
        Ran.Hornet("preinit", text, "-o", kept, "--keep-init-func").Ended(0);
        Ran.Hornet("run", "--invoke", "wizer.initialize", kept);
        Assert.True(new FileInfo(made).Length < 1000);
    }

    [Fact]
    public void A_C_program_with_static_initialisation_keeps_what_it_has_made()
    {
        using var scratch = new Scratch();
        var made = Path.Combine(scratch.Path, "made.wasm");
        var source = Guest.C("preinit");
        Assert.Equal("primes below 20000: 2262, the last 19997\nmade 1 times, heap 42\n", Ran.Hornet("preinit", source, "-o", made, "--allow-wasi", "--init-func", "initialize").Ended(0).Output is "initialising\n" ? Ran.Hornet("run", made).Ended(0).Output : "not initialised");
        Ran.Hornet("validate", made).Ended(0);
    }

    [Fact]
    public void Open_files_are_refused()
    {
        using var scratch = new Scratch();
        var (file, made) = (Path.Combine(scratch.Path, "guest.wat"), Path.Combine(scratch.Path, "made.wasm"));
        const string guest = """
            (module (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32))) (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
              (memory (export "memory") 1) (data (i32.const 0) "kept.txt")
              (func (export "wizer.initialize") (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 100)) (then (unreachable))) {CLOSE})
              (func (export "number") (result i32) (i32.load (i32.const 100))))
            """;
        File.WriteAllText(file, guest.Replace("{CLOSE}", ""));
        var ran = Ran.Hornet("preinit", file, "-o", made, "--allow-wasi", "--dir", scratch.Path + "::/");
        Assert.NotEqual(0, ran.ExitCode);
        Assert.Contains("cannot be captured: the initialisation has left 1 of the files open", ran.Error);
        Assert.False(File.Exists(made));
        File.WriteAllText(file, guest.Replace("{CLOSE}", "(drop (call $close (i32.load (i32.const 100))))"));
        Ran.Hornet("preinit", file, "-o", made, "--allow-wasi", "--dir", scratch.Path + "::/").Ended(0);
        Assert.Equal("4\n", Ran.Hornet("run", "--invoke", "number", made).Ended(0).Output);
    }

    [Fact]
    public void QuickJS_begins_with_its_context_made_and_says_the_same()
    {
        const string script = "const a = [5, 3, 9].sort((x, y) => x - y); JSON.stringify({ a, big: (2n ** 70n).toString(), re: 'x1y22'.replace(/\\d+/g, d => `<${d}>`), date: new Date(0).toISOString() })";
        const string expected = """{"a":[3,5,9],"big":"1180591620717411303424","re":"x<1>y<22>","date":"1970-01-01T00:00:00.000Z"}""";
        using var scratch = new Scratch();
        var (quickJs, made) = (Guest.Npm("quickjs-wasi@3.6.2", "quickjs.wasm"), Path.Combine(scratch.Path, "made.wasm"));
        Ran.Hornet("preinit", quickJs, "-o", made, "--allow-wasi", "--init-func", "qjs_init").Ended(0);
        Ran.Hornet("validate", made).Ended(0);
        var (cold, started) = Evaluate(quickJs, script, initialise: true);
        var (warm, restarted) = Evaluate(made, script, initialise: false);
        Assert.Equal((expected, expected), (cold, warm));
        // Fifty times as fast and more; a busy machine does not turn that round.
        Assert.True(restarted < started, $"{restarted} with a context made, {started} without");
    }

    // On Wasmtime: any engine runs what was made. What it says, and the least milliseconds until the context is there.
    private static (string Said, double Milliseconds) Evaluate(string file, string script, bool initialise)
    {
        using var engine = new global::Wasmtime.Engine();
        using var module = global::Wasmtime.Module.FromFile(engine, file);
        var (least, said) = (double.MaxValue, "");
        for (var round = 0; round < 5; round++)
        {
            using var store = new global::Wasmtime.Store(engine);
            using var linker = new global::Wasmtime.Linker(engine);
            linker.DefineWasi();
            store.SetWasiConfiguration(new global::Wasmtime.WasiConfiguration());
            linker.DefineFunction("env", "host_interrupt", () => 0);
            linker.DefineFunction("env", "host_get_timezone_offset", (int high, int low) => 0);
            linker.DefineUnknownImportsAsTraps(module);
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            var instance = linker.Instantiate(store, module);
            if (initialise)
            {
                instance.GetAction("_initialize")?.Invoke();
                instance.GetFunction<int>("qjs_init")!();
            }
            least = Math.Min(least, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            var memory = instance.GetMemory("memory")!;
            var (malloc, text) = (instance.GetFunction<int, int>("wasm_malloc")!, System.Text.Encoding.UTF8.GetBytes(script + "\0"));
            int code = malloc(text.Length), name = malloc(8);
            text.CopyTo(memory.GetSpan(code, text.Length));
            "eval\0"u8.CopyTo(memory.GetSpan(name, 8));
            said = memory.ReadNullTerminatedString(instance.GetFunction<int, int>("qjs_get_string")!(instance.GetFunction<int, int, int, int, int>("qjs_eval")!(code, text.Length - 1, name, 0)));
        }
        return (said, least);
    }

    [Theory]
    [InlineData("""(module (memory (import "h" "m") 1) (func (export "wizer.initialize")))""", "unknown import")]
    [InlineData("""(module (global (export "x") (mut externref) (ref.null extern)) (func (export "other")))""", "no function 'wizer.initialize' is exported")]
    [InlineData("""(module (func (export "wizer.initialize") (param i32)))""", "must have no parameters")]
    [InlineData("""(module (memory 1 1 shared) (func (export "wizer.initialize")))""", "cannot be captured: memory 0 is shared")]
    [InlineData("""(module (import "h" "f" (func $f)) (func (export "wizer.initialize") (call $f)))""", "h::f")]
    [InlineData("""(module (table (import "h" "t") 1 funcref) (func (export "wizer.initialize")))""", "unknown import")]
    [InlineData("""(module (type $s (struct)) (global $g (mut anyref) (ref.null any)) (func (export "wizer.initialize") (global.set $g (struct.new $s))))""", "cannot be captured: global 0 refers to an object of its store")]
    [InlineData("""(module (global $g (mut anyref) (ref.null any)) (func (export "wizer.initialize") (global.set $g (ref.i31 (i32.const 5)))))""", "cannot be captured: global 0 refers to an object of its store")]
    [InlineData("""(module (type $s (struct)) (table $t 3 anyref) (func (export "wizer.initialize") (table.set $t (i32.const 2) (struct.new $s))))""", "cannot be captured: element 2 of table 0 refers to an object of its store")]
    [InlineData("""(module (memory i64 20000) (func (export "wizer.initialize") (i64.store (i64.const 1200000000) (i64.const 1))))""", "contents up to")]
    public void What_cannot_be_is_refused_with_a_reason(string text, string reason)
    {
        using var scratch = new Scratch();
        var file = Path.Combine(scratch.Path, "guest.wat");
        File.WriteAllText(file, text);
        var ran = Ran.Hornet("preinit", file, "-o", Path.Combine(scratch.Path, "made.wasm"), "-W", "threads");
        Assert.NotEqual(0, ran.ExitCode);
        Assert.Contains(reason, ran.Error);
        Assert.False(File.Exists(Path.Combine(scratch.Path, "made.wasm")));
    }
}
