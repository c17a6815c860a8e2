using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <content>Numbers of several registers: sums with a carry, and both halves of a product.</content>
internal sealed partial class X64Lower
{
    private const int PartnerDistance = 8;

    // Instructions that yield one half of a product, and those behind them that wait for the other.
    private readonly FlatList<(Inst First, Inst Second)> _products = new(4);

    /// <summary>s + (a &lt;u b) and s - (a &lt;u b): the comparison leaves in the carry flag what adc and sbb take, and the sum before them goes along.</summary>
    private bool LowerCarry(in InstData data, int dst, int size)
    {
        if (data.Type is not (IrType.I32 or IrType.I64)) return false;
        bool add = data.Op == Opcode.Iadd;
        Value rest = data.A;
        if (!IsCarry(data.B, out InstData compare))
        {
            if (!add || !IsCarry(data.A, out compare)) return false;
            rest = data.B;
        }
        Value more = Value.None;
        if (IsUsedHere(rest, out Inst def) && _function[def].Op == data.Op && _function[def].Type == data.Type && !_function.IsIconst(_function[def].B, out _))
            (rest, more) = (_function[def].A, _function[def].B);
        (Value a, Value b) = compare.IntCC == IntCC.Ult ? (compare.A, compare.B) : (compare.B, compare.A);
        int left = Use(a), right = Use(b), to = Use(rest), other = more.IsNone ? -1 : Use(more);
        ref MInst cmp = ref New(X64Op.CmpRm, compare.Type.Bytes());
        cmp.RegAt = AddOperand(ref cmp, left, OperandRole.Use, OperandWhere.Register);
        cmp.RmAt = AddOperand(ref cmp, right, OperandRole.Use, OperandWhere.Register);
        Finish(ref cmp, Cond.B, new TailSpec(add ? X64Tail.Adc : X64Tail.Sbb, size, dst, other, to));
        return true;
    }

    /// <summary>Whether a value is an unsigned comparison, as a number of any width, that nobody else wants.</summary>
    private bool IsCarry(Value value, out InstData compare)
    {
        compare = default;
        if (!IsUsedHere(value, out Inst def)) return false;
        if (_function[def].Op == Opcode.Uextend && !IsUsedHere(_function[def].A, out def)) return false;
        compare = _function[def];
        return compare.Op == Opcode.Icmp && compare.Lane == Lane.None && compare.Type is IrType.I32 or IrType.I64 && compare.IntCC is IntCC.Ult or IntCC.Ugt;
    }

    private bool IsUsedHere(Value value, out Inst def)
    {
        def = _function.DefOf(value);
        return !def.IsNone && _uses[value.Index] == 1 && _vregOf[value.Index] < 0 && !_sunk[def.Index] && _function.Link(def).Block == _function.Link(_root).Block;
    }

    /// <summary>Whether the other half of a product is computed a little before: then that instruction yields both.</summary>
    private bool WaitsForProduct(Inst inst, in InstData data)
    {
        // One that others wait for waits for nobody.
        if (data.Lane != Lane.None || data.Type is not (IrType.I32 or IrType.I64) || !ProductBehind(inst).IsNone) return false;
        Inst at = _function.Link(inst).Prev;
        for (int i = 0; i < PartnerDistance && !at.IsNone; i++, at = _function.Link(at).Prev)
        {
            InstData other = _function[at];
            bool halves = data.Op == Opcode.Imul ? other.Op is Opcode.Umulhi or Opcode.Smulhi : other.Op == Opcode.Imul;
            if (!halves || other.Type != data.Type || other.Lane != Lane.None || _vregOf[_function.Result(at).Index] < 0) continue;
            bool same = (other.A == data.A && other.B == data.B) || (other.A == data.B && other.B == data.A);
            if (!same || ProductBehind(at) is { IsNone: false }) continue;
            _products.Add((at, inst));
            return true;
        }
        return false;
    }

    private Inst ProductBehind(Inst inst)
    {
        foreach ((Inst first, Inst second) in _products.AsSpan())
            if (first == inst)
                return second;
        return Inst.None;
    }

    private void LowerProduct(in InstData data, int dst, Inst behind)
    {
        bool isLow = data.Op == Opcode.Imul;
        int other = behind.IsNone ? Temp() : VRegOf(_function.Result(behind));
        bool signed = (isLow ? _function[behind].Op : data.Op) == Opcode.Smulhi;
        int a = Use(data.A), b = Use(data.B);
        ref MInst mul = ref New(signed ? X64Op.Imul1M : X64Op.MulM, data.Type.Bytes());
        AddFixed(ref mul, a, OperandRole.Use, PReg.Int(X64Regs.Rax));
        mul.RmAt = AddOperand(ref mul, b, OperandRole.Use, OperandWhere.Any);
        AddFixed(ref mul, isLow ? dst : other, OperandRole.Def, PReg.Int(X64Regs.Rax));
        AddFixed(ref mul, isLow ? other : dst, OperandRole.Def, PReg.Int(X64Regs.Rdx));
    }
}
