using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>A module around one operator: something of every index space for it to refer to, and a function whose parameters are its operands.</summary>
static class EveryRowModule
{
    /// <summary>Index of the function that uses the operator.</summary>
    public const int Function = 1;

    /// <param name="recipe">How to use the operator.</param>
    /// <param name="results">Results of the function, if not the recipe's.</param>
    /// <param name="missing">How many of its operands are not pushed.</param>
    public static byte[] Build(Recipe recipe, ValType[]? results = null, int missing = 0)
    {
        ByteBuffer source = new();
        ModuleEnvironment env = new();
        // 0: a function without operands, 1: of an i32, 2: a struct, 3..5: arrays, 6: the tag's, 7: the function under test
        env.Types.AddRange([
            new FuncType([], []), new FuncType([ValType.I32], [ValType.I32]), new StructType([new(ValType.I32, true), new(ValType.I8, true)]),
            new ArrayType(new(ValType.I32, true)), new ArrayType(new(ValType.I8, true)), new ArrayType(new(ValType.FuncRef, true)),
            new FuncType([ValType.I32], []), new FuncType([.. recipe.Operands, ValType.I32], results ?? recipe.Results)]);
        for (int i = 0; i < env.Types.Count; i++) env.RecGroupStart.Add(i);
        env.Functions.AddRange([1, 7]);
        env.Tables.Add(new(ValType.FuncRef, new(1, null)));
        env.TableInits.Add(default);
        env.Memories.Add(new(new(1, 2)));
        env.Globals.Add(new(ValType.I32, true));
        env.GlobalInits.Add(new(Gather(source, b => { b.Opcode(Op.I32Const); b.Byte(0); b.Opcode(Op.End); })));
        env.Tags.Add(6);
        env.Exports.Add(new("f", ExternKind.Func, 0));
        env.Elems.Add(new(SegmentMode.Passive, 0, default, ValType.FuncRef, true, 1, Gather(source, b => { b.Opcode(Op.RefNull); b.Byte(0x70); b.Opcode(Op.End); })));
        env.DataCount = 1;
        env.Datas.Add(new(SegmentMode.Passive, 0, default, Gather(source, b => b.Byte(42))));
        env.Bodies.Add(new(Gather(source, b => { b.Byte(0); b.Opcode(Op.LocalGet); b.Byte(0); b.Opcode(Op.End); })));
        env.Bodies.Add(new(Gather(source, b => Body(b, recipe, missing))));
        return ModuleWriter.Encode(env, source.ToArray());
    }

    static ByteRange Gather(ByteBuffer source, Action<ByteBuffer> write)
    {
        int start = source.Length;
        write(source);
        return new(start, source.Length - start);
    }

    static void Body(ByteBuffer body, Recipe recipe, int missing)
    {
        body.Byte(0);
        recipe.Before?.Invoke(body);
        for (int i = 0; i < recipe.Operands.Length - missing; i++)
        {
            body.Opcode(Op.LocalGet);
            body.U32((uint)i);
        }
        Operator op = recipe.Operator;
        if (op.A == EveryRowRecipes.Parameter) op.A = (uint)recipe.Operands.Length;
        body.Operator(op, recipe.Entries);
        recipe.After?.Invoke(body);
        body.Opcode(Op.End);
    }
}
