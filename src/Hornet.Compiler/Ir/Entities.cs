namespace Hornet.Compiler.Ir;

/// <summary>A value of the SSA form: an instruction's result or a block's parameter.</summary>
internal readonly record struct Value(int Index)
{
    public static Value None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"v{Index}";
}

internal readonly record struct Inst(int Index)
{
    public static Inst None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"inst{Index}";
}

internal readonly record struct Block(int Index)
{
    public static Block None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"block{Index}";
}

/// <summary>A signature declared in a function's preamble.</summary>
internal readonly record struct SigRef(int Index)
{
    public override string ToString() => $"sig{Index}";
}

/// <summary>A function or symbol outside, declared in a function's preamble.</summary>
internal readonly record struct FuncRef(int Index)
{
    public override string ToString() => $"fn{Index}";
}

internal readonly record struct StackSlot(int Index)
{
    public override string ToString() => $"ss{Index}";
}

/// <summary>What a debugger or OSR needs to know at a safepoint; see <see cref="Function.FrameStates"/>.</summary>
internal readonly record struct FrameState(int Index)
{
    public static FrameState None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"fs{Index}";
}

/// <summary>A list in <see cref="ListPool"/>; the default is the empty list.</summary>
internal readonly record struct ListRef(int Handle);

/// <summary>Why guest code stopped. Codes below 16 are raised by the code generator itself, the others are the frontend's.</summary>
internal readonly record struct TrapCode(byte Code)
{
    public const byte FirstUser = 16;

    public static TrapCode None => default;
    public static TrapCode StackOverflow => new(1);
    public static TrapCode IntegerDivisionByZero => new(2);
    public static TrapCode IntegerOverflow => new(3);
    public static TrapCode BadConversionToInteger => new(4);

    public static TrapCode User(int number) => new(checked((byte)(FirstUser + number)));

    public override string ToString() => Code switch
    {
        0 => "none",
        1 => "stack_overflow",
        2 => "int_divz",
        3 => "int_ovf",
        4 => "bad_toint",
        _ => $"user{Code - FirstUser}",
    };

    public static bool TryParse(string text, out TrapCode code)
    {
        code = default;
        if (text.StartsWith("user", StringComparison.Ordinal) && byte.TryParse(text.AsSpan(4), out byte user) && user < 240)
        {
            code = User(user);
            return true;
        }
        for (byte i = 1; i < 5; i++)
        {
            code = new TrapCode(i);
            if (code.ToString() == text) return true;
        }
        return false;
    }
}
