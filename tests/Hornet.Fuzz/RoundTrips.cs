using System.Text;
using Hornet.Base;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>What is written is read back as it was: bytes through reader and writer, and through printer and parser.</summary>
public static class RoundTrips
{
    /// <summary>Reader → writer → reader, of the module and of every operator.</summary>
    public static string? Binary(byte[] module)
    {
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        byte[] written = ModuleWriter.Encode(env, module), again = ModuleWriter.Encode(ModuleDecoder.Decode(written), written);
        if (!written.AsSpan().SequenceEqual(again)) return $"round trip: the writer's module is written otherwise at {written.AsSpan().CommonPrefixLength(again)}";
        if (!written.AsSpan().SequenceEqual(module)) return $"round trip: written otherwise than read at {written.AsSpan().CommonPrefixLength(module)}";
        foreach (FunctionBody body in env.Bodies)
        {
            FunctionBodyReader reader = new(new(module.AsSpan(body.Bytes.Offset, body.Bytes.Length), body.Bytes.Offset));
            while (reader.TryReadLocals(out _, out _)) { }
            OperatorReader operators = reader.Operators;
            Operator op = default;
            while (!operators.AtEnd)
            {
                operators.Read(ref op);
                ByteBuffer buffer = new();
                buffer.Operator(op, module.AsSpan(op.Entries.Offset, op.Entries.Length));
                ReadOnlySpan<byte> original = module.AsSpan(op.Offset, operators.Offset - op.Offset);
                if (!buffer.Written.SequenceEqual(original)) return $"round trip: {Opcodes.Mnemonic(op.Op)} is {Convert.ToHexString(original)}, written {Convert.ToHexString(buffer.Written)}";
            }
        }
        return null;
    }

    /// <summary>Print → parse, flat and folded; and printed once more it reads the same.</summary>
    public static string? Printed(byte[] module)
    {
        foreach (bool folded in (bool[])[false, true])
        {
            byte[] text = WatPrinter.Print(module, new WatPrinterOptions { Folded = folded });
            byte[] parsed;
            try
            {
                parsed = WatParser.Parse(text);
            }
            catch (TextException e)
            {
                return $"text{(folded ? ", folded" : "")}: what was printed is not parsed: {e.Message.Split('\n')[0]}";
            }
            byte[] before = WithDataCount(module), after = WithDataCount(parsed);
            if (!after.AsSpan().SequenceEqual(before)) return $"text{(folded ? ", folded" : "")}: printed and parsed, another module from {after.AsSpan().CommonPrefixLength(before)} on";
            if (!WatPrinter.Print(parsed, new WatPrinterOptions { Folded = folded }).AsSpan().SequenceEqual(text)) return "text: printed otherwise the second time";
        }
        return null;
    }

    // The text says nothing of a data count that nobody needs.
    static byte[] WithDataCount(byte[] module)
    {
        ModuleEnvironment env = ModuleDecoder.Decode(module);
        env.DataCount = env.Datas.Count;
        return ModuleWriter.Encode(env, module);
    }

    /// <summary>Text that is nearly right: the parser has a message or a module for it, which is valid or not, and nothing else happens.</summary>
    public static string? NearlyText(byte[] text)
    {
        byte[] module;
        try
        {
            module = WatParser.Parse(text);
        }
        catch (TextException)
        {
            return null;
        }
        try
        {
            ModuleValidator.Validate(module, Features.All);
        }
        catch (WasmFormatException e)
        {
            // What the parser makes is well-formed, whatever it means.
            return e.Message.Contains("malformed", StringComparison.Ordinal) ? $"text: parsed into a malformed module: {e.Message}" : null;
        }
        return null;
    }

    /// <summary>A printed module with something left out, doubled or replaced.</summary>
    public static byte[] BrokenText(byte[] module, Decisions d) => Encoding.UTF8.GetBytes(Damage(Encoding.UTF8.GetString(WatPrinter.Print(module, new WatPrinterOptions { Folded = d.OnceIn(2) })), d));

    /// <summary>A text with something left out, doubled or replaced.</summary>
    public static string Damage(string text, Decisions d)
    {
        string[] odd = ["(", ")", "(;", ";;", "\"", "$x", "0x", "nan:0x1", "-0x1p-1074", "0x1p1024", "99999999999999999999", "i32", "(param i32)", "(type 0)", "(@custom \"a\")", "\\u{d800}", "\u00e9", "\0", "offset=", "align=3", "(ref null"];
        for (int left = 1 + d.Below(3); left > 0; left--)
        {
            int at = d.Below(text.Length), length = Math.Min(d.Below(30), text.Length - at);
            text = d.Below(3) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, d.Of(odd)),
                _ => text.Insert(at, text.Substring(d.Below(text.Length - length + 1), length)),
            };
        }
        return text;
    }
}
