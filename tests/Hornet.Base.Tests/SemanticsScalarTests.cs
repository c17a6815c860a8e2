namespace Hornet.Base.Tests;

public sealed class SemanticsScalarTests
{
    static readonly int[] Ints = [0, 1, -1, 2, -2, 31, 32, 33, int.MinValue, int.MaxValue, 0x12345678, unchecked((int)0xDEADBEEF)];

    [Fact]
    public void DivisionAgreesWithWiderArithmetic()
    {
        foreach (int a in Ints)
        {
            foreach (int b in Ints)
            {
                TrapCode signed = Semantics.I32DivS(a, b, out int quotient), unsigned = Semantics.I32DivU(a, b, out int uquotient);
                TrapCode rem = Semantics.I32RemS(a, b, out int remainder), urem = Semantics.I32RemU(a, b, out int uremainder);
                if (b == 0)
                {
                    Assert.All([signed, unsigned, rem, urem], t => Assert.Equal(TrapCode.IntegerDivideByZero, t));
                    continue;
                }
                long exact = (long)a / b;
                Assert.Equal(exact > int.MaxValue ? TrapCode.IntegerOverflow : TrapCode.None, signed);
                if (signed == TrapCode.None) Assert.Equal(exact, quotient);
                Assert.Equal((long)a % b, remainder);
                Assert.Equal((uint)a / (uint)b, (uint)uquotient);
                Assert.Equal((uint)a % (uint)b, (uint)uremainder);
            }
        }
    }

    [Fact]
    public void MinAndMaxOrderZerosAndQuietNaNs()
    {
        float signalling = BitConverter.UInt32BitsToSingle(0x7FA00000);
        Assert.Equal(0x80000000, BitConverter.SingleToUInt32Bits(Semantics.F32Min(0f, -0f)));
        Assert.Equal(0u, BitConverter.SingleToUInt32Bits(Semantics.F32Max(-0f, 0f)));
        Assert.Equal(0x7FE00000u, BitConverter.SingleToUInt32Bits(Semantics.F32Min(signalling, 1f)));
        Assert.Equal(0x7FE00000u, BitConverter.SingleToUInt32Bits(Semantics.F32Max(1f, signalling)));
        Assert.Equal(-1d, Semantics.F64Min(-1d, double.PositiveInfinity));
        Assert.Equal(2d, Semantics.F64Max(-1d, 2d));
    }

    [Theory]
    [InlineData(2147483647.9, TrapCode.None, int.MaxValue)]
    [InlineData(2147483648.0, TrapCode.IntegerOverflow, int.MaxValue)]
    [InlineData(-2147483648.9, TrapCode.None, int.MinValue)]
    [InlineData(-2147483649.0, TrapCode.IntegerOverflow, int.MinValue)]
    [InlineData(double.NaN, TrapCode.BadConversionToInteger, 0)]
    public void TruncationTrapsOutsideTheRangeAndSaturatesElsewhere(double a, TrapCode trap, int saturated)
    {
        Assert.Equal(trap, Semantics.I32TruncF64S(a, out int result));
        if (trap == TrapCode.None) Assert.Equal(saturated, result);
        Assert.Equal(saturated, Semantics.I32TruncSatF64S(a));
    }

    [Fact]
    public void SaturationOfUnsignedTargets()
    {
        Assert.Equal(0, Semantics.I32TruncSatF32U(-5f));
        Assert.Equal(-1, Semantics.I32TruncSatF32U(1e20f));
        Assert.Equal(-1L, Semantics.I64TruncSatF64U(1e300));
        Assert.Equal(0L, Semantics.I64TruncSatF64U(double.NaN));
        Assert.Equal(unchecked((long)0xFFFFFFFFFFFFF800), Semantics.I64TruncSatF64U(18446744073709549568d));
    }

    [Theory]
    [InlineData(0x7FFFFFBFFFFFFFFFL, 0x5EFFFFFFu)]
    [InlineData(unchecked((long)0xFFFFFFFFFFFFFFFF), 0x5F800000u)]
    [InlineData(unchecked((long)0x8000008000000001), 0x5F000001u)]
    [InlineData(unchecked((long)0xFFFFFE8000000001), 0x5F7FFFFFu)]
    [InlineData(unchecked((long)0xFFFFFE8000000000), 0x5F7FFFFEu)]
    public void UnsignedToFloatRoundsOnce(long a, uint bits) => Assert.Equal(bits, BitConverter.SingleToUInt32Bits(Semantics.F32ConvertI64U(a)));

    [Fact]
    public void NearestIsToEven()
    {
        Assert.Equal(2d, Semantics.F64Nearest(2.5));
        Assert.Equal(4d, Semantics.F64Nearest(3.5));
        Assert.True(double.IsNegative(Semantics.F64Nearest(-0.4)));
    }

    [Fact]
    public void WideArithmeticAgreesWithInt128()
    {
        long[] values = [0, 1, -1, long.MinValue, long.MaxValue, 0x123456789ABCDEF0];
        foreach (long a in values)
        {
            foreach (long b in values)
            {
                Semantics.I64MulWideS(a, b, out long low, out long high);
                Assert.Equal((Int128)a * b, new Int128((ulong)high, (ulong)low));
                Semantics.I64MulWideU(a, b, out low, out high);
                Assert.Equal((UInt128)(ulong)a * (ulong)b, new UInt128((ulong)high, (ulong)low));
                Int128 x = new((ulong)b, (ulong)a), y = new((ulong)a, (ulong)b);
                Semantics.I64Add128(a, b, b, a, out low, out high);
                Assert.Equal(unchecked(x + y), new Int128((ulong)high, (ulong)low));
                Semantics.I64Sub128(a, b, b, a, out low, out high);
                Assert.Equal(unchecked(x - y), new Int128((ulong)high, (ulong)low));
            }
        }
    }
}
