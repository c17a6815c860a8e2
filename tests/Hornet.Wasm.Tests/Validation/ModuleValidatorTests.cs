using Hornet.Base;

namespace Hornet.Wasm.Tests.Validation;

/// <summary>Rules outside function bodies, and that neither threads nor the way bytes arrive change a verdict.</summary>
public sealed class ModuleValidatorTests
{
    // Sections as "id: content" in hexadecimal, one after the other.
    static byte[] Module(string sections)
    {
        ByteBuffer module = new();
        module.Append("\0asm\x1\0\0\0"u8);
        foreach (string section in sections.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = section.Split(':');
            module.Byte(byte.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture));
            module.Vector(Convert.FromHexString(parts[1].Replace(" ", "", StringComparison.Ordinal)));
        }
        return module.ToArray();
    }

    static WasmFormatException? Validate(byte[] module, Features features = Features.All, int threads = 1)
    {
        try
        {
            ModuleValidator.Validate(module, features, new() { MaxDegreeOfParallelism = threads });
            return null;
        }
        catch (WasmFormatException e)
        {
            return e;
        }
    }

    [Theory]
    // types
    [InlineData("1: 01 60 01 64 01 00", "unknown type 1")]
    [InlineData("1: 02 60 00 00 50 01 00 60 00 00", "sub type 1 does not match super type 0")]
    [InlineData("1: 02 50 00 60 00 00 50 01 00 60 00 00", "")]
    [InlineData("1: 01 4E 02 60 01 64 01 00 60 00 00", "")]
    // imports (module "m", name "n")
    [InlineData("1: 01 60 00 00 | 2: 01 01 6D 01 6E 00 00", "")]
    [InlineData("1: 01 60 00 00 | 2: 01 01 6D 01 6E 00 01", "unknown type 1")]
    [InlineData("1: 01 5F 00 | 2: 01 01 6D 01 6E 00 00", "type mismatch: type 0 is not a function type")]
    [InlineData("2: 01 01 6D 01 6E 01 70 01 02 01", "size minimum must not be greater than maximum")]
    [InlineData("2: 01 01 6D 01 6E 02 00 81 80 04", "memory size must be at most 65536 pages (4GiB)")]
    [InlineData("2: 01 01 6D 01 6E 03 63 07 00", "unknown type 7")]
    [InlineData("1: 01 60 00 01 7F | 2: 01 01 6D 01 6E 04 00 00", "non-empty tag result type")]
    // functions
    [InlineData("3: 01 00 | 10: 01 02 00 0B", "unknown type 0")]
    [InlineData("1: 01 5F 00 | 3: 01 00 | 10: 01 02 00 0B", "type mismatch: type 0 is not a function type")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 10: 01 02 00 0B", "")]
    // tables
    [InlineData("4: 01 70 01 05 04", "size minimum must not be greater than maximum")]
    [InlineData("4: 01 70 00 80 80 80 80 10", "table size must be at most 2^32-1")]
    [InlineData("4: 01 70 04 80 80 80 80 10", "")]
    [InlineData("4: 01 64 70 00 00", "type mismatch: a table of (ref func) needs an initial value")]
    [InlineData("4: 01 40 00 70 00 01 D0 70 0B", "")]
    [InlineData("4: 01 40 00 70 00 01 D0 6F 0B", "type mismatch")]
    [InlineData("4: 01 63 05 00 00", "unknown type 5")]
    // memories
    [InlineData("5: 01 01 02 01", "size minimum must not be greater than maximum")]
    [InlineData("5: 01 00 81 80 04", "memory size must be at most 65536 pages (4GiB)")]
    [InlineData("5: 01 04 80 80 80 80 80 80 40", "")]
    [InlineData("5: 01 04 81 80 80 80 80 80 40", "memory size must be at most 2^48 pages")]
    [InlineData("5: 01 02 01", "shared memory must have maximum")]
    [InlineData("5: 01 03 01 01", "")]
    [InlineData("5: 01 08 01 00", "")]
    [InlineData("5: 01 08 01 01", "invalid custom page size")]
    [InlineData("5: 01 08 80 80 80 80 10 00", "memory size must be at most 2^32-1 pages")]
    [InlineData("5: 02 00 01 00 01", "")]
    // globals
    [InlineData("6: 01 7F 00 41 00 0B", "")]
    [InlineData("6: 01 7F 00 42 00 0B", "type mismatch")]
    [InlineData("6: 01 7F 00 0B", "type mismatch")]
    [InlineData("6: 01 7F 00 41 00 41 00 0B", "type mismatch: block requires [i32] but stack has [i32 i32]")]
    [InlineData("6: 01 7F 00 41 01 45 0B", "constant expression required")]
    [InlineData("6: 01 7F 00 02 7F 41 01 0B 0B", "constant expression required")]
    [InlineData("6: 01 7F 00 41 01 41 02 6A 0B", "")]
    [InlineData("6: 01 7F 00 23 00 0B", "unknown global 0")]
    [InlineData("6: 02 7F 00 41 00 0B 7F 00 23 00 0B", "")]
    [InlineData("6: 02 7F 01 41 00 0B 7F 00 23 00 0B", "constant expression required: the global is mutable")]
    [InlineData("6: 02 7F 00 23 01 0B 7F 00 41 00 0B", "unknown global 1")]
    [InlineData("6: 01 70 00 D2 00 0B", "unknown function 0")]
    [InlineData("6: 01 6C 00 41 05 FB 1C 0B", "")]
    [InlineData("6: 01 6F 00 41 05 FB 1C FB 1B 0B", "")]
    [InlineData("1: 01 5F 01 7F 00 | 6: 01 64 00 00 41 05 FB 00 00 0B", "")]
    [InlineData("6: 01 64 09 00 00 0B", "unknown type 9")]
    // exports
    [InlineData("5: 01 00 01 | 7: 02 01 61 02 00 01 62 02 00", "")]
    [InlineData("5: 01 00 01 | 7: 02 01 61 02 00 01 61 02 00", "duplicate export name")]
    [InlineData("7: 01 01 61 00 00", "unknown function 0")]
    [InlineData("7: 01 01 61 01 00", "unknown table 0")]
    [InlineData("7: 01 01 61 02 00", "unknown memory 0")]
    [InlineData("7: 01 01 61 03 00", "unknown global 0")]
    [InlineData("7: 01 01 61 04 00", "unknown tag 0")]
    // start
    [InlineData("8: 00", "unknown function 0")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 8: 00 | 10: 01 02 00 0B", "")]
    [InlineData("1: 01 60 01 7F 00 | 3: 01 00 | 8: 00 | 10: 01 02 00 0B", "start function")]
    // element segments
    [InlineData("9: 01 00 41 00 0B 00", "unknown table 0")]
    [InlineData("4: 01 70 00 00 | 9: 01 00 41 00 0B 00", "")]
    [InlineData("4: 01 70 00 00 | 9: 01 00 42 00 0B 00", "type mismatch")]
    [InlineData("4: 01 70 04 00 | 9: 01 00 42 00 0B 00", "")]
    [InlineData("4: 01 6F 00 00 | 9: 01 00 41 00 0B 00", "type mismatch: element segment of (ref func) does not match table of externref")]
    [InlineData("4: 01 70 00 00 | 9: 01 00 41 00 0B 01 00", "unknown function 0")]
    [InlineData("9: 01 05 70 01 D0 70 0B", "")]
    [InlineData("9: 01 05 70 01 D0 6F 0B", "type mismatch")]
    [InlineData("9: 01 05 70 01 01 0B", "constant expression required")]
    // data segments
    [InlineData("11: 01 00 41 00 0B 00", "unknown memory 0")]
    [InlineData("5: 01 00 01 | 11: 01 00 41 00 0B 00", "")]
    [InlineData("5: 01 00 01 | 11: 01 00 42 00 0B 00", "type mismatch")]
    [InlineData("5: 01 04 01 | 11: 01 00 42 00 0B 00", "")]
    [InlineData("5: 01 00 01 | 11: 01 02 01 41 00 0B 00", "unknown memory 1")]
    [InlineData("11: 01 01 00", "")]
    // a reference to a function counts as declared where it occurs outside bodies
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 10: 01 05 00 D2 00 1A 0B", "undeclared function reference")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 7: 01 01 61 00 00 | 10: 01 05 00 D2 00 1A 0B", "")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 9: 01 03 00 01 00 | 10: 01 05 00 D2 00 1A 0B", "")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 6: 01 70 00 D2 00 0B | 10: 01 05 00 D2 00 1A 0B", "")]
    [InlineData("1: 01 60 00 00 | 3: 01 00 | 8: 00 | 10: 01 05 00 D2 00 1A 0B", "undeclared function reference")]
    public void Sections(string sections, string message)
    {
        byte[] module = Module(sections);
        WasmFormatException? error = Validate(module);
        if (message == "")
        {
            Assert.Null(error);
            return;
        }
        Assert.StartsWith(message, error?.Reason ?? "valid");
        Assert.Equal(FormatErrorKind.Invalid, error!.Kind);
        Assert.InRange(error.Offset, 8, module.Length);
    }

    [Theory]
    [InlineData("6: 01 7F 00 41 01 41 02 6A 0B", Features.ExtendedConst, "constant expression required: the feature extended-const is not enabled")]
    [InlineData("6: 02 7F 00 41 00 0B 7F 00 23 00 0B", Features.Gc, "unknown global 0")]
    [InlineData("5: 02 00 01 00 01", Features.MultiMemory, "multiple memories")]
    [InlineData("4: 02 70 00 01 70 00 01", Features.ReferenceTypes, "multiple tables")]
    [InlineData("4: 01 70 04 01", Features.Memory64, "the feature memory64 is not enabled")]
    [InlineData("2: 01 01 6D 01 6E 03 7F 01", Features.MutableGlobal, "the feature mutable-global is not enabled")]
    [InlineData("6: 01 7B 01 41 00 0B", Features.Simd, "the feature simd is not enabled")]
    [InlineData("1: 01 60 00 02 7F 7F", Features.MultiValue, "the feature multi-value is not enabled")]
    [InlineData("1: 01 4E 01 60 00 00", Features.Gc, "the feature gc is not enabled")]
    [InlineData("1: 02 60 00 00 4E 00", Features.Gc, "the feature gc is not enabled")]
    [InlineData("1: 01 60 01 64 00 00", Features.Gc, "unknown type 0")]
    [InlineData("11: 01 01 00", Features.BulkMemory, "the feature bulk-memory is not enabled")]
    public void WhatIsSwitchedOffIsNamed(string sections, Features off, string message) =>
        Assert.StartsWith(message, Validate(Module(sections), Features.All & ~off)?.Reason ?? "valid");

    // So many functions that several threads take part; a body of no use, of about the size that compilers write.
    static byte[] Large(int functions, params int[] wrong)
    {
        ByteBuffer code = new(), body = new(), types = new();
        types.U32((uint)functions);
        for (int i = 0; i < functions; i++) types.Byte(0);
        code.U32((uint)functions);
        for (int i = 0; i < functions; i++)
        {
            body.Clear();
            body.Byte(0);
            for (int j = 0; j < 40 + i % 50; j++) Assembly.Code(body, "i32.const 1 drop");
            // One byte more or less must not matter.
            Assembly.Code(body, Array.IndexOf(wrong, i) >= 0 ? $"i32.const {i} end" : "end");
            code.Vector(body.Written);
        }
        return Module($"1: 01 60 00 00 | 3: {Convert.ToHexString(types.Written)} | 10: {Convert.ToHexString(code.Written)}");
    }

    sealed class Trickle(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));
    }

    static string? Streamed(byte[] module, int threads, int most)
    {
        try
        {
            ModuleValidator.Validate(new Trickle(module, most), Features.All, new() { MaxDegreeOfParallelism = threads });
            return null;
        }
        catch (WasmFormatException e)
        {
            return e.Message;
        }
    }

    [Fact]
    public void TheFirstErrorCountsWhateverTheNumberOfThreads()
    {
        byte[] good = Large(12_000), bad = Large(12_000, 11_999, 7_001, 11_000, 9_000);
        string expected = Validate(bad)!.Message;
        Assert.StartsWith("type mismatch: block requires [] but stack has [i32]", expected);
        // And behind the bodies something that the decoder does not like.
        byte[] badEnd = [.. bad, 77], goodEnd = [.. good, 77];
        string end = Validate(goodEnd)!.Message;
        foreach (int threads in (int[])[1, 2, 3, 8])
        {
            Assert.Null(Validate(good, threads: threads));
            Assert.Equal(end, Validate(goodEnd, threads: threads)?.Message);
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(expected, Validate(bad, threads: threads)?.Message);
                Assert.Equal(expected, Validate(badEnd, threads: threads)?.Message);
            }
            Assert.Null(Streamed(good, threads, 5_000));
            Assert.Equal(expected, Streamed(bad, threads, 777));
            Assert.Equal(end, Streamed(goodEnd, threads, 100_000));
        }
    }

    [Fact]
    public void BytesMayComeOneByOne()
    {
        byte[] module = Large(200, 150);
        Assert.Equal(Validate(module)!.Message, Streamed(module, 2, 1));
    }

    [Fact]
    public void StreamingKeepsLittle()
    {
        byte[] module = Large(60_000);
        Streamed(module, 1, 1 << 17);
        // Of this thread alone: other tests run beside it.
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(Streamed(module, 1, 1 << 17));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, module.Length / 3);
    }

    [Fact]
    public void ErrorsOfTheStreamAreTheCallers()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ModuleValidator.Validate(default(ReadOnlyMemory<byte>), Features.All, new() { MaxDegreeOfParallelism = -1 }));
        Assert.Throws<ArgumentNullException>(() => ModuleValidator.Validate((Stream)null!));
        Assert.Equal("unexpected end", Validate([])?.Reason);
    }
}
