using System.Diagnostics;
using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>A module of 75 MB, as compilers make them: LLVM itself, from npm. Skipped by name where the registry cannot be reached.</summary>
public sealed class LargeModuleTests
{
    static readonly Lazy<(byte[] Bytes, string Missing)> Llvm = new(Fetch);

    static (byte[], string) Fetch()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Hornet.slnx"))) root = root.Parent;
        if (root is null) return ([], "the project's root is not above the tests");
        ProcessStartInfo start = new(Path.Combine(root.FullName, "eng", "guest.sh"), ["npm", "@yowasp/clang@22.0.0-git20542-10", "gen/llvm.core.wasm"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        // 3: the script's word for "not here"
        if (process.ExitCode == 3) return ([], errors.Result.Trim());
        if (process.ExitCode != 0) throw new InvalidOperationException(errors.Result);
        return (File.ReadAllBytes(path), "");
    }

    static byte[] Module()
    {
        Assert.SkipWhen(Llvm.Value.Bytes.Length == 0, Llvm.Value.Missing);
        return Llvm.Value.Bytes;
    }

    [Fact]
    public void DecodingAllocatesLessThanATenth()
    {
        byte[] module = Module();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        long whole = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(whole < module.Length / 10, $"{whole} bytes");
        before = GC.GetAllocatedBytesForCurrentThread();
        ModuleDecoder decoder = new();
        for (int at = 0; at < module.Length; at += 65536) decoder.Feed(module.AsSpan(at, Math.Min(65536, module.Length - at)));
        ModuleEnvironment again = decoder.Finish();
        long inPieces = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(inPieces < module.Length / 10, $"{inPieces} bytes");
        Assert.Equal(env.Bodies, again.Bodies);
    }

    [Fact]
    public void EveryOperatorReadsBackAsWritten()
    {
        byte[] module = Module();
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        ByteBuffer buffer = new(1 << 16);
        Operator first = default, second = default;
        long count = 0;
        foreach (FunctionBody body in env.Bodies)
        {
            ReadOnlySpan<byte> bytes = module.AsSpan(body.Bytes.Offset, body.Bytes.Length);
            OperatorReader code = Code(bytes, body.Bytes.Offset);
            buffer.Clear();
            for (OperatorReader reader = code; !reader.AtEnd; count++)
            {
                reader.Read(ref first);
                buffer.Operator(first, Entries(first, module, 0));
            }
            OperatorReader again = new(buffer.Written, 0);
            for (OperatorReader reader = code; !reader.AtEnd;)
            {
                reader.Read(ref first);
                again.Read(ref second);
                bool same = first.Op == second.Op && (first.Shape == Shape.None
                    || Opcodes.AccessSizeLog2(first.Shape) >= 0 && first.A == second.A && first.B == second.B && first.Imm == second.Imm && first.Lane == second.Lane
                    || first.Shape == Shape.Block && first.BlockType == second.BlockType
                    || first.Shape <= Shape.Tag && first.A == second.A
                    || first.Shape is >= Shape.TypeTable and <= Shape.ArrayElem && first.A == second.A && first.B == second.B
                    || first.Shape == Shape.BrTable && first.Count == second.Count && Entries(first, module, 0).SequenceEqual(Entries(second, buffer.Written, 0))
                    || first.Imm == second.Imm);
                if (!same) Assert.Fail($"{first.Op} at {first.Offset:x} reads back as {second.Op}");
            }
            Assert.True(again.AtEnd);
        }
        Assert.True(count > 10_000_000, $"{count} operators");
    }

    static OperatorReader Code(ReadOnlySpan<byte> body, int offset)
    {
        FunctionBodyReader locals = new(new ModuleBytes(body, offset));
        while (locals.TryReadLocals(out _, out _)) { }
        return locals.Operators;
    }

    static ReadOnlySpan<byte> Entries(in Operator op, ReadOnlySpan<byte> bytes, int origin) =>
        op.Shape is Shape.BrTable or Shape.TryTable or Shape.Select ? bytes.Slice(op.Entries.Offset - origin, op.Entries.Length) : default;

    [Fact]
    public void ReencodedItMeansTheSame()
    {
        byte[] module = Module();
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        byte[] again = ModuleWriter.Encode(env, module);
        ModuleEnvironment env2 = ModuleDecoder.Decode(again);
        Assert.Equal(env.Functions, env2.Functions);
        Assert.Equal(env.Imports, env2.Imports);
        Assert.Equal(env.Exports, env2.Exports);
        Assert.Equal(env.Globals, env2.Globals);
        Assert.Equal(env.Bodies.Count, env2.Bodies.Count);
        for (int i = 0; i < env.Bodies.Count; i++) Assert.True(Slice(module, env.Bodies[i].Bytes).SequenceEqual(Slice(again, env2.Bodies[i].Bytes)));
        for (int i = 0; i < env.Datas.Count; i++) Assert.True(Slice(module, env.Datas[i].Bytes).SequenceEqual(Slice(again, env2.Datas[i].Bytes)));
        for (int i = 0; i < env.Elems.Count; i++) Assert.True(Slice(module, env.Elems[i].Items).SequenceEqual(Slice(again, env2.Elems[i].Items)));
        ModuleValidator.Validate(again);
    }

    static ReadOnlySpan<byte> Slice(byte[] bytes, ByteRange range) => bytes.AsSpan(range.Offset, range.Length);
}
