using System.Numerics;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Modules;

// What follows a mnemonic, by the shape that wasm.ops gives the operator.
ref partial struct ModuleParser
{
    void Plain(Op op, ByteBuffer to)
    {
        Shape shape = Opcodes.ShapeOf(op);
        switch (shape)
        {
            // Forms that decide which of two operators it is.
            case Shape.Heap when op is Op.RefTest or Op.RefCast:
                CastTarget(op, to);
                return;
            case Shape.None when op == Op.Select && c.IsForm("result"u8):
                TypedSelect(to);
                return;
        }
        to.Opcode(op);
        switch (shape)
        {
            case Shape.None: break;
            case Shape.Fence: to.Byte(0); break;
            case Shape.Local: to.U32(Index(_locals)); break;
            case Shape.Global: to.U32(Index(_globals)); break;
            case Shape.Func: to.U32(Index(_funcs)); break;
            case Shape.Type: to.U32(Index(_types)); break;
            case Shape.Tag: to.U32(Index(_tags)); break;
            case Shape.Label: to.U32(Label()); break;
            case Shape.Elem: to.U32(Index(_elems)); break;
            case Shape.Table: to.U32(OptionalIndex(_tables)); break;
            case Shape.Memory: to.U32(OptionalIndex(_memories)); break;
            case Shape.TableTable: TwoOrNone(_tables, to); break;
            case Shape.MemoryMemory: TwoOrNone(_memories, to); break;
            case Shape.ElemTable: SegmentAndTarget(_elems, _tables, to); break;
            case Shape.DataMemory: DataUse(); SegmentAndTarget(_datas, _memories, to); break;
            case Shape.Data: DataUse(); to.U32(Index(_datas)); break;
            case Shape.TypeType: to.U32(Index(_types)); to.U32(Index(_types)); break;
            case Shape.ArrayData: DataUse(); to.U32(Index(_types)); to.U32(Index(_datas)); break;
            case Shape.ArrayElem: to.U32(Index(_types)); to.U32(Index(_elems)); break;
            case Shape.ArrayFixed: to.U32(Index(_types)); to.U32(c.U32("a number of elements")); break;
            case Shape.Field: Field_(to); break;
            case Shape.TypeTable: CallIndirect(to); break;
            case Shape.BrTable: BrTable(to); break;
            case Shape.BrOnCast: BrOnCast(to); break;
            case Shape.Heap: HeapType(to); break;
            case Shape.I32: to.S64(c.Integer(32)); break;
            case Shape.I64: to.S64(c.Integer(64)); break;
            case Shape.F32: to.Fixed32(c.F32()); break;
            case Shape.F64: to.Fixed64(c.F64()); break;
            case Shape.V128: Vector(to); break;
            case Shape.Shuffle: Shuffle(to); break;
            case >= Shape.Lane2 and <= Shape.Lane16: to.Byte(Lane()); break;
            case >= Shape.Mem8 and <= Shape.Mem128: MemArg(shape, OptionalIndex(_memories), to); break;
            case >= Shape.Mem8Lane and <= Shape.Mem64Lane: MemArgAndLane(shape, to); break;
            default: throw new InvalidOperationException($"the text form of {op} is missing");
        }
    }

    // The data count section tells validators of function bodies how many segments there are. spec: binary/modules, data count section
    void DataUse() => _usesDataCount = true;

    void CastTarget(Op op, ByteBuffer to)
    {
        ByteBuffer heap = new(8);
        bool nullable = ReferenceOf(heap);
        to.Opcode(nullable ? op == Op.RefTest ? Op.RefTestNull : Op.RefCastNull : op);
        to.Append(heap.Written);
    }

    // A reference type as heap type and nullability.
    bool ReferenceOf(ByteBuffer heap)
    {
        int start = heap.Length;
        ReferenceType(heap);
        byte first = heap.Written[start];
        if (first is not (0x63 or 0x64)) return true;
        byte[] code = heap.Written[(start + 1)..].ToArray();
        heap.Truncate(start);
        heap.Append(code);
        return first == 0x63;
    }

    void TypedSelect(ByteBuffer to)
    {
        to.Opcode(Op.SelectTyped);
        ByteBuffer types = new(8);
        uint count = 0;
        while (c.TryForm("result"u8))
        {
            for (; c.Current.Kind != TokenKind.RightParen; count++) ValType(types);
            c.Close();
        }
        to.U32(count);
        to.Append(types.Written);
    }

    void TwoOrNone(IndexSpace space, ByteBuffer to)
    {
        if (!c.IsIndex)
        {
            to.U32(0);
            to.U32(0);
            return;
        }
        to.U32(Index(space));
        to.U32(Index(space));
    }

    // Target? segment in the text, segment and target in the binary format.
    void SegmentAndTarget(IndexSpace segments, IndexSpace targets, ByteBuffer to)
    {
        uint target = 0;
        if (c.IsIndex && c.Following.Kind is TokenKind.Number or TokenKind.Id or TokenKind.QuotedId) target = Index(targets);
        to.U32(Index(segments));
        to.U32(target);
    }

    void Field_(ByteBuffer to)
    {
        uint type = Index(_types);
        to.U32(type);
        if (!c.IsId)
        {
            to.U32(c.U32("a field index"));
            return;
        }
        Token token = c.Current;
        int name = c.Identifier(_names);
        if (!_fieldIndices.TryGetValue(((int)type, name), out int field)) Report(token, $"unknown field {Show(name)}");
        to.U32((uint)field);
    }

    void CallIndirect(ByteBuffer to)
    {
        uint table = OptionalIndex(_tables);
        to.U32(TypeUse(named: false));
        to.U32(table);
    }

    void BrTable(ByteBuffer to)
    {
        ByteBuffer labels = new(32);
        uint count = 0;
        do
        {
            labels.U32(Label());
            count++;
        }
        while (c.IsIndex);
        to.U32(count - 1);
        to.Append(labels.Written);
    }

    void BrOnCast(ByteBuffer to)
    {
        uint label = Label();
        ByteBuffer heaps = new(8);
        bool from = ReferenceOf(heaps), target = ReferenceOf(heaps);
        to.Byte((byte)((from ? 1 : 0) | (target ? 2 : 0)));
        to.U32(label);
        to.Append(heaps.Written);
    }

    byte Lane() => (byte)c.Unsigned(255, "i8 constant out of range", "a lane index");

    void Shuffle(ByteBuffer to)
    {
        c.CountNumbers(16, "invalid lane length");
        for (int i = 0; i < 16; i++)
        {
            // Any number that is no lane is out of range here. spec suite: simd_lane
            if (NumberLiteral.Unsigned(c.Text, 255, out _) != NumberStatus.Ok && NumberLiteral.IsNumber(c.Text)) c.Fail("i8 constant out of range");
            to.Byte(Lane());
        }
    }

    void Vector(ByteBuffer to)
    {
        Span<byte> bytes = stackalloc byte[16];
        c.Vector(bytes, []);
        to.Append(bytes);
    }

    // ---- memory arguments

    void MemArgAndLane(Shape shape, ByteBuffer to)
    {
        // A number is the memory's only if something else follows that can be a lane.
        bool memory = c.IsId || c.Current.Kind == TokenKind.Number && (c.Following.Kind == TokenKind.Number || c.Following.Kind == TokenKind.Keyword && FollowingIsMemArg);
        MemArg(shape, memory ? Index(_memories) : 0, to);
        to.Byte(Lane());
    }

    readonly bool FollowingIsMemArg => c.Source.Slice(c.Following.Start, c.Following.Length) is var text && (text.StartsWith("offset="u8) || text.StartsWith("align="u8));

    void MemArg(Shape shape, uint memory, ByteBuffer to)
    {
        ulong offset = Keyed("offset="u8, "i64 constant out of range", 0);
        ulong align = Keyed("align="u8, "i64 constant out of range", 1UL << Opcodes.AccessSizeLog2(shape));
        to.U32((uint)BitOperations.Log2(align) | (memory == 0 ? 0 : 0x40u));
        if (memory != 0) to.U32(memory);
        to.U64(offset);
    }

    ulong Keyed(ReadOnlySpan<byte> key, string outOfRange, ulong absent)
    {
        if (c.Current.Kind != TokenKind.Keyword || !c.Text.StartsWith(key)) return absent;
        NumberStatus status = NumberLiteral.Unsigned(c.Text[key.Length..], ulong.MaxValue, out ulong value);
        if (status == NumberStatus.Syntax) c.Fail($"unknown operator {System.Text.Encoding.UTF8.GetString(c.Text)}");
        if (status == NumberStatus.Range) c.Fail(outOfRange);
        if (absent != 0 && !BitOperations.IsPow2(value)) c.Fail("alignment must be a power of two");
        c.Advance();
        return value;
    }
}
