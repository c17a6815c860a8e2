using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>What an operator computes whose NaNs may have any payload.</summary>
internal enum NaNShape : byte
{
    None,
    F32,
    F64,
    F32x4,
    F64x2,
}

/// <summary>Which operators make NaNs, for configurations that want them canonical.</summary>
internal static class CanonicalNaN
{
    public const uint F32 = 0x7FC0_0000;
    public const ulong F64 = 0x7FF8_0000_0000_0000;

    /// <summary>The shape of what has to be made canonical behind an operator. What only moves bits keeps them.</summary>
    public static NaNShape ShapeOf(Op op)
    {
        string name = Opcodes.Mnemonic(op);
        if (name[0] != 'f') return NaNShape.None;
        ReadOnlySpan<char> verb = name.AsSpan(name.IndexOf('.') + 1);
        bool computes = verb is "ceil" or "floor" or "trunc" or "nearest" or "sqrt" or "add" or "sub" or "mul" or "div" or "min" or "max"
            || verb.StartsWith("demote") || verb.StartsWith("promote") || verb.StartsWith("relaxed_m") || verb.StartsWith("relaxed_nm");
        if (!computes) return NaNShape.None;
        return name.AsSpan(0, name.IndexOf('.')) switch { "f32" => NaNShape.F32, "f64" => NaNShape.F64, "f32x4" => NaNShape.F32x4, _ => NaNShape.F64x2 };
    }
}
