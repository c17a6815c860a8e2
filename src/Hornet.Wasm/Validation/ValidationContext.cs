using System.Runtime.InteropServices;

namespace Hornet.Wasm;

/// <summary>
/// What function bodies are validated against: the module's index spaces as they were when all sections before the code were
/// known. Immutable, so that many threads validate while the reader goes on. Source: spec, valid/conventions, contexts.
/// </summary>
public sealed class ValidationContext
{
    internal readonly ModuleEnvironment Module;
    internal readonly Features Features;
    internal readonly SubType[] Types;
    /// <summary>Type index of every function.</summary>
    internal readonly List<int> Functions;
    internal readonly TableType[] Tables;
    internal readonly MemoryType[] Memories;
    internal readonly GlobalType[] Globals;
    internal readonly FuncType[] Tags;
    internal readonly ValType[] Elems;
    /// <summary>-1 where there is no data count section.</summary>
    internal readonly int DataCount;
    // A bit for each function: the reader goes on adding to the module's set.
    readonly ulong[] _declared;
    // Only those who validate whole bodies ask for it.
    FastRow[]? _rows;

    /// <param name="module">Its sections before the code must be there and valid.</param>
    /// <param name="features">What is switched on.</param>
    public ValidationContext(ModuleEnvironment module, Features features)
    {
        Module = module;
        Features = features;
        Types = [.. module.Types];
        // The one list that may be long; nobody adds to it any more.
        Functions = module.Functions;
        Tables = [.. module.Tables];
        Memories = [.. module.Memories];
        Globals = [.. module.Globals];
        Tags = new FuncType[module.Tags.Count];
        for (int i = 0; i < Tags.Length; i++) Tags[i] = (FuncType)Types[module.Tags[i]];
        Elems = new ValType[module.Elems.Count];
        for (int i = 0; i < Elems.Length; i++) Elems[i] = module.Elems[i].Type;
        DataCount = module.DataCount ?? -1;
        _declared = new ulong[(Functions.Count + 63) >> 6];
        foreach (int function in module.DeclaredFunctions)
            if ((uint)function < (uint)Functions.Count) _declared[function >> 6] |= 1UL << function;
    }

    internal FuncType FunctionType(int function) => (FuncType)Types[Functions[function]];

    internal FastRow[] Rows => _rows ??= FastRow.For(Features, Memories.Length > 0 ? Memories[0].IndexType : ValType.Bottom);

    internal bool IsDeclared(int function) => (_declared[function >> 6] >> function & 1) != 0;

    internal bool Matches(ValType sub, ValType super) => TypeMatching.Matches(Module, sub, super);
}

/// <summary>How the loop over a body may treat a one-byte operator whose operands are simply there.</summary>
enum FastKind : byte { Slow, Unary, Binary, Load, Store, I32Const, I64Const, F32Const, F64Const, LocalGet, LocalSet, LocalTee, Drop, Block, Loop, End, Br, BrIf, Call }

/// <summary>wasm.ops' signature of a one-byte operator, unpacked for the loop over a body.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct FastRow(ValType Operand, ValType Result, FastKind Kind, byte Alignment)
{
    /// <summary>A row for every first byte; what is switched off, or needs a memory that is not there, is left to the slow path and its errors.</summary>
    public static FastRow[] For(Features features, ValType address)
    {
        FastRow[] rows = new FastRow[256];
        for (int code = 0; code < 0xFB; code++)
        {
            Op op = (Op)code;
            if (Opcodes.ShapeOf(op) != Shape.Invalid && (Opcodes.FeatureOf(op) & ~features) == 0) rows[code] = Row(op, address);
        }
        return rows;
    }

    static FastRow Row(Op op, ValType address)
    {
        switch (op)
        {
            case Op.LocalGet: return new(default, default, FastKind.LocalGet, 0);
            case Op.LocalSet: return new(default, default, FastKind.LocalSet, 0);
            case Op.LocalTee: return new(default, default, FastKind.LocalTee, 0);
            case Op.Drop: return new(default, default, FastKind.Drop, 0);
            case Op.Block: return new(default, default, FastKind.Block, 0);
            case Op.Loop: return new(default, default, FastKind.Loop, 0);
            case Op.End: return new(default, default, FastKind.End, 0);
            case Op.Br: return new(default, default, FastKind.Br, 0);
            case Op.BrIf: return new(default, default, FastKind.BrIf, 0);
            case Op.Call: return new(default, default, FastKind.Call, 0);
            case Op.I32Const: return new(default, ValType.I32, FastKind.I32Const, 0);
            case Op.I64Const: return new(default, ValType.I64, FastKind.I64Const, 0);
            case Op.F32Const: return new(default, ValType.F32, FastKind.F32Const, 0);
            case Op.F64Const: return new(default, ValType.F64, FastKind.F64Const, 0);
        }
        Signature signature = Opcodes.SignatureOf(op);
        if (signature.ByContext) return default;
        Shape shape = Opcodes.ShapeOf(op);
        int alignment = Opcodes.AccessSizeLog2(shape);
        switch (Opcodes.ClassOf(op))
        {
            case OpClass.Load when !address.IsBottom:
                return new(address, signature.Result(0, address), FastKind.Load, (byte)alignment);
            case OpClass.Store when !address.IsBottom:
                return new(address, signature.Operand(1, address), FastKind.Store, (byte)alignment);
            case OpClass.Numeric or OpClass.Trapping when shape == Shape.None && signature.ResultCount == 1:
                ValType operand = signature.Operand(0, address);
                if (signature.OperandCount == 1) return new(operand, signature.Result(0, address), FastKind.Unary, 0);
                return signature.OperandCount == 2 && signature.Operand(1, address) == operand ? new(operand, signature.Result(0, address), FastKind.Binary, 0) : default;
            default:
                return default;
        }
    }
}
