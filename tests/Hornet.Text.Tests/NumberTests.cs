using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;

namespace Hornet.Text.Tests;

public class NumberTests
{
    static ulong F64(string text, NumberStatus expected = NumberStatus.Ok)
    {
        Assert.Equal(expected, NumberLiteral.F64(Encoding.ASCII.GetBytes(text), out ulong bits));
        return bits;
    }

    static uint F32(string text, NumberStatus expected = NumberStatus.Ok)
    {
        Assert.Equal(expected, NumberLiteral.F32(Encoding.ASCII.GetBytes(text), out uint bits));
        return bits;
    }

    [Theory]
    [InlineData("0", 0u)]
    [InlineData("-0", 0x80000000u)]
    [InlineData("1.5", 0x3FC00000u)]
    [InlineData("1_0.2_5e+0_1", 0x42CD0000u)]
    [InlineData("0x1p-149", 1u)]
    [InlineData("0x0.8p-149", 0u)]
    [InlineData("0x0.8000000000000000000000001p-149", 1u)]
    [InlineData("0x1.8p-149", 2u)]
    [InlineData("0x1.fffffefffffffffffp127", 0x7F7FFFFFu)]
    [InlineData("0x1.000001p0", 0x3F800000u)]
    [InlineData("0x1.0000010000000000000001p0", 0x3F800001u)]
    [InlineData("0x1.000003p0", 0x3F800002u)]
    [InlineData("0x1.fffffep-127", 0x00800000u)]
    [InlineData("340282356779733661637539395458142568447.0", 0x7F7FFFFFu)]
    [InlineData("inf", 0x7F800000u)]
    [InlineData("-nan", 0xFFC00000u)]
    [InlineData("nan:0x1", 0x7F800001u)]
    [InlineData("-nan:0x7f_ffff", 0xFFFFFFFFu)]
    public void Single(string text, uint bits) => Assert.Equal(bits, F32(text));

    [Theory]
    [InlineData("0x1p128")]
    [InlineData("0x1.ffffffp127")]
    [InlineData("340282356779733661637539395458142568448.0")]
    [InlineData("1e39")]
    [InlineData("-1e999999999999999999")]
    [InlineData("0x1p99999999999999999999")]
    [InlineData("nan:0x0")]
    [InlineData("nan:0x80_0000")]
    public void Single_out_of_range(string text) => F32(text, NumberStatus.Range);

    [Theory]
    [InlineData("")]
    [InlineData("+")]
    [InlineData("_1")]
    [InlineData("1_")]
    [InlineData("1__0")]
    [InlineData("1_.0")]
    [InlineData("1._0")]
    [InlineData(".5")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("0x")]
    [InlineData("0x1p")]
    [InlineData("0x1.g")]
    [InlineData("nan:")]
    [InlineData("nan:1")]
    [InlineData("infinity")]
    [InlineData("1.0.0")]
    public void No_floats(string text) => F32(text, NumberStatus.Syntax);

    [Fact]
    public void Long_literals_are_rounded_once()
    {
        // Halfway between two doubles, and a digit far behind that decides.
        string half = "9007199254740993";
        Assert.Equal(BitConverter.DoubleToUInt64Bits(9007199254740992), F64(half + ".0"));
        Assert.Equal(BitConverter.DoubleToUInt64Bits(9007199254740994), F64(half + "." + new string('0', 2000) + "1"));
        Assert.Equal(0ul, F64("0." + new string('0', 5000) + "1"));
        Assert.Equal(BitConverter.DoubleToUInt64Bits(1), F64("1" + new string('0', 1000) + "e-1000"));
    }

    [Fact]
    public void Every_double_comes_back() => Gen.ULong.Sample(bits =>
    {
        double value = BitConverter.UInt64BitsToDouble(bits);
        if (!double.IsFinite(value)) return true;
        string text = value.ToString("R", CultureInfo.InvariantCulture), hex = Hex(bits);
        return F64(text) == bits && F64(hex) == bits;
    }, iter: 20_000);

    static string Hex(ulong bits)
    {
        int exponent = (int)(bits >> 52 & 0x7FF);
        ulong fraction = bits & 0xFFFFFFFFFFFFF;
        return $"{(bits >> 63 != 0 ? "-" : "")}0x{(exponent == 0 ? 0 : 1)}.{fraction:x13}p{(exponent == 0 ? -1022 : exponent - 1023)}";
    }

    [Fact]
    public void Hexadecimal_floats_round_as_exact_arithmetic_does() => Gen.Select(Gen.ULong, Gen.Int[-1150, 1100]).Sample((mantissa, exponent) =>
    {
        NumberStatus status = NumberLiteral.F64(Encoding.ASCII.GetBytes($"0x{mantissa:x}p{exponent}"), out ulong bits);
        double expected = ScaledExactly(mantissa, exponent);
        return double.IsInfinity(expected) ? status == NumberStatus.Range : status == NumberStatus.Ok && bits == BitConverter.DoubleToUInt64Bits(expected);
    }, iter: 20_000);

    // By the base library's decimal reader, which is correct, from the exact decimal expansion.
    static double ScaledExactly(ulong mantissa, int exponent)
    {
        if (exponent >= 0) return double.Parse((new BigInteger(mantissa) << exponent).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        // m / 2^k = m * 5^k / 10^k
        BigInteger digits = mantissa * BigInteger.Pow(5, -exponent);
        return double.Parse($"{digits}e{exponent}", CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("0x80000000", 32, int.MinValue)]
    [InlineData("4294967295", 32, -1)]
    [InlineData("-0x8000_0000", 32, int.MinValue)]
    [InlineData("+7", 32, 7)]
    [InlineData("0xffffffffffffffff", 64, -1)]
    [InlineData("-9223372036854775808", 64, long.MinValue)]
    [InlineData("255", 8, -1)]
    public void Integers(string text, int bits, long value)
    {
        Assert.Equal(NumberStatus.Ok, NumberLiteral.Integer(Encoding.ASCII.GetBytes(text), bits, out long got));
        Assert.Equal(value, got);
    }

    [Theory]
    [InlineData("4294967296", 32)]
    [InlineData("-2147483649", 32)]
    [InlineData("18446744073709551616", 64)]
    [InlineData("0x1_0000_0000_0000_0000_0000", 64)]
    [InlineData("-129", 8)]
    public void Integers_out_of_range(string text, int bits) => Assert.Equal(NumberStatus.Range, NumberLiteral.Integer(Encoding.ASCII.GetBytes(text), bits, out _));
}
