namespace Hornet.Wasm;

// Constant expressions: the same typing over few operators.
public sealed partial class FunctionValidator
{
    /// <summary>Validates a constant expression. spec: valid-constant</summary>
    /// <param name="code">Its bytes, `end` included.</param>
    /// <param name="type">What it must yield.</param>
    /// <param name="globals">How many globals it may name: those that come before it.</param>
    internal void ValidateConst(ModuleBytes code, ValType type, int globals)
    {
        Reset(default);
        OpenFunction(null, type);
        OperatorReader reader = new(code);
        Operator op = default;
        while (_depth > 0 && !reader.AtEnd)
        {
            reader.Read(ref op);
            _offset = op.Offset;
            CheckConstant(op, globals);
            Step(reader, op);
        }
        Finish(code.End);
        if (!reader.AtEnd) WasmFormatException.ThrowMalformed(reader.Offset, "section size mismatch: operators after the end of the expression");
    }

    void CheckConstant(in Operator op, int globals)
    {
        switch (op.Op)
        {
            case Op.I32Const or Op.I64Const or Op.F32Const or Op.F64Const or Op.V128Const or Op.RefNull or Op.RefFunc or Op.End:
                break;
            case Op.I32Add or Op.I32Sub or Op.I32Mul or Op.I64Add or Op.I64Sub or Op.I64Mul:
                if ((_features & Features.ExtendedConst) == 0) Invalid("constant expression required: the feature extended-const is not enabled");
                break;
            case Op.StructNew or Op.StructNewDefault or Op.ArrayNew or Op.ArrayNewDefault or Op.ArrayNewFixed or Op.RefI31 or Op.AnyConvertExtern or Op.ExternConvertAny:
                break;
            case Op.GlobalGet:
                // Before the GC proposal only imported globals could be named.
                if ((_features & Features.Gc) == 0) globals = Math.Min(globals, _context.Module.ImportedGlobals);
                if (op.A >= (uint)globals) Invalid($"unknown global {op.A}");
                if (_context.Globals[op.A].IsMutable) Invalid("constant expression required: the global is mutable");
                break;
            default:
                Invalid($"constant expression required: {Opcodes.Mnemonic(op.Op)} is not constant");
                break;
        }
    }
}
