using Hornet.Wasm;

namespace Hornet.Fuzz;

public sealed partial class ModuleGenerator
{
    // Leaves one value of the type on the stack.
    void Expression(ValType type, int depth)
    {
        if (type.IsRef)
        {
            Reference(type, depth);
            return;
        }
        _budget--;
        if (depth <= 0 || _budget < 0)
        {
            Leaf(type, _d.Below(3));
            return;
        }
        switch (_d.Below(19))
        {
            case <= 2 and int leaf: Leaf(type, leaf); break;
            case <= 7: Numeric(type, depth); break;
            case 8: Load(type, depth); break;
            case 9: Block([type], depth); break;
            case 10: CallFor(type, depth); break;
            case 11: Select(type, depth); break;
            case 12: Tee(type, depth); break;
            case 13: BranchIf(type, depth); break;
            case 14 when _options.Gc: FromReference(type, depth); break;
            case 14: Numeric(type, depth); break;
            case 15 when type == ValType.I32 || type == ValType.I64: Widths(type, depth); break;
            case 16: Interrupted(type, depth); break;
            case 17 when _options.Threads && (type == ValType.I32 || type == ValType.I64): Atomic(type, depth); break;
            default: Special(type, depth); break;
        }
    }

    void Leaf(ValType type, int kind)
    {
        if (kind == 1 && SomeLocal(type) is { } local) _b.Indexed(Op.LocalGet, local);
        else if (kind == 2) _b.Indexed(Op.GlobalGet, GlobalOf(type));
        else Constant(type);
    }

    int GlobalOf(ValType type) => 1 + Array.IndexOf(_types, type);

    void Constant(ValType type)
    {
        if (!_d.OnceIn(4)) _b.Const(type, _d.Of(EdgeValues.Of(type)));
        else if (type == ValType.I32) _b.Const(type, ((uint)_d.Bits64(), 0));
        // Floats are edge values: random bits are mostly nothing in particular.
        else if (type == ValType.I64 || type == ValType.V128) _b.Const(type, (_d.Bits64(), type == ValType.V128 ? _d.Bits64() : 0));
        else _b.Const(type, _d.Of(EdgeValues.Of(type)));
    }

    void Numeric(ValType type, int depth)
    {
        Op op = _d.Of(_operators[type]);
        Signature signature = Opcodes.SignatureOf(op);
        for (int i = 0; i < signature.OperandCount; i++) Expression(signature.Operand(i, ValType.I32), depth - 1);
        Emit(op);
        if (Bodies.FreeNaN(op) is { } shape) _b.CanonicalNaN(shape, Temporary(type));
    }

    // An operator with immediates of chance, memory operators apart.
    void Emit(Op op)
    {
        Operator o = new() { Op = op };
        Shape shape = Opcodes.ShapeOf(op);
        if (shape == Shape.Shuffle)
        {
            // The usual permutations have patterns of their own: identity, one lane everywhere, interleavings.
            int pattern = _d.Below(4), start = _d.Below(32);
            for (int i = 0; i < 16; i++)
            {
                ulong lane = (ulong)(pattern switch { 0 => i, 1 => start, 2 => (i / 2 + i % 2 * 16 + start / 16 * 8) % 32, _ => _d.Below(32) });
                if (i < 8) o.Imm |= lane << 8 * i;
                else o.ImmHigh |= lane << 8 * (i - 8);
            }
        }
        else o.Lane = (byte)_d.Below(Bodies.Lanes(shape));
        _b.Operator(o);
    }

    int SomeMemory() => _env.Memories.Count > 1 && _d.OnceIn(3) ? 1 : 0;

    // Mostly inside the memory.
    void Address(int memory, int depth)
    {
        ValType type = _env.Memories[memory].IndexType;
        if (_d.OnceIn(12))
        {
            Expression(type, depth - 1);
            return;
        }
        if (_d.Below(3) == 0)
        {
            ulong end = _env.Memories[memory].Limits.Min << 16;
            // Just below the end of all addresses a sum wraps around.
            ulong top = type == ValType.I64 ? ulong.MaxValue : uint.MaxValue;
            _b.Const(type, (_d.Of((ulong[])[0, 16, 64, 1, end - 8, end - 1, end, end + 65528, top - 3, top - 7, GuardSize, GuardSize + 16]), 0));
            return;
        }
        Expression(type, depth - 1);
        _b.Const(type, (0xFFF8, 0));
        _b.Opcode(type == ValType.I64 ? Op.I64And : Op.I32And);
    }

    void MemoryAccess(Op op, int memory)
    {
        Shape shape = Opcodes.ShapeOf(op);
        ulong end = _env.Memories[memory].Limits.Min << 16;
        ulong offset = _d.Below(8) switch { < 5 => 0, 5 => (ulong)_d.Below(64), 6 => end - 16 + (ulong)_d.Below(20), _ => _d.Of((ulong[])[0x7FFFFFFF, 0xFFFFFFFF, 0x10000, 0x1FFFFFF, 0x2000000, 0xFFFF0000]) };
        // Beyond 4 GiB and the guard, what lies there is somebody else's.
        if (_env.Memories[memory].Limits.Min == ManyPages && _d.OnceIn(3)) offset = _d.Of((ulong[])[0xFFFFFFFF, 0xFFFFFFF0, GuardSize, GuardSize - 8]);
        if (_env.Memories[memory].Is64 && _d.OnceIn(16)) offset = _d.Of((ulong[])[0x100000000, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 8, (1UL << 48) - 8]);
        _b.Operator(new Operator { Op = op, A = (uint)memory, B = (uint)_d.Below(Opcodes.AccessSizeLog2(shape) + 1), Imm = offset, Lane = (byte)_d.Below(Bodies.Lanes(shape)) });
    }

    void Load(ValType type, int depth)
    {
        Op op = _d.Of(_loads.Where(o => Opcodes.SignatureOf(o).Result(0, ValType.I32) == type).ToArray());
        int memory = SomeMemory();
        Address(memory, depth);
        if (Opcodes.SignatureOf(op).OperandCount == 2) Expression(ValType.V128, depth - 1);
        MemoryAccess(op, memory);
    }

    void Select(ValType type, int depth)
    {
        Expression(type, depth - 1);
        Expression(type, depth - 1);
        Expression(ValType.I32, depth - 1);
        if (_d.OnceIn(3)) _b.SelectTyped([type]);
        else _b.Opcode(Op.Select);
    }

    void Tee(ValType type, int depth)
    {
        Expression(type, depth - 1);
        if (SomeLocal(type) is { } local) _b.Indexed(Op.LocalTee, local);
    }

    void BranchIf(ValType type, int depth)
    {
        int[] fit = [.. Enumerable.Range(0, _labels.Count).Where(l => _labels[l] is [var t] && t == type)];
        Expression(type, depth - 1);
        if (fit.Length == 0) return;
        Expression(ValType.I32, depth - 1);
        _b.Indexed(Op.BrIf, Label(_d.Of(fit)));
    }

    void CallFor(ValType type, int depth)
    {
        int[] fit = _isSmall ? [] : [.. Enumerable.Range(0, _functions.Count).Where(f => _functions[f].Results is [var first, ..] && first == type)];
        if (fit.Length == 0)
        {
            if (type.IsRef) _b.Operator(new Operator { Op = Op.RefNull, Heap = type.Heap });
            else Numeric(type, depth);
            return;
        }
        int function = _d.Of(fit);
        Call(function, depth, tail: false);
        for (int i = 1; i < _functions[function].Results.Length; i++) _b.Opcode(Op.Drop);
    }

    void Call(int function, int depth, bool tail)
    {
        FuncType type = _functions[function];
        foreach (ValType parameter in type.Parameters) Expression(parameter, depth - 1);
        switch (_d.Below(5))
        {
            case <= 2:
                _b.Indexed(tail ? Op.ReturnCall : Op.Call, function);
                break;
            case 3:
                // Mostly an element with the right type.
                if (_d.OnceIn(6)) Expression(ValType.I32, depth - 1);
                else _b.I32(function < TableMinimum - 2 ? function : 0);
                _b.Indexed(tail ? Op.ReturnCallIndirect : Op.CallIndirect, TypeIndex(type));
                break;
            default:
                if (_options.References)
                {
                    _b.Indexed(Op.RefFunc, function);
                    _b.Indexed(tail ? Op.ReturnCallRef : Op.CallRef, TypeIndex(type));
                }
                else _b.Indexed(tail ? Op.ReturnCall : Op.Call, function);
                break;
        }
    }

    void Special(ValType type, int depth)
    {
        int memory = SomeMemory();
        if (type == ValType.I32 && _d.Below(2) == 1)
        {
            switch (_d.Below(3))
            {
                case 0:
                    _b.Indexed(Op.TableSize, 0);
                    break;
                case 1:
                    _b.I32(_d.Below(TableMinimum + 1));
                    _b.Indexed(Op.TableGet, 0);
                    _b.Opcode(Op.RefIsNull);
                    break;
                default:
                    _b.Operator(new Operator { Op = Op.RefNull, Heap = HeapType.Func });
                    _b.I32(_d.Below(3));
                    _b.Indexed(Op.TableGrow, 0);
                    break;
            }
        }
        else if (type == _env.Memories[memory].IndexType)
        {
            if (_d.Below(3) < 2) _b.Indexed(Op.MemorySize, memory);
            else
            {
                _b.Const(type, (_d.OnceIn(4) ? 0x10000UL : (ulong)_d.Below(2), 0));
                _b.Indexed(Op.MemoryGrow, memory);
            }
        }
        // The rest of the operands is dead code: the stack is polymorphic.
        else if (_d.OnceIn(3)) Jump(depth);
        else Leaf(type, _d.Below(3));
    }
}
