using System.Runtime.CompilerServices;

namespace Hornet;

/// <summary>A value of any kind, without an allocation of its own: arguments and results of untyped calls.</summary>
public readonly struct ValueBox
{
    readonly ulong _low, _high;
    readonly object? _object;

    ValueBox(ValueKind kind, ulong low, ulong high = 0, object? obj = null) => (Kind, _low, _high, _object) = (kind, low, high, obj);

    public ValueKind Kind { get; }

    /// <summary>A reference to any .NET object, or the null reference.</summary>
    public static ValueBox ExternRef(object? value) => new(ValueKind.ExternRef, 0, 0, value);

    /// <summary>A function reference, or the null reference.</summary>
    public static ValueBox FuncRef(Function? value) => new(ValueKind.FuncRef, 0, 0, value);

    /// <summary>The null reference of a reference kind.</summary>
    public static ValueBox Null(ValueKind kind) => new(kind, 0);

    /// <summary>A number or vector from its bits.</summary>
    public static ValueBox FromBits(ValueKind kind, ulong low, ulong high = 0) => new(kind, low, high);

    internal static ValueBox Reference(ValueKind kind, uint bits, object? holder) => new(kind, bits, 0, holder);

    /// <summary>The lowest 64 bits of a number or vector (of a 32-bit one: zero-extended).</summary>
    public ulong LowBits => _low;

    /// <summary>The highest 64 bits of a vector.</summary>
    public ulong HighBits => _high;

    internal object? Object => _object;

    /// <summary>Whether this is a null reference.</summary>
    public bool IsNull => Kind >= ValueKind.FuncRef && _object is null && _low == 0;

    public int AsInt32() => (int)Expect(ValueKind.Int32)._low;
    public long AsInt64() => (long)Expect(ValueKind.Int64)._low;
    public float AsSingle() => BitConverter.UInt32BitsToSingle((uint)Expect(ValueKind.Float32)._low);
    public double AsDouble() => BitConverter.UInt64BitsToDouble(Expect(ValueKind.Float64)._low);
    public V128 AsV128() => new(Expect(ValueKind.V128)._low, _high);
    public Function? AsFunction() => (Function?)Expect(ValueKind.FuncRef)._object;

    /// <summary>The object of an external reference.</summary>
    public object? AsExternRef() => Expect(ValueKind.ExternRef)._object;

    /// <summary>The value as an object: int, long, float, double, <see cref="V128"/>, <see cref="Function"/>, the external object.</summary>
    public object? ToObject() => Kind switch
    {
        ValueKind.Int32 => AsInt32(),
        ValueKind.Int64 => AsInt64(),
        ValueKind.Float32 => AsSingle(),
        ValueKind.Float64 => AsDouble(),
        ValueKind.V128 => AsV128(),
        ValueKind.AnyRef when !IsNull => this,
        _ => _object,
    };

    /// <summary>A value of this kind from what <see cref="ToObject"/> gives; numbers must have the exact .NET type.</summary>
    public static ValueBox FromObject(ValueKind kind, object? value) => (kind, value) switch
    {
        (_, ValueBox box) when box.Kind == kind => box,
        (ValueKind.Int32, int v) => v,
        (ValueKind.Int32, uint v) => (int)v,
        (ValueKind.Int64, long v) => v,
        (ValueKind.Int64, ulong v) => (long)v,
        (ValueKind.Float32, float v) => v,
        (ValueKind.Float64, double v) => v,
        (ValueKind.V128, V128 v) => v,
        (ValueKind.FuncRef, Function or null) => FuncRef((Function?)value),
        (ValueKind.ExternRef, _) => ExternRef(value),
        (ValueKind.AnyRef or ValueKind.ExnRef, null) => Null(kind),
        _ => throw new ArgumentException($"{value?.GetType().Name ?? "null"} is not a value of kind {kind}", nameof(value)),
    };

    public static implicit operator ValueBox(int value) => new(ValueKind.Int32, (uint)value);
    public static implicit operator ValueBox(long value) => new(ValueKind.Int64, (ulong)value);
    public static implicit operator ValueBox(float value) => new(ValueKind.Float32, BitConverter.SingleToUInt32Bits(value));
    public static implicit operator ValueBox(double value) => new(ValueKind.Float64, BitConverter.DoubleToUInt64Bits(value));
    public static implicit operator ValueBox(V128 value) => new(ValueKind.V128, value.Low, value.High);
    public static implicit operator ValueBox(Function? value) => FuncRef(value);
    public static implicit operator ValueBox(string? value) => ExternRef(value);

    /// <summary>As in the text format: <c>i32.const 5</c>.</summary>
    public override string ToString() => Kind switch
    {
        ValueKind.Int32 => $"i32.const {AsInt32()}",
        ValueKind.Int64 => $"i64.const {AsInt64()}",
        ValueKind.Float32 => FormattableString.Invariant($"f32.const {AsSingle():R}"),
        ValueKind.Float64 => FormattableString.Invariant($"f64.const {AsDouble():R}"),
        ValueKind.V128 => $"v128.const {AsV128()}",
        _ when IsNull => $"ref.null {Kind switch { ValueKind.FuncRef => "func", ValueKind.ExternRef => "extern", ValueKind.ExnRef => "exn", _ => "any" }}",
        ValueKind.FuncRef => "ref.func",
        ValueKind.ExternRef => $"ref.extern {_object}",
        _ => "ref.any",
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ValueBox Expect(ValueKind kind)
    {
        if (Kind != kind) ThrowKind(kind);
        return this;
    }

    void ThrowKind(ValueKind kind) => throw new InvalidCastException($"the value is of kind {Kind}, not {kind}");
}
