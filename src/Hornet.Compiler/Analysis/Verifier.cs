using Hornet.Compiler.Ir;

namespace Hornet.Compiler.Analysis;

/// <summary>A pass or a frontend built something that is no function: our bug.</summary>
internal sealed class VerifierException(string message) : InvalidOperationException(message);

/// <summary>Checks structure (terminators, targets, arguments), types, and that definitions dominate uses.</summary>
internal sealed class Verifier
{
    private readonly Function _function;
    private readonly ControlFlow _flow = new();
    private readonly int[] _position;
    private Inst _inst = Inst.None;

    private Verifier(Function function)
    {
        _function = function;
        _position = new int[function.Insts.Count];
    }

    /// <summary>Throws <see cref="VerifierException"/> with the first fault found.</summary>
    public static void Check(Function function) => new Verifier(function).CheckFunction();

    private void CheckFunction()
    {
        if (_function.Entry.IsNone) throw new VerifierException("no entry block");
        CheckSites();
        int position = 0;
        for (Block block = _function.FirstBlock; !block.IsNone; block = _function[block].Next)
        {
            if (_function[block].Last.IsNone) throw new VerifierException($"{block} is empty");
            for (_inst = _function[block].First; !_inst.IsNone; _inst = _function.Link(_inst).Next)
            {
                _position[_inst.Index] = ++position;
                bool last = _inst == _function[block].Last;
                if (_function[_inst].Op.IsTerminator() != last) throw Fault("a terminator must be the last instruction, and only that");
                CheckTargets(_function[_inst]);
                if (_function.Link(_inst).Source >= _function.SourceEnd) throw Fault("its position lies behind all source");
            }
        }
        ReadOnlySpan<int> parameters = _function.Params(_function.Entry);
        if (parameters.Length != _function.Signature.Params.Length) throw new VerifierException("the entry block's parameters are not the signature's");
        for (int i = 0; i < parameters.Length; i++)
            if (_function.TypeOf(new Value(parameters[i])) != _function.Signature.Params[i])
                throw new VerifierException($"entry parameter {i} has the wrong type");
        _flow.Compute(_function);
        if (_flow.Preds(_function.Entry).Length > 0) throw new VerifierException("the entry block has predecessors");
        foreach (int block in _flow.Order)
            for (_inst = _function[new Block(block)].First; !_inst.IsNone; _inst = _function.Link(_inst).Next)
            {
                Verifier self = this;
                _function.ForEachUse(_inst, ref self, static (Value value, ref Verifier verifier) => verifier.CheckUse(value));
                CheckTypes(_function[_inst]);
            }
    }

    // Sites follow each other, and a call lies before what is inlined for it: so walking outwards ends.
    private void CheckSites()
    {
        int last = 0;
        for (int i = 0; i < _function.InlineSites.Count; i++)
        {
            InlineSiteData site = _function.InlineSites[i];
            if (site.Base < last || site.Base >= _function.SourceEnd || site.Call >= site.Base) throw new VerifierException($"inline{i} is out of order");
            last = site.Base + 1;
        }
    }

    private void CheckTargets(in InstData data)
    {
        for (int i = 0, n = _function.TargetCount(data); i < n; i++)
        {
            ListRef target = _function.GetTarget(data, i);
            Block block = _function.TargetBlock(target);
            if (!_function[block].InLayout) throw Fault($"{block} is not in the layout");
            ReadOnlySpan<int> args = _function.TargetArgs(target), parameters = _function.Params(block);
            if (args.Length != parameters.Length) throw Fault($"{block} takes {parameters.Length} arguments, not {args.Length}");
            for (int k = 0; k < args.Length; k++)
            {
                IrType type = args[k] >= 0 ? _function.TypeOf(_function.Resolve(new Value(args[k]))) : CallResultType(data, i, -2 - args[k]);
                if (type != _function.TypeOf(new Value(parameters[k]))) throw Fault($"argument {k} for {block} is {type.Name()}");
            }
        }
    }

    private IrType CallResultType(in InstData data, int target, int number)
    {
        if (data.Op is not (Opcode.TryCall or Opcode.TryCallIndirect)) throw Fault("only a try_call passes results to its targets");
        if (target == 1) return number == 0 ? IrType.I64 : throw Fault("a handler gets one payload");
        IrType[] results = _function.CallSignature(data).Results;
        return number < results.Length ? results[number] : throw Fault($"the call has no result {number}");
    }

    private void CheckUse(Value value)
    {
        ref ValueData data = ref _function.Values[value.Index];
        if (data.Kind == ValueKind.Alias)
        {
            CheckUse(_function.Resolve(value));
            return;
        }
        Block here = _function.Link(_inst).Block;
        bool ok;
        if (data.Kind == ValueKind.Param)
        {
            ok = data.Owner >= 0 && _flow.IsReachable(new Block(data.Owner)) && _flow.Dominates(new Block(data.Owner), here)
                && _function.Params(new Block(data.Owner)).Contains(value.Index);
        }
        else
        {
            Block there = _function.Link(new Inst(data.Owner)).Block;
            ok = !there.IsNone && (there == here ? _position[data.Owner] < _position[_inst.Index] : _flow.IsReachable(there) && _flow.Dominates(there, here));
        }
        if (!ok) throw Fault($"{value} does not dominate its use");
    }

    private void CheckTypes(in InstData data)
    {
        if (data.Bound > 0 && (data.Op != Opcode.Load || data.Type != IrType.I64)) throw Fault("only a load.i64 reads a bound");
        IrType a = Type(data.A), b = Type(data.B), c = Type(data.C);
        switch (data.Op.Format())
        {
            case InstFormat.Unary when data.Op.Has(OpFlags.Converts): CheckConversion(data.Op, data.Type, a); break;
            case InstFormat.Unary or InstFormat.UnaryLane: Same(data.Type, a); break;
            case InstFormat.Binary when data.Op is Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr:
                Same(data.Type, a);
                if (!b.IsInt()) throw Fault("the shift count must be an integer");
                break;
            case InstFormat.Binary or InstFormat.Shuffle: Same(data.Type, a); Same(data.Type, b); break;
            case InstFormat.BinaryLane: Same(data.Type, a); Same(data.Lane.LaneType(), b); break;
            case InstFormat.IntCompare or InstFormat.FloatCompare:
                Same(data.Type, a);
                Same(data.Type, b);
                if (data.Op == Opcode.Fcmp && !data.Type.IsFloat() && !data.Lane.IsFloat()) throw Fault("fcmp of integers");
                break;
            case InstFormat.Ternary when data.Op is Opcode.Select or Opcode.SelectGuard: Condition(a); Same(data.Type, b); Same(data.Type, c); break;
            case InstFormat.Ternary: Same(data.Type, a); Same(data.Type, b); Same(data.Type, c); break;
            case InstFormat.Load or InstFormat.AtomicRmw or InstFormat.AtomicCas: Same(IrType.I64, a); break;
            case InstFormat.Store: Same(data.Type, a); Same(IrType.I64, b); break;
            case InstFormat.CondTrap or InstFormat.Brif: Condition(a); break;
            case InstFormat.BrTable: Same(IrType.I32, a); break;
            case InstFormat.Call: Arguments(data.List, _function.CallSignature(data).Params); CheckTail(data); break;
            case InstFormat.CallIndirect: Same(IrType.I64, a); Arguments(data.List, _function.CallSignature(data).Params); CheckTail(data); break;
            case InstFormat.Return: Arguments(data.List, _function.Signature.Results); break;
        }
    }

    private void CheckConversion(Opcode op, IrType to, IrType from)
    {
        bool ok = op switch
        {
            Opcode.Uextend or Opcode.Sextend => from.IsInt() && (to.IsInt() || to == IrType.I128) && from.Bits() < to.Bits(),
            Opcode.Ireduce => (from.IsInt() || from == IrType.I128) && to.IsInt() && from.Bits() > to.Bits(),
            // A reference becomes a number by ref_addr only.
            Opcode.Bitcast => from.Bits() == to.Bits() && from != IrType.Ref,
            Opcode.RefAddr => from == IrType.Ref && to == IrType.I64,
            Opcode.Fpromote => from == IrType.F32 && to == IrType.F64,
            Opcode.Fdemote => from == IrType.F64 && to == IrType.F32,
            Opcode.FcvtFromSint or Opcode.FcvtFromUint => (from.IsInt() && to.IsFloat()) || (from == IrType.V128 && to == IrType.V128),
            Opcode.Splat => to == IrType.V128,
            _ => (from.IsFloat() && to.IsInt()) || (from == IrType.V128 && to == IrType.V128),
        };
        if (!ok) throw Fault($"cannot convert {from.Name()} to {to.Name()}");
    }

    private void CheckTail(in InstData data)
    {
        if (!data.Op.Has(OpFlags.Return)) return;
        if (!_function.CallSignature(data).Results.AsSpan().SequenceEqual(_function.Signature.Results))
            throw Fault("a tail call must have the results of its function");
    }

    private void Arguments(ListRef list, IrType[] types)
    {
        ReadOnlySpan<int> args = _function.Lists.Get(list);
        if (args.Length != types.Length) throw Fault($"{types.Length} arguments wanted, {args.Length} given");
        for (int i = 0; i < types.Length; i++) Same(types[i], Type(new Value(args[i])));
    }

    private IrType Type(Value value) => value.IsNone ? IrType.None : _function.TypeOf(_function.Resolve(value));

    private void Condition(IrType type)
    {
        if (!type.IsInt() && type != IrType.Ref) throw Fault("a condition must be an integer or a reference");
    }

    private void Same(IrType wanted, IrType found)
    {
        if (wanted != found) throw Fault($"expected {wanted.Name()}, found {found.Name()}");
    }

    private VerifierException Fault(string message) =>
        new($"%{_function.Name} {_function.Link(_inst).Block} {_inst} {_function[_inst].Op.Name()}: {message}\n{IrPrinter.Print(_function)}");
}
