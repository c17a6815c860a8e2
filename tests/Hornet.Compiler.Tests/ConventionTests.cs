using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;
using Hornet.Compiler.X64;

namespace Hornet.Compiler.Tests;

/// <summary>Calls of all kinds, and the tables that describe them.</summary>
public sealed unsafe class ConventionTests
{
    /// <summary>Runs the first function of a text natively at both levels and in the interpreter, where symbols are the functions by number.</summary>
    private static void Agree(string text, params ulong[] args)
    {
        List<Function> functions = IrParser.ParseAll(text);
        functions.ForEach(Verifier.Check);
        UInt128[] values = [.. args.Select(a => (UInt128)a)];
        IrOutcome expected = Interpret(functions, 0, values);
        foreach (OptLevel level in (OptLevel[])[OptLevel.None, OptLevel.Speed])
            foreach (CpuFeatures features in (CpuFeatures[])[CpuFeatures.Base, ExecutionTests.Everything])
            {
                using NativeRunner runner = NativeRunner.Compile(
                    NativeRunner.Settings with { OptLevel = level, Features = features }, new CompilerContext(), [.. IrParser.ParseAll(text)]);
                IrOutcome found = runner.Run(functions[0].Signature, values);
                Assert.True(expected.Trap == found.Trap && expected.Results.SequenceEqual(found.Results),
                    $"{found.Trap} {string.Join(", ", found.Results)}, not {expected.Trap} {string.Join(", ", expected.Results)}\n{runner.Disassembly}");
            }
    }

    private static IrOutcome Interpret(List<Function> functions, int index, UInt128[] args) =>
        IrInterpreter.Run(functions[index], args, callee: (symbol, inner) => Interpret(functions, (int)symbol, inner));

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(2000)]
    public void TailCallsWithMoreAndFewerStackArguments(int rounds) => Agree("""
        function %start(i64) -> i64 {
            sig0 = (i64, i64) -> i64
            fn0 = %1 sig0
        block0(v0: i64):
            v1 = iconst.i64 1
            v2 = call fn0(v0, v1)
            v3 = iadd.i64 v2, v0
            return v3
        }
        function %few(i64, i64) -> i64 {
            sig0 = (i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64) -> i64
            fn0 = %2 sig0
        block0(v0: i64, v1: i64):
            v2 = iconst.i64 1
            v3 = iadd.i64 v1, v2
            v4 = f64const.f64 0x4000000000000000
            return_call fn0(v0, v1, v3, v1, v3, v1, v3, v1, v3, v4, v0)
        }
        function %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64) -> i64 {
            sig0 = (i64, i64) -> i64
            fn0 = %1 sig0
        block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: f64, v10: i64):
            v11 = iadd.i64 v7, v8
            v12 = iadd.i64 v1, v11
            v13 = iconst.i64 1
            v14 = isub.i64 v10, v13
            brif.i64 v14, block1, block2
        block1:
            return_call fn0(v14, v12)
        block2:
            return v12
        }
        """, (ulong)rounds);

    [Fact]
    public void MoreResultsThanRegisters() => Agree("""
        function %start(i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64 {
            sig0 = (i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64
            fn0 = %1 sig0
        block0(v0: i64, v1: i64):
            v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12 = call fn0(v1, v0)
            v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23 = call fn0(v9, v10)
            v24 = iadd.i64 v13, v12
            v25 = iadd.i64 v23, v2
            return v24, v14, v15, v16, v17, v18, v19, v20, v21, v22, v25
        }
        function %middle(i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64 {
            sig0 = (i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64
            fn0 = %2 sig0
        block0(v0: i64, v1: i64):
            return_call fn0(v1, v0)
        }
        function %end(i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f64, i64 {
        block0(v0: i64, v1: i64):
            v2 = iadd.i64 v0, v1
            v3 = isub.i64 v0, v1
            v4 = fcvt_from_sint.f64 v2
            v5 = imul.i64 v0, v1
            return v0, v1, v2, v3, v0, v1, v2, v3, v5, v4, v2
        }
        """, 1000, 7);

    [Fact]
    public void ACallWithAHandlerReturnsLikeAnother() => Agree("""
        function %start(i64, i64, f64) -> i64, f64 {
            sig0 = (i64) -> i64, f64
            fn0 = %1 sig0
        block0(v0: i64, v1: i64, v2: f64):
            v3 = imul.i64 v0, v1
            try_call fn0(v0), block1(v3, ret0, ret1), block2(ret0)
        block1(v4: i64, v5: i64, v6: f64):
            v7 = iadd.i64 v4, v5
            v8 = iadd.i64 v7, v1
            v9 = fadd.f64 v6, v2
            return v8, v9
        block2(v10: i64):
            return v10, v2
        }
        function %callee(i64) -> i64, f64 {
        block0(v0: i64):
            v1 = iadd.i64 v0, v0
            v2 = fcvt_from_sint.f64 v1
            return v1, v2
        }
        """, 21, 3, BitConverter.DoubleToUInt64Bits(0.5));

    [Fact]
    public void AThrowReachesTheHandlerAndRestoresWhatTheCatcherSaved()
    {
        const string text = """
            function %start(i64, i64) -> i64 {
                sig0 = (i64, i64) -> i64
                fn0 = %1 sig0
            block0(v0: i64, v1: i64):
                v2 = imul.i64 v0, v1
                v3 = bxor.i64 v0, v1
                v4 = call fn0(v0, v1)
                v5 = iadd.i64 v4, v2
                v6 = iadd.i64 v5, v3
                v7 = iadd.i64 v6, v0
                return v7
            }
            function %catcher(i64, i64) -> i64 {
                sig0 = (i64) -> i64
                fn0 = %2 sig0
            block0(v0: i64, v1: i64):
                v2 = vmctx.i64
                try_call fn0(v0), block1(ret0), block2(ret0)
            block1(v3: i64):
                return v3
            block2(v4: i64):
                v5 = vmctx.i64
                v6 = isub.i64 v5, v2
                v7 = iadd.i64 v4, v1
                v8 = iadd.i64 v7, v6
                return v8
            }
            function %thrower(i64) -> i64 {
            block0(v0: i64):
                v1 = iconst.i64 7777777777777
                v2 = imul.i64 v0, v1
                v3 = popcnt.i64 v2
                v4 = iadd.i64 v3, v1
                v5 = imul.i64 v4, v2
                v6 = iadd.i64 v5, v3
                v7 = imul.i64 v6, v1
                v8 = popcnt.i64 v7
                return v8
            }
            """;
        using NativeRunner runner = NativeRunner.Compile(NativeRunner.Settings, new CompilerContext(), [.. IrParser.ParseAll(text)]);
        runner.MakeThrow(thrower: 2, catcher: 1, payload: 1_000_000);
        ulong a = 300, b = 77;
        Assert.Equal((UInt128)(1_000_000 + b + a * b + (a ^ b) + a), runner.Run(IrParser.ParseAll(text)[0].Signature, [a, b]).Results[0]);
    }

    [Fact]
    public void AtomicsAndNarrowMemory()
    {
        byte* memory = stackalloc byte[64];
        *(ulong*)memory = 0x1122334455667788;
        *(ulong*)(memory + 8) = 0xFFFFFFFFFFFFFFFF;
        const string text = """
            function %f(i64, i32, i64) -> i32, i64, i32, i64, i64, i32 {
            block0(v0: i64, v1: i32, v2: i64):
                v3 = atomic_rmw.i32 add v1, v0 heap trap user1
                v4 = atomic_rmw.i64 xor v2, v0+8 heap trap user1
                v5 = ireduce.i16 v1
                v6 = atomic_rmw.i16 and v5, v0+2 heap trap user1
                v7 = uextend.i32 v6
                v8 = atomic_cas.i64 v2, v4, v0+8 heap trap user1
                fence
                v9 = atomic_load.i64 v0+8 heap trap user1
                v10 = ireduce.i8 v1
                v11 = atomic_rmw.i8 sub v10, v0+1 heap trap user1
                v12 = sextend.i32 v11
                atomic_store.i32 v1, v0+16 heap trap user1
                return v3, v4, v7, v8, v9, v12
            }
            """;
        byte[] before = new Span<byte>(memory, 64).ToArray();
        Function function = IrParser.Parse(text);
        UInt128[] args = [(ulong)memory, 77, 0xF0F0];
        IrOutcome expected = IrInterpreter.Run(function, args);
        byte[] after = new Span<byte>(memory, 64).ToArray();
        before.CopyTo(new Span<byte>(memory, 64));
        using NativeRunner runner = NativeRunner.Compile(NativeRunner.Settings, new CompilerContext(), function);
        Assert.Equal(expected.Results, runner.Run(function.Signature, args).Results);
        Assert.Equal(after, new Span<byte>(memory, 64).ToArray());
    }

    [Theory]
    [InlineData(0x3FF8000000000000)] // 1.5
    [InlineData(0xBFE0000000000000)] // -0.5
    [InlineData(0x7FF8000000000000)] // NaN
    [InlineData(0x41E0000000000000)] // 2^31
    [InlineData(0xC1E0000000000000)] // -2^31
    [InlineData(0xC1E00000001FFFFF)] // just above -2^31 - 1
    [InlineData(0xC1E0000000200000)] // -2^31 - 1
    [InlineData(0x41EFFFFFFFE00000)] // 2^32 - 1
    [InlineData(0x41F0000000000000)] // 2^32
    [InlineData(0x43E0000000000000)] // 2^63
    [InlineData(0xC3E0000000000000)] // -2^63
    [InlineData(0x43EFFFFFFFFFFFFF)] // below 2^64
    [InlineData(0x43F0000000000000)] // 2^64
    [InlineData(0xBFF0000000000000)] // -1
    public void ConversionsToIntegers(ulong bits)
    {
        foreach (string type in (string[])["i32", "i64"])
            foreach (string op in (string[])["fcvt_to_sint", "fcvt_to_uint", "fcvt_to_sint_sat", "fcvt_to_uint_sat"])
            {
                Agree($"function %f(f64) -> {type} {{\nblock0(v0: f64):\n v1 = {op}.{type} v0\n return v1\n}}", bits);
                Agree($"function %f(f64) -> {type} {{\nblock0(v0: f64):\n v1 = fdemote.f32 v0\n v2 = {op}.{type} v1\n return v2\n}}", bits);
            }
    }

    [Fact]
    public void DivisionByEveryConstant()
    {
        var random = new Random(5);
        foreach (string type in (string[])["i32", "i64"])
            foreach (string op in (string[])["udiv", "urem", "sdiv", "srem"])
                for (int i = 0; i < 60; i++)
                {
                    long divisor = i < 20 ? i - 9 : i < 40 ? random.NextInt64() >> random.Next(63) : (1L << random.Next(63)) - random.Next(-2, 3);
                    if (type == "i32") divisor = (int)divisor;
                    string text = $"function %f({type}) -> {type} {{\nblock0(v0: {type}):\n v1 = iconst.{type} {divisor}\n v2 = {op}.{type} v0, v1\n return v2\n}}";
                    Function function = IrParser.Parse(text);
                    using NativeRunner runner = NativeRunner.Compile(NativeRunner.Settings, new CompilerContext(), IrParser.Parse(text));
                    foreach (ulong x in (ulong[])[0, 1, 2, 7, ulong.MaxValue, 1UL << 63, long.MaxValue, 0x80000000, 0x7FFFFFFF, (ulong)divisor, (ulong)divisor - 1, (ulong)random.NextInt64(), (ulong)-random.NextInt64(1 << 30)])
                    {
                        UInt128[] args = [x & function.Signature.Params[0].Mask()];
                        IrOutcome expected = IrInterpreter.Run(function, args), found = runner.Run(function.Signature, args);
                        Assert.True(expected.Trap == found.Trap && expected.Results.SequenceEqual(found.Results), $"{op}.{type} {x}, {divisor}: {string.Join(',', found.Results)}\n{runner.Disassembly}");
                    }
                }
    }

    [Fact]
    public void TablesNameReferencesStatesAndSources()
    {
        Function function = IrParser.Parse("""
            function %f(i64 vmctx, ref, i64, i32) -> i64, ref {
                sig0 = (i64) -> i64
                fn0 = %9 sig0
            block0(v0: i64, v1: ref, v2: i64, v3: i32):
                v4 = iconst.i32 123
                v5 = call fn0(v2) state 7 [v1, v4, v2, v0] state 8 [] @41
                v6 = iadd.i64 v5, v2
                trapz.i32 v3, user5 @42
                return v6, v1
            }
            """);
        CompiledCode code = new CompilerContext().Compile(function, new CompilerSettings { Verify = true });
        ReturnSite site = Assert.Single(code.Returns.AsSpan().ToArray());
        Assert.Equal(41, site.Source);
        Assert.Equal(-1, site.Handler);
        int slot = Assert.Single(code.StackMaps.AsSpan().ToArray());
        Assert.True(slot < 0 && slot >= -code.FrameSize);
        Assert.Equal([new FrameStateSite(7, 1, 0, 4), new FrameStateSite(8, -1, 4, 0)], code.FrameStates.AsSpan().ToArray());
        FrameValue[] values = code.FrameValues.AsSpan().ToArray();
        Assert.Equal(new FrameValue(FrameValueKind.Slot, slot), values[0]);
        Assert.Equal(new FrameValue(FrameValueKind.Constant, 123), values[1]);
        Assert.Equal(FrameValueKind.Slot, values[2].Kind);
        Assert.Equal(FrameValueKind.Context, values[3].Kind);
        TrapSite trap = Assert.Single(code.Traps.AsSpan().ToArray());
        Assert.Equal((TrapCode.User(5), 42), (trap.Code, trap.Source));
        Assert.Equal([0x0F, 0x0B], code.Bytes.Slice(trap.Offset, 2).ToArray());
        Relocation call = Assert.Single(code.Relocations.AsSpan().ToArray());
        Assert.Equal((9, site.Offset - 4), (call.Symbol, call.Offset));
    }

    [Fact]
    public void HandlersAreInTheCallTable()
    {
        Function function = IrParser.Parse("""
            function %f(i64) -> i64 {
                sig0 = (i64) -> i64
                fn0 = %9 sig0
            block0(v0: i64):
                try_call fn0(v0), block1(ret0), block2(ret0)
            block1(v1: i64):
                return v1
            block2(v2: i64):
                v3 = iadd.i64 v2, v0
                return v3
            }
            """);
        CompiledCode code = new CompilerContext().Compile(function, new CompilerSettings { Verify = true });
        ReturnSite site = Assert.Single(code.Returns.AsSpan().ToArray());
        // lea rsp, [rbp - frame]: what a handler begins with
        Assert.Equal([0x48, 0x8D], code.Bytes.Slice(site.Handler, 2).ToArray());
    }

    [Fact]
    public void CompilingAgainAllocatesNothing()
    {
        var context = new CompilerContext();
        var settings = new CompilerSettings { Features = ExecutionTests.Everything };
        long bytes = 0;
        for (int round = 0; round < 3; round++)
        {
            bytes = 0;
            for (int seed = 1; seed <= 20; seed++)
            {
                RandomFunction.Create(seed, 100, calls: true, context.Function, wide: false);
                long before = GC.GetAllocatedBytesForCurrentThread();
                context.Compile(context.Function, settings);
                bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void OutputIsTheSameEveryTime()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var used = new CompilerContext();
            used.Compile(RandomFunction.Create(seed + 1000, 80, calls: true), NativeRunner.Settings);
            byte[] first = used.Compile(RandomFunction.Create(seed, 80, calls: true), NativeRunner.Settings).Bytes.ToArray();
            byte[] second = new CompilerContext().Compile(RandomFunction.Create(seed, 80, calls: true), NativeRunner.Settings).Bytes.ToArray();
            Assert.Equal(first, second);
        }
    }
}
