using Hornet.Runtime;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Wast;

/// <summary>Between a script's values and the engine's.</summary>
static class ScriptValues
{
    /// <summary>The host object that <c>(ref.extern n)</c> and <c>(ref.host n)</c> stand for.</summary>
    sealed record HostObject(uint Number);

    public static ValueBox ToBox(ScriptValue value, ValueKind kind) => value.Kind switch
    {
        ScriptValueKind.I32 => ValueBox.FromBits(ValueKind.Int32, value.Bits),
        ScriptValueKind.I64 => ValueBox.FromBits(ValueKind.Int64, value.Bits),
        ScriptValueKind.F32 => ValueBox.FromBits(ValueKind.Float32, value.Bits),
        ScriptValueKind.F64 => ValueBox.FromBits(ValueKind.Float64, value.Bits),
        ScriptValueKind.V128 => ValueBox.FromBits(ValueKind.V128, value.Bits, value.BitsHigh),
        ScriptValueKind.RefNull => ValueBox.Null(kind),
        ScriptValueKind.RefExtern => ValueBox.ExternRef(new HostObject((uint)value.Bits)),
        // The host object of the any hierarchy, as any.convert_extern makes it.
        ScriptValueKind.RefHost => ValueBox.Reference(ValueKind.AnyRef, 0, new HostObject((uint)value.Bits)),
        _ => throw new NotSupportedException($"{value.Kind} as an argument"),
    };

    public static ScriptResult FromBox(ValueBox value) => value.Kind switch
    {
        ValueKind.Int32 => new(ScriptValueKind.I32, value.LowBits),
        ValueKind.Int64 => new(ScriptValueKind.I64, value.LowBits),
        ValueKind.Float32 => new(ScriptValueKind.F32, value.LowBits),
        ValueKind.Float64 => new(ScriptValueKind.F64, value.LowBits),
        ValueKind.V128 => new(ScriptValueKind.V128, value.LowBits, value.HighBits),
        _ when value.IsNull => new(ScriptValueKind.RefNull, 0),
        ValueKind.FuncRef => new(ScriptValueKind.RefFunc, 0),
        ValueKind.ExnRef => new(ScriptValueKind.RefExn, 0),
        _ when value.Object is HostObject host => new(value.Kind == ValueKind.ExternRef ? ScriptValueKind.RefExtern : ScriptValueKind.RefHost, host.Number),
        ValueKind.ExternRef => new(ScriptValueKind.RefExtern, uint.MaxValue),
        _ => new(value.Object switch
        {
            HeapReference { Kind: CompositeKind.Struct } => ScriptValueKind.RefStruct,
            HeapReference { Kind: CompositeKind.Array } => ScriptValueKind.RefArray,
            Store => ScriptValueKind.RefI31,
            _ => ScriptValueKind.RefAny,
        }, 0),
    };
}
