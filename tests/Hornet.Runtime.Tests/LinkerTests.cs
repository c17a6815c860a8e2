namespace Hornet.Runtime.Tests;

public sealed class LinkerTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);
    readonly Linker _linker = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Host_functions_serve_every_store()
    {
        int calls = 0;
        _linker.DefineFunction("h", "f", (int a) => { calls++; return a + 1; });
        using Module module = Wat.Module("""(module (import "h" "f" (func $f (param i32) (result i32))) (func (export "run") (result i32) (call $f (i32.const 41))))""");
        for (int i = 0; i < 3; i++)
        {
            using Store store = new(Wat.Engine);
            Assert.Equal(42, _linker.Instantiate(store, module).GetFunction<int>("run")!());
        }
        Assert.Equal(3, calls);
    }

    [Theory]
    [InlineData("""(module (import "m" "none" (func)))""", "unknown import")]
    [InlineData("""(module (import "m" "f" (func (param i32))))""", "incompatible import type")]
    [InlineData("""(module (import "m" "f" (memory 1)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "mem" (memory 3)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "mem" (memory 1 1)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "mem" (memory i64 1)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "mem" (memory 1 2 shared)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "t" (table 1 externref)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "t" (table 11 funcref)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "g" (global i64)))""", "incompatible import type")]
    [InlineData("""(module (import "m" "g" (global (mut i32))))""", "incompatible import type")]
    [InlineData("""(module (import "m" "tag" (tag (param i64))))""", "incompatible import type")]
    public void Imports_that_do_not_fit_are_told_by_name(string text, string message)
    {
        Offer();
        LinkException e = Assert.Throws<LinkException>(() => _linker.Instantiate(_store, Wat.Module(text)));
        Assert.StartsWith(message, e.Message);
        Assert.Contains("m::", e.Message);
    }

    [Fact]
    public void Imports_that_fit()
    {
        Offer();
        Instance instance = _linker.Instantiate(_store, Wat.Module("""
            (module (import "m" "f" (func)) (import "m" "mem" (memory 1 3)) (import "m" "t" (table 5 funcref)) (import "m" "g" (global $g i32)) (import "m" "tag" (tag (param i32)))
              (global (export "copy") i32 (global.get $g)) (memory 1))
            """));
        Assert.Equal(7, instance.GetGlobal("copy")!.GetValue());
    }

    void Offer()
    {
        Instance exporter = Wat.Instantiate(_store, """
            (module (func (export "f")) (memory (export "mem") 2 3) (table (export "t") 10 funcref) (global (export "g") i32 (i32.const 7)) (tag (export "tag") (param i32)))
            """);
        _linker.DefineInstance(_store, "m", exporter);
    }

    [Fact]
    public void A_name_is_defined_once_unless_shadowing_is_allowed()
    {
        _linker.DefineFunction("m", "f", () => 1);
        Assert.Throws<InvalidOperationException>(() => _linker.DefineFunction("m", "f", () => 2));
        using Linker copy = _linker.Clone();
        copy.AllowShadowing = true;
        copy.DefineFunction("m", "f", () => 3);
        Assert.Equal(3, copy.GetFunction(_store, "m", "f")!.Invoke());
        Assert.Equal(1, _linker.GetFunction(_store, "m", "f")!.Invoke());
        Assert.Null(_linker.GetFunction(_store, "m", "g"));
        Assert.Null(_linker.GetMemory(_store, "m", "f"));
    }

    [Fact]
    public void Unknown_functions_trap_when_called_or_return_zeros()
    {
        Module module = Wat.Module("""(module (import "m" "f" (func $f (param i32) (result i64))) (func (export "run") (result i64) (call $f (i32.const 5))))""");
        using Linker traps = _linker.Clone();
        traps.DefineUnknownImportsAsTraps(module);
        TrapException trap = Assert.Throws<TrapException>(() => traps.Instantiate(_store, module).GetFunction<long>("run")!());
        Assert.Equal(TrapCode.UnknownImport, trap.Type);
        Assert.Contains("m::f", trap.InnerException!.Message);
        Assert.Single(trap.Frames);
        _linker.DefineUnknownImportsAsDefaultValues(_store, module);
        Assert.Equal(0, _linker.Instantiate(_store, module).GetFunction<long>("run")!());
    }

    [Fact]
    public void Unknown_items_are_made_empty()
    {
        Module module = Wat.Module("""
            (module (import "m" "mem" (memory $m 2)) (import "m" "t" (table $t 3 funcref)) (import "m" "g" (global $g (mut i64)))
              (export "mem" (memory $m)) (export "t" (table $t)) (export "g" (global $g)))
            """);
        _linker.DefineUnknownImportsAsDefaultValues(_store, module);
        Instance instance = _linker.Instantiate(_store, module);
        Assert.Equal(2, instance.GetMemory("mem")!.GetSize());
        Assert.Equal(3u, instance.GetTable("t")!.GetSize());
        Assert.Equal(0L, instance.GetGlobal("g")!.GetValue());
    }

    [Fact]
    public void Modules_are_linked_by_name()
    {
        _linker.DefineModule(_store, Wat.Module("""(module $calc (func (export "two") (result i32) (i32.const 2)) (func (export "_start")))"""));
        Instance user = _linker.Instantiate(_store, Wat.Module("""(module (import "calc" "two" (func $two (result i32))) (func (export "four") (result i32) (i32.add (call $two) (call $two))))"""));
        Assert.Equal(4, user.GetFunction("four")!.Invoke());
        Assert.NotNull(_linker.GetDefaultFunction(_store, "calc"));
    }

    [Fact]
    public void Items_of_another_store_are_refused()
    {
        using Store other = new(Wat.Engine);
        _linker.Define("m", "f", Function.FromCallback(other, () => { }));
        Assert.Contains("another store", Assert.Throws<LinkException>(() => _linker.Instantiate(_store, Wat.Module("""(module (import "m" "f" (func)))"""))).Message);
    }
}
