using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>Modules cut short, and modules made to cost memory or time.</summary>
public sealed class HostileInputTests
{
    [Fact]
    public void TruncatedModulesAreRejected()
    {
        Random random = new(8);
        foreach (byte[] module in HostileInput.Corpus())
        {
            HashSet<int> ends = [.. SectionEnds(module)];
            for (int length = 0; length < module.Length; length++)
            {
                (bool decodes, _) = HostileInput.Try(module[..length], random);
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
            void Read() => HostileInput.Failure(() =>
            {
                ModuleDecoder decoder = new(Features.All, new HostileInput.ReadAll());
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
