using CsCheck;
using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Tests;

public sealed class IrTests
{
    [Fact]
    public void TableIsInTheOrderOfTheEnum()
    {
        for (int i = 0; i < Opcodes.Rows.Length; i++) Assert.Equal((Opcode)i, Opcodes.Rows[i].Op);
        Assert.Equal(Enum.GetValues<Opcode>().Length, Opcodes.Rows.Length);
        Assert.Equal(Opcodes.Rows.Length, Opcodes.Rows.Select(row => row.Name).Distinct().Count());
    }

    [Fact]
    public void EverythingPrintedParsesBack() =>
        Gen.Int[0, int.MaxValue].Sample(seed =>
        {
            Function function = RandomFunction.Create(seed, calls: true);
            Verifier.Check(function);
            string text = IrPrinter.Print(function);
            Function again = IrParser.Parse(text);
            Verifier.Check(again);
            string second = IrPrinter.Print(again);
            return IrPrinter.Print(IrParser.Parse(second)) == second && Shape(second) == Shape(text);
        }, iter: 200, threads: 1);

    /// <summary>Text without entity numbers, which parsing makes dense.</summary>
    private static string Shape(string text) => System.Text.RegularExpressions.Regex.Replace(text, "(v|block)[0-9]+", "$1");

    [Fact]
    public void AllFormatsSurviveTheText()
    {
        const string text = """
            function %all(i64 vmctx, i32, v128, ref) -> i64, ref {
                stack_limit 8, 16
                ss0 = 24, align 8
                sig0 = (i64 vmctx, i32) -> i64, ref
                fn0 = %7 sig0
                fn1 = %8 sig0 slot 320
                inline0 = %8 @70
                inline1 = %9 @4 in inline0
                inline2 = %9
            block0(v0: i64, v1: i32, v2: v128, v3: ref):
                v4 = stack_addr.i64 ss0+8
                v5 = func_addr.i64 fn0
                v6 = vconst.v128 0x102030405060708090a0b0c0d0e0f10
                v7 = iadd.i16x8 v2, v6
                v8 = shuffle.i8x16 v7, v2, 0xf0e0d0c0b0a09080706050403020100
                v9 = extractlane.f64x2 v8, 1
                store.f64 v9, v4-4 stack notrap
                v10 = atomic_rmw.i32 xchg v1, v0+12 heap trap user3
                v11 = atomic_cas.i32 v1, v10, v0 heap trap user3
                v12 = insertlane.i32x4 v8, v11, 2
                v13 = icmp.i8x16 ult v12, v2
                v14 = any_true.v128 v13
                trapz.i32 v14, int_ovf @12 in inline1
                v15, v16 = call_indirect sig0, v5(v0, v14) state 3 [v3, v4] state 9 [] @77
                br_table.i32 v1, block1(v15, v16), block2
            block1(v17: i64, v18: ref):
                return v17, v18 @3 in inline2
            block2 cold:
                try_call fn0(v0, v1), block1(ret0, ret1), block3(ret0)
            block3(v19: i64):
                return_call fn0(v19, v1)
            }

            """;
        Function function = IrParser.Parse(text);
        Verifier.Check(function);
        Assert.Equal(text.ReplaceLineEndings("\n"), IrPrinter.Print(function));
    }

    [Theory]
    [InlineData("inline0 = %1 @4 in inline0", "comes after it")]
    [InlineData("inline1 = %1 @4", "numbered in order")]
    [InlineData("inline0 = %1 @4 in inline1", "there is no inline1")]
    public void InlinedCallsThatAreNoneAreRefused(string site, string message)
    {
        var fault = Assert.ThrowsAny<Exception>(() => Verifier.Check(IrParser.Parse("function %f() {\n" + site + "\nblock0:\n return @7\n}")));
        Assert.Contains(message, fault.Message);
    }

    [Fact]
    public void VerifierRejectsSitesOutOfOrder()
    {
        Function function = IrParser.Parse("function %f() {\n inline0 = %1 @4\n inline1 = %2 @9 in inline0\nblock0:\n return @7\n}");
        Verifier.Check(function);
        InlineSiteData first = function.InlineSites[0];
        foreach (InlineSiteData wrong in new[] { first with { Base = function.InlineSites[1].Base }, first with { Call = first.Base }, first with { Base = function.SourceEnd } })
        {
            function.InlineSites[0] = wrong;
            Assert.Throws<VerifierException>(() => Verifier.Check(function));
        }
        function.InlineSites[0] = first;
        function.Link(function[function.Entry].Last).Source = function.SourceEnd;
        Assert.Throws<VerifierException>(() => Verifier.Check(function));
    }

    [Theory]
    [InlineData("block0(v0: i32):\n return v1", "v1 is not defined")]
    [InlineData("block0(v0: i32):\n v1 = iadd.i32 v0, v2\n v2 = iadd.i32 v0, v0\n return v1", "does not dominate")]
    [InlineData("block0(v0: i32):\n v1 = iconst.i64 3\n v2 = iadd.i32 v0, v1\n return v2", "expected i32, found i64")]
    [InlineData("block0(v0: i32):\n v1 = iconst.i32 3", "terminator")]
    [InlineData("block0(v0: i32):\n jump block1\nblock1(v1: i32):\n return v1", "takes 1 arguments")]
    [InlineData("block0(v0: i32):\n jump block1\nblock1:\n jump block0(v0)", "predecessors")]
    [InlineData("block0(v0: i32):\n return", "1 arguments wanted")]
    public void VerifierRejects(string body, string message)
    {
        var fault = Assert.ThrowsAny<Exception>(() => Verifier.Check(IrParser.Parse("function %f(i32) -> i32 {\n" + body + "\n}")));
        Assert.Contains(message, fault.Message);
    }

    [Fact]
    public void VariablesBecomeParametersOnlyWhereTheyMeet()
    {
        var function = new Function { Signature = new Signature([IrType.I32], [IrType.I32]) };
        var builder = new FunctionBuilder();
        builder.Begin(function);
        Block entry = builder.CreateEntryBlock(), loop = builder.CreateBlock(), exit = builder.CreateBlock();
        Variable n = builder.DeclareVariable(IrType.I32), sum = builder.DeclareVariable(IrType.I32), still = builder.DeclareVariable(IrType.I32);
        builder.Define(n, builder.Param(entry, 0));
        builder.Define(sum, builder.Iconst(IrType.I32, 0));
        builder.Define(still, builder.Iconst(IrType.I32, 100));
        builder.Jump(loop);
        builder.SwitchTo(loop);
        builder.Define(sum, builder.Binary(Opcode.Iadd, builder.Use(sum), builder.Use(n)));
        builder.Define(n, builder.Binary(Opcode.Isub, builder.Use(n), builder.Iconst(IrType.I32, 1)));
        Value unchanged = builder.Use(still);
        builder.Brif(builder.Use(n), loop, [], exit, []);
        builder.Seal(loop);
        builder.Seal(exit);
        builder.SwitchTo(exit);
        builder.Return(builder.Binary(Opcode.Iadd, builder.Use(sum), unchanged));
        function.ResolveAll();
        Verifier.Check(function);
        Assert.Equal(2, function.Params(loop).Length);
        Assert.Equal((UInt128)155, IrInterpreter.Run(function, [10]).Results[0]);
    }
}
