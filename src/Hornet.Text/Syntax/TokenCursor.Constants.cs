using System.Buffers.Binary;

namespace Hornet.Text;

/// <summary>A lane or float of an expected result that stands for a set of NaNs. Source: the script format of the reference interpreter.</summary>
enum NanPattern : byte { None, Canonical, Arithmetic }

/// <summary>The shape that a vector constant is written in.</summary>
enum LaneShape : byte { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 }

// Constants, which instructions and scripts share.
ref partial struct TokenCursor
{
    /// <summary>An integer constant of 8 to 64 bits, sign-extended.</summary>
    public long Integer(int bits)
    {
        NumberStatus status = NumberLiteral.Integer(Current.Kind == TokenKind.Number ? Text : [], bits, out long value);
        if (status == NumberStatus.Syntax) Unexpected($"an i{bits} constant");
        if (status == NumberStatus.Range) Fail("constant out of range");
        Advance();
        return value;
    }

    /// <summary>The bits of an f32 constant.</summary>
    public uint F32()
    {
        NumberStatus status = NumberLiteral.F32(IsNumber ? Text : [], out uint bits);
        if (status == NumberStatus.Syntax) Unexpected("an f32 constant");
        if (status == NumberStatus.Range) Fail("constant out of range");
        Advance();
        return bits;
    }

    /// <summary>The bits of an f64 constant.</summary>
    public ulong F64()
    {
        NumberStatus status = NumberLiteral.F64(IsNumber ? Text : [], out ulong bits);
        if (status == NumberStatus.Syntax) Unexpected("an f64 constant");
        if (status == NumberStatus.Range) Fail("constant out of range");
        Advance();
        return bits;
    }

    /// <summary>Whether a number comes next, those that look like keywords included.</summary>
    public readonly bool IsNumber =>
        Current.Kind == TokenKind.Number || Current.Kind == TokenKind.Keyword && (Text.StartsWith("nan"u8) || Text.SequenceEqual("inf"u8));

    /// <summary>nan:canonical or nan:arithmetic, if one of them comes next.</summary>
    public NanPattern TryNanPattern() =>
        TryKeyword("nan:canonical"u8) ? NanPattern.Canonical : TryKeyword("nan:arithmetic"u8) ? NanPattern.Arithmetic : NanPattern.None;

    /// <summary>A vector's shape and lanes. NaN patterns are taken only where <paramref name="patterns"/> has room for them.</summary>
    public LaneShape Vector(scoped Span<byte> bytes, scoped Span<NanPattern> patterns)
    {
        LaneShape shape = Shape();
        Advance();
        int lanes = shape switch { LaneShape.I8x16 => 16, LaneShape.I16x8 => 8, LaneShape.I32x4 or LaneShape.F32x4 => 4, _ => 2 };
        CountNumbers(lanes, "wrong number of lane literals");
        int size = 16 / lanes;
        for (int i = 0; i < lanes; i++)
        {
            Span<byte> lane = bytes[(i * size)..];
            if (patterns.Length > 0 && (patterns[i] = TryNanPattern()) != NanPattern.None) continue;
            switch (shape)
            {
                case LaneShape.I8x16: lane[0] = (byte)Integer(8); break;
                case LaneShape.I16x8: BinaryPrimitives.WriteInt16LittleEndian(lane, (short)Integer(16)); break;
                case LaneShape.I32x4: BinaryPrimitives.WriteInt32LittleEndian(lane, (int)Integer(32)); break;
                case LaneShape.I64x2: BinaryPrimitives.WriteInt64LittleEndian(lane, Integer(64)); break;
                case LaneShape.F32x4: BinaryPrimitives.WriteUInt32LittleEndian(lane, F32()); break;
                default: BinaryPrimitives.WriteUInt64LittleEndian(lane, F64()); break;
            }
        }
        return shape;
    }

    readonly LaneShape Shape()
    {
        if (IsKeyword("i8x16"u8)) return LaneShape.I8x16;
        if (IsKeyword("i16x8"u8)) return LaneShape.I16x8;
        if (IsKeyword("i32x4"u8)) return LaneShape.I32x4;
        if (IsKeyword("i64x2"u8)) return LaneShape.I64x2;
        if (IsKeyword("f32x4"u8)) return LaneShape.F32x4;
        if (!IsKeyword("f64x2"u8)) Unexpected("a vector shape");
        return LaneShape.F64x2;
    }

    /// <summary>Checks how many numbers come next: the suite wants that judged before their ranges.</summary>
    public void CountNumbers(int count, string message)
    {
        Token first = Current;
        int found = 0;
        for (; IsNumber; found++) Advance();
        if (found < count && Current.Kind == TokenKind.Reserved) Unexpected("a number");
        if (found != count) Fail(first, message);
        Seek(first.Start);
    }
}
