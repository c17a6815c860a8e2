using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// Reads operators and the types and numbers around them from a span that holds a whole item (a body, a constant expression).
/// Throws <see cref="WasmFormatException"/> with the offset; allocates nothing.
/// </summary>
/// <param name="bytes">The item.</param>
/// <param name="origin">Offset of its first byte from the beginning of the module.</param>
public ref partial struct OperatorReader(ReadOnlySpan<byte> bytes, int origin)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _pos = 0;

    /// <summary>Offset of the next byte from the beginning of the module.</summary>
    public readonly int Offset => origin + _pos;

    /// <summary>Index of the next byte in the span.</summary>
    internal int Position
    {
        readonly get => _pos;
        set => _pos = value;
    }

    /// <summary>Whether all bytes are read.</summary>
    public readonly bool AtEnd => _pos >= _bytes.Length;

    /// <summary>A reader over a part of the same item, such as <see cref="Operator.Entries"/>.</summary>
    public readonly OperatorReader At(ByteRange range) => new(_bytes.Slice(range.Offset - origin, range.Length), range.Offset);

    /// <summary>Reads the next operator.</summary>
    public void Read(ref Operator op)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        int pos = _pos;
        op.Offset = origin + pos;
        if ((uint)pos >= (uint)bytes.Length) ThrowEnd();
        byte first = bytes[pos++];
        Op code = (Op)first;
        if (first >= 0xFB)
        {
            _pos = pos;
            code = Prefixed(first);
            pos = _pos;
        }
        Shape shape = Opcodes.ShapeOf(code);
        op.Op = code;
        op.Shape = shape;
        // Nearly every operator has no immediates, or one of one byte.
        if (shape == Shape.None)
        {
            _pos = pos;
            return;
        }
        if (shape <= Shape.Tag && shape != Shape.Invalid && (uint)pos < (uint)bytes.Length && bytes[pos] < 0x80)
        {
            op.A = bytes[pos];
            _pos = pos + 1;
            return;
        }
        _pos = pos;
        Immediates(ref op, shape);
    }

    void Immediates(ref Operator op, Shape shape)
    {
        switch (shape)
        {
            case >= Shape.Label and <= Shape.Tag:
                op.A = U32();
                break;
            case >= Shape.TypeTable and <= Shape.ArrayElem:
                op.A = U32();
                op.B = U32();
                break;
            case Shape.I32:
                op.Imm = (ulong)S32();
                break;
            case Shape.I64:
                op.Imm = (ulong)S64();
                break;
            case Shape.F32:
                op.Imm = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case Shape.F64:
                op.Imm = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case Shape.V128 or Shape.Shuffle:
                ReadOnlySpan<byte> vector = Take(16);
                op.Imm = BinaryPrimitives.ReadUInt64LittleEndian(vector);
                op.ImmHigh = BinaryPrimitives.ReadUInt64LittleEndian(vector[8..]);
                break;
            case >= Shape.Mem8 and <= Shape.Mem128:
                MemArg(ref op);
                break;
            case >= Shape.Mem8Lane and <= Shape.Mem64Lane:
                MemArg(ref op);
                op.Lane = Byte();
                break;
            case >= Shape.Lane2 and <= Shape.Lane16:
                op.Lane = Byte();
                break;
            case Shape.Block:
                op.BlockType = BlockType();
                break;
            case Shape.BrTable:
                SkipVector(ref op, 1);
                break;
            case Shape.TryTable:
                op.BlockType = BlockType();
                SkipCatches(ref op);
                break;
            case Shape.Heap:
                op.Heap = HeapType();
                break;
            case Shape.Select:
                SkipTypes(ref op);
                break;
            case Shape.BrOnCast:
                op.Lane = Byte();
                if (op.Lane > 3) WasmFormatException.ThrowMalformed(Offset - 1, "malformed br_on_cast flags");
                op.A = U32();
                op.Heap = HeapType();
                op.Heap2 = HeapType();
                break;
            case Shape.Fence:
                if (Byte() != 0) WasmFormatException.ThrowMalformed(Offset - 1, "zero byte expected");
                break;
            default:
                WasmFormatException.ThrowMalformed(op.Offset, $"illegal opcode {_bytes[op.Offset - origin]:x2}");
                break;
        }
    }

    Op Prefixed(byte prefix) => Opcodes.FromPrefixed(prefix, U32());

    // The alignment's bit 6 says that a memory index follows. spec: binary/instructions, memarg
    void MemArg(ref Operator op)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        int pos = _pos;
        // Memory 0 and an offset below 128
        if ((uint)(pos + 1) < (uint)bytes.Length && bytes[pos] < 0x40 && bytes[pos + 1] < 0x80)
        {
            op.A = 0;
            op.B = bytes[pos];
            op.Imm = bytes[pos + 1];
            _pos = pos + 2;
            return;
        }
        uint flags = U32();
        if (flags >= 0x80) WasmFormatException.ThrowMalformed(Offset - 1, "malformed memop flags");
        op.A = (flags & 0x40) != 0 ? U32() : 0;
        op.B = flags & 0x3F;
        op.Imm = U64();
    }

    void SkipVector(ref Operator op, int extra)
    {
        uint count = Count();
        int start = Offset;
        for (uint i = 0; i < count + extra; i++) U32();
        op.Count = (int)count;
        op.Entries = new(start, Offset - start);
    }

    void SkipCatches(ref Operator op)
    {
        op.Count = (int)Count();
        int start = Offset;
        WasmLimits.Check(op.Count, WasmLimits.CatchClauses, start, "catch clause");
        for (int i = 0; i < op.Count; i++) CatchClause();
        op.Entries = new(start, Offset - start);
    }

    void SkipTypes(ref Operator op)
    {
        op.Count = (int)Count();
        int start = Offset;
        for (int i = 0; i < op.Count; i++) ValType();
        op.Entries = new(start, Offset - start);
    }

    /// <summary>A vector's length, which cannot exceed the bytes that are left.</summary>
    public uint Count()
    {
        uint count = U32();
        if (count > (uint)(_bytes.Length - _pos)) WasmFormatException.ThrowMalformed(Offset, "unexpected end of section or function");
        return count;
    }

    public CatchClause CatchClause()
    {
        byte kind = Byte();
        if (kind > (byte)CatchKind.CatchAllRef) WasmFormatException.ThrowMalformed(Offset - 1, "malformed catch clause");
        uint tag = kind <= (byte)CatchKind.CatchRef ? U32() : 0;
        return new((CatchKind)kind, tag, U32());
    }

    public BlockType BlockType()
    {
        if ((uint)_pos < (uint)_bytes.Length && _bytes[_pos] == 0x40)
        {
            _pos++;
            return Wasm.BlockType.Empty;
        }
        // A type index is a positive s33; a value type begins with a byte in 0x63..0x7F, which is a negative one-byte s33.
        if ((uint)_pos < (uint)_bytes.Length && _bytes[_pos] is >= 0x40 and < 0x80) return Wasm.BlockType.Of(ValType());
        int at = Offset;
        long index = S33();
        if (index < 0 || index > int.MaxValue) WasmFormatException.ThrowMalformed(at, "malformed block type");
        return Wasm.BlockType.Of((int)index);
    }

    public HeapType HeapType()
    {
        int at = Offset;
        long code = S33();
        // A ValType has 29 bits for a type index, and no module has so many types.
        if (code >= 1 << 29) WasmFormatException.ThrowInvalid(at, $"unknown type {code}");
        HeapType type = new((int)code);
        if (code < -0x17 || !type.IsConcrete && !type.IsAbstract) WasmFormatException.ThrowMalformed(at, "malformed heap type");
        return type;
    }

    public ValType ValType()
    {
        int at = Offset;
        byte code = Byte();
        if (Wasm.ValType.TryFromNumericCode(code, out ValType type)) return type;
        switch (code)
        {
            case 0x64: return Wasm.ValType.Ref(HeapType(), nullable: false);
            case 0x63: return Wasm.ValType.Ref(HeapType(), nullable: true);
        }
        HeapType heap = new((sbyte)(code << 1) >> 1);
        if (code is < 0x69 or > 0x74 || !heap.IsAbstract) WasmFormatException.ThrowMalformed(at, code >= 0x80 ? "integer representation too long" : "malformed value type");
        return Wasm.ValType.Ref(heap, nullable: true);
    }

    /// <summary>The next byte, not read yet; -1 at the end.</summary>
    public readonly int Peek() => (uint)_pos < (uint)_bytes.Length ? _bytes[_pos] : -1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Byte()
    {
        if ((uint)_pos >= (uint)_bytes.Length) ThrowEnd();
        return _bytes[_pos++];
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _pos) ThrowEnd();
        ReadOnlySpan<byte> taken = _bytes.Slice(_pos, count);
        _pos += count;
        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint U32()
    {
        LebStatus status = Leb.TryReadU32(_bytes, ref _pos, out uint value);
        if (status != LebStatus.Ok) ThrowLeb(status);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int S32()
    {
        LebStatus status = Leb.TryReadS32(_bytes, ref _pos, out int value);
        if (status != LebStatus.Ok) ThrowLeb(status);
        return value;
    }

    public ulong U64()
    {
        LebStatus status = Leb.TryReadU64(_bytes, ref _pos, out ulong value);
        if (status != LebStatus.Ok) ThrowLeb(status);
        return value;
    }

    public long S33()
    {
        LebStatus status = Leb.TryReadS33(_bytes, ref _pos, out long value);
        if (status != LebStatus.Ok) ThrowLeb(status);
        return value;
    }

    public long S64()
    {
        LebStatus status = Leb.TryReadS64(_bytes, ref _pos, out long value);
        if (status != LebStatus.Ok) ThrowLeb(status);
        return value;
    }

    readonly void ThrowEnd() => WasmFormatException.ThrowMalformed(origin + _bytes.Length, "unexpected end of section or function");

    readonly void ThrowLeb(LebStatus status) => WasmFormatException.ThrowMalformed(Offset, status switch
    {
        LebStatus.TooLong => "integer representation too long",
        LebStatus.TooLarge => "integer too large",
        _ => "unexpected end of section or function",
    });
}
