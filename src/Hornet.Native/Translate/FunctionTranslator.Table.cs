using Hornet.Compiler.Ir;
using Hornet.Wasm;

namespace Hornet.Native;

/// <content>Tables and references.</content>
internal sealed partial class FunctionTranslator
{
    /// <summary>The address of a table's slot, after its index is checked; masked where it could be speculated past the end. With
    /// <paramref name="byFault"/> the mask is the check: an index outside yields the address 0, and whoever reads there traps.</summary>
    Value TableSlot(int table, Value index, TrapCode trap, bool byFault = false)
    {
        TableType type = module.Environment.Tables[table];
        Value cell = ContextPointer(module.Layout.Tables + table * 8);
        Value wide = Widen(type.Is64, index);
        // An own table that cannot grow lies where it lies, as long as it is.
        bool isFixed = table >= module.Environment.ImportedTables && type.Limits.Max == type.Limits.Min;
        MemFlags flags = MemFlags.Trusted(isFixed ? AliasClass.ReadOnly : AliasClass.Table);
        Value length = isFixed ? Iconst64((long)type.Limits.Min) : _builder.LoadBound(new(2 * table + 1, (long)Math.Min(type.Limits.Min, long.MaxValue)), flags, cell, VmOffsets.TableLength);
        Value outside = _builder.Icmp(IntCC.Uge, wide, length);
        if (!byFault) _builder.Trapnz(outside, TrapCodes.ToCompiler(trap));
        // A mispredicted check must not read beyond the table: the index becomes 0 in the shadow of the branch.
        Value safe = byFault ? wide : _builder.Select(outside, Iconst64(0), wide, guard: true);
        Value slots = _builder.Load(IrType.I64, flags, cell, VmOffsets.TableSlots);
        Value slot = _builder.Binary(Opcode.Iadd, slots, _builder.Binary(Opcode.Ishl, safe, Iconst64(3)));
        return byFault ? _builder.Select(outside, Iconst64(0), slot, guard: true) : slot;
    }

    /// <summary>What a table holds at an index: the payload of its slot, made by the runtime where the slot is not initialised.</summary>
    Value TableElement(int table, Value index, TrapCode outside)
    {
        bool byFault = module.Checks == BoundsChecks.Guard;
        MemFlags flags = byFault ? new(AliasClass.Table, TrapCodes.ToCompiler(outside)) : MemFlags.Trusted(AliasClass.Table);
        Value slot = _builder.Load(IrType.I64, flags, TableSlot(table, index, outside, byFault), 0);
        return OrSlow(slot, _builder.Binary(Opcode.Ushr, slot, Iconst64(1)), Builtin.TableGet, table, index, module.Environment.Tables[table].Is64);
    }

    void TableOperator(in Operator op)
    {
        // Only elem.drop names no table.
        int table = (int)(op.Op == Op.TableInit ? op.B : op.A);
        bool isFunction = op.Op == Op.ElemDrop || module.IsFunctionReference(module.Environment.Tables[table].Element);
        bool is64 = op.Op != Op.ElemDrop && module.Environment.Tables[table].Is64;
        switch (op.Op)
        {
            case Op.TableGet:
            {
                Value payload = TableElement(table, _stack.Pop(), TrapCode.TableOutOfBounds);
                Push(isFunction ? payload : ToReference(payload));
                break;
            }
            case Op.TableSet:
            {
                Value value = PopPayload();
                Value slot = TableSlot(table, _stack.Pop(), TrapCode.TableOutOfBounds);
                Value initialised = _builder.Binary(Opcode.Bor, _builder.Binary(Opcode.Ishl, value, Iconst64(1)), Iconst64(1));
                _builder.Store(MemFlags.Trusted(AliasClass.Table), initialised, slot, 0);
                break;
            }
            case Op.TableSize:
            {
                Value cell = ContextPointer(module.Layout.Tables + table * 8);
                Push(Narrow(is64, _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.Table), cell, VmOffsets.TableLength)));
                break;
            }
            case Op.TableGrow:
            {
                Value delta = Widen(is64, _stack.Pop()), value = PopPayload();
                Push(Narrow(is64, CallBuiltin(Builtin.TableGrow, Iconst32(table), value, delta)));
                break;
            }
            case Op.TableFill:
            {
                Value count = Widen(is64, _stack.Pop()), value = PopPayload(), start = Widen(is64, _stack.Pop());
                CallBuiltin(Builtin.TableFill, Iconst32(table), start, value, count);
                break;
            }
            case Op.TableCopy:
            {
                bool from64 = module.Environment.Tables[(int)op.B].Is64;
                Value count = Widen(is64 && from64, _stack.Pop()), from = Widen(from64, _stack.Pop()), to = Widen(is64, _stack.Pop());
                CallBuiltin(Builtin.TableCopy, Iconst64((long)((ulong)op.A << 32 | op.B)), to, from, count);
                break;
            }
            case Op.TableInit:
            {
                Value count = _stack.Pop(), from = _stack.Pop(), to = Widen(is64, _stack.Pop());
                CallBuiltin(Builtin.TableInit, Iconst64((long)((ulong)op.B << 32 | op.A)), to, from, count);
                break;
            }
            case Op.ElemDrop: CallBuiltin(Builtin.ElemDrop, Iconst32(op.A)); break;
            default: throw new UntranslatedException(op.Op);
        }
    }

    void Reference(in Operator op)
    {
        switch (op.Op)
        {
            case Op.RefNull: Push(_builder.Iconst(module.TypeOf(ValType.Ref(op.Heap, nullable: true)), 0)); break;
            case Op.RefIsNull: Push(IsNull(_stack.Pop())); break;
            case Op.RefAsNonNull: CheckNull(_stack.Peek(), TrapCode.NullReference); break;
            case Op.RefFunc: Push(FunctionReference((int)op.A)); break;
            case Op.RefEq:
            {
                Value b = _stack.Pop(), a = _stack.Pop();
                Push(_builder.Icmp(IntCC.Eq, a, b));
                break;
            }
            default: throw new UntranslatedException(op.Op);
        }
    }

    /// <summary>A reference to an object as tables and slots hold it, and the number in a register.</summary>
    Value ToReference(Value payload) => _builder.Convert(Opcode.Bitcast, IrType.Ref, _builder.Convert(Opcode.Ireduce, IrType.I32, payload));

    Value PopPayload()
    {
        Value value = _stack.Pop();
        return _builder.Function.TypeOf(value) == IrType.Ref ? _builder.RefAddr(value) : value;
    }

    // An own function's reference lies inside the context, where it is made when first asked for; an imported one's identity is the exporter's.
    Value FunctionReference(int function)
    {
        if (function < module.Environment.ImportedFunctions) return ContextPointer(module.Layout.ImportedFunctions + function * 8);
        int offset = module.Layout.Functions + function * FuncRefSize;
        Value made = _builder.Load(IrType.I64, MemFlags.Trusted(AliasClass.Table), _builder.VmContext(), offset + VmOffsets.FuncRefContext);
        Value own = _builder.Binary(Opcode.Iadd, _builder.VmContext(), Iconst64(offset));
        return OrSlow(made, own, Builtin.RefFunc, function, Value.None, false);
    }

    /// <summary>A value, where a word is not 0; else what a builtin yields for an item of the module, and an index where there is one.</summary>
    Value OrSlow(Value word, Value value, Builtin builtin, int item, Value index, bool is64)
    {
        Block slow = _builder.CreateBlock(), done = _builder.CreateBlock();
        _builder.Function.AppendParam(done, IrType.I64);
        _builder.Brif(word, done, [value], slow, []);
        _builder.Seal(slow);
        _builder.Function[slow].Cold = true;
        _builder.SwitchTo(slow);
        _builder.Jump(done, index.IsNone ? CallBuiltin(builtin, Iconst32(item)) : CallBuiltin(builtin, Iconst32(item), Widen(is64, index)));
        _builder.Seal(done);
        _builder.SwitchTo(done);
        return _builder.Param(done, 0);
    }
}
