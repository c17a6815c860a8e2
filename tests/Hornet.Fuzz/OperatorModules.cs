using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>
/// A module for each operator of the table that computes, loads or stores: the operator with operands from parameters, from
/// constants, from memory, and with its result as a condition. Exports called `every...` are called with
/// all combinations of edge values, `edge...` with some.
/// </summary>
public static class OperatorModules
{
    const int ConstantsPerOperand = 40;

    /// <summary>Every operator that there is a module for.</summary>
    public static IReadOnlyList<Op> All { get; } =
    [
        .. Opcodes.All.ToArray().Select(o => (Op)o)
            .Where(o => Opcodes.ClassOf(o) is OpClass.Numeric or OpClass.Trapping or OpClass.Load or OpClass.Store or OpClass.Atomic && !Opcodes.SignatureOf(o).ByContext && o != Op.AtomicFence),
    ];

    public static byte[] Module(Op op, bool memory64 = false) => new Writer(op, memory64).Module();

    sealed class Writer(Op op, bool memory64)
    {
        readonly ByteBuffer _source = new();
        readonly ModuleEnvironment _env = new();
        readonly ValType _address = memory64 ? ValType.I64 : ValType.I32;
        readonly Signature _signature = Opcodes.SignatureOf(op);
        readonly Shape _shape = Opcodes.ShapeOf(op);

        public byte[] Module()
        {
            _env.Memories.Add(new(new(1, 1), memory64));
            _env.Exports.Add(new("m0", ExternKind.Memory, 0));
            ValType[] operands = [.. Enumerable.Range(0, _signature.OperandCount).Select(i => _signature.Operand(i, _address))];
            ValType[] results = [.. Enumerable.Range(0, _signature.ResultCount).Select(i => _signature.Result(i, _address))];
            int variants = Opcodes.AccessSizeLog2(_shape) >= 0 ? s_offsets.Length : _shape == Shape.Shuffle ? 4 : Bodies.Lanes(_shape);
            for (int v = 0; v < variants; v++)
            {
                Operator o = Immediates(v);
                Add("every", operands, results, b => Plain(b, operands, o));
                if (results is [var only] && only == ValType.I32) Add("every.if", operands, results, b => Conditions(b, operands, o));
                if (v > 0) continue;
                for (int i = 0; i < operands.Length; i++)
                {
                    int at = i;
                    foreach ((ulong, ulong) value in EdgeValues.Of(operands[i]).Take(ConstantsPerOperand))
                        Add("edge", [.. operands.Where((_, k) => k != at)], results, b => WithConstant(b, operands, o, at, value));
                }
                if (operands.Length > 0 && !memory64) Add("every.memory", [.. operands[..^1], ValType.I32], results, b => FromMemory(b, operands, o));
            }
            byte[] data = new byte[16 * 40];
            if (operands.Length > 0)
            {
                (ulong Low, ulong High)[] edges = EdgeValues.Of(operands[^1]);
                for (int i = 0; i < 40; i++)
                {
                    BitConverter.TryWriteBytes(data.AsSpan(16 * i), edges[i % edges.Length].Low);
                    BitConverter.TryWriteBytes(data.AsSpan(16 * i + 8), edges[i % edges.Length].High);
                }
            }
            _env.Datas.Add(new(SegmentMode.Active, 0, _source.ConstExpr(_address, default), _source.Gather(b => b.Append(data))));
            return ModuleWriter.Encode(_env, _source.ToArray());
        }

        static readonly ulong[] s_offsets = [0, 1, 8, 65528, 65535, 0x7FFFFFFF, 0xFFFFFFFF];

        Operator Immediates(int variant)
        {
            Operator o = new() { Op = op, Lane = (byte)(variant % Bodies.Lanes(_shape)) };
            if (Opcodes.AccessSizeLog2(_shape) is >= 0 and var log2)
            {
                o.Imm = s_offsets[variant];
                if (Opcodes.ClassOf(op) == OpClass.Atomic) o.B = (uint)log2;
            }
            if (_shape == Shape.Shuffle)
            {
                ulong[] low = [0x0706050403020100, 0x1303120211011000, 0x1F1F1F1F1F1F1F1F, 0x0B1C0D02111E0F07], high = [0x0F0E0D0C0B0A0908, 0x1707160615051404, 0x1F1F1F1F1F1F1F1F, 0x0010011F1E020A15];
                (o.Imm, o.ImmHigh) = (low[variant], high[variant]);
            }
            return o;
        }

        void Add(string name, ValType[] parameters, ValType[] results, Action<ByteBuffer> write)
        {
            int index = _env.Functions.Count;
            _env.Types.Add(new FuncType(parameters, results));
            _env.RecGroupStart.Add(index);
            _env.Functions.Add(index);
            _env.Exports.Add(new($"{name}.{index}", ExternKind.Func, index));
            ByteBuffer code = new();
            write(code);
            // One local to make NaNs canonical in, behind the parameters.
            if (results.Length == 1 && Bodies.FreeNaN(op) is { } shape) code.CanonicalNaN(shape, parameters.Length);
            _env.Bodies.Add(new(_source.Body([results.Length > 0 ? results[0] : ValType.I32], code.Written)));
        }

        static void Plain(ByteBuffer b, ValType[] operands, Operator o)
        {
            for (int i = 0; i < operands.Length; i++) b.Indexed(Op.LocalGet, i);
            b.Operator(o);
        }

        // As the condition of if, select and br_if.
        static void Conditions(ByteBuffer b, ValType[] operands, Operator o)
        {
            Plain(b, operands, o);
            b.Operator(new Operator { Op = Op.If, BlockType = BlockType.Of(ValType.I32) });
            b.I32(10);
            b.Opcode(Op.Else);
            b.I32(20);
            b.Opcode(Op.End);
            b.I32(1);
            b.I32(2);
            Plain(b, operands, o);
            b.Opcode(Op.Select);
            b.Opcode(Op.I32Add);
            b.Operator(new Operator { Op = Op.Block, BlockType = BlockType.Of(ValType.I32) });
            b.I32(100);
            Plain(b, operands, o);
            b.Indexed(Op.BrIf, 0);
            b.Opcode(Op.Drop);
            b.I32(200);
            b.Opcode(Op.End);
            b.Opcode(Op.I32Add);
            // The condition the other way round.
            b.Operator(new Operator { Op = Op.Block, BlockType = BlockType.Of(ValType.I32) });
            b.I32(1000);
            Plain(b, operands, o);
            b.Opcode(Op.I32Eqz);
            b.Indexed(Op.BrIf, 0);
            b.Opcode(Op.Drop);
            b.I32(2000);
            b.Opcode(Op.End);
            b.Opcode(Op.I32Add);
        }

        static void WithConstant(ByteBuffer b, ValType[] operands, Operator o, int at, (ulong, ulong) value)
        {
            int parameter = 0;
            for (int i = 0; i < operands.Length; i++)
            {
                if (i == at) b.Const(operands[i], value);
                else b.Indexed(Op.LocalGet, parameter++);
            }
            b.Operator(o);
        }

        // The last operand is loaded from the edge values in memory.
        static void FromMemory(ByteBuffer b, ValType[] operands, Operator o)
        {
            for (int i = 0; i < operands.Length - 1; i++) b.Indexed(Op.LocalGet, i);
            b.Indexed(Op.LocalGet, operands.Length - 1);
            b.I32(31);
            b.Opcode(Op.I32And);
            b.I32(4);
            b.Opcode(Op.I32Shl);
            ValType last = operands[^1];
            b.Opcode(last == ValType.I32 ? Op.I32Load : last == ValType.I64 ? Op.I64Load : last == ValType.F32 ? Op.F32Load : last == ValType.F64 ? Op.F64Load : Op.V128Load);
            b.Byte(0);
            b.Byte(0);
            b.Operator(o);
        }
    }
}
