using System.Globalization;
using System.Text;

namespace Hornet.Compiler.Ir;

/// <summary>Writes a function as the text that <see cref="IrParser"/> reads.</summary>
internal sealed class IrPrinter
{
    private readonly Function _function;
    private readonly StringBuilder _out = new();

    private IrPrinter(Function function) => _function = function;

    public static string Print(Function function)
    {
        var printer = new IrPrinter(function);
        printer.PrintFunction();
        return printer._out.ToString();
    }

    private void PrintFunction()
    {
        _out.Append("function %").Append(_function.Name);
        PrintSignature(_function.Signature);
        _out.Append(" {\n");
        if (_function.StackLimit.Count > 0) _out.Append("    stack_limit ").AppendJoin(", ", _function.StackLimit.AsSpan().ToArray()).Append('\n');
        for (int i = 0; i < _function.StackSlots.Count; i++)
            _out.Append(CultureInfo.InvariantCulture, $"    ss{i} = {_function.StackSlots[i].Size}, align {_function.StackSlots[i].Align}\n");
        foreach (BoundData bound in _function.Bounds.AsSpan())
            _out.Append(CultureInfo.InvariantCulture, $"    bound{bound.Bound} = least {bound.Least}\n");
        for (int i = 0; i < _function.Signatures.Count; i++)
        {
            _out.Append(CultureInfo.InvariantCulture, $"    sig{i} = ");
            PrintSignature(_function.Signatures[i]);
            _out.Append('\n');
        }
        for (int i = 0; i < _function.Functions.Count; i++)
        {
            ExternalFunction callee = _function.Functions[i];
            _out.Append(CultureInfo.InvariantCulture, $"    fn{i} = %{callee.Symbol} {callee.Signature}");
            if (callee.Slot >= 0) _out.Append(CultureInfo.InvariantCulture, $" slot {callee.Slot}");
            _out.Append('\n');
        }
        for (int i = 0; i < _function.InlineSites.Count; i++)
        {
            _out.Append(CultureInfo.InvariantCulture, $"    inline{i} = %{_function.InlineSites[i].Symbol}");
            Position(_function.InlineSites[i].Call);
            _out.Append('\n');
        }
        for (Block block = _function.FirstBlock; !block.IsNone; block = _function[block].Next) PrintBlock(block);
        _out.Append("}\n");
    }

    private void PrintSignature(Signature signature)
    {
        _out.Append('(');
        for (int i = 0; i < signature.Params.Length; i++)
        {
            if (i > 0) _out.Append(", ");
            _out.Append(signature.Params[i].Name());
            if (i == 0 && signature.HasContext) _out.Append(" vmctx");
        }
        _out.Append(')');
        for (int i = 0; i < signature.Results.Length; i++) _out.Append(i == 0 ? " -> " : ", ").Append(signature.Results[i].Name());
    }

    private void PrintBlock(Block block)
    {
        _out.Append(block);
        ReadOnlySpan<int> parameters = _function.Params(block);
        for (int i = 0; i < parameters.Length; i++)
        {
            var param = new Value(parameters[i]);
            _out.Append(i == 0 ? "(" : ", ").Append(param).Append(": ").Append(_function.TypeOf(param).Name());
        }
        if (parameters.Length > 0) _out.Append(')');
        if (_function[block].Cold) _out.Append(" cold");
        _out.Append(":\n");
        for (Inst inst = _function[block].First; !inst.IsNone; inst = _function.Link(inst).Next)
        {
            _out.Append("    ");
            PrintInst(inst);
            _out.Append('\n');
        }
    }

    private void PrintInst(Inst inst)
    {
        InstData data = _function[inst];
        InstLinks links = _function.Link(inst);
        for (int i = 0; i < links.ResultCount; i++)
            _out.Append(i == 0 ? "" : ", ").Append(new Value(links.FirstResult.Index + i)).Append(i == links.ResultCount - 1 ? " = " : "");
        _out.Append(data.Op.Name());
        if (data.Lane != Lane.None) _out.Append('.').Append(data.Lane.Name());
        else if (data.Type != IrType.None) _out.Append('.').Append(data.Type.Name());
        switch (data.Op.Format())
        {
            case InstFormat.Nullary: break;
            case InstFormat.ConstInt when data.Op == Opcode.Iconst: Imm(Evaluate.SignExtend((ulong)data.Imm, data.Type == IrType.Ref ? 32 : data.Type.Bits())); break;
            case InstFormat.ConstInt: _out.Append(CultureInfo.InvariantCulture, $" 0x{data.Imm:x}"); break;
            case InstFormat.ConstVector: _out.Append(CultureInfo.InvariantCulture, $" 0x{_function.Vectors[(int)data.Imm]:x}"); break;
            case InstFormat.Unary: Operands(data); break;
            case InstFormat.Binary: Operands(data); break;
            case InstFormat.Ternary: Operands(data); break;
            case InstFormat.IntCompare: _out.Append(' ').Append(Conditions.IntNames[data.Cond]); Operands(data); break;
            case InstFormat.FloatCompare: _out.Append(' ').Append(Conditions.FloatNames[data.Cond]); Operands(data); break;
            case InstFormat.UnaryLane or InstFormat.BinaryLane: Operands(data); _out.Append(','); Imm(data.Imm); break;
            case InstFormat.Shuffle:
                Operands(data);
                _out.Append(CultureInfo.InvariantCulture, $", 0x{_function.Vectors[(int)data.Imm]:x}");
                break;
            case InstFormat.Load:
                Address(data.A, data.Imm, data.Mem);
                if (data.Bound > 0) _out.Append(" bound").Append(data.Bound - 1);
                break;
            case InstFormat.Store: _out.Append(' ').Append(data.A).Append(','); Address(data.B, data.Imm, data.Mem); break;
            case InstFormat.AtomicRmw:
                _out.Append(' ').Append(Conditions.AtomicNames[data.Cond]).Append(' ').Append(data.B).Append(',');
                Address(data.A, data.Imm, data.Mem);
                break;
            case InstFormat.AtomicCas:
                _out.Append(' ').Append(data.B).Append(", ").Append(data.C).Append(',');
                Address(data.A, data.Imm, data.Mem);
                break;
            case InstFormat.FuncAddr: _out.Append(" fn").Append(data.Imm); break;
            case InstFormat.StackAddr: _out.Append(CultureInfo.InvariantCulture, $" ss{data.Imm >> 32}{(int)data.Imm:+0;-0;+0}"); break;
            case InstFormat.Trap: _out.Append(' ').Append(data.Mem.Trap); break;
            case InstFormat.CondTrap: _out.Append(' ').Append(data.A).Append(", ").Append(data.Mem.Trap); break;
            case InstFormat.Call: _out.Append(" fn").Append(data.Imm); Arguments(data); break;
            case InstFormat.CallIndirect: _out.Append(" sig").Append(data.Imm).Append(", ").Append(data.A); Arguments(data); break;
            case InstFormat.Jump: Target(data, 0); break;
            case InstFormat.Brif: _out.Append(' ').Append(data.A).Append(','); Target(data, 0); _out.Append(','); Target(data, 1); break;
            case InstFormat.BrTable:
                _out.Append(' ').Append(data.A);
                for (int i = 0; i < _function.TargetCount(data); i++)
                {
                    _out.Append(',');
                    Target(data, i);
                }
                break;
            case InstFormat.Return:
                List(_function.Lists.Get(data.List), " ");
                break;
            default: throw new InvalidOperationException($"printing {data.Op}");
        }
        if (data.Op is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            _out.Append(',');
            Target(data, 0);
            _out.Append(',');
            Target(data, 1);
        }
        for (FrameState state = links.State; !state.IsNone; state = _function.FrameStates[state.Index].Outer)
        {
            _out.Append(CultureInfo.InvariantCulture, $" state {_function.FrameStates[state.Index].Tag} [");
            List(_function.Lists.Get(_function.FrameStates[state.Index].Values), "");
            _out.Append(']');
        }
        Position(links.Source);
    }

    /// <summary>A position as it is in the source that it lies in, and the site where that is not the function's own.</summary>
    private void Position(int source)
    {
        if (source < 0) return;
        InlineSite site = _function.SiteOf(source);
        _out.Append(" @").Append(InlineSiteData.Origin(_function.InlineSites.AsSpan(), source));
        if (!site.IsNone) _out.Append(" in ").Append(site);
    }

    private void Operands(in InstData data)
    {
        _out.Append(' ').Append(data.A);
        if (!data.B.IsNone) _out.Append(", ").Append(data.B);
        if (!data.C.IsNone) _out.Append(", ").Append(data.C);
    }

    private void Imm(long value) => _out.Append(' ').Append(value);

    private void Address(Value address, long offset, MemFlags flags)
    {
        _out.Append(' ').Append(address);
        if (offset != 0) _out.Append(CultureInfo.InvariantCulture, $"{offset:+0;-0}");
        if (flags.Alias != AliasClass.Any) _out.Append(' ').Append(MemFlags.AliasNames[(int)flags.Alias]);
        if (flags.NoTrap) _out.Append(" notrap");
        else _out.Append(" trap ").Append(flags.Trap);
    }

    private void Arguments(in InstData data)
    {
        _out.Append('(');
        List(_function.Lists.Get(data.List), "");
        _out.Append(')');
    }

    private void Target(in InstData data, int index)
    {
        ListRef target = _function.GetTarget(data, index);
        _out.Append(' ').Append(_function.TargetBlock(target));
        ReadOnlySpan<int> args = _function.TargetArgs(target);
        if (args.IsEmpty) return;
        _out.Append('(');
        List(args, "");
        _out.Append(')');
    }

    private void List(ReadOnlySpan<int> values, string lead)
    {
        for (int i = 0; i < values.Length; i++)
        {
            _out.Append(i == 0 ? lead : ", ");
            if (values[i] < 0) _out.Append("ret").Append(-2 - values[i]);
            else _out.Append('v').Append(values[i]);
        }
    }
}
