using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>How to use one operator in a function: what it takes, what it leaves, and what must stand around it.</summary>
/// <param name="Operator">The operator with its immediates.</param>
/// <param name="Operands">Types of its operands.</param>
/// <param name="Results">Types of the function's results, which the operator leaves or branches with.</param>
/// <param name="Before">Code before the operands.</param>
/// <param name="After">Code behind the operator.</param>
/// <param name="Entries">Encoded entries of br_table, try_table, select.</param>
/// <param name="AcceptsAnyResult">Whether what follows is unreachable, so that no result type is wrong.</param>
sealed record Recipe(Operator Operator, ValType[] Operands, ValType[] Results, Action<ByteBuffer>? Before = null, Action<ByteBuffer>? After = null, byte[]? Entries = null, bool AcceptsAnyResult = false);

/// <summary>
/// A recipe for every row of the table. Where the table has a signature, the recipe follows from it; the others are here. They
/// refer to the module that <see cref="EveryRowModule"/> builds.
/// </summary>
static class EveryRowRecipes
{
    static readonly Dictionary<Op, Recipe> ByContext = new[]
    {
        Of(Op.Unreachable, "", "") with { AcceptsAnyResult = true },
        Of(Op.Nop, "", ""),
        Of(Op.Block, "i", "i", block: 1) with { After = End },
        Of(Op.Loop, "i", "i", block: 1) with { After = End },
        Of(Op.If, "i i", "i", block: 1) with { After = End },
        Of(Op.Else, "", "") with { Before = b => { Const(b); Block(b, Op.If); }, After = End },
        Of(Op.Try, "i", "i", block: 1) with { After = End },
        Of(Op.Catch, "", "") with { Before = b => Block(b, Op.Try), After = b => { b.Opcode(Op.Drop); End(b); } },
        Of(Op.Throw, "i", "") with { AcceptsAnyResult = true },
        Of(Op.Rethrow, "", "") with { Before = b => { Block(b, Op.Try); b.Opcode(Op.CatchAll); }, After = End },
        Of(Op.ThrowRef, "exn", "") with { AcceptsAnyResult = true },
        Of(Op.End, "", "") with { Before = b => Block(b, Op.Block) },
        Of(Op.Br, "i", "i"),
        Of(Op.BrIf, "i i", "i"),
        Of(Op.BrTable, "i i", "i", count: 2) with { Entries = [0, 0, 0] },
        Of(Op.Return, "i", "i"),
        Of(Op.Call, "i", "i"),
        Of(Op.CallIndirect, "i i", "i", a: 1),
        Of(Op.ReturnCall, "i", "i"),
        Of(Op.ReturnCallIndirect, "i i", "i", a: 1),
        Of(Op.CallRef, "i 1?", "i", a: 1),
        Of(Op.ReturnCallRef, "i 1?", "i", a: 1),
        Of(Op.Delegate, "", "") with { Before = b => Block(b, Op.Try) },
        Of(Op.CatchAll, "", "") with { Before = b => Block(b, Op.Try), After = End },
        Of(Op.Drop, "i", ""),
        Of(Op.Select, "i i i", "i"),
        Of(Op.SelectTyped, "func func i", "func", count: 1) with { Entries = [0x70] },
        // catch tag 0 to the function's own label
        Of(Op.TryTable, "i", "i", block: 1, count: 1) with { Entries = [0, 0, 0], After = End },
        Of(Op.LocalGet, "", "i", a: Parameter),
        Of(Op.LocalSet, "i", "", a: Parameter),
        Of(Op.LocalTee, "i", "i", a: Parameter),
        Of(Op.GlobalGet, "", "i"),
        Of(Op.GlobalSet, "i", ""),
        Of(Op.TableGet, "i", "func"),
        Of(Op.TableSet, "i func", ""),
        Of(Op.RefNull, "", "func", heap: HeapType.Func),
        Of(Op.RefIsNull, "func", "i"),
        Of(Op.RefFunc, "", "1"),
        Of(Op.RefEq, "eq eq", "i"),
        Of(Op.RefAsNonNull, "1?", "1"),
        Of(Op.BrOnNull, "func", "") with { After = b => b.Opcode(Op.Drop) },
        Of(Op.BrOnNonNull, "1?", "1") with { After = b => b.Opcode(Op.Unreachable) },
        Of(Op.StructNew, "i i", "2", a: 2),
        Of(Op.StructNewDefault, "", "2", a: 2),
        Of(Op.StructGet, "2?", "i", a: 2),
        Of(Op.StructGetS, "2?", "i", a: 2, b: 1),
        Of(Op.StructGetU, "2?", "i", a: 2, b: 1),
        Of(Op.StructSet, "2? i", "", a: 2),
        Of(Op.ArrayNew, "i i", "3", a: 3),
        Of(Op.ArrayNewDefault, "i", "3", a: 3),
        Of(Op.ArrayNewFixed, "i i", "3", a: 3, b: 2),
        Of(Op.ArrayNewData, "i i", "4", a: 4),
        Of(Op.ArrayNewElem, "i i", "5", a: 5),
        Of(Op.ArrayGet, "3? i", "i", a: 3),
        Of(Op.ArrayGetS, "4? i", "i", a: 4),
        Of(Op.ArrayGetU, "4? i", "i", a: 4),
        Of(Op.ArraySet, "3? i i", "", a: 3),
        Of(Op.ArrayLen, "array", "i"),
        Of(Op.ArrayFill, "3? i i i", "", a: 3),
        Of(Op.ArrayCopy, "3? i 3? i i", "", a: 3, b: 3),
        Of(Op.ArrayInitData, "4? i i i", "", a: 4),
        Of(Op.ArrayInitElem, "5? i i i", "", a: 5),
        Of(Op.RefTest, "any", "i", heap: HeapType.Eq),
        Of(Op.RefTestNull, "any", "i", heap: HeapType.Eq),
        Of(Op.RefCast, "any", "eq!", heap: HeapType.Eq),
        Of(Op.RefCastNull, "any", "eq", heap: HeapType.Eq),
        // Branches with eqref; any without null falls through.
        Of(Op.BrOnCast, "any", "eq", heap: HeapType.Any, heap2: HeapType.Eq, lane: 3) with { After = b => { b.Opcode(Op.Drop); b.Opcode(Op.Unreachable); } },
        Of(Op.BrOnCastFail, "any", "any", heap: HeapType.Any, heap2: HeapType.Eq, lane: 3),
        Of(Op.AnyConvertExtern, "extern", "any"),
        Of(Op.ExternConvertAny, "any", "extern"),
        Of(Op.RefI31, "i", "i31!"),
        Of(Op.I31GetS, "i31", "i"),
        Of(Op.I31GetU, "i31", "i"),
        Of(Op.MemoryInit, "i i i", ""),
        Of(Op.DataDrop, "", ""),
        Of(Op.MemoryCopy, "i i i", ""),
        Of(Op.MemoryFill, "i i i", ""),
        Of(Op.TableInit, "i i i", ""),
        Of(Op.ElemDrop, "", ""),
        Of(Op.TableCopy, "i i i", ""),
        Of(Op.TableGrow, "func i", "i"),
        Of(Op.TableSize, "", "i"),
        Of(Op.TableFill, "i func i", ""),
    }.ToDictionary(r => r.Operator.Op);

    /// <summary>Stands for a parameter of type i32 that is no operand: the last one.</summary>
    public const uint Parameter = 1000;

    public static Recipe For(Op op)
    {
        Signature signature = Opcodes.SignatureOf(op);
        if (signature.ByContext) return ByContext.TryGetValue(op, out Recipe? recipe) ? recipe : throw new InvalidOperationException($"{op} needs a recipe");
        Operator made = default;
        made.Op = op;
        int access = Opcodes.AccessSizeLog2(Opcodes.ShapeOf(op));
        if (access >= 0) made.B = (uint)access;
        return new(made,
            [.. Enumerable.Range(0, signature.OperandCount).Select(i => signature.Operand(i, ValType.I32))],
            [.. Enumerable.Range(0, signature.ResultCount).Select(i => signature.Result(i, ValType.I32))]);
    }

    static Recipe Of(Op op, string operands, string results, uint a = 0, uint b = 0, int block = -1, HeapType heap = default, HeapType heap2 = default, byte lane = 0, int count = 0) =>
        new(new() { Op = op, A = a, B = b, BlockType = block < 0 ? BlockType.Empty : BlockType.Of(block), Heap = heap, Heap2 = heap2, Lane = lane, Count = count }, Types(operands), Types(results));

    static ValType[] Types(string words) => [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Type)];

    // A word ending in ! is without null; a number is a reference to the type of that index, with null where ? follows.
    static ValType Type(string word) => word switch
    {
        "i" => ValType.I32, "func" => ValType.FuncRef, "extern" => ValType.ExternRef, "any" => ValType.AnyRef, "eq" => ValType.EqRef, "eq!" => ValType.EqRef.AsNonNull(),
        "exn" => ValType.ExnRef, "array" => ValType.ArrayRef, "i31" => ValType.I31Ref, "i31!" => ValType.I31Ref.AsNonNull(),
        _ => ValType.Ref(HeapType.Concrete(word[0] - '0'), nullable: word.EndsWith('?')),
    };

    static void End(ByteBuffer b) => b.Opcode(Op.End);

    static void Const(ByteBuffer b)
    {
        b.Opcode(Op.I32Const);
        b.Byte(0);
    }

    static void Block(ByteBuffer b, Op op)
    {
        b.Opcode(op);
        b.Byte(0x40);
    }
}
