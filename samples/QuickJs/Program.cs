using Hornet;
using QuickJs;

// QuickJs quickjs.wasm [native]: the file is in the npm package quickjs-wasi (npm pack quickjs-wasi@3.6.2).
using Config config = new Config().WithEpochInterruption(true);
if (args is [_, "native"]) config.WithNativeCode(tierUp: false);
using Engine engine = new(config);
using Module quickJs = Module.FromFile(engine, args[0]);
using JavaScript script = new(engine, quickJs, TimeSpan.FromSeconds(30));

Console.WriteLine(script.Evaluate("1 + 2"));

// C# for scripts: values in, values out, exceptions through both ways.
script.Define("shout", values => string.Join(' ', values).ToUpperInvariant() + "!");
script.Define("fail", _ => throw new InvalidOperationException("C# says no"));
Console.WriteLine(script.Evaluate("shout('hello', 'from', [1, 2, 3].map(x => x * x).join('-'))"));
Console.WriteLine(script.Evaluate("try { fail() } catch (e) { 'caught: ' + e.message }"));

Console.WriteLine(string.Join(", ", (object?[])script.Evaluate("""
    const primes = [];
    for (let n = 2; primes.length < 10; n++)
      if (primes.every(p => n % p)) primes.push(n);
    primes
    """)!));

Console.WriteLine(script.Evaluate("""
    let log = [];
    Promise.resolve().then(() => log.push('later')).then(() => log.push(/(\d+)/.exec('after 42 ms')[1]));
    log.push('now');
    log
    """) is object?[] log ? log[0] : null);
Console.WriteLine(script.Evaluate("JSON.stringify({ log, big: 2n ** 70n + '', text: 'größer'.toUpperCase() })"));

try
{
    script.Evaluate("null.x");
}
catch (JavaScriptException e)
{
    Console.WriteLine(e.Message);
}

// A script that does not end is stopped, and the host goes on.
try
{
    using JavaScript endless = new(engine, quickJs, TimeSpan.FromMilliseconds(500));
    endless.Evaluate("for (;;);");
}
catch (TrapException e)
{
    Console.WriteLine($"stopped: {e.Reason}");
}
