using System.Reflection;
using System.Runtime.Intrinsics;
using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>What must hold of every row of wasm.ops; a new row is tested by being there.</summary>
public sealed class EveryRowTests
{
    public static TheoryData<Op> Rows()
    {
        TheoryData<Op> rows = [];
        foreach (ushort op in Opcodes.All) rows.Add((Op)op);
        return rows;
    }

    static string? Error(byte[] module, Features features = Features.All)
    {
        try
        {
            ModuleValidator.Validate(module, features, new() { MaxDegreeOfParallelism = 1 });
            return null;
        }
        catch (WasmFormatException e)
        {
            return $"{e.Kind}: {e.Reason}";
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public void IsTypedAsTheTableSays(Op op)
    {
        Recipe recipe = EveryRowRecipes.For(op);
        Assert.Null(Error(EveryRowModule.Build(recipe)));
        if (recipe.AcceptsAnyResult) return;
        if (recipe.Results.Length == 0) Assert.StartsWith("Invalid: type mismatch", Error(EveryRowModule.Build(recipe, [ValType.I64])));
        for (int i = 0; i < recipe.Results.Length; i++)
        {
            ValType[] wrong = [.. recipe.Results];
            wrong[i] = wrong[i] == ValType.F32 ? ValType.F64 : ValType.F32;
            Assert.StartsWith("Invalid: type mismatch", Error(EveryRowModule.Build(recipe, wrong)));
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public void IsRejectedWithOneOperandMissing(Op op)
    {
        Recipe recipe = EveryRowRecipes.For(op);
        for (int missing = 1; missing <= recipe.Operands.Length; missing++)
            Assert.StartsWith("Invalid: type mismatch", Error(EveryRowModule.Build(recipe, missing: missing)));
    }

    [Theory, MemberData(nameof(Rows))]
    public void IsRejectedWithoutItsFeature(Op op)
    {
        Features feature = Opcodes.FeatureOf(op);
        if (feature == Features.Mvp) return;
        // Both kinds of exceptions have throw.
        Features off = feature == Features.Exceptions ? feature | Features.LegacyExceptions : feature;
        Assert.NotNull(Error(EveryRowModule.Build(EveryRowRecipes.For(op)), Features.All & ~off));
    }

    [Theory, MemberData(nameof(Rows))]
    public void ModuleReadsBackAsWritten(Op op)
    {
        Recipe recipe = EveryRowRecipes.For(op);
        byte[] module = EveryRowModule.Build(recipe);
        ModuleEnvironment env = ModuleDecoder.Decode(module, Features.All);
        ByteRange body = env.Bodies[EveryRowModule.Function].Bytes;
        FunctionBodyReader.CheckWellFormed(new(module.AsSpan(body.Offset, body.Length), body.Offset), hasDataCount: true);
        FunctionBodyReader locals = new(new ModuleBytes(module.AsSpan(body.Offset, body.Length), body.Offset));
        while (locals.TryReadLocals(out _, out _)) { }
        OperatorReader reader = locals.Operators;
        ByteBuffer again = new();
        again.Byte(0);
        bool seen = false;
        Operator read = default;
        while (!reader.AtEnd)
        {
            reader.Read(ref read);
            seen |= read.Op == op;
            again.Operator(read, module.AsSpan(read.Entries.Offset, read.Entries.Length));
        }
        Assert.True(seen);
        Assert.Equal(module.AsSpan(body.Offset, body.Length).ToArray(), again.ToArray());
        Assert.Equal(module, ModuleWriter.Encode(env, module));
    }

    [Theory, MemberData(nameof(Rows))]
    public void ImmediatesReadBackAsWritten(Op op)
    {
        Random random = new((int)op);
        for (int round = 0; round < 50; round++)
        {
            uint Any() => random.Next(3) switch { 0 => (uint)random.Next(128), 1 => uint.MaxValue, _ => (uint)random.NextInt64() };
            Operator written = new()
            {
                Op = op, A = Any(), B = Any(), Imm = (ulong)random.NextInt64() << 1 ^ (ulong)random.Next(2), ImmHigh = (ulong)random.NextInt64(), Lane = (byte)random.Next(256),
                BlockType = random.Next(3) switch { 0 => BlockType.Empty, 1 => BlockType.Of(ValType.Ref(HeapType.Concrete(random.Next(WasmLimits.Types)), random.Next(2) == 0)), _ => BlockType.Of(random.Next()) },
                Heap = random.Next(2) == 0 ? HeapType.Concrete(random.Next(WasmLimits.Types)) : HeapType.I31, Heap2 = HeapType.NoExn,
            };
            Shape shape = Opcodes.ShapeOf(op);
            if (Opcodes.AccessSizeLog2(shape) >= 0) written.B &= 63;
            if (shape == Shape.I32) written.Imm = (ulong)(int)written.Imm;
            if (shape == Shape.F32) written.Imm = (uint)written.Imm;
            if (shape == Shape.BrOnCast) written.Lane &= 3;
            byte[] entries = shape switch { Shape.BrTable => [7, 0x80, 0x01, 9], Shape.TryTable => [0, 5, 6, 3, 7], Shape.Select => [0x7F, 0x64, 0x05], _ => [] };
            if (entries.Length > 0) written.Count = 2;
            ByteBuffer buffer = new();
            buffer.Operator(written, entries);
            OperatorReader reader = new(buffer.Written, 0);
            Operator read = default;
            reader.Read(ref read);
            Assert.True(reader.AtEnd);
            Assert.Equal(op, read.Op);
            Assert.Equal(shape, read.Shape);
            ByteBuffer again = new();
            again.Operator(read, buffer.Written.Slice(read.Entries.Offset, read.Entries.Length));
            Assert.Equal(buffer.ToArray(), again.ToArray());
            // Every shorter piece ends too early.
            for (int length = 0; length < buffer.Length; length++)
            {
                byte[] cut = buffer.Written[..length].ToArray();
                WasmFormatException e = Assert.Throws<WasmFormatException>(() => ReadOne(cut));
                Assert.Equal(FormatErrorKind.Malformed, e.Kind);
            }
        }
    }

    static void ReadOne(byte[] bytes)
    {
        OperatorReader reader = new(bytes, 0);
        Operator op = default;
        reader.Read(ref op);
    }

    /// <summary>A row that computes has its meaning, with the parameters and result that its signature asks for.</summary>
    [Theory, MemberData(nameof(Rows))]
    public void HasSemantics(Op op)
    {
        if (Opcodes.ClassOf(op) is not (OpClass.Numeric or OpClass.Trapping)) return;
        MethodInfo? method = typeof(Semantics).GetMethod(op.ToString());
        Assert.True(method is not null, $"Semantics.{op} is missing");
        Signature signature = Opcodes.SignatureOf(op);
        List<Type> expected = [.. Enumerable.Range(0, signature.OperandCount).Select(i => Clr(signature.Operand(i, ValType.I32)))];
        Shape shape = Opcodes.ShapeOf(op);
        if (shape is >= Shape.Lane2 and <= Shape.Lane16) expected.Add(typeof(byte));
        if (shape == Shape.Shuffle) expected.Add(typeof(Vector128<byte>));
        List<Type> results = [.. Enumerable.Range(0, signature.ResultCount).Select(i => Clr(signature.Result(i, ValType.I32)))];
        // One result is returned; a trap or a second result makes results out parameters.
        Type returned = Opcodes.ClassOf(op) == OpClass.Trapping ? typeof(TrapCode) : results.Count == 1 ? results[0] : typeof(void);
        if (returned != results[0]) expected.AddRange(results.Select(r => r.MakeByRefType()));
        Assert.Equal(returned, method.ReturnType);
        Assert.Equal(expected, method.GetParameters().Select(p => p.ParameterType));
    }

    static Type Clr(ValType type) => type == ValType.I32 ? typeof(int) : type == ValType.I64 ? typeof(long) : type == ValType.F32 ? typeof(float) : type == ValType.F64 ? typeof(double) : typeof(Vector128<byte>);
}
