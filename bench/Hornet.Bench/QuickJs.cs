using System.Text;

namespace Hornet.Bench;

/// <summary>Scripts in QuickJS, a module of an npm package: what counts is the time in <c>qjs_eval</c>.</summary>
internal static class QuickJs
{
    public const string Package = "quickjs-wasi@3.6.2", File = "quickjs.wasm";

    public static Natives.Runner Hornet(byte[] bytes, string script, Config config)
    {
        var engine = new Engine(config);
        var module = Module.FromBytes(engine, bytes);
        return () =>
        {
            using var store = new Store(engine);
            using var linker = new Linker(engine);
            linker.DefineWasi();
            linker.DefineFunction("env", "host_call", (int name, int length, int self, int count, int values) => 0);
            linker.DefineFunction("env", "host_interrupt", () => 0);
            linker.DefineFunction("env", "host_promise_rejection", (int promise, int reason, int handled) => { });
            linker.DefineFunction("env", "host_module_normalize", (int from, int name) => 0);
            linker.DefineFunction("env", "host_module_load", (int name, int length) => 0);
            linker.DefineFunction("env", "host_get_timezone_offset", (int high, int low) => 0);
            store.SetWasiConfiguration(new WasiConfiguration());
            var instance = linker.Instantiate(store, module);
            var memory = instance.GetMemory("memory")!;
            instance.GetAction("_initialize")?.Invoke();
            instance.GetFunction<int>("qjs_init")!();
            return Evaluate(script, instance.GetFunction<int, int>("wasm_malloc")!, instance.GetFunction<int, int, int, int, int>("qjs_eval")!,
                instance.GetFunction<int, int>("qjs_get_string")!, (address, text) => text.CopyTo(memory.GetSpan(address, text.Length)), address => memory.ReadNullTerminatedString(address));
        };
    }

    public static Natives.Runner Wasmtime(byte[] bytes, string script, global::Wasmtime.Config config)
    {
        var engine = new global::Wasmtime.Engine(config);
        var module = global::Wasmtime.Module.FromBytes(engine, "quickjs", bytes);
        return () =>
        {
            using var store = new global::Wasmtime.Store(engine);
            using var linker = new global::Wasmtime.Linker(engine);
            linker.DefineWasi();
            linker.DefineFunction("env", "host_call", (int name, int length, int self, int count, int values) => 0);
            linker.DefineFunction("env", "host_interrupt", () => 0);
            linker.DefineFunction("env", "host_promise_rejection", (int promise, int reason, int handled) => { });
            linker.DefineFunction("env", "host_module_normalize", (int from, int name) => 0);
            linker.DefineFunction("env", "host_module_load", (int name, int length) => 0);
            linker.DefineFunction("env", "host_get_timezone_offset", (int high, int low) => 0);
            store.SetWasiConfiguration(new global::Wasmtime.WasiConfiguration());
            var instance = linker.Instantiate(store, module);
            var memory = instance.GetMemory("memory")!;
            instance.GetAction("_initialize")?.Invoke();
            instance.GetFunction<int>("qjs_init")!();
            return Evaluate(script, instance.GetFunction<int, int>("wasm_malloc")!, instance.GetFunction<int, int, int, int, int>("qjs_eval")!,
                instance.GetFunction<int, int>("qjs_get_string")!, (address, text) => text.CopyTo(memory.GetSpan(address, text.Length)), address => memory.ReadNullTerminatedString(address));
        };
    }

    private static (double Milliseconds, string Output) Evaluate(string script, Func<int, int> malloc, Func<int, int, int, int, int> eval, Func<int, int> getString,
        Action<int, byte[]> write, Func<int, string> read)
    {
        var text = Encoding.UTF8.GetBytes(script + "\0");
        int code = malloc(text.Length), file = malloc(8);
        write(code, text);
        write(file, "eval\0"u8.ToArray());
        var before = Natives.ThreadMilliseconds();
        var value = eval(code, text.Length - 1, file, 0);
        var took = Natives.ThreadMilliseconds() - before;
        return (took, read(getString(value)));
    }
}
