using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Text.Tests;

/// <summary>The suite's modules with some bytes changed: never anything but a verdict, and Wasmtime's verdict.</summary>
public class MutationTests
{
    // What Wasmtime switches on by itself, and threads.
    const Features Common = Features.Wasm3 | Features.Threads | Features.WideArithmetic;

    static IEnumerable<byte[]> Corpus()
    {
        Suite.Require();
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)).Order(StringComparer.Ordinal))
            foreach (Directive d in WastParser.Parse(Suite.Read(file)))
                if (d.Kind is DirectiveKind.Module or DirectiveKind.ModuleDefinition or DirectiveKind.AssertInvalid && d.Module is { Form: not ScriptModuleForm.Quote, Bytes.Length: < 2000 }) yield return d.Module.Bytes;
    }

    static byte[] Mutate(byte[] module, Random random)
    {
        byte[] mutated = [.. module];
        if (module.Length <= 8) return mutated;
        for (int i = random.Next(1, 3); i > 0; i--)
        {
            int at = random.Next(8, module.Length);
            mutated[at] = random.Next(6) switch
            {
                0 => (byte)(mutated[at] ^ 1 << random.Next(8)),
                1 => (byte)random.Next(256),
                2 => module[random.Next(8, module.Length)],
                3 => (byte)random.Next(8),
                4 => (byte)(0x60 + random.Next(0x20)),
                _ => (byte)(mutated[at] + 1),
            };
        }
        return mutated;
    }

    // Any other exception fails the test.
    static WasmFormatException? Validate(byte[] module, Features features, int threads = 1)
    {
        try
        {
            ModuleValidator.Validate(module, features, new() { MaxDegreeOfParallelism = threads });
            return null;
        }
        catch (WasmFormatException e)
        {
            Assert.InRange(e.Offset, 0, module.Length);
            return e;
        }
    }

    [Fact]
    public void Wasmtime_agrees()
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
        Random random = new(20261122);
        List<string> disagreements = [];
        int valid = 0, invalid = 0;
        foreach (byte[] module in Corpus())
            for (int i = 0; i < 3; i++)
            {
                byte[] mutated = i == 0 ? module : Mutate(module, random);
                WasmFormatException? mine = Validate(mutated, Common);
                string? theirs = Wasmtime.Module.Validate(engine, mutated);
                if (mine is null) valid++;
                else invalid++;
                if (mine is null != theirs is null) disagreements.Add($"{mine?.Message ?? "valid"} / {theirs ?? "valid"}: {Convert.ToHexString(mutated)}");
            }
        engine.Dispose();
        Assert.True(disagreements.Count == 0, $"{disagreements.Count} disagreements\n" + string.Join('\n', disagreements.Take(20)));
        Assert.InRange(valid, 2_000, 100_000);
        Assert.InRange(invalid, 8_000, 100_000);
    }

    [Fact]
    public void Every_mutation_and_truncation_gets_a_verdict()
    {
        Random random = new(7);
        int errors = 0, count = 0;
        foreach (byte[] module in Corpus())
        {
            for (int i = 0; i < 4; i++)
            {
                count++;
                byte[] mutated = Mutate(module, random);
                if (i == 0) random.NextBytes(mutated.AsSpan(8 + random.Next(Math.Max(1, mutated.Length - 8))));
                if (Validate(mutated, Features.All) is not null) errors++;
                if (i == 1) Validate(mutated, (Features)random.Next());
            }
            byte[] cut = module[..random.Next(module.Length)];
            if (Validate(cut, Features.All) is { } e) Assert.True(e.Kind is FormatErrorKind.Malformed or FormatErrorKind.Invalid, e.Message);
        }
        Assert.InRange(errors, count / 3, count);
    }
}
