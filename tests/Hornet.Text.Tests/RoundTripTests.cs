using System.Text;
using Hornet.Text.Scripts;
using Hornet.Wasm;

namespace Hornet.Text.Tests;

/// <summary>Everything printable is parseable, and means the same.</summary>
public class RoundTripTests
{
    static readonly ValidationOptions OneThread = new() { MaxDegreeOfParallelism = 1 };

    /// <summary>Every well-formed module of the suite: where it stands, its bytes, whether the parser made them.</summary>
    static IEnumerable<(string Place, byte[] Bytes, bool IsCanonical)> Modules()
    {
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)))
            foreach (Directive directive in WastParser.Parse(Suite.Read(file)))
            {
                if (directive.Module is not { } module || directive.Kind is DirectiveKind.AssertMalformed or DirectiveKind.AssertMalformedCustom or DirectiveKind.AssertInvalidCustom) continue;
                byte[] bytes = module.Encode();
                bool wellFormed = true;
                try
                {
                    ModuleDecoder.Decode(bytes, Features.All);
                }
                catch (WasmFormatException)
                {
                    // Invalid text modules may not even be well formed as binaries: sub types with two supertypes.
                    wellFormed = false;
                }
                if (wellFormed) yield return ($"{file}:{directive.Line}", bytes, module.Form != ScriptModuleForm.Binary);
            }
    }

    static bool IsValid(byte[] module)
    {
        try
        {
            ModuleValidator.Validate(module, Features.All, OneThread);
            return true;
        }
        catch (WasmFormatException)
        {
            return false;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Binary_to_text_to_binary(bool folded)
    {
        Suite.Require();
        WatPrinterOptions options = new() { Folded = folded };
        List<string> failures = [];
        int same = 0, others = 0;
        foreach ((string place, byte[] bytes, bool isCanonical) in Modules())
        {
            byte[] text = [];
            try
            {
                text = WatPrinter.Print(bytes, options);
                byte[] again = WatParser.Parse(text);
                if (again.AsSpan().SequenceEqual(bytes)) same++;
                else if (isCanonical) failures.Add($"{place}: other bytes after\n{Encoding.UTF8.GetString(text)}\n{Convert.ToHexString(bytes)}\n{Convert.ToHexString(again)}");
                else
                {
                    // Given as bytes that no encoder would write: the text must stay the same, and the module as valid as it was.
                    others++;
                    if (!WatPrinter.Print(again, options).AsSpan().SequenceEqual(text)) failures.Add($"{place}: other text after\n{Encoding.UTF8.GetString(text)}");
                    else if (IsValid(bytes) != IsValid(again)) failures.Add($"{place}: other validity after\n{Encoding.UTF8.GetString(text)}");
                }
            }
            catch (TextException e)
            {
                failures.Add($"{e.Render(place)}\nin\n{Encoding.UTF8.GetString(text)}");
            }
            catch (WasmFormatException e) when (!IsValid(bytes))
            {
                // The inside of bodies is not read when a module is decoded.
                _ = e;
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count}, {same} the same, {others} others:\n" + string.Join('\n', failures.Take(20).Select(f => f.Length > 3000 ? f[..3000] : f)));
        Assert.InRange(same, 5000, 10_000);
        Assert.InRange(others, 0, 200);
    }
}
