namespace Hornet.Wasm;

/// <summary>A heap type: a type index (0 and up) or one of the abstract types, whose code is the signed number that the binary format uses. Source: spec, syntax/types, heap types.</summary>
public readonly record struct HeapType(int Code)
{
    public static readonly HeapType NoExn = new(-0x0C), NoFunc = new(-0x0D), NoExtern = new(-0x0E), None = new(-0x0F);
    public static readonly HeapType Func = new(-0x10), Extern = new(-0x11), Any = new(-0x12), Eq = new(-0x13), I31 = new(-0x14);
    public static readonly HeapType Struct = new(-0x15), Array = new(-0x16), Exn = new(-0x17);
    /// <summary>The bottom of every hierarchy at once; exists only during validation.</summary>
    public static readonly HeapType Bottom = new(-0x1000);

    public static HeapType Concrete(int typeIndex) => new(typeIndex);

    /// <summary>Whether this names a type of the module's type section.</summary>
    public bool IsConcrete => Code >= 0;

    /// <summary>Whether this is one of the abstract heap types of the standard.</summary>
    public bool IsAbstract => Code is >= -0x17 and <= -0x0C;

    /// <summary>As in the text format.</summary>
    public override string ToString() => Code switch
    {
        >= 0 => Code.ToString(),
        -0x0C => "noexn", -0x0D => "nofunc", -0x0E => "noextern", -0x0F => "none",
        -0x10 => "func", -0x11 => "extern", -0x12 => "any", -0x13 => "eq", -0x14 => "i31",
        -0x15 => "struct", -0x16 => "array", -0x17 => "exn",
        _ => "bot",
    };
}

/// <summary>A value type or packed storage type in 32 bits. Source: spec, syntax/types, value types.</summary>
public readonly record struct ValType
{
    // bits 0..1: 0 a number or vector (code above), 1 (ref ht), 2 (ref null ht); bits 2..31: the signed code
    readonly int _bits;

    ValType(int code, int kind) => _bits = code << 2 | kind;

    public static readonly ValType I32 = new(-1, 0), I64 = new(-2, 0), F32 = new(-3, 0), F64 = new(-4, 0), V128 = new(-5, 0);
    /// <summary>Packed storage types: fields of structs and arrays only.</summary>
    public static readonly ValType I8 = new(-8, 0), I16 = new(-9, 0);
    /// <summary>The type of an operand that unreachable code conjures up; exists only during validation. The default value.</summary>
    public static readonly ValType Bottom = default;
    public static readonly ValType FuncRef = Ref(HeapType.Func, true), ExternRef = Ref(HeapType.Extern, true), AnyRef = Ref(HeapType.Any, true);
    public static readonly ValType EqRef = Ref(HeapType.Eq, true), I31Ref = Ref(HeapType.I31, true), StructRef = Ref(HeapType.Struct, true);
    public static readonly ValType ArrayRef = Ref(HeapType.Array, true), ExnRef = Ref(HeapType.Exn, true), NullRef = Ref(HeapType.None, true);
    public static readonly ValType NullFuncRef = Ref(HeapType.NoFunc, true), NullExternRef = Ref(HeapType.NoExtern, true), NullExnRef = Ref(HeapType.NoExn, true);

    public static ValType Ref(HeapType heap, bool nullable) => new(heap.Code, nullable ? 2 : 1);

    /// <summary>The number, vector or packed type of a one-byte code (0x7F is i32), or false.</summary>
    public static bool TryFromNumericCode(byte code, out ValType type)
    {
        type = new((sbyte)(code << 1) >> 1, 0);
        return code is >= 0x7B and <= 0x7F;
    }

    /// <summary>The binary format's signed code: -1 is i32; for references, the heap type's.</summary>
    public int Code => _bits >> 2;
    public bool IsRef => (_bits & 3) != 0;
    public bool IsNullable => (_bits & 3) == 2;
    public bool IsBottom => _bits == 0;
    public bool IsNumeric => (_bits & 3) == 0 && Code is >= -4 and <= -1;
    public bool IsVector => this == V128;
    public bool IsPacked => this == I8 || this == I16;
    /// <summary>Whether a local of this type starts with a value of its own (spec: defaultable).</summary>
    public bool IsDefaultable => (_bits & 3) != 1;
    public HeapType Heap => new(Code);

    /// <summary>This reference type without null.</summary>
    public ValType AsNonNull() => Ref(Heap, false);
    public ValType AsNullable() => Ref(Heap, true);

    /// <summary>Unpacks a storage type: i8 and i16 become i32.</summary>
    public ValType Unpacked => IsPacked ? I32 : this;

    /// <summary>Bytes in a field, element or memory access: 1, 2, 4, 8 or 16; references take 8 in frames and 4 or 8 in the heap, which the runtime decides, so they are not asked here.</summary>
    public int ByteSize => Code switch { -1 or -3 => 4, -2 or -4 => 8, -5 => 16, -8 => 1, -9 => 2, _ => throw new InvalidOperationException($"{this} has no size of its own") };

    /// <summary>As in the text format, with the standard's short names for nullable abstract references.</summary>
    public override string ToString() => (_bits & 3) switch
    {
        0 => Code switch { -1 => "i32", -2 => "i64", -3 => "f32", -4 => "f64", -5 => "v128", -8 => "i8", -9 => "i16", _ => "bot" },
        2 when Heap.IsAbstract => Heap.Code switch { -0x0C => "nullexnref", -0x0D => "nullfuncref", -0x0E => "nullexternref", -0x0F => "nullref", _ => Heap + "ref" },
        2 => $"(ref null {Heap})",
        _ => $"(ref {Heap})",
    };
}
