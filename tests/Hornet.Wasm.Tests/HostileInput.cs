namespace Hornet.Wasm.Tests;

/// <summary>Modules to be damaged, and every way of reading what comes of it.</summary>
static class HostileInput
{
    /// <summary>Some modules with something in every section, to be damaged.</summary>
    public static List<byte[]> Corpus()
    {
        List<byte[]> corpus = [];
        foreach (Op op in new[] { Op.BrTable, Op.TryTable, Op.SelectTyped, Op.CallIndirect, Op.BrOnCast, Op.StructGetS, Op.ArrayNewFixed, Op.I8x16Shuffle, Op.MemoryInit, Op.V128Store64Lane, Op.I32AtomicRmwCmpxchg, Op.F64Const })
            corpus.Add(EveryRowModule.Build(EveryRowRecipes.For(op)));
        corpus.Add(WithCustomSections());
        if (SuiteBinaries.Root is not null)
            corpus.AddRange(SuiteBinaries.Read("spec", SearchOption.TopDirectoryOnly).Where(b => b.Assertion == "module").Select(b => b.Bytes).Where(b => b.Length > 30).DistinctBy(Convert.ToHexString).Take(60));
        return corpus;
    }

    static byte[] WithCustomSections()
    {
        byte[] module = EveryRowModule.Build(EveryRowRecipes.For(Op.CallRef));
        NameSectionWriter names = new();
        names.Module("m");
        names.Add(NameKind.Function, 0, "f");
        names.Add(NameKind.Local, 1, 0, "x");
        ModuleWriter writer = new();
        writer.Copy(module.AsSpan(8));
        writer.Custom("name", names.ToArray());
        writer.Custom("producers", [1, 1, (byte)'a', 1, 1, (byte)'b', 1, (byte)'c']);
        writer.Custom("target_features", [1, (byte)'+', 1, (byte)'x']);
        writer.Custom("metadata.code.branch_hint", [1, 1, 1, 5, 1, 1]);
        writer.Custom("dylink.0", [1, 4, 8, 2, 0, 0, 2, 3, 1, 1, (byte)'l']);
        writer.Custom("linking", [2, 8, 7, 1, 0, 0, 1, 2, (byte)'a', (byte)'b']);
        writer.Custom("reloc.CODE", [10, 2, 3, 4, 5, 6, 0, 8, 1]);
        return writer.ToArray();
    }

    /// <summary>Reads every custom section by its name, and the code as far as it goes.</summary>
    public sealed class ReadAll : IModuleSink
    {
        public bool WantsCustom(string name) => true;

        public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) => FunctionBodyReader.CheckWellFormed(body, environment.DataCount is not null);

        public void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content)
        {
            NameSection names = NameSection.Read(content.Span.ToArray());
            foreach (NameKind kind in Enum.GetValues<NameKind>().Where(k => k != NameKind.Module)) Assert.Equal(names.Count(kind), names.All(kind).Count());
            Wasm.CustomSection.TryRead(content, out ProducersSection? _, out _);
            Wasm.CustomSection.TryRead(content, out TargetFeaturesSection? _, out _);
            Wasm.CustomSection.TryRead(content, out BranchHintSection? _, out _);
            Wasm.CustomSection.TryRead(content, out DylinkSection? _, out _);
            Wasm.CustomSection.TryRead(content, out LinkingSection? _, out _);
            Wasm.CustomSection.TryRead(content, out RelocSection? _, out _);
        }
    }

    /// <summary>Reads in every way there is; what is accepted must survive being written again. Returns whether it decodes and whether it is valid.</summary>
    public static (bool Decodes, bool IsValid) Try(byte[] bytes, Random random)
    {
        string? decoding = Failure(() => ModuleDecoder.Decode(bytes, Features.All, new ReadAll()));
        string? inPieces = Failure(() =>
        {
            ModuleDecoder decoder = new(Features.All, new ReadAll());
            for (int at = 0, n; at < bytes.Length; at += n)
            {
                n = Math.Min(random.Next(1, 20), bytes.Length - at);
                decoder.Feed(bytes.AsSpan(at, n));
            }
            decoder.Finish();
        });
        Assert.Equal(decoding is null, inPieces is null);
        string? validating = Failure(() => ModuleValidator.Validate(bytes, Features.All, new() { MaxDegreeOfParallelism = 1 }));
        if (decoding is not null) Assert.NotNull(validating);
        else
        {
            ModuleEnvironment env = ModuleDecoder.Decode(bytes, Features.All);
            byte[] again = ModuleWriter.Encode(env, bytes);
            Assert.Equal(validating is null, Failure(() => ModuleValidator.Validate(again, Features.All, new() { MaxDegreeOfParallelism = 1 })) is null);
        }
        return (decoding is null, validating is null);
    }

    public static string? Failure(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (WasmFormatException e)
        {
            Assert.NotEmpty(e.Reason);
            return e.Message;
        }
    }
}
