using System.Diagnostics;
using System.Text;
using Hornet.Text.Scripts;

namespace Hornet.Text.Tests;

/// <summary>Broken texts end in an error that says where, never in another exception, never late.</summary>
public class MutationTests
{
    const int MutantsPerScript = 40, MaxScript = 40_000;

    static readonly string[] Pieces =
    [
        "(", ")", "\"", "$", "$\"", ";;", "(;", ";)", "(@", "(@custom \"a\" (after data) \"b\")", "(@name \"x\")", "(@metadata.code.branch_hint \"\\01\")", "\\", "\\u{110000}", "0x", "1e", "nan:0x", "-", "_", "\0", "\u00e9",
        " i32.const ", " 4294967296 ", " end ", " else ", " (then ", " (type 0) ", " (rec ", " (sub final 0 ", " (ref null ", " (param $x i32) ", " (result i32) ", " (import \"a\" \"b\") ", " (export \"a\") ", " br_table 0 1 2 ",
        " try_table (catch_all 0) ", " (try (do) (delegate 0)) ", " offset=0x1_0000_0000_0000_0000 ", " align=3 ", " v128.const i8x16 1 ", " i8x16.shuffle ", " (elem declare func 0) ", " (data (i32.const 0) \"\") ", " (memory i64 0 (pagesize 1)) ",
    ];

    static byte[] Mutate(byte[] source, Random random)
    {
        List<byte> text = [.. source];
        for (int i = random.Next(1, 4); i > 0 && text.Count > 0; i--)
        {
            int at = random.Next(text.Count), length = random.Next(1, 20);
            switch (random.Next(6))
            {
                case 0: text[at] = (byte)random.Next(256); break;
                case 1: text.RemoveRange(at, Math.Min(length, text.Count - at)); break;
                case 2: text.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)])); break;
                case 3: text.InsertRange(at, text.GetRange(random.Next(text.Count), 1)); break;
                case 4: text.RemoveRange(at, text.Count - at); break;
                default:
                    int from = random.Next(text.Count);
                    text.InsertRange(at, text.GetRange(from, Math.Min(length, text.Count - from)));
                    break;
            }
        }
        return [.. text];
    }

    [Fact]
    public void Broken_scripts_and_modules_end_in_a_clear_error()
    {
        Suite.Require();
        Random random = new(20261122);
        int rejected = 0, accepted = 0;
        TimeSpan longest = default;
        foreach (string file in Suite.Files.Where(f => !Suite.IsDebt(f)))
        {
            byte[] script = Suite.Read(file);
            if (script.Length > MaxScript) continue;
            for (int i = 0; i < MutantsPerScript; i++)
            {
                byte[] mutant = Mutate(script, random);
                long start = Stopwatch.GetTimestamp();
                try
                {
                    WastParser.Parse(mutant);
                    accepted++;
                }
                catch (TextException e)
                {
                    rejected++;
                    foreach (TextDiagnostic d in e.Diagnostics)
                    {
                        Assert.InRange(d.Offset, 0, mutant.Length);
                        Assert.True(d.Line >= 1 && d.Column >= 1 && d.Message.Length > 0 && d.Excerpt.Contains('^'), d.Render(file));
                    }
                }
                TimeSpan time = Stopwatch.GetElapsedTime(start);
                if (time > longest) longest = time;
            }
        }
        Assert.True(rejected > 4000 && accepted > 100, $"{rejected} rejected, {accepted} accepted");
        Assert.True(longest < TimeSpan.FromSeconds(5), $"{longest}");
    }

    [Theory]
    [InlineData("(module (func ", "(block ", "", ")")]
    [InlineData("(module (func ", "block ", "", "end ")]
    [InlineData("(module (func ", "(if (i32.const 1) (then ", "", "))")]
    [InlineData("(module (func ", "(i32.eqz ", "(i32.const 1)", ")")]
    [InlineData("(module (func ", "(try_table ", "", ")")]
    [InlineData("(module (@a ", "(", "", ")")]
    [InlineData("(module (; ", "(; ", "", ";) ")]
    public void Depth_is_no_danger(string open, string nest, string core, string unnest)
    {
        const int depth = 200_000;
        StringBuilder text = new(open);
        for (int i = 0; i < depth; i++) text.Append(nest);
        text.Append(core);
        for (int i = 0; i < depth; i++) text.Append(unnest);
        text.Append(open.Contains("(;") ? ";)" : open.Contains('@') ? ")" : open.EndsWith("func ", StringComparison.Ordinal) && core.Length > 0 ? " drop)" : ")").Append(')');
        byte[] module = WatParser.Parse(Encoding.UTF8.GetBytes(text.ToString()));
        foreach (bool folded in (ReadOnlySpan<bool>)[false, true])
            Assert.Equal(module, WatParser.Parse(WatPrinter.Print(module, new WatPrinterOptions { Folded = folded })));
    }

    [Fact]
    public void Long_names_and_many_labels_cost_what_they_are_long()
    {
        string name = new('n', 90_000);
        StringBuilder text = new($"(module (func ${name} (param ${name} i32)");
        for (int i = 0; i < 20_000; i++) text.Append($" block $l{i} br $l0 br $l{i / 2}");
        for (int i = 0; i < 20_000; i++) text.Append(" local.get 0 drop end");
        byte[] module = WatParser.Parse(Encoding.UTF8.GetBytes(text.Append("))").ToString()));
        byte[] printed = WatPrinter.Print(module);
        Assert.Equal(module, WatParser.Parse(printed));
        Assert.True(WatPrinter.Print(module, new WatPrinterOptions { Folded = true }).Length < 60_000_000);
    }

    [Theory]
    [InlineData("(((((((((((((((((((")]
    [InlineData("(thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread (thread ")]
    [InlineData("(assert_return (invoke \"a\") (either (either (either (i32.const 1)))))")]
    public void Nested_scripts_are_bounded(string script) => Assert.Throws<TextException>(() => WastParser.Parse(Encoding.UTF8.GetBytes(script)));
}
