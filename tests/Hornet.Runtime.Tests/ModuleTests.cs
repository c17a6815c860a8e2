using Hornet.Wasm;

namespace Hornet.Runtime.Tests;

public sealed class ModuleTests
{
    const string Everything = """
        (module $all
          (import "a" "f" (func (param i32) (result f64))) (import "a" "t" (table 1 2 externref)) (import "a" "m" (memory 3 4)) (import "a" "g" (global (mut v128))) (import "a" "x" (tag (param i64)))
          (func (export "f") (param f32) (result i64) (i64.const 0)) (table (export "t") 5 funcref) (memory (export "m") 6) (global (export "g") f32 (f32.const 0)) (tag (export "x") (param f32)))
        """;

    [Fact]
    public void Imports_and_exports_are_told()
    {
        Module module = Wat.Module(Everything);
        Assert.Equal("all", module.Name);
        Assert.Equal(["a::f", "a::t", "a::m", "a::g", "a::x"], module.Imports.Select(i => i.ToString()));
        Assert.Equal([ValueKind.Float64], ((FunctionImport)module.Imports[0]).Results);
        Assert.Equal((1ul, 2ul, TableKind.ExternRef), (((TableImport)module.Imports[1]).Minimum, ((TableImport)module.Imports[1]).Maximum, ((TableImport)module.Imports[1]).Kind));
        Assert.Equal((3ul, 4ul, false), (((MemoryImport)module.Imports[2]).Minimum, ((MemoryImport)module.Imports[2]).Maximum, ((MemoryImport)module.Imports[2]).Is64Bit));
        Assert.Equal((ValueKind.V128, Mutability.Mutable), (((GlobalImport)module.Imports[3]).Kind, ((GlobalImport)module.Imports[3]).Mutability));
        Assert.Equal([ValueKind.Int64], ((TagImport)module.Imports[4]).Parameters);
        Assert.Equal(["f", "t", "m", "g", "x"], module.Exports.Select(e => e.Name));
        Assert.Equal([ValueKind.Float32], ((FunctionExport)module.Exports[0]).Parameters);
        Assert.Equal((5ul, null), (((TableExport)module.Exports[1]).Minimum, ((TableExport)module.Exports[1]).Maximum));
        Assert.Equal(6ul, ((MemoryExport)module.Exports[2]).Minimum);
        Assert.Equal((ValueKind.Float32, Mutability.Immutable), (((GlobalExport)module.Exports[3]).Kind, ((GlobalExport)module.Exports[3]).Mutability));
        Assert.Equal([ValueKind.Float32], ((TagExport)module.Exports[4]).Parameters);
    }

    [Fact]
    public void Invalid_modules_are_refused_with_their_offset()
    {
        byte[] bytes = Wat.Bytes("(module (func (result i32) (i32.const 1)))");
        Assert.Null(Module.Validate(Wat.Engine, bytes));
        bytes[^2] = 0x42; // i64.const's opcode... the value's type no longer fits
        bytes = [.. bytes[..^3], 0x42, 0x01, 0x0B];
        Assert.Contains("offset", Module.Validate(Wat.Engine, bytes));
        Assert.Equal(FormatErrorKind.Invalid, Assert.Throws<WasmFormatException>(() => Module.FromBytes(Wat.Engine, "x", bytes)).Kind);
        Assert.Throws<WasmFormatException>(() => Module.FromBytes(Wat.Engine, "x", []));
        Assert.Throws<WasmFormatException>(() => Module.FromBytes(Wat.Engine, "x", "text"u8));
    }

    [Fact]
    public void Features_that_are_off_are_refused()
    {
        using Engine engine = new(new Config().WithSIMD(false).WithRelaxedSIMD(false, true));
        Assert.Throws<WasmFormatException>(() => Wat.Module("(module (func (param v128)))", engine));
    }

    [Fact]
    public void From_files_and_streams()
    {
        byte[] bytes = Wat.Bytes("""(module (func (export "f") (result i32) (i32.const 9)))""");
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, bytes);
        using Store store = new(Wat.Engine);
        try
        {
            Assert.Equal(9, new Instance(store, Module.FromFile(Wat.Engine, path)).GetFunction<int>("f")!());
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Equal(9, new Instance(store, Module.FromStream(Wat.Engine, "s", new MemoryStream(bytes))).GetFunction<int>("f")!());
        Module slow = Module.FromStream(Wat.Engine, "s", new Trickle(bytes));
        Assert.Equal((9, "s"), (new Instance(store, slow).GetFunction<int>("f")!(), slow.Name));
        byte[] large = [.. bytes, .. new byte[] { 0, 0x80, 0x80, 0x10, 1, (byte)'x' }, .. new byte[(0x10 << 14) - 2]];
        Assert.Equal(9, new Instance(store, Module.FromStream(Wat.Engine, "s", new Trickle(large))).GetFunction<int>("f")!());
    }

    // A stream that cannot seek and gives little at a time.
    sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1000));
    }

    [Fact]
    public void Values_print_and_convert()
    {
        Assert.Equal("i32.const -1", ((ValueBox)(-1)).ToString());
        Assert.Equal("f64.const 0.1", ((ValueBox)0.1).ToString());
        Assert.Equal("ref.null extern", ValueBox.Null(ValueKind.ExternRef).ToString());
        Assert.Throws<InvalidCastException>(() => ((ValueBox)1).AsInt64());
        Assert.Equal(7u, ValueBox.FromObject(ValueKind.Int32, 7u).LowBits);
        Assert.Throws<ArgumentException>(() => ValueBox.FromObject(ValueKind.Int32, 7L));
        Span<byte> bytes = stackalloc byte[16];
        new V128(1, 2).CopyTo(bytes);
        Assert.Equal(new V128(1, 2), new V128(bytes));
    }
}
