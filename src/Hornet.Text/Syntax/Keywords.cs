using Hornet.Wasm;

namespace Hornet.Text;

/// <summary>The words of the grammar that are not mnemonics: decides between "unknown operator" and "unexpected token".</summary>
static class Keywords
{
    static ReadOnlySpan<byte> Words =>
        " module type rec sub final func struct array field mut param result local import export table memory global tag elem data "u8 +
        "declare item offset start then do catch_ref catch_all_ref shared pagesize i8 i16 i32 i64 f32 f64 v128 "u8 +
        "i8x16 i16x8 i32x4 i64x2 f32x4 f64x2 ref null any eq i31 extern exn none nofunc noextern noexn "u8 +
        "nullref anyref eqref i31ref structref arrayref funcref externref exnref nullfuncref nullexternref nullexnref "u8 +
        "nan inf nan:canonical nan:arithmetic before after first last code datacount "u8 +
        "binary quote definition instance register invoke get either thread wait ref.extern ref.host ref.struct ref.array ref.func "u8 +
        "assert_return assert_trap assert_exhaustion assert_exception assert_invalid assert_malformed assert_unlinkable "u8 +
        "assert_invalid_custom assert_malformed_custom assert_suspension "u8;

    public static bool IsKnown(ReadOnlySpan<byte> word)
    {
        if (Opcodes.TryFind(word, out _) || word.StartsWith("offset="u8) || word.StartsWith("align="u8) || word.StartsWith("nan:0x"u8)) return true;
        ReadOnlySpan<byte> rest = Words;
        for (int at; (at = rest.IndexOf(word)) >= 0; rest = rest[(at + 1)..])
            if (at > 0 && rest[at - 1] == ' ' && rest[at + word.Length] == ' ') return true;
        return false;
    }
}
