namespace Hornet.Compiler.Machine;

/// <summary>A physical register: 0–31 are integer registers, 32–63 vector registers.</summary>
internal readonly record struct PReg(byte Index)
{
    public const int Count = 64;
    private const int FirstVector = 32;

    public static PReg None => new(255);

    public static PReg Int(int number) => new((byte)number);

    public static PReg Vector(int number) => new((byte)(number + FirstVector));

    public bool IsNone => Index == 255;
    public bool IsVector => Index >= FirstVector && !IsNone;

    /// <summary>The number within its class: what goes into an encoding.</summary>
    public int Number => Index & (FirstVector - 1);

    public override string ToString() => IsNone ? "none" : IsVector ? $"v{Number}" : $"r{Number}";
}
