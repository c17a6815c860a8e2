using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>
/// How many operands an operator takes and how many results it leaves: what decides where folded text breaks. A wrong number
/// costs beauty, not truth: folding never changes the order of operators.
/// </summary>
static class OperatorArity
{
    public static (int Operands, int Results) Of(in Operator op, ModuleEnvironment env)
    {
        Signature signature = Opcodes.SignatureOf(op.Op);
        if (!signature.ByContext) return (signature.OperandCount, signature.ResultCount);
        switch (op.Op)
        {
            case Op.Call: return Function(env, Type(env.Functions, op.A), 0);
            case Op.ReturnCall: return (Function(env, Type(env.Functions, op.A), 0).Operands, 0);
            case Op.CallIndirect or Op.CallRef: return Function(env, (int)op.A, 1);
            case Op.ReturnCallIndirect or Op.ReturnCallRef: return (Function(env, (int)op.A, 1).Operands, 0);
            case Op.Throw: return (Function(env, Type(env.Tags, op.A), 0).Operands, 0);
            case Op.StructNew: return ((uint)op.A < (uint)env.Types.Count && env.Types[(int)op.A] is StructType s ? s.Fields.Length : 0, 1);
            case Op.ArrayNewFixed: return ((int)Math.Min(op.B, 10_000), 1);
            case Op.Drop or Op.LocalSet or Op.GlobalSet or Op.ThrowRef or Op.BrTable or Op.BrIf or Op.BrOnNonNull: return (1, 0);
            case Op.LocalGet or Op.GlobalGet or Op.TableSize or Op.RefNull or Op.RefFunc or Op.StructNewDefault: return (0, 1);
            case Op.LocalTee or Op.TableGet or Op.RefIsNull or Op.RefAsNonNull or Op.BrOnNull or Op.StructGet or Op.StructGetS or Op.StructGetU
                or Op.ArrayNewDefault or Op.ArrayLen or Op.RefTest or Op.RefTestNull or Op.RefCast or Op.RefCastNull or Op.BrOnCast or Op.BrOnCastFail
                or Op.AnyConvertExtern or Op.ExternConvertAny or Op.RefI31 or Op.I31GetS or Op.I31GetU: return (1, 1);
            case Op.TableSet or Op.StructSet: return (2, 0);
            case Op.TableGrow or Op.RefEq or Op.ArrayNew or Op.ArrayNewData or Op.ArrayNewElem or Op.ArrayGet or Op.ArrayGetS or Op.ArrayGetU: return (2, 1);
            case Op.MemoryInit or Op.MemoryCopy or Op.MemoryFill or Op.TableInit or Op.TableCopy or Op.TableFill or Op.ArraySet: return (3, 0);
            case Op.Select or Op.SelectTyped: return (3, 1);
            case Op.ArrayFill or Op.ArrayInitData or Op.ArrayInitElem: return (4, 0);
            case Op.ArrayCopy: return (5, 0);
            default: return (0, 0);
        }
    }

    static int Type(List<int> types, uint index) => index < (uint)types.Count ? types[(int)index] : -1;

    static (int Operands, int Results) Function(ModuleEnvironment env, int type, int extra) =>
        (uint)type < (uint)env.Types.Count && env.Types[type] is FuncType f ? (f.Parameters.Length + extra, f.Results.Length) : (extra, 0);

    /// <summary>Results of a block, or the parameters that a branch back to a loop takes.</summary>
    public static int OfBlock(BlockType type, ModuleEnvironment env, bool parameters)
    {
        if (!type.IsTypeIndex) return parameters || type.IsEmpty ? 0 : 1;
        (int operands, int results) = Function(env, type.TypeIndex, 0);
        return parameters ? operands : results;
    }
}
