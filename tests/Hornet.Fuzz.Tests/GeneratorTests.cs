using Hornet.Wasm;

namespace Hornet.Fuzz.Tests;

/// <summary>The fuzzer itself: what it makes is valid and repeatable, what differs is seen, what fails is made small.</summary>
public sealed class GeneratorTests
{
    [Fact]
    public void Generated_modules_are_valid_and_repeatable()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            Decisions decisions = new(seed);
            byte[] module = ModuleGenerator.Generate(decisions);
            ModuleValidator.Validate(module);
            Assert.Equal(module, ModuleGenerator.Generate(new Decisions(decisions.Taken)));
        }
    }

    [Fact]
    public void Generated_modules_with_references_and_exceptions_are_valid()
    {
        GeneratorOptions options = new(Gc: true, Exceptions: true, Threads: true);
        for (ulong seed = 0; seed < 300; seed++)
        {
            Decisions decisions = new(seed);
            ModuleValidator.Validate(ModuleGenerator.Generate(decisions, options));
            ModuleValidator.Validate(ModuleGenerator.Generate(new Decisions(decisions.Taken[..(decisions.Taken.Length / 2)]), options));
        }
    }

    [Fact]
    public void Decisions_that_were_cut_still_make_valid_modules()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            Decisions decisions = new(seed);
            ModuleGenerator.Generate(decisions);
            int[] taken = decisions.Taken;
            ModuleValidator.Validate(ModuleGenerator.Generate(new Decisions(taken[..(taken.Length / 2)])));
            ModuleValidator.Validate(ModuleGenerator.Generate(new Decisions([.. taken[..(taken.Length / 3)], .. taken[(taken.Length / 2)..]])));
        }
    }

    [Fact]
    public void Any_bytes_make_a_valid_module()
    {
        Random random = new(3);
        for (int i = 0; i < 100; i++)
        {
            byte[] bytes = new byte[random.Next(2000)];
            random.NextBytes(bytes);
            Decisions decisions = new(bytes);
            byte[] module = ModuleGenerator.Generate(decisions);
            ModuleValidator.Validate(module);
            Assert.Equal(module, ModuleGenerator.Generate(new Decisions(decisions.Taken)));
        }
    }

    [Fact]
    public void Mutants_are_valid()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            Decisions decisions = new(seed);
            byte[] module = ModuleGenerator.Generate(decisions), mutant = Mutation.Of(module, decisions);
            Assert.Equal(module.Length, mutant.Length);
            try
            {
                ModuleValidator.Validate(mutant);
            }
            catch (WasmFormatException e)
            {
                // Alignment and lanes are the operator's own.
                Assert.True(e.Message.Contains("alignment", StringComparison.Ordinal) || e.Message.Contains("lane", StringComparison.Ordinal), e.Message);
            }
        }
    }

    [Fact]
    public void A_failure_is_shrunk_to_what_matters()
    {
        Decisions decisions = new(5);
        for (int i = 0; i < 200; i++) decisions.Below(100);
        int[] least = Shrinking.Run(decisions.Taken, d => d.Any(v => v >= 40), TimeSpan.FromSeconds(10));
        Assert.Equal([40], least);
    }

    [Fact]
    public void Another_operator_is_a_difference()
    {
        using HornetEngine engine = HornetEngine.Interpreter();
        Assert.NotNull(engine.Run(OperatorModules.Module(Op.I32ShrS)).Difference(engine.Run(OperatorModules.Module(Op.I32ShrU))));
        Assert.NotNull(engine.Run(OperatorModules.Module(Op.F64Min)).Difference(engine.Run(OperatorModules.Module(Op.F64Max))));
        Assert.NotNull(engine.Run(OperatorModules.Module(Op.I64Load32S)).Difference(engine.Run(OperatorModules.Module(Op.I64Load32U))));
        Assert.Null(engine.Run(OperatorModules.Module(Op.I32Add)).Difference(engine.Run(OperatorModules.Module(Op.I32Add))));
    }
}
