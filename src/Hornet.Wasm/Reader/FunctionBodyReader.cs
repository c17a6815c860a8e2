namespace Hornet.Wasm;

/// <summary>Reads a function body: first its locals, then, through <see cref="Operators"/>, its code. Source: spec, binary/modules, code section.</summary>
public ref struct FunctionBodyReader
{
    OperatorReader _reader;
    int _left;
    ulong _total;

    /// <param name="body">Locals and code, without the size before them.</param>
    /// <param name="parameters">How many parameters the function has: they are locals, too.</param>
    public FunctionBodyReader(ModuleBytes body, int parameters = 0)
    {
        _reader = new(body);
        _total = (ulong)parameters;
        _left = (int)_reader.Count();
    }

    /// <summary>The next run of locals of one type; false behind the last one.</summary>
    public bool TryReadLocals(out int count, out ValType type)
    {
        count = 0;
        type = default;
        if (_left-- <= 0) return false;
        int at = _reader.Offset;
        uint n = _reader.U32();
        _total += n;
        if (_total > WasmLimits.Locals) ThrowTooMany(at);
        type = _reader.ValType();
        count = (int)n;
        return true;
    }

    // The standard allows as many locals as fit 32 bits, which the whole list decides; what engines allow is far below.
    void ThrowTooMany(int at)
    {
        for (; ; _total += _reader.U32())
        {
            if (_total > uint.MaxValue) WasmFormatException.ThrowMalformed(at, "too many locals");
            _reader.ValType();
            if (_left-- <= 0) WasmFormatException.ThrowLimit(at, $"too many locals: {_total} exceeds the limit of {WasmLimits.Locals}");
        }
    }

    /// <summary>The code, once the locals are read.</summary>
    public readonly OperatorReader Operators => _reader;

    /// <summary>Checks that a body is well formed without asking what it means: for those who read without validating.</summary>
    /// <param name="body">Locals and code.</param>
    /// <param name="hasDataCount">Whether the module has a data count section.</param>
    public static void CheckWellFormed(ModuleBytes body, bool hasDataCount)
    {
        FunctionBodyReader locals = new(body);
        while (locals.TryReadLocals(out _, out _)) { }
        OperatorReader reader = locals.Operators;
        Operator op = default;
        int depth = 1;
        while (depth > 0)
        {
            reader.Read(ref op);
            switch (op.Op)
            {
                case Op.Else or Op.Catch or Op.CatchAll or Op.Delegate when depth == 1:
                    WasmFormatException.ThrowMalformed(op.Offset, "END opcode expected");
                    break;
                case Op.End or Op.Delegate:
                    depth--;
                    break;
                case Op.Block or Op.Loop or Op.If or Op.TryTable or Op.Try:
                    depth++;
                    break;
                case Op.MemoryInit or Op.DataDrop or Op.ArrayNewData or Op.ArrayInitData when !hasDataCount:
                    WasmFormatException.ThrowMalformed(op.Offset, "data count section required");
                    break;
            }
        }
        if (!reader.AtEnd) WasmFormatException.ThrowMalformed(reader.Offset, "section size mismatch: operators remaining after end of function");
    }
}
