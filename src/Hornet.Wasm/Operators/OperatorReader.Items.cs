using System.Text.Unicode;

namespace Hornet.Wasm;

// What the items of sections are made of, beside operators and types.
public ref partial struct OperatorReader
{
    /// <summary>A reader over a stretch of a module.</summary>
    public OperatorReader(ModuleBytes bytes) : this(bytes.Span, bytes.Offset) { }

    /// <summary>An index. One beyond what any index space can hold becomes <see cref="int.MaxValue"/>, which no index space holds either.</summary>
    public int Index() => (int)Math.Min(U32(), int.MaxValue);

    /// <summary>A name: UTF-8, checked. Source: spec, binary/values, names.</summary>
    public ReadOnlySpan<byte> Name()
    {
        int at = Offset;
        uint length = U32();
        if (length > (uint)(_bytes.Length - _pos)) WasmFormatException.ThrowMalformed(at, "length out of bounds");
        if (length > WasmLimits.StringBytes) WasmFormatException.ThrowLimit(at, $"name of {length} bytes is longer than {WasmLimits.StringBytes}");
        ReadOnlySpan<byte> name = Take((int)length);
        if (!Utf8.IsValid(name)) WasmFormatException.ThrowMalformed(at, "malformed UTF-8 encoding");
        return name;
    }

    /// <summary>A number that may only be 0 or 1.</summary>
    public bool Mutability()
    {
        byte flag = Byte();
        if (flag > 1) WasmFormatException.ThrowMalformed(Offset - 1, "malformed mutability");
        return flag != 0;
    }

    /// <summary>A value type that must be a reference.</summary>
    public ValType RefType()
    {
        int at = Offset;
        // A number's code is no reference type; what is neither is told by the same words.
        if ((uint)_pos < (uint)_bytes.Length && _bytes[_pos] is not (0x63 or 0x64 or (>= 0x69 and <= 0x74))) WasmFormatException.ThrowMalformed(at, "malformed reference type");
        return ValType();
    }

    /// <summary>A field's type, packed ones included.</summary>
    public FieldType FieldType()
    {
        ValType storage;
        if ((uint)_pos < (uint)_bytes.Length && _bytes[_pos] is 0x78 or 0x77) storage = Byte() == 0x78 ? Wasm.ValType.I8 : Wasm.ValType.I16;
        else storage = ValType();
        return new(storage, Mutability());
    }

    /// <summary>A global's type.</summary>
    public GlobalType GlobalType()
    {
        ValType type = ValType();
        return new(type, Mutability());
    }

    /// <summary>Element type and limits.</summary>
    public TableType TableType()
    {
        ValType element = RefType();
        byte flags = Byte();
        // As a memory's, but never shared.
        if ((flags & ~0b101) != 0) WasmFormatException.ThrowMalformed(Offset - 1, "malformed limits flags");
        bool is64 = (flags & 4) != 0;
        return new(element, Limits((flags & 1) != 0, is64), is64);
    }

    /// <summary>Limits, address type, sharing, page size.</summary>
    public MemoryType MemoryType(Features features = Features.All)
    {
        byte flags = Byte();
        // spec: binary/types, limits. Bit 0: a maximum follows; bit 1: shared; bit 2: 64-bit addresses; bit 3: a page size follows.
        if (flags > 15) WasmFormatException.ThrowMalformed(Offset - 1, "malformed limits flags");
        Features needed = ((flags & 2) != 0 ? Features.Threads : 0) | ((flags & 4) != 0 ? Features.Memory64 : 0) | ((flags & 8) != 0 ? Features.CustomPageSizes : 0);
        if ((needed & ~features) != 0) WasmFormatException.ThrowMalformed(Offset - 1, $"malformed limits flags: the feature {FeatureGate.Name(needed & ~features)} is not enabled");
        bool is64 = (flags & 4) != 0;
        Limits limits = Limits((flags & 1) != 0, is64);
        byte pageSizeLog2 = 16;
        if ((flags & 8) != 0)
        {
            int at = Offset;
            uint log2 = U32();
            if (log2 >= 64) WasmFormatException.ThrowMalformed(at, "invalid custom page size");
            pageSizeLog2 = (byte)log2;
        }
        return new(limits, is64, (flags & 2) != 0, pageSizeLog2);
    }

    Limits Limits(bool hasMax, bool is64)
    {
        // spec 3.0: the numbers are u64 whatever the address type; what does not fit it is left to validation.
        ulong min = U64();
        return new(min, hasMax ? U64() : null);
    }

    /// <summary>A tag's type index, after its attribute.</summary>
    public int TagType()
    {
        if (Byte() != 0) WasmFormatException.ThrowMalformed(Offset - 1, "malformed tag attribute");
        return Index();
    }

    /// <summary>Passes over an expression, `end` included, checking that it is well formed, and says where it lies.</summary>
    /// <param name="declared">Where the functions that it names are noted, if anywhere.</param>
    public ConstExpr ConstExpr(ISet<int>? declared = null)
    {
        int start = Offset;
        Operator op = default;
        for (int depth = 0; ;)
        {
            Read(ref op);
            if (op.Shape is Shape.Block or Shape.TryTable) depth++;
            else if (op.Op == Op.RefFunc) declared?.Add((int)Math.Min(op.A, int.MaxValue));
            else if (op.Op == Op.Delegate && depth > 0) depth--;
            else if (op.Op == Op.End && depth-- == 0) return new(new(start, Offset - start));
        }
    }
}
