using System.Text;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>
/// Random uses of the embedding library, wrong ones included: stores, instances, memories, tables, globals and functions are made, used, mixed up and
/// disposed of. What each step gives is a line; both tiers must give the same, and an exception must be one that the library documents.
/// </summary>
public static class ApiSequences
{
    const int Steps = 60;

    static readonly byte[] s_module = WatParser.Parse("""
        (module
          (import "h" "f" (func $h (param i32) (result i32)))
          (memory (export "m") 1 4) (table (export "t") 4 8 funcref) (global (export "g") (mut i32) (i32.const 1)) (global (export "c") i64 (i64.const 9))
          (elem (i32.const 1) $add)
          (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "host") (param i32) (result i32) (call $h (local.get 0)))
          (func (export "poke") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "indirect") (param i32) (result i32) (call_indirect (param i32 i32) (result i32) (i32.const 2) (i32.const 3) (local.get 0)))
          (func (export "trap") (unreachable)))
        """u8);

    /// <summary>The decisions themselves: whoever plays them back does the same.</summary>
    public static byte[] Case(Decisions d)
    {
        for (int i = 0; i < Steps * 6; i++) d.Below(1 << 20);
        return Encoding.UTF8.GetBytes(string.Join(' ', d.Taken));
    }

    /// <summary>The first difference between tiers, or null.</summary>
    public static string? Judge(byte[] text)
    {
        int[] decisions = [.. Encoding.UTF8.GetString(text).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        List<string> interpreted = Play(new(decisions), new Config()), native = Play(new(decisions), new Config().WithNativeCode(tierUp: false));
        for (int i = 0; i < interpreted.Count; i++)
            if (interpreted[i] != native[i]) return $"api: step {i}: {interpreted[i]}  |  native: {native[i]}";
        return null;
    }

    static List<string> Play(Decisions d, Config config)
    {
        using Engine engine = new(config);
        List<Store> stores = [new(engine)];
        List<Extern> items = [];
        List<Instance> instances = [];
        Module module = Module.FromBytes(engine, s_module);
        List<string> lines = [];
        Define(stores[0]);
        for (int step = 0; step < Steps; step++)
        {
            int what = d.Below(16);
            lines.Add(Outcome(what, () => Step(what)));
        }
        foreach (Store store in stores) store.Dispose();
        module.Dispose();
        return lines;

        void Define(Store store)
        {
            Function host = Function.FromCallback(store, (int n) => n == 13 ? throw new TimeoutException("host") : n + 1);
            Instance instance = new(store, module, host);
            instances.Add(instance);
            foreach ((_, Extern item) in instance.GetExports()) items.Add(item);
        }

        Extern Item() => items[d.Below(items.Count)];

        Store Store() => stores[d.Below(stores.Count)];

        object? Value() => d.Below(6) switch { 0 => 1, 1 => 2L, 2 => 1.5f, 3 => null, 4 => "text", _ => Item() };

        object? Step(int what)
        {
            switch (what)
            {
                case 0 when stores.Count < 4:
                    stores.Add(new(engine));
                    Define(stores[^1]);
                    return "store";
                case 1 when d.Below(4) == 0:
                    Store().Dispose();
                    return "disposed";
                case 2:
                    Define(Store());
                    return "instance";
                case 3:
                    items.Add(new Memory(Store(), d.Below(3), d.Below(4)));
                    return "memory";
                case 4:
                    items.Add(new Global(Store(), (ValueKind)d.Below(5), Value(), (Mutability)d.Below(2)));
                    return "global";
                case 5:
                    items.Add(new Table(Store(), TableKind.FuncRef, Item() as Function, (uint)d.Below(5), (uint)d.Below(9)));
                    return "table";
                case 6: return instances[d.Below(instances.Count)].GetExport(((string[])["m", "t", "g", "add", "nothing"])[d.Below(5)])?.ExternKind;
                case 7: return new Instance(Store(), module, Item()).GetFunction("host")!.Invoke(d.Below(20));
            }
            switch (Item())
            {
                case Function f:
                    return d.Below(6) switch
                    {
                        0 => f.Invoke(),
                        1 => f.Invoke(d.Below(70_000)),
                        2 => f.Invoke(d.Below(70_000), d.Below(100)),
                        3 => f.Invoke(-1, 5),
                        4 => f.Invoke(2L),
                        _ => f.Invoke(d.Below(8)),
                    };
                case Memory m:
                    switch (d.Below(5))
                    {
                        case 0: return m.Grow(d.Below(3) - 1);
                        case 1: return m.ReadInt32(d.Below(70_000) - 10);
                        case 2:
                            m.WriteInt64(d.Below(70_000), 77);
                            return "written";
                        case 3: return m.GetSpan(d.Below(70_000), d.Below(100) - 1).Length;
                        default: return $"{m.GetSize()} {Calls.Hash(m.GetSpan()):x}";
                    }
                case Table t:
                    switch (d.Below(4))
                    {
                        case 0: return t.Grow((ulong)d.Below(4), Value());
                        case 1:
                            t.SetElement((ulong)d.Below(9), Value());
                            return "set";
                        case 2: return t.GetElement((ulong)d.Below(9)) is Function;
                        default: return t.GetSize();
                    }
                case Global g:
                    if (d.Below(2) == 0) return g.Kind <= ValueKind.V128 ? g.GetValue() : g.GetValue() is null;
                    g.SetValue(Value());
                    return "set";
                default: return "nothing";
            }
        }
    }

    static string Outcome(int what, Func<object?> step)
    {
        try
        {
            return $"{what}: {step()}";
        }
        catch (TrapException e)
        {
            return $"{what}: trap {e.Type}";
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or HornetException or TimeoutException or WasmFormatException)
        {
            // ObjectDisposedException is one of them, and so is what is out of range.
            return $"{what}: {e.GetType().Name}";
        }
    }
}
