using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>Each implementation limit: the largest number that is allowed, and one more.</summary>
public sealed class WasmLimitsTests
{
    static void IsLimited(int most, Func<int, byte[]> module)
    {
        Assert.Null(Error(module(most)));
        Assert.StartsWith("Limit: ", Error(module(most + 1)));
    }

    sealed class WellFormed : IModuleSink
    {
        public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) => FunctionBodyReader.CheckWellFormed(body, false);
    }

    static string? Error(byte[] module)
    {
        try
        {
            ModuleDecoder.Decode(module, Features.All, new WellFormed());
            return null;
        }
        catch (WasmFormatException e)
        {
            return $"{e.Kind}: {e.Reason}";
        }
    }

    static byte[] Repeat(SectionId id, int count, params byte[] item)
    {
        ByteBuffer content = new(count * item.Length + 8);
        content.U32((uint)count);
        for (int i = 0; i < count; i++) content.Append(item);
        ModuleWriter writer = new();
        writer.Section(id, content.Written);
        return writer.ToArray();
    }

    [Fact] public void Types() => IsLimited(WasmLimits.Types, n => Repeat(SectionId.Type, n, 0x60, 0, 0));
    [Fact] public void Imports() => IsLimited(WasmLimits.Imports, n => Repeat(SectionId.Import, n, 0, 0, 0, 0));
    [Fact] public void Globals() => IsLimited(WasmLimits.Globals, n => Repeat(SectionId.Global, n, 0x7F, 0, 0x41, 0, 0x0B));
    [Fact] public void Tags() => IsLimited(WasmLimits.Tags, n => Repeat(SectionId.Tag, n, 0, 0));
    [Fact] public void Exports() => IsLimited(WasmLimits.Exports, n => Repeat(SectionId.Export, n, 0, 0, 0));
    [Fact] public void ElemSegments() => IsLimited(WasmLimits.ElemSegments, n => Repeat(SectionId.Elem, n, 1, 0, 0));
    [Fact] public void DataSegments() => IsLimited(WasmLimits.DataSegments, n => Repeat(SectionId.Data, n, 1, 0));
    [Fact] public void Tables() => IsLimited(WasmLimits.Tables, n => Repeat(SectionId.Table, n, 0x70, 0, 0));
    [Fact] public void Memories() => IsLimited(WasmLimits.Memories, n => Repeat(SectionId.Memory, n, 0, 0));

    [Fact]
    public void Functions()
    {
        Assert.StartsWith("Limit: ", Error(Repeat(SectionId.Function, WasmLimits.Functions + 1, 0)));
        Assert.StartsWith("Malformed: function and code section", Error(Repeat(SectionId.Function, WasmLimits.Functions, 0)));
    }

    [Fact]
    public void ImportedAndDefinedTablesCountTogether()
    {
        ModuleWriter writer = new();
        writer.Section(SectionId.Import, [1, 0, 0, 1, 0x70, 0, 0]);
        writer.Copy(Repeat(SectionId.Table, WasmLimits.Tables, 0x70, 0, 0).AsSpan(8));
        Assert.StartsWith("Limit: ", Error(writer.ToArray()));
    }

    [Fact] public void Parameters() => IsLimited(WasmLimits.Params, n => FuncType(n, 0));
    [Fact] public void Results() => IsLimited(WasmLimits.Results, n => FuncType(0, n));

    static byte[] FuncType(int parameters, int results)
    {
        ByteBuffer content = new();
        content.Append([1, 0x60]);
        content.U32((uint)parameters);
        content.Append(Enumerable.Repeat((byte)0x7F, parameters).ToArray());
        content.U32((uint)results);
        content.Append(Enumerable.Repeat((byte)0x7F, results).ToArray());
        ModuleWriter writer = new();
        writer.Section(SectionId.Type, content.Written);
        return writer.ToArray();
    }

    [Fact]
    public void StructFields() => IsLimited(WasmLimits.StructFields, n =>
    {
        ByteBuffer content = new();
        content.Append([1, 0x5F]);
        content.U32((uint)n);
        for (int i = 0; i < n; i++) content.Append([0x7F, 0]);
        ModuleWriter writer = new();
        writer.Section(SectionId.Type, content.Written);
        return writer.ToArray();
    });

    [Fact]
    public void Names() => IsLimited(WasmLimits.StringBytes, n =>
    {
        ModuleWriter writer = new();
        writer.Custom(new string('x', n), []);
        return writer.ToArray();
    });

    [Fact]
    public void ExportNames() => IsLimited(WasmLimits.StringBytes, n =>
    {
        ByteBuffer content = new();
        content.Byte(1);
        content.Name(new string('x', n));
        content.Append([0, 0]);
        ModuleWriter writer = new();
        writer.Section(SectionId.Export, content.Written);
        return writer.ToArray();
    });

    [Fact]
    public void ElemSegmentItems() => IsLimited(WasmLimits.ElemSegmentItems, n =>
    {
        ByteBuffer content = new(n + 20);
        content.Append([1, 1, 0]);
        content.U32((uint)n);
        content.Append(new byte[n]);
        ModuleWriter writer = new();
        writer.Section(SectionId.Elem, content.Written);
        return writer.ToArray();
    });

    static byte[] OneFunction(ReadOnlySpan<byte> body)
    {
        ModuleWriter writer = new();
        writer.Section(SectionId.Type, [1, 0x60, 0, 0]);
        writer.Section(SectionId.Function, [1, 0]);
        ByteBuffer code = new(body.Length + 10);
        code.Byte(1);
        code.Vector(body);
        writer.Section(SectionId.Code, code.Written);
        return writer.ToArray();
    }

    [Fact]
    public void FunctionBytes() => IsLimited(WasmLimits.FunctionBytes, n =>
    {
        byte[] body = new byte[n];
        body.AsSpan(1).Fill(1);
        body[^1] = 0x0B;
        return OneFunction(body);
    });

    [Fact]
    public void Locals() => IsLimited(WasmLimits.Locals, n =>
    {
        ByteBuffer body = new();
        body.Append([2, 1, 0x7E]);
        body.U32((uint)n - 1);
        body.Append([0x7F, 0x0B]);
        return OneFunction(body.Written);
    });

    [Fact]
    public void CatchClauses() => IsLimited(WasmLimits.CatchClauses, n =>
    {
        ByteBuffer body = new();
        body.Byte(0);
        CatchClause[] clauses = new CatchClause[n];
        Array.Fill(clauses, new(CatchKind.CatchAll, 0, 0));
        body.TryTable(BlockType.Empty, clauses);
        body.Append([0x0B, 0x0B]);
        return OneFunction(body.Written);
    });
}
