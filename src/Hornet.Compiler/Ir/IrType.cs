namespace Hornet.Compiler.Ir;

/// <summary>The type of a value. <see cref="Ref"/> is a 32-bit heap reference that stack maps must list.</summary>
internal enum IrType : byte
{
    None,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    V128,
    Ref,
}

/// <summary>How a <see cref="IrType.V128"/> is cut into lanes by an instruction.</summary>
internal enum Lane : byte
{
    None,
    I8x16,
    I16x8,
    I32x4,
    I64x2,
    F32x4,
    F64x2,
}

internal static class IrTypes
{
    private static readonly string[] Names = ["none", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "v128", "ref"];
    private static readonly string[] LaneNames = ["none", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"];

    public static string Name(this IrType type) => Names[(int)type];

    public static string Name(this Lane lane) => LaneNames[(int)lane];

    public static bool TryParse(ReadOnlySpan<char> text, out IrType type, out Lane lane)
    {
        (type, lane) = (IrType.None, Lane.None);
        for (int i = 1; i < Names.Length; i++)
            if (text.SequenceEqual(Names[i]))
            {
                type = (IrType)i;
                return true;
            }
        for (int i = 1; i < LaneNames.Length; i++)
            if (text.SequenceEqual(LaneNames[i]))
            {
                (type, lane) = (IrType.V128, (Lane)i);
                return true;
            }
        return false;
    }

    public static int Bytes(this IrType type) => type switch
    {
        IrType.I8 => 1,
        IrType.I16 => 2,
        IrType.I32 or IrType.F32 or IrType.Ref => 4,
        IrType.I64 or IrType.F64 => 8,
        IrType.I128 or IrType.V128 => 16,
        _ => 0,
    };

    public static int Bits(this IrType type) => type.Bytes() * 8;

    /// <summary>An integer that fits one machine register.</summary>
    public static bool IsInt(this IrType type) => type is >= IrType.I8 and <= IrType.I64;

    public static bool IsFloat(this IrType type) => type is IrType.F32 or IrType.F64;

    /// <summary>Lives in a vector register.</summary>
    public static bool IsVectorClass(this IrType type) => type is IrType.F32 or IrType.F64 or IrType.V128;

    /// <summary>The bits of an integer type, as a mask.</summary>
    public static ulong Mask(this IrType type) => type.Bits() >= 64 ? ulong.MaxValue : (1UL << type.Bits()) - 1;

    public static int LaneBytes(this Lane lane) => lane switch
    {
        Lane.I8x16 => 1,
        Lane.I16x8 => 2,
        Lane.I32x4 or Lane.F32x4 => 4,
        Lane.I64x2 or Lane.F64x2 => 8,
        _ => 0,
    };

    public static int LaneCount(this Lane lane) => 16 / lane.LaneBytes();

    public static bool IsFloat(this Lane lane) => lane is Lane.F32x4 or Lane.F64x2;

    /// <summary>The scalar type that holds one lane.</summary>
    public static IrType LaneType(this Lane lane) => lane switch
    {
        Lane.I8x16 or Lane.I16x8 or Lane.I32x4 => IrType.I32,
        Lane.I64x2 => IrType.I64,
        Lane.F32x4 => IrType.F32,
        Lane.F64x2 => IrType.F64,
        _ => IrType.None,
    };
}
