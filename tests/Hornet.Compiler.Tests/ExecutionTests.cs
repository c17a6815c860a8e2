using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Hornet.Compiler.Ir;
using Hornet.Compiler.X64;

namespace Hornet.Compiler.Tests;

/// <summary>Machine code against the interpreter of the IR.</summary>
public sealed unsafe class ExecutionTests
{
    private static readonly int Iterations = int.TryParse(Environment.GetEnvironmentVariable("HORNET_ITERATIONS"), out int n) ? n : 150;

    internal static CpuFeatures Everything { get; } =
        (Popcnt.IsSupported ? CpuFeatures.Popcnt : 0) | (Lzcnt.IsSupported ? CpuFeatures.Lzcnt : 0) | (Bmi1.IsSupported ? CpuFeatures.Bmi1 : 0)
        | (Bmi2.IsSupported ? CpuFeatures.Bmi2 : 0) | (Avx.IsSupported ? CpuFeatures.Avx : 0) | (Avx2.IsSupported ? CpuFeatures.Avx2 : 0)
        | (Fma.IsSupported ? CpuFeatures.Fma : 0) | (Sse42.IsSupported ? CpuFeatures.Sse42 : 0);

    [Theory]
    [InlineData("function %f(i32, i32) -> i32 {\nblock0(v0: i32, v1: i32):\n v2 = iadd.i32 v0, v1\n return v2\n}", new ulong[] { 40, 2 }, 42)]
    [InlineData("function %f(i32) -> i32 {\nblock0(v0: i32):\n v1 = iconst.i32 0\n jump block1(v0, v1)\nblock1(v2: i32, v3: i32):\n v4 = iadd.i32 v3, v2\n v5 = iconst.i32 1\n v6 = isub.i32 v2, v5\n brif.i32 v6, block1(v6, v4), block2\nblock2:\n return v4\n}", new ulong[] { 10 }, 55)]
    [InlineData("function %f(i64, i64) -> i64 {\nblock0(v0: i64, v1: i64):\n v2 = sdiv.i64 v0, v1\n return v2\n}", new ulong[] { 100, unchecked((ulong)-7) }, unchecked((ulong)-14))]
    public void Runs(string text, ulong[] args, ulong expected)
    {
        Function function = IrParser.Parse(text);
        using NativeRunner runner = NativeRunner.Compile(NativeRunner.Settings, new CompilerContext(), function);
        IrOutcome outcome = runner.Run(function.Signature, [.. args.Select(a => (UInt128)a)]);
        Assert.True(outcome.Trap.Code == 0 && outcome.Results[0] == expected, $"{outcome.Trap} {string.Join(',', outcome.Results)}\n{runner.Disassembly}");
    }

    [Fact]
    public void RandomFunctionsAgree() => Compare(0, Iterations, calls: false);

    [Fact]
    public void RandomFunctionsWithCallsAgree() => Compare(100_000, Iterations, calls: true);

    private static void Compare(int first, int count, bool calls)
    {
        var context = new CompilerContext();
        byte* memory = (byte*)NativeMemory.AlignedAlloc(RandomFunction.MemoryBytes, 64);
        try
        {
            for (int seed = first; seed < first + count; seed++)
                foreach ((CpuFeatures features, OptLevel level) in ((CpuFeatures, OptLevel)[])[(Everything, OptLevel.None), (CpuFeatures.Base, OptLevel.Speed), (Everything, OptLevel.Speed)])
                    CompareOne(seed, context, NativeRunner.Settings with { Features = features, OptLevel = level }, memory, calls);
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static void CompareOne(int seed, CompilerContext context, CompilerSettings settings, byte* memory, bool calls)
    {
        Function function = RandomFunction.Create(seed, 20 + seed % 150, calls);
        string text = IrPrinter.Print(function);
        Function callee = RandomFunction.Callee(seed);
        try
        {
            using NativeRunner runner = NativeRunner.Compile(settings, context, calls ? [IrParser.Parse(text.Replace("%0 ", "%1 ")), RandomFunction.Callee(seed)] : [IrParser.Parse(text)]);
            for (int run = 0; run < 3; run++)
            {
                var random = new Random(seed * 10 + run);
                UInt128[] args = RandomFunction.Arguments(function, random, (ulong)memory);
                byte[] start = new byte[RandomFunction.MemoryBytes];
                random.NextBytes(start);
                var bytes = new Span<byte>(memory, RandomFunction.MemoryBytes);
                start.CopyTo(bytes);
                IrOutcome expected = IrInterpreter.Run(IrParser.Parse(text), args, callee: (_, values) => IrInterpreter.Run(callee, values));
                if (expected.Trap == TrapCodes.OutOfFuel) continue;
                byte[] after = bytes.ToArray();
                start.CopyTo(bytes);
                IrOutcome found = runner.Run(function.Signature, args);
                string what = $"seed {seed} run {run} features {settings.Features} {settings.OptLevel}\n{text}\n{runner.Disassembly}";
                Assert.True(expected.Trap == found.Trap, $"trap {found.Trap}, not {expected.Trap}: {what}");
                for (int i = 0; i < expected.Results.Length; i++)
                    Assert.True(Same(function.Signature.Results[i], expected.Results[i], found.Results[i]), $"result {i} is {found.Results[i]:x}, not {expected.Results[i]:x}: {what}");
                int at = bytes.CommonPrefixLength(after);
                Assert.True(at == after.Length, $"memory differs at {at}: {Convert.ToHexString(bytes[at..Math.Min(at + 8, after.Length)])}, not {Convert.ToHexString(after.AsSpan(at, Math.Min(8, after.Length - at)))}: {what}");
            }
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}\n{e.StackTrace}\n{text}", e);
        }
    }

    /// <summary>Which NaN comes out of arithmetic is nobody's promise.</summary>
    private static bool Same(IrType type, UInt128 a, UInt128 b) =>
        a == b || (type.IsFloat() && Evaluate.IsNaN(type, (ulong)a) && Evaluate.IsNaN(type, (ulong)b));
}

internal static class TrapCodes
{
    public static TrapCode OutOfFuel => TrapCode.User(239);
}
