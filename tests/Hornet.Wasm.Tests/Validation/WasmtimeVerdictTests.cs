using Hornet.Base;

namespace Hornet.Wasm.Tests.Validation;

/// <summary>
/// Bodies of random operators from the table, with immediates that mostly name something: Hornet and Wasmtime must agree on each.
/// `unreachable` between them conjures up operands, so that a good part is valid.
/// </summary>
public sealed class WasmtimeVerdictTests
{
    // What Wasmtime switches on by itself, and threads.
    const Features Common = Features.Wasm3 | Features.Threads | Features.WideArithmetic;

    static readonly Op[] Pool = [.. Opcodes.All.ToArray().Select(o => (Op)o).Where(o => (Opcodes.FeatureOf(o) & ~Common) == 0 && o is not (Op.End or Op.Else))];
    // Vectors and atomics are many and alike.
    static readonly Op[] Favoured = [.. Pool.Where(o => Opcodes.SignatureOf(o).ByContext)];

    static readonly ValType[] Types =
    [
        ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128, ValType.FuncRef, ValType.ExternRef, ValType.AnyRef, ValType.EqRef, ValType.I31Ref, ValType.StructRef,
        ValType.ArrayRef, ValType.ExnRef, ValType.NullRef, ValType.NullFuncRef, ValType.NullExternRef, ValType.NullExnRef, Ref(0), Ref(3), Ref(5), Ref(9), Ref(10, false), Ref(3, false), Ref(0, false),
        ValType.Ref(HeapType.Exn, false), ValType.Ref(HeapType.Any, false), ValType.Ref(HeapType.I31, false),
    ];

    static ValType Ref(int type, bool nullable = true) => ValType.Ref(HeapType.Concrete(type), nullable);

    static readonly SubType[] TypeSection =
    [
        new FuncType([], []),
        new FuncType([ValType.I32], []),
        new FuncType([], [ValType.I32]),
        new StructType([new(ValType.I32, true), new(ValType.I8, false), new(ValType.I64, false)]) { IsFinal = false },
        new FuncType([], [ValType.I32, ValType.I64]),
        new ArrayType(new(ValType.I32, true)),
        new ArrayType(new(ValType.I8, true)),
        new ArrayType(new(ValType.FuncRef, true)),
        new ArrayType(new(ValType.I32, false)),
        new StructType([new(ValType.I32, true), new(ValType.I8, false), new(ValType.I64, false), new(ValType.F32, false)]) { Supertype = 3 },
        new StructType([new(Ref(3, false), true)]),
        new FuncType([Ref(3, false)], [Ref(9)]),
        new FuncType([ValType.I32, ValType.I32], [ValType.I32]),
        new FuncType([ValType.AnyRef], [ValType.I32, ValType.EqRef]),
    ];

    static void Section(ByteBuffer module, SectionId id, params byte[][] items)
    {
        ByteBuffer content = new();
        content.U32((uint)items.Length);
        foreach (byte[] item in items) content.Append(item);
        module.Byte((byte)id);
        module.Vector(content.Written);
    }

    static byte[] Bytes(Action<ByteBuffer> write)
    {
        ByteBuffer buffer = new();
        write(buffer);
        return buffer.ToArray();
    }

    static byte[] Module(byte[] body, int type)
    {
        ByteBuffer module = new();
        module.Append("\0asm\x1\0\0\0"u8);
        byte[] stub = [3, 0, (byte)Op.Unreachable, (byte)Op.End];
        Section(module, SectionId.Type, [.. TypeSection.Select(t => Bytes(b => b.SubType(t)))]);
        Section(module, SectionId.Function, [0], [1], [2], [11], [4], [(byte)type]);
        Section(module, SectionId.Table, [0x70, 0, 0], [0x70, 4, 0], [0x6F, 0, 0]);
        Section(module, SectionId.Memory, [0, 1], [4, 1]);
        Section(module, SectionId.Tag, [0, 0], [0, 1]);
        Section(module, SectionId.Global, [0x7F, 0, 0x41, 0, 0x0B], [0x7E, 1, 0x42, 0, 0x0B], [0x6E, 1, 0xD0, 0x6E, 0x0B]);
        Section(module, SectionId.Export, [1, (byte)'a', 0, 0], [1, (byte)'b', 0, 1], [1, (byte)'c', 0, 3]);
        Section(module, SectionId.Elem, [1, 0, 0], [5, 0x6F, 0]);
        module.Append([(byte)SectionId.DataCount, 1, 2]);
        Section(module, SectionId.Code, stub, stub, stub, stub, stub, Bytes(b => b.Vector(body)));
        Section(module, SectionId.Data, [1, 0], [1, 0]);
        return module.ToArray();
    }

    // Mostly small: what there is of each kind ends soon.
    static uint Index(Random random, int count) => (uint)random.Next(random.Next(50) == 0 ? count + 2 : count);

    static BlockType BlockType(Random random) => random.Next(4) switch
    {
        0 => Wasm.BlockType.Empty,
        1 => Wasm.BlockType.Of((int)Index(random, TypeSection.Length)),
        _ => Wasm.BlockType.Of(Types[random.Next(Types.Length)]),
    };

    static HeapType Heap(Random random) => random.Next(2) == 0 ? HeapType.Concrete((int)Index(random, TypeSection.Length)) : new(-random.Next(0x0C, 0x18));

    static void Soup(ByteBuffer code, Random random, int length, int depth)
    {
        for (int i = 0; i < length; i++)
        {
            if (random.Next(5) < 3) code.Opcode(Op.Unreachable);
            Op op = random.Next(3) > 0 ? Favoured[random.Next(Favoured.Length)] : Pool[random.Next(Pool.Length)];
            Shape shape = Opcodes.ShapeOf(op);
            if (shape is Shape.Block or Shape.TryTable)
            {
                if (depth > 3) continue;
                if (shape == Shape.Block) code.Operator(new() { Op = op, BlockType = BlockType(random) });
                else code.TryTable(BlockType(random), [.. Enumerable.Range(0, random.Next(3)).Select(_ => new CatchClause((CatchKind)random.Next(4), Index(random, 2), Index(random, depth + 1)))]);
                Soup(code, random, random.Next(4), depth + 1);
                if (random.Next(4) > 0) code.Opcode(Op.Unreachable);
                if (op == Op.If && random.Next(2) == 0)
                {
                    code.Opcode(Op.Else);
                    Soup(code, random, random.Next(3), depth + 1);
                    if (random.Next(4) > 0) code.Opcode(Op.Unreachable);
                }
                code.Opcode(Op.End);
                continue;
            }
            switch (shape)
            {
                case Shape.BrTable:
                    code.BrTable([.. Enumerable.Range(0, random.Next(3)).Select(_ => Index(random, depth + 1))], Index(random, depth + 1));
                    continue;
                case Shape.Select:
                    code.SelectTyped([Types[random.Next(Types.Length)]]);
                    continue;
            }
            int log2 = Opcodes.AccessSizeLog2(shape);
            Operator o = new()
            {
                Op = op,
                A = shape switch
                {
                    Shape.Label or Shape.BrOnCast => Index(random, depth + 1),
                    Shape.Local => Index(random, 6),
                    Shape.Func => Index(random, 6),
                    Shape.Type or Shape.TypeTable or Shape.Field or Shape.TypeType or Shape.ArrayFixed or Shape.ArrayData or Shape.ArrayElem => Index(random, TypeSection.Length),
                    Shape.Global or Shape.Table or Shape.TableTable => Index(random, 3),
                    _ => Index(random, 2),
                },
                B = log2 >= 0 ? (uint)Math.Max(0, log2 - (Opcodes.ClassOf(op) == OpClass.Atomic ? 0 : random.Next(2)) + (random.Next(20) == 0 ? 1 : 0)) : shape == Shape.TypeType ? Index(random, TypeSection.Length) : Index(random, 3),
                Imm = shape is Shape.Shuffle ? 0x1F1E000102030405UL : (ulong)random.Next(100),
                Lane = (byte)(shape == Shape.BrOnCast ? random.Next(4) : random.Next(3)),
                Heap = Heap(random),
                Heap2 = Heap(random),
            };
            code.Operator(o);
        }
    }

    static byte[] Body(Random random)
    {
        ByteBuffer code = new();
        int locals = random.Next(4);
        code.U32((uint)locals);
        for (int i = 0; i < locals; i++)
        {
            code.U32((uint)random.Next(3));
            code.ValType(Types[random.Next(Types.Length)]);
        }
        Soup(code, random, random.Next(1, 8), 0);
        if (random.Next(4) > 0) code.Opcode(Op.Unreachable);
        code.Opcode(Op.End);
        return code.ToArray();
    }

    // Few forms and few fields, so that many groups are equal or nearly so.
    static SubType Definition(Random random, List<SubType> before, int own, int end)
    {
        ValType Type()
        {
            int kind = random.Next(5);
            return kind switch { 0 => ValType.I32, 1 => ValType.AnyRef, 2 => ValType.EqRef, _ => Ref(random.Next(Math.Max(1, random.Next(30) == 0 ? end + 1 : end)), kind == 3) };
        }
        int super = own > 0 && random.Next(3) > 0 ? random.Next(own) : -1;
        bool final = random.Next(4) == 0;
        // Mostly what may be a subtype: the same, or a structure with more fields, or one field less general.
        if (super >= 0 && super < before.Count && random.Next(5) > 0)
        {
            switch (before[super])
            {
                case FuncType f:
                    return new FuncType(f.Parameters.ToArray(), f.Results.ToArray()) { IsFinal = final, Supertype = super };
                case ArrayType a:
                    return new ArrayType(a.Element) { IsFinal = final, Supertype = super };
                case StructType t:
                    List<FieldType> fields = [.. t.Fields];
                    if (random.Next(2) == 0) fields.Add(new(Type(), random.Next(4) == 0));
                    else if (fields.Count > 0) fields[0] = fields[0] with { Storage = Type() };
                    return new StructType([.. fields]) { IsFinal = final, Supertype = super };
            }
        }
        return random.Next(5) switch
        {
            0 => new FuncType([.. Enumerable.Range(0, random.Next(2)).Select(_ => Type())], [.. Enumerable.Range(0, random.Next(2)).Select(_ => Type())]) { IsFinal = final, Supertype = super },
            1 => new ArrayType(new(Type(), random.Next(2) == 0)) { IsFinal = final, Supertype = super },
            _ => new StructType([.. Enumerable.Range(0, random.Next(3)).Select(_ => new FieldType(Type(), random.Next(4) == 0))]) { IsFinal = final, Supertype = super },
        };
    }

    /// <summary>A module of random recursion groups, and one function that passes a reference to one type where another is asked for.</summary>
    internal static byte[] TypesAndACast(Random random)
    {
        List<byte[]> groups = [];
        List<SubType> all = [];
        int types = 0;
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            int size = random.Next(1, 3), start = types;
            types += size;
            SubType[] definitions = [.. Enumerable.Range(start, size).Select(own => Definition(random, all, own, start + size))];
            all.AddRange(definitions);
            groups.Add(Bytes(b =>
            {
                if (size > 1)
                {
                    b.Byte(0x4E);
                    b.U32((uint)size);
                }
                foreach (SubType d in definitions) b.SubType(d);
            }));
            // The same group again, sometimes.
            if (random.Next(3) == 0)
            {
                groups.Add(groups[^1]);
                all.AddRange(definitions);
                types += size;
            }
        }
        FuncType cast = new([Ref(random.Next(types), false)], [Ref(random.Next(types))]);
        groups.Add(Bytes(b => b.SubType(cast)));
        ByteBuffer module = new();
        module.Append("\0asm\x1\0\0\0"u8);
        Section(module, SectionId.Type, [.. groups]);
        Section(module, SectionId.Function, [(byte)types]);
        Section(module, SectionId.Code, [4, 0, (byte)Op.LocalGet, 0, (byte)Op.End]);
        return module.ToArray();
    }

    [Fact]
    public void RandomTypesAreJudgedAlike() => Compare(TypesAndACast, 30);

    [Fact]
    public void RandomBodiesAreJudgedAlike()
    {
        int[] functionTypes = [0, 1, 2, 4, 11, 12, 13];
        Compare(random => Module(Body(random), functionTypes[random.Next(functionTypes.Length)]), 12);
    }

    static void Compare(Func<Random, byte[]> make, int leastValid)
    {
        Wasmtime.Engine engine;
        try
        {
            engine = new(new Wasmtime.Config().WithWasmThreads(true));
        }
        catch (DllNotFoundException)
        {
            Assert.Skip("Wasmtime's native library does not load here");
            return;
        }
        int count = int.TryParse(Environment.GetEnvironmentVariable("HORNET_FUZZ"), out int n) ? n : 15_000, valid = 0, disagreements = 0;
        Random random = new(Environment.GetEnvironmentVariable("HORNET_FUZZ") is null ? 3 : Environment.TickCount);
        System.Text.StringBuilder report = new();
        for (int i = 0; i < count; i++)
        {
            byte[] module = make(random);
            string mine = "valid";
            try
            {
                ModuleValidator.Validate(module, Common, new() { MaxDegreeOfParallelism = 1 });
                valid++;
            }
            catch (WasmFormatException e)
            {
                mine = e.Message;
            }
            string theirs = Wasmtime.Module.Validate(engine, module) ?? "valid";
            if (mine == "valid" != (theirs == "valid") && disagreements++ < 10) report.Append($"\n{mine} / {theirs}: {Convert.ToHexString(module)}");
        }
        engine.Dispose();
        Assert.True(disagreements == 0, $"{disagreements} of {count} disagree{report}");
        Assert.InRange(valid, count / leastValid, count);
    }
}
