using Hornet.Compiler.Ir;
using Hornet.Wasm;
using Opcodes = Hornet.Wasm.Opcodes;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>A function that this translation does not cover: it stays with the interpreter.</summary>
internal sealed class UntranslatedException(Op op) : Exception($"{Opcodes.Mnemonic(op)} is not translated")
{
    public Op Op { get; } = op;
}

/// <summary>
/// Translates one validated function body to IR, in one pass over its operators. Locals are variables of the builder, operands
/// are values, and a block's results are the parameters of the IR block that follows it. Code that cannot be reached is read
/// and dropped. Reused from function to function; one for each thread.
/// </summary>
internal sealed partial class FunctionTranslator(ModuleTranslation module)
{
    readonly FunctionBuilder _builder = new();
    readonly OperandStack _stack = new();
    readonly List<Variable> _locals = [];
    Value[] _scratch = new Value[16];
    bool _reachable;
    /// <summary>Blocks opened inside unreachable code: their ends are read and dropped.</summary>
    int _skipped;
    FuncType _type = new([], []);
    int _typeIndex;
    /// <summary>The constant that the current basic block charges, none where it charges nothing yet.</summary>
    Inst _charged;

    /// <summary>Builds the IR of a function.</summary>
    /// <param name="function">Cleared.</param>
    /// <param name="index">Which it is.</param>
    /// <param name="body">Its locals and code.</param>
    /// <param name="loop">Offset of the loop where the interpreter's frame is taken over, -1 for the whole function.</param>
    public void Translate(Function function, int index, ModuleBytes body, int loop = -1)
    {
        ModuleEnvironment environment = module.Environment;
        _typeIndex = environment.Functions[index];
        _type = (FuncType)environment.Types[_typeIndex];
        function.Name = loop < 0 ? $"wasm{index}" : $"wasm{index}_loop{loop:x}";
        function.Signature = loop < 0 ? module.SignatureOf(_typeIndex) : Thunks.Trampoline;
        ByteRange range = environment.Bodies[index - environment.ImportedFunctions].Bytes;
        // What begins in a loop is not what calls of the function lead to.
        (function.Symbol, function.SourceStart, function.SourceEnd) = (loop < 0 ? index : -1, range.Offset, range.End);
        _builder.Begin(function);
        _stack.Clear(_builder);
        _locals.Clear();
        _handlers.Clear();
        _checkedIn.Clear();
        _within.Clear();
        Block entry = _builder.CreateEntryBlock();
        BeginTakeOver(loop, entry);
        for (int i = 0; i < _type.Parameters.Length; i++)
        {
            DeclareLocal(_type.Parameters[i]);
            if (_loop >= 0) continue;
            // A context before the parameters stays where it is: in its register.
            Value parameter = _builder.Param(entry, module.LeavesByTailCalls ? i + 1 : i);
            _builder.Define(_locals[i], parameter);
            if (_type.Parameters[i].IsRef && !_type.Parameters[i].IsNullable) NeverNull(parameter);
        }
        FunctionBodyReader reader = new(body, _type.Parameters.Length);
        while (reader.TryReadLocals(out int count, out ValType type))
        {
            // Variables that are never written are zero: the builder's undefined value is just that.
            for (int i = 0; i < count; i++) DeclareLocal(type);
        }
        _reachable = true;
        _skipped = 0;
        Block exit = _builder.CreateBlock();
        foreach (ValType result in _type.Results) function.AppendParam(exit, module.TypeOf(result));
        _stack.Open(new() { Kind = Op.Block, IsFunction = true, Type = BlockType.Empty, Next = exit, Label = exit, Else = Block.None, Handler = -1 });
        _charged = Inst.None;
        if (module.Settings.Interruptible) CheckInterrupt();
        OperatorReader operators = reader.Operators;
        Operator op = default;
        while (_stack.Depth > 0)
        {
            operators.Read(ref op);
            _builder.Source = op.Offset;
            if (_reachable) Step(operators, op);
            else StepUnreachable(operators, op);
        }
        _builder.SealAll();
    }

    void DeclareLocal(ValType type)
    {
        _locals.Add(_builder.DeclareVariable(module.TypeOf(type)));
    }

    // Between a branch and the end of its block nothing is built; blocks are only counted.
    void StepUnreachable(in OperatorReader reader, in Operator op)
    {
        switch (op.Op)
        {
            case Op.Block or Op.Loop or Op.If or Op.Try or Op.TryTable:
                _skipped++;
                break;
            case Op.End or Op.Delegate when _skipped > 0:
                _skipped--;
                break;
            case Op.Else or Op.End or Op.Catch or Op.CatchAll or Op.Delegate when _skipped == 0:
                Step(reader, op);
                break;
        }
    }

    void Step(in OperatorReader reader, in Operator op)
    {
        if (_reachable) Charge(Opcodes.FuelOf(op.Op));
        switch (Opcodes.ClassOf(op.Op))
        {
            case OpClass.Control: Control(reader, op); break;
            case OpClass.Parametric: Parametric(op); break;
            case OpClass.Variable: Variables(op); break;
            case OpClass.Const: Constant(op); break;
            case OpClass.Numeric or OpClass.Trapping: Numeric(op); break;
            case OpClass.Load: LoadOperator(op); break;
            case OpClass.Store: StoreOperator(op); break;
            case OpClass.Memory: MemoryOperator(op); break;
            case OpClass.Table: TableOperator(op); break;
            case OpClass.Reference: Reference(op); break;
            case OpClass.Atomic: Atomic(op); break;
            case OpClass.Aggregate: Aggregate(op); break;
            default: throw new UntranslatedException(op.Op);
        }
        if (Opcodes.StartsBlock(op.Op)) _charged = Inst.None;
    }

    void Parametric(in Operator op)
    {
        if (op.Op == Op.Drop)
        {
            _stack.Pop();
            return;
        }
        Value condition = _stack.Pop(), otherwise = _stack.Pop(), then = _stack.Pop();
        Push(_builder.Select(condition, then, otherwise));
    }

    void Variables(in Operator op)
    {
        switch (op.Op)
        {
            case Op.LocalGet: Push(_builder.Use(_locals[(int)op.A])); break;
            case Op.LocalSet: _builder.Define(_locals[(int)op.A], _stack.Pop()); break;
            case Op.LocalTee: _builder.Define(_locals[(int)op.A], _stack.Peek()); break;
            case Op.GlobalGet:
            {
                (Value address, int offset) = GlobalCell(op.A);
                GlobalType type = module.Environment.Globals[(int)op.A];
                // A reference may be null: what it points to must not pass for something that is always there.
                AliasClass alias = type.IsMutable || type.Type.IsRef ? AliasClass.Global : AliasClass.ReadOnly;
                Push(_builder.Load(module.TypeOf(type.Type), MemFlags.Trusted(alias), address, offset));
                break;
            }
            default:
            {
                (Value address, int offset) = GlobalCell(op.A);
                _builder.Store(MemFlags.Trusted(AliasClass.Global), _stack.Pop(), address, offset);
                break;
            }
        }
    }

    // An own global lies inside the context; an imported one behind a pointer in it.
    (Value Address, int Offset) GlobalCell(uint index)
    {
        int own = (int)index - module.Environment.ImportedGlobals;
        if (own >= 0) return (_builder.VmContext(), module.Layout.OwnGlobals + own * 16);
        return (ContextPointer(module.Layout.Globals + (int)index * 8), 0);
    }

    void Constant(in Operator op) => Push(op.Op switch
    {
        Op.I32Const => _builder.Iconst(IrType.I32, (long)op.Imm),
        Op.I64Const => _builder.Iconst(IrType.I64, (long)op.Imm),
        Op.F32Const => _builder.F32const((uint)op.Imm),
        Op.F64Const => _builder.F64const(op.Imm),
        _ => _builder.Vconst(new UInt128(op.ImmHigh, op.Imm)),
    });

    void Push(Value value) => _stack.Push(value);

    /// <summary>A pointer in the VM context that never changes while the instance lives.</summary>
    Value ContextPointer(int offset) => _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.ReadOnly), _builder.VmContext(), offset);

    Value Iconst32(long value) => _builder.Iconst(IrType.I32, value);
    Value Iconst64(long value) => _builder.Iconst(IrType.I64, value);


    // The charge of a block stands at its first operator that costs something, as in the interpreter; the rest of the block raises its amount.
    void Charge(int units)
    {
        if (!module.Settings.ConsumeFuel || units == 0) return;
        if (!_charged.IsNone)
        {
            _builder.Function[_charged].Imm += units;
            return;
        }
        // Of the tables' class: what is known of memories and globals survives a charge.
        MemFlags flags = MemFlags.Trusted(AliasClass.Table);
        Value store = ContextPointer(VmOffsets.ContextStore), amount = Iconst64(units);
        Value left = _builder.Binary(Opcode.Isub, _builder.Load(IrType.I64, flags, store, VmOffsets.StoreFuel), amount);
        _builder.Store(flags, left, store, VmOffsets.StoreFuel);
        _builder.Trapnz(_builder.Icmp(IntCC.Slt, left, Iconst64(0)), TrapCodes.ToCompiler(TrapCode.OutOfFuel));
        _charged = _builder.Function.DefOf(amount);
    }

    // The flag is all that is looked at; what it means is the runtime's to find out.
    void CheckInterrupt()
    {
        Value flag = _builder.Load(IrType.I32, MemFlags.Trusted(AliasClass.Any), ContextPointer(VmOffsets.ContextStore), VmOffsets.StoreInterrupt);
        Block slow = _builder.CreateBlock(), on = _builder.CreateBlock();
        _builder.Brif(flag, slow, [], on, []);
        _builder.Seal(slow);
        _builder.Function[slow].Cold = true;
        _builder.SwitchTo(slow);
        CallBuiltin(Builtin.Interrupted);
        _builder.Jump(on);
        _builder.Seal(on);
        _builder.SwitchTo(on);
    }
}
