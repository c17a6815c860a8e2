using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>Values at which operators change their minds; the first of each type is zero.</summary>
public static class EdgeValues
{
    static readonly (ulong, ulong)[] s_i32 = [.. new uint[] { 0, 1, uint.MaxValue, 0x80000000, 0x7FFFFFFF, 2, 31, 32, 33, 65535, 65536, 65528, 0xFFFF, 0x80, 0xFF7F, 0x12345678, 0xFFFFFFF8 }.Distinct().Select(v => ((ulong)v, 0UL))];
    static readonly (ulong, ulong)[] s_i64 = [.. new ulong[] { 0, 1, ulong.MaxValue, 1UL << 63, long.MaxValue, 63, 64, 65, 0xFFFFFFFF, 0x100000000, 0x80000000, 0xFFFFFFFF80000000, 65535, 0x123456789ABCDEF0, 0x8080808080808080, 0x8000008000000001, 0x8000000000000401, 0x20000000000001 }.Select(v => (v, 0UL))];

    static readonly (ulong, ulong)[] s_f32 = [.. new float[]
    {
        0, -0f, 1, -1, 0.5f, 1.5f, 2.5f, -0.5f, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1.17549435E-38f, float.PositiveInfinity, float.NegativeInfinity,
        2147483648f, -2147483648f, 2147483520f, 4294967296f, 4294967040f, 9223372036854775808f, -9223372036854775808f, 18446744073709551616f, 8388609f, -8388607.5f, 3.14159f,
    }.Select(v => ((ulong)BitConverter.SingleToUInt32Bits(v), 0UL)), (0x7FC00000, 0), (0xFFC00000, 0), (0x7FA00001, 0)];

    static readonly (ulong, ulong)[] s_f64 = [.. new double[]
    {
        0, -0d, 1, -1, 0.5, 1.5, 2.5, -0.5, double.MaxValue, double.MinValue, double.Epsilon, -double.Epsilon, 2.2250738585072014E-308, double.PositiveInfinity, double.NegativeInfinity,
        2147483648d, 2147483647.5, -2147483649d, -2147483648.5, 4294967296d, 4294967295.5, 9223372036854775808d, 9223372036854774784d, -9223372036854775808d, 18446744073709551616d, 4503599627370497.5, 3.4028234663852886E+38, 3.402824E+38, 1e-46,
    }.Select(v => (BitConverter.DoubleToUInt64Bits(v), 0UL)), (0x7FF8000000000000, 0), (0xFFF8000000000000, 0), (0x7FF4000000000001, 0)];

    static readonly (ulong, ulong)[] s_v128 =
    [
        (0, 0), (ulong.MaxValue, ulong.MaxValue), (0x8080808080808080, 0x7F7F7F7F7F7F7F7F), (0x8000800080007FFF, 0x7FFF000100FF8000), (0x800000007FFFFFFF, 0xFFFFFFFF00000001),
        (0x8000000000000000, 0x7FFFFFFFFFFFFFFF), (0x3F8000007FC00000, 0xFF80000080000000), (0x4F0000004F800000, 0xCF00000100000001), (0x7FF8000000000000, 0x3FF8000000000000),
        (0x41E0000000000000, 0xC1E0000000200000), (0x0706050403020100, 0x0F0E0D0C0B0A0908), (0x1F001E101D110203, 0xFF80407F01000F10),
    ];

    public static (ulong Low, ulong High)[] Of(ValType type) =>
        type == ValType.I32 ? s_i32 : type == ValType.I64 ? s_i64 : type == ValType.F32 ? s_f32 : type == ValType.F64 ? s_f64 : type == ValType.V128 ? s_v128 : throw new ArgumentOutOfRangeException(nameof(type));
}
