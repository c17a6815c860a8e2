using System.Globalization;
using Hornet.Base;

namespace Hornet.Wasm.Tests.Validation;

/// <summary>
/// One line of operators to bytes: mnemonics with their immediates as numbers, in the order of the binary format. A block type is
/// nothing, a value type or <c>type=N</c>; a memarg <c>align offset</c>, with <c>mem=N</c> before it.
/// </summary>
static class Assembly
{
    static readonly Dictionary<string, Op> Operators = All();

    static Dictionary<string, Op> All()
    {
        Dictionary<string, Op> operators = [];
        foreach (ushort op in Opcodes.All) operators.TryAdd(Opcodes.Mnemonic((Op)op), (Op)op);
        operators["select:typed"] = Op.SelectTyped;
        operators["ref.test:null"] = Op.RefTestNull;
        operators["ref.cast:null"] = Op.RefCastNull;
        return operators;
    }

    /// <summary>A body: declarations of locals, as in <c>2 i32 1 (ref 0)</c>, and operators; the last `end` is added.</summary>
    public static byte[] Body(string locals, string code)
    {
        ByteBuffer buffer = new();
        string[] declarations = locals.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        buffer.U32((uint)declarations.Length / 2);
        for (int i = 0; i < declarations.Length; i += 2)
        {
            buffer.U32(uint.Parse(declarations[i], CultureInfo.InvariantCulture));
            buffer.ValType(Type(declarations[i + 1]));
        }
        Code(buffer, code + " end");
        return buffer.ToArray();
    }

    public static ValType Type(string word)
    {
        switch (word)
        {
            case "i32": return ValType.I32;
            case "i64": return ValType.I64;
            case "f32": return ValType.F32;
            case "f64": return ValType.F64;
            case "v128": return ValType.V128;
        }
        bool nullable = word.EndsWith('?');
        string heap = word.TrimEnd('?');
        // ref:struct, ref:3, and the same with a question mark for nullable ones
        return ValType.Ref(Heap(heap["ref:".Length..]), nullable);
    }

    static HeapType Heap(string word)
    {
        if (int.TryParse(word, CultureInfo.InvariantCulture, out int index)) return HeapType.Concrete(index);
        for (int code = -0x17; code <= -0x0C; code++)
            if (new HeapType(code).ToString() == word) return new(code);
        throw new FormatException(word);
    }

    public static void Code(ByteBuffer buffer, string code)
    {
        Queue<string> words = new(code.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        while (words.TryDequeue(out string? word))
        {
            Op op = Operators[word];
            Shape shape = Opcodes.ShapeOf(op);
            Operator o = new() { Op = op, Shape = shape };
            uint Number() => uint.Parse(words.Dequeue(), CultureInfo.InvariantCulture);
            if (words.TryPeek(out string? memory) && memory.StartsWith("mem=", StringComparison.Ordinal)) o.A = uint.Parse(words.Dequeue()[4..], CultureInfo.InvariantCulture);
            switch (shape)
            {
                case Shape.None or Shape.Fence:
                    break;
                case Shape.Block:
                    o.BlockType = BlockType(words);
                    break;
                case Shape.TryTable:
                    BlockType type = BlockType(words);
                    CatchClause[] clauses = new CatchClause[Number()];
                    for (int i = 0; i < clauses.Length; i++)
                    {
                        CatchKind kind = (CatchKind)Number();
                        clauses[i] = new(kind, kind <= CatchKind.CatchRef ? Number() : 0, Number());
                    }
                    buffer.TryTable(type, clauses);
                    continue;
                case Shape.BrTable:
                    uint[] labels = new uint[Number()];
                    for (int i = 0; i < labels.Length; i++) labels[i] = Number();
                    buffer.BrTable(labels, Number());
                    continue;
                case Shape.Select:
                    buffer.SelectTyped([Type(words.Dequeue())]);
                    continue;
                case Shape.Heap:
                    o.Heap = Heap(words.Dequeue());
                    break;
                case Shape.BrOnCast:
                    o.A = Number();
                    ValType from = Type(words.Dequeue()), to = Type(words.Dequeue());
                    o.Lane = (byte)((from.IsNullable ? 1 : 0) | (to.IsNullable ? 2 : 0));
                    o.Heap = from.Heap;
                    o.Heap2 = to.Heap;
                    break;
                case Shape.I32 or Shape.I64 or Shape.F32 or Shape.F64:
                    o.Imm = (ulong)long.Parse(words.Dequeue(), CultureInfo.InvariantCulture);
                    break;
                case Shape.V128 or Shape.Shuffle:
                    o.Imm = ulong.Parse(words.Dequeue(), CultureInfo.InvariantCulture);
                    break;
                case >= Shape.Mem8 and <= Shape.Mem64Lane:
                    o.B = Number();
                    o.Imm = ulong.Parse(words.Dequeue(), CultureInfo.InvariantCulture);
                    if (shape >= Shape.Mem8Lane) o.Lane = (byte)Number();
                    break;
                case >= Shape.Lane2 and <= Shape.Lane16:
                    o.Lane = (byte)Number();
                    break;
                case Shape.TableTable or Shape.MemoryMemory or Shape.Field or Shape.TypeType or Shape.ArrayFixed or Shape.ArrayData or Shape.ArrayElem or Shape.DataMemory or Shape.ElemTable or Shape.TypeTable:
                    o.A = Number();
                    o.B = Number();
                    break;
                default:
                    o.A = Number();
                    break;
            }
            buffer.Operator(o);
        }
    }

    static BlockType BlockType(Queue<string> words)
    {
        if (!words.TryPeek(out string? word)) return Hornet.Wasm.BlockType.Empty;
        if (word.StartsWith("type=", StringComparison.Ordinal)) return Hornet.Wasm.BlockType.Of(int.Parse(words.Dequeue()[5..], CultureInfo.InvariantCulture));
        if (word is "i32" or "i64" or "f32" or "f64" or "v128" || word.StartsWith("ref:", StringComparison.Ordinal)) return Hornet.Wasm.BlockType.Of(Type(words.Dequeue()));
        return Hornet.Wasm.BlockType.Empty;
    }
}
