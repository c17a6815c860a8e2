using System.Text;

namespace Hornet.Wasm.Tests;

public sealed class ModuleReaderTests
{
    static readonly byte[] Sample =
    [
        0, 0x61, 0x73, 0x6D, 1, 0, 0, 0,
        1, 4, 1, 0x60, 0, 0,
        3, 3, 2, 0, 0,
        0, 6, 2, (byte)'h', (byte)'i', 7, 8, 9,
        10, 7, 2, 2, 0, 0x0B, 2, 0, 0x0B,
        11, 10, 2, 1, 3, 4, 5, 6, 1, 2, 7, 8,
    ];

    static string Describe(ModuleEvent e) => e.Kind switch
    {
        ModuleEventKind.NeedMore => $"need {e.Count}",
        ModuleEventKind.Version => $"version {e.Count}",
        ModuleEventKind.SectionStart => $"{e.Section} at {e.Range.Offset} of {e.Range.Length} {Encoding.UTF8.GetString(e.Name)}".TrimEnd(),
        ModuleEventKind.ItemCount => $"{e.Count} items",
        ModuleEventKind.FunctionBody => $"body {e.Index} at {e.Content.Offset} of {e.Content.Length}",
        ModuleEventKind.DataSegment => $"segment {e.Index}",
        ModuleEventKind.Bytes => $"bytes {string.Join(' ', e.Content.Span.ToArray())}",
        ModuleEventKind.Section => $"whole {e.Content.Length}",
        _ => $"{e.Kind}",
    };

    static List<string> Events(byte[] module, Func<SectionId, bool>? raw = null)
    {
        List<string> events = [];
        ModuleReader reader = new();
        for (int pos = 0; events.LastOrDefault() != "End";)
        {
            ModuleEvent e = reader.Read(module.AsSpan(pos), isLast: true, out int consumed);
            pos += consumed;
            Assert.Equal(pos, reader.Offset);
            events.Add(Describe(e));
            if (e.Kind == ModuleEventKind.SectionStart && raw?.Invoke(e.Section) == true) reader.TakeRaw();
        }
        return events;
    }

    [Fact]
    public void HandsOutEventsInTheOrderOfTheModule() => Assert.Equal(
        ["version 1", "Type at 10 of 4", "whole 4", "Function at 16 of 3", "whole 3", "Custom at 24 of 3 hi", "whole 3",
            "Code at 29 of 7", "2 items", "body 0 at 31 of 2", "body 1 at 34 of 2", "SectionEnd",
            "Data at 38 of 10", "2 items", "segment 0", "bytes 4 5 6", "segment 1", "bytes 7 8", "SectionEnd", "End"],
        Events(Sample));

    [Fact]
    public void HandsOutSectionsRaw() => Assert.Equal(
        ["version 1", "Type at 10 of 4", "whole 4", "Function at 16 of 3", "whole 3", "Custom at 24 of 3 hi", "bytes 7 8 9", "SectionEnd",
            "Code at 29 of 7", "bytes 2 2 0 11 2 0 11", "SectionEnd", "Data at 38 of 10", "bytes 2 1 3 4 5 6 1 2 7 8", "SectionEnd", "End"],
        Events(Sample, id => id is SectionId.Custom or SectionId.Code or SectionId.Data));

    [Fact]
    public void SaysHowMuchMoreItNeeds()
    {
        ModuleReader reader = new();
        Assert.Equal("need 8", Describe(reader.Read([], false, out _)));
        Assert.Equal("need 5", Describe(reader.Read(Sample.AsSpan(0, 3), false, out int none)));
        Assert.Equal(0, none);
        reader.Read(Sample.AsSpan(0, 8), false, out _);
        Assert.Equal("need 1", Describe(reader.Read([], false, out _)));
        Assert.Equal("Type at 10 of 4", Describe(reader.Read(Sample.AsSpan(8, 3), false, out int header)));
        Assert.Equal(2, header);
        Assert.Equal("need 3", Describe(reader.Read(Sample.AsSpan(10, 1), false, out _)));
    }

    [Fact]
    public void ReadingItemsAllocatesNothing()
    {
        byte[][] modules = [.. new[] { Op.CallRef, Op.ArrayNewElem, Op.TryTable, Op.I8x16Shuffle }.Select(op => EveryRowModule.Build(EveryRowRecipes.For(op))), Sample];
        ModuleReader[] readers = [.. modules.Concat(modules).Select(_ => new ModuleReader())];
        int read = 0;
        for (int i = 0; i < modules.Length; i++) read += ReadItems(readers[i], modules[i]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < modules.Length; i++) read += ReadItems(readers[modules.Length + i], modules[i]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(read > 100);
    }

    /// <summary>Every item of every section through its typed reader; returns how many there are.</summary>
    static int ReadItems(ModuleReader reader, byte[] module)
    {
        int items = 0;
        for (int pos = 0; ;)
        {
            ModuleEvent e = reader.Read(module.AsSpan(pos), true, out int consumed);
            pos += consumed;
            if (e.Kind == ModuleEventKind.End) return items;
            if (e.Kind == ModuleEventKind.Section) items += ReadSection(e);
            if (e.Kind == ModuleEventKind.DataSegment) items += DataSegmentReader.Read(e.Content).Memory + 1;
            if (e.Kind != ModuleEventKind.FunctionBody) continue;
            FunctionBodyReader body = new(e.Content);
            while (body.TryReadLocals(out int count, out _)) items += count;
            OperatorReader operators = body.Operators;
            Operator op = default;
            for (; !operators.AtEnd; items++) operators.Read(ref op);
        }
    }

    static int ReadSection(ModuleEvent e)
    {
        int items = 0;
        switch (e.Section)
        {
            case SectionId.Type:
                TypeSectionReader types = new(e.Content);
                for (; types.TryRead(out SubTypeItem type); items++)
                {
                    if (type.Kind == CompositeKind.Func) foreach (ValType parameter in type.Parameters) items += parameter.IsRef ? 1 : 0;
                    else foreach (FieldType field in type.Fields) items += field.IsMutable ? 1 : 0;
                }
                break;
            case SectionId.Import:
                for (ImportSectionReader imports = new(e.Content); imports.TryRead(out _); items++) { }
                break;
            case SectionId.Function:
                for (FunctionSectionReader functions = new(e.Content); functions.TryRead(out _); items++) { }
                break;
            case SectionId.Table:
                for (TableSectionReader tables = new(e.Content); tables.TryRead(out _, out _); items++) { }
                break;
            case SectionId.Memory:
                for (MemorySectionReader memories = new(e.Content); memories.TryRead(out _); items++) { }
                break;
            case SectionId.Tag:
                for (TagSectionReader tags = new(e.Content); tags.TryRead(out _); items++) { }
                break;
            case SectionId.Global:
                for (GlobalSectionReader globals = new(e.Content); globals.TryRead(out _, out _); items++) { }
                break;
            case SectionId.Export:
                for (ExportSectionReader exports = new(e.Content); exports.TryRead(out _, out _, out _); items++) { }
                break;
            case SectionId.Elem:
                for (ElemSectionReader elems = new(e.Content); elems.TryRead(out _); items++) { }
                break;
        }
        return items;
    }
}
