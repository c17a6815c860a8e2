using Hornet.Base;

namespace Hornet.Wasm.Tests;

public sealed class ModuleWriterTests
{
    static IEnumerable<SuiteBinary> Accepted() => SuiteBinaries.Read("spec", SearchOption.AllDirectories).Where(b => b.Assertion != "assert_malformed" && IsWellFormed(b.Bytes));

    static bool IsWellFormed(byte[] bytes)
    {
        try
        {
            ModuleDecoder.Decode(bytes, Features.All);
            return true;
        }
        catch (WasmFormatException)
        {
            return false;
        }
    }

    [Fact]
    public void CopiedSectionsAreTheSameBytes()
    {
        foreach (SuiteBinary b in Accepted())
        {
            ModuleReader reader = new();
            ModuleWriter writer = new();
            int start = 8;
            for (int pos = 0; ;)
            {
                ModuleEvent e = reader.Read(b.Bytes.AsSpan(pos), isLast: true, out int consumed);
                pos += consumed;
                if (e.Kind == ModuleEventKind.SectionStart) reader.TakeRaw();
                if (e.Kind == ModuleEventKind.SectionEnd)
                {
                    writer.Copy(b.Bytes.AsSpan(start, pos - start));
                    start = pos;
                }
                if (e.Kind == ModuleEventKind.End) break;
            }
            Assert.Equal(b.Bytes, writer.ToArray());
        }
    }

    [Fact]
    public void ReencodedModulesMeanTheSame()
    {
        int count = 0;
        foreach (SuiteBinary b in Accepted())
        {
            ModuleEnvironment env = ModuleDecoder.Decode(b.Bytes, Features.All);
            byte[] again = ModuleWriter.Encode(env, b.Bytes);
            ModuleEnvironment env2 = ModuleDecoder.Decode(again, Features.All);
            Assert.Equal(Describe(env, b.Bytes), Describe(env2, again));
            // What the writer wrote, it writes again.
            Assert.Equal(again, ModuleWriter.Encode(env2, again));
            count++;
        }
        Assert.True(count > 100);
    }

    /// <summary>All that an environment says, with bytes in place of their offsets; code operator by operator, because its numbers may be written in many ways.</summary>
    static string Describe(ModuleEnvironment env, byte[] bytes)
    {
        List<string> lines =
        [
            .. env.Types.Zip(env.RecGroupStart, (t, g) => $"type {t} {t.Kind} {t.IsFinal} {t.Supertype} {g} {(t is StructType s ? string.Join(' ', s.Fields.ToArray()) : t is ArrayType a ? a.Element : "")}"),
            .. env.Imports.Select(i => $"{i}"), .. env.Functions.Select(f => $"func {f}"), .. env.Tables.Select(t => $"{t}"), .. env.Memories.Select(m => $"{m}"),
            .. env.Globals.Select(g => $"{g}"), .. env.Tags.Select(t => $"tag {t}"), .. env.Exports.Select(e => $"{e}"), $"start {env.Start} datacount {env.DataCount}",
            .. env.TableInits.Concat(env.GlobalInits).Select(c => Hex(c.Code)),
            .. env.Elems.Select(e => $"{e.Mode} {e.Table} {Hex(e.Offset.Code)} {e.Type} {e.ItemsAreExpressions} {e.Count} {Hex(e.Items)}"),
            .. env.Datas.Select(d => $"{d.Mode} {d.Memory} {Hex(d.Offset.Code)} {Hex(d.Bytes)}"),
            .. env.Bodies.Select(b => Hex(b.Bytes)),
        ];
        return string.Join('\n', lines);
        string Hex(ByteRange range) => Convert.ToHexString(bytes.AsSpan(range.Offset, range.Length));
    }

    [Fact]
    public void OperatorsReadBackAsWritten()
    {
        ByteBuffer buffer = new();
        buffer.BrTable([1, 2, 300], 4);
        buffer.TryTable(BlockType.Of(ValType.I64), [new(CatchKind.Catch, 5, 6), new(CatchKind.CatchAllRef, 0, 7)]);
        buffer.SelectTyped([ValType.Ref(HeapType.Concrete(200), false)]);
        ReadOnlySpan<byte> written = buffer.ToArray();
        OperatorReader reader = new(written, 0);
        ByteBuffer again = new();
        Operator op = default;
        while (!reader.AtEnd)
        {
            reader.Read(ref op);
            again.Operator(op, written.Slice(op.Entries.Offset, op.Entries.Length));
        }
        Assert.Equal(written.ToArray(), again.ToArray());
    }
}
