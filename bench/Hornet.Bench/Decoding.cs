using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Bench;

/// <summary>
/// The binary format's reader and writer on the 75 MB of LLVM: what decoding, reading every operator, and encoding again cost in processor time (the
/// best of some rounds, one thread) and managed memory.
/// </summary>
internal static class Decoding
{
    private const int Rounds = 8, ChunkSize = 1 << 16;

    public static int Run()
    {
        var file = Tools.Guest("npm", Validation.Package, Validation.Module);
        var bytes = File.ReadAllBytes(file);
        Console.WriteLine($"{Validation.Package} {Validation.Module}, {bytes.Length / 1e6:F1} MB; best of {Rounds}");
        Console.WriteLine($"{"",-34} {"ms",8} {"MB/s",8} {"allocated bytes",16}");
        Measure("decode", bytes, () => ModuleDecoder.Decode(bytes));
        Measure("decode, in pieces of 64 KiB", bytes, () => InPieces(bytes));
        Measure("decode and read every operator", bytes, () => ModuleDecoder.Decode(bytes, Features.Default, new Operators(null)));
        Measure("decode, read and write operators", bytes, () => ModuleDecoder.Decode(bytes, Features.Default, new Operators(new ByteBuffer(8 << 20))));
        Measure("decode and encode", bytes, () => ModuleWriter.Encode(ModuleDecoder.Decode(bytes), bytes));
        return 0;
    }

    private static void InPieces(byte[] bytes)
    {
        var decoder = new ModuleDecoder();
        for (var at = 0; at < bytes.Length; at += ChunkSize)
            decoder.Feed(bytes.AsSpan(at, Math.Min(ChunkSize, bytes.Length - at)));
        decoder.Finish();
    }

    private static void Measure(string what, byte[] bytes, Action action)
    {
        var (best, allocated) = (double.MaxValue, 0L);
        for (var i = 0; i < Rounds; i++)
        {
            var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CpuUsage.TotalTime);
            action();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalMilliseconds);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Console.WriteLine($"{what,-34} {best,8:F0} {bytes.Length / 1e3 / best,8:F0} {allocated,16} {100.0 * allocated / bytes.Length,6:F1} %");
    }

    private sealed class Operators(ByteBuffer? copy) : IModuleSink
    {
        public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body)
        {
            var locals = new FunctionBodyReader(body);
            while (locals.TryReadLocals(out _, out _))
            {
            }
            var reader = locals.Operators;
            var op = default(Operator);
            copy?.Clear();
            while (!reader.AtEnd)
            {
                reader.Read(ref op);
                copy?.Operator(op, op.Shape is Shape.BrTable or Shape.Select or Shape.TryTable ? body[op.Entries].Span : default);
            }
        }
    }
}
