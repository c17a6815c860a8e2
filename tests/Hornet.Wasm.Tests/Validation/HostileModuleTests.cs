using System.Diagnostics;
using Hornet.Base;

namespace Hornet.Wasm.Tests.Validation;

/// <summary>Modules of about a megabyte built to cost: each gets its verdict within a bounded multiple of its size, in time and in memory.</summary>
public sealed class HostileModuleTests
{
    static ValType Ref(int type) => ValType.Ref(HeapType.Concrete(type), nullable: true);

    static byte[] Module(SubType[] types, byte[] functionTypes, params byte[][] bodies)
    {
        ByteBuffer module = new(), section = new();
        module.Append("\0asm\x1\0\0\0"u8);
        void Section(SectionId id, Action<ByteBuffer> write)
        {
            section.Clear();
            write(section);
            module.Byte((byte)id);
            module.Vector(section.Written);
        }
        Section(SectionId.Type, s =>
        {
            s.U32((uint)types.Length);
            foreach (SubType type in types) s.SubType(type);
        });
        Section(SectionId.Function, s =>
        {
            s.U32((uint)bodies.Length);
            for (int i = 0; i < bodies.Length; i++) s.Byte(functionTypes[Math.Min(i, functionTypes.Length - 1)]);
        });
        Section(SectionId.Code, s =>
        {
            s.U32((uint)bodies.Length);
            foreach (byte[] body in bodies) s.Vector(body);
        });
        return module.ToArray();
    }

    // A body without locals: the operators as often as it takes to a megabyte, then the rest.
    static byte[] Repeated(string before, string code, string after)
    {
        ByteBuffer body = new(), one = new();
        body.Byte(0);
        Assembly.Code(body, before);
        Assembly.Code(one, code);
        while (body.Length < 1_000_000) body.Append(one.Written);
        Assembly.Code(body, after + " end");
        return body.ToArray();
    }

    static ValType[] Many(ValType type) => [.. Enumerable.Repeat(type, WasmLimits.Params)];

    static readonly byte[] Stub = [0, 0, 0x0B];

    /// <summary>Validates on this thread; the result is the error's kind.</summary>
    static FormatErrorKind? Cost(byte[] module, int timesItsSize)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();
        FormatErrorKind? kind = null;
        try
        {
            ModuleValidator.Validate(module, Features.All, new() { MaxDegreeOfParallelism = 1 });
        }
        catch (WasmFormatException e)
        {
            kind = e.Kind;
        }
        // Generous: other tests run beside it. What goes wrong here takes minutes.
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (long)module.Length * timesItsSize + 1_000_000);
        return kind;
    }

    [Fact]
    public void LocalsThatNobodyUses()
    {
        // Fifty thousand locals in ten bytes, a hundred thousand times.
        byte[] body = [1, 0xD0, 0x86, 0x03, 0x7F, 0x0B];
        byte[] withoutDefault = [1, 0xD0, 0x86, 0x03, 0x64, 0x70, 0x0B];
        Assert.Null(Cost(Module([new FuncType([], [])], [0], [.. Enumerable.Repeat(body, 100_000)]), 8));
        Assert.Null(Cost(Module([new FuncType([], [])], [0], [.. Enumerable.Repeat(withoutDefault, 100_000)]), 8));
    }

    [Fact]
    public void CallsThatPushAThousandOperands()
    {
        FuncType wide = new([], Many(ValType.I32));
        Assert.Equal(FormatErrorKind.Limit, Cost(Module([wide, new FuncType([], [])], [0, 1], Stub, Repeated("", "call 0", "unreachable")), 16));
        Assert.Null(Cost(Module([wide, new FuncType([], [])], [0, 1], Stub, Repeated("", "call 0 unreachable", "")), 16));
    }

    [Fact]
    public void SignaturesFullOfDistantSubtypes()
    {
        SubType[] chain = [.. Enumerable.Range(0, 64).Select(i => new StructType([]) { IsFinal = false, Supertype = i - 1 })];
        SubType[] types = [.. chain, new FuncType([], Many(Ref(63))), new FuncType(Many(Ref(0)), []), new FuncType([], [])];
        Assert.Null(Cost(Module(types, [64, 65, 66], Stub, Stub, Repeated("", "call 0 call 1", "")), 16));
    }

    [Fact]
    public void BlocksInsideBlocks()
    {
        ByteBuffer body = new();
        body.Byte(0);
        for (int i = 0; i < 500_000; i++) Assembly.Code(body, "block");
        for (int i = 0; i <= 500_000; i++) Assembly.Code(body, "end");
        Assert.Null(Cost(Module([new FuncType([], [])], [0], body.ToArray()), 64));
    }

    [Fact]
    public void TablesOfEqualBranches()
    {
        ByteBuffer body = new();
        body.Byte(0);
        Assembly.Code(body, "block type=0 unreachable");
        uint[] labels = new uint[1_000_000];
        body.BrTable(labels, 0);
        Assembly.Code(body, "end unreachable end");
        Assert.Null(Cost(Module([new FuncType([], Many(ValType.I64))], [0], body.ToArray()), 16));
    }

    [Fact]
    public void AggregatesWithManyFields()
    {
        StructType large = new([.. Enumerable.Repeat(new FieldType(ValType.I32, true), WasmLimits.StructFields)]);
        SubType[] types = [large, new ArrayType(new(ValType.I32, true)), new FuncType([], [])];
        Assert.Null(Cost(Module(types, [2], Repeated("", "struct.new_default 0 drop", "")), 16));
        Assert.Null(Cost(Module(types, [2], Repeated("unreachable", "struct.new 0 unreachable", "")), 16));
        Assert.Null(Cost(Module(types, [2], Repeated("unreachable", "array.new_fixed 1 10000 unreachable", "")), 16));
    }

    [Fact]
    public void TypesThatAreAllAlikeOrAllDifferent()
    {
        SubType[] alike = [.. Enumerable.Repeat(new FuncType([], []), 200_000)];
        SubType[] different = [.. Enumerable.Range(0, 100_000).Select(i => new StructType([new(Ref(i), true)]))];
        Assert.Null(Cost(Module(alike, [0]), 64));
        Assert.Null(Cost(Module(different, [0]), 96));
    }
}
