using System.Diagnostics;
using System.Text;
using Hornet.Base;

namespace Hornet.Wasm.Tests;

public sealed class CustomSectionTests
{
    sealed class Collector : IModuleSink
    {
        public List<(string Name, byte[] Content)> Sections { get; } = [];
        public bool WantsCustom(string name) => true;
        public void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content) => Sections.Add((name, content.Span.ToArray()));
    }

    static T Read<T>(byte[] content) where T : class, ICustomSection<T>
    {
        Assert.True(CustomSection.TryRead(new ModuleBytes(content, 0), out T? section, out string? error), error);
        return section;
    }

    [Fact]
    public void NamesReadBackAsWritten()
    {
        NameSectionWriter writer = new();
        writer.Module("m");
        writer.Add(NameKind.Function, 7, "seven");
        writer.Add(NameKind.Function, 2, "zwei");
        writer.Add(NameKind.Local, 2, 1, "b");
        writer.Add(NameKind.Local, 2, 0, "a");
        writer.Add(NameKind.Local, 7, 3, "ä");
        writer.Add(NameKind.Label, 7, 0, "loop");
        writer.Add(NameKind.Field, 0, 1, "next");
        foreach (NameKind kind in new[] { NameKind.Type, NameKind.Table, NameKind.Memory, NameKind.Global, NameKind.Elem, NameKind.Data, NameKind.Tag }) writer.Add(kind, 1, $"{kind}1");
        byte[] content = writer.ToArray();
        NameSection names = NameSection.Read(content);
        Assert.Null(names.Error);
        Assert.Equal("m", names.Module);
        Assert.Equal("seven", names.Function(7));
        Assert.Equal("zwei", names.Function(2));
        Assert.Null(names.Function(3));
        Assert.Equal("ä", names.Find(NameKind.Local, 7, 3));
        Assert.Null(names.Find(NameKind.Local, 7, 0));
        Assert.Equal("loop", names.Find(NameKind.Label, 7, 0));
        Assert.Equal("next", names.Find(NameKind.Field, 0, 1));
        Assert.Equal("Tag1", names.Find(NameKind.Tag, 1));
        Assert.Equal([(2, 0, "a"), (2, 1, "b"), (7, 3, "ä")], names.All(NameKind.Local));
        // Cut anywhere, it keeps what came before and says what is wrong.
        for (int length = 0; length < content.Length; length++)
        {
            NameSection cut = NameSection.Read(content.AsMemory(0, length));
            Assert.True(cut.Function(2) is null or "zwei");
            if (length > 30) Assert.Equal("seven", cut.Function(7));
        }
    }

    [Fact]
    public void NamesOutOfOrderAreFound()
    {
        byte[] content = [1, 10, 3, 5, 1, (byte)'a', 2, 1, (byte)'b', 5, 1, (byte)'c'];
        NameSection names = NameSection.Read(content);
        Assert.Null(names.Error);
        Assert.Equal("a", names.Function(5));
        Assert.Equal("b", names.Function(2));
        Assert.Equal(2, names.Count(NameKind.Function));
    }

    [Fact]
    public void BranchHintsAreRead()
    {
        Assert.Equal([new BranchHint(1, 5, true), new BranchHint(1, 9, false), new BranchHint(4, 2, true)],
            Read<BranchHintSection>([2, 1, 2, 5, 1, 1, 9, 1, 0, 4, 1, 2, 1, 1]).Hints);
        Assert.False(CustomSection.TryRead(new ModuleBytes([1, 1, 1, 5, 1, 2], 0), out BranchHintSection? _, out string? error));
        Assert.Contains("malformed branch hint", error);
    }

    [Fact]
    public void MalformedCustomSectionsDoNotMakeAModuleInvalid()
    {
        ByteBuffer module = new();
        module.Append("\0asm\u0001\0\0\0"u8);
        foreach (string name in new[] { "name", "producers", "target_features", "metadata.code.branch_hint", "dylink.0", "linking", "reloc.CODE" })
        {
            ByteBuffer section = new();
            section.Name(name);
            section.Append([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2, 3]);
            module.Byte(0);
            module.Vector(section.Written);
        }
        Collector sink = new();
        ModuleDecoder.Decode(module.Written, Features.Default, sink);
        Assert.Equal(7, sink.Sections.Count);
        byte[] content = sink.Sections[0].Content;
        Assert.NotNull(NameSection.Read(content).Error);
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out ProducersSection? _, out _));
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out TargetFeaturesSection? _, out _));
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out BranchHintSection? _, out _));
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out DylinkSection? _, out _));
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out LinkingSection? _, out _));
        Assert.False(CustomSection.TryRead(new ModuleBytes(content, 0), out RelocSection? _, out _));
    }

    const string Source = """
        extern int imported(int);
        static int table[4] = {1, 2, 3, 4};
        int *pointer = &table[2];
        __attribute__((constructor)) static void begin(void) { table[0] = imported(7); }
        int call(int (*f)(int), int x) { return f(x) + *pointer; }
        int twice(int x) { return call(imported, x); }
        """;

    /// <summary>Compiles the source with clang, skipping the test where there is none for wasm.</summary>
    static byte[] Compile(params string[] options)
    {
        string folder = Directory.CreateTempSubdirectory("hornet").FullName;
        try
        {
            string source = Path.Combine(folder, "a.c"), output = Path.Combine(folder, "a.out");
            File.WriteAllText(source, Source);
            ProcessStartInfo start = new("clang", ["--target=wasm32", .. options, "-o", output, source]) { RedirectStandardError = true };
            try
            {
                using Process clang = Process.Start(start)!;
                string errors = clang.StandardError.ReadToEnd();
                clang.WaitForExit();
                Assert.SkipUnless(clang.ExitCode == 0, $"clang has no wasm target: {errors}");
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("no clang");
            }
            return File.ReadAllBytes(output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void ObjectFilesOfClangAreUnderstood()
    {
        Collector sink = new();
        ModuleDecoder.Decode(Compile("-c", "-O1", "-mbulk-memory"), Features.Default, sink);
        Dictionary<string, byte[]> sections = sink.Sections.ToDictionary(s => s.Name, s => s.Content);
        LinkingSection linking = Read<LinkingSection>(sections["linking"]);
        Assert.Contains(linking.Symbols, s => s is { Kind: SymbolKind.Function, Name: "twice", IsUndefined: false });
        Assert.Contains(linking.Symbols, s => s is { Kind: SymbolKind.Function, Name: null, IsUndefined: true });
        Assert.Contains(linking.Symbols, s => s is { Kind: SymbolKind.Data, Name: "pointer", Size: 4 });
        Assert.Single(linking.InitFunctions);
        Assert.Contains(linking.Segments, s => s.Name == ".data.pointer" && s.AlignmentLog2 == 2);
        Assert.Contains(Read<RelocSection>(sections["reloc.DATA"]).Relocs, r => r is { Type: 5, Addend: 8 });
        Assert.NotEmpty(Read<RelocSection>(sections["reloc.CODE"]).Relocs);
        Assert.Contains(Read<ProducersSection>(sections["producers"]).Producers, p => p.Field == "processed-by" && p.Name.Contains("clang"));
        Assert.Contains(new TargetFeature('+', "bulk-memory"), Read<TargetFeaturesSection>(sections["target_features"]).Features);
    }

    [Fact]
    public void SharedLibrariesOfClangAreUnderstood()
    {
        Collector sink = new();
        ModuleDecoder.Decode(Compile("--target=wasm32-unknown-emscripten", "-fPIC", "-nostdlib", "-Wl,--experimental-pic", "-Wl,--export-all", "-Wl,--allow-undefined", "-Wl,-shared", "-Wl,--no-entry"), Features.Default, sink);
        Assert.Equal("dylink.0", sink.Sections[0].Name);
        DylinkSection dylink = Read<DylinkSection>(sink.Sections[0].Content);
        Assert.Equal(20u, dylink.MemorySize);
        NameSection names = NameSection.Read(sink.Sections.Single(s => s.Name == "name").Content);
        Assert.Null(names.Error);
        Assert.Contains(names.All(NameKind.Function), n => n.Name == "twice");
    }
}
