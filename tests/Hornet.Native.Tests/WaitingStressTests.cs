using System.Text;
using Hornet.Text;

namespace Hornet.Native.Tests;

/// <summary>Many stores, many calls in each, and everything that can happen to a waiting call at once. Nothing may hang, crash or be lost.</summary>
public sealed class WaitingStressTests
{
    const string Text = """
        (module
          (type $box (struct (field (mut i32)) (field (ref null $box))))
          (import "h" "wait" (func $wait (param i32) (result i32)))
          (import "h" "sync" (func $sync (param i32) (result i32)))
          (import "h" "t" (tag $t (param i32)))
          (memory (export "memory") 1)
          (func $deep (param i32 i32) (result i32) (local $mine (ref null $box))
            (local.set $mine (struct.new $box (local.get 1) (ref.null $box)))
            (if (result i32) (local.get 0)
              (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)) (struct.get $box 0 (local.get $mine))))
              (else (i32.add (call $wait (local.get 1)) (struct.get $box 0 (local.get $mine))))))
          (func (export "run") (param i32 i32) (result i32)
            (block $caught (result i32)
              (try_table (catch $t $caught) (return (i32.add (call $deep (local.get 0) (local.get 1)) (call $deep (i32.const 0) (local.get 1)))))
              (i32.const -1)))
          (func (export "nested") (param i32) (result i32) (i32.add (call $sync (local.get 0)) (call $deep (i32.const 2) (local.get 0))))
          (func (export "trap") (param i32) (result i32) (i32.load (i32.mul (call $wait (local.get 0)) (i32.const 0x7fffffff)))))
        """;

    public static TheoryData<bool, bool> Tiers => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory, MemberData(nameof(Tiers))]
    public async Task Everything_at_once(bool native, bool collecting)
    {
        using Engine engine = new((native ? new Config().WithNativeCode() : new Config()).WithEpochInterruption(true).WithMaximumStackSize(64 << 10).WithCollectionAtEveryAllocation(collecting));
        using Module module = Module.FromBytes(engine, null, WatParser.Parse(Encoding.UTF8.GetBytes(Text)));
        int[] outcomes = new int[5];
        // Each loop has a store after the other, as threads of a server would.
        await Task.WhenAll(Enumerable.Range(0, 6).Select(loop => Task.Run(async () =>
        {
            Random random = new(loop);
            for (int round = 0; round < 12; round++) await Round(random);
        }))).WaitAsync(TimeSpan.FromSeconds(100));
        Assert.All(outcomes, n => Assert.True(n > 0, string.Join(' ', outcomes)));

        async Task Round(Random random)
        {
            Store store = new(engine);
            Tag tag = new(store, [ValueKind.Int32]);
            Linker linker = new(engine);
            Instance instance = null!;
            int seed = random.Next();
            linker.Define("h", "t", tag);
            linker.DefineAsyncFunction("h", "wait", async (AsyncCaller caller, int x) =>
            {
                int turn = Interlocked.Increment(ref seed) & 15;
                if (turn < 4) return x;
                if (turn < 8) await Task.Yield();
                else if (turn < 12) await Task.Delay(turn - 8, caller.CancellationToken);
                else if (turn == 12) await Task.Run(static () => Thread.SpinWait(100));
                else if (turn == 13 && x % 5 == 0) throw new WasmException(tag, 77);
                else if (turn == 14 && x % 7 == 0) throw new IOException("gone");
                else if (turn == 15 && x % 3 == 0) return (int)(await instance.GetFunction("run")!.InvokeAsync(1, 1))!;
                caller.GetMemory("memory")!.WriteInt32(0, x);
                return x;
            });
            linker.DefineFunction("h", "sync", (int x) => (int)instance.GetFunction("run")!.Invoke(1, x)!);
            instance = linker.Instantiate(store, module);
            Function run = instance.GetFunction("run")!, nested = instance.GetFunction("nested")!, trap = instance.GetFunction("trap")!;
            List<Task<object?>> calls = [];
            using CancellationTokenSource source = new();
            for (int i = 0; i < 30; i++)
            {
                CancellationToken token = i % 4 == 0 ? source.Token : default;
                calls.Add((i % 6) switch
                {
                    4 => nested.InvokeAsync([i], token).AsTask(),
                    5 => trap.InvokeAsync([i + 1], token).AsTask(),
                    _ => run.InvokeAsync([random.Next(60), i], token).AsTask(),
                });
                if (i == 20) source.CancelAfter(random.Next(8));
                if (random.Next(40) == 0) await Task.Yield();
            }
            if (random.Next(3) == 0) store.SetDeadline(TimeSpan.FromMilliseconds(random.Next(1, 10)));
            bool dispose = random.Next(3) == 0;
            if (dispose)
            {
                await Task.Delay(random.Next(5));
                // Refused while one of them runs.
                while (true)
                {
                    try
                    {
                        store.Dispose();
                        break;
                    }
                    catch (InvalidOperationException)
                    {
                        await Task.Yield();
                    }
                }
            }
            foreach (Task<object?> call in calls)
            {
                int outcome;
                try
                {
                    await call.WaitAsync(TimeSpan.FromSeconds(60));
                    outcome = 0;
                }
                catch (Exception e) when (e is TrapException or WasmException)
                {
                    outcome = 1;
                }
                catch (OperationCanceledException)
                {
                    outcome = 2;
                }
                catch (ObjectDisposedException)
                {
                    outcome = 3;
                }
                catch (IOException)
                {
                    outcome = 4;
                }
                Interlocked.Increment(ref outcomes[outcome]);
            }
            if (dispose) return;
            Assert.Equal(0, store.Tasks.SuspendedCount);
            store.SetDeadline(null);
            // An abandoned host function may still have a turn.
            while (true)
            {
                try
                {
                    store.Dispose();
                    break;
                }
                catch (InvalidOperationException)
                {
                    await Task.Yield();
                }
            }
        }
    }
}
