using System.Text;
using Hornet.Base;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Text.Tests;

/// <summary>The suite's texts through Wasmtime's parser: what both accept is the same module.</summary>
public class AgainstWasmtimeTests
{
    // Type uses without an index: Wasmtime's parser takes types that are not final, and none of a written group of one.
    // spec: text/modules, type uses: the first of the form (rec (type (sub final (func ...)))), and no other.
    static readonly string[] OtherTypeUses = ["type-rec.wast:45", "type-rec.wast:185", "type-rec.wast:197", "type-subtyping.wast:344", "type-subtyping.wast:373"];

    [Fact]
    public void Both_parsers_make_the_same_modules()
    {
        Suite.Require();
        List<string> wrong = [];
        int same = 0;
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f) && !f.StartsWith("legacy/", StringComparison.Ordinal)))
        {
            byte[] script = Suite.Read(file);
            foreach (Directive directive in WastParser.Parse(script))
            {
                if (TextOf(script, directive) is not { } text) continue;
                byte[] ours, theirs;
                try
                {
                    ours = WatParser.Parse(text);
                    theirs = Wasmtime.Module.ConvertText(Encoding.UTF8.GetString(text));
                }
                catch (Exception e) when (e is TextException or Wasmtime.WasmtimeException)
                {
                    // Who rejects what is the suite's to say.
                    continue;
                }
                // Encoders differ in what they write of a table's index 0: the printed module says whether anything else differs.
                if (Print(ours).AsSpan().SequenceEqual(Print(theirs))) same++;
                else if (!OtherTypeUses.Contains($"{file}:{directive.Line}")) wrong.Add($"{file}:{directive.Line}\n{Encoding.UTF8.GetString(Print(ours))}\n{Encoding.UTF8.GetString(Print(theirs))}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(5)));
        Assert.InRange(same, 5000, 10_000);
    }

    // A module's text on its own, without the words that only scripts have.
    static byte[]? TextOf(byte[] script, Directive directive)
    {
        if (directive.Module is not { } module || module.Form == ScriptModuleForm.Binary) return null;
        if (module.Form == ScriptModuleForm.Quote) return module.Bytes;
        TokenCursor cursor = new(script, directive.Offset);
        if (!cursor.IsForm("module"u8))
        {
            cursor.Advance();
            cursor.Advance();
        }
        if (!cursor.IsForm("module"u8)) return null;
        int start = cursor.Current.Start;
        cursor.SkipForm();
        string text = Encoding.UTF8.GetString(script[start..cursor.Current.Start]);
        return Encoding.UTF8.GetBytes(text.StartsWith("(module definition", StringComparison.Ordinal) ? "(module" + text["(module definition".Length..] : text);
    }

    static byte[] Print(byte[] module)
    {
        ByteBuffer kept = new(module.Length);
        ModuleReader reader = new();
        for (int pos = 0, start = 0; ;)
        {
            int before = pos;
            ModuleEvent found = reader.Read(module.AsSpan(pos), isLast: true, out int consumed);
            pos += consumed;
            if (found.Kind == ModuleEventKind.End) return WatPrinter.Print(kept.Written);
            if (found.Kind == ModuleEventKind.Version) kept.Append(module.AsSpan(0, pos));
            if (found.Kind == ModuleEventKind.SectionEnd && found.Section is not (SectionId.Custom or SectionId.DataCount)) kept.Append(module.AsSpan(start, pos - start));
            if (found.Kind != ModuleEventKind.SectionStart) continue;
            start = before;
            reader.TakeRaw();
        }
    }
}
