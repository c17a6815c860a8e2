using System.Text;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Tests;

/// <summary>Every row of wasm.ops: printed and parsed, it is the same operator with the same immediates.</summary>
public class OperatorTests
{
    static readonly HeapType[] Heaps = [.. Enumerable.Range(-0x17, 12).Select(c => new HeapType(c)), HeapType.Concrete(0), HeapType.Concrete(300)];
    static readonly ValType[] Types = [ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128, ValType.FuncRef, ValType.NullExnRef, ValType.Ref(HeapType.Concrete(7), true), ValType.Ref(HeapType.I31, false)];

    [Fact]
    public void Every_operator_survives_printing_and_parsing()
    {
        Random random = new(11);
        List<string> wrong = [];
        foreach (Op op in Enum.GetValues<Op>())
            for (int i = 0; i < 25; i++)
            {
                byte[] module = Module(op, random);
                foreach (bool folded in (ReadOnlySpan<bool>)[false, true])
                {
                    byte[] text = WatPrinter.Print(module, new WatPrinterOptions { Folded = folded });
                    try
                    {
                        if (WatParser.Parse(text).AsSpan().SequenceEqual(module)) continue;
                    }
                    catch (TextException e)
                    {
                        wrong.Add(e.Message);
                    }
                    wrong.Add($"{op}: {Encoding.UTF8.GetString(text)}");
                }
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(10)));
    }

    static byte[] Module(Op op, Random random)
    {
        ByteBuffer body = new();
        body.Byte(0);
        Shape shape = Opcodes.ShapeOf(op);
        // What cannot stand alone stands in the block that it belongs to.
        switch (op)
        {
            case Op.Else: body.Append([(byte)Op.If, 0x40]); break;
            case Op.Catch or Op.CatchAll or Op.Delegate: body.Append([(byte)Op.Try, 0x40]); break;
            case Op.End: body.Append([(byte)Op.Loop, 0x40]); break;
        }
        if (shape == Shape.BrTable) body.BrTable([1, 0, 500], (uint)random.Next(3));
        else if (shape == Shape.TryTable) body.TryTable(Block(random), [new(CatchKind.Catch, 3, 1), new(CatchKind.CatchRef, 0, 0), new(CatchKind.CatchAll, 0, 2), new(CatchKind.CatchAllRef, 0, 70)]);
        else if (shape == Shape.Select) body.SelectTyped([Types[random.Next(Types.Length)]]);
        else body.Operator(Random(op, shape, random));
        if (shape is Shape.Block or Shape.TryTable || op is Op.Else or Op.Catch or Op.CatchAll) body.Byte((byte)Op.End);
        body.Byte((byte)Op.End);

        ByteBuffer module = new();
        module.Append("\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0"u8);
        if (shape is Shape.Data or Shape.DataMemory or Shape.ArrayData) module.Append([12, 1, 0]);
        ByteBuffer code = new();
        code.U32(1);
        code.Vector(body.Written);
        module.Byte(10);
        module.Vector(code.Written);
        return module.ToArray();
    }

    static BlockType Block(Random random) => random.Next(3) switch { 0 => BlockType.Empty, 1 => BlockType.Of(random.Next(2) * 200), _ => BlockType.Of(Types[random.Next(Types.Length)]) };

    static Operator Random(Op op, Shape shape, Random random)
    {
        ulong bits = (ulong)random.NextInt64() << random.Next(2) >> random.Next(64);
        bool lane = shape is >= Shape.Lane2 and <= Shape.Lane16 or >= Shape.Mem8Lane and <= Shape.Mem64Lane;
        bool memory = shape is >= Shape.Mem8 and <= Shape.Mem64Lane;
        Operator made = new()
        {
            Op = op,
            A = (uint)random.Next(3) * (uint)random.Next(1, 100),
            B = memory ? (uint)random.Next(5) : (uint)random.Next(3),
            Imm = shape switch { Shape.I32 => (ulong)(int)bits, Shape.F32 => (uint)bits, Shape.Shuffle => bits & 0x1F1F1F1F1F1F1F1F, _ => bits },
            ImmHigh = shape == Shape.Shuffle ? bits >> 3 & 0x1F1F1F1F1F1F1F1F : bits ^ 0xFFFF0000FFFF,
            Lane = shape == Shape.BrOnCast ? (byte)random.Next(4) : lane ? (byte)random.Next(256) : (byte)0,
            BlockType = Block(random),
            Heap = Heaps[random.Next(Heaps.Length)],
            Heap2 = Heaps[random.Next(Heaps.Length)],
        };
        return made;
    }
}
