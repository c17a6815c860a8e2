using System.Runtime.CompilerServices;
using System.Text;
using Hornet.Native;
using Hornet.Text;

namespace Hornet.Crash;

/// <summary>An engine of the tier under test, and what scenarios do with it.</summary>
sealed class Host(string tier)
{
    /// <summary>A function of one i32 that a host function answers.</summary>
    public const string CallsHost = """(module (import "h" "h" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32) (call $h (local.get 0))))""";

    public const string Spins = """(module (func (export "f") (param i32) (result i32) (loop (br 0)) (i32.const 0)))""";

    public const string Counts = """
        (module (func (export "f") (param $n i32) (result i32) (local $sum i32)
          (loop $again (local.set $sum (i32.add (local.get $sum) (local.get $n))) (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $sum)))
        """;

    public Engine Engine { get; } = NewEngine(tier);

    /// <summary>Another engine of the same kind.</summary>
    public Engine Another() => NewEngine(tier);

    /// <summary>Another engine of the same tier, configured further.</summary>
    public Engine With(Func<Config, Config> configure) => NewEngine(tier, configure);

    /// <summary>How its code is run; `tier-up` changes over in the middle, as soon as it can.</summary>
    public static string[] Tiers { get; } = ["interpreter", "native", "tier-up"];

    static Engine NewEngine(string tier, Func<Config, Config>? configure = null)
    {
        Config config = new Config().WithEpochInterruption(true);
        config = configure?.Invoke(config) ?? config;
        return new(tier switch
        {
            "native" => config.WithNativeCode(tierUp: false),
            "tier-up" => config.WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce),
            _ => config,
        });
    }

    public Module Module(string text) => Hornet.Module.FromBytes(Engine, WatParser.Parse(Encoding.UTF8.GetBytes(text)));

    public Instance Make(Store store, string text, params Extern[] imports) => new(store, Module(text), imports);

    public Function Function(Store store, string text, params Extern[] imports) => Make(store, text, imports).GetFunction("f")!;

    /// <summary>Runs the module's function `f`, which must trap so.</summary>
    public void Expect(TrapCode code, string text, Func<Store, Func<Function>, Function>? host = null, int argument = 0)
    {
        using Store store = new(Engine);
        Function? f = null;
        f = Function(store, text, host is null ? [] : [host(store, () => f!)]);
        Exception? e = Caught(() => f.Invoke(argument));
        if (e is not TrapException trap || trap.Type != code) throw new InvalidOperationException($"{code} expected, not {e}: {text}");
    }

    public static string Body(string body) => $"(module (memory 1) (table 2 funcref) (func (export \"f\") (param i32) (result i32) {body}))";

    public static string Access(string access, ulong offset, string memory = "") => $"(module (memory {memory} 1) (func (export \"f\") (param i32) (result i32) {(access.Contains("store", StringComparison.Ordinal) ?
        $"({access} offset={offset} (local.get 0) ({access[..3]}.const 1))" : $"(drop ({access} offset={offset} (local.get 0)))")} (i32.const 0)))";

    public static void Check(bool holds, [CallerArgumentExpression(nameof(holds))] string? what = null)
    {
        if (!holds) throw new InvalidOperationException($"not so: {what}");
    }

    public static Exception? Caught(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>Runs something on threads with stacks of these sizes, one after the other.</summary>
    public static void On(int[] stacks, Action action)
    {
        foreach (int stack in stacks)
        {
            Exception? failure = null;
            Thread thread = new(() => failure = Caught(action), stack);
            thread.Start();
            thread.Join();
            if (failure is not null) throw new InvalidOperationException($"on a stack of {stack >> 10} KiB: {failure.Message}", failure);
        }
    }

    public static Thread[] Start(int count, Action<int> action)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() => action(i)))];
        foreach (Thread thread in threads) thread.Start();
        return threads;
    }
}
