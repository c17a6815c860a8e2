using System.Runtime.CompilerServices;

namespace Hornet.Compiler.Ir;

/// <summary>How an interpreted call ended: with results, or with a trap.</summary>
internal readonly record struct IrOutcome(TrapCode Trap, UInt128[] Results);

/// <summary>Executes IR directly, slowly and literally: the oracle of tests. Loads and stores touch real memory, so a test hands
/// the same buffer to the interpreter and to the machine code.</summary>
internal sealed unsafe class IrInterpreter
{
    private readonly Function _function;
    private readonly UInt128[] _values;
    private readonly byte[] _slots;
    private readonly int[] _slotOffsets;
    private UInt128[]? _callResults;

    private IrInterpreter(Function function)
    {
        _function = function;
        _values = new UInt128[function.Values.Count];
        _slotOffsets = new int[function.StackSlots.Count];
        int size = 0;
        for (int i = 0; i < _slotOffsets.Length; i++)
        {
            _slotOffsets[i] = size;
            size += function.StackSlots[i].Size + 15 & ~15;
        }
        _slots = GC.AllocateArray<byte>(size + 16, pinned: true);
    }

    /// <summary>Answers a call of a symbol (or of an address, for indirect calls).</summary>
    public Func<long, UInt128[], IrOutcome> Callee { get; init; } = (_, _) => new IrOutcome(TrapCode.None, []);

    public ulong VmContext { get; init; }

    /// <summary>Runs a function; after <paramref name="fuel"/> instructions it gives up with <c>user239</c>.</summary>
    public static IrOutcome Run(Function function, ReadOnlySpan<UInt128> args, ulong vmContext = 0, Func<long, UInt128[], IrOutcome>? callee = null, int fuel = 1_000_000)
    {
        var interpreter = new IrInterpreter(function) { VmContext = vmContext, Callee = callee ?? ((_, _) => new IrOutcome(TrapCode.None, [])) };
        return interpreter.Execute(args, fuel);
    }

    private UInt128 this[Value value] => _values[_function.Resolve(value).Index];

    private IrOutcome Execute(ReadOnlySpan<UInt128> args, int fuel)
    {
        Block block = _function.Entry;
        ReadOnlySpan<int> parameters = _function.Params(block);
        for (int i = 0; i < parameters.Length; i++) _values[parameters[i]] = args[i];
        Inst inst = _function[block].First;
        while (true)
        {
            if (--fuel < 0) return new IrOutcome(TrapCode.User(239), []);
            ref InstData data = ref _function[inst];
            if (data.Op.IsTerminator())
            {
                ListRef target;
                switch (data.Op)
                {
                    case Opcode.Jump: target = data.List; break;
                    case Opcode.Brif: target = this[data.A] != 0 ? data.List : data.List2; break;
                    case Opcode.BrTable:
                        int last = _function.TargetCount(data) - 1;
                        target = _function.GetTarget(data, (int)Math.Min((ulong)this[data.A], (ulong)last));
                        break;
                    case Opcode.Trap: return new IrOutcome(data.Mem.Trap, []);
                    case Opcode.Return: return new IrOutcome(TrapCode.None, Arguments(data.List));
                    default:
                        IrOutcome outcome = Call(data);
                        if (outcome.Trap != TrapCode.None || data.Op.Has(OpFlags.Return)) return outcome;
                        _callResults = outcome.Results;
                        target = data.List3;
                        break;
                }
                inst = Enter(target);
                continue;
            }
            TrapCode trap = data.Op.IsCall() ? ExecuteCall(inst, data) : Step(inst, data);
            if (trap != TrapCode.None) return new IrOutcome(trap, []);
            inst = _function.Link(inst).Next;
        }
    }

    private Inst Enter(ListRef target)
    {
        Block block = _function.TargetBlock(target);
        ReadOnlySpan<int> args = _function.TargetArgs(target), parameters = _function.Params(block);
        Span<UInt128> moved = args.Length <= 64 ? stackalloc UInt128[args.Length] : new UInt128[args.Length];
        for (int i = 0; i < args.Length; i++) moved[i] = args[i] < 0 ? _callResults![-2 - args[i]] : this[new Value(args[i])];
        for (int i = 0; i < args.Length; i++) _values[parameters[i]] = moved[i];
        return _function[block].First;
    }

    private UInt128[] Arguments(ListRef list)
    {
        int[] args = _function.Lists.Get(list).ToArray();
        return Array.ConvertAll(args, arg => this[new Value(arg)]);
    }

    private IrOutcome Call(in InstData data) =>
        data.Op.Format() == InstFormat.Call
            ? Callee(_function.Functions[(int)data.Imm].Symbol, Arguments(data.List))
            : Callee((long)(ulong)this[data.A], Arguments(data.List));

    private TrapCode ExecuteCall(Inst inst, in InstData data)
    {
        IrOutcome outcome = Call(data);
        for (int i = 0; i < outcome.Results.Length; i++) _values[_function.Result(inst).Index + i] = outcome.Results[i];
        return outcome.Trap;
    }

    private TrapCode Step(Inst inst, in InstData data)
    {
        UInt128 result = 0;
        TrapCode trap = TrapCode.None;
        ulong address = data.Op.Format() is InstFormat.Load or InstFormat.AtomicCas or InstFormat.AtomicRmw ? (ulong)this[data.A] + (ulong)data.Imm : 0;
        switch (data.Op)
        {
            case Opcode.Iconst when data.Type == IrType.I128: result = (UInt128)(Int128)data.Imm; break;
            case Opcode.Iconst or Opcode.F32const or Opcode.F64const: result = (ulong)data.Imm; break;
            case Opcode.Vconst: result = _function.Vectors[(int)data.Imm]; break;
            case Opcode.VmContext: result = VmContext; break;
            case Opcode.StackAddr:
                result = (ulong)Unsafe.AsPointer(ref _slots[_slotOffsets[(int)(data.Imm >> 32)]]) + (ulong)(int)data.Imm;
                break;
            case Opcode.Select or Opcode.SelectGuard: result = this[data.A] != 0 ? this[data.B] : this[data.C]; break;
            case Opcode.Icmp when data.Type == IrType.I128: result = WideEvaluate.Icmp(data.IntCC, this[data.A], this[data.B]) ? 1u : 0u; break;
            case Opcode.Icmp when !data.IsVector: result = Evaluate.Icmp(data.IntCC, data.Type, (ulong)this[data.A], (ulong)this[data.B]) ? 1u : 0u; break;
            case Opcode.Fcmp when !data.IsVector: result = Evaluate.Fcmp(data.FloatCC, data.Type, (ulong)this[data.A], (ulong)this[data.B]) ? 1u : 0u; break;
            case Opcode.Trapz: return this[data.A] == 0 ? data.Mem.Trap : TrapCode.None;
            case Opcode.Trapnz: return this[data.A] != 0 ? data.Mem.Trap : TrapCode.None;
            case Opcode.Fence or Opcode.Debugtrap: break;
            case Opcode.Bitcast or Opcode.RefAddr: result = this[data.A]; break;
            case Opcode.AtomicRmw:
                ulong old = Read(address, data.Type.Bytes());
                Write(address, data.Type.Bytes(), Apply(data.AtomicOp, old, (ulong)this[data.B]));
                result = old;
                break;
            case Opcode.AtomicCas:
                old = Read(address, data.Type.Bytes());
                if (old == (ulong)this[data.B]) Write(address, data.Type.Bytes(), (ulong)this[data.C]);
                result = old;
                break;
            default:
                if (data.Op.Format() == InstFormat.Store) Store(data);
                else if (data.Op.Has(OpFlags.Load)) result = Load(data, address);
                else if (data.Type == IrType.I128 || (data.Op == Opcode.Ireduce && _function.TypeOf(_function.Resolve(data.A)) == IrType.I128))
                    result = WideEvaluate.Step(data, _function.TypeOf(_function.Resolve(data.A)), this[data.A], data.B.IsNone ? 0 : this[data.B]);
                else if (data.IsVector) result = VectorEvaluate.Step(data, this[data.A], data.B.IsNone ? 0 : this[data.B], data.C.IsNone ? 0 : this[data.C], data.Op == Opcode.Shuffle ? _function.Vectors[(int)data.Imm] : 0);
                else
                {
                    ulong a = (ulong)this[data.A];
                    Evaluate.Outcome outcome = data.B.IsNone
                        ? Evaluate.Unary(data.Op, data.Type, _function.TypeOf(_function.Resolve(data.A)), a, out ulong scalar, out trap)
                        : Evaluate.Binary(data.Op, data.Type, a, (ulong)this[data.B], out scalar, out trap);
                    if (outcome == Evaluate.Outcome.Unknown) throw new NotSupportedException($"interpreting {data.Op.Name()}");
                    result = scalar;
                }
                break;
        }
        if (!_function.Result(inst).IsNone) _values[_function.Result(inst).Index] = result;
        return trap;
    }

    private static ulong Apply(AtomicOp op, ulong old, ulong value) => op switch
    {
        AtomicOp.Add => old + value,
        AtomicOp.Sub => old - value,
        AtomicOp.And => old & value,
        AtomicOp.Or => old | value,
        AtomicOp.Xor => old ^ value,
        _ => value,
    };

    private UInt128 Load(in InstData data, ulong address) => data.Op switch
    {
        Opcode.Load or Opcode.AtomicLoad when data.Type.Bytes() == 16 => Unsafe.ReadUnaligned<UInt128>((void*)address),
        Opcode.Load or Opcode.AtomicLoad => Read(address, data.Type.Bytes()),
        Opcode.Uload8 => Read(address, 1),
        Opcode.Uload16 => Read(address, 2),
        Opcode.Uload32 => Read(address, 4),
        Opcode.Sload8 => SignExtended(address, 1, data.Type),
        Opcode.Sload16 => SignExtended(address, 2, data.Type),
        Opcode.Sload32 => SignExtended(address, 4, data.Type),
        _ => VectorEvaluate.Load(data, address),
    };

    private static UInt128 SignExtended(ulong address, int bytes, IrType type)
    {
        long value = Evaluate.SignExtend(Read(address, bytes), 8 * bytes);
        return type == IrType.I128 ? (UInt128)(Int128)value : (ulong)value & type.Mask();
    }

    private void Store(in InstData data)
    {
        ulong address = (ulong)this[data.B] + (ulong)data.Imm;
        UInt128 value = this[data.A];
        int bytes = data.Op switch
        {
            Opcode.Store8 => 1,
            Opcode.Store16 => 2,
            Opcode.Store32 => 4,
            _ => data.Type.Bytes(),
        };
        if (bytes == 16) Unsafe.WriteUnaligned((void*)address, value);
        else Write(address, bytes, (ulong)value);
    }

    private static ulong Read(ulong address, int bytes) => bytes switch
    {
        1 => *(byte*)address,
        2 => Unsafe.ReadUnaligned<ushort>((void*)address),
        4 => Unsafe.ReadUnaligned<uint>((void*)address),
        _ => Unsafe.ReadUnaligned<ulong>((void*)address),
    };

    private static void Write(ulong address, int bytes, ulong value)
    {
        if (bytes == 1) *(byte*)address = (byte)value;
        else if (bytes == 2) Unsafe.WriteUnaligned((void*)address, (ushort)value);
        else if (bytes == 4) Unsafe.WriteUnaligned((void*)address, (uint)value);
        else Unsafe.WriteUnaligned((void*)address, value);
    }
}
