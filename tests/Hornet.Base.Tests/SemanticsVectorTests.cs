using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.Intrinsics;

namespace Hornet.Base.Tests;

/// <summary>Every vector operator against its lane-by-lane reference, on values at the edges of every lane width and on random bits.</summary>
public sealed class SemanticsVectorTests
{
    public static TheoryData<string> Operators()
    {
        TheoryData<string> names = [];
        foreach (MethodInfo method in Methods()) names.Add(method.Name);
        return names;
    }

    static IEnumerable<MethodInfo> Methods() => typeof(Semantics).GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Where(m => m.ReturnType == typeof(Vector128<byte>) || m.GetParameters().Any(p => p.ParameterType == typeof(Vector128<byte>)));

    [Theory, MemberData(nameof(Operators))]
    public void EqualsItsReference(string name)
    {
        MethodInfo method = Methods().Single(m => m.Name == name);
        Type[] types = [.. method.GetParameters().Select(p => p.ParameterType)];
        Random random = new(name.Length * 31 + name[0]);
        for (int round = 0; round < 4000; round++)
        {
            byte[][] vectors = [Vector(random), Vector(random), Vector(random)];
            // A shuffle's pattern is an immediate, checked by validation.
            if (name == "I8x16Shuffle") vectors[2] = [.. vectors[2].Select(b => (byte)(b & 31))];
            object[] arguments = new object[types.Length];
            object scalar = 0;
            byte lane = 0;
            int next = 0;
            for (int i = 0; i < types.Length; i++)
            {
                if (types[i] == typeof(Vector128<byte>)) arguments[i] = Vector128.Create(vectors[next++]);
                else if (types[i] == typeof(byte)) arguments[i] = lane = (byte)random.Next(LaneCount(name));
                else arguments[i] = scalar = Scalar(types[i], random);
            }
            object expected = VectorReference.Compute(name, vectors[0], vectors[1], vectors[2], scalar, lane);
            object actual = method.Invoke(null, arguments)!;
            if (actual is Vector128<byte> vector)
            {
                byte[] bytes = new byte[16];
                vector.CopyTo(bytes);
                if (ComputesFloats(name)) SameFloats(name, (byte[])expected, bytes);
                else Assert.Equal((byte[])expected, bytes);
            }
            else if (actual is float or double) Assert.Equal(Bits(expected), Bits(actual));
            else Assert.Equal(expected, actual);
        }
    }

    static long Bits(object scalar) => scalar is float f ? BitConverter.SingleToInt32Bits(f) : BitConverter.DoubleToInt64Bits((double)scalar);

    static int LaneCount(string name) => int.Parse(name.AsSpan(name.IndexOf('x') + 1, char.IsDigit(name[name.IndexOf('x') + 2]) ? 2 : 1), null);

    /// <summary>Whether a NaN among the results may have any of several bit patterns: operators that compute, not those that move bits.</summary>
    static bool ComputesFloats(string name) => name[0] == 'F'
        && !new[] { "Abs", "Neg", "Pmin", "Pmax", "Splat", "ReplaceLane" }.Contains(name[5..]);

    static void SameFloats(string name, byte[] expected, byte[] actual)
    {
        int width = name.StartsWith("F32", StringComparison.Ordinal) ? 4 : 8;
        for (int i = 0; i < 16; i += width)
        {
            ulong e = width == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(expected.AsSpan(i)) : BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan(i));
            ulong a = width == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(actual.AsSpan(i)) : BinaryPrimitives.ReadUInt64LittleEndian(actual.AsSpan(i));
            // spec: nans_N. Which NaN is not said, but that it is quiet.
            ulong quiet = width == 4 ? 0x7FC00000u : 0x7FF8000000000000u;
            if ((e & quiet) == quiet && IsNaN(e, width)) Assert.True((a & quiet) == quiet && IsNaN(a, width), $"{name}: lane at {i} is {a:x}, expected a quiet NaN");
            else Assert.True(e == a, $"{name}: lane at {i} is {a:x}, expected {e:x}");
        }
    }

    static bool IsNaN(ulong bits, int width) => width == 4 ? float.IsNaN(BitConverter.UInt32BitsToSingle((uint)bits)) : double.IsNaN(BitConverter.UInt64BitsToDouble(bits));

    static readonly ulong[] Edges =
    [
        0, 1, 2, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF,
        long.MaxValue, 1UL << 63, ulong.MaxValue,
    ];

    static readonly float[] Floats =
    [
        0, -0f, 1, -1, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, float.Epsilon, -float.Epsilon, 1.17549435e-38f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity,
        float.NaN, BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFA12345), 2147483520f, 2147483648f, -2147483648f, 4294967040f, 4294967296f, 8388607.5f, 8388609f, 3.3e7f, -0.99999994f,
    ];

    static readonly double[] Doubles =
    [
        0, -0d, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, double.Epsilon, double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
        BitConverter.UInt64BitsToDouble(0x7FF0000000000001), BitConverter.UInt64BitsToDouble(0xFFF4000000000001), 2147483647, 2147483647.9, 2147483648, -2147483648.9, -2147483649,
        4294967295, 4294967295.9, 4294967296, 4503599627370495.5, 9007199254740993, -0.9999999999999999, 3.4028235677973366e38, 1.401298464324817e-45, 7.006492321624085e-46, 1.0000000596046448,
    ];

    static byte[] Vector(Random random)
    {
        byte[] v = new byte[16];
        switch (random.Next(6))
        {
            case 0:
                random.NextBytes(v);
                break;
            case 1:
                for (int i = 0; i < 16; i++) v[i] = (byte)Edges[random.Next(Edges.Length)];
                break;
            case 2:
                for (int i = 0; i < 16; i += 2) BinaryPrimitives.WriteUInt16LittleEndian(v.AsSpan(i), (ushort)Edges[random.Next(Edges.Length)]);
                break;
            case 3:
                for (int i = 0; i < 16; i += 8) BinaryPrimitives.WriteUInt64LittleEndian(v.AsSpan(i), Edges[random.Next(Edges.Length)]);
                break;
            case 4:
                for (int i = 0; i < 16; i += 4) BinaryPrimitives.WriteSingleLittleEndian(v.AsSpan(i), random.Next(3) == 0 ? (float)(random.NextDouble() * 1e10 - 5e9) : Floats[random.Next(Floats.Length)]);
                break;
            default:
                for (int i = 0; i < 16; i += 8) BinaryPrimitives.WriteDoubleLittleEndian(v.AsSpan(i), random.Next(3) == 0 ? random.NextDouble() * 1e10 - 5e9 : Doubles[random.Next(Doubles.Length)]);
                break;
        }
        return v;
    }

    static object Scalar(Type type, Random random)
    {
        if (type == typeof(int)) return random.Next(2) == 0 ? random.Next(-40, 300) : (int)Edges[random.Next(Edges.Length)];
        if (type == typeof(long)) return random.Next(2) == 0 ? random.NextInt64() : (long)Edges[random.Next(Edges.Length)];
        if (type == typeof(float)) return Floats[random.Next(Floats.Length)];
        return Doubles[random.Next(Doubles.Length)];
    }
}
