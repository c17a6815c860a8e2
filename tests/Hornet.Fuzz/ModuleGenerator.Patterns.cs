using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <content>Shapes that chance alone hardly makes: what a compiler merges, moves, keeps in registers or checks once.</content>
public sealed partial class ModuleGenerator
{
    // What is reserved behind the 4 GiB of a memory, and the pages of one that is larger.
    const ulong GuardSize = 32 << 20, ManyPages = 600;

    static readonly Op[] s_narrow32 = [Op.I32Extend8S, Op.I32Extend16S], s_narrow64 = [Op.I64Extend8S, Op.I64Extend16S, Op.I64Extend32S];
    static readonly Op[] s_arithmetic32 = [Op.I32Add, Op.I32Sub, Op.I32And, Op.I32Or, Op.I32Xor, Op.I32LtU, Op.I32Eq];
    static readonly Op[] s_arithmetic64 = [Op.I64Add, Op.I64Sub, Op.I64And, Op.I64Or, Op.I64Xor, Op.I64Mul];

    // A number that is cut and extended several times on its way.
    void Widths(ValType type, int depth)
    {
        bool wide = _d.OnceIn(2);
        Expression(wide ? ValType.I64 : ValType.I32, depth - 1);
        for (int left = 1 + _d.Below(4); left > 0; left--)
        {
            switch (_d.Below(4))
            {
                case 0:
                    Emit(wide ? Op.I32WrapI64 : _d.OnceIn(2) ? Op.I64ExtendI32U : Op.I64ExtendI32S);
                    wide = !wide;
                    break;
                case 1:
                    Emit(_d.Of(wide ? s_narrow64 : s_narrow32));
                    break;
                case 2:
                    _b.Const(wide ? ValType.I64 : ValType.I32, (_d.Of((ulong[])[0xFF, 0xFFFF, 0x7F, 0xFFFFFFFF]), 0));
                    Emit(wide ? Op.I64And : Op.I32And);
                    break;
                default:
                    // Up and down again by as much.
                    int by = _d.Of((int[])[8, 16, 24, 32, 48, 56]);
                    _b.Const(wide ? ValType.I64 : ValType.I32, ((ulong)by, 0));
                    Emit(wide ? Op.I64Shl : Op.I32Shl);
                    _b.Const(wide ? ValType.I64 : ValType.I32, ((ulong)by, 0));
                    Emit(_d.OnceIn(2) ? wide ? Op.I64ShrU : Op.I32ShrU : wide ? Op.I64ShrS : Op.I32ShrS);
                    break;
            }
        }
        if (type == ValType.I64 && !wide) Emit(_d.OnceIn(2) ? Op.I64ExtendI32U : Op.I64ExtendI32S);
        if (type == ValType.I32 && wide) Emit(Op.I32WrapI64);
    }

    // One operand waits on the stack while something else happens.
    void Interrupted(ValType type, int depth)
    {
        Expression(type, depth - 1);
        Statement(depth - 1);
        if (type != ValType.I32 && type != ValType.I64) return;
        Expression(type, depth - 2);
        Emit(_d.Of(type == ValType.I32 ? s_arithmetic32 : s_arithmetic64));
    }

    // Loads and stores of the same few places, with other stores and calls between, and values that wait meanwhile.
    void Traffic(int depth)
    {
        int memory = SomeMemory();
        ValType index = _env.Memories[memory].IndexType;
        int address = Temporary(index);
        Address(memory, depth - 2);
        _b.Indexed(Op.LocalSet, address);
        List<ValType> waiting = [];
        for (int left = 2 + _d.Below(5); left > 0 && _budget > 0; left--)
        {
            _budget--;
            ValType type = _d.OnceIn(2) ? ValType.I64 : ValType.I32;
            switch (_d.Below(6))
            {
                case 0 or 1:
                    Place();
                    Access(type, store: false);
                    waiting.Add(type);
                    break;
                case 2 or 3:
                    Place();
                    Leaf(type, _d.Below(3));
                    Access(type, store: true);
                    break;
                case 4:
                    // Read, changed and written back.
                    Place();
                    Place();
                    Access(type, store: false);
                    Leaf(type, _d.Below(3));
                    Emit(_d.Of(type == ValType.I32 ? s_arithmetic32[..5] : s_arithmetic64[..5]));
                    Access(type, store: true);
                    break;
                default:
                    Statement(Math.Min(depth - 1, 1));
                    break;
            }
        }
        for (int i = waiting.Count - 1; i >= 0; i--)
        {
            ValType type = waiting[i];
            if (SomeLocal(type) is { } local && _d.Below(4) > 0)
            {
                _b.Indexed(Op.LocalGet, local);
                Emit(_d.Of(type == ValType.I32 ? s_arithmetic32 : s_arithmetic64[..5]));
            }
            Bind([type]);
        }

        void Place()
        {
            _b.Indexed(Op.LocalGet, address);
            if (!_d.OnceIn(4)) return;
            _b.Const(index, ((ulong)_d.Below(3) * 4, 0));
            Emit(index == ValType.I64 ? Op.I64Add : Op.I32Add);
        }

        void Access(ValType type, bool store)
        {
            Op[] fit = [.. (store ? _stores : _loads).Where(o => Opcodes.SignatureOf(o) is { } s && (store ? s.Operand(1, index) : s.Result(0, index)) == type)];
            Op op = _d.Below(3) < 2 ? store ? type == ValType.I32 ? Op.I32Store : Op.I64Store : type == ValType.I32 ? Op.I32Load : Op.I64Load : _d.Of(fit);
            _b.Operator(new Operator { Op = op, A = (uint)memory, Imm = (ulong)_d.Below(3) * 4 });
        }
    }

    // One of the operators on memory that many threads may use, and its operands; mostly aligned. Leaves a result, where there is one.
    Op Atomic(ValType? result, int depth)
    {
        Op[] fit = [.. _atomics.Where(o => Opcodes.SignatureOf(o) is var s && (result is { } r ? s.ResultCount == 1 && s.Result(0, ValType.I32) == r : s.ResultCount == 0))];
        Op op = _d.Of(fit);
        int memory = SomeMemory(), log2 = Opcodes.AccessSizeLog2(Opcodes.ShapeOf(op));
        ValType address = _env.Memories[memory].IndexType;
        Signature signature = Opcodes.SignatureOf(op);
        Address(memory, depth);
        ulong offset = 0;
        if (!_d.OnceIn(16))
        {
            _b.Const(address, (~0UL << log2 & (address == ValType.I64 ? ulong.MaxValue : uint.MaxValue), 0));
            Emit(address == ValType.I64 ? Op.I64And : Op.I32And);
            offset = (ulong)_d.Below(4) << log2;
        }
        else if (_d.OnceIn(2)) offset = (ulong)_d.Below(16);
        for (int i = 1; i < signature.OperandCount; i++)
        {
            // Nobody would wake who waits longer.
            bool limit = op is Op.MemoryAtomicWait32 or Op.MemoryAtomicWait64 && i == 2;
            if (limit) _b.Const(ValType.I64, default);
            else Expression(signature.Operand(i, address), depth - 1);
        }
        _b.Operator(new Operator { Op = op, A = (uint)memory, B = (uint)log2, Imm = offset });
        return op;
    }

    // Exports what a memory holds as a number: Wasmtime's package does not hand out shared memories.
    void Digest()
    {
        FuncType type = new([], [ValType.I64]);
        int function = _functions.Count;
        _env.Functions.Add(TypeIndex(type));
        _env.Exports.Add(new("every.digest", ExternKind.Func, function));
        bool wide = _env.Memories[0].Is64;
        ValType index = wide ? ValType.I64 : ValType.I32;
        _b.Clear();
        // locals: 0 the address, 1 the sum
        _b.Operator(new Operator { Op = Op.Loop, BlockType = BlockType.Empty });
        _b.Indexed(Op.LocalGet, 1);
        _b.Indexed(Op.LocalGet, 0);
        _b.Operator(new Operator { Op = Op.I64Load });
        Emit(Op.I64Xor);
        _b.Const(ValType.I64, (1099511628211, 0));
        Emit(Op.I64Mul);
        _b.Indexed(Op.LocalSet, 1);
        _b.Indexed(Op.LocalGet, 0);
        _b.Const(index, (8, 0));
        Emit(wide ? Op.I64Add : Op.I32Add);
        _b.Indexed(Op.LocalTee, 0);
        _b.Indexed(Op.MemorySize, 0);
        _b.Const(index, (16, 0));
        Emit(wide ? Op.I64Shl : Op.I32Shl);
        Emit(wide ? Op.I64LtU : Op.I32LtU);
        _b.Indexed(Op.BrIf, 0);
        _b.Opcode(Op.End);
        _b.Indexed(Op.LocalGet, 1);
        _env.Bodies.Add(new(_source.Body([index, ValType.I64], _b.Written)));
    }
}
