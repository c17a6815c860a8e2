namespace Hornet.Compiler.Ir;

/// <summary>An integer comparison.</summary>
internal enum IntCC : byte
{
    Eq,
    Ne,
    Slt,
    Sge,
    Sgt,
    Sle,
    Ult,
    Uge,
    Ugt,
    Ule,
}

/// <summary>A floating-point comparison: the ordered ones are false when an operand is NaN, and each second one is the
/// negation of the one before it.</summary>
internal enum FloatCC : byte
{
    Eq,
    Ne,
    Lt,
    NotLt,
    Gt,
    NotGt,
    Le,
    NotLe,
    Ge,
    NotGe,
}

/// <summary>What an atomic read-modify-write does.</summary>
internal enum AtomicOp : byte
{
    Add,
    Sub,
    And,
    Or,
    Xor,
    Xchg,
}

internal static class Conditions
{
    public static readonly string[] IntNames = ["eq", "ne", "slt", "sge", "sgt", "sle", "ult", "uge", "ugt", "ule"];
    public static readonly string[] FloatNames = ["eq", "ne", "lt", "nlt", "gt", "ngt", "le", "nle", "ge", "nge"];
    public static readonly string[] AtomicNames = ["add", "sub", "and", "or", "xor", "xchg"];

    /// <summary>The condition that holds exactly when this one does not: they lie in pairs.</summary>
    public static IntCC Invert(this IntCC cc) => (IntCC)((int)cc ^ 1);

    public static FloatCC Invert(this FloatCC cc) => (FloatCC)((int)cc ^ 1);

    /// <summary>The condition for swapped operands.</summary>
    public static IntCC Swap(this IntCC cc) => cc switch
    {
        IntCC.Slt => IntCC.Sgt,
        IntCC.Sgt => IntCC.Slt,
        IntCC.Sge => IntCC.Sle,
        IntCC.Sle => IntCC.Sge,
        IntCC.Ult => IntCC.Ugt,
        IntCC.Ugt => IntCC.Ult,
        IntCC.Uge => IntCC.Ule,
        IntCC.Ule => IntCC.Uge,
        _ => cc,
    };

    public static FloatCC Swap(this FloatCC cc) => cc switch
    {
        FloatCC.Lt => FloatCC.Gt,
        FloatCC.Gt => FloatCC.Lt,
        FloatCC.NotLt => FloatCC.NotGt,
        FloatCC.NotGt => FloatCC.NotLt,
        FloatCC.Le => FloatCC.Ge,
        FloatCC.Ge => FloatCC.Le,
        FloatCC.NotLe => FloatCC.NotGe,
        FloatCC.NotGe => FloatCC.NotLe,
        _ => cc,
    };
}
