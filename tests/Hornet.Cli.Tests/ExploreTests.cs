using System.Text;
using System.Text.RegularExpressions;

namespace Hornet.Cli.Tests;

/// <summary>The page of hornet explore, as a browser shows it. HORNET_PICTURES=FOLDER keeps what it looks like.</summary>
public sealed class ExploreTests
{
    private const string Module = """
        (module
          (memory 1)
          (func $sum (export "sum") (param $from i32) (param $count i32) (result i32)
            (local $total i32)
            (if (local.get $count)
              (then
                (loop $again
                  (local.set $total (i32.add (local.get $total) (i32.mul (i32.load (local.get $from)) (i32.const 31))))
                  (local.set $from (i32.add (local.get $from) (i32.const 4)))
                  (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
            (local.get $total))
          (func $"a<b>&\"c\"" (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func $fib (param i32) (result i32)
            (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
              (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
        """;

    [Fact]
    public async Task Hovering_and_clicking_link_the_two_sides()
    {
        using var scratch = new Scratch();
        var page = Explore(scratch, Encoding.UTF8.GetBytes(Module));
        await using var browser = await Browser.Open(page, 1400, 700);
        Assert.Equal("3 functions", await browser.Evaluate("document.getElementById('summary').textContent"));
        Assert.Equal(["sum", "a<b>&\"c\"", "fib"], (await browser.Evaluate("[...document.querySelectorAll('#functions .name')].map(r => r.textContent).join('|')")).Split('|'));

        // The load is part of an instruction that multiplies.
        const string Multiply = "[...document.querySelectorAll('#wat .row')].find(r => r.textContent.includes('i32.mul'))";
        await browser.Point(Multiply);
        var hit = (await browser.Evaluate("[...document.querySelectorAll('#code .row.hit .text')].map(r => r.textContent).join('|')")).Split('|');
        Assert.Contains(hit, text => text.StartsWith("imul", StringComparison.Ordinal));
        Assert.Equal("1", await browser.Evaluate("document.querySelectorAll('#wat .row.hit').length"));
        await browser.Point("[...document.querySelectorAll('#wat .row')].find(r => r.textContent.includes('i32.load'))");
        Assert.Contains("imul", await browser.Evaluate("[...document.querySelectorAll('#code .row.hit')].map(r => r.textContent).join()"));
        await Keep(browser, "explore-light");

        // And the other way, in the dark.
        await browser.Point("document.getElementById('theme')", click: true);
        Assert.Equal("dark", await browser.Evaluate("document.documentElement.dataset.theme === 'dark' ? 'dark' : (document.getElementById('theme').click(), document.documentElement.dataset.theme)"));
        await browser.Point("[...document.querySelectorAll('#code .row')].find(r => r.querySelector('.text').textContent.startsWith('imul'))");
        Assert.Equal("i32.load|i32.mul", (await browser.Evaluate("[...document.querySelectorAll('#wat .row.hit .text')].map(r => r.textContent.trim()).join('|')")));
        await Keep(browser, "explore-dark");

        // Another function, found by the search; its trap is noted.
        await browser.Evaluate("(s => { s.value = 'a<b'; s.dispatchEvent(new Event('input')); return 0; })(document.getElementById('search'))");
        Assert.Equal("1", await browser.Evaluate("document.querySelectorAll('#functions .row').length"));
        await browser.Point("document.querySelector('#functions .row')", click: true);
        Assert.Contains("trap: integer divide by zero", await browser.Evaluate("document.getElementById('code').textContent"));
        Assert.Contains("i32.div_s", await browser.Evaluate("document.getElementById('wat').textContent"));
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task A_function_of_many_lines_scrolls_and_only_what_is_in_view_is_there()
    {
        // Twenty thousand operators; the last of them, divided, is looked for from the first click.
        var body = string.Concat(Enumerable.Repeat("local.get 0 i32.const 3 i32.mul i32.const 7 i32.xor local.set 0\n", 4000));
        using var scratch = new Scratch();
        var page = Explore(scratch, Encoding.UTF8.GetBytes($"(module (func $long (param i32) (result i32) {body} local.get 0 local.get 0 i32.div_u))"));
        await using var browser = await Browser.Open(page, 1200, 600);
        Assert.Equal("24005", await browser.Evaluate("lines.wat.length"));
        Assert.InRange(int.Parse(await browser.Evaluate("document.querySelectorAll('.code .row').length")), 20, 400);
        await browser.Evaluate("document.getElementById('wat').scrollTop = 1e9");
        await browser.Point("document.querySelector('header')");
        await browser.Point("[...document.querySelectorAll('#wat .row')].find(r => r.textContent.includes('i32.div_u'))", click: true);
        Assert.Contains("div", await browser.Evaluate("[...document.querySelectorAll('#code .row.pin .text')].map(r => r.textContent).join('|')"));
        Assert.True(int.Parse(await browser.Evaluate("Math.round(document.getElementById('code').scrollTop)")) > 50_000);
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public void The_page_needs_nothing_else_and_says_what_it_leaves_out()
    {
        using var scratch = new Scratch();
        var target = Path.Combine(scratch.Path, "page.html");
        var ran = Ran.Hornet("explore", scratch.File("m.wat", Encoding.UTF8.GetBytes(Module)), "-o", target, "--limit", "2").Ended(0);
        Assert.Equal($"hornet: {target} shows 2 functions, the first of 3: --limit N or --function FUNC shows others\n", ran.Error);
        var page = File.ReadAllText(target);
        Assert.DoesNotMatch(new Regex(@"(src|href)\s*=|@import|url\(|https?://"), page);
        // A name of the guest's must not end the script.
        Assert.Equal(2, Regex.Count(page, "</script>"));
        Ran.Hornet("explore", scratch.File("n.wat", Encoding.UTF8.GetBytes(Module)), "--function", "nobody").Ended(1);
        Ran.Hornet("explore", scratch.File("n.wat", Encoding.UTF8.GetBytes(Module)), "--limit", "0").Ended(2);
    }

    private static string Explore(Scratch scratch, byte[] module)
    {
        var target = Path.Combine(scratch.Path, "page.html");
        Ran.Hornet("explore", scratch.File("m.wat", module), "-o", target).Ended(0);
        return target;
    }

    private static async Task Keep(Browser browser, string name)
    {
        if (Environment.GetEnvironmentVariable("HORNET_PICTURES") is { Length: > 0 } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), await browser.Picture());
    }
}
