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

    [Theory]
    [InlineData("""(module (memory (import "h" "m") 1) (func (export "wizer.initialize")))""", "unknown import")]
    [InlineData("""(module (global (export "x") (mut externref) (ref.null extern)) (func (export "other")))""", "no function 'wizer.initialize' is exported")]
    [InlineData("""(module (func (export "wizer.initialize") (param i32)))""", "must have neither parameters nor results")]
    [InlineData("""(module (memory 1 1 shared) (func (export "wizer.initialize")))""", "cannot be captured: memory 0 is shared")]
    [InlineData("""(module (import "h" "f" (func $f)) (func (export "wizer.initialize") (call $f)))""", "h::f")]
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
