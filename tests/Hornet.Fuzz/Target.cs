using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>One way of making modules, and how to judge them.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Module">The module of these decisions.</param>
/// <param name="Judge">The first difference, or null.</param>
public sealed record Target(string Name, Func<Decisions, byte[]> Module, Func<Differential, byte[], string?> Judge)
{
    static readonly GeneratorOptions s_scalar = new(Simd: false, Memory64: false, MultiMemory: false, References: false);

    // What relaxed operators give is the engine's choice: only the tiers of one engine must agree. Source: spec, exec/relaxed, implementation-dependent choices.
    static readonly GeneratorOptions s_relaxed = new(RelaxedSimd: true);

    static readonly Op[] s_fixedOperators = [.. OperatorModules.All.Where(o => Opcodes.FeatureOf(o) != Features.RelaxedSimd)];
    static readonly Op[] s_relaxedOperators = [.. OperatorModules.All.Where(o => Opcodes.FeatureOf(o) == Features.RelaxedSimd)];

    public static IReadOnlyList<Target> All { get; } =
    [
        new("modules", d => ModuleGenerator.Generate(d), (c, m) => c.Compare(m, withWasmtime: true)),
        new("scalar", d => ModuleGenerator.Generate(d, s_scalar), (c, m) => c.Compare(m, withWasmtime: true)),
        new("tiers", d => ModuleGenerator.Generate(d, s_relaxed), (c, m) => c.Compare(m, withWasmtime: false)),
        new("operators", OperatorModule, (c, m) => c.Compare(m, withWasmtime: true)),
        new("relaxed", d => OperatorModules.Module(d.Of(s_relaxedOperators)), (c, m) => c.Compare(m, withWasmtime: false)),
        new("metered", d => ModuleGenerator.Generate(d, s_relaxed), (c, m) => c.CompareMetered(m)),
        new("mutants", Mutant, (c, m) => c.CompareInterruptible(m)),
    ];

    static byte[] OperatorModule(Decisions d)
    {
        Op op = d.Of(s_fixedOperators);
        return OperatorModules.Module(op, d.OnceIn(2) && Opcodes.ClassOf(op) is OpClass.Load or OpClass.Store);
    }

    static byte[] Mutant(Decisions d) => Mutation.Of(RealModules.All is { Count: > 0 } real && d.OnceIn(2) ? d.Of(real) : ModuleGenerator.Generate(d), d);
}

/// <summary>Modules that compilers made.</summary>
static class RealModules
{
    const int Largest = 200_000;

    public static IReadOnlyList<byte[]> All { get; } = Find();

    static List<byte[]> Find()
    {
        if (Repository.Root is not { } root) return [];
        return [.. Directory.EnumerateFiles(Path.Combine(root, "samples"), "*.wasm").Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(b => b.Length < Largest)];
    }
}

/// <summary>Where the project lies.</summary>
public static class Repository
{
    public static string? Root { get; } = Find();

    static string? Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Hornet.slnx"))) return at.FullName;
        return null;
    }
}
