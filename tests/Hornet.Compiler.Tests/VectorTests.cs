using System.Runtime.InteropServices;
using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;
using Hornet.Compiler.X64;

namespace Hornet.Compiler.Tests;

/// <summary>Every vector operator in every lane shape that the back end claims, against the interpreter, on the oldest and the newest CPU.</summary>
public sealed unsafe class VectorTests
{
    private const string Ints = "i8x16 i16x8 i32x4 i64x2", Floats = "f32x4 f64x2", Small = "i8x16 i16x8", NotBytes = "i16x8 i32x4 i64x2", NotQuads = "i8x16 i16x8 i32x4";

    private static readonly (string Op, string Lanes, int Operands)[] Rows =
    [
        ("iadd", Ints, 2), ("isub", Ints, 2), ("imul", NotBytes, 2), ("ineg", Ints, 1), ("iabs", Ints, 1), ("popcnt", "i8x16", 1),
        ("smin", NotQuads, 2), ("smax", NotQuads, 2), ("umin", NotQuads, 2), ("umax", NotQuads, 2), ("avg_round", Small, 2),
        ("sadd_sat", Small, 2), ("uadd_sat", Small, 2), ("ssub_sat", Small, 2), ("usub_sat", Small, 2),
        ("band", "i8x16", 2), ("bor", "i8x16", 2), ("bxor", "i8x16", 2), ("band_not", "i8x16", 2), ("bnot", "i8x16", 1), ("bitselect", "i8x16", 3), ("swizzle", "i8x16", 2),
        ("icmp eq", Ints, 2), ("icmp ne", Ints, 2), ("icmp slt", Ints, 2), ("icmp sge", Ints, 2), ("icmp sgt", Ints, 2), ("icmp sle", Ints, 2),
        ("icmp ult", Ints, 2), ("icmp uge", Ints, 2), ("icmp ugt", Ints, 2), ("icmp ule", Ints, 2),
        ("snarrow", Small, 2), ("unarrow", Small, 2), ("swiden_low", NotBytes, 1), ("swiden_high", NotBytes, 1), ("uwiden_low", NotBytes, 1), ("uwiden_high", NotBytes, 1),
        ("sadd_pairwise", "i16x8 i32x4", 1), ("uadd_pairwise", "i16x8 i32x4", 1), ("dot", "i32x4", 2), ("q15mul_round", "i16x8", 2),
        ("fadd", Floats, 2), ("fsub", Floats, 2), ("fmul", Floats, 2), ("fdiv", Floats, 2), ("fmin", Floats, 2), ("fmax", Floats, 2), ("fmin_pseudo", Floats, 2), ("fmax_pseudo", Floats, 2),
        ("fneg", Floats, 1), ("fabs", Floats, 1), ("sqrt", Floats, 1), ("ceil", Floats, 1), ("floor", Floats, 1), ("trunc", Floats, 1), ("nearest", Floats, 1),
        ("fcmp eq", Floats, 2), ("fcmp ne", Floats, 2), ("fcmp lt", Floats, 2), ("fcmp nlt", Floats, 2), ("fcmp gt", Floats, 2), ("fcmp ngt", Floats, 2),
        ("fcmp le", Floats, 2), ("fcmp nle", Floats, 2), ("fcmp ge", Floats, 2), ("fcmp nge", Floats, 2),
        ("fcvt_from_sint", "f32x4", 1), ("fcvt_from_uint", "f32x4", 1), ("fcvt_to_sint_sat", "i32x4", 1), ("fcvt_to_uint_sat", "i32x4", 1),
        ("fpromote_low", "f64x2", 1), ("fdemote_zero", "f32x4", 1), ("fcvt_low_from_sint", "f64x2", 1), ("fcvt_low_from_uint", "f64x2", 1),
        ("fcvt_to_sint_sat_zero", "i32x4", 1), ("fcvt_to_uint_sat_zero", "i32x4", 1),
    ];

    public static TheoryData<string, int> Operators => [.. Rows.SelectMany(row => row.Lanes.Split(' ').Select(lane => (Name(row.Op, lane), row.Operands)))];

    private static string Name(string op, string lane) => op.Split(' ') is [string name, string cc] ? $"{name}.{lane} {cc}" : $"{op}.{lane}";

    [Theory]
    [MemberData(nameof(Operators))]
    public void OperatorAgrees(string op, int operands) =>
        Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = {op} {string.Join(", ", ((string[])["v0", "v1", "v2"])[..operands])}\n return v3\n}}", op);

    [Theory]
    [InlineData("i8x16", 15)]
    [InlineData("i16x8", 7)]
    [InlineData("i32x4", 3)]
    [InlineData("i64x2", 1)]
    [InlineData("f32x4", 3)]
    [InlineData("f64x2", 1)]
    public void LanesAndReductions(string lane, int last)
    {
        string scalar = lane switch { "f32x4" => "f32", "f64x2" => "f64", "i64x2" => "i64", _ => "i32" };
        for (int i = 0; i <= last; i++)
        {
            Agree($"function %f(v128, v128, v128) -> {scalar} {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = extractlane.{lane} v0, {i}\n return v3\n}}", "extractlane");
            Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = extractlane.{lane} v0, {i}\n v4 = insertlane.{lane} v1, v3, {last - i}\n return v4\n}}", "insertlane");
        }
        Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = extractlane.{lane} v0, 0\n v4 = splat.{lane} v3\n return v4\n}}", "splat");
        if (scalar[0] == 'f') return;
        foreach (string op in (string[])["all_true", "bitmask", "any_true"])
            Agree($"function %f(v128, v128, v128) -> i32 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = {op}.{lane} v0\n return v3\n}}", op);
        foreach (string op in (string[])["ishl", "ushr", "sshr"])
            Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = extractlane.i32x4 v1, 0\n v4 = {op}.{lane} v0, v3\n return v4\n}}", op);
        if (lane is "i8x16" or "i16x8")
            Agree($"function %f(v128, v128, v128) -> i32 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = sextractlane.{lane} v0, {last}\n return v3\n}}", "sextractlane");
    }

    [Theory]
    [InlineData("i8x16")]
    [InlineData("i16x8")]
    [InlineData("i32x4")]
    [InlineData("i64x2")]
    public void ShiftsByConstants(string lane)
    {
        foreach (string op in (string[])["ishl", "ushr", "sshr"])
            foreach (int by in (int[])[0, 1, 7, 8, 15, 31, 63, 64, 67])
                Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = iconst.i32 {by}\n v4 = {op}.{lane} v0, v3\n return v4\n}}", op);
    }

    [Theory]
    [InlineData("0f0e0d0c0b0a09080706050403020100")]
    [InlineData("1f0e1d0c1b0a19081706150413021100")]
    [InlineData("0b0a09080f0e0d0c0302010007060504")]
    [InlineData("1b1a19181f1e1d1c1312111017161514")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("17071606150514041303120211011000")]
    [InlineData("7170616051504140313021201110010")]
    [InlineData("1f0f1e0e1d0d1c0c1b0b1a0a19091808")]
    [InlineData("f1f0e1e0d1d0c1c0b1b0a1a09190818")]
    [InlineData("17160706151405041312030211100100")]
    [InlineData("7061716050415140302131201001110")]
    [InlineData("1f1e0f0e1d1c0d0c1b1a0b0a19180908")]
    [InlineData("f0e1f1e0d0c1d1c0b0a1b1a09081918")]
    [InlineData("17161514070605041312111003020100")]
    [InlineData("7060504171615140302010013121110")]
    [InlineData("1f1e1d1c0f0e0d0c1b1a19180b0a0908")]
    [InlineData("f0e0d0c1f1e1d1c0b0a09081b1a1918")]
    [InlineData("17161514131211100706050403020100")]
    [InlineData("7060504030201001716151413121110")]
    [InlineData("1f1e1d1c1b1a19180f0e0d0c0b0a0908")]
    [InlineData("f0e0d0c0b0a09081f1e1d1c1b1a1918")]
    [InlineData("14131211100f0e0d0c0b0a0908070605")]
    [InlineData("4030201001f1e1d1c1b1a1918171615")]
    [InlineData("1f1e0d0c1b1a09081716050413120100")]
    [InlineData("1f1e1d1c171615140f0e0d0c03020100")]
    [InlineData("f0e0d0c030201001f1e1d1c17161514")]
    [InlineData("171615141f1e1d1c131211101b1a1918")]
    public void Shuffles(string lanes)
    {
        Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = shuffle.i8x16 v0, v1, 0x{lanes}\n return v3\n}}", "shuffle");
        Agree($"function %f(v128, v128, v128) -> v128 {{\nblock0(v0: v128, v1: v128, v2: v128):\n v3 = shuffle.i8x16 v0, v0, 0x{lanes}\n return v3\n}}", "shuffle");
    }

    [Fact]
    public void MemorySelectAndManyLiveVectors()
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc(256, 64);
        for (int i = 0; i < 256; i++) memory[i] = (byte)(i * 7 + 3);
        foreach (string load in (string[])["load.v128", "load_splat.i8x16", "load_splat.i16x8", "load_splat.i32x4", "load_splat.i64x2", "load_zero.i32x4", "load_zero.i64x2",
            "sload_widen.i16x8", "uload_widen.i16x8", "sload_widen.i32x4", "uload_widen.i32x4", "sload_widen.i64x2", "uload_widen.i64x2"])
        {
            // Twenty loads live at once, so that some are spilled, across a branch.
            var text = new System.Text.StringBuilder("function %f(i64, i32, v128) -> v128 {\nblock0(v0: i64, v1: i32, v2: v128):\n");
            for (int i = 0; i < 20; i++) text.Append($" v{10 + i} = {load} v0+{i * 5 + 1} heap trap user1\n");
            text.Append(" store.v128 v2, v0+200 heap trap user1\n v40 = select.v128 v1, v10, v2\n brif.i32 v1, block1(v40), block1(v11)\nblock1(v41: v128):\n");
            for (int i = 0; i < 20; i++) text.Append($" v{50 + i} = iadd.i8x16 v{(i == 0 ? 41 : 49 + i)}, v{10 + i}\n");
            text.Append(" v80 = load.v128 v0+200 heap trap user1\n v81 = bxor.v128 v69, v80\n return v81\n}");
            foreach (ulong condition in (ulong[])[0, 1])
                Check(text.ToString(), [(ulong)memory, condition, UInt128.MaxValue / 3], load);
        }
        NativeMemory.AlignedFree(memory);
    }

    private static void Agree(string text, string what)
    {
        var random = new Random(11);
        for (int round = 0; round < 12; round++) Check(text, [Random(random, round), Random(random, round + 1), Random(random, round)], what);
    }

    private static UInt128 Random(Random random, int kind)
    {
        ulong Half() => (kind % 6) switch
        {
            0 => (ulong)random.NextInt64() << 1 | (uint)random.Next(2),
            1 => (ulong)BitConverter.SingleToUInt32Bits(random.Next(-9, 9) * 0.75f) << 32 | BitConverter.SingleToUInt32Bits(random.Next(-3, 3) * 1e9f),
            2 => BitConverter.DoubleToUInt64Bits(random.Next(-5, 5) * 0.5),
            3 => random.Next(4) switch { 0 => 0x7FC00000FF800000, 1 => 0x7FF8000000000000, 2 => 0x8000000000000000, _ => 0x8000000080000000 },
            4 => random.Next(2) == 0 ? 0UL : 0x80007FFF80FF7F01,
            _ => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * 1e10),
        };
        return new UInt128(Half(), Half());
    }

    private static void Check(string text, UInt128[] args, string what)
    {
        Function function = IrParser.Parse(text);
        Verifier.Check(function);
        IrOutcome expected = IrInterpreter.Run(function, args);
        IrType type = function.Signature.Results[0];
        foreach (CpuFeatures features in (CpuFeatures[])[CpuFeatures.Base, CpuFeatures.Sse42 | CpuFeatures.Avx, ExecutionTests.Everything])
        {
            if ((features & ~ExecutionTests.Everything) != 0) continue;
            using NativeRunner runner = NativeRunner.Compile(NativeRunner.Settings with { Features = features }, new CompilerContext(), IrParser.Parse(text));
            UInt128 found = runner.Run(function.Signature, args).Results[0];
            Assert.True(found == expected.Results[0] || SameButForNaN(what, type, found, expected.Results[0]),
                $"{what}({string.Join(", ", args.Select(a => a.ToString("x32")))}) is {found:x32}, not {expected.Results[0]:x32}\n{runner.Disassembly}");
        }
    }

    private static bool SameButForNaN(string what, IrType type, UInt128 a, UInt128 b)
    {
        if (type != IrType.V128) return type.IsFloat() && Evaluate.IsNaN(type, (ulong)a) && Evaluate.IsNaN(type, (ulong)b);
        int bits = what.Contains("f32x4") ? 32 : what.Contains("f64x2") ? 64 : 0;
        for (int i = 0; bits != 0 && i < 128; i += bits)
        {
            ulong mask = bits == 64 ? ulong.MaxValue : uint.MaxValue;
            ulong x = (ulong)(a >> i) & mask, y = (ulong)(b >> i) & mask;
            IrType lane = bits == 32 ? IrType.F32 : IrType.F64;
            if (x != y && !(Evaluate.IsNaN(lane, x) && Evaluate.IsNaN(lane, y))) return false;
        }
        return bits != 0;
    }
}
