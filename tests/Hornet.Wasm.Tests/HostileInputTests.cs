using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>Whatever the bytes are: a module, or a <see cref="WasmFormatException"/>; and memory in proportion to them.</summary>
public sealed class HostileInputTests
{
    /// <summary>Some modules with something in every section, to be damaged.</summary>
    static List<byte[]> Corpus()
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
    sealed class ReadAll : IModuleSink
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
    static (bool Decodes, bool IsValid) Try(byte[] bytes, Random random)
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

    static string? Failure(Action read)
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

    [Fact]
    public void RandomBytesAreRejected()
    {
        Random random = new(7);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (round % 3 != 0 && bytes.Length > 8) "\0asm\u0001\0\0\0"u8.CopyTo(bytes);
            if (round % 3 == 2 && bytes.Length > 10)
            {
                bytes[8] = (byte)random.Next(14);
                bytes[9] = (byte)(bytes.Length - 10 & 0x7F);
            }
            Try(bytes, random);
        }
    }

    [Fact]
    public void TruncatedModulesAreRejected()
    {
        Random random = new(8);
        foreach (byte[] module in Corpus())
        {
            HashSet<int> ends = [.. SectionEnds(module)];
            for (int length = 0; length < module.Length; length++)
            {
                (bool decodes, _) = Try(module[..length], random);
                Assert.True(!decodes || ends.Contains(length), $"{length} of {module.Length} bytes are no module");
            }
        }
    }

    static IEnumerable<int> SectionEnds(byte[] module)
    {
        List<int> ends = [8];
        ModuleReader reader = new();
        for (int pos = 0; ;)
        {
            ModuleEvent e = reader.Read(module.AsSpan(pos), true, out int consumed);
            pos += consumed;
            if (e.Kind == ModuleEventKind.SectionStart) reader.TakeRaw();
            if (e.Kind == ModuleEventKind.SectionEnd) ends.Add(pos);
            if (e.Kind == ModuleEventKind.End) return ends;
        }
    }

    [Fact]
    public void ModulesWithBytesChangedAreModulesOrRejected()
    {
        Random random = new(9);
        int valid = 0, rejected = 0;
        foreach (byte[] module in Corpus())
        {
            for (int round = 0; round < 250; round++)
            {
                byte[] damaged = [.. module];
                for (int changes = round % 4 == 0 ? 3 : 1; changes > 0; changes--)
                {
                    int at = random.Next(8, damaged.Length);
                    damaged[at] = random.Next(4) switch { 0 => (byte)random.Next(256), 1 => (byte)(damaged[at] ^ 1 << random.Next(8)), 2 => 0xFF, _ => (byte)(damaged[at] + 1) };
                }
                if (round % 10 == 9) damaged = [.. damaged.Take(random.Next(8, damaged.Length)), (byte)random.Next(256), .. damaged.Skip(random.Next(8, damaged.Length))];
                if (Try(damaged, random).IsValid) valid++;
                else rejected++;
            }
        }
        // Neither is rare, or the damage tests nothing.
        Assert.True(valid > 100 && rejected > 1000, $"{valid} valid, {rejected} rejected");
    }

    /// <summary>Sections of many items as small as can be: what costs most memory for its bytes.</summary>
    public static TheoryData<string> Bombs() => ["types", "groups", "claims", "imports", "functions", "tables", "globals", "exports", "elems", "datas", "bodies", "params", "names", "section size", "locals"];

    static byte[] Bomb(string kind)
    {
        const int Count = 40_000;
        ByteBuffer content = new();
        ModuleWriter writer = new();
        void Repeat(SectionId id, params ReadOnlySpan<byte> item)
        {
            content.Clear();
            content.U32(Count);
            for (int i = 0; i < Count; i++) content.Append(item);
            writer.Section(id, content.Written);
        }
        switch (kind)
        {
            case "types": Repeat(SectionId.Type, 0x60, 0, 0); break;
            case "groups": Repeat(SectionId.Type, 0x4E, 1, 0x5F, 0); break;
            // Each claims more than there is.
            case "claims": writer.Section(SectionId.Type, [0x80, 0x80, 0x80, 0x80, 0x08, 0x60]); break;
            case "imports": Repeat(SectionId.Import, 0, 0, 3, 0x7F, 0); break;
            case "functions": Repeat(SectionId.Function, 0); break;
            case "tables": Repeat(SectionId.Table, 0x70, 0, 0); break;
            case "globals": Repeat(SectionId.Global, 0x7F, 0, 0x41, 0, 0x0B); break;
            case "exports": Repeat(SectionId.Export, 0, 0, 0); break;
            case "elems": Repeat(SectionId.Elem, 1, 0, 0); break;
            case "datas": Repeat(SectionId.Data, 1, 0); break;
            case "bodies": Repeat(SectionId.Function, 0); Repeat(SectionId.Code, 2, 0, 0x0B); break;
            case "params":
                content.U32(40);
                for (int i = 0; i < 40; i++)
                {
                    content.Byte(0x60);
                    content.U32(1000);
                    for (int k = 0; k < 1000; k++) content.Byte(0x7F);
                    content.Byte(0);
                }
                writer.Section(SectionId.Type, content.Written);
                break;
            case "names":
                content.Byte(1);
                ByteBuffer map = new();
                map.U32(Count);
                for (int i = 0; i < Count; i++)
                {
                    map.U32((uint)(Count - i));
                    map.Byte(0);
                }
                content.Vector(map.Written);
                writer.Custom("name", content.Written);
                break;
            case "section size": writer.Copy([0, 0x80, 0x80, 0x80, 0x80, 0x03, 1]); break;
            default:
                writer.Section(SectionId.Type, [1, 0x60, 0, 0]);
                writer.Section(SectionId.Function, [1, 0]);
                writer.Section(SectionId.Code, [1, 9, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0, 0x0B]);
                break;
        }
        return writer.ToArray();
    }

    [Theory, MemberData(nameof(Bombs))]
    public void MemoryIsInProportionToTheInput(string kind)
    {
        byte[] module = Bomb(kind);
        foreach (bool inPieces in new[] { false, true })
        {
            void Read() => Failure(() =>
            {
                ModuleDecoder decoder = new(Features.All, new ReadAll());
                int step = inPieces ? 100 : module.Length;
                for (int at = 0; at < module.Length; at += step) decoder.Feed(module.AsSpan(at, Math.Min(step, module.Length - at)));
                decoder.Finish();
            });
            // Once for what is loaded and compiled on first use.
            Read();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Read();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= 64L * module.Length + 65536, $"{allocated} bytes for {module.Length}");
        }
    }

    [Fact]
    public void AModuleByteByByteIsReadInLinearTime()
    {
        byte[] module = Bomb("globals");
        // Asked for more only when an item is whole: the number of attempts is bounded by the items, not by their bytes.
        ModuleReader reader = new();
        int attempts = 0;
        for (int pos = 0, end = 1; ;)
        {
            ModuleEvent e = reader.Read(module.AsSpan(pos, end - pos), end == module.Length, out int consumed);
            attempts++;
            pos += consumed;
            if (e.Kind == ModuleEventKind.NeedMore) end = Math.Min(end + e.Count, module.Length);
            if (e.Kind == ModuleEventKind.End) break;
        }
        Assert.InRange(attempts, 4, 20);
    }
}
