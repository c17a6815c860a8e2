using System.Globalization;

namespace Hornet.Runtime.Tests;

/// <summary>Random programs on the interpreter and on the Wasmtime package, which must agree.</summary>
public sealed class DifferentialTests
{
    /// <summary>HORNET_FUZZ gives another number of programs, HORNET_FUZZ_SEED the first seed.</summary>
    static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    static readonly (int, long)[] s_arguments = [(0, 0), (1, -1), (77, 0x123456789ABCDEF), (-5, 1L << 40)];

    [Fact]
    public void The_interpreter_agrees_with_Wasmtime()
    {
        using Wasmtime.Engine oracle = new();
        int first = Setting("HORNET_FUZZ_SEED", 1);
        for (int seed = first; seed < first + Setting("HORNET_FUZZ", 300); seed++)
        {
            byte[] bytes = Wat.Bytes(new RandomProgram(seed).Text());
            using Wasmtime.Module theirs = Wasmtime.Module.FromBytes(oracle, "m", bytes);
            using Module ours = Module.FromBytes(Wat.Engine, bytes);
            using Wasmtime.Store theirStore = new(oracle);
            using Store ourStore = new(Wat.Engine);
            var expected = new Wasmtime.Instance(theirStore, theirs).GetFunction<int, long, long>("run")!;
            var got = new Instance(ourStore, ours).GetFunction<int, long, long>("run")!;
            foreach ((int a, long b) in s_arguments)
            {
                string want = Outcome(expected, a, b), have = Outcome(got, a, b);
                Assert.True(want == have, $"seed {seed}, run({a}, {b}): Wasmtime says {want}, the interpreter {have}");
            }
        }
    }

    static string Outcome(Func<int, long, long> run, int a, long b)
    {
        try
        {
            return run(a, b).ToString("x16", CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is TrapException or Wasmtime.TrapException)
        {
            return "a trap";
        }
    }
}
