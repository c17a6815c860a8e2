using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>What the bytes of a case are.</summary>
public enum CaseForm
{
    Module,
    /// <summary>A module that need not be valid.</summary>
    NearlyModule,
    Text,
}

/// <summary>One way of making cases, and how to judge them.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Case">The case of these decisions.</param>
/// <param name="Judge">The first difference, or null.</param>
/// <param name="Form">How a case is shown.</param>
public sealed record Target(string Name, Func<Decisions, byte[]> Case, Func<Oracles, byte[], string?> Judge, CaseForm Form = CaseForm.Module)
{
    static readonly GeneratorOptions s_scalar = new(Simd: false, Memory64: false, MultiMemory: false, References: false);

    // What relaxed operators give is the engine's choice: only the tiers of one engine must agree. Source: spec, exec/relaxed, implementation-dependent choices.
    static readonly GeneratorOptions s_relaxed = new(RelaxedSimd: true);

    static readonly GeneratorOptions s_references = new(Memory64: false, MultiMemory: false, Gc: true, Exceptions: true);
    static readonly GeneratorOptions s_threads = new(Threads: true);
    static readonly GeneratorOptions s_throwing = new(Exceptions: true);

    static readonly Op[] s_fixedOperators = [.. OperatorModules.All.Where(o => Opcodes.FeatureOf(o) != Features.RelaxedSimd)];
    static readonly Op[] s_relaxedOperators = [.. OperatorModules.All.Where(o => Opcodes.FeatureOf(o) == Features.RelaxedSimd)];

    public static IReadOnlyList<Target> All { get; } =
    [
        new("modules", d => ModuleGenerator.Generate(d), (o, m) => o.Tiers.Compare(m, withWasmtime: true)),
        new("scalar", d => ModuleGenerator.Generate(d, s_scalar), (o, m) => o.Tiers.Compare(m, withWasmtime: true)),
        new("tiers", d => ModuleGenerator.Generate(d, s_relaxed), (o, m) => o.Tiers.Compare(m, withWasmtime: false)),
        new("operators", OperatorModule, (o, m) => o.Tiers.Compare(m, withWasmtime: true)),
        new("relaxed", d => OperatorModules.Module(d.InTurn(s_relaxedOperators)), (o, m) => o.Tiers.Compare(m, withWasmtime: false)),
        new("gc", d => ModuleGenerator.Generate(d, s_references), (o, m) => o.Tiers.CompareCollecting(m)),
        new("exceptions", d => ModuleGenerator.Generate(d, s_throwing), (o, m) => o.Tiers.Compare(m, withWasmtime: true)),
        new("atomics", d => ModuleGenerator.Generate(d, s_threads), (o, m) => o.Tiers.Compare(m, withWasmtime: true)),
        new("metered", d => ModuleGenerator.Generate(d, s_relaxed), (o, m) => o.Tiers.CompareMetered(m)),
        new("mutants", Mutant, (o, m) => o.Tiers.CompareInterruptible(m)),
        new("validity", d => NearlyValid.Of(Seed(d), d), (o, m) => o.Validity.Judge(m), CaseForm.NearlyModule),
        new("binary", Seed, (_, m) => RoundTrips.Binary(m)),
        new("text", Seed, (_, m) => RoundTrips.Printed(m)),
        new("broken-text", d => RoundTrips.BrokenText(ModuleGenerator.Generate(d), d), (_, t) => RoundTrips.NearlyText(t), CaseForm.Text),
        new("images", d => ModuleGenerator.Generate(d, d.OnceIn(3) ? s_references : s_relaxed), (o, m) => o.Tiers.CompareImage(m)),
        new("api", ApiSequences.Case, (_, t) => ApiSequences.Judge(t), CaseForm.Text),
        new("wasi", WasiSequences.Case, (o, m) => o.Wasi.Judge(m)),
        new("scripts", ScriptOracle.Case, (o, t) => o.Scripts.Judge(t), CaseForm.Text),
        new("ir", IrOracle.Case, (o, t) => o.Ir.Judge(t), CaseForm.Text),
    ];

    static byte[] OperatorModule(Decisions d)
    {
        Op op = d.InTurn(s_fixedOperators);
        return OperatorModules.Module(op, d.OnceIn(2) && Opcodes.ClassOf(op) is OpClass.Load or OpClass.Store);
    }

    static byte[] Mutant(Decisions d) => Mutation.Of(RealModules.All is { Count: > 0 } real && d.OnceIn(2) ? d.Of(real) : ModuleGenerator.Generate(d), d);

    // A valid module to begin with.
    static byte[] Seed(Decisions d) => d.Below(6) switch
    {
        0 => OperatorModules.Module(d.Of(OperatorModules.All)),
        <= 2 => ModuleGenerator.Generate(d, s_references),
        _ => ModuleGenerator.Generate(d, s_relaxed),
    };

    /// <summary>Judges a case; an exception that escapes is a difference, too.</summary>
    public string? Run(Oracles oracles, byte[] bytes)
    {
        try
        {
            return Judge(oracles, bytes);
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n')[0]}";
        }
    }
}

/// <summary>The judges, each made when it is first asked.</summary>
public sealed class Oracles : IDisposable
{
    readonly Lazy<Differential> _tiers = new();
    readonly Lazy<ValidityOracle> _validity = new();
    readonly Lazy<IrOracle> _ir = new();
    readonly Lazy<WasiOracle> _wasi = new();
    readonly Lazy<ScriptOracle> _scripts = new();

    public Differential Tiers => _tiers.Value;

    /// <summary>Null where no target compared tiers.</summary>
    public Differential? TiersIfAsked => _tiers.IsValueCreated ? _tiers.Value : null;

    public ValidityOracle Validity => _validity.Value;
    public IrOracle Ir => _ir.Value;
    public WasiOracle Wasi => _wasi.Value;
    public ScriptOracle Scripts => _scripts.Value;

    public void Dispose()
    {
        foreach (IDisposable? made in (IDisposable?[])[Made(_tiers), Made(_validity), Made(_ir), Made(_wasi), Made(_scripts)]) made?.Dispose();
    }

    static IDisposable? Made<T>(Lazy<T> lazy) where T : IDisposable => lazy.IsValueCreated ? lazy.Value : null;
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
