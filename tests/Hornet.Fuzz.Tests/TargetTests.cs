using System.Reflection;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Fuzz.Tests;

/// <summary>A fixed number of cases of each target, and every operator of the table, on every tier and on Wasmtime.</summary>
public sealed class TargetTests
{
    const ulong Seed = 20_26;

    [Fact]
    public void The_help_tells_of_every_target()
    {
        string help = File.ReadAllText(Path.Combine(Repository.Root!, "tests", "Hornet.Fuzz", "help.txt"));
        Assert.All(Target.All, t => Assert.Contains($"\n    {t.Name} ", help));
    }

    [Theory]
    [InlineData("modules", 200)]
    [InlineData("scalar", 120)]
    [InlineData("tiers", 200)]
    [InlineData("metered", 200)]
    [InlineData("mutants", 20)]
    [InlineData("gc", 60)]
    [InlineData("exceptions", 100)]
    [InlineData("atomics", 100)]
    [InlineData("operators", 5)]
    [InlineData("relaxed", 5)]
    [InlineData("wasi", 100)]
    [InlineData("scripts", 100)]
    [InlineData("validity", 2000)]
    [InlineData("binary", 200)]
    [InlineData("text", 100)]
    [InlineData("broken-text", 300)]
    [InlineData("images", 40)]
    [InlineData("api", 200)]
    [InlineData("ir", 60)]
    public void Engines_agree(string name, int cases)
    {
        Target target = Target.All.Single(t => t.Name == name);
        using Oracles oracles = new();
        for (ulong i = 0; i < (ulong)cases; i++)
        {
            string? difference = target.Run(oracles, target.Case(new(Seed + i)));
            Assert.True(difference is null, $"./h fuzz {name} --seed {Seed + i}: {difference}");
        }
        if (oracles.TiersIfAsked is not { } tiers) return;
        Assert.True(tiers.Steps > cases, $"only {tiers.Steps} steps were compared");
        // The time limit of mutants may end any of them.
        Assert.True(name == "mutants" || tiers.Inconclusive <= cases / 10, $"{tiers.Inconclusive} of {cases} cases were inconclusive");
    }

    [Fact]
    public void No_target_is_left_out() =>
        Assert.Equal(Target.All.Select(t => t.Name).Order(), typeof(TargetTests).GetMethod(nameof(Engines_agree))!.GetCustomAttributes<InlineDataAttribute>().Select(a => (string)a.Data[0]!).Order());

    [Fact]
    public void Every_operator_gives_the_same_on_every_tier()
    {
        using Differential differential = new();
        Assert.True(OperatorModules.All.Count > 400);
        foreach (Op op in OperatorModules.All)
        {
            // Relaxed operators are the engine's choice, and so is which trap comes first where a wait is neither aligned nor within bounds.
            bool choice = Opcodes.FeatureOf(op) == Features.RelaxedSimd || op is Op.MemoryAtomicNotify or Op.MemoryAtomicWait32 or Op.MemoryAtomicWait64;
            string? difference = differential.Compare(OperatorModules.Module(op), withWasmtime: !choice);
            Assert.True(difference is null, $"{Opcodes.Mnemonic(op)}: {difference}");
            // The operators on floating-point numbers are those that may make NaNs.
            difference = Opcodes.Mnemonic(op)[0] == 'f' ? differential.CompareMetered(OperatorModules.Module(op)) : null;
            Assert.True(difference is null, $"{Opcodes.Mnemonic(op)} with fuel: {difference}");
            if (Opcodes.ClassOf(op) is not (OpClass.Load or OpClass.Store or OpClass.Atomic)) continue;
            difference = differential.Compare(OperatorModules.Module(op, memory64: true), withWasmtime: false);
            Assert.True(difference is null, $"{Opcodes.Mnemonic(op)} with 64-bit addresses: {difference}");
        }
    }

    [Fact]
    public void What_was_found_once_stays_fixed()
    {
        using Differential differential = new();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root!, "tests", "golden", "regress"), "*.wat").Order(StringComparer.Ordinal))
        {
            string? difference = differential.Compare(WatParser.Parse(File.ReadAllBytes(file)), withWasmtime: true);
            Assert.True(difference is null, $"{Path.GetFileName(file)}: {difference}");
        }
    }
}
