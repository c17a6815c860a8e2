using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Hornet.Compiler;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Tests;
using Hornet.Compiler.X64;

namespace Hornet.Fuzz;

/// <summary>
/// The compiler alone: a function of the IR, as text, is run by the IR's interpreter and as machine code at each level and
/// for the least and the whole of this processor, with the verifier between passes and the checker after register allocation.
/// </summary>
public sealed unsafe class IrOracle : IDisposable
{
    const int Runs = 3, CalleeSeed = 1;

    static readonly CpuFeatures s_all =
        (Popcnt.IsSupported ? CpuFeatures.Popcnt : 0) | (Lzcnt.IsSupported ? CpuFeatures.Lzcnt : 0) | (Bmi1.IsSupported ? CpuFeatures.Bmi1 : 0)
        | (Bmi2.IsSupported ? CpuFeatures.Bmi2 : 0) | (Avx.IsSupported ? CpuFeatures.Avx : 0) | (Avx2.IsSupported ? CpuFeatures.Avx2 : 0)
        | (Fma.IsSupported ? CpuFeatures.Fma : 0) | (Sse42.IsSupported ? CpuFeatures.Sse42 : 0);

    static readonly (CpuFeatures, OptLevel)[] s_settings =
        [(s_all, OptLevel.None), (CpuFeatures.Base, OptLevel.Speed), (s_all, OptLevel.Speed), (s_all, OptLevel.SpeedAndSize)];

    readonly CompilerContext _context = new();
    readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(RandomFunction.MemoryBytes, 64);

    /// <summary>The text of a function of these decisions.</summary>
    public static byte[] Case(Decisions d)
    {
        bool calls = d.OnceIn(3);
        return Encoding.UTF8.GetBytes(IrPrinter.Print(RandomFunction.Create(new DecidedRandom(d), 20 + d.Below(150), calls)));
    }

    /// <summary>The first difference, or null.</summary>
    public string? Judge(byte[] text)
    {
        string function = Encoding.UTF8.GetString(text);
        bool calls = function.Contains(" call", StringComparison.Ordinal);
        string printed = IrPrinter.Print(IrParser.Parse(function));
        if (IrPrinter.Print(IrParser.Parse(printed)) != printed) return "ir: printed otherwise than parsed";
        Compiler.Ir.Function callee = RandomFunction.Callee(CalleeSeed);
        foreach ((CpuFeatures features, OptLevel level) in s_settings)
        {
            string name = $"machine code, {level}, {(features == s_all ? "all features" : "base features")}";
            NativeRunner compiled;
            try
            {
                compiled = NativeRunner.Compile(NativeRunner.Settings with { Features = features, OptLevel = level }, _context,
                    calls ? [IrParser.Parse(function.Replace("%0 ", "%1 ", StringComparison.Ordinal)), RandomFunction.Callee(CalleeSeed)] : [IrParser.Parse(function)]);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                return $"{name} does not compile: {e.GetType().Name}: {e.Message.Split('\n')[0]}";
            }
            using NativeRunner runner = compiled;
            for (int run = 0; run < Runs; run++)
                if (Compare(function, callee, runner, run) is { } difference)
                    return $"ir interpreter  |  {name}: run {run}: {difference}";
        }
        return null;
    }

    string? Compare(string text, Compiler.Ir.Function callee, NativeRunner runner, int run)
    {
        Compiler.Ir.Function function = IrParser.Parse(text);
        Random random = new(run * 7919 + text.Length);
        UInt128[] arguments = RandomFunction.Arguments(function, random, (ulong)_memory);
        byte[] start = new byte[RandomFunction.MemoryBytes];
        random.NextBytes(start);
        Span<byte> memory = new(_memory, RandomFunction.MemoryBytes);
        start.CopyTo(memory);
        IrOutcome expected = IrInterpreter.Run(function, arguments, callee: (_, values) => IrInterpreter.Run(callee, values), fuel: 200_000);
        if (expected.Trap == Compiler.TrapCode.User(239)) return null;
        byte[] after = memory.ToArray();
        start.CopyTo(memory);
        IrOutcome found = runner.Run(function.Signature, arguments);
        if (expected.Trap != found.Trap) return $"trap {expected.Trap}  |  {found.Trap}";
        for (int i = 0; i < expected.Results.Length; i++)
        {
            IrType type = function.Signature.Results[i];
            UInt128 a = expected.Results[i], b = found.Results[i];
            // Which NaN comes out of arithmetic is nobody's promise.
            if (a != b && !(type.IsFloat() && Evaluate.IsNaN(type, (ulong)a) && Evaluate.IsNaN(type, (ulong)b))) return $"result {i}: {a:x}  |  {b:x}";
        }
        int at = memory.CommonPrefixLength(after);
        return at == after.Length ? null : $"memory at {at}: {after[at]:x2}  |  {memory[at]:x2}";
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    /// <summary>Decisions behind the interface of <see cref="Random"/>.</summary>
    sealed class DecidedRandom(Decisions d) : Random
    {
        public override int Next(int maxValue) => d.Below(maxValue);

        public override int Next(int minValue, int maxValue) => minValue + d.Below(maxValue - minValue);

        public override long NextInt64() => (long)(d.Bits64() & long.MaxValue);
    }
}
