namespace Hornet.Compiler;

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
