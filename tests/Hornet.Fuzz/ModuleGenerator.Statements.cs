using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Fuzz;

public sealed partial class ModuleGenerator
{
    void Statements(int depth)
    {
        for (int left = _d.Below(6); left > 0 && _budget > 0; left--) Statement(depth);
    }

    // Leaves the stack as it is.
    void Statement(int depth)
    {
        _budget--;
        switch (_d.Below(19))
        {
            case <= 2: Assign(depth); break;
            case <= 5: Store(depth); break;
            case <= 7 when depth > 0:
                ValType[] results = SomeTypes(3);
                Block(results, depth);
                Bind(results);
                break;
            case 8 when depth > 0: Loop(depth); break;
            case 9 when !_isSmall:
                int function = _d.Below(_functions.Count);
                Call(function, depth, tail: false);
                Bind(_functions[function].Results);
                break;
            case 10: ConditionalJump(depth); break;
            case 11: BranchOut(depth); break;
            case 12: BulkMemory(depth); break;
            case 13: TableStatement(depth); break;
            case 14 when _options.Gc && _d.Below(4) > 0: ReferenceStatement(depth); break;
            case 14: Wide(depth); break;
            case 15 or 16: Traffic(depth); break;
            case 17 when _options.Threads:
                ValType? result = _d.Of((ValType?[])[null, ValType.I32, ValType.I64]);
                Atomic(result, depth);
                if (result is not null) _b.Opcode(Op.Drop);
                break;
            default:
                Expression(SomeType(), depth - 1);
                _b.Opcode(Op.Drop);
                break;
        }
    }

    void Assign(int depth)
    {
        ValType type = SomeType();
        Expression(type, depth - 1);
        if (_d.Below(3) < 2 && SomeLocal(type) is { } local) _b.Indexed(Op.LocalSet, local);
        else _b.Indexed(Op.GlobalSet, GlobalOf(type));
    }

    // Takes values from the stack, the last first.
    void Bind(ReadOnlySpan<ValType> types)
    {
        for (int i = types.Length - 1; i >= 0; i--)
        {
            if (SomeLocal(types[i].IsRef ? types[i].AsNullable() : types[i]) is { } local && !_d.OnceIn(4)) _b.Indexed(Op.LocalSet, local);
            else if (_d.OnceIn(2)) _b.Indexed(Op.GlobalSet, GlobalOf(types[i].IsRef ? types[i].AsNullable() : types[i]));
            else _b.Opcode(Op.Drop);
        }
    }

    void Store(int depth)
    {
        Op op = _d.Of(_stores);
        int memory = SomeMemory();
        Address(memory, depth);
        Expression(Opcodes.SignatureOf(op).Operand(1, ValType.I32), depth - 1);
        MemoryAccess(op, memory);
    }

    // block, if or loop with these results.
    void Block(ValType[] results, int depth)
    {
        if (_options.Exceptions && _d.OnceIn(3))
        {
            Try(results, depth);
            return;
        }
        Op op = _d.Of((Op[])[Op.Block, Op.If, Op.Loop]);
        ValType[] parameters = _d.OnceIn(3) ? SomeTypes(3) : [];
        foreach (ValType parameter in parameters) Expression(parameter, depth - 1);
        if (op == Op.If) Expression(ValType.I32, depth - 1);
        _b.Operator(new Operator { Op = op, BlockType = BlockTypeOf(parameters, results) });
        _labels.Add(op == Op.Loop ? parameters : results);
        if (op == Op.Loop) Charge();
        Arm();
        if (op == Op.If && (parameters.Length > 0 || results.Length > 0 || _d.OnceIn(2)))
        {
            _b.Opcode(Op.Else);
            Arm();
        }
        _b.Opcode(Op.End);
        _labels.RemoveAt(_labels.Count - 1);

        void Arm()
        {
            Bind(parameters);
            Statements(depth - 1);
            foreach (ValType result in results) Expression(result, depth - 1);
        }
    }

    // A loop that counts down, with values below it on the stack that it must not touch.
    void Loop(int depth)
    {
        int counter = NewLocal(ValType.I32);
        _counters.Add(counter);
        ValType[] below = _d.OnceIn(3) ? SomeTypes(4) : [];
        foreach (ValType type in below) Expression(type, depth - 2);
        ValType[] parameters = _d.OnceIn(3) ? SomeTypes(3) : [];
        _b.I32(1 + _d.Below(9));
        _b.Indexed(Op.LocalSet, counter);
        foreach (ValType parameter in parameters) Expression(parameter, depth - 1);
        _b.Operator(new Operator { Op = Op.Loop, BlockType = BlockTypeOf(parameters, []) });
        _labels.Add(parameters);
        Charge();
        Bind(parameters);
        Statements(depth - 1);
        foreach (ValType parameter in parameters) Expression(parameter, depth - 1);
        _b.Indexed(Op.LocalGet, counter);
        _b.I32(1);
        _b.Opcode(Op.I32Sub);
        _b.Indexed(Op.LocalTee, counter);
        _b.Indexed(Op.BrIf, 0);
        foreach (ValType _ in parameters) _b.Opcode(Op.Drop);
        _b.Opcode(Op.End);
        _labels.RemoveAt(_labels.Count - 1);
        Bind(below);
    }

    void ConditionalJump(int depth)
    {
        Expression(ValType.I32, depth - 1);
        _b.Operator(new Operator { Op = Op.If, BlockType = BlockType.Empty });
        _labels.Add([]);
        Jump(depth);
        if (_d.OnceIn(6)) Statements(depth - 1);
        _b.Opcode(Op.End);
        _labels.RemoveAt(_labels.Count - 1);
    }

    void BranchOut(int depth)
    {
        int label = _d.Below(_labels.Count);
        foreach (ValType type in _labels[label]) Expression(type, depth - 1);
        Expression(ValType.I32, depth - 1);
        _b.Indexed(Op.BrIf, Label(label));
        Bind(_labels[label]);
    }

    // Goes away from here.
    void Jump(int depth)
    {
        if (_options.Exceptions && _d.OnceIn(4))
        {
            Throw(depth);
            return;
        }
        int label = _d.Below(_labels.Count);
        ValType[] carried = _labels[label];
        switch (_d.Below(6))
        {
            case 0 or 1:
                foreach (ValType type in carried) Expression(type, depth - 1);
                _b.Indexed(Op.Br, Label(label));
                break;
            case 2 or 3:
                int[] alike = [.. Enumerable.Range(0, _labels.Count).Where(l => _labels[l].AsSpan().SequenceEqual(carried))];
                uint[] targets = new uint[_d.Below(6)];
                for (int i = 0; i < targets.Length; i++) targets[i] = (uint)Label(_d.Of(alike));
                foreach (ValType type in carried) Expression(type, depth - 1);
                Expression(ValType.I32, depth - 1);
                _b.BrTable(targets, (uint)Label(label));
                break;
            case 4:
                int[] fit = _isSmall ? [] : [.. Enumerable.Range(0, _functions.Count).Where(f => _functions[f].Results.SequenceEqual(_current.Results))];
                if (fit.Length > 0 && _options.TailCalls) Call(_d.Of(fit), depth, tail: true);
                else _b.Opcode(Op.Unreachable);
                break;
            default:
                foreach (ValType type in _current.Results) Expression(type, depth - 1);
                _b.Opcode(Op.Return);
                break;
        }
    }

    // Mostly short stretches.
    void Length(ValType type, int depth)
    {
        if (_d.Below(3) < 2)
        {
            _b.Const(type, ((ulong)_d.Of((int[])[0, 1, 8, 17, 40, 64, 300, 65536]), 0));
            return;
        }
        Expression(type, depth - 1);
        _b.Const(type, (0xFF, 0));
        _b.Opcode(type == ValType.I64 ? Op.I64And : Op.I32And);
    }

    void BulkMemory(int depth)
    {
        int memory = SomeMemory();
        ValType address = _env.Memories[memory].IndexType;
        Address(memory, depth);
        switch (_d.Below(4))
        {
            case 0:
                Expression(ValType.I32, depth - 1);
                Length(address, depth);
                _b.Indexed(Op.MemoryFill, memory);
                break;
            case 1:
                int from = SomeMemory();
                ValType other = _env.Memories[from].IndexType;
                Address(from, depth);
                Length(address == ValType.I64 && other == ValType.I64 ? ValType.I64 : ValType.I32, depth);
                _b.Indexed(Op.MemoryCopy, memory, from);
                break;
            case 2:
                _b.I32(_d.Of((int[])[0, 1, 39, 40, 41]));
                Length(ValType.I32, depth);
                _b.Indexed(Op.MemoryInit, 1, memory);
                break;
            default:
                _b.Opcode(Op.Drop);
                if (_d.OnceIn(3)) _b.Indexed(Op.DataDrop, 1);
                break;
        }
    }

    void TableStatement(int depth)
    {
        switch (_d.Below(5))
        {
            case 0:
                _b.I32(_d.Below(TableMinimum + 2));
                _b.Indexed(Op.RefFunc, _d.Below(_functions.Count));
                _b.Indexed(Op.TableSet, 0);
                break;
            case 1:
                _b.I32(_d.Below(TableMinimum));
                _b.I32(_d.Below(TableMinimum));
                _b.I32(_d.Below(5));
                _b.Indexed(Op.TableCopy, 0);
                break;
            case 2:
                _b.I32(_d.Below(TableMinimum));
                _b.Operator(new Operator { Op = Op.RefNull, Heap = HeapType.Func });
                _b.I32(_d.Below(4));
                _b.Indexed(Op.TableFill, 0);
                break;
            case 3:
                _b.I32(_d.Below(TableMinimum + 1));
                _b.I32(_d.Below(PassiveElements));
                _b.I32(_d.Below(PassiveElements + 2));
                _b.Indexed(Op.TableInit, 1);
                break;
            default:
                _b.Indexed(Op.ElemDrop, 1);
                break;
        }
    }

    // Operators with two results.
    void Wide(int depth)
    {
        Op op = _d.Of(_wide);
        Signature signature = Opcodes.SignatureOf(op);
        for (int i = 0; i < signature.OperandCount; i++) Expression(signature.Operand(i, ValType.I32), depth - 1);
        _b.Opcode(op);
        Bind([signature.Result(0, ValType.I32), signature.Result(1, ValType.I32)]);
    }
}
