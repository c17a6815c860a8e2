using Hornet.Text;
using Hornet.Text.Scripts;

namespace Hornet.Wast;

/// <summary>Whether results match what a script expects. Source: interpreter/README of the specification, "Scripts", results.</summary>
static class ResultPattern
{
    public static bool Matches(ScriptValue expected, ScriptResult got) => expected.Kind switch
    {
        ScriptValueKind.Either => Array.Exists(expected.Choices, c => Matches(c, got)),
        ScriptValueKind.F32 when expected.Patterns is [var nan] => got.Kind == ScriptValueKind.F32 && IsNan32((uint)got.Bits, nan),
        ScriptValueKind.F64 when expected.Patterns is [var nan] => got.Kind == ScriptValueKind.F64 && IsNan64(got.Bits, nan),
        ScriptValueKind.V128 => got.Kind == ScriptValueKind.V128 && VectorMatches(expected, got),
        ScriptValueKind.RefExtern or ScriptValueKind.RefHost =>
            got.Kind is ScriptValueKind.RefExtern or ScriptValueKind.RefHost && (!expected.HasNumber || got.Bits == expected.Bits),
        ScriptValueKind.RefEq => got.Kind is ScriptValueKind.RefStruct or ScriptValueKind.RefArray or ScriptValueKind.RefI31 or ScriptValueKind.RefEq,
        ScriptValueKind.RefAny => got.Kind is ScriptValueKind.RefStruct or ScriptValueKind.RefArray or ScriptValueKind.RefI31 or ScriptValueKind.RefEq or ScriptValueKind.RefAny or ScriptValueKind.RefHost,
        ScriptValueKind.I32 or ScriptValueKind.I64 or ScriptValueKind.F32 or ScriptValueKind.F64 => got.Kind == expected.Kind && got.Bits == expected.Bits,
        _ => got.Kind == expected.Kind,
    };

    static bool IsNan32(uint bits, NanPattern pattern) =>
        pattern == NanPattern.Canonical ? (bits & 0x7FFFFFFF) == 0x7FC00000 : (bits & 0x7FC00000) == 0x7FC00000;

    static bool IsNan64(ulong bits, NanPattern pattern) => pattern == NanPattern.Canonical
        ? (bits & 0x7FFFFFFFFFFFFFFF) == 0x7FF8000000000000
        : (bits & 0x7FF8000000000000) == 0x7FF8000000000000;

    static bool VectorMatches(ScriptValue expected, ScriptResult got)
    {
        if (expected.Patterns.Length == 0) return got.Bits == expected.Bits && got.BitsHigh == expected.BitsHigh;
        bool wide = expected.Shape == LaneShape.F64x2;
        for (int lane = 0; lane < (wide ? 2 : 4); lane++)
        {
            ulong want = Lane(expected.Bits, expected.BitsHigh, lane, wide), have = Lane(got.Bits, got.BitsHigh, lane, wide);
            NanPattern nan = expected.Patterns[lane];
            bool matches = nan == NanPattern.None ? want == have : wide ? IsNan64(have, nan) : IsNan32((uint)have, nan);
            if (!matches) return false;
        }
        return true;
    }

    static ulong Lane(ulong low, ulong high, int lane, bool wide) =>
        wide ? lane == 0 ? low : high : (uint)((lane < 2 ? low : high) >> (lane % 2 * 32));

    public static string Show(ScriptValue value) => value.Kind switch
    {
        ScriptValueKind.Either => $"(either {string.Join(' ', value.Choices.Select(Show))})",
        ScriptValueKind.V128 when value.Patterns.Length > 0 => $"(v128.const {value.Shape.ToString().ToLowerInvariant()} 0x{value.BitsHigh:x16}_{value.Bits:x16} with {string.Join(' ', value.Patterns)})",
        _ when value.Patterns is [var nan] => $"({Word(value.Kind)} nan:{nan.ToString().ToLowerInvariant()})",
        _ => Show(new ScriptResult(value.Kind, value.Bits, value.BitsHigh)),
    };

    public static string Show(ScriptResult value) => value.Kind switch
    {
        ScriptValueKind.I32 => $"(i32.const {(int)value.Bits})",
        ScriptValueKind.I64 => $"(i64.const {(long)value.Bits})",
        ScriptValueKind.F32 => $"(f32.const {BitConverter.UInt32BitsToSingle((uint)value.Bits):R} = 0x{value.Bits:x8})",
        ScriptValueKind.F64 => $"(f64.const {BitConverter.UInt64BitsToDouble(value.Bits):R} = 0x{value.Bits:x16})",
        ScriptValueKind.V128 => $"(v128.const 0x{value.BitsHigh:x16}_{value.Bits:x16})",
        ScriptValueKind.RefExtern or ScriptValueKind.RefHost => $"({Word(value.Kind)} {value.Bits})",
        _ => $"({Word(value.Kind)})",
    };

    static string Word(ScriptValueKind kind) => kind switch
    {
        ScriptValueKind.I32 or ScriptValueKind.I64 or ScriptValueKind.F32 or ScriptValueKind.F64 or ScriptValueKind.V128 => $"{kind}".ToLowerInvariant() + ".const",
        _ => $"ref.{$"{kind}"[3..].ToLowerInvariant()}",
    };
}
