using Hornet.Text.Scripts;

namespace Hornet.Text.Tests;

public class SuiteScriptTests
{
    [Fact]
    public void Every_script_parses_and_its_text_modules_encode()
    {
        Suite.Require();
        List<string> failures = [];
        int directives = 0;
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)))
        {
            try
            {
                directives += WastParser.Parse(Suite.Read(file)).Count;
            }
            catch (TextException e)
            {
                failures.Add(e.Render(file));
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.InRange(directives, 60_000, 100_000);
    }

    [Fact]
    public void Malformed_texts_are_rejected_in_the_suites_words()
    {
        Suite.Require();
        List<string> failures = [];
        int rejected = 0;
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)))
            foreach (Directive directive in WastParser.Parse(Suite.Read(file)))
            {
                if (directive.Module is not { Form: ScriptModuleForm.Quote } module) continue;
                bool malformed = directive.Kind is DirectiveKind.AssertMalformed or DirectiveKind.AssertMalformedCustom;
                string got = "accepted";
                try
                {
                    module.Encode();
                }
                catch (TextException e)
                {
                    got = e.Reason;
                }
                bool right = malformed ? got.StartsWith(directive.Text, StringComparison.Ordinal) : got == "accepted" || directive.Kind == DirectiveKind.AssertInvalidCustom;
                // Older than WebAssembly 3.0, whose memory.wast:78 has the same text as well formed and invalid: limits are 64-bit numbers.
                if (file == "proposals/threads/memory.wast" && directive.Text == "i32 constant out of range" && got == "accepted") continue;
                if (!right) failures.Add($"{file}:{directive.Line}: expected \"{(malformed ? directive.Text : "accepted")}\", got \"{got}\"");
                else if (malformed) rejected++;
            }
        Assert.True(failures.Count == 0, $"{failures.Count} of {rejected + failures.Count}:\n" + string.Join('\n', failures.Take(100)));
        Assert.InRange(rejected, 1200, 2000);
    }
}
